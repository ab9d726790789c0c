"""How often a stated 95 % interval of an estimator holds the truth, for rows that come in groups.

    python bench/group_coverage.py [--replicates 100] [--estimators ksg gaussian plugin] [--critics 50]

Every replicate draws groups anew. x and y are one column each, Gaussian of correlation .6 (.223 nats) or 0, with a
share of their variance common to the rows of a group; "plugin" is asked about their thirds. Beside the truth stands the
mean over replicates, which an interval holds too where the estimator is biased. "rows": the same without groups.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import stats

import infoscope as iscope

CELLS = {
    "50 x 20": (np.full(50, 20), 0.8, 0.6),
    "50 x 20, independent": (np.full(50, 20), 0.8, 0.0),
    "20 x 20": (np.full(20, 20), 0.8, 0.6),
    "50, Zipf": (np.maximum(1, np.round(1000 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum())).astype(int), 0.8, 0.6),
    "50 x 20, weak": (np.full(50, 20), 0.2, 0.6),
}
CRITICS = ("infonce", "difference_of_entropies", "max_sliced")


def drawn(rng: np.random.Generator, sizes: np.ndarray, share: float, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``[n, 2]`` and the group of each."""
    ids, law = np.repeat(np.arange(len(sizes)), sizes), np.linalg.cholesky([[1, rho], [rho, 1]])
    shared, own = rng.normal(size=(len(sizes), 2)) @ law.T, rng.normal(size=(len(ids), 2)) @ law.T
    return np.sqrt(share) * shared[ids] + np.sqrt(1 - share) * own, ids


def thirds(rho: float) -> float:
    """I of two standard normal columns of correlation ``rho``, each cut into thirds, in nats."""
    cuts = stats.norm.ppf([1e-12, 1 / 3, 2 / 3, 1 - 1e-12])
    below = np.array(
        [[stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]) for a in cuts] for b in cuts]
    )
    p = np.diff(np.diff(below, axis=0), axis=1)
    return float((p * np.log(p / np.outer(p.sum(1), p.sum(0)))).sum())


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--replicates", type=int, default=100)
    told.add_argument("--critics", type=int, default=50)
    told.add_argument("--estimators", nargs="+", default=["ksg", "gaussian", "plugin", "sliced", "infonce"])
    said = told.parse_args()
    print("estimator               cell                  bias   truth  mean   rows  width/oracle  none  not OK  CPU s")
    for name in said.estimators:
        for cell in CELLS:
            one(name, cell, said.critics if name in CRITICS else said.replicates)


def one(name: str, cell: str, replicates: int) -> None:
    """Print one line."""
    start, (sizes, share, rho) = time.process_time(), CELLS[cell]
    truth = thirds(rho) if name == "plugin" else -0.5 * np.log1p(-rho * rho)
    found, rowwise = [], []
    for seed in range(replicates):
        both, ids = drawn(np.random.default_rng([11, seed]), sizes, share, rho)
        x, y = both[:, :1], both[:, 1:]
        if name == "plugin":
            x, y = (np.digitize(v[:, 0], stats.norm.ppf([1 / 3, 2 / 3])) for v in (x, y))
        found.append(iscope.mutual_information(x, y, name, groups=ids))
        rowwise.append(iscope.mutual_information(x, y, name, groups=np.arange(len(x))) if name not in CRITICS else None)
    values = np.array([estimate.value for estimate in found])
    stated = [estimate.interval for estimate in found if estimate.interval is not None]

    def covers(what: float, ends: list) -> str:
        return f"{100 * np.mean([low <= what <= high for low, high in ends]):5.0f}" if ends else "    –"

    rows = [estimate.interval for estimate in rowwise if estimate is not None and estimate.interval is not None]
    width = np.median([high - low for low, high in stated]) / (2 * 1.96 * values.std(ddof=1)) if stated else np.nan
    print(
        f"{name:23s} {cell:20s} {values.mean() - truth:+6.3f}  {covers(truth, stated)}  {covers(values.mean(), stated)}"
        f"  {covers(truth, rows)}  {width:12.2f}  {replicates - len(stated):4d}"
        f"  {sum(estimate.status.name != 'OK' for estimate in found):6d}  {time.process_time() - start:5.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
