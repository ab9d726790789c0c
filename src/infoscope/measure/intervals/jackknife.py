"""Answers about rows in groups: intervals that count groups, and what an answer owes to rows that repeat."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.shapes import Indices, Matrix, NumpyRows
from infoscope.measure.intervals import groups as of_groups
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.uncertainties import JACKKNIFE
from infoscope.measure.symbols import quantise as q

PARTS = 20  # of whole groups, each left out once
#: From this share of rows that repeat another on, they can make an answer.
REPEATED = 0.05
#: The share of the rows that repeat which may have another y than the equal ones, for these to be copies of one sample.
OTHERWISE = 0.05
#: From this product of the correlations of x and of y with themselves a row later on, they are two series.
BOTH = 0.1
_ORDERED: ContextVar[bool] = ContextVar("ordered", default=False)


def parts_of(groups: Groups) -> Groups:
    """At most 20 parts of nearly equal size, each of whole groups."""
    part = np.empty(len(groups.ids), np.int64)
    for number, rows in enumerate(groups.deal(min(PARTS, groups.count), 0)):
        part[rows] = number
    return Groups(part)


def jackknifed(estimate: Estimate, again: Callable[[np.ndarray], Estimate], groups: Groups) -> Estimate:
    """``estimate`` with the bias and the interval that leaving out parts of ``groups`` gives.

    again: the estimate from some of the rows. What independent rows would bias is corrected already; that rows of a
    group are alike biases as much as if there were fewer rows, which the jackknife takes off (Quenouille 1956).
    """
    if estimate.interval is None or estimate.level == 1.0 or groups.count < of_groups.LEAST:
        return estimate
    parts = parts_of(groups)
    try:
        without = np.array([again(np.flatnonzero(parts.ids != part)).value for part in range(parts.count)])
    except InputError as error:
        note = f"without some of the groups there is no answer: {error}"
        return estimate.without_interval().doubted(Doubt(Status.UNDERSAMPLED, note))
    mean, scatter = of_groups.left_out(without, parts)
    bias = (parts.count - 1) * (mean - estimate.value)
    value, half = estimate.value - bias, scatter.half()
    if abs(bias) > half and estimate.status is Status.OK:
        estimate = estimate.doubted(Doubt(Status.UNDERSAMPLED, f"the bias taken off for groups is {bias:.3g} nats"))
    return dataclasses.replace(estimate, value=value).within((value - half, value + half), JACKKNIFE)


@contextmanager
def in_order() -> Iterator[None]:
    """Inside, the order of rows is that in which a person passed them, and is looked at.

    Along a trajectory it is not: the rows of an enumerated task, say, stand in an order that is no time.
    """
    before = _ORDERED.set(True)
    try:
        yield
    finally:
        _ORDERED.reset(before)


def followed(
    estimate: Estimate, contributions: np.ndarray, y: np.ndarray | None, columns: Sequence[Any] = ()
) -> Estimate:
    """``estimate``, told where rows that follow each other contribute alike, so that its interval is too narrow.

    contributions: ``[n]``, in the order of the rows. y: labels ``[n]``, columns: real variables ``[n, d]``, x first.
    Rows that are sorted by a column are no series: what they contribute changes with that column.
    """
    looked_at = _ORDERED.get() and estimate.interval is not None
    r = of_groups.serial(contributions, y) if looked_at else None
    if r is None or any(_sorted(v) for v in columns):
        return estimate
    narrow = of_groups.too_narrow(r, contributions, y) or _both_serial(y, columns)
    return estimate.doubted(Doubt(Status.UNDERSAMPLED if narrow else Status.OK, of_groups.alike(r)))


def _both_serial(y: np.ndarray | None, columns: Sequence[Any]) -> bool:
    """Whether x and y both follow themselves, so that r(x) r(y) > .1: what neighbours say of two such series is biased
    too, and each row's contribution hides the correlation in its noise."""
    both = [] if y is None else [_after_itself((y[:, None] == np.arange(y.max() + 1)).astype(np.float64), None)]
    both += [_after_itself(check.on_cpu(v).astype(np.float64), y) for v in columns]
    return len(both) > 1 and min(both[:2]) > 0 and both[0] * both[1] > BOTH


def _after_itself(columns: np.ndarray, y: np.ndarray | None) -> float:
    """The mean correlation of the columns with themselves a row later, each about its mean (of its class)."""
    if y is None:
        c = columns - columns.mean(axis=0)
    else:
        sums = np.zeros((int(y.max()) + 1, columns.shape[1]))
        np.add.at(sums, y, columns)
        c = columns - (sums / np.maximum(np.bincount(y), 1)[:, None])[y]
    sizes = (c * c).sum(axis=0)
    kept = sizes > 0
    return float(((c[:-1] * c[1:]).sum(axis=0)[kept] / sizes[kept]).mean()) if kept.any() else 0.0


def _sorted(columns: Any) -> bool:
    """Whether the rows come in the order of a column that is not constant."""
    before, after = (check.on_cpu(columns)[some] for some in (slice(-1), slice(1, None)))
    one_way = (after >= before).all(axis=0) | (after <= before).all(axis=0)
    return bool((one_way & (after != before).any(axis=0)).any())


def settled(
    estimate: Estimate,
    contributions: np.ndarray,
    values: tuple[Any, ...],
    groups: Groups | None,
    again: Callable[..., Estimate],
) -> Estimate:
    """``estimate`` of ``values``, arguments of ``again``: about rows in order, or with groups left out in turn."""
    if groups is not None:
        return jackknifed(estimate, lambda rows: again(*(value[rows] for value in values)), groups)
    labels = next((value for value in values if value.ndim == 1), None)
    return followed(estimate, contributions, labels, [value for value in values if value.ndim == 2])


def stated(estimate: Estimate, groups: Groups, y: np.ndarray | None, claims: bool) -> Estimate:
    """``estimate`` saying how many groups there are, without interval where they leave none.

    y: labels ``[n]``, where there are any. claims: whether it speaks of other draws of groups at all.
    """
    if estimate.groups is not None:  # it has said so itself
        return estimate
    estimate = dataclasses.replace(estimate, groups=groups.count)
    if not claims or estimate.status is Status.DEGENERATE:
        return estimate
    if groups.count == len(groups.ids):
        return dataclasses.replace(estimate, resampled="groups") if estimate.resampled == "rows" else estimate
    refused, remarks = of_groups.interval_doubts(groups, y)
    if refused is not None:
        return estimate.without_interval().doubted(refused)
    return estimate.doubted(*remarks) if estimate.interval else estimate


def copies(x: NumpyRows, others: tuple[Any, ...]) -> Groups | None:
    """The rows of ``x [n, d]`` by their value, where they look like samples that are there several times; else None.

    They do where one row in twenty repeats another, at least ten values and more than two a class are there several
    times, and the other variables (labels ``[n]`` or rows ``[n, e]``) are as equal as the rows are. Fewer values are
    symbols. So are rows that meet with several values of y: copies of a sample bring its y with them.
    """
    if q.plainly_different(x):
        return None
    ids, counts, _ = _distinct(x)
    n, classes = len(ids), max((int(v.max()) + 1 for v in others if v.ndim == 1), default=0)
    several = int((counts > 1).sum())
    if len(counts) > (1 - REPEATED) * n or several < of_groups.LEAST or several <= 2 * classes:
        return None
    joint = ids
    for other in others:
        joint = q.group(q.joint(joint, _distinct(other)[0]))[0]
    alike = np.bincount(joint)[joint] == counts[ids]
    repeats = counts[ids] > 1
    return Groups(check.names(ids, n)) if alike[repeats].mean() >= 1 - OTHERWISE else None


def one_of_each(values: Sequence[Any], groups: Groups) -> np.ndarray:
    """The rows without further copies: of rows that are equal in all ``values`` and in one group alone, the first.

    Copies of one sample lie at one distance from every other row, so that its copies would be counted for neighbours.
    A row that several groups have is a symbol, and stays as often as it is there.
    """
    ids = np.zeros(len(groups.ids), np.int64)
    for value in values:
        if value.ndim == 1 or value.shape[1]:
            ids = q.group(q.joint(ids, _distinct(value)[0]))[0]
    firsts = q.group(ids.astype(np.uint64))[2]
    kept = groups.holding(ids)[ids] > 1
    kept[firsts] = True
    return np.flatnonzero(kept)


def _distinct(values: Matrix | Indices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids ``[n]`` of equal labels or rows, how many there are of each, and the first of each."""
    if check.is_tensor(values) and values.ndim == 2:
        return q.group(q.exact_keys(values))
    rows = check.on_cpu(values)
    if rows.ndim == 1:
        return q.group(rows.astype(np.uint64))
    return q.group(q.exact_keys(rows if rows.dtype == np.float32 else np.asarray(rows, np.float64)))


def ends(estimate: Estimate) -> tuple[float, float]:
    """The interval of ``estimate``; its value alone where there is none."""
    return estimate.interval or (estimate.value, estimate.value)


def overlap(one: Estimate, other: Estimate) -> bool:
    """Whether the intervals of two answers have a value in common."""
    (low, high), (least, most) = ends(one), ends(other)
    return low <= most and least <= high


def beside_copies(estimate: Estimate, kept: Estimate, groups: Groups) -> Estimate:
    """``estimate``, or UNRESOLVED where it and ``kept``, with equal rows as one, disagree beyond their intervals.

    They also do where one of the intervals holds 0 and the other does not.
    """
    (low, high), (least, most) = ends(estimate), ends(kept)
    if overlap(estimate, kept) and (low > 0) == (least > 0):
        return estimate
    note = (
        f"only {groups.count} of the {estimate.n} rows differ: each counted as a sample of its own it is "
        f"{estimate.value:.3g} nats [{low:.3g}, {high:.3g}], with equal rows kept together {kept.value:.3g} "
        f"nats [{least:.3g}, {most:.3g}]; pass groups= to say which rows are one sample"
    )
    return estimate.doubted(Doubt(Status.UNRESOLVED, note))
