"""Training speed: CPU seconds per network per 100 epochs of 12-10-7-5-4-3-2 tanh, Adam, batch 256, 3277 rows.

    python bench/training.py [members] [--json FILE]

Compares, in one process on one thread each: a plain PyTorch loop (the peer a user would write), our two programs, and
the arithmetic limit (the same multiply-adds at this machine's single-thread float32 matrix-multiply rate). Then what
momentum, weight decay, orthonormality and noise cost beside the same training without, and a normal number.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from _machine import multiply_rate
from infoscope.data import task
from infoscope.kernels.counter_draws import ADDITIVE, draw
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.trainer import Layout
from infoscope.train.training import initial_state, make_trainer

TRAINERS = ("compiled", "batched")
WIDTHS = (12, 10, 7, 5, 4, 3, 2)


def plain_loop(e: Ensemble, epochs: int) -> float:
    """CPU seconds of the loop in PyTorch's own tutorials, one member."""
    module = e.network.module(e.network.initial(e.seeds[:1]))
    optimiser = torch.optim.Adam(module.parameters(), lr=e.recipe.learning_rate)
    x, y = torch.from_numpy(e.x[e.train[0]].copy()), torch.from_numpy(e.y[e.train[0]]).long()
    start = time.process_time()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(256):
            optimiser.zero_grad()
            functional.nll_loss(module(x[rows]).log(), y[rows]).backward()
            optimiser.step()
    return time.process_time() - start


#: Ways to train, each beside the plain training of the same optimiser: fields of the recipe, and of the network.
VARIANTS = {
    "sgd, momentum": ({"optimiser": "sgd", "momentum": 0.9}, {}),
    "sgd, momentum, weight decay": ({"optimiser": "sgd", "momentum": 0.9, "weight_decay": 1e-4}, {}),
    "adam, weight decay": ({"weight_decay": 1e-4}, {}),
    "adam, orthonormality": ({"orthonormality": 1e-4}, {}),
    "adam, noise": ({}, {"noise": 0.005}),
    "adam, dropout": ({}, {"dropout": 0.2}),
    "adam, gaussian dropout": ({}, {"dropout": 0.2, "dropout_kind": "gaussian"}),
}


def changed(e: Ensemble, recipe: dict, network: dict) -> Ensemble:
    return dataclasses.replace(
        e, recipe=dataclasses.replace(e.recipe, **recipe), network=dataclasses.replace(e.network, **network)
    )


def relative(e: Ensemble, trainer: str, recipe: dict, network: dict) -> float:
    """CPU time of a variant over that of its optimiser's plain training."""
    epochs = 100 if trainer == "compiled" else 5
    plain = changed(e, {"optimiser": recipe.get("optimiser", "adam")}, {})
    return ours(changed(e, recipe, network), trainer, epochs) / ours(plain, trainer, epochs)


#: Widths, activation, batch and members: the full batch of the Boolean task, and Kleinman's checkerboard networks.
OTHERS = {
    "12-10-7-5-4-3-2 tanh, full batch": (WIDTHS, "tanh", 4096, 8),
    "20-100-20-20-20-10 relu, batch 32": ((20, 100, 20, 20, 20, 10), "relu", 32, 24),
    "20-100-20-20-20-10 relu, batch 128": ((20, 100, 20, 20, 20, 10), "relu", 128, 24),
    "40-100-40-40-40-10 relu, batch 32": ((40, 100, 40, 40, 40, 10), "relu", 32, 24),
    "128-128-128-10 relu, batch 32": ((128, 128, 128, 10), "relu", 32, 24),
}


def products(widths: tuple[int, ...]) -> int:
    """Multiply-adds of one row's forward pass."""
    return sum(a * b for a, b in itertools.pairwise(widths))


def beside(e: Ensemble, widths: tuple[int, ...], activation: str, batch: int, members: int) -> dict[str, float]:
    """Microseconds of both programs, plain descent, and of the products alone at the rate of a large one."""
    rng, n = np.random.default_rng(0), e.train.shape[1] if batch > 1000 else 1280
    x = rng.standard_normal((n, widths[0]), dtype=np.float32)
    y = rng.integers(widths[-1], size=n).astype(np.int32)
    recipe = Recipe(100, 0.01, min(batch, n), "sgd")
    rows = np.tile(np.arange(n), (members, 1))
    one = Ensemble(FullyConnected(widths, activation), recipe, x, y, rows, tuple(range(members)))
    trainers = {name: make_trainer(one, name, layout=Layout(1, 1)) for name in TRAINERS}
    states = {name: made.advance(initial_state(one), 1) for name, made in trainers.items()}
    taken: dict[str, list[float]] = {name: [] for name in TRAINERS}
    for _ in range(5):
        for name, made in trainers.items():
            start = time.thread_time()
            made.advance(states[name], 2)
            taken[name].append(time.thread_time() - start)
    updates = members * -(-n // min(batch, n))
    found = {name: float(np.median(seconds)) / updates * 1e6 for name, seconds in taken.items()}
    return {**found, "limit": 3e6 * members * n * products(widths) / multiply_rate() / updates}


def per_normal(filled: Callable[[], object], numbers: int) -> float:
    """CPU nanoseconds a number, of what fills an array with so many."""
    start = time.process_time()
    for _ in range(200):
        filled()
    return (time.process_time() - start) / 200 / numbers * 1e9


def ours(e: Ensemble, trainer: str, epochs: int) -> float:
    """CPU seconds of the whole ensemble, after a warm-up epoch that compiles."""
    made = make_trainer(e, trainer, layout=Layout(1, 1))
    state = made.advance(initial_state(e), 1)
    start = time.process_time()
    made.advance(state, 1 + epochs)
    return time.process_time() - start


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 50
    torch.set_num_threads(1)
    boolean = task("boolean12")
    seeds = tuple(range(members))
    rows = np.stack([boolean.resplit(seed, 0.8).train for seed in seeds])
    recipe = Recipe(100, 4e-4, 256, "adam")
    labels = boolean.variables["label"].astype(np.int32)
    e = Ensemble(FullyConnected(WIDTHS, "tanh"), recipe, boolean.inputs, labels, rows, seeds)
    weights = products(WIDTHS)
    seconds = {
        "plain PyTorch loop": plain_loop(e, 20) * 5,
        "batched": ours(e, "batched", 5) * 20 / members,
        "compiled": ours(e, "compiled", 100) / members,
        "arithmetic limit": 100 * rows.shape[1] * 3 * weights / multiply_rate(),
    }
    print(f"{members} members, CPU seconds per network per 100 epochs")
    for name, value in seconds.items():
        print(f"  {name:20} {value:8.4f} s   {seconds['plain PyTorch loop'] / value:7.1f} x the plain loop's speed")
    print("other networks, CPU microseconds an update of a member, medians of 5, taken in turns")
    others = {name: beside(e, *fields) for name, fields in OTHERS.items()}
    for name, found in others.items():
        print(f"  {name:42}" + "".join(f"  {what} {value:8.1f}" for what, value in found.items()))
    print("CPU time beside the same training without      compiled  batched")
    cost = {name: [relative(e, trainer, *fields) for trainer in TRAINERS] for name, fields in VARIANTS.items()}
    for name, (compiled, batched) in cost.items():
        print(f"  {name:42} {compiled:9.2f} {batched:8.2f}")
    out = np.empty((40, 256), np.float32)
    print("CPU nanoseconds a normal number")
    print(f"  the compiled loop's  {per_normal(lambda: draw(1, 2, 3, 4, ADDITIVE, 1.0, out, 40, 256), out.size):6.2f}")
    print(f"  torch.randn          {per_normal(lambda: torch.randn(40, 256), out.size):6.2f}")
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump({**seconds, "relative cost (compiled, batched)": cost}, file, indent=1)


if __name__ == "__main__":
    main()
