"""One MLP's training as a compiled loop: forward, backward and update with the rows of a batch on the SIMD axis.

Activations are ``[unit, lane]``, a lane a row, up to ROWS of them at a time, so that they stay near the processor. A
network is one flat vector of parameters: for each layer weights ``[out, in]``, then biases ``[out]``. No BLAS is
called: it is hardly faster on one thread, and its own threads stand in the way of ours. The readable twin is
``Stack.batched``.

Arrays are indexed and never sliced, sums and copies are written out, and training and judging are one function: a
slice takes numba longer to compile than a loop, and a second function as long as the first.
"""

from __future__ import annotations

import math

import numpy as np

from infoscope.core.shapes import IndexTable, Indices, Matrix, Vector
from infoscope.kernels import adam
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import exp2_negative

ROWS = 256
VECTOR = 16  # the number of lanes is a multiple of this; those left over hold a row again, and count nothing
INNER = 24  # inputs at a time, whose activations stay in the first cache
F = np.float32
LOG2_E, MOST = F(1.4426950408889634), F(100)  # logits this far below the largest, to base 2, are held there
# The flags leave infinities and NaN alone: a network that diverges must cost infinitely much, or NaN.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _add_product(p: Vector, at: int, across: int, down: int, outs: int, ins: int, a: Matrix, ai: int, z: Matrix,
                 zi: int, lanes: int):  # fmt: skip
    """z[zi + o] += sum over i of W[o, i] a[ai + i], two outputs and four inputs at a time.

    W[o, i] is ``p[at + across * o + down * i]``: the weights of a layer, or, the other way round, their transpose.
    """
    for start in range(0, ins, INNER):
        end = min(start + INNER, ins)
        for o in range(0, outs, 2):
            y, w = zi + o, at + across * o
            v = w + across
            i = start
            if o + 1 < outs:
                while i + 4 <= end:
                    x, k = ai + i, down * i
                    u0, u1, u2, u3 = p[w + k], p[w + k + down], p[w + k + 2 * down], p[w + k + 3 * down]
                    v0, v1, v2, v3 = p[v + k], p[v + k + down], p[v + k + 2 * down], p[v + k + 3 * down]
                    for b in range(lanes):
                        # All is read before anything is written, or LLVM reads the inputs twice.
                        x0, x1, x2, x3 = a[x, b], a[x + 1, b], a[x + 2, b], a[x + 3, b]
                        s = z[y, b] + u0 * x0 + u1 * x1 + u2 * x2 + u3 * x3
                        t = z[y + 1, b] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
                        z[y, b] = s
                        z[y + 1, b] = t
                    i += 4
            while i < end:
                x, u0 = ai + i, p[w + down * i]
                for b in range(lanes):
                    z[y, b] += u0 * a[x, b]
                if o + 1 < outs:
                    v0 = p[v + down * i]
                    for b in range(lanes):
                        z[y + 1, b] += v0 * a[x, b]
                i += 1


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _add_moments(g: Matrix, gi: int, a: Matrix, ai: int, d: Vector, at: int, outs: int, ins: int, lanes: int):
    """d[at + ins * o + i] += the sum over lanes of g[gi + o] a[ai + i], two outputs and four inputs at a time."""
    for start in range(0, ins, INNER):
        end = min(start + INNER, ins)
        for o in range(0, outs, 2):
            y, w = gi + o, at + ins * o
            i = start
            if o + 1 < outs:
                while i + 4 <= end:
                    x = ai + i
                    s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = F(0)
                    for b in range(lanes):
                        left, right = g[y, b], g[y + 1, b]
                        x0, x1, x2, x3 = a[x, b], a[x + 1, b], a[x + 2, b], a[x + 3, b]
                        s0 += left * x0
                        s1 += left * x1
                        s2 += left * x2
                        s3 += left * x3
                        t0 += right * x0
                        t1 += right * x1
                        t2 += right * x2
                        t3 += right * x3
                    for j, (s, t) in enumerate(((s0, t0), (s1, t1), (s2, t2), (s3, t3))):
                        d[w + i + j] += s
                        d[w + ins + i + j] += t
                    i += 4
            while i < end:
                for j in range(min(2, outs - o)):
                    s0 = F(0)
                    for b in range(lanes):
                        s0 += g[y + j, b] * a[ai + i, b]
                    d[w + ins * j + i] += s0
                i += 1


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def advance(
    sizes: Indices,
    state: Matrix,
    x: Matrix,
    labels: Indices,
    wanted: Matrix,
    train: Indices,
    positions: IndexTable,
    paces: Matrix,
    moments,
    validation: Indices,
) -> float:
    """Train one network in place, an update for each of ``positions [updates, b]`` among its rows ``train``.

    state ``[4, parameters]``: the parameters, Adam's two moments, the average. x ``[n, in]``. labels ``[n]`` of classes
    where wanted ``[n, out]``, quantities, is empty. paces ``[updates, 3]``: the factor that weights are kept by, the
    length of the step, and the part of the way to the parameters that the average goes. moments: the weight of a new
    gradient, of the old second moment, of a new square, and Adam's epsilon.

    Returns minus the mean cross-entropy in nats, or half the mean square, of the average on the rows ``validation``;
    NaN where it is not finite.
    """
    layers, ins, units, parameters = len(sizes) - 1, sizes[0], 0, state.shape[1]
    for l in range(layers + 1):
        units += sizes[l]
    outs, size = sizes[layers], positions.shape[1]
    z = units - outs  # the first unit of the last layer
    lanes = max(_lanes(size), _lanes(len(validation)))
    a, g = np.empty((units, lanes), np.float32), np.empty((units, lanes), np.float32)
    top, norm, rows = np.empty(lanes, np.float32), np.empty(lanes, np.float32), np.empty(lanes, np.int64)
    gradient, decays = np.empty(parameters, np.float32), np.empty(parameters, np.bool_)
    latest, first, second, average = state[0], state[1], state[2], state[3]
    total, none, one = 0.0, np.int64(0), np.int64(1)  # what is called for a literal is compiled for it again
    at = 0
    for l in range(layers):
        for j in range(sizes[l + 1] * (sizes[l] + 1)):  # a row of weights is no matrix; it and biases do not decay
            decays[at + j] = sizes[l] > 1 and j < sizes[l + 1] * sizes[l]
        at += sizes[l + 1] * (sizes[l] + 1)
    for u in range(len(positions) + 1):
        learning = u < len(positions)
        p = latest if learning else average
        if not learning:
            size = len(validation)
        for j in range(parameters):
            gradient[j] = F(0)
        lanes = _lanes(size)
        scale = F(1 / (size * (outs if len(wanted) else 1)))
        for start in range(0, size, lanes):
            used = min(lanes, size - start)
            for b in range(lanes):
                place = start + min(b, used - 1)
                rows[b] = train[positions[u, place]] if learning else validation[place]
            for b in range(0, lanes, 8):
                r0, r1, r2, r3 = rows[b], rows[b + 1], rows[b + 2], rows[b + 3]
                r4, r5, r6, r7 = rows[b + 4], rows[b + 5], rows[b + 6], rows[b + 7]
                for i in range(ins):
                    a[i, b], a[i, b + 1], a[i, b + 2], a[i, b + 3] = x[r0, i], x[r1, i], x[r2, i], x[r3, i]
                    a[i, b + 4], a[i, b + 5], a[i, b + 6], a[i, b + 7] = x[r4, i], x[r5, i], x[r6, i], x[r7, i]
            at = begin = none
            for l in range(layers):
                into, out = sizes[l], sizes[l + 1]
                for o in range(out):
                    bias = p[at + out * into + o]
                    for b in range(lanes):
                        a[begin + into + o, b] = bias
                _add_product(p, at, into, one, out, into, a, begin, a, begin + into, lanes)
                if l < layers - 1:
                    for o in range(begin + into, begin + into + out):
                        for b in range(lanes):
                            a[o, b] = max(a[o, b], F(0))
                at, begin = at + out * (into + 1), begin + into
            # The derivative by the logits or numbers that came out, in the last rows of g, zero in lanes left over.
            if len(wanted):
                for c in range(outs):
                    for b in range(used):
                        gap = a[z + c, b] - wanted[rows[b], c]
                        if not learning:
                            total += np.float64(gap) * np.float64(gap) / (2 * outs)
                        g[z + c, b] = gap * scale
            else:
                for b in range(lanes):
                    top[b] = a[z, b]
                    norm[b] = F(0)
                for c in range(1, outs):
                    for b in range(lanes):
                        top[b] = max(top[b], a[z + c, b])
                for c in range(outs):
                    for b in range(lanes):
                        g[z + c, b] = exp2_negative(min((top[b] - a[z + c, b]) * LOG2_E, MOST))
                        norm[b] += g[z + c, b] + F(0) * a[z + c, b]  # NaN where a logit is not finite
                if not learning:
                    for b in range(used):
                        total += math.log(norm[b]) + np.float64(top[b] - a[z + labels[rows[b]], b])
                for b in range(used):
                    norm[b] = scale / norm[b]
                for c in range(outs):
                    for b in range(lanes):
                        g[z + c, b] *= norm[b]
                for b in range(used):
                    g[z + labels[rows[b]], b] -= scale
            if not learning:
                continue
            for c in range(outs):
                for b in range(used, lanes):
                    g[z + c, b] = F(0)
            at, begin = parameters, z
            for l in range(layers - 1, -1, -1):
                into, out = sizes[l], sizes[l + 1]
                at, before = at - out * (into + 1), begin - into
                for o in range(out):
                    s = F(0)
                    for b in range(lanes):
                        s += g[begin + o, b]
                    gradient[at + out * into + o] += s
                _add_moments(g, begin, a, before, gradient, at, out, into, lanes)
                if l:
                    for i in range(before, begin):
                        for b in range(lanes):
                            g[i, b] = F(0)
                    _add_product(p, at, one, into, into, out, g, begin, g, before, lanes)
                    for i in range(before, begin):
                        for b in range(lanes):
                            g[i, b] = g[i, b] if a[i, b] > F(0) else F(0)
                begin = before
        if learning:
            keep, step, part = F(paces[u, 0]), F(paces[u, 1]), F(paces[u, 2])
            adam.compiled_averaged(latest, first, second, average, gradient, decays, keep, step, part, moments)
    return -total / len(validation)


@njit(error_model="numpy", inline="always")
def _lanes(rows):
    """Of blocks of at most ROWS rows, as even as can be, rounded up to whole vectors."""
    parts = max(1, (rows + ROWS - 1) // ROWS)
    return ((rows + parts - 1) // parts + VECTOR - 1) // VECTOR * VECTOR
