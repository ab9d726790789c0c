"""The sums over pairs that HSIC, CKA and distance correlation are all made of, in bounded memory.

For two symmetric matrices K and L of the same n rows, three sums of products over all pairs and the row sums suffice
for every centred inner product, biased and unbiased. Kernels of distances come from one pass over the pairs of x that
fills the same block of y beside it; linear kernels from products of columns, or of rows where there are fewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.shapes import Array, Matrix, TensorMatrix, Vector
from infoscope.kernels import parallel
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import exp2_negative
from infoscope.measure.pairs import on_torch
from infoscope.measure.pairs.distances import Distances
from infoscope.measure.pairs.over_pairs import COLS, ROWS, over_pairs

RBF, DISTANCE = 0, 1
_STRIP = 256  # rows or columns of a block of a linear kernel


@dataclass(frozen=True)
class Moments:
    """Of two symmetric matrices K and L ``[n, n]``: sums over all pairs, diagonals included.

    products: Σ K L, Σ K K and Σ L L. k, l ``[n]``: row sums. k0, l0 ``[n]``: diagonals.
    """

    products: tuple[float, float, float]
    k: np.ndarray
    l: np.ndarray
    k0: np.ndarray
    l0: np.ndarray

    def covariance(self, which: str, unbiased: bool) -> float:
        """The centred inner product of K and L (``which="kl"``), or of one with itself, over n².

        Biased: tr(KHLH) / n², H = 1 - 11ᵀ/n (Gretton et al. 2005). Unbiased: with the diagonals set to zero,
        [tr(KL) + 1ᵀK1 1ᵀL1 / (n-1)(n-2) - 2 1ᵀKL1 / (n-2)] / n(n-3) (Song et al. 2012, eq. 5; for distances it is
        the U-centred product of Székely & Rizzo 2014).
        """
        total = self.products[("kl", "kk", "ll").index(which)]
        (a, a0), (b, b0) = ({"k": (self.k, self.k0), "l": (self.l, self.l0)}[name] for name in which)
        n = len(a)
        if not unbiased:
            return total / n**2 - 2 * float(a @ b) / n**3 + float(a.sum()) * float(b.sum()) / n**4
        total -= float(a0 @ b0)
        a, b = a - a0, b - b0
        across = float(a.sum()) * float(b.sum()) / ((n - 1) * (n - 2))
        return (total + across - 2 * float(a @ b) / (n - 2)) / (n * (n - 3))

    def alignment(self, unbiased: bool) -> float:
        """The covariance over the root of both variances.

        Raises
        ------
        InputError: when a kernel is so narrow that no pair of rows is alike.
        """
        kk, ll = self.covariance("kk", unbiased), self.covariance("ll", unbiased)
        if kk <= 0 or ll <= 0:
            raise InputError(
                f"the kernel of {'x' if kk <= 0 else 'y'} finds every pair of rows as alike as any other, wanted one "
                "that tells some from others: pass another width, or more rows"
            )
        return self.covariance("kl", unbiased) / math.sqrt(kk * ll)


def linear(x: Array, y: Array) -> Moments:
    """Of K = x xᵀ and L = y yᵀ, for float64 rows ``[n, d]`` and ``[n, e]``, both where they lie."""
    a, b = _aligned(x), _aligned(y)
    products = (_squares(a, b), _squares(a, a), _squares(b, b))
    k, l = (check.on_cpu(rows @ rows.sum(0)) for rows in (x, y))
    if check.is_tensor(x):
        k0, l0 = (rows.square().sum(1).cpu().numpy() for rows in (a, b))
    else:
        k0, l0 = (np.einsum("nd,nd->n", rows, rows) for rows in (x, y))
    return Moments(products, k, l, k0, l0)


def _aligned(x: Array) -> Any:
    import torch

    if check.is_tensor(x):
        return x
    out = torch.empty(x.shape, dtype=torch.float64)  # torch's own storage is aligned: sums do not depend on x's
    return out.copy_(torch.from_numpy(x))


def _squares(a: TensorMatrix, b: TensorMatrix) -> float:
    """|aᵀb|² = Σ (a aᵀ) (b bᵀ): over pairs of columns, or over pairs of rows where these are fewer."""
    n, d = a.shape
    by_columns = d * b.shape[1] <= n * n

    def of(part: slice) -> float:
        if by_columns:
            return float((a[:, part].T @ b).square().sum())
        return float(((a[part] @ a.T) * (b[part] @ b.T)).sum())

    parts = [slice(start, start + _STRIP) for start in range(0, d if by_columns else n, _STRIP)]
    threads = parallel.cores(1e-10 * n * min(d * b.shape[1], n * (d + b.shape[1])))
    threads = threads if a.device.type == "cpu" else 1
    return math.fsum(parallel.run([partial(of, part) for part in parts], threads))


def paired(x: Array, y: Array, kind: int, width: float = 1.0) -> Moments:
    """Of K and L that are functions of the distances of float64 rows: :data:`DISTANCE` itself, or the kernel
    exp(-distance² / 2 width²), :data:`RBF`."""
    n = len(x)
    diagonal = np.full(n, 1.0 if kind == RBF else 0.0)
    if check.is_tensor(x):
        (kl, kk, ll), k, l = on_torch.kernel_moments(x, cast(Any, y), kind, width, RBF)
        return Moments((kl, kk, ll), k, l, diagonal, diagonal)
    threads = parallel.cores(n * n * (2e-9 + 2e-11 * (x.shape[1] + y.shape[1])))
    (found,) = over_pairs(x, [_BothKernels(Distances(cast(np.ndarray, y)), kind, width)], threads)
    return Moments(tuple(found.products.tolist()), found.k, found.l, diagonal, diagonal)


def of_kernel(x: Array, y: Array, kernel: Literal["linear", "rbf"], width: float) -> Moments:
    """Of K and L of one kernel: :func:`linear`, or :data:`RBF` of ``width``."""
    return linear(x, y) if kernel == "linear" else paired(x, y, RBF, width)


class _BothKernels:
    """A :class:`~infoscope.measure.pairs.over_pairs.Fold` over the pairs of x that fills the same block of y."""

    def __init__(self, other: Distances, kind: int, width: float) -> None:
        self._other, self._kind, self._width = other, kind, width
        self._buffer: Any = None
        self.k, self.l, self.products = np.zeros(other.n), np.zeros(other.n), np.zeros(3)

    def fresh(self) -> _BothKernels:
        return _BothKernels(self._other, self._kind, self._width)

    def update(self, block: np.ndarray, rows: slice, cols: slice) -> None:
        if self._buffer is None:
            self._buffer = self._other.buffer(ROWS * COLS)
        other = self._other.fill(rows, cols, self._buffer)
        scale = math.log2(math.e) / (2 * self._width**2)
        _update(block, other, rows.start, cols.start, self._kind, scale, self.k, self.l, self.products)

    def merge(self, other: _BothKernels) -> None:
        self.k += other.k
        self.l += other.l
        self.products += other.products

    def result(self) -> _BothKernels:
        return self


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, forceinline=True)
def _function(line: Vector, kind: int, scale: float, out: Vector) -> None:
    """out = exp(-line scale ln 2), or the root of ``line``."""
    if kind == RBF:
        for j in range(len(line)):
            out[j] = exp2_negative(min(max(line[j] * scale, 0.0), 1000.0))
    else:
        for j in range(len(line)):
            out[j] = math.sqrt(line[j])


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _update(
    x: Matrix, y: Matrix, r0: int, c0: int, kind: int, scale: float, k: Vector, l: Vector, products: Vector
) -> None:
    rows, cols = x.shape
    square = r0 == c0
    times = 1.0 if square else 2.0
    a, b = np.empty(cols), np.empty(cols)
    below_k, below_l = np.zeros(cols), np.zeros(cols)
    kl = kk = ll = 0.0
    for i in range(rows):
        _function(x[i], kind, scale, a)
        _function(y[i], kind, scale, b)
        sum_k = sum_l = 0.0
        for j in range(cols):
            p, q = a[j], b[j]
            sum_k += p
            sum_l += q
            kl += p * q
            kk += p * p
            ll += q * q
            below_k[j] += p
            below_l[j] += q
        k[r0 + i] += sum_k
        l[r0 + i] += sum_l
    products[0] += times * kl
    products[1] += times * kk
    products[2] += times * ll
    if not square:  # a square holds both orders of its pairs
        for j in range(cols):
            k[c0 + j] += below_k[j]
            l[c0 + j] += below_l[j]
