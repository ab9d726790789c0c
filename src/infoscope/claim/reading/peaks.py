"""Statistics that hang on a peak: what is read off at its step, and what depends on where it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import NamedTuple, cast

import numpy as np

from infoscope.claim.part import Statistic
from infoscope.claim.reading.curves import epochs_of, judged
from infoscope.claim.statistics import (
    SPLITS,
    OverSeeds,
    compression,
    drop,
    onset,
    over_seeds,
    peak,
    student,
    sustained,
)
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows

#: The mean curves ``[r, s]`` of every series over some of the seeds; one row a halving of the seeds.
MeanCurves = tuple[np.ndarray, ...]


class Peak(NamedTuple):
    """A step at which a mean curve may have its peak, as a position.

    lifted: how much too high the curve is there for having been chosen: its own drop less its compression score.
    """

    step: int
    lifted: float = 0.0


def held_out(statistic: Callable[[MeanCurves, MeanCurves], np.ndarray], *curves: np.ndarray) -> OverSeeds:
    """``statistic(choosing, measured)`` of ``curves [members, s]``, with an interval over seeds: values at a peak.

    statistic: maps two sets of mean curves, one curve a series, to values ``[r]``. The step of a peak is to be found in
    the first, and what is read off there in the second: the highest of many noisy points lies too high, which says
    nothing about other seeds at the same step (docs/decisions/0008).

    Half of the seeds choose and the other half are measured, both ways, and :data:`SPLITS` random halvings are
    averaged. The interval is value ± t · (root mean square of half the difference between the two ways), with the
    t-quantile at members - 1 degrees. The two ways of one halving measure different seeds, so this is the standard
    error of a single halving, that of the average being smaller; for a plain mean it is Student's interval.
    A single seed cannot be halved: it chooses for itself, and has no interval.
    """
    m = len(curves[0])
    if m < 2:
        own = tuple(each.mean(0)[None] for each in curves)
        return OverSeeds(float(statistic(own, own)[0]), None, m)
    first = np.random.default_rng(0).random((SPLITS, m)).argsort(1).argsort(1) < m // 2
    one, other = (tuple(half / half.sum(1, keepdims=True) @ each for each in curves) for half in (first, ~first))
    there, back = statistic(one, other), statistic(other, one)
    value = float((there + back).mean() / 2)
    half = student(m) * float(np.sqrt(((there - back) ** 2).mean())) / 2
    return OverSeeds(value, (value - half, value + half), m)


def at_peaks(statistic: Callable[..., np.ndarray], *curves: np.ndarray, least: float | None = None) -> OverSeeds:
    """``statistic(peaks, *means)`` of ``curves [members, s]``, with an interval over seeds: the timing of peaks.

    statistic: maps one :class:`Peak` a series and mean curves ``[r, s]``, one argument a series, to values ``[r]``.
    least: in place of the peak the onset of the fall that lasts, which no rise of that much makes good
    (:func:`infoscope.claim.statistics.sustained`).

    The value is that at the peaks of the mean curves. The interval reaches over three bootstrap intervals
    (:func:`infoscope.claim.statistics.over_seeds`) with peaks held fast: there, and at the ends of the peaks' own
    intervals (:func:`infoscope.claim.statistics.peak`) that make the statistic least and greatest.
    """
    own = tuple(own_peak(each, least) for each in curves)
    found = over_seeds(partial(statistic, own), *curves)
    if found.interval is None:
        return found
    means = [each.mean(0)[None] for each in curves]
    possible = [_possible(each, at, least) for each, at in zip(curves, own, strict=True)]
    values = {peaks: float(statistic(peaks, *means)[0]) for peaks in product(*possible)}
    ends = {min(values, key=values.__getitem__), max(values, key=values.__getitem__)} - {own}
    reached = [found.interval, *(over_seeds(partial(statistic, peaks), *curves).interval for peaks in ends)]
    lows, highs = zip(*(each for each in reached if each), strict=True)
    return OverSeeds(found.value, (min(lows), max(highs)), found.seeds)


def own_peak(curves: np.ndarray, least: float | None = None) -> Peak:
    """The peak of the mean of ``curves [members, s]``; least: the onset of its lasting fall."""
    mean = curves.mean(0)
    if least is not None:
        return Peak(sustained(mean, least))
    return Peak(int(mean.argmax()), float(drop(mean)) - compression(curves).value)


def _possible(curves: np.ndarray, own: Peak, least: float | None) -> list[Peak]:
    """The peak of the mean curve, or the onset, and the first and last step where it may be instead."""
    places = cast(np.ndarray, np.arange(curves.shape[1]))
    ends = (peak(curves, places) if least is None else onset(curves, places, least)).interval or ()
    return [own, *(Peak(int(step)) for step in ends if int(step) != own.step)]


def at_step(curve: np.ndarray, step: np.ndarray) -> np.ndarray:
    """``curve [r, s]`` at each row's own position ``step [r]``."""
    return np.take_along_axis(curve, step[:, None], 1)[:, 0]


def held_out_finding(
    name: str, criterion: Criterion, statistic: Callable[[MeanCurves, MeanCurves], np.ndarray], *series: Rows
) -> Finding:
    """``statistic(choosing, measured)`` of the mean curves of ``series``, by :func:`held_out`."""

    def plain(*means: np.ndarray) -> np.ndarray:
        return statistic(means, means)

    return judged(name, criterion, partial(held_out, statistic), *series, plain=plain)


def timing_finding(
    name: str,
    criterion: Criterion,
    statistic: Callable[..., np.ndarray],
    *series: Rows,
    least: float | None = None,
) -> Finding:
    """``statistic(peaks, *means)`` of the mean curves of ``series``, by :func:`at_peaks`."""

    def plain(*means: np.ndarray) -> np.ndarray:
        peaks = [each.mean(0) for each in means]
        return statistic(
            [Peak(int(each.argmax()) if least is None else sustained(each, least)) for each in peaks], *means
        )

    return judged(name, criterion, partial(at_peaks, statistic, least=least), *series, plain=plain)


def rise_finding(name: str, criterion: Criterion, rows: Rows) -> Finding:
    """How far the peak of the mean curve of ``rows`` lies above its start: the compression score, read backwards."""

    def backwards(curves: np.ndarray) -> OverSeeds:
        return compression(curves[:, ::-1])

    def plain(means: np.ndarray) -> np.ndarray:
        return means.max(-1) - means[:, 0]

    return judged(name, criterion, backwards, rows, plain=plain)


def end_over_peak(choosing: MeanCurves, measured: MeanCurves) -> np.ndarray:
    """The end of the one series over its value at the peak."""
    return measured[0][:, -1] / at_step(measured[0], choosing[0].argmax(-1))


def end_over_lowest(choosing: MeanCurves, measured: MeanCurves) -> np.ndarray:
    """The end of the one series over its value at the lowest point."""
    return measured[0][:, -1] / at_step(measured[0], choosing[0].argmin(-1))


def of_held_out(words: str, statistic: Callable[[MeanCurves, MeanCurves], np.ndarray]) -> Statistic:
    """What is read at a peak that other seeds chose: see :func:`held_out`."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return held_out_finding(name, criterion, statistic, *series)

    return Statistic(words, find)


def of_held_out_at(words: str, made: Callable[..., Callable[[MeanCurves, MeanCurves], np.ndarray]]) -> Statistic:
    """The same where the statistic hangs on recorded epochs: ``made`` is called with those of each series."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return held_out_finding(name, criterion, made(*map(epochs_of, series)), *series)

    return Statistic(words, find)


def of_timing(words: str, made: Callable[..., Callable[..., np.ndarray]], least: float | None = None) -> Statistic:
    """What hangs on the epochs of peaks: see :func:`at_peaks`. ``made``: called with the epochs of each series."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return timing_finding(name, criterion, made(*map(epochs_of, series)), *series, least=least)

    return Statistic(words, find)


RISE = Statistic("peak of the mean curve of {} above its start", rise_finding)
END_OVER_PEAK = of_held_out("{} at the end over its peak", end_over_peak)
END_OVER_LOWEST = of_held_out("{} at the end over its minimum", end_over_lowest)
