"""Do two quantities move together along training? Rank correlations over epochs, seed by seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from infoscope.claim.part import Statistic
from infoscope.claim.reading.curves import judged
from infoscope.claim.statistics import OverSeeds, last, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.measure.geometry.class_distances import ClassDistances

DISTANCE_RATIO = ClassDistances.quantity("distance_ratio")


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of ``x`` and ``y [..., s]`` over the last axis; 0 where one does not move."""
    a, b = (rankdata(np.broadcast_to(v, np.broadcast_shapes(x.shape, y.shape)), axis=-1) for v in (x, y))
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    size = np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return np.divide((a * b).sum(-1), size, out=np.zeros_like(size), where=size > 0)


def _over_members(together: list[float]) -> Callable[[np.ndarray, np.ndarray], OverSeeds]:
    def over(a: np.ndarray, b: np.ndarray) -> OverSeeds:
        together.append(float(spearman(a.ravel(), b.ravel())))
        return over_seeds(last, spearman(a, b)[:, None])

    return over


def _found(name: str, criterion: Criterion, x: Rows, y: Rows) -> Finding:
    return judged(name, criterion, _over_members([]), x, y)


#: The mean over members of the correlation over epochs.
SPEARMAN = Statistic("Spearman correlation over epochs of {} and {}, mean over seeds,", _found)


def together_in_words(x: Rows, y: Rows) -> tuple[str, ...]:
    """The correlation over epochs and members together."""
    together: list[float] = []
    judged("", Criterion(">=", 0.0, "ratio"), _over_members(together), x, y)
    return tuple(f"over epochs and seeds together: {value:.3f}" for value in together)
