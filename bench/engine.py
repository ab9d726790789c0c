"""One scan by 1, 2 and 4 worker processes, and on 1 and 2 nodes of Ray: time, and that the rows are the same.

    python bench/engine.py [checkpoints]

CPU seconds of the workers are of those that have ended, so engines are closed before they are counted; of Ray's nodes
the system does not count them. Wall time says something only where nothing else runs.
"""

from __future__ import annotations

import functools
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

import infoscope as iscope

WIDTH, ROWS = 256, 2000
MEASURES = ["usable_information(probe=linear)", "effective_rank"]


def build() -> nn.Module:
    """Two hidden layers."""
    return nn.Sequential(nn.Linear(64, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 10))


def children() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def nodes(count: int) -> Iterator[str]:
    """A Ray cluster of so many nodes with a processor each; its address."""
    from ray.cluster_utils import Cluster

    found = Cluster()
    try:
        for _ in range(count):
            found.add_node(num_cpus=1, include_dashboard=False)
        yield found.address
    finally:
        found.shutdown()


def main() -> None:
    torch.set_num_threads(1)
    checkpoints = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "weights").mkdir()
        for step in range(checkpoints):
            torch.manual_seed(step)
            torch.save(build().state_dict(), folder / "weights" / f"step-{step}.pt")
        x = torch.randn(ROWS, 64, generator=torch.Generator().manual_seed(0))
        y = (x[:, :10] + 0.5 * torch.randn(ROWS, 10, generator=torch.Generator().manual_seed(1))).argmax(1)
        scan = functools.partial(
            iscope.scan, str(folder / "weights"), build, x, {"label": y}, places=["1", "3"], measures=MEASURES
        )
        hashes = set[str]()
        print(f"{'engine':>22} {'wall s':>8} {'CPU s here':>11} {'CPU s workers':>14}")
        for name, workers in ((None, None), ("processes", 1), ("processes", 2), ("processes", 4)):
            began = time.perf_counter(), time.process_time(), children()
            run = scan(out=folder / f"{name}-{workers}", engine=name, workers=workers)
            used = time.perf_counter() - began[0], time.process_time() - began[1], children() - began[2]
            said = f"{name}, {workers} workers" if name else "this process"
            print(f"{said:>22} {used[0]:8.1f} {used[1]:11.1f} {used[2]:14.1f}", flush=True)
            hashes.add(run.rows.content_hash())
        for count in (1, 2) if find_spec("ray") else ():
            with nodes(count) as address, iscope.open_engine(f"ray:{address}", count) as engine:
                began = time.perf_counter(), time.process_time()
                run = scan(out=folder / f"ray-{count}", engine=engine)
                used = time.perf_counter() - began[0], time.process_time() - began[1]
            print(f"{f'ray, {count} nodes':>22} {used[0]:8.1f} {used[1]:11.1f} {'':>14}", flush=True)
            hashes.add(run.rows.content_hash())
        print("the same rows, to the bit" if len(hashes) == 1 else f"OTHER ROWS: {len(hashes)} kinds of them")


if __name__ == "__main__":
    main()
