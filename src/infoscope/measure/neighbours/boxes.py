"""How thin and slanted the neighbourhood of each row is (Gao, Ver Steeg & Galstyan 2015, section 3)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

DRAWS, TAIL = 5000, 0.005  # how alpha is told from uniform points: this quantile of the ratio of volumes
THINNEST = 1e-12  # standardised rows are never thinner than this, which is rounding
AT_ONCE = 2**22  # numbers


def log_shares(points: np.ndarray, of: np.ndarray, nearest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln of the volume of the box along the principal axes of the ``nearest [n, k]`` rows over that of the upright box.

    of: ``[n]``, around which of the ``points [m, d]``. Both boxes are centred at the row and reach its farthest
    neighbour along each axis. Also returns which rows have a box without thickness.
    """
    n, d, k = len(of), points.shape[1], nearest.shape[1]
    logs, flat, step = np.empty(n), np.empty(n, np.bool_), max(1, AT_ONCE // (k * d))
    for begin in range(0, n, step):
        rows = slice(begin, begin + step)
        logs[rows], flat[rows] = _log_shares(points[nearest[rows]] - points[of[rows], None])
    return logs, flat


def _log_shares(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    axes = np.linalg.eigh(np.swapaxes(offsets, 1, 2) @ offsets)[1]
    slanted, upright = (np.abs(box).max(axis=1) for box in (offsets @ axes, offsets))
    logs = np.log(np.maximum(slanted, THINNEST)).sum(axis=1) - np.log(np.maximum(upright, THINNEST)).sum(axis=1)
    return logs, (slanted <= THINNEST).any(axis=1)


@lru_cache(maxsize=64)
def uniform_share(k: int, d: int) -> float:
    """The ratio below which one set in 200 of ``k`` uniform points in ``d`` columns falls, 1 at most."""
    points = np.random.default_rng(0).uniform(-1, 1, (DRAWS, k, d))
    return min(1.0, float(np.exp(np.quantile(_log_shares(points)[0], TAIL))))
