"""Do two quantities move together along training? Rank correlations over epochs, seed by seed."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from infoscope.claim.findings import judged
from infoscope.claim.statistics import OverSeeds, last, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of ``x`` and ``y [..., s]`` over the last axis; 0 where one does not move."""
    a, b = (rankdata(np.broadcast_to(v, np.broadcast_shapes(x.shape, y.shape)), axis=-1) for v in (x, y))
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    size = np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return np.divide((a * b).sum(-1), size, out=np.zeros_like(size), where=size > 0)


def spearman_finding(name: str, criterion: Criterion, x: Rows, y: Rows) -> tuple[Finding, tuple[str, ...]]:
    """The mean over members of the correlation over epochs; and in words that over epochs and members together."""
    together: list[float] = []

    def over(a: np.ndarray, b: np.ndarray) -> OverSeeds:
        together.append(float(spearman(a.ravel(), b.ravel())))
        return over_seeds(last, spearman(a, b)[:, None])

    found = judged(name, criterion, over, x, y)
    return found, tuple(f"over epochs and seeds together: {value:.3f}" for value in together)
