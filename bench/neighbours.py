"""Neighbour speed: whole public calls, CPU seconds of one thread, beside the packages a user would install.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python bench/neighbours.py [--rows 1000 10000 100000] [--save]

Every program gets the same rows, one after the other for each seed, and the median over seeds is told. "whole" is
``mutual_information`` with standardisation, interval and status; "value" is the search and the counts alone. The peers
give a value only: npeet_plus; SciPy's cKDTree and scikit-learn's KDTree as NPEET and mutinfo use them. A peer is left
out of the cases in which it took longer than a minute. All count what the definition counts, and must agree to 1e-6.

The limit is the time of the comparisons that the search of the joint space makes, each at the speed that it has when
what it reads is in first-level cache: leaves of 32 rows and nodes of eight boxes where a tree is asked, and
|a - b| and its maximum in float32 of n²/2 pairs where it is not. Trees are built, rows counted and columns standardised
besides.

Also: by how much the resident memory of a process rises in a call. ``--save`` writes ``bench/results/neighbours.json``,
which ``docs/pages.py`` makes a page of.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.neighbors import KDTree

from _machine import about
from infoscope.measure.neighbours import leaves, search, trees
from infoscope.measure.neighbours.brute import _greatest
from infoscope.measure.neighbours.lanes import boxes_below, rows_below
from infoscope.measure.neighbours.marginals import standardised
from infoscope.measure.questions.information import mutual_information

os.environ["NUMBA_NUM_THREADS"] = "1"
torch.set_num_threads(1)
K = 3
RESULTS = Path(__file__).parent / "results" / "neighbours.json"
#: data, columns of x and of y, rows; which peers, and from how many rows on one seed is enough.
CASES = [
    *(("normal", d, n) for n in (1000, 10_000, 100_000) for d in (1, 2, 3, 5)),
    *(("clusters", d, n) for n in (10_000, 100_000) for d in (3, 5)),
    ("heavy tails", 3, 10_000),
    ("normal", 10, 10_000),
    ("normal", 25, 10_000),
]
MIXED = [
    (what, n) for n in (10_000, 100_000) for what in ("all atoms", "ReLU, ReLU", "ten values, labels", "normal, labels")
]
Pair = tuple[np.ndarray, np.ndarray]


def columns(what: str, d: int, n: int, seed: int) -> Pair:
    """Rows of x and of y, each with ``d`` columns."""
    rng = np.random.default_rng(seed)
    if what == "clusters":
        both = rng.normal(size=(60, 2 * d))[rng.integers(60, size=n)] + 0.01 * rng.normal(size=(n, 2 * d))
        return both[:, :d], both[:, d:]
    x = rng.normal(size=(n, d))
    y = 0.6 * x + 0.8 * rng.normal(size=(n, d))
    return (x, y) if what == "normal" else (np.sinh(2 * x), np.sinh(2 * y))


def repeated(what: str, n: int, seed: int) -> Pair:
    """Rows of x, and rows or labels y, of which many repeat."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, n, 1))
    if what == "all atoms":
        return np.round(x), np.round(x + noise)
    if what == "ReLU, ReLU":
        return np.maximum(x, 0), np.maximum(x + noise, 0)
    labels = (x[:, 0] + noise[:, 0] > 0).astype(int)
    return (np.digitize(x, np.linspace(-1.3, 1.3, 9)).astype(float) if what.startswith("ten") else x), labels


def from_counts(n: int, *counts: np.ndarray) -> float:
    return float(digamma(K) + digamma(n) - sum(digamma(count + 1).mean() for count in counts))


def value(x: np.ndarray, y: np.ndarray) -> float:
    return from_counts(len(x), *search.balls([standardised(x), standardised(y)], K, ((0,), (1,))).counts)


def scikit_learn(x: np.ndarray, y: np.ndarray) -> float:
    x, y = standardised(x), standardised(y)
    joint = np.hstack([x, y])
    radius = np.nextafter(KDTree(joint, metric="chebyshev").query(joint, k=K + 1)[0][:, -1], 0)
    counts = [KDTree(t, metric="chebyshev").query_radius(t, radius, count_only=True) - 1 for t in (x, y)]
    return from_counts(len(x), *counts)


def scipy(x: np.ndarray, y: np.ndarray) -> float:
    x, y = standardised(x), standardised(y)
    joint = np.hstack([x, y])
    radius = np.nextafter(cKDTree(joint).query(joint, k=K + 1, p=np.inf)[0][:, -1], 0)
    counts = [cKDTree(t).query_ball_point(t, radius, p=np.inf, return_length=True) - 1 for t in (x, y)]
    return from_counts(len(x), *counts)


def npeet_plus(x: np.ndarray, y: np.ndarray) -> float:
    from npeet_plus import mi

    return float(mi(standardised(x), standardised(y), k=K, base=np.e))


def peers(d: int, n: int) -> dict[str, Callable[[np.ndarray, np.ndarray], float]]:
    """Those that answer within about a minute."""
    found: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {}
    try:
        import npeet_plus as _  # noqa: F401

        found["npeet_plus"] = npeet_plus
    except ImportError:
        print("npeet_plus is not installed: left out")
    if n * d < 300_000:
        found["SciPy"] = scipy
    if n * d <= 100_000:
        found["scikit-learn"] = scikit_learn
    return found


def timed(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
    start = time.process_time()
    found = call(*arguments, **named)
    return found, time.process_time() - start


@numba.njit
def _leaves(blocks, point, starts, out, repeats):
    total = 0
    for r in range(repeats):
        total += rows_below(blocks, r & 7, point, starts, False, 0.5, out)
    return total


@numba.njit
def _nodes(boxes, point, starts, out, repeats):
    total = 0
    for r in range(repeats):
        total += boxes_below(boxes, r & 1, point, starts, False, 0.5, out)
    return total


@numba.njit
def _pairs(columns, line, repeats):
    for r in range(repeats):
        _greatest(columns, r % 64, 0, len(columns), 0, 1024, line)


def limit(x: np.ndarray, y: np.ndarray, repeats: int = 20_000) -> float:
    """CPU seconds of the comparisons of the joint search."""
    points = np.hstack([standardised(x), standardised(y)])
    n, d = points.shape
    if d > search.FLAT:  # about what is chosen, for normal rows
        held, line = np.random.default_rng(0).random((d, 1024), np.float32), np.empty(1024, np.float32)
        _pairs(held, line, 1)
        pairs = timed(_pairs, held, line, repeats // 10)[1] / (repeats // 10 * 1024) * n * n / 2
        if n < search.FEW or search.pass_seconds(n, d) < search.nearest_seconds(n, d):
            return pairs
    shape, starts = trees.grow(points), np.array([0, x.shape[1], d])
    where = np.full((n, K), np.inf), np.zeros((n, K), np.int32), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    asked = starts, np.full(n, K), search.tie_of([points]), False, 0, len(shape[0])
    nodes, looked = leaves.search(*shape, *asked, *where, np.empty(n))
    point, seconds = points[0].copy(), 0.0
    for run, held, width, times in ((_leaves, shape[0], 32, looked), (_nodes, shape[2], 8, nodes)):
        run(held, point, starts, np.empty(width), 1)
        seconds += timed(run, held, point, starts, np.empty(width), repeats)[1] / repeats * times
    return seconds


def ksg(what: str, d: int, n: int) -> dict[str, Any]:
    """One row of the table: medians over seeds of every program."""
    asked = {"whole": lambda x, y: mutual_information(x, y, "ksg", k=K).value, "value": value, **peers(d, n)}
    seeds = 15 if n <= 1000 else 5 if n * d <= 100_000 else 1
    x, y = columns(what, d, min(n, 500), 0)
    for call in asked.values():
        call(x, y)
    took: dict[str, list[float]] = {name: [] for name in asked}
    for seed in range(seeds):
        x, y = columns(what, d, n, seed)
        answers = {}
        for name, call in asked.items():
            answers[name], seconds = timed(call, x, y)
            took[name].append(seconds)
        for name, answer in answers.items():  # npeet_plus adds noise; heavy tails are normal scores in the public call
            if name not in ("whole", "npeet_plus"):
                np.testing.assert_allclose(answer, answers["value"], atol=1e-6, err_msg=name)
    row = {"data": what, "columns": d, "n": n, "seeds": seeds}
    return row | {"seconds": {name: statistics.median(one) for name, one in took.items()}, "limit": limit(x, y)}


def mixed(what: str, n: int) -> dict[str, Any]:
    """The same of rows that repeat; the peer takes one column and labels alone."""
    asked = {"whole": lambda x, y: mutual_information(x, y, "mixed_ksg", k=K).value}
    if what == "normal, labels":
        asked["scikit-learn"] = lambda x, y: mutual_info_classif(x, y, discrete_features=False, n_neighbors=K)[0]
    for call in asked.values():
        call(*repeated(what, 500, 0))
    took: dict[str, list[float]] = {name: [] for name in asked}
    for seed in range(3):
        x, y = repeated(what, n, seed)
        for name, call in asked.items():
            took[name].append(timed(call, x, y)[1])
    return {"data": what, "n": n, "seconds": {name: statistics.median(one) for name, one in took.items()}}


def alone(name: str) -> float:
    """By how much a process of its own grows."""
    run = subprocess.run([sys.executable, __file__, "--rise", name], capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def rise(name: str) -> float:
    """MiB by which this process grows in a call about 100 000 rows of 3 + 3 columns."""
    call = {"whole": lambda x, y: mutual_information(x, y, "ksg", k=K)}.get(name) or peers(1, 1000)[name]
    call(*columns("normal", 3, 500, 0))
    x, y = columns("normal", 3, 100_000, 0)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the largest size so far is forgotten
    before = resident("VmRSS")
    call(x, y)
    return resident("VmHWM") - before


def resident(name: str) -> float:
    """MiB of this process, now (VmRSS) or at its largest (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    told.add_argument("--save", action="store_true")
    told.add_argument("--rise", help=argparse.SUPPRESS)
    said = told.parse_args()
    if said.rise:
        print(rise(said.rise))
        return
    found: dict[str, Any] = {"about": about("numpy", "scipy", "numba", "scikit-learn", "npeet-plus")}
    found |= {"ksg": [], "mixed": []}
    for what, d, n in CASES:
        if n in said.rows:
            row = ksg(what, d, n)
            found["ksg"].append(row)
            fastest = min(seconds for name, seconds in row["seconds"].items() if name not in ("whole", "value"))
            times = "  ".join(f"{name} {1e3 * seconds:.1f}" for name, seconds in row["seconds"].items())
            ratio, over = fastest / row["seconds"]["whole"], row["seconds"]["value"] / row["limit"]
            print(
                f"{what} {d}+{d} n={n}: ms {times}; fastest peer / whole {ratio:.2f}; value / limit {over:.1f}",
                flush=True,
            )
    for what, n in MIXED:
        if n in said.rows:
            found["mixed"].append(mixed(what, n))
            print(found["mixed"][-1], flush=True)
    found["rise"] = {name: alone(name) for name in ("whole", "npeet_plus", "SciPy")}
    print({"rise": found["rise"]})
    if said.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
