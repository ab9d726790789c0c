"""Intervals over seeds for what the claims are about: the mean curve of an ensemble and where it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95
RESAMPLES = 4000


class OverSeeds(NamedTuple):
    """A statistic of the mean curve with its interval over seeds; no interval with a single seed."""

    value: float
    interval: tuple[float, float] | None
    seeds: int


def over_seeds(statistic: Callable[..., np.ndarray], *curves: np.ndarray) -> OverSeeds:
    """``statistic`` of the mean of each of ``curves [members, s]``, with a bootstrap interval over the members.

    statistic: maps mean curves ``[r, s]``, one row a resampling and one argument a series, to values ``[r]``. Series
    are resampled together: a member counts as often in one as in the other.

    The interval is value ± t · sqrt(m / (m - 1)) · (standard deviation over resamplings), with the t-quantile at m - 1
    degrees: for a plain mean that is Student's interval. (Percentiles of a bootstrap never leave the range of the
    sample and cover 87 % at four seeds.) The resampling itself is seeded.
    """
    members = len(curves[0])
    value = float(statistic(*(each.mean(0)[None] for each in curves))[0])
    if members < 2:
        return OverSeeds(value, None, members)
    counts = np.random.default_rng(0).multinomial(members, np.full(members, 1 / members), RESAMPLES)
    resampled = statistic(*(counts @ each / members for each in curves))
    half = float(stdtrit(members - 1, (1 + LEVEL) / 2) * np.sqrt(members / (members - 1)) * resampled.std())
    return OverSeeds(value, (value - half, value + half), members)


def drop(curve: np.ndarray) -> np.ndarray:
    """How far a curve ends below its peak, which is what the papers call compression; in the curve's unit."""
    return curve.max(-1) - curve[..., -1]


def peak_epoch(epochs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The statistic that gives the epoch of a curve's peak."""
    return lambda curve: epochs[curve.argmax(-1)].astype(float)


def last(curve: np.ndarray) -> np.ndarray:
    """Where a curve ends."""
    return curve[..., -1]


def growth(curve: np.ndarray) -> np.ndarray:
    """How far a curve ends above its start."""
    return curve[..., -1] - curve[..., 0]


def lowest(curve: np.ndarray) -> np.ndarray:
    """The lowest point of a curve."""
    return curve.min(-1)
