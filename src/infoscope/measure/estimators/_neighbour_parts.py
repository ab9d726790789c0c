"""X, Y or Z as the neighbour estimators look at them: columns brought to one width, and rows that are points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from infoscope.core import check
from infoscope.measure import quantise as q
from infoscope.measure.groups import Groups
from infoscope.measure.neighbours import label_block


def standardised(t: Any) -> np.ndarray:
    """The columns of ``t [n, d]`` that vary, each with mean 0 and standard deviation 1, in float64."""
    t = np.asarray(check.on_cpu(t), np.float64)
    low, high = t.min(axis=0), t.max(axis=0)
    varies = high > low
    # Powers of two bring every column near 1 without rounding, so that its squares neither overflow nor vanish.
    power = np.frexp(np.maximum(np.abs(low), np.abs(high))[varies])[1]
    centred = np.ldexp(t[:, varies], -power)
    centred -= centred.mean(axis=0)
    centred /= np.ldexp(1.0, np.frexp(np.abs(centred).max(axis=0, initial=0.0))[1])
    return centred / centred.std(axis=0)


def atoms(t: np.ndarray, least: float) -> np.ndarray:
    """Ids ``[n]`` from 1 of the rows that are there at least ``least`` times each, 0 for all others."""
    if t.shape[1] == 0:
        return np.zeros(len(t), np.int64)
    ids, counts, _ = q.group(q.exact_keys(t))
    often = counts >= least
    return np.where(often, np.cumsum(often), 0)[ids]


@dataclass(frozen=True)
class Part:
    """X, Y or Z: standardised columns ``[n, d]`` (none for labels) and groups ``[n]`` out of each other's reach."""

    columns: np.ndarray
    groups: np.ndarray
    device: Any = None

    @classmethod
    def of(cls, values: Any, *, split_above: float = math.inf, normal: bool = False) -> Part:
        """From labels ``[n]`` or rows ``[n, d]``.

        split_above: a row that is there at least so many times is a group of its own. normal: normal scores of the
        ranks of each column in place of the column.
        """
        if isinstance(values, np.ndarray) and values.ndim == 1:
            return cls(np.zeros((len(values), 0)), values)
        columns = standardised(values)
        if normal:
            columns = ndtri((rankdata(columns, axis=0) - 0.5) / len(columns))
        groups = atoms(columns, split_above) if split_above <= len(columns) else np.zeros(len(columns), np.int64)
        return cls(columns, groups, values.device if check.is_tensor(values) else None)

    def classes(self, groups: Groups) -> np.ndarray:
        """The groups of the part; but a row that repeats within one of ``groups`` alone is no group of its own."""
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

    def block(self, rows: np.ndarray) -> np.ndarray:
        """The part as a block of columns for the search."""
        groups = self.groups[rows]
        return np.column_stack([self.columns[rows], label_block(groups)]) if groups.any() else self.columns[rows]
