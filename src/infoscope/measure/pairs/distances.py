"""Blocks of squared Euclidean distances between the rows of one matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.core.shapes import Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.scaling import block_bytes, stretches

#: Up to this many columns the differences are squared one by one: as fast as a matrix multiply, and without
#: its cancellation |a|² + |b|² - 2ab.
NARROW = 16
#: Bytes up to which centred rows are held as a whole, and the columns of a piece of them beyond.
HELD, PIECE = 2**27, 2048


@njit(nogil=True, cache=True, fastmath=True)
def _direct(x: Matrix, xt: Matrix, r0: int, c0: int, out: Matrix) -> None:
    """out[i, j] = |x[r0+i] - x[c0+j]|²; ``xt [d, n]`` is the transpose, so that the inner loop runs along memory."""
    d = xt.shape[0]
    rows, cols = out.shape
    for i in range(rows):
        row, line = x[r0 + i], out[i]
        line[:] = 0
        k = 0
        while k + 4 <= d:  # four columns at a time, so that the line is loaded and stored a quarter as often
            a, b, c, e = row[k], row[k + 1], row[k + 2], row[k + 3]
            at, bt = xt[k, c0 : c0 + cols], xt[k + 1, c0 : c0 + cols]
            ct, et = xt[k + 2, c0 : c0 + cols], xt[k + 3, c0 : c0 + cols]
            for j in range(cols):
                p, q, r, s = a - at[j], b - bt[j], c - ct[j], e - et[j]
                line[j] += (p * p + q * q) + (r * r + s * s)
            k += 4
        while k < d:
            a, at = row[k], xt[k, c0 : c0 + cols]
            for j in range(cols):
                p = a - at[j]
                line[j] += p * p
            k += 1


@njit(nogil=True, cache=True, fastmath=True)
def _finish(norms: Vector, r0: int, c0: int, out: Matrix) -> None:
    """out = max(|a|² + |b|² - 2 out, 0), where ``out`` holds the products ab; zero on the diagonal."""
    rows, cols = out.shape
    zero = out.dtype.type(0)
    two = out.dtype.type(2)
    across = norms[c0 : c0 + cols]  # a view, because numba cannot vectorise norms[c0 + j]
    for i in range(rows):
        norm, line = norms[r0 + i], out[i]
        for j in range(cols):
            line[j] = max(norm + across[j] - two * line[j], zero)  # rounding reaches below zero
    if r0 == c0:
        for i in range(rows):
            out[i, i] = zero


def held(n: int, d: int) -> float:
    """The most bytes that the distances of rows ``[n, d]`` take beside them, whatever their dtype."""
    whole = 16.0 * n * d if d <= NARROW else 8.0 * n * d
    if whole > HELD and d > NARROW:
        whole = max(HELD, 24.0 * 1280 * PIECE)  # the copy in float32, or pieces of 256 rows and of 1024
    return whole + block_bytes(n, d) + 16.0 * d


class Distances:
    """Squared distances between the rows of ``points [n, d]``, block by block.

    dtype: what they are computed in, by default that of ``points``. rows: which of the points count, in which order.
    exponent: points are first divided by two to this power, which is exact.

    Wide rows are held once more, centred, where that takes at most :data:`HELD` bytes; beyond, each block is made of
    centred pieces of :data:`PIECE` columns, so that what is held does not grow with the columns.
    """

    def __init__(
        self, points: np.ndarray, dtype: Any = None, rows: np.ndarray | None = None, exponent: int = 0
    ) -> None:
        self.given, self._rows, self._exponent = points, rows, exponent
        self.n, self.d = len(points) if rows is None else len(rows), points.shape[1]
        self.dtype = np.dtype(points.dtype if dtype is None else dtype)
        every = slice(0, self.d)
        self._mean = np.zeros(self.d)  # in float64: a large mean eats float32's digits
        parts = stretches(self.n, self.d)
        with np.errstate(over="ignore", invalid="ignore"):
            for part in parts:
                block = self._wide(part, every)
                block[0] += self._mean  # so that it is one sum, row after row
                self._mean = block.sum(axis=0)
            self._mean /= self.n
            norms = np.concatenate([np.einsum("nd,nd->n", *[self._centred(part, every)] * 2) for part in parts])
        #: The largest squared norm.
        self.reach = float(norms.max())
        self.finite = self.reach < float(np.finfo(self.dtype).max) / 4
        if not self.finite:
            return
        self.norms = norms.astype(self.dtype)
        self.narrow = self.d <= NARROW
        self._tensor: Any = None
        if self.narrow:
            self.points = np.ascontiguousarray(self._centred(slice(0, self.n), every), dtype=self.dtype)
            self.transposed = np.ascontiguousarray(self.points.T)
        elif self.n * self.d * self.dtype.itemsize <= HELD:
            self._tensor = self._empty(self.n, self.d)
            for part in parts:
                self._copy(part, every, self._tensor[part])

    def _wide(self, rows: slice, columns: slice) -> np.ndarray:
        """These numbers in float64, in memory of their own."""
        some = self.given[rows, columns] if self._rows is None else self.given[self._rows[rows], columns]
        some = some.astype(np.float64)
        return np.ldexp(some, -self._exponent, out=some) if self._exponent else some

    def _centred(self, rows: slice, columns: slice) -> np.ndarray:
        some = self._wide(rows, columns)
        some -= self._mean[columns]
        return some

    def _empty(self, *shape: int) -> Any:
        """Room of torch's, which is aligned to 64 bytes: otherwise MKL's sums depend on where NumPy put the array."""
        import torch

        return torch.empty(shape, dtype=torch.float32 if self.dtype == np.float32 else torch.float64)

    def _copy(self, rows: slice, columns: slice, room: Any) -> Any:
        import torch

        return room.copy_(torch.from_numpy(self._centred(rows, columns)))

    def buffer(self, size: int) -> Any:
        """Room for the largest block."""
        return np.empty(size, self.dtype) if self.narrow else self._empty(size)

    def fill(self, rows: slice, cols: slice, buffer: Any) -> np.ndarray:
        """The block ``[len(rows), len(cols)]``, a view on ``buffer``."""
        shape = rows.stop - rows.start, cols.stop - cols.start
        if self.narrow:
            block = buffer[: shape[0] * shape[1]].reshape(shape)
            _direct(self.points, self.transposed, rows.start, cols.start, block)
            return block
        products = buffer[: shape[0] * shape[1]].view(shape)
        if self._tensor is None:
            self._of_pieces(rows, cols, products)
        else:
            import torch

            torch.mm(self._tensor[rows], self._tensor[cols].T, out=products)
        block = products.numpy()
        _finish(self.norms, rows.start, cols.start, block)
        return block

    def _of_pieces(self, rows: slice, cols: slice, products: Any) -> None:
        """Products of rows of which only pieces are held."""
        products.zero_()
        for part in stretches(self.d, 1, PIECE):
            width = part.stop - part.start
            one = self._copy(rows, part, self._empty(len(products), width))
            other = one if rows == cols else self._copy(cols, part, self._empty(products.shape[1], width))
            products.addmm_(one, other.T)
