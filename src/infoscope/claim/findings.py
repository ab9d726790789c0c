"""How the parts of a claim are read off rows: a statistic of mean curves beside its criterion, members counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from infoscope.claim.statistics import OverSeeds, compression, over_seeds, peak
from infoscope.core.claim import Criterion, Finding
from infoscope.core.estimate import Status
from infoscope.core.rows import Rows


def finding(name: str, criterion: Criterion, statistic: Callable[..., np.ndarray], *series: Rows) -> Finding:
    """``statistic`` of the mean curve of each of ``series`` against ``criterion``; missing where one has no rows.

    A member without a value at some step (it diverged, or a measurement failed) is left out, and the note counts it; it
    also says what share of the values is SATURATED, since a curve at its ceiling is no evidence of much.
    """
    return judged(name, criterion, partial(over_seeds, statistic), *series)


def score_finding(name: str, criterion: Criterion, *series: Rows, weights: Sequence[float] = (1.0,)) -> Finding:
    """The compression score of a series, or the weighted sum of those of several, against ``criterion``."""
    found = judged(name, criterion, partial(compression, weights=weights), *series)
    if found.seeds == 1:
        note = "the drop is from the seed's own peak, which noise lifts and one seed cannot correct"
    elif 1 < found.seeds < 4:
        note = "peaks are chosen by one seed at a time, so the drop errs low"
    else:
        return found
    return dataclasses.replace(found, note="; ".join(filter(None, (found.note, note))))


def peak_finding(name: str, criterion: Criterion, rows: Rows) -> Finding:
    """The epoch at which the mean curve of one series has its peak."""
    return judged(name, criterion, partial(peak, places=epochs_of(rows)), rows)


def judged(name: str, criterion: Criterion, over: Callable[..., OverSeeds], *series: Rows) -> Finding:
    """``over`` of the curves of each of ``series``, without the members that lack a value."""
    if not all(len(rows) for rows in series):
        return Finding(name, criterion, None, note="not measured")
    curves = [rows.curves()[2] for rows in series]
    complete = np.all([np.isfinite(each).all(1) for each in curves], axis=0)
    notes = []
    if not complete.all():
        notes.append(f"{(~complete).sum()} of {len(complete)} members left out: values are missing")
    saturated = sum(len(rows.filter(status=Status.SATURATED.name)) for rows in series) / sum(map(len, series))
    if saturated > 0:
        notes.append(f"{saturated:.0%} of the values are at their ceiling, which a curve must leave before it can move")
    if not complete.any():
        return Finding(name, criterion, None, note="; ".join(notes))
    found = over(*(each[complete] for each in curves))
    if found.interval is None:
        notes.append("one seed, so no interval")
    return Finding(name, criterion, found.value, found.interval, found.seeds, "; ".join(notes))


def until(rows: Rows, epoch: float) -> Rows:
    """The rows up to and including ``epoch``."""
    steps = rows.column("step")[rows.column("epoch") <= epoch]
    return rows.filter(step=set(steps.tolist()))


def epochs_of(rows: Rows) -> np.ndarray:
    """The recorded epochs of one series, none where there are no rows."""
    return rows.curves()[1] if len(rows) else np.empty(0)
