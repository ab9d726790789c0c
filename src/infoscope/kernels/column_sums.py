"""Sums over rows for `Columns`, and rows along axes, compiled: float64 throughout, a block of rows in cache at a time.

Products are taken tile by tile, each so small that no BLAS spreads it over threads or packs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import lesser

TILE = 64, 64  # rows and columns of a tile
NARROW = 128, 32  # the same for a symmetric product, of which half is computed
FAST = {"reassoc", "contract", "nsz"}


def products(z: np.ndarray, inverse: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """xᵀx ``[d, d]`` of x = z times inverse less mean, for ``z [n, d]``."""
    tiles = -(-z.shape[1] // NARROW[1])
    found = np.zeros((tiles, tiles, NARROW[1], NARROW[1]))
    _products(z, inverse, mean, np.zeros((tiles, *NARROW)), found)
    d = z.shape[1]
    lower = found.transpose(0, 2, 1, 3).reshape(tiles * NARROW[1], -1)[:d, :d]
    return np.tril(lower) + np.tril(lower, -1).T


def along(z: np.ndarray, inverse: np.ndarray, mean: np.ndarray, factors: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out [n, r]`` with (z times inverse less mean) @ ``factors [d, r]``."""
    d, r = factors.shape
    tall, wide = -(-d // TILE[1]), max(1, -(-r // TILE[1]))
    height, width = -(-d // tall), max(1, -(-r // wide))
    tiles = np.zeros((tall * height, wide * width))
    tiles[:d, :r] = factors
    tiles = np.ascontiguousarray(tiles.reshape(tall, height, wide, width).transpose(0, 2, 1, 3))
    _along(z, inverse, mean, tiles, np.zeros((tall, TILE[0], height)), out)


def mean_and_variance(z: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the columns of ``z [n, d]`` times ``inverse [d]``."""
    # Shifted by the first row: its squared distance from the mean is at most n times the variance.
    first, (sums, squares, *work) = z[0] * inverse, np.zeros((4, z.shape[1]))
    _shifted_moments(z, inverse, first, sums, squares, *work)
    return first + sums, np.maximum(squares - sums * sums, 0.0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def _shifted_moments(z: Any, inverse: Any, first: Any, sums: Any, squares: Any, part: Any, square: Any) -> None:
    n, d = z.shape
    for start in range(0, n, NARROW[0]):
        for j in range(d):
            part[j] = square[j] = 0.0
        for i in range(start, lesser(start + NARROW[0], n)):
            for j in range(d):
                value = z[i, j] * inverse[j] - first[j]
                part[j] += value
                square[j] += value * value
        for j in range(d):
            sums[j] += part[j] / n
            squares[j] += square[j] / n


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _centred(z: Any, start: int, inverse: Any, mean: Any, tiles: Any) -> int:
    """Fill ``tiles [tiles, rows, columns]`` with rows from ``start``, zeros where none are left; how many there are."""
    columns, own = tiles.shape[2], min(tiles.shape[1], z.shape[0] - start)
    for t in range(tiles.shape[0]):
        first = t * columns
        width = min(columns, z.shape[1] - first)
        shift, by = mean[first : first + width], inverse[first : first + width]
        for i in range(own):
            row, out = z[start + i, first : first + width], tiles[t, i, :width]
            for j in range(width):
                out[j] = row[j] * by[j] - shift[j]
        tiles[t, own:] = 0
    return own


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _add(part: Any, found: Any) -> None:
    for i in range(part.shape[0]):  # in loops, since a sum of arrays compiles seconds of rules for their shapes
        line, total = part[i], found[i]
        for j in range(len(line)):
            total[j] += line[j]


@njit(nogil=True, cache=True, fastmath=FAST)
def _products(z: Any, inverse: Any, mean: Any, tiles: Any, found: Any) -> None:
    part = np.empty(found.shape[2:])
    for start in range(0, z.shape[0], tiles.shape[1]):
        _centred(z, start, inverse, mean, tiles)
        for a in range(len(tiles)):
            for b in range(a + 1):
                np.dot(tiles[a].T, tiles[b], part)
                _add(part, found[a, b])


@njit(nogil=True, cache=True, fastmath=FAST)
def _along(z: Any, inverse: Any, mean: Any, factors: Any, tiles: Any, out: Any) -> None:
    tall, wide, _, width = factors.shape
    rows = tiles.shape[1]
    found, part = np.empty((rows, width)), np.empty((rows, width))
    for start in range(0, z.shape[0], rows):
        own = _centred(z, start, inverse, mean, tiles)
        for u in range(wide):
            np.dot(tiles[0], factors[0, u], found)
            for t in range(1, tall):
                np.dot(tiles[t], factors[t, u], part)
                _add(part, found)
            first = u * width
            for i in range(own):
                row = out[start + i, first : first + width]
                for j in range(len(row)):
                    row[j] = found[i, j]
