"""Intervals over seeds for what the claims are about: an ensemble's mean curve, how far it falls, where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

from infoscope.core.estimate import LEVEL

RESAMPLES = 4000
SPLITS = 200


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
    value = float(statistic(*(each.mean(0)[None] for each in curves))[0])
    if len(curves[0]) < 2:
        return OverSeeds(value, None, 1)
    half, _ = _bootstrap(statistic, *curves)
    return OverSeeds(value, (value - half, value + half), len(curves[0]))


def _bootstrap(statistic: Callable[..., np.ndarray], *curves: np.ndarray) -> tuple[float, float]:
    """Half the width of the interval of :func:`over_seeds`, and the mean over resamplings."""
    m = len(curves[0])
    counts = np.random.default_rng(0).multinomial(m, np.full(m, 1 / m), RESAMPLES)
    resampled = statistic(*(counts @ each / m for each in curves))
    return float(student(m) * np.sqrt(m / (m - 1)) * resampled.std()), float(resampled.mean())


def student(members: int) -> float:
    return float(stdtrit(members - 1, (1 + LEVEL) / 2))


def compression(*curves: np.ndarray, weights: Sequence[float] | np.ndarray = (1.0,)) -> OverSeeds:
    """The compression score: how far the mean of ``curves [members, s]`` ends below its peak, in the curves' unit.

    With several series, the sum of their scores times ``weights``: ``(1, -1)`` is how much more the first falls.

    The highest of many noisy points lies too high, so the drop from the sample's own peak is biased upwards: a flat
    noisy curve would seem to fall. Here half of the seeds choose the step of the peak and the other half are measured
    there, both ways, and :data:`SPLITS` random halvings are averaged (cross-fitting). That has no bias where nothing
    falls, and errs low where the peak is hard to find; a curve that still rises may score a little below 0.

    The interval reaches over two: Student's for the cross-fitted value, with the variance over seeds of a single
    halving (that of their average could only be smaller), and the bootstrap's around the sample's own drop less the
    bias that the bootstrap finds, which errs high. The coverage is measured in docs/decisions/0008.
    A single seed cannot be halved: its value is its own drop, uncorrected and without an interval.
    """

    def drops(*means: np.ndarray) -> np.ndarray:
        return np.sum([w * drop(each) for w, each in zip(weights, means, strict=True)], axis=0)

    m = len(curves[0])
    own = float(drops(*(each.mean(0)[None] for each in curves))[0])
    if m < 2:
        return OverSeeds(own, None, m)
    first = np.random.default_rng(0).random((SPLITS, m)).argsort(1).argsort(1) < m // 2
    held_out = sum(w * _cross_fitted(each, first) for w, each in zip(weights, curves, strict=True))
    value = float(np.mean(held_out))
    half = student(m) * float(np.sqrt(np.var(held_out, axis=1, ddof=1).mean() / m))
    own_half, resampled = _bootstrap(drops, *curves)
    corrected = 2 * own - resampled
    return OverSeeds(value, (min(value - half, corrected - own_half), max(value + half, corrected + own_half)), m)


def _cross_fitted(curves: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Each seed's fall from the peak that the other half chose to the end ``[splits, members]``; ``first``: a half."""
    falls = curves - curves[:, -1:]
    out = np.empty(first.shape)
    for chooses in (first, ~first):
        peaks = (chooses / chooses.sum(1, keepdims=True) @ curves).argmax(1)
        # numpy says nothing of the type of a transpose
        out = np.where(chooses, out, falls[:, peaks].T)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return out


def peak(curves: np.ndarray, places: np.ndarray) -> OverSeeds:
    """Where on ``places [s]`` the mean of ``curves [members, s]`` has its peak.

    The interval runs from the first to the last place whose mean is not below the highest by more than Student's t
    times the standard error of that difference, seed by seed. (Resampled peaks would look much surer of a peak
    than they are when the curve is flat around it: docs/decisions/0008.)
    """
    m, at = len(curves), int(curves.mean(0).argmax())
    if m < 2:
        return OverSeeds(float(places[at]), None, m)
    below = curves[:, at : at + 1] - curves
    rounding = 1e-12 * np.abs(curves).max()
    alike = below.mean(0) <= student(m) * below.std(0, ddof=1) / np.sqrt(m) + rounding
    return OverSeeds(float(places[at]), (float(places[alike].min()), float(places[alike].max())), m)


def sustained(curve: np.ndarray, least: float) -> int:
    """The position in ``curve [s]`` from which its last fall sets on that is not made good.

    That is the highest point behind the last one from which the curve still rises by ``least``: of two humps with a
    trough that deep between them the later one, of humps with a shallower one the higher. A curve that rises to its end
    has its onset there.
    """
    highest = np.maximum.accumulate(curve[::-1])[::-1]
    rises = np.flatnonzero(highest - curve >= least)
    start = int(rises[-1]) if len(rises) else 0
    return start + int(curve[start:].argmax())


def onset(curves: np.ndarray, places: np.ndarray, least: float) -> OverSeeds:
    """Where on ``places [s]`` the fall of the mean of ``curves [members, s]`` sets on that lasts: :func:`sustained`.

    The interval reaches over two: the central 95 % of the onsets of resampled seeds, which differ where it hangs on a
    trough, and :func:`peak`'s around the later hump, which is wide where that is flat.
    """
    m, mean = len(curves), curves.mean(0)
    at = sustained(mean, least)
    if m < 2:
        return OverSeeds(float(places[at]), None, m)
    counts = np.random.default_rng(0).multinomial(m, np.full(m, 1 / m), RESAMPLES)
    resampled = places[[sustained(each, least) for each in counts @ curves / m]]
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    rises = np.flatnonzero(mean[: at + 1] <= mean[at] - least)
    start = int(rises[-1]) if len(rises) else 0
    around = peak(curves[:, start:], places[start:]).interval or (low, high)
    return OverSeeds(float(places[at]), (min(float(low), around[0]), max(float(high), around[1])), m)


def drop(curve: np.ndarray) -> np.ndarray:
    """How far a curve ends below its peak, in the curve's unit; of a noisy mean too high (see :func:`compression`)."""
    return curve.max(-1) - curve[..., -1]


def last(curve: np.ndarray) -> np.ndarray:
    """Where a curve ends."""
    return curve[..., -1]


def end_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far the first curve ends above the second."""
    return last(first) - last(second)


def growth(curve: np.ndarray) -> np.ndarray:
    """How far a curve ends above its start."""
    return curve[..., -1] - curve[..., 0]


def lowest(curve: np.ndarray) -> np.ndarray:
    """The lowest point of a curve."""
    return curve.min(-1)
