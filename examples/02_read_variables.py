"""What a layer keeps of two variables while it learns one of them: usable information along training, in seconds.

    python examples/02_read_variables.py [FOLDER]

The inputs carry a shape, which the network is trained on, and a colour, which it does not need. Linear probes read both
from both hidden layers at every recorded step; then the last step is read example by example. Watch the colour leave
the narrow layer while the shape stays.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

import infoscope as iscope


def coloured_shapes(n: int, seed: int) -> tuple[torch.Tensor, dict[str, np.ndarray]]:
    """Points ``[n, 3]`` around three corners (the shape), up or down (the colour)."""
    rng = np.random.default_rng(seed)
    shape, colour = rng.integers(3, size=n), rng.integers(2, size=n)
    angle = 2 * np.pi * shape / 3
    points = np.stack([np.cos(angle), np.sin(angle), 2.0 * colour - 1], 1) + 0.3 * rng.normal(size=(n, 3))
    return torch.tensor(points, dtype=torch.float32), {"shape": shape, "colour": colour}


def build() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 4), nn.Tanh(), nn.Linear(4, 3))


def main(out: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small two threads are slower than one
    x, known = coloured_shapes(1000, seed=0)
    y = torch.tensor(known["shape"])
    new, variables = coloured_shapes(600, seed=1)  # rows the network is never trained on
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, weight_decay=1e-3)
    schedule = (0, 1, 3, 10, 30, 100, 300)
    with iscope.watch(
        model,
        new,
        variables,
        measures=["usable_information"],
        out=out,
        places=["1", "3"],
        schedule=schedule,
        overwrite=True,
    ) as scope:
        scope.step(0)
        for step in range(1, 301):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scope.step(step)

    run = scope.run
    for variable in variables:
        for site in ("1", "3"):
            steps, _, nats = run.rows.filter(variable=variable, site=site).curves()
            told = "  ".join(f"{value:.2f} at {step}" for step, value in zip(steps, nats[0] / math.log(2), strict=True))
            print(f"layer {site}, bits of {variable} by step: {told}")

    examples = run.examples("shape", site="3", model=build)
    least = [round(value / math.log(2), 2) for value in examples["pvi_nats"].to_pylist()[:5]]
    print(f"bits of the five examples that are hardest to read: {least}")
    print(f"report: {run.report()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/read"))
