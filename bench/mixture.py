"""Mixture log-densities: 4096 centres, 16 384 queries, CPU seconds of one thread, against peers and arithmetic.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python bench/mixture.py [--json FILE] [--peers]

The limit is a matrix multiply and an ``exp`` of the same shape and precision in blocks that stay in cache, measured in
the same process. Peers (``--peers``, a minute of CPU): SciPy's ``cdist`` and ``logsumexp``, in strips of queries,
and scikit-learn's ``KernelDensity`` at ``rtol=0``, its exact answer. Ours is compared with SciPy's answer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from infoscope.measure.noise import mixture
from infoscope.measure.noise.mixture import Mixture

CENTRES, EACH, NOISE = 4096, 4, 0.1
COLUMNS = "{:>4} {:>8} | {:>8} {:>8} {:>6} | {:>8} {:>6} | {:>8} {:>6}"


def seconds(work: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        found = work()
        best = min(best, time.process_time() - start)
    return best, found


def limit(d: int, dtype: torch.dtype) -> float:
    """Multiply and exponential over every pair, of numbers in the range where ``exp`` is fast."""
    queries, centres = torch.randn(CENTRES * EACH, d, dtype=dtype) * 0.1, torch.randn(CENTRES, d, dtype=dtype) * 0.1
    room = torch.empty(256, 1024, dtype=dtype)

    def work() -> None:
        for a in range(0, len(queries), 256):
            for b in range(0, CENTRES, 1024):
                torch.mm(queries[a : a + 256], centres[b : b + 1024].T, out=room).clamp_(-50, 0).exp_()

    return seconds(work)[0]


def scipy_peer(queries: np.ndarray, centres: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist
    from scipy.special import logsumexp

    strips = np.array_split(queries, 16)
    return np.concatenate([logsumexp(-cdist(q, centres, "sqeuclidean") / (2 * NOISE**2), axis=1) for q in strips])


def sklearn_peer(queries: np.ndarray, centres: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import KernelDensity

    return KernelDensity(bandwidth=NOISE).fit(centres).score_samples(queries)


def case(d: int, single: bool, peers: bool) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    centres = np.tanh(rng.standard_normal((CENTRES, d)))
    z = NOISE * rng.standard_normal((EACH, CENTRES, d))
    mixture.ALWAYS_DOUBLE = 0 if single else 10**9
    kernel, own = Mixture(centres.astype(np.float32) if single else centres, NOISE), np.arange(CENTRES)
    kernel.around(own[:8], z[:, :8])
    ours, sums = seconds(lambda: kernel.around(own, z, threads=1))
    found: dict[str, Any] = {"d": d, "dtype": str(kernel.dtype), "ours": ours}
    found["limit"] = limit(d, torch.float32 if kernel.dtype == np.float32 else torch.float64)
    if peers and not single:
        queries = (centres + z).reshape(-1, d)
        squares = (z**2).sum(-1).reshape(-1) / (2 * NOISE**2)
        found["scipy"], answer = seconds(lambda: scipy_peer(queries, centres), 1)
        np.testing.assert_allclose(np.logaddexp(0, sums.others).reshape(-1) - squares, answer, atol=1e-8)
        found["sklearn"] = seconds(lambda: sklearn_peer(queries, centres), 1)[0]
    return found


def main() -> None:
    torch.set_num_threads(1)
    print(COLUMNS.format("d", "dtype", "ours s", "limit s", "x", "scipy s", "x", "sklearn", "x"))
    rows = []
    for single in (False, True):
        for d in (3, 10, 64, 512):
            row = case(d, single, "--peers" in sys.argv)
            rows.append(row)
            peers = [f"{v:.3g}" for p in ("scipy", "sklearn") if p in row for v in (row[p], row[p] / row["ours"])]
            ours = f"{row['ours']:.3g}", f"{row['limit']:.3g}", f"{row['ours'] / row['limit']:.3g}"
            print(COLUMNS.format(d, row["dtype"], *ours, *(peers or ["-"] * 4)), flush=True)
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
