"""A training function that workers can import; it leaves a mark each time it is called."""

from __future__ import annotations

import os
from pathlib import Path

import torch


def train(watch, seed, width=2, rate=0.1):
    """A small tanh network; a width of 13 fails, as long as the file ``mended`` is not there."""
    marks = Path(os.environ["INFOSCOPE_TEST_MARKS"])
    with (marks / "called").open("a") as file:
        file.write(f"{width} {seed}\n")
    if width == 13 and not (marks / "mended").exists():
        raise ValueError("thirteen units bring bad luck")
    x = torch.linspace(-1, 1, 60)[:, None]
    model = torch.nn.Sequential(torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 2))
    optimiser = torch.optim.SGD(model.parameters(), lr=rate)
    y = (x[:, 0] > 0).long()
    with watch(model, x, {"sign": y}, ["effective_rank"], schedule=[0, 5]) as scope:
        scope.step(0)
        for step in range(1, 6):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()
            scope.step(step)


def forgets(watch, seed):
    """Records nothing."""
