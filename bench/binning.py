"""Binning speed: H(Bin(T)) and I(T;Y) of one layer, CPU seconds, ours against NumPy's unique and a loop over classes.

    python bench/binning.py [--json FILE]

The peer is what the published codes do: bin, view each row as one item, ``np.unique`` over all rows and again over the
rows of each class. The last columns derive three numbers of bins (30, 60, 100) together and one after the other.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from infoscope.core import grammar

CASES = [(1000, 10), (4096, 3), (4096, 10), (4096, 20), (10_000, 20), (10_000, 1024)]
SEVERAL = (30, 60, 100)
COLUMNS = "{:>6} {:>5} | {:>9} {:>9} {:>7} | {:>9} {:>10}"


def entropy_of_rows(codes: np.ndarray) -> float:
    items = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.dtype.itemsize * codes.shape[1])))
    p = np.unique(items, return_counts=True)[1] / len(codes)
    return float(-(p * np.log(p)).sum())


def naive(t: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    codes = np.digitize(t, np.linspace(-1, 1, 31))
    h = entropy_of_rows(codes)
    return h, h - sum((y == c).mean() * entropy_of_rows(codes[y == c]) for c in np.unique(y))


def best(call: Callable[[], object], seconds: float = 0.5) -> float:
    """CPU seconds of one call, the best of many within about ``seconds``."""
    call()
    found, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(found) < 3:
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def compare(n: int, d: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    t, y = np.tanh(rng.standard_normal((n, d))).astype(np.float32), rng.integers(2, size=n)
    one, several = grammar.make("estimators", "binned"), grammar.make("estimators", "binned", bins=SEVERAL)
    singles = [grammar.make("estimators", "binned", bins=b) for b in SEVERAL]
    point = one.plane(t, y)
    np.testing.assert_allclose((point.xt.value, point.ty.value), naive(t, y), atol=1e-6)
    return {
        "n": n,
        "d": d,
        "ours_s": best(lambda: one.plane(t, y)),
        "naive_s": best(lambda: naive(t, y)),
        "together_s": best(lambda: several.measure(t[None], {"y": y})),
        "one_by_one_s": best(lambda: [e.measure(t[None], {"y": y}) for e in singles]),
    }


def main() -> None:
    print(COLUMNS.format("n", "d", "ours ms", "naive ms", "ratio", "3 at once", "3 in a row"))
    rows = [compare(*case) for case in CASES]
    for row in rows:
        milliseconds = {k: 1e3 * v for k, v in row.items()}
        cells = [
            f"{row['n']:.0f}",
            f"{row['d']:.0f}",
            f"{milliseconds['ours_s']:.3f}",
            f"{milliseconds['naive_s']:.2f}",
        ]
        cells += [f"{row['naive_s'] / row['ours_s']:.0f}x"]
        print(COLUMNS.format(*cells, f"{milliseconds['together_s']:.3f}", f"{milliseconds['one_by_one_s']:.3f}"))
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
