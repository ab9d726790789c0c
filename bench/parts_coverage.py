"""How often the interval from ten parts of 1000 rows holds the mean over draws, and the truth.

    python bench/parts_coverage.py [--replicates 200] [--rows 20000] [--json FILE]

Estimators that look at neighbours tell their scatter from disjoint tenths, of which no more than 1000 rows each are
asked; half of the interval is scaled to all rows. Every replicate draws the rows anew. "width": half of the mean
interval over 1.96 standard deviations of the values, 1 where it is as wide as it should be.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import integrate

import infoscope as iscope

RHO = 0.6
GAUSSIAN = -0.5 * np.log(1 - RHO**2)  # nats of each pair of columns


def pairs(rng: np.random.Generator, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(n, d))
    return x, RHO * x + np.sqrt(1 - RHO**2) * rng.normal(size=(n, d))


def labelled(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A normal column and which of two classes, two standard deviations apart, it is of."""
    y = rng.integers(2, size=n)
    return (2.0 * y + rng.normal(size=n))[:, None], y


def labelled_truth() -> float:
    def density(x: float) -> float:
        return float((np.exp(-(x**2) / 2) + np.exp(-((x - 2) ** 2) / 2)) / np.sqrt(8 * np.pi))

    entropy = integrate.quad(lambda x: -density(x) * np.log(density(x)), -12, 14, limit=200)[0]
    return entropy - 0.5 * np.log(2 * np.pi * np.e)


def rectified(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = pairs(rng, n, 1)
    return np.maximum(x, 0), np.maximum(y, 0)


def ten_values(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A column of ten values and a class that is their parity in nine of ten rows."""
    x = rng.integers(10, size=n)
    return x[:, None].astype(float), np.where(rng.random(n) < 0.9, x % 2, rng.integers(2, size=n))


def ten_values_truth() -> float:
    hit = 0.9 + 0.1 / 2
    return np.log(2) + hit * np.log(hit) + (1 - hit) * np.log(1 - hit)


Drawn = Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]
#: What is asked of whom: rows, and the truth in nats, None where it is not known.
CASES: dict[tuple[str, str], tuple[Drawn, float | None]] = {
    ("ksg", "1+1 columns, correlation .6"): (lambda rng, n: pairs(rng, n, 1), GAUSSIAN),
    ("mixed_ksg", "1+1 columns, correlation .6"): (lambda rng, n: pairs(rng, n, 1), GAUSSIAN),
    ("mixed_ksg", "3+3 columns, correlation .6"): (lambda rng, n: pairs(rng, n, 3), 3 * GAUSSIAN),
    ("mixed_ksg", "the same 1+1, rectified"): (rectified, None),
    ("mixed_ksg", "a column and two classes"): (labelled, labelled_truth()),
    ("mixed_ksg", "ten values and a class"): (ten_values, ten_values_truth()),
    ("kozachenko_leonenko", "1 normal column"): (
        lambda rng, n: (rng.normal(size=(n, 1)),),
        0.5 * np.log(2 * np.pi * np.e),
    ),
    ("kozachenko_leonenko", "3 normal columns"): (
        lambda rng, n: (rng.normal(size=(n, 3)),),
        1.5 * np.log(2 * np.pi * np.e),
    ),
    ("kozachenko_leonenko", "10 normal columns"): (
        lambda rng, n: (rng.normal(size=(n, 10)),),
        5 * np.log(2 * np.pi * np.e),
    ),
}


def one(estimator: str, drawn: Drawn, truth: float | None, replicates: int, rows: int) -> dict[str, float | None]:
    """Shares of intervals that hold the mean and the truth, the width, and the bias."""
    start, found = time.process_time(), []
    for seed in range(replicates):
        given = drawn(np.random.default_rng([seed, rows]), rows)
        estimate = (
            iscope.mutual_information(*given, estimator) if len(given) == 2 else iscope.entropy(*given, estimator)
        )
        low, high = estimate.interval or (np.nan, np.nan)
        found.append((estimate.value, low, high))
    value, low, high = np.array(found).T
    mean = value.mean()
    return {
        "holds its mean": float(((low <= mean) & (mean <= high)).mean()),
        "holds the truth": None if truth is None else float(((low <= truth) & (truth <= high)).mean()),
        "width": float((high - low).mean() / 2 / (1.96 * value.std(ddof=1))),
        "bias": None if truth is None else float(mean - truth),
        "seconds": (time.process_time() - start) / replicates,
    }


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--replicates", type=int, default=200)
    told.add_argument("--rows", type=int, default=20_000)
    told.add_argument("--json", type=Path)
    said = told.parse_args()
    print(f"{said.rows} rows, {said.replicates} replicates")
    print(f"{'':50} {'mean %':>7} {'truth %':>8} {'width':>6} {'bias, nats':>11} {'CPU s':>6}")
    kept = []
    for (estimator, rows), (drawn, truth) in CASES.items():
        found = one(estimator, drawn, truth, said.replicates, said.rows)
        share, bias = found["holds the truth"], found["bias"]
        print(
            f"{estimator + ', ' + rows:50} {100 * found['holds its mean']:7.1f} "
            f"{'-' if share is None else format(100 * share, '.1f'):>8} {found['width']:6.2f} "
            f"{'-' if bias is None else format(bias, '.4f'):>11} {found['seconds']:6.3f}",
            flush=True,
        )
        kept.append({"estimator": estimator, "rows": rows, **found})
    if said.json:
        said.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
