"""Training speed of convolutional networks: CPU seconds per member and epoch, batch 128, SGD, random images.

    python bench/convolutional.py [members] [--json FILE]

The small ResNet sees 4000 colour images of 32x32, the small CNN 60 000 grey ones of 28x28. Compares, in one process on
one thread: a plain PyTorch loop (the peer a user would write), our trainer with each member by itself (what it does on
a CPU) and with all members as one batched program (what it may do on a GPU), augmentation on top, and the arithmetic
limit (the same multiply-adds at this machine's single-thread float32 matrix-multiply rate). A few updates are timed and
scaled up to an epoch.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from _machine import multiply_rate
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.recipe import Recipe
from infoscope.train.trainer import Layout
from infoscope.train.training import initial_state, make_trainer

BATCH, UPDATES = 128, 12
CASES = (
    (Convolutional("small_resnet", (3, 32, 32), 20), 4000),
    (Convolutional("small_cnn", (1, 28, 28), 10), 60_000),
)


def plain_loop(e: Ensemble) -> float:
    """CPU seconds of an epoch of the loop in PyTorch's own tutorials, one member."""
    module = e.network.module(initial_state(e).parameters).train()
    optimiser = torch.optim.SGD(module.parameters(), e.recipe.learning_rate, e.recipe.momentum)
    images, y = torch.from_numpy(e.x).reshape(-1, *e.network.shape), torch.from_numpy(e.y).long()
    start = time.process_time()
    for rows in torch.randperm(len(images)).split(BATCH):
        optimiser.zero_grad()
        functional.nll_loss(module(images[rows]).log(), y[rows]).backward()
        optimiser.step()
    return time.process_time() - start


def ours(e: Ensemble, layout: Layout) -> float:
    """CPU seconds of an epoch of the whole ensemble, the statistics at its end included."""
    trainer = make_trainer(e, layout=layout)
    state = initial_state(e)
    start = time.process_time()
    trainer.advance(state, 1)
    return time.process_time() - start


def multiplications(network: Convolutional) -> int:
    """Multiply-adds of one image's forward."""
    total = 0

    def count(module: nn.Module, _: tuple, output: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        total += output[0].numel() * weight[0].numel()

    module = network.module(network.initial((0,)))
    for each in module.modules():
        if isinstance(each, (nn.Conv2d, nn.Linear)):
            each.register_forward_hook(count)
    module(torch.zeros(1, network.inputs))
    return total


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 4
    torch.set_num_threads(1)
    rate, seconds = multiply_rate(), {}
    draw = np.random.default_rng(0)
    for network, images in CASES:
        timed = UPDATES * BATCH
        x, y = draw.random((timed, network.inputs), np.float32), draw.integers(0, network.classes, timed)
        recipe = Recipe(1, 0.01, BATCH, "sgd", momentum=0.9)
        rows = np.tile(np.arange(timed), (members, 1))
        e = Ensemble(network, recipe, x, y.astype(np.int32), rows, tuple(range(members)))
        augmented = replace(e, recipe=replace(recipe, augmentation=("crop", "flip")))
        plain_loop(e)  # warms up
        found = {
            "plain PyTorch loop": plain_loop(e),
            "members by themselves": ours(e, Layout(members, 1)) / members,
            "and augmentation": ours(augmented, Layout(members, 1)) / members,
            "one batched program": ours(e, Layout(1, 1)) / members,
            "arithmetic limit": timed * 3 * multiplications(network) / rate,
        }
        seconds[network.architecture] = {name: value * images / timed for name, value in found.items()}
        print(f"{network.architecture}, {images} images, {members} members: CPU seconds per member and epoch")
        for name, value in seconds[network.architecture].items():
            speed = seconds[network.architecture]["plain PyTorch loop"] / value
            print(f"  {name:22} {value:8.2f} s   {speed:6.2f} x the plain loop's speed", flush=True)
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(seconds, file, indent=1)


if __name__ == "__main__":
    main()
