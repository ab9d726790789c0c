"""One scan by this process, by 1 and 2 worker processes, and on 1 and 2 nodes of Ray: time, and that rows are the same.

    python bench/engine.py [checkpoints] [--save]

Workers are begun by a scan of two checkpoints, which is timed apart: what is compared are scans of all the others (24)
by workers that are there. Wall time says something only where nothing else runs: the load of the machine is said.
``--save`` writes ``bench/results/engine.json``, which ``docs/pages.py`` shows on the page of speed. Without Ray
(``pip install 'infoscope[ray]'``) its lines are left out. A cluster of Ray is begun and ended here; its nodes are
processes of this machine, with a processor each.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

import infoscope as iscope
from _machine import about
from infoscope.runs import Run

WIDTH, ROWS, FIRST = 256, 2000, 2
MEASURES = ["usable_information(probe=linear)", "effective_rank"]
RESULTS = Path(__file__).parent / "results" / "engine.json"


def build() -> nn.Module:
    """Two hidden layers."""
    return nn.Sequential(nn.Linear(64, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 10))


def save(folder: Path, steps: range) -> str:
    """Weights at each step, drawn from it."""
    folder.mkdir()
    for step in steps:
        torch.manual_seed(step)
        torch.save(build().state_dict(), folder / f"step-{step}.pt")
    return str(folder)


@contextmanager
def nodes(count: int) -> Iterator[str]:
    """A Ray cluster of so many nodes with a processor each; its address."""
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    from ray.cluster_utils import Cluster

    found = Cluster()
    try:
        for number in range(count):
            for attempt in range(4):  # Ray gives up a node that takes more than 30 s to answer
                try:
                    found.add_node(num_cpus=1, **({"include_dashboard": False} if number == 0 else {}))
                    break
                except Exception:
                    if attempt == 3:
                        raise
        yield found.address
    finally:
        found.shutdown()


def timed(name: str, workers: int, scan: Callable[..., Run], engine: Any, folder: Path) -> tuple[dict[str, Any], str]:
    """A line of the table, and the hash of the rows. engine: open, or None for this process."""
    begun = time.perf_counter()
    scan(str(folder / "first"), out=folder / f"{name}-{workers}-first", engine=engine)
    begin, used = time.perf_counter() - begun, (time.perf_counter(), time.process_time())
    run = scan(str(folder / "rest"), out=folder / f"{name}-{workers}", engine=engine)
    wall, here = time.perf_counter() - used[0], time.process_time() - used[1]
    line = {"engine": name, "workers": workers, "begin": begin, "wall": wall, "here": here}
    print(f"{name:>12} {workers:8} {begin:9.1f} {wall:8.1f} {here:8.1f}", flush=True)
    return line, run.rows.content_hash()


def measured(checkpoints: int, folder: Path) -> dict[str, Any]:
    """All lines."""
    save(folder / "first", range(FIRST))
    save(folder / "rest", range(FIRST, FIRST + checkpoints))
    x = torch.randn(ROWS, 64, generator=torch.Generator().manual_seed(0))
    y = (x[:, :10] + 0.5 * torch.randn(ROWS, 10, generator=torch.Generator().manual_seed(1))).argmax(1)
    rest = {"build": build, "inputs": x, "variables": {"label": y}, "places": ["1", "3"], "measures": MEASURES}
    scan = functools.partial(iscope.scan, **rest)
    print(f"{'engine':>12} {'workers':>8} {'begin, s':>9} {'wall, s':>8} {'CPU here':>8}")
    found = [timed("this process", 1, scan, None, folder)]
    for workers in (1, 2):
        with iscope.open_engine("processes", workers) as engine:
            found.append(timed("processes", workers, scan, engine, folder))
    for count in (1, 2) if find_spec("ray") else ():
        with nodes(count) as address, iscope.open_engine(f"ray:{address}", count) as engine:
            found.append(timed("ray", count, scan, engine, folder))
    if len({rows for _, rows in found}) > 1:
        raise SystemExit("rows differ between engines")
    print("the same rows, to the bit")
    return {"checkpoints": checkpoints, "load": os.getloadavg()[2], "lines": [line for line, _ in found]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoints", type=int, nargs="?", default=24)
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        found = {"about": about("torch", "ray"), **measured(asked.checkpoints, Path(place))}
    if asked.save:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
