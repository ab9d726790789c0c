"""Rows brought to one size, so that squares neither overflow nor vanish: at once, or a block at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

BLOCK = 2**20  # numbers of a block: 8 MB of float64


def stretches(count: int, each: int, block: int = BLOCK) -> list[slice]:
    """The numbers up to ``count`` in stretches of about ``block`` numbers, where each stands for ``each`` of them."""
    step = max(1, block // max(each, 1))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def constant(x: np.ndarray, rows: np.ndarray | None = None) -> bool:
    """Whether all rows of ``x [n, d]`` are equal, or those with the numbers ``rows``; a block of them at a time."""
    order = np.arange(len(x)) if rows is None else rows
    return not any((x[order[part]] != x[order[:1]]).any() for part in stretches(len(order), x.shape[1], 2**16))


def largest(x: np.ndarray) -> float:
    """The largest size of a number of ``x``."""
    return float(max(x.max(), -x.min()))


def unit(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Rows in float64, centred, with root-mean-square distance 1 between pairs, and what that was; 0 where constant."""
    most = largest(x) or 1.0
    alike = constant(x)
    x = np.array(x, np.float64, order="C")
    x /= most
    x -= x.mean(axis=0)
    squares = math.fsum(float(np.vdot(x[part], x[part])) for part in stretches(len(x), x.shape[1]))
    size = math.sqrt(2 * squares / len(x))
    if alike or size == 0:
        return x, 0.0
    x /= size
    return x, size * most


def block_bytes(n: int, d: int) -> float:
    """The most that a few blocks of rows ``[n, d]`` take."""
    return 30.0 * min(n * d, BLOCK + max(n, d))


class Centred:
    """What :func:`unit` makes of the rows ``x [n, d]``, or of some of them, a block at a time: never held as a whole.

    rows: the numbers of those that count, where not all do.
    """

    def __init__(self, x: np.ndarray, rows: np.ndarray | None = None) -> None:
        self._x, self._rows = x, rows
        self.n, self.d = len(x) if rows is None else len(rows), x.shape[1]
        self.wide = self.d > self.n
        every = slice(0, self.n)
        self._parts = [(every, part) for part in stretches(self.d, self.n)]
        if not self.wide:
            self._parts = [(part, slice(0, self.d)) for part in stretches(self.n, self.d)]

    def _raw(self, rows: slice, columns: slice) -> np.ndarray:
        return self._x[rows, columns] if self._rows is None else self._x[self._rows[rows], columns]

    @cached_property
    def _most(self) -> float:
        return max(largest(self._raw(*part)) for part in self._parts) or 1.0

    def _scaled(self, rows: slice, columns: slice) -> np.ndarray:
        return self._raw(rows, columns) / np.float64(self._most)

    @cached_property
    def _mean(self) -> np.ndarray:
        sums = np.zeros(self.d)
        for rows, columns in self._parts:
            sums[columns] += self._scaled(rows, columns).sum(axis=0)
        return sums / self.n

    @cached_property
    def _size(self) -> float:
        squares = 0.0
        for rows, columns in self._parts:
            block = self._scaled(rows, columns)
            block -= self._mean[columns]
            squares += float(np.vdot(block, block))
        return math.sqrt(2 * squares / self.n) or 1.0

    @property
    def distance(self) -> float:
        """The root-mean-square distance of the rows; of those that are all alike that is rounding."""
        return self._size * self._most

    def blocks(self) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Rows, columns and the float64 block of them: all rows of some columns where columns are more, else all
        columns of some rows."""
        for rows, columns in self._parts:
            block = self._scaled(rows, columns)
            block -= self._mean[columns]
            block /= self._size
            yield rows, columns, block
