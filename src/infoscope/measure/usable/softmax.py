"""Mean cross-entropy of linear logits and its derivative: a compiled pass over the rows, a block in cache at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from infoscope.core.shapes import Block, Block4, IndexTable, Indices, Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import exp2_negative

BLOCK = 1 << 17  # numbers in a block of rows and their logits: stays in cache
ROWS = 64, 256  # the least and the most in a block
TILE = 16, 64  # logits and axes in one product: with 256 rows just what OpenBLAS does on one thread, without packing
FACTORS = 8  # logarithms taken at a time
MOST = {np.float32: np.float32(120), np.float64: np.float64(1000)}
LOG2_E, LN_2 = 1.4426950408889634, 0.6931471805599453
EXACT = {"reassoc", "contract", "nsz", "arcp"}  # leaves infinities and NaN alone: a step far too long costs infinity


def blocks(x: np.ndarray, dtype: Any, heads: int) -> np.ndarray:
    """Rows ``x [n, r]`` as ``[blocks, tiles, axes, rows]``, filled up with zeros, for passes with ``heads`` logits."""
    n, r = x.shape
    rows = min(max(BLOCK // (heads + r), ROWS[0]), ROWS[1])
    rows = _even(_even(n, rows), 16) * 16
    tiles = max(1, -(-r // TILE[1]))
    out = np.empty((-(-n // rows), tiles, max(1, -(-r // tiles)), rows), dtype)
    _fill(x, out)
    return out


def _even(n: int, most: int) -> int:
    """The size of equal parts of ``n``, each at most ``most``."""
    return -(-n // -(-n // most))


@njit(nogil=True, cache=True)
def _fill(x: Matrix, out: Block4) -> None:
    n, r = x.shape
    blocks, tiles, axes, rows = out.shape
    for b in range(blocks):
        start = b * rows
        own = min(rows, n - start)
        for t in range(tiles):
            for a in range(axes):
                line, column = out[b, t, a], t * axes + a
                if column >= r:
                    line[:] = 0
                    continue
                for i in range(own):
                    line[i] = x[start + i, column]
                line[own:] = 0


@njit(nogil=True, cache=True, fastmath=EXACT)
def passed(
    x: Block4,
    n: int,
    theta: Block,
    labels: IndexTable,
    target: Indices,
    decay: Vector,
    most: float,
    f: Vector,
    gradient: Block,
) -> None:
    """Fill ``f [q]``, nats, and its ``gradient [q, k, w]`` at ``theta [q, k, w]``, the bias first, which is rounded.

    x: ``[blocks, tiles, axes, rows]`` of the n rows. labels ``[targets, n]`` and ``target [q]``: what each problem has
    for its own. decay ``[q]``: f is mean cross-entropy + decay/2 |W|², the bias free. Rounded: to the nearest
    parameters that logits can be computed from exactly, to base 2 and in the precision of the rows.
    """
    q, k, w = theta.shape
    heads = q * k
    blocks, tiles, axes, rows = x.shape
    bias, weights = np.empty(heads, x.dtype), np.zeros((tiles, heads, axes), x.dtype)
    for p in range(q):
        for c in range(k):
            own = theta[p, c]
            bias[p * k + c] = own[0] * LOG2_E
            own[0] = np.float64(bias[p * k + c]) / LOG2_E
            for t in range(tiles):
                line, first = weights[t, p * k + c], 1 + t * axes
                for j in range(min(axes, w - first)):
                    line[j] = own[first + j] * LOG2_E
                    own[first + j] = np.float64(line[j]) / LOG2_E
    logits, more = np.empty((heads, rows), x.dtype), np.empty((min(heads, TILE[0]), rows), x.dtype)
    product = np.empty((min(heads, TILE[0]), axes), x.dtype)
    totals, sums, moments = np.zeros(q), np.zeros(heads), np.zeros((tiles, heads, axes))
    for b in range(blocks):
        start = b * rows
        for h in range(0, heads, TILE[0]):
            to = min(h + TILE[0], heads)
            np.dot(weights[0][h:to], x[b][0], logits[h:to])
            for t in range(1, tiles):
                np.dot(weights[t][h:to], x[b][t], more[: to - h])
                for i in range(to - h):
                    line, add = logits[h + i], more[i]
                    for j in range(rows):
                        line[j] += add[j]
        _residuals(logits, k, bias, labels[:, start : min(start + rows, n)], target, most, totals, sums)
        for h in range(0, heads, TILE[0]):
            to = min(h + TILE[0], heads)
            for t in range(tiles):
                np.dot(logits[h:to], x[b][t].T, product[: to - h])
                for i in range(to - h):
                    line, add = moments[t, h + i], product[i]
                    for j in range(axes):
                        line[j] += add[j]
    for p in range(q):
        square = 0.0
        for c in range(k):
            own, out = theta[p, c], gradient[p, c]
            out[0] = sums[p * k + c] / n
            for t in range(tiles):
                line, first = moments[t, p * k + c], 1 + t * axes
                for j in range(min(axes, w - first)):
                    out[first + j] = line[j] / n + decay[p] * own[first + j]
                    square += own[first + j] * own[first + j]
        f[p] = totals[p] * LN_2 / n + 0.5 * decay[p] * square


@njit(nogil=True, cache=True, fastmath=EXACT, forceinline=True)
def _residuals(
    block: Matrix, k: int, bias: Vector, labels: IndexTable, which: Indices, most: float, totals: Vector, sums: Vector
) -> None:
    """Logits to base 2 less their ``bias [p k]``, ``block [p k, rows]``, become probabilities less the one-hot labels.

    labels ``[targets, n]`` and ``which [p]``: the target of each of the p problems; what rows beyond n become is zero.
    Added to: totals ``[p]``, the cross-entropies in bits, and sums ``[p k]``, what the block becomes, both summed over
    rows. most: logits this far below the largest are held there, so that no probability is denormal.
    """
    rows, own = block.shape[1], labels.shape[1]
    top, norm = np.empty(rows, block.dtype), np.empty(rows, block.dtype)
    product = np.empty(FACTORS)
    one = block.dtype.type(1)
    for p in range(block.shape[0] // k):
        target, first = labels[which[p]], p * k
        line, shift = block[first], bias[first]
        for j in range(rows):
            value = line[j] + shift
            line[j] = value
            top[j] = value
            norm[j] = 0
        for c in range(first + 1, first + k):
            line, shift = block[c], bias[c]
            for j in range(rows):
                value = line[j] + shift
                line[j] = value
                top[j] = max(top[j], value)
        total = 0.0
        for j in range(own):
            total += np.float64(top[j]) - np.float64(block[first + target[j], j])
        for c in range(first, first + k):
            line = block[c]
            for j in range(rows):
                e = exp2_negative(min(top[j] - line[j], most))
                line[j] = e
                norm[j] += e
        for j in range(own, rows):
            norm[j] = 1
        product[:] = 1
        for i in range(0, rows, FACTORS):  # each of at most 256 / 8 factors is from 1 to k, so their product is finite
            for j in range(FACTORS):
                product[j] *= np.float64(norm[i + j])
        for j in range(FACTORS):
            total += math.log2(product[j])
        for j in range(own):
            norm[j] = 1 / norm[j]
        for j in range(own, rows):
            norm[j] = 0
        for c in range(first, first + k):
            line = block[c]
            mass = block.dtype.type(0)
            for j in range(rows):
                value = line[j] * norm[j]
                line[j] = value
                mass += value
            sums[c] += np.float64(mass)
        for j in range(own):
            block[first + target[j], j] -= one
            sums[first + target[j]] -= 1
        totals[p] += total
