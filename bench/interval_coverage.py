"""How often a stated 95 % interval of usable information holds the mean over draws, for rows that come in groups.

    python bench/interval_coverage.py [--replicates 500] [--groups 50 200 1000] [--probes linear] [--rows 8]

Every replicate draws groups anew (their number as said, of equal sizes or of sizes by Zipf's law) and fits its probes
anew, so that what the interval is to hold is what is read on average with this many rows. Two laws: "offset", classes a
mean apart with four fifths of the variance shared by a group, and "carriers", half of the groups say y and half do not.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import infoscope as iscope


def sizes_of(groups: int, rows: int, law: str) -> np.ndarray:
    """Rows of each group: ``rows`` each, or in proportion to 1/rank with as many in all."""
    if law == "equal":
        return np.full(groups, rows)
    weights = 1 / np.arange(1, groups + 1)
    return np.maximum(1, np.round(weights / weights.sum() * groups * rows)).astype(int)


def drawn(rng: np.random.Generator, sizes: np.ndarray, law: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows ``[n, 5]``, two classes, and the group of each row."""
    ids = np.repeat(np.arange(len(sizes)), sizes)
    n, d = len(ids), 5
    y = rng.integers(2, size=n)
    if law == "offset":
        shared = rng.normal(size=(len(sizes), d))[ids]
        return y[:, None] * 0.6 + np.sqrt(0.8) * shared + np.sqrt(0.2) * rng.normal(size=(n, d)), y, ids
    carries = rng.choice([0.0, 3.0], len(sizes))[ids]
    z = rng.normal(size=(n, d))
    z[:, 0] += carries * (2 * y - 1)
    return z, y, ids


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--replicates", type=int, default=500)
    told.add_argument("--groups", type=int, nargs="+", default=[50, 200, 1000])
    told.add_argument("--probes", nargs="+", default=["linear"])
    told.add_argument("--rows", type=int, default=8)
    said = told.parse_args()
    print("probe   groups  sizes  law       rows: covers   groups: covers  width/oracle  no interval   CPU s")
    for probe in said.probes:
        for count in said.groups:
            for sizes_law in ("equal", "zipf"):
                for law in ("offset", "carriers"):
                    one(probe, count, sizes_law, law, said.replicates, said.rows)


def one(probe: str, count: int, sizes_law: str, law: str, replicates: int, rows: int) -> None:
    """Print one line."""
    start = time.process_time()
    sizes, found, rowwise = sizes_of(count, rows, sizes_law), [], []
    for seed in range(replicates):
        z, y, ids = drawn(np.random.default_rng([7, seed]), sizes, law)
        estimate = iscope.usable_information(z, y, probe, groups=ids)
        spread = estimate.pointwise.std(ddof=1) / np.sqrt(len(y))
        rowwise.append((estimate.value - 1.96 * spread, estimate.value + 1.96 * spread))
        found.append(estimate)
    values = np.array([estimate.value for estimate in found])
    stated = [estimate.interval for estimate in found if estimate.interval is not None]
    mean, oracle = values.mean(), 1.96 * values.std(ddof=1)
    covers, naive = (
        np.mean([low <= mean <= high for low, high in ends]) if ends else np.nan for ends in (stated, rowwise)
    )
    width = np.median([high - low for low, high in stated]) / 2 / oracle if stated else np.nan
    print(
        f"{probe:7s} {count:6d}  {sizes_law:5s}  {law:8s}  {100 * naive:11.1f} %  {100 * covers:13.1f} %  "
        f"{width:12.2f}  {replicates - len(stated):11d}  {time.process_time() - start:6.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
