"""Neighbours in one column within cells, by sorting: rows in the order of their cell and, within it, of their value."""

from __future__ import annotations

import numpy as np
from numba import njit

from infoscope.core.shapes import Indices, Marks, Matrix, Vector


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
                distances[i, place] = min(below, above)
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


@njit(nogil=True, cache=True, error_model="numpy")
def count(
    values: Vector,  # [n] ascending within each cell
    starts: Indices,  # [c + 1] where the cells begin
    order: Indices,  # [n] which row each value is of
    reaches: Vector,  # [n] of the rows
    euclidean: bool,  # whether they are squares
    counts: Indices,  # [n] written, of the rows
) -> None:
    """How many other rows of its cell are within its reach of each row, by bisection."""
    for c in range(len(starts) - 1):
        first, last = starts[c], starts[c + 1]
        for place in range(first, last):
            i = order[place]
            value, reach = values[place], reaches[i]
            below, above = first - 1, place  # the first within reach lies behind `below`
            while above - below > 1:
                middle = (below + above) // 2
                gap = value - values[middle]
                if (gap * gap if euclidean else gap) <= reach:
                    above = middle
                else:
                    below = middle
            start, below, above = above, place, last
            while above - below > 1:
                middle = (below + above) // 2
                gap = values[middle] - value
                if (gap * gap if euclidean else gap) <= reach:
                    below = middle
                else:
                    above = middle
            counts[i] = below - start
