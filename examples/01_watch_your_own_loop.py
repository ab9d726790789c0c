"""Watch your own training loop: what do two hidden layers say about the inputs and about the label, step by step?

    python examples/01_watch_your_own_loop.py [FOLDER]

Two moons, a small tanh network that narrows to one unit, a plain PyTorch loop. The loop is yours: infoscope only looks
and changes no bit of it. Watch the narrow layer learn the label and then, as tanh saturates, fill fewer and fewer bins.
"""

import math
import sys
from pathlib import Path

import torch
from torch import nn

import infoscope as iscope


def two_moons(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two interleaved half-circles with noise: points ``[n, 2]`` and which half-circle each is from ``[n]``."""
    angle, labels = math.pi * torch.rand(n), torch.arange(n) % 2
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    points = torch.where(labels[:, None] == 0, upper, lower)
    return points + 0.1 * torch.randn(n, 2), labels


def main(out: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small two threads are slower than one
    inputs, labels = two_moons(1000)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Tanh(), nn.Linear(1, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    step = 0
    with iscope.watch(
        model,
        inputs,
        {"label": labels},
        measures=["binned"],
        out=out,
        places=["1", "3"],
        steps_per_epoch=10,
        overwrite=True,  # so that this can be run again; without `out` each run gets a folder of its own
    ) as scope:
        scope.step(0)  # the network as initialised
        for _ in range(100):
            for batch in torch.randperm(len(inputs)).split(100):
                loss = nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                scope.step(step)

    run = scope.run
    print(run.rows)
    for name, variable in (("H(Bin(T))  ", "input"), ("I(Bin(T);Y)", "label")):
        steps, _, nats = run.rows.filter(site="3", variable=variable).curves()
        told = "  ".join(
            f"{value:.2f} at {step}" for step, value in zip(steps[::10], nats[0, ::10] / math.log(2), strict=True)
        )
        print(f"narrow layer, {name} in bits at step: {told}")
    print(f"recording {len(run.trajectory)} of {step + 1} steps took {scope.seconds:.2f} s")
    print(f"report: {run.report()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/mine"))
