"""Who is fitted to, who is chosen by and who is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.kernels import draws
from infoscope.measure.intervals.groups import LEAST, Groups
from infoscope.measure.usable.readings import ProbeSplit

LEAST_FOLDS = 3  # one is scored, one is chosen by, one is fitted to


@dataclass(frozen=True, eq=False)
class Deal:
    """Who is fitted to, who is chosen by and who is scored.

    splits: rows of each. protocol: how they were dealt, in words. groups: which of all rows belong together, where that
    was said; a group is on one side of every split. notes: what to know of an interval over them.
    """

    splits: list[ProbeSplit]
    protocol: str
    groups: Groups | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def share(self) -> float:
        """Scored rows for each row that a probe knows."""
        return sum(len(split.scored) for split in self.splits) / sum(len(split.known) for split in self.splits)

    @cached_property
    def scored(self) -> Groups | None:
        """The groups of the scored rows, in the order of the rows."""
        if self.groups is None:
            return None
        return self.groups.part(np.sort(np.concatenate([split.scored for split in self.splits])))


def dealt(n: int, folds: int, seed: int, groups: Groups | None = None) -> Deal:
    """Cross-fitting of ``n`` rows over the parts of :func:`folds_of`."""
    parts, notes = folds_of(n, folds, seed, groups), ()
    by = "" if groups is None else " by groups"
    if groups is None and not isinstance(folds, (int, np.integer)):  # rows that are to be scored together
        if len(parts) >= LEAST:
            groups = Groups(check.names(folds, n, "folds"))
        else:
            notes = (
                f"{len(parts)} folds say what is scored together, too few for an interval over them: pass groups=",
            )
    return Deal(cross_fitted(parts), f"{len(parts)}-fold cross-fitted{by}", groups, notes)


def folds_of(n: int, folds: int, seed: int, groups: Groups | None = None) -> list[np.ndarray]:
    """Rows of each fold: dealt by ``seed`` when ``folds`` is a number, ``groups`` whole; else as ``folds [n]`` says.

    Raises
    ------
    InputError: too few rows, groups or folds, or a group with rows in several of the folds that were said.
    """
    if isinstance(folds, (int, np.integer)):
        count = check.count(int(folds), "folds", LEAST_FOLDS)
        if n < 2 * count:
            raise InputError(f"z has {n} rows, wanted at least {2 * count} for {count} folds: pass more samples")
        if groups is not None and groups.count < n:
            return groups.deal(count, seed)
        return [np.sort(rows) for rows in np.array_split(draws.fold_order(n, seed), count)]
    parts = check.labels(folds, n, "folds")
    count = int(parts.max()) + 1
    if count < LEAST_FOLDS:
        raise InputError(f"folds names {count} parts of the rows, wanted at least {LEAST_FOLDS}")
    if groups is not None and (torn := groups.astride(parts)):
        raise InputError(
            f"{torn} groups have rows in several folds, wanted every group in one: pass folds as a number, which deals "
            "whole groups, or folds that keep them together"
        )
    return [np.flatnonzero(parts == part) for part in range(count)]


def held_out(n: int, share: float, seed: int, groups: Groups | None = None) -> Deal:
    """One split: ``share`` of ``n`` rows are scored, a fifth of the others is chosen by; ``seed`` deals the rows."""
    scored = round(share * n)
    validation = round((n - scored) / 5)
    if scored < 2 or validation < 1:
        raise InputError(f"{n} rows arrived, too few to score {share:g} of them and choose by a fifth of the others")
    if groups is None or groups.count == n:
        parts = [np.sort(rows) for rows in np.split(draws.fold_order(n, seed), [scored, scored + validation])]
    else:
        parts = groups.shares([scored, validation, n - scored - validation], seed)
    return Deal([ProbeSplit(*reversed(parts))], f"{len(parts[0])} rows held out", groups)


def among(n: int, folds: Any, fitted: Groups | None, scored: Groups | None, tested: int, seed: int) -> Deal:
    """``tested`` rows that come after ``n`` others are scored; the first of the others' folds is chosen by."""
    parts = folds_of(n, folds, seed, fitted)
    groups = None
    if fitted is not None and scored is not None:
        groups = Groups(np.concatenate([fitted.ids, scored.ids + fitted.count]))
    split = ProbeSplit(np.sort(np.concatenate(parts[1:])), parts[0], n + np.arange(tested))
    return Deal([split], f"{tested} test rows", groups)


def cross_fitted(folds: Sequence[np.ndarray]) -> list[ProbeSplit]:
    """Each fold scored once, by a probe that chose on the next ones, a quarter of the rest, and was fitted to others.

    A quarter, because one of a hundred folds would be too few rows to choose by, and all of one group.
    """
    count = len(folds)
    choosing = max(1, round((count - 1) / 4))

    def after(i: int, first: int, last: int) -> np.ndarray:
        return np.concatenate([folds[(i + j) % count] for j in range(first, last)])

    return [ProbeSplit(after(i, 1 + choosing, count), after(i, 1, 1 + choosing), folds[i]) for i in range(count)]
