"""X, Y or Z as the neighbour estimators look at them: columns brought to one width, and rows that are points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri

from infoscope.core import check
from infoscope.core.shapes import AnyArray, AnyRows, Labels
from infoscope.kernels.ranks import ranks
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours.search import label_block
from infoscope.measure.symbols import quantise as q

#: A standard deviation this many times a column's width is made by few rows. A Gaussian pair keeps its information to
#: within a standard error when one column is shrunk by 3 (rho up to .99, n = 500 and 2000), and loses it from
#: 4 to 6 on.
WIDE = 3.0
#: From so many different values on a column has a width: that of the middle 80 % of them, 1 for Gaussian ones.
LEAST, TAIL, MIDDLE = 20, 0.1, 2 * float(ndtri(0.9))
#: Where few of many different values make the standard deviation, the mean distance from the mean is at most .76 of it:
#: two points a side, 10 % of the rows far and 40 % within the middle's width each. Gaussian columns have .80.
NEAR = 0.76


def _varying(t: AnyArray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of ``t [n, d]`` that are not constant, each one row ``[c, n]`` in float64; least and greatest of each
    ``[2, c]``.
    """
    columns = np.ascontiguousarray(np.asarray(check.on_cpu(t), np.float64).T)  # sums hang on how numbers lie in memory
    ends = np.stack([columns.min(axis=1), columns.max(axis=1)])
    varies = ends[1] > ends[0]
    return (columns, ends) if varies.all() else (columns[varies], ends[:, varies])


def standardised(t: AnyArray) -> np.ndarray:
    """The columns of ``t [n, d]`` that vary, each with mean 0 and standard deviation 1, in float64."""
    return np.ascontiguousarray(_scaled(*_varying(t)).T)


def _scaled(columns: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """``columns [c, n]`` between ``ends [2, c]``, all of which vary, with mean 0 and standard deviation 1."""
    # Powers of two bring every column near 1 without rounding, so that its squares neither overflow nor vanish.
    power = -np.frexp(np.abs(ends).max(axis=0))[1]
    centred = np.ldexp(columns, power[:, None])
    means = centred.mean(axis=1)
    centred -= means[:, None]
    largest = np.abs(np.ldexp(ends, power) - means).max(axis=0)  # of what is centred now: rounding keeps an order
    centred *= np.ldexp(1.0, -np.frexp(largest)[1])[:, None]
    centred /= centred.std(axis=1)[:, None]
    return centred


def normal_scores(column: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of ``column [n]``, equal values at their mean rank."""
    return ndtri((ranks(column) - 0.5) / len(column))


def _wide(columns: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """How many times its width the standard deviation of each of ``columns [c, n]`` is; 0 where plainly no few rows
    make it.

    The width is that of its different values, so that neither a value that repeats nor a sentinel has any say in it.
    ``scaled``: the columns in units of their standard deviations.
    """
    low, high = scaled.min(axis=1, keepdims=True), scaled.max(axis=1, keepdims=True)
    several = np.maximum(np.count_nonzero(scaled == low, axis=1), np.count_nonzero(scaled == high, axis=1)) > 1
    wide = np.zeros(len(columns))
    for c in np.flatnonzero(several | (np.abs(scaled).mean(axis=1) <= NEAR)):
        seen = np.unique(columns[c]) / 2  # halved, since the range of doubles is not one of them
        if len(seen) >= LEAST:
            tail = int(TAIL * len(seen))
            with np.errstate(over="ignore"):
                times = (seen[-1] - seen[0]) / (seen[-1 - tail] - seen[tail])
                wide[c] = MIDDLE * (times / (high[c, 0] - low[c, 0]))
    return wide


def even(t: AnyArray) -> tuple[np.ndarray, tuple[float, ...]]:
    """:func:`standardised`, but with :func:`normal_scores` of columns whose standard deviation few rows make.

    Those rows (an outlier, a code for missing values, a heavy tail) would press all others together. Also returns how
    many times its width the standard deviation of each such column is.
    """
    given, ends = _varying(t)
    columns = _scaled(given, ends)
    wide = _wide(given, columns)
    for c in np.flatnonzero(wide > WIDE):
        columns[c] = normal_scores(given[c])
    return np.ascontiguousarray(columns.T), tuple(wide[wide > WIDE].tolist())


def atoms(t: np.ndarray, least: float) -> np.ndarray:
    """Ids ``[n]`` from 1 of the rows that are there at least ``least`` times each, 0 for all others."""
    if t.shape[1] == 0:
        return np.zeros(len(t), np.int64)
    ids, counts, _ = q.group(q.exact_keys(t))
    often = counts >= least
    return np.where(often, np.cumsum(often), 0)[ids]


@dataclass(frozen=True)
class Marginal:
    """X, Y or Z: columns of one width ``[n, d]`` (none for labels) and groups ``[n]`` out of each other's reach.

    scored: how many times its width the standard deviation of each column is whose normal scores are taken.
    """

    columns: np.ndarray
    groups: np.ndarray
    device: Any = None
    scored: tuple[float, ...] = ()

    @classmethod
    def of(cls, values: AnyRows | Labels, *, split_above: float = math.inf, normal: bool = False) -> Marginal:
        """From labels ``[n]`` or rows ``[n, d]``.

        split_above: a row that is there at least so many times is a group of its own. normal: normal scores of the
        ranks of each column in place of the column.
        """
        if isinstance(values, np.ndarray) and values.ndim == 1:
            return cls(np.zeros((len(values), 0)), values)
        if normal:
            scores = [normal_scores(column) for column in _varying(values)[0]]
            columns, scored = np.array(scores).reshape(-1, len(values)).T.copy(), ()
        else:
            columns, scored = even(values)
        groups = atoms(columns, split_above) if split_above <= len(columns) else np.zeros(len(columns), np.int64)
        return cls(columns, groups, values.device if check.is_tensor(values) else None, scored)

    def classes(self, groups: Groups) -> np.ndarray:
        """The groups of the marginal; but a row that repeats within one of ``groups`` alone is no group of its own."""
        if self.columns.shape[1] == 0:
            return self.groups
        return np.where(groups.holding(self.groups)[self.groups] > 1, self.groups, 0)

    @property
    def varies(self) -> bool:
        return self.columns.shape[1] > 0 or (self.split and len(np.unique(self.groups)) > 1)

    @cached_property
    def split(self) -> bool:
        """Whether some rows are out of each other's reach."""
        return bool(self.groups.any())

    def spread(self, rows: np.ndarray) -> np.ndarray:
        """Which of ``rows`` are real numbers here, and not a label or a row that repeats."""
        return self.groups[rows] == 0 if self.columns.shape[1] else np.zeros(len(rows), np.bool_)

    def notes(self, name: str) -> tuple[str, ...]:
        """What was done to the columns of ``name``, in words."""
        if not self.scored:
            return ()
        d = self.columns.shape[1]
        which = name if d == 1 else f"{len(self.scored)} of the {d} columns of {name}"
        return (
            f"a few rows make the standard deviation of {which} {max(self.scored):.2g} times the width of the rest: "
            "normal scores of the ranks took its place, which leaves the information as it is",
        )

    def block(self, rows: np.ndarray) -> np.ndarray:
        """Of ``rows``, ascending, the marginal as a block of columns for the search; not to be written to."""
        columns = self.columns if len(rows) == len(self.columns) else np.take(self.columns, rows, axis=0)
        if not self.split:
            return columns
        groups = self.groups[rows]
        return np.column_stack([columns, label_block(groups)]) if groups.any() else columns
