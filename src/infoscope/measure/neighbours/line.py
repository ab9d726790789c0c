"""Neighbours in one column within cells, by sorting: rows in the order of their cell and, within it, of their value."""

from __future__ import annotations

import numpy as np

from infoscope.core.shapes import Indices, Marks, Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import greater, lesser
from infoscope.measure.neighbours.lanes import beyond

STEP = 8  # rows whose bisections wait for each other's memory


@njit(nogil=True, cache=True, error_model="numpy")
def nearest(
    values: Vector,  # [n] ascending within each cell
    starts: Indices,  # [c + 1] where the cells begin
    ks: Indices,  # [n] how many neighbours make the ball of each row, fewer than rows of its cell
    tie: float,
    distances: Matrix,  # [n, k] written, as are the others
    inside: Indices,
    tied: Marks,
    reaches: Vector,
) -> None:
    """The balls of all rows but for the counts, and within what distance a row counts."""
    for c in range(len(starts) - 1):
        first, last = starts[c], starts[c + 1]
        for i in range(first, last):
            low, high, k = i - 1, i + 1, ks[i]
            for place in range(k):
                below = values[i] - values[low] if low >= first else np.inf
                above = values[high] - values[i] if high < last else np.inf
                distances[i, place] = lesser(below, above)
                if below <= above:
                    low -= 1
                else:
                    high += 1
            radius = distances[i, k - 1]
            opened = 0
            for place in range(k):
                opened += distances[i, place] < radius - tie
            while low >= first and values[i] - values[low] <= radius + tie:
                low -= 1
            while high < last and values[high] - values[i] <= radius + tie:
                high += 1
            inside[i] = high - low - 2
            tied[i] = inside[i] - opened > 1 or radius <= tie
            reaches[i] = radius + tie if tied[i] else radius - tie


def count(
    values: Vector,  # [n] ascending within each cell
    starts: Indices,  # [c + 1] where the cells begin
    order: Indices,  # [n] which row each value is of
    reaches: Vector,  # [n] of the rows
    euclidean: bool,  # whether they are squares
    counts: Indices,  # [n] written, of the rows
) -> None:
    """How many other rows of its cell are within its reach of each row, by bisection, eight rows in step."""
    low, high, at, within = np.empty(STEP, np.int64), np.empty(STEP, np.int64), np.empty(STEP), np.empty(STEP)
    _count(values, starts, order, reaches, euclidean, counts, low, high, at, within)


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    values: Vector, starts: Indices, order: Indices, reaches: Vector, euclidean: bool, counts: Indices, low: Indices,
    high: Indices, at: Vector, within: Vector,
) -> None:  # fmt: skip
    for c in range(len(starts) - 1):
        first, last = starts[c], starts[c + 1]
        for begin in range(first, last, STEP):
            for lane in range(STEP):
                place = lesser(begin + lane, last - 1)
                at[lane], within[lane] = values[place], reaches[order[place]]
            for lane in range(STEP):  # rows before `low` are out of reach below, those from `high` on above
                low[lane], high[lane] = first, first
            size = last - first
            while size > 0:
                half = (size + 1) // 2
                for lane in range(STEP):
                    below = greater(at[lane] - values[low[lane] + half - 1], 0.0)
                    above = greater(values[high[lane] + half - 1] - at[lane], 0.0)
                    if euclidean:
                        below, above = below * below, above * above
                    low[lane] += half & beyond(below, within[lane])
                    high[lane] += half & ~beyond(above, within[lane])
                size = size - half if size > 1 else 0
            for lane in range(lesser(STEP, last - begin)):
                counts[order[begin + lane]] = high[lane] - low[lane] - 1
