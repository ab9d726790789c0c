"""Distances within and between classes over all pairs: CPU seconds and memory, ours against SciPy.

    python bench/geometry.py [--json FILE] [--large]

Normal rows of ten classes, one thread. "ours" is the public function: both distributions, their quantiles, the ratio
and the AUC, of all pairs. "pdist" makes all n (n - 1) / 2 distances with SciPy and takes the same numbers of them by
sorting; "cdist" does so by strips of 512 rows into histograms of the same cells, which is what a careful user would
write. The limit is the matrix product of n²/2 pairs in d columns, in the dtype of the rows, in the same process; a
histogram costs more than that in few columns, which "x limit" shows. Memory is the largest growth of the process while
each runs in a process of its own. ``--large`` adds n = 60 000, ours alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist, pdist

os.environ["NUMBA_NUM_THREADS"] = "1"
torch.set_num_threads(1)
CLASSES, STRIP = 10, 512
CASES = [(10_000, 10), (10_000, 64)]
LARGE = [(60_000, 10), (60_000, 64)]
Found = tuple[float, float]  # ratio of the medians, AUC


def data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, n)
    return (rng.normal(size=(CLASSES, d))[y] + rng.normal(size=(n, d))).astype(np.float32), y


def ours(t: np.ndarray, y: np.ndarray) -> Found:
    import infoscope

    found = infoscope.geometry(t, y, measure="class_distances")
    return found["distance_ratio"].value, found["distance_auc"].value


def by_pdist(t: np.ndarray, y: np.ndarray) -> Found:
    distances = pdist(t)
    first, second = np.triu_indices(len(t), 1)
    same = y[first] == y[second]
    within, between = np.sort(distances[same]), np.sort(distances[~same])
    below = np.searchsorted(within, between).sum()
    return float(np.median(within) / np.median(between)), float(below / (len(within) * len(between)))


def by_cdist(t: np.ndarray, y: np.ndarray) -> Found:
    edges = np.linspace(0, 2 * float(np.linalg.norm(t - t.mean(0), axis=1).max()), 40_001)
    counts = np.zeros((2, len(edges) - 1), np.int64)
    for start in range(0, len(t), STRIP):
        rows = slice(start, start + STRIP)
        distances = cdist(t[rows], t)
        later = np.arange(len(t)) > np.arange(len(t))[rows, None]
        same = y[rows, None] == y
        for kind, pairs in enumerate((later & same, later & ~same)):
            cells = np.minimum((distances[pairs] / edges[1]).astype(np.int64), len(edges) - 2)
            counts[kind] += np.bincount(cells, minlength=counts.shape[1])
    cumulated = counts.cumsum(1)
    within, between = (edges[np.searchsorted(line, line[-1] / 2)] for line in cumulated)
    above = cumulated[1, -1] - cumulated[1] + counts[1] / 2
    return float(within / between), float(counts[0] @ above / (cumulated[0, -1] * float(cumulated[1, -1])))


def limit(n: int, d: int) -> float:
    """CPU seconds of the matrix products of n²/2 pairs, by the blocks that ours uses."""
    a, b = torch.randn(256, d), torch.randn(1024, d)
    out = torch.empty(256, 1024)
    repeats = n * n // 2 // (256 * 1024)

    def run() -> None:
        for _ in range(repeats):
            torch.mm(a, b.T, out=out)

    return best(run)[1]


def best(call: Callable[[], Any]) -> tuple[Any, float]:
    """The answer, and the fastest of three calls, or of one that takes longer than five seconds."""
    seconds: list[float] = []
    answer = None
    while not seconds or (len(seconds) < 3 and seconds[0] < 5):
        start = time.process_time()
        answer = call()
        seconds.append(time.process_time() - start)
    return answer, min(seconds)


def _child(name: str, n: int, d: int, out: Any) -> None:
    call = {"ours": ours, "pdist": by_pdist, "cdist": by_cdist}[name]
    call(*data(200, d))  # imports and compiles
    t, y = data(n, d)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, seconds = best(partial(call, t, y))
    out.put((found, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def alone(name: str, n: int, d: int) -> tuple[Found, float, float]:
    """The answer, CPU seconds and MiB of one subject in a process of its own."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=_child, args=(name, n, d, out))
    process.start()
    found = out.get()
    process.join()
    return found


def compare(n: int, d: int, peers: tuple[str, ...]) -> dict[str, float]:
    row: dict[str, float] = {"n": n, "d": d}
    answer, row["ours"], row["ours MiB"] = alone("ours", n, d)
    for name in peers:
        found, row[name], row[f"{name} MiB"] = alone(name, n, d)
        np.testing.assert_allclose(found, answer, rtol=1e-3, err_msg=name)
    row["limit"] = limit(n, d)
    return row


def main() -> None:
    names = [
        "n",
        "d",
        "ours s",
        "ours MiB",
        "pdist s",
        "pdist MiB",
        "cdist s",
        "cdist MiB",
        "faster",
        "limit s",
        "x limit",
    ]
    print(" | ".join(f"{name:>9}" for name in names))
    rows = []
    for n, d in CASES + (LARGE if "--large" in sys.argv else []):
        row = compare(n, d, ("pdist", "cdist") if (n, d) in CASES else ())
        rows.append(row)
        cells: list[str] = [str(n), str(d)]
        for name in ("ours", "pdist", "cdist"):
            cells += [f"{row[name]:.2f}", f"{row[f'{name} MiB']:.0f}"] if name in row else ["", ""]
        peers = [row[name] for name in ("pdist", "cdist") if name in row]
        cells += [f"{min(peers) / row['ours']:.1f}" if peers else ""]
        cells += [f"{row['limit']:.3f}", f"{row['ours'] / row['limit']:.1f}"]
        print(" | ".join(f"{cell:>9}" for cell in cells), flush=True)
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
