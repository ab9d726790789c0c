"""What a probe is fitted to and what it says: splits of the rows, targets, readings of labels, means of quantities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from infoscope.measure.usable.temperature import smoothed


@dataclass(frozen=True)
class ProbeSplit:
    """Row indices: those a probe is fitted to, those it chooses by, and those it is scored on, disjoint."""

    train: np.ndarray
    validation: np.ndarray
    scored: np.ndarray

    @cached_property
    def known(self) -> np.ndarray:
        """The rows whose labels a probe may know."""
        return np.concatenate([self.train, self.validation])


@dataclass(frozen=True)
class Target:
    """Class labels ``y [n]`` in 0..k-1, of which some may be missing among the rows of a split.

    smoothing: rows that the null probe adds to each class; more than half a one where labels come in groups.
    """

    y: np.ndarray
    k: int
    smoothing: float = 0.5

    def prior(self, rows: np.ndarray) -> np.ndarray:
        """The null probe: frequencies ``[k]`` of the classes among ``rows``, ``smoothing`` rows added to each."""
        return smoothed(np.bincount(self.y[rows], minlength=self.k), self.smoothing)

    def by_appearance(self) -> tuple[Target, np.ndarray]:
        """The same with classes numbered as they first appear, and each class's new number ``[k]``."""
        values, first = np.unique(self.y, return_index=True)
        missing = np.setdiff1d(np.arange(self.k), values)
        number = np.empty(self.k, np.int64)
        number[np.concatenate([values[np.argsort(first)], missing])] = np.arange(self.k)
        return Target(number[self.y], self.k, self.smoothing), number


class SplitLabels(NamedTuple):
    """The labels of one target on one split, ``[rows]`` each, and its null probe ``[k]``."""

    train: np.ndarray
    validation: np.ndarray
    known: np.ndarray
    prior: np.ndarray

    @classmethod
    def of(cls, target: Target, split: ProbeSplit) -> SplitLabels:
        y = target.y
        return cls(y[split.train], y[split.validation], y[split.known], target.prior(split.known))


@dataclass(frozen=True)
class Reading:
    """One probe, fitted to one target on one split.

    log_q: ln q(class | row), float64 ``[scored rows, k]``. validation, train: mean cross-entropy in nats on the rows
    of either kind, of the calibrated probe. converged: whether the fit behind it did. chosen: what validation chose.
    columns: those it reads, counted from 0, of one that reads a few.
    """

    log_q: np.ndarray
    validation: float
    train: float
    converged: bool = True
    chosen: str = ""
    columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Expected:
    """What a probe of quantities, fitted on one split, expects: rows ``[rows, e]`` in the units of the target.

    validation: of a fit to the training rows; scored, known: of the final fit. Other fields as in :class:`Reading`.
    """

    validation: np.ndarray
    scored: np.ndarray
    known: np.ndarray
    converged: bool = True
    chosen: str = ""


#: One for each target and each split, ``readings[target][split]``.
Readings = list[list[Reading]]
