"""How the parts of a claim are read off computed rows: curves without sampling error, so findings without intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from infoscope.claim.part import Statistic
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows

#: What a published curve may differ by: the reference values are rounded to four digits.
ROUNDING_BITS = 1e-3


def exact_finding(
    name: str, criterion: Criterion, statistic: Callable[[np.ndarray, np.ndarray], float | None], rows: Rows
) -> Finding:
    """``statistic`` of (places on the axis, values) of one computed curve; missing without rows or a number."""
    if not len(rows):
        return Finding(name, criterion, None, note="not computed")
    _, places, values = rows.curves()
    value = statistic(places, values[0]) if np.isfinite(values[0]).all() else None
    if value is None:
        return Finding(name, criterion, None, note="not computed where it is wanted")
    return Finding(name, criterion, float(value))


def at(place: float) -> Callable[[np.ndarray, np.ndarray], float | None]:
    """The statistic that reads a curve at one of its places, None where it has no such place."""

    def read(places: np.ndarray, values: np.ndarray) -> float | None:
        found = np.flatnonzero(np.isclose(places, place, rtol=1e-9, atol=0.0))
        return float(values[found[0]]) if len(found) else None

    return read


def furthest_from(reference: dict[float, float]) -> Callable[[np.ndarray, np.ndarray], float | None]:
    """The largest distance to ``reference`` (value by place), None where the curve lacks one of the places."""

    def distance(places: np.ndarray, values: np.ndarray) -> float | None:
        far = 0.0
        for place, wanted in reference.items():
            value = at(place)(places, values)
            if value is None:
                return None
            far = max(far, abs(value - wanted))
        return far

    return distance


def largest_fall(_places: np.ndarray, values: np.ndarray) -> float:
    """How much a curve falls from one place to the next at most; negative where it always rises."""
    return float((values[:-1] - values[1:]).max())


def of_curve(words: str, statistic: Callable[[np.ndarray, np.ndarray], float | None]) -> Statistic:
    """``statistic`` of (places on the axis, values) of one computed curve, which has no interval."""

    def find(name: str, criterion: Criterion, rows: Rows) -> Finding:
        return exact_finding(name, criterion, statistic, rows)

    return Statistic(words, find, surely="")


def of_known(words: str, nats: Mapping[str, Mapping[float, float]], by: Literal["network", "site"]) -> Statistic:
    """The largest distance to values worked out beforehand, by place on the axis and, before it, network or site."""

    def find(name: str, criterion: Criterion, rows: Rows) -> Finding:
        known = {place: value for each in rows.unique(by) for place, value in nats[each].items()}
        return exact_finding(name, criterion, furthest_from(known), rows)

    return Statistic(words, find, surely="")


def peak_above_end(_places: np.ndarray, values: np.ndarray) -> float:
    """How far the highest point lies above the last."""
    return float(values.max() - values[-1])


LARGEST_FALL = of_curve("largest fall of {} from one point to the next", largest_fall)
