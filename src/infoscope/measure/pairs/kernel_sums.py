"""Sums of Gaussian kernels over all pairs: the one reduction behind both pairwise-distance bounds.

For noise variance s2 and squared distance D the upper bound wants K_up = exp(-D / (2 s2)), the lower bound
K_lo = exp(-D / (8 s2)). K_up = K_lo⁴, so one exponential serves both (Kolchinsky & Tracey 2017, eq. 10 and 11).

Nothing here is ever denormal, which would cost 3-40 times the time on many processors: K_lo is held at or above the
smallest normal number and K_up is the fourth power of a number large enough. Every sum holds its own K = 1, so what
this adds is below rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core.shapes import Block, Block4, IndexTable, Indices, Matrix, TensorRows, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import exp2_negative
from infoscope.kernels.vector_width import use_whole_vectors
from infoscope.measure.pairs.distances import NARROW, Distances

LO, UP = 0, 1
LONG = 128  # rows of a group on average, from where on loops over one group at a time pay


# The flags leave infinities and NaN alone: an overflowing distance must come out as a kernel of zero.
@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _update_long(
    block: Matrix,
    r0: int,
    c0: int,
    scales: Vector,
    limits: Vector,
    weights: Vector,
    group: Indices,
    starts: Indices,
    classes: IndexTable,
    total: Block,
    own: Block4,
) -> None:
    """:func:`_update` where groups are long: two rows at a time, and what is of a class is part of what is of all."""
    use_whole_vectors()
    rows, cols = block.shape
    variables = classes.shape[0]
    square = r0 == c0
    zero, most, least = block.dtype.type(0), limits[0], limits[1]
    below_low, below_up = np.empty(cols, block.dtype), np.empty(cols, block.dtype)  # column sums over rows of a group
    across = weights[c0 : c0 + cols]
    g_first, g_last = group[c0], group[c0 + cols - 1]
    for s in range(scales.shape[0]):
        scale = scales[s]
        begin = 0
        while begin < rows:
            here = group[r0 + begin]
            end = min(starts[here + 1] - r0, rows)
            below_low[:] = zero
            below_up[:] = zero
            for i in range(begin, end, 2):
                other = min(i + 1, end - 1)
                w0 = weights[r0 + i]
                w1 = weights[r0 + other] if other > i else zero  # a last row alone is its own other, without weight
                line0, line1 = block[i], block[other]
                for g in range(g_first, g_last + 1):
                    a, b = max(starts[g] - c0, 0), min(starts[g + 1] - c0, cols)
                    part0, part1, part = line0[a:b], line1[a:b], across[a:b]
                    part_low, part_up = below_low[a:b], below_up[a:b]
                    low0 = up0 = low1 = up1 = zero
                    for j in range(b - a):
                        k0 = exp2_negative(min(max(part0[j] * scale, zero), most))
                        k1 = exp2_negative(min(max(part1[j] * scale, zero), most))
                        q0, q1 = max(k0, least), max(k1, least)
                        q0, q1 = q0 * q0, q1 * q1
                        q0, q1 = q0 * q0, q1 * q1
                        low0 += k0 * part[j]
                        up0 += q0 * part[j]
                        low1 += k1 * part[j]
                        up1 += q1 * part[j]
                        part_low[j] += k0 * w0 + k1 * w1
                        part_up[j] += q0 * w0 + q1 * w1
                    total[s, 0, r0 + i] += low0
                    total[s, 1, r0 + i] += up0
                    if other > i:
                        total[s, 0, r0 + other] += low1
                        total[s, 1, r0 + other] += up1
                    for v in range(variables):
                        if classes[v, g] == classes[v, here]:
                            own[s, v, 0, r0 + i] += low0
                            own[s, v, 1, r0 + i] += up0
                            if other > i:
                                own[s, v, 0, r0 + other] += low1
                                own[s, v, 1, r0 + other] += up1
            begin = end
            if square:
                continue  # both orders of every pair are seen row by row
            for j in range(cols):
                total[s, 0, c0 + j] += below_low[j]
                total[s, 1, c0 + j] += below_up[j]
            for v in range(variables):
                for g in range(g_first, g_last + 1):
                    if classes[v, g] == classes[v, here]:
                        for j in range(max(starts[g] - c0, 0), min(starts[g + 1] - c0, cols)):
                            own[s, v, 0, c0 + j] += below_low[j]
                            own[s, v, 1, c0 + j] += below_up[j]


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _update(
    block: Matrix,  # [r, c] squared distances
    r0: int,
    c0: int,
    scales: Vector,  # [s] log2(e) / (8 s2)
    limits: Vector,  # [2] largest exponent of K_lo, smallest K_lo whose fourth power is normal
    weights: Vector,  # [n] how many samples a row stands for
    group: Indices,  # [n] rows are sorted by group: a group shares every label
    starts: Indices,  # [g + 1] first row of each group
    classes: IndexTable,  # [v, g] class of each group in each variable
    total: Block,  # [s, 2, n] float64, added to
    own: Block4,  # [s, v, 2, n] float64, added to: sums over rows of the same class only
) -> None:
    use_whole_vectors()
    rows, cols = block.shape
    variables = classes.shape[0]
    square = r0 == c0
    zero, most, least = block.dtype.type(0), limits[0], limits[1]
    low, up = np.empty(cols, block.dtype), np.empty(cols, block.dtype)  # K of one row
    below = np.empty((2 + 2 * variables, cols), block.dtype)  # column sums over at most ROWS rows
    across = weights[c0 : c0 + cols]  # a view, because numba cannot vectorise weights[c0 + j]
    g_first, g_last = group[c0], group[c0 + cols - 1]
    for s in range(scales.shape[0]):
        scale = scales[s]
        below[:] = zero
        below_low, below_up = below[0], below[1]
        for i in range(rows):
            weight, line = weights[r0 + i], block[i]
            sum_low = sum_up = zero
            for j in range(cols):
                k = exp2_negative(min(max(line[j] * scale, zero), most))
                q = max(k, least)
                q = q * q
                q = q * q
                low[j] = k
                up[j] = q
                sum_low += k * across[j]
                sum_up += q * across[j]
                below_low[j] += k * weight
                below_up[j] += q * weight
            total[s, 0, r0 + i] += sum_low
            total[s, 1, r0 + i] += sum_up
            for v in range(variables):
                mine = classes[v, group[r0 + i]]
                own_low, own_up = below[2 + 2 * v], below[3 + 2 * v]
                for g in range(g_first, g_last + 1):
                    if classes[v, g] != mine:
                        continue
                    a, b = max(starts[g] - c0, 0), min(starts[g + 1] - c0, cols)
                    part_low, part_up, part = low[a:b], up[a:b], across[a:b]
                    part_own_low, part_own_up = own_low[a:b], own_up[a:b]
                    sum_low = sum_up = zero
                    for j in range(b - a):
                        sum_low += part_low[j] * part[j]
                        sum_up += part_up[j] * part[j]
                        part_own_low[j] += part_low[j] * weight
                        part_own_up[j] += part_up[j] * weight
                    own[s, v, 0, r0 + i] += sum_low
                    own[s, v, 1, r0 + i] += sum_up
        if square:
            continue  # both orders of every pair have been seen row by row
        for j in range(cols):
            total[s, 0, c0 + j] += below[0, j]
            total[s, 1, c0 + j] += below[1, j]
            for v in range(variables):
                own[s, v, 0, c0 + j] += below[2 + 2 * v, j]
                own[s, v, 1, c0 + j] += below[3 + 2 * v, j]


@dataclass(frozen=True)
class Sums:
    """Per row: ``total [s, 2, n]`` and ``own [s, v, 2, n]`` (same class only), lower kernel first, for s noises."""

    total: np.ndarray
    own: np.ndarray


@dataclass(frozen=True)
class Grouped:
    """Rows sorted by group, where a group shares every label: ``weights [n]``, ``group [n]``, ``classes [v, g]``."""

    weights: np.ndarray
    group: np.ndarray
    classes: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        return np.searchsorted(self.group, np.arange(self.classes.shape[1] + 1))


class KernelSums:
    """A :class:`~infoscope.measure.pairs.over_pairs.Fold`: :class:`Sums` for several noise variances at once."""

    def __init__(self, rows: Grouped, variances: Sequence[float], dtype: Any) -> None:
        self._rows, self._variances, self._dtype = rows, variances, np.dtype(dtype)
        info = np.finfo(dtype)
        self._scales = np.array([math.log2(math.e) / (8 * s2) for s2 in variances], dtype)
        self._limits = np.array([-info.minexp, 2.0 ** (info.minexp // 4 + 1)], dtype)
        self._update = _update_long if LONG * rows.classes.shape[1] <= len(rows.group) else _update
        self._constant = (rows.weights.astype(dtype), rows.group.astype(np.int64), rows.starts, rows.classes)
        shape = (len(variances), len(rows.classes), 2, len(rows.group))
        self.total, self.own = np.zeros((shape[0], *shape[2:])), np.zeros(shape)

    def fresh(self) -> KernelSums:
        return KernelSums(self._rows, self._variances, self._dtype)

    def update(self, block: np.ndarray, rows: slice, cols: slice) -> None:
        self._update(block, rows.start, cols.start, self._scales, self._limits, *self._constant, self.total, self.own)

    def merge(self, other: KernelSums) -> None:
        self.total += other.total
        self.own += other.own

    def result(self) -> Sums:
        return Sums(self.total, self.own)


def precise(t: np.ndarray, rows: np.ndarray, variances: Sequence[float]) -> Distances:
    """Of these ``rows`` of ``t [n, d]``, in its dtype unless float32 would blur the kernels of wide rows by over 1 %.

    A matrix multiply leaves an error near 2^-22 of the largest squared norm in every squared distance; that is fatal
    when the noise is much smaller than the rows. Narrow rows are subtracted directly and have no such error.
    """
    found = Distances(t, rows=rows)
    if t.dtype == np.float64 or t.shape[1] <= NARROW or found.reach / (2 * min(variances)) * 2.0**-22 <= 0.01:
        return found
    del found  # it may hold a copy of the rows
    return Distances(t, np.float64, rows)


def on_device(t: TensorRows, classes: np.ndarray, variances: Sequence[float]) -> Sums:
    """The same sums for a tensor ``t [n, d]`` where it lives; ``classes [v, n]`` are the labels of every row.

    No matrix multiply, which on an accelerator may silently run in TF32.
    """
    import torch

    n = len(t)
    labels = [torch.as_tensor(c, device=t.device) for c in classes]
    total = np.zeros((len(variances), 2, n))
    own = np.zeros((len(variances), len(classes), 2, n))
    step = max(1, 2**24 // n)
    with torch.no_grad():
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            squared = torch.cdist(t[rows], t, compute_mode="donot_use_mm_for_euclid_dist").square()
            for s, s2 in enumerate(variances):
                low = torch.exp(squared / (-8 * s2))
                for which, k in ((LO, low), (UP, low**4)):
                    total[s, which, rows] = k.sum(1).cpu()
                    for v, y in enumerate(labels):
                        own[s, v, which, rows] = torch.where(y[rows, None] == y, k, 0).sum(1).cpu()
    return Sums(total, own)
