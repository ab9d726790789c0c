"""Differences of two answers, how sure they are, and which of many are surely there.

What both answers were made from is drawn anew together: the same rows or groups, the same seeds. What is common to
both, such as rows that are hard for any network, then is no uncertainty of their difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from infoscope.core.estimate import LEVEL
from infoscope.measure.intervals.groups import LEAST, Groups, scatter


class Differing(NamedTuple):
    """By how much a second answer lies above a first one.

    interval: 95 %, or None where nothing says how sure it is; ``p`` is then None too. p: how often as much or more is
    seen where there is no difference, by Student's t. over: what is drawn anew, ``"groups"``, ``"rows"``, ``"blocks of
    rows"``, ``"seeds"`` or ``""``. drawn: how many of these. paired: whether they are the same in both.
    """

    value: float
    interval: tuple[float, float] | None = None
    p: float | None = None
    over: str = ""
    drawn: int = 0
    paired: bool = True


def over_parts(first: np.ndarray, second: np.ndarray, counts: np.ndarray, over: str = "groups") -> Differing:
    """From what parts of the rows add to two answers that are means over rows: their sums ``[G]`` and rows ``[G]``.

    The interval is that of a mean over groups (CR2, :func:`infoscope.measure.intervals.groups.scatter`); probes are
    taken as they were fitted. Fewer than ten parts give none.
    """
    there = counts > 0
    counts, gained = np.ascontiguousarray(counts[there], np.int64), (second - first)[there]
    value = float(gained.sum() / counts.sum())
    if len(counts) < LEAST:
        return Differing(value, over=over, drawn=len(counts))
    found = scatter(np.repeat(gained / counts, counts), _groups(counts.tobytes()))
    return _told(value, math.sqrt(found.variance), found.freedom, over, len(counts))


@lru_cache(maxsize=8)
def _groups(counts: bytes) -> Groups:
    """Groups of so many rows each: the same at every place of a run."""
    sizes = np.frombuffer(counts, np.int64)
    return Groups(np.repeat(np.arange(len(sizes)), sizes))


def over_seeds(first: np.ndarray, second: np.ndarray, *, paired: bool) -> Differing:
    """From answers ``[m]`` of several seeds each; ``paired``: the same seeds stand in the same places.

    Student's interval over the pairs; over seeds that are not the same, Welch's. One seed gives none.
    """
    value = float(second.mean() - first.mean())
    if min(len(first), len(second)) < 2:
        return Differing(value, over="seeds", drawn=min(len(first), len(second)), paired=paired)
    if paired:
        error, freedom = float((second - first).std(ddof=1)) / math.sqrt(len(first)), len(first) - 1.0
    else:
        parts = [float(each.var(ddof=1)) / len(each) for each in (first, second)]
        error, total = math.sqrt(sum(parts)), sum(parts) ** 2
        below = sum(part**2 / (len(each) - 1) for part, each in zip(parts, (first, second), strict=True))
        freedom = total / below if below > 0 else min(len(first), len(second)) - 1.0
    return _told(value, error, freedom, "seeds", min(len(first), len(second)), paired=paired)


def _told(value: float, error: float, freedom: float, over: str, count: int, *, paired: bool = True) -> Differing:
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    if error > 0:
        p = float(2 * stdtr(freedom, -abs(value) / error))
    else:
        p = 1.0 if value == 0 else 0.0
    return Differing(value, (value - half, value + half), p, over, count, paired)


def holm(p: Sequence[float]) -> list[float]:
    """Each ``p`` adjusted for there being several (Holm 1979): the differences at or below 5 % hold all at once, with a
    false one among them in at most 5 % of the cases, however the answers hang together.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(np.asarray(p, float)[order] * np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(adjusted, 1.0)
    return [float(f"{each:.12g}") for each in found]
