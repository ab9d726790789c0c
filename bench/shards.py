"""Memory of a scan in shards against the number of rows, beside one that holds them, and its time by shards.

    python bench/shards.py [--held]

Each line is a process of its own: one checkpoint of a small network whose two places have 64 columns, read on rows in a
mapped file. Anonymous memory is what a process cannot give back; pages of mapped files are not in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

PLACES = ["0", "2"]


def build():
    import torch

    return torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh())


class Peak:
    """The most anonymous memory of this process since it began, in MB."""

    def __init__(self) -> None:
        self.most = 0.0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            self.most = max(self.most, self.now())
            time.sleep(0.01)

    @staticmethod
    def now() -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def scanned(n: int, shards: int) -> None:
    import torch

    import infoscope as iscope

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        torch.save(build().state_dict(), f"{folder}/step_0.pt")
        x = np.lib.format.open_memmap(f"{folder}/x.npy", "w+", np.float32, (n, 16))
        rng = np.random.default_rng(0)
        for start in range(0, n, 10_000):
            x[start : start + 10_000] = rng.standard_normal((min(10_000, n - start), 16), np.float32)
        x.flush()
        y = (x[:, 0] > 0).astype(np.int8)
        asked = {"measures": ["effective_rank", "usable_information(probe=linear)"], "places": PLACES, "sample": 5000}
        small = np.asarray(x[:1000])
        iscope.scan(f"{folder}/step_0.pt", build, small, {"y": y[:1000]}, **asked, shards=1, out=f"{folder}/warm")
        before, peak, cpu = Peak.now(), Peak(), time.process_time()
        mapped = np.load(f"{folder}/x.npy", mmap_mode="r")
        run = iscope.scan(f"{folder}/step_0.pt", build, mapped, {"y": y}, **asked, shards=shards, out=f"{folder}/run")
        cpu, most = time.process_time() - cpu, peak.most
        rank = run.rows.filter(quantity="effective_rank", site="2").column("value")[0]
    print(
        f"{n:>10,} {shards:>7} {most - before:>12.0f} {8 * n * 64 / 2**20:>12.0f} {cpu:>8.1f}   {rank:.6f}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--held", action="store_true", help="also the scan that holds all rows (shards 0)")
    parser.add_argument("--one", nargs=2, type=int)
    asked = parser.parse_args()
    if asked.one:
        scanned(*asked.one)
        return
    print(f"{'rows':>10} {'shards':>7} {'MB beside':>12} {'MB of rows':>12} {'CPU s':>8}   effective rank")
    lines = [(10_000, 64), (100_000, 64), (1_000_000, 64), (1_000_000, 1)]
    for n, shards in [*lines, *([(100_000, 0), (1_000_000, 0)] if asked.held else [])]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, __file__, "--one", str(n), str(shards)], check=True, env=environment,
                       stderr=subprocess.DEVNULL)  # fmt: skip


if __name__ == "__main__":
    main()
