"""What is measured where rows lie: seconds of the compiled loops, of the torch programs on the CPU, and on a card.

    python bench/on_device.py [--large] [--json FILE]

Normal rows of ten classes in float32. "compiled" is the public function of NumPy arrays; "torch" the program that runs
on a card, given the same rows as tensors of the CPU; "cuda" that program on the first card, where there is one, with
rows that are there already. Wall seconds, the better of two after one to warm up. "off" is the largest difference of
the answers from those of the compiled loops. "probe, 512 columns" is one and the same program of torch on any device;
that of "probe, 64 columns" is taken on a card alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch

import infoscope as iscope
from _machine import about
from infoscope.core import check
from infoscope.measure.usable.mlp_training import Stack

CLASSES = 10
Answer = Callable[[Any, np.ndarray], float]


def probe(kind: str) -> Answer:
    return lambda t, y: iscope.usable_information(t, y, kind, groups=np.arange(len(y))).value


def sums(t: Any, y: np.ndarray) -> float:
    """A full Gram matrix with the sums of classes, and the effective rank that it says."""
    state = iscope.OnePass({"y": CLASSES}, sketch=512, sample=0)
    state.update(t, {"y": y})
    return next(one.estimate.value for one in state.finish() if one.estimate.quantity == "effective_rank")


#: What is asked, and of how many rows and columns: as a trial, and with ``--large``.
CASES: dict[str, tuple[Answer, tuple[int, int], tuple[int, int]]] = {
    "probe, 64 columns": (probe("linear"), (2000, 64), (50_000, 64)),
    "probe, 512 columns": (probe("linear"), (2000, 512), (50_000, 512)),
    "mlp": (probe("mlp(steps=200)"), (1000, 64), (20_000, 256)),
    "kde": (lambda t, y: iscope.mutual_information(t, y, "kde(noise_variance=1)").value, (4000, 64), (30_000, 64)),
    "cka, RBF": (lambda t, y: iscope.dependence(t, t[:, :8], "cka(kernel=rbf)").value, (3000, 64), (20_000, 512)),
    "class distances": (
        lambda t, y: iscope.geometry(t, y, "class_distances")["distance_auc"].value, (3000, 64), (30_000, 64),
    ),
    "mixture": (
        lambda t, y: iscope.noisy_information(t, 1.0, "dataset", tolerance=0.2).value, (2000, 16), (20_000, 64),
    ),
    "one pass": (sums, (8192, 256), (200_000, 512)),
}  # fmt: skip


@contextmanager
def tensors_stay() -> Generator[None]:
    """Inside, tensors of the CPU go the way of those on a card."""
    plain, compiled = check.array, Stack.compiled
    check.array = lambda value, name: value.detach() if check.is_tensor(value) else plain(value, name)
    Stack.compiled = Stack.batched
    try:
        yield
    finally:
        check.array, Stack.compiled = plain, compiled


def timed(answer: Answer, t: Any, y: np.ndarray) -> tuple[float, float]:
    """The better of two times, and what came of it."""
    best, found = np.inf, answer(t, y)
    for _ in range(2):
        start = time.perf_counter()
        found = answer(t, y)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best, found


def main(arguments: list[str]) -> None:
    machine = about("torch", "numpy", "numba")
    print(
        f"{machine['processor']}, {machine['cores']} cores, {torch.get_num_threads()} threads; card: {machine['card']}"
    )
    print(f"{'':20}{'rows x columns':>16}{'compiled':>10}{'torch':>10}{'cuda':>10}{'off':>10}")
    results = []
    for name, (answer, small, large) in CASES.items():
        n, d = large if "--large" in arguments else small
        rng = np.random.default_rng(0)
        y = rng.integers(CLASSES, size=n)
        t = (rng.normal(size=(CLASSES, d))[y] / 2 + rng.normal(size=(n, d))).astype(np.float32)
        ways: dict[str, tuple[Any, Any]] = {"compiled": (t, nullcontext())}
        if name != "probe, 64 columns":
            ways["torch"] = torch.tensor(t), tensors_stay()
        if torch.cuda.is_available():
            ways["cuda"] = torch.tensor(t, device="cuda"), nullcontext()
        found = {}
        for way, (rows, context) in ways.items():
            with context:
                found[way] = timed(answer, rows, y)
        off = max(abs(value - found["compiled"][1]) for _, value in found.values())
        seconds = {way: round(found[way][0], 4) if way in found else None for way in ("compiled", "torch", "cuda")}
        shown = "".join(f"{'-' if one is None else f'{one:.3f}':>10}" for one in seconds.values())
        print(f"{name:20}{f'{n} x {d}':>16}{shown}{off:10.1e}", flush=True)
        results.append({"case": name, "rows": n, "columns": d, **seconds, "off": off})
    if "--json" in arguments:
        with open(arguments[arguments.index("--json") + 1], "w") as file:
            json.dump({**machine, "results": results}, file, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
