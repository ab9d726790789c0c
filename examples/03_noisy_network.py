"""I(X;T) of a network that is trained with noise, as a bracket, beside the clusters that explain it, in seconds.

    python examples/03_noisy_network.py [FOLDER]

All 256 patterns of eight bits, a label, and Gaussian noise behind both hidden layers. I(X;T) of the deep layer falls as
rows of a class move together: the ratio of distances, which is geometry, falls with it. Without the noise I(X;T) would
be 8 bits throughout.
"""

import math
import sys
from pathlib import Path

import torch
from torch import nn

import infoscope as iscope

NOISE = 0.1


def main(out: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small two threads are slower than one
    patterns = torch.tensor([[i >> k & 1 for k in range(8)] for i in range(256)], dtype=torch.float32)
    labels = (patterns.sum(1) > 4).long()
    model = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 2), nn.Tanh(), nn.Linear(2, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    schedule = (0, 10, 30, 100, 300, 1000)
    measures = ["class_distances", "binned_entropy"]
    with (
        iscope.noisy(model, noise=NOISE),
        iscope.watch(
            model,
            patterns,
            {"label": labels},
            measures=measures,
            out=out,
            places=["1", "3"],
            schedule=schedule,
            overwrite=True,
        ) as scope,
    ):
        for step in range(1001):
            scope.step(step)
            if step in schedule:
                s = iscope.replicas(model, patterns, noise=NOISE, replicas=32)
                first = iscope.noisy_information(s["1"][:, 0], noise=NOISE, population="dataset")
                deep = iscope.noisy_information(s["3"], noise=NOISE, population="dataset")
                low, high = (nats / math.log(2) for nats in deep.interval or (deep.value, deep.value))
                ratio = iscope.geometry(s["3"][:, 0], labels)["distance_ratio"].value
                print(
                    f"step {step:4d}: I(X;T1) = {first.bits:.2f} bits, I(X;T2) in [{low:.2f}, {high:.2f}] bits, "
                    f"distances within / between classes {ratio:.2f}"
                )
            loss = nn.functional.cross_entropy(model(patterns), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"report: {scope.run.report()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/noisy"))
