"""Histograms of columns whose range nobody knows beforehand: counts of whole numbers, so that their order is nothing.

A cell is a run of float32 numbers that share their sign, their exponent and the leading bits behind it, as in
:mod:`infoscope.measure.pairs.distance_statistics`: 32 cells to each doubling from 2^-24 to 2^24 on either side of zero,
one cell for what is nearer to it, and one on either side for what lies beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BITS = 5  # behind the exponent: 2^5 cells a doubling
REACH = 24  # doublings on either side of 1
SIDE = 2 * REACH * 2**BITS + 1  # cells on one side of the middle one, what lies beyond among them
CELLS = 2 * SIDE + 1
_CUT, _FIRST = 23 - BITS, (127 - REACH) << BITS


@dataclass(frozen=True)
class Histograms:
    """Of d columns: ``counts [d, CELLS]``."""

    counts: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> Histograms:
        """Of ``rows [n, d]``, a column after the other."""
        counts = np.empty((rows.shape[1], CELLS), np.int64)
        for column, into in zip(rows.T, counts, strict=True):
            into[:] = np.bincount(cells(column), minlength=CELLS)
        return cls(counts)

    def plus(self, other: Histograms) -> Histograms:
        return Histograms(self.counts + other.counts)

    def quantiles(self, columns: slice, shares: Sequence[float]) -> np.ndarray:
        """The values ``[d, q]`` below which these ``shares`` of the rows lie, those of one cell lying evenly in it.

        What lies beyond the cells is said to lie at their ends, 2^24 from zero.
        """
        edges, counts = cell_edges(), self.counts[columns]
        found = np.empty((len(counts), len(shares)))
        for row, into in zip(counts, found, strict=True):
            below = np.concatenate([[0], row.cumsum()])
            seen = np.flatnonzero(row)
            for i, share in enumerate(shares):
                rank = share * below[-1]
                cell = int(seen[min(np.searchsorted(below[1:][seen], rank), len(seen) - 1)])
                inside = min(max((rank - below[cell]) / row[cell], 0.0), 1.0)
                into[i] = edges[cell] + inside * (edges[cell + 1] - edges[cell])
        return found


def cells(x: np.ndarray) -> np.ndarray:
    """The cell ``[n]`` of each of ``x [n]``."""
    bits = np.ascontiguousarray(x, np.float32).view(np.int32)
    size = np.clip(((bits & 0x7FFFFFFF) >> _CUT) - _FIRST + 1, 0, SIDE)
    return SIDE + np.where(bits < 0, -size, size)


def cell_edges() -> np.ndarray:
    """Where the cells begin and end ``[CELLS + 1]``; the outermost ones hold one value each, their end."""
    bits = (_FIRST + np.arange(SIDE, dtype=np.int32)) << _CUT
    above = bits.view(np.float32).astype(np.float64)
    return np.concatenate([[-above[-1]], -above[::-1], above, [above[-1]]])
