"""How the parts of a claim are read off rows: a statistic of mean curves beside its criterion, members counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from infoscope.claim.part import Statistic
from infoscope.claim.statistics import (
    OverSeeds,
    compression,
    drop,
    end_difference,
    growth,
    last,
    lowest,
    onset,
    over_seeds,
)
from infoscope.core.claim import Criterion, Finding
from infoscope.core.estimate import Status
from infoscope.core.quantity import NEVER_NEGATIVE
from infoscope.core.rows import Rows
from infoscope.core.units import shown

AT_CEILING = 0.98  # of the values of a curve that counts as being at its ceiling throughout
#: The end of a curve is the mean over so many of its last recorded points, of those in this last share of training.
END_POINTS, END_SHARE = 3, 0.25


def finding(name: str, criterion: Criterion, statistic: Callable[..., np.ndarray], *series: Rows) -> Finding:
    """``statistic`` of the mean curve of each of ``series`` against ``criterion``; missing where one has no rows.

    A member without a value at some step (it diverged, or a measurement failed) is left out, and the note counts it; it
    also says what share of the values is SATURATED, since a curve at its ceiling is no evidence of much.
    """
    return judged(name, criterion, partial(over_seeds, statistic), *series, plain=statistic)


def score_finding(name: str, criterion: Criterion, *series: Rows, weights: Sequence[float] = (1.0,)) -> Finding:
    """The compression score of a series, or the weighted sum of those of several, against ``criterion``.

    Where the curve of a single series has no room to fall, that it does not fall is no evidence: the finding is blind.
    """

    def drops(*means: np.ndarray) -> np.ndarray:
        return np.sum([w * drop(each) for w, each in zip(weights, means, strict=True)], axis=0)

    found = judged(name, criterion, partial(compression, weights=weights), *series, plain=drops)
    notes: list[str] = []
    if found.seeds == 1:
        notes.append("the drop is from the seed's own peak, which noise lifts and one seed cannot correct")
    elif 1 < found.seeds < 4:
        notes.append("peaks are chosen by one seed at a time, so the drop errs low")
    blind = _no_room(criterion, series[0]) if found.value is not None and len(series) == 1 else ""
    note = "; ".join(filter(None, (found.note, *notes, blind)))
    return dataclasses.replace(found, note=note, blind=bool(blind))


def _no_room(criterion: Criterion, rows: Rows) -> str:
    """Why no fall could be seen in the mean curve of ``rows``, in words; empty where one could."""
    if _saturated(rows) >= AT_CEILING:
        return "a curve at its ceiling throughout cannot show a fall"
    asked = criterion.threshold
    if criterion.relation == "<=" and criterion.fails_at is not None:
        asked = criterion.fails_at
    if not NEVER_NEGATIVE.issuperset(rows.unique("kind")):  # else it can fall by more than there is of it
        return ""
    curves = settled(rows)
    highest = float(curves[np.isfinite(curves).all(1)].mean(0).max())
    if highest >= asked:
        return ""
    unit = criterion.unit
    return f"the mean curve is nowhere above {shown(highest, unit)}, so it cannot fall by {shown(asked, unit)}"


def _saturated(*series: Rows) -> float:
    """The share of the values that are at their ceiling."""
    return sum(len(rows.filter(status=Status.SATURATED.name)) for rows in series) / sum(map(len, series))


def onset_finding(name: str, criterion: Criterion, rows: Rows, *, least: float) -> Finding:
    """The epoch at which the fall of the mean curve of one series sets on that is not made good by ``least``."""
    return judged(name, criterion, partial(onset, places=epochs_of(rows), least=least), rows)


def settled(rows: Rows, value: str = "value") -> np.ndarray:
    """The curves ``[members, s]`` of one series, with the end of each in place of its last points.

    One epoch may be an accident: a network that blows up in the last of 200 decides no claim. So the end is the mean
    over the last three recorded points, as far as they lie in the last quarter of training, and stands for each of them
    (in place of the last alone a curve that rises to its end would seem to fall in its last step). What is no curve
    over training stays as it is.
    """
    steps, epochs, curves = rows.curves(value)
    if set(rows.unique("axis")) == {"epoch"} and len(steps):
        late = np.flatnonzero(epochs >= (1 - END_SHARE) * epochs[-1])[-END_POINTS:]
        curves[:, late] = curves[:, late].mean(1, keepdims=True)
    return curves


def judged(
    name: str,
    criterion: Criterion,
    over: Callable[..., OverSeeds],
    *series: Rows,
    plain: Callable[..., np.ndarray] | None = None,
) -> Finding:
    """``over`` of the curves of each of ``series``, without the members that lack a value.

    plain: the same number of mean curves ``[r, s]``, one argument a series, which says how much each member moves it.
    """
    networks = tuple(dict.fromkeys(name for rows in series for name in rows.unique("network")))
    if not all(len(rows) for rows in series):
        return Finding(name, criterion, None, note="not measured", networks=networks)
    curves = [settled(rows) for rows in series]
    complete = np.all([np.isfinite(each).all(1) for each in curves], axis=0)
    notes: list[str] = []
    if not complete.all():
        notes.append(f"{(~complete).sum()} of {len(complete)} members left out: values are missing")
    saturated = _saturated(*series)
    if saturated > 0:
        notes.append(f"{saturated:.0%} of the values are at their ceiling, which a curve must leave before it can move")
    if not complete.any():
        return Finding(name, criterion, None, note="; ".join(notes), networks=networks)
    kept = [each[complete] for each in curves]
    found = over(*kept)
    if found.interval is None:
        notes.append("one seed, so no interval")
    members = np.unique(series[0].column("member"))[complete].tolist()
    moves = _moves(members, plain, kept) if plain is not None and len(members) > 1 else ()
    return Finding(name, criterion, found.value, found.interval, found.seeds, "; ".join(notes), networks, moves=moves)


def _moves(
    members: Sequence[int], plain: Callable[..., np.ndarray], curves: Sequence[np.ndarray]
) -> tuple[tuple[int, float], ...]:
    """How much each member moves ``plain`` of the mean curves: by leaving it out."""
    without = [(each.sum(0) - each) / (len(each) - 1) for each in curves]
    return tuple(zip(members, (-plain(*without)).tolist(), strict=True))


def epochs_of(rows: Rows) -> np.ndarray:
    """The recorded epochs of one series, none where there are no rows."""
    return rows.curves()[1] if len(rows) else np.empty(0)


def of_means(words: str, statistic: Callable[..., np.ndarray]) -> Statistic:
    """``statistic`` of the mean curves of the series, one argument a series: see :func:`finding`."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return finding(name, criterion, statistic, *series)

    return Statistic(words, find)


def of_means_at(words: str, made: Callable[..., Callable[..., np.ndarray]]) -> Statistic:
    """The same where the statistic hangs on recorded epochs: ``made`` is called with those of each series."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return finding(name, criterion, made(*map(epochs_of, series)), *series)

    return Statistic(words, find)


def of_onset(least: float, unit: str) -> Statistic:
    """The epoch from which a series falls for good: see :func:`infoscope.claim.statistics.sustained`."""
    words = f"epoch from which the mean curve of {{}} falls without rising by {shown(least, unit)} again"
    return Statistic(words, partial(onset_finding, least=least))


def of_drops(words: str, weights: Sequence[float]) -> Statistic:
    """The weighted sum of how far the series end below the peaks of their mean curves: see :func:`score_finding`."""
    return Statistic(words, partial(score_finding, weights=weights))


DROP = Statistic("drop of {} after the peak of its mean curve", score_finding)
LAST = of_means("{} at the end", last)
LOWEST = of_means("lowest point of the mean curve of {}", lowest)
GROWTH = of_means("growth of {} from start to end", growth)
LESS = of_means("{} at the end, first less second,", end_difference)
BETWEEN = of_means("{} less {}, at the end,", end_difference)
LESS_DROP = of_drops("drop of {} after the peak of its mean curve, first less second,", (1.0, -1.0))
