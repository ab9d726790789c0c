"""Distances within and between classes over all pairs of rows, as two histograms fine enough for their quantiles.

A cell is a run of floating-point numbers that share their leading bits: 1024 cells to each doubling of the squared
distance, so a distance is known to 0.05 % whatever its size, and a cell is found by a shift. The cells reach 40
doublings down from the largest possible squared distance; nearer pairs share the first cell, with those at distance 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status
from infoscope.core.shapes import Array, IndexTable, Indices
from infoscope.kernels import parallel
from infoscope.kernels.compiling import njit
from infoscope.kernels.scaling import largest
from infoscope.measure.pairs import on_torch
from infoscope.measure.pairs.distances import NARROW, Distances
from infoscope.measure.pairs.over_pairs import over_pairs

WITHIN, BETWEEN = 0, 1
PER_DOUBLING, DOUBLINGS = 1024, 40
LEAST = 20  # pairs, of which one lies below the 5 % quantile
CELLS = PER_DOUBLING * DOUBLINGS
#: Below this share of the largest squared norm a float32 matrix product blurs squared distances by more than 0.1 %.
BLURRED = 2.0**-12
_KINDS = {np.dtype(np.float32): (np.int32, 13), np.dtype(np.float64): (np.int64, 42)}  # same-sized integers; bits cut


@njit(nogil=True, cache=True)
def _count(bits: IndexTable, r0: int, c0: int, cut: int, first: int, y: Indices, counts: IndexTable) -> None:
    """Add every pair i < j of one block of squared distances, given as integers, to ``counts [2, cells]``."""
    rows, cols = bits.shape
    most = counts.shape[1] - 1
    square = r0 == c0
    for i in range(rows):
        mine = y[r0 + i]
        for j in range(i + 1 if square else 0, cols):
            cell = min(max((bits[i, j] >> cut) - first, 0), most)
            counts[1 if y[c0 + j] != mine else 0, cell] += 1


class _Counts:
    """The :class:`~infoscope.measure.pairs.over_pairs.Fold` of one variable's histograms ``[2, cells]``."""

    def __init__(self, y: np.ndarray, dtype: np.dtype, top: float) -> None:
        self._y, self._dtype, self._top = y, dtype, top
        self._kind, self._cut = _KINDS[dtype]
        self.first = int(np.array(top, dtype).view(self._kind) >> self._cut) - CELLS + 1
        self.counts = np.zeros((2, CELLS), np.int64)

    def fresh(self) -> _Counts:
        return _Counts(self._y, self._dtype, self._top)

    def update(self, block: np.ndarray, rows: slice, cols: slice) -> None:
        _count(block.view(self._kind), rows.start, cols.start, self._cut, self.first, self._y, self.counts)

    def merge(self, other: _Counts) -> None:
        self.counts += other.counts

    def result(self) -> np.ndarray:
        return self.counts

    def edges(self) -> np.ndarray:
        """Of the cells ``[cells + 1]``, as distances; the first is 0."""
        numbers = (self.first + np.arange(CELLS + 1, dtype=np.int64)) << self._cut
        edges = np.sqrt(numbers.astype(self._kind).view(self._dtype).astype(np.float64))
        edges[0] = 0.0
        return edges


@dataclass(frozen=True)
class DistancesByClass:
    """All pairs of rows by distance: ``counts [2, cells]`` within and between classes, ``edges [cells + 1]``."""

    counts: np.ndarray
    edges: np.ndarray

    @cached_property
    def _cumulated(self) -> np.ndarray:
        return self.counts.cumsum(axis=1)

    def quantile(self, which: int, q: float) -> float:
        """The q-quantile of the distances within or between classes; 0 where it is not told from equal rows."""
        cumulated = self._cumulated[which]
        rank = q * cumulated[-1]
        cell = int(np.searchsorted(cumulated, rank))
        if cell == 0:
            return 0.0
        inside = (rank - cumulated[cell - 1]) / self.counts[which, cell]
        return float(self.edges[cell] + inside * (self.edges[cell + 1] - self.edges[cell]))

    def separation(self) -> float:
        """How often a distance between classes exceeds one within a class; equal ones count half (the AUC)."""
        (within, between), (of, pairs) = self.counts.astype(np.float64), self._cumulated[:, -1].astype(np.float64)
        further = pairs - self._cumulated[BETWEEN] + between / 2
        return float(within @ further / (of * pairs))

    def up_to(self, which: int, distances: np.ndarray) -> np.ndarray:
        """What share of the distances is at most each of ``distances``, those of one cell lying evenly in it."""
        shares = self._cumulated[which] / self._cumulated[which, -1]
        return np.interp(distances, self.edges[1:], shares, left=shares[0])


def spreads(t: Array, labels: Sequence[np.ndarray]) -> list[DistancesByClass]:
    """Of the rows ``t [n, d]`` under each of ``labels``, in one pass over the pairs, where they lie.

    Raises
    ------
    InputError: no two rows of one class, or one class only.
    """
    for y in labels:
        counted(y)
    if check.is_tensor(t):
        return _spreads_there(t, labels)
    exponent = int(np.frexp(largest(t))[1])  # to divide by, so that no square overflows or vanishes
    found = _spreads(Distances(t, exponent=exponent), labels)
    if t.dtype == np.float32 and t.shape[1] > NARROW and any(map(_blurred, found)):
        found = _spreads(Distances(t, np.float64, exponent=exponent), labels)
    return [DistancesByClass(spread.counts, np.ldexp(spread.edges, exponent)) for spread in found]


def _spreads_there(t: Any, labels: Sequence[np.ndarray]) -> list[DistancesByClass]:
    exponent = int(np.frexp(float(t.abs().max()))[1])
    rows = t.double() * 2.0**-exponent
    rows -= rows.mean(0)
    kind = np.dtype(np.float64)
    like = _Counts(labels[0], kind, 4 * float(rows.square().sum(1).max()))
    found = on_torch.counted_by_class(rows, list(labels), CELLS, _KINDS[kind][1], like.first)
    return [DistancesByClass(counts, np.ldexp(like.edges(), exponent)) for counts in found]


def counted(y: np.ndarray) -> tuple[int, int]:
    """How many pairs of rows are of one class, and how many are not."""
    n, sizes = len(y), np.bincount(y).astype(object)
    within = int((sizes * (sizes - 1)).sum()) // 2
    between = n * (n - 1) // 2 - within
    if not within or not between:
        what = "every row is of a class of its own" if not within else "all rows are of one class"
        raise InputError(f"{what}, wanted pairs of rows within and between classes: pass other labels, or more rows")
    return within, between


def too_few(y: np.ndarray) -> list[Doubt]:
    """The doubts of what is said of pairs within classes where these are fewer than a 5 % quantile needs."""
    within, _ = counted(y)
    if within >= LEAST:
        return []
    note = f"{within} pair{'s' * (within != 1)} of rows within a class, wanted at least {LEAST} to tell their quantiles"
    return [Doubt(Status.UNDERSAMPLED, note)]


def _spreads(t: Distances, labels: Sequence[np.ndarray]) -> list[DistancesByClass]:
    folds = [_Counts(y, t.dtype, 4 * t.reach) for y in labels]
    threads = parallel.cores(t.n**2 * (1e-9 * len(labels) + 2e-11 * t.d))
    return [DistancesByClass(counts, folds[0].edges()) for counts in over_pairs(t, folds, threads)]


def _blurred(spread: DistancesByClass) -> bool:
    """Whether the 5 % nearest pairs of a class are nearer than float32 can tell to 0.1 %."""
    return spread.quantile(WITHIN, 0.05) ** 2 < BLURRED * spread.edges[-1] ** 2 / 4
