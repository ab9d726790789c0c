"""Blocks of squared Euclidean distances between the rows of one matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.core.shapes import Matrix, Vector
from infoscope.kernels.compiling import njit

#: Up to this many columns the differences are squared one by one: as fast as a matrix multiply, and without
#: its cancellation |a|² + |b|² - 2ab.
NARROW = 16


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


class Distances:
    """Squared distances between the rows of ``points [n, d]``, block by block, in the dtype of ``points``."""

    def __init__(self, points: np.ndarray) -> None:
        self.n, self.d = points.shape
        self.dtype = points.dtype
        with np.errstate(over="ignore", invalid="ignore"):
            centred = points - points.mean(axis=0, dtype=np.float64)  # in float64: a large mean eats float32's digits
            norms = np.einsum("nd,nd->n", centred, centred)
        self.finite = bool(norms.max() < np.finfo(self.dtype).max / 4)
        if not self.finite:
            return
        self.norms = norms.astype(self.dtype)
        self.points = np.ascontiguousarray(centred, dtype=self.dtype)
        self.narrow = self.d <= NARROW
        if self.narrow:
            self.transposed = np.ascontiguousarray(self.points.T)
        else:
            import torch

            # torch's storage is aligned to 64 bytes; without that MKL's sums depend on where NumPy put the array
            self.tensor = torch.empty(self.points.shape, dtype=torch.from_numpy(self.points[:1]).dtype)
            self.tensor.copy_(torch.from_numpy(self.points))

    def buffer(self, size: int) -> Any:
        """Room for the largest block."""
        if self.narrow:
            return np.empty(size, self.dtype)
        return self.tensor.new_empty(size)

    def fill(self, rows: slice, cols: slice, buffer: Any) -> np.ndarray:
        """The block ``[len(rows), len(cols)]``, a view on ``buffer``."""
        shape = rows.stop - rows.start, cols.stop - cols.start
        if self.narrow:
            block = buffer[: shape[0] * shape[1]].reshape(shape)
            _direct(self.points, self.transposed, rows.start, cols.start, block)
            return block
        import torch

        products = buffer[: shape[0] * shape[1]].view(shape)
        torch.mm(self.tensor[rows], self.tensor[cols].T, out=products)
        block = products.numpy()
        _finish(self.norms, rows.start, cols.start, block)
        return block
