"""One MLP's training as a compiled loop: forward, backward and update with the rows of a batch on the SIMD axis.

Activations are ``[unit, lane]``, a lane a row, up to ROWS of them at a time, so that they stay near the processor. A
network is one flat vector of parameters: for each layer weights ``[out, in]``, then biases ``[out]``. No BLAS is
called: it is hardly faster on one thread, and its own threads stand in the way of ours. The readable twin is
``Stack.batched``.
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


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _add_product(w: Matrix, a: Matrix, z: Matrix):
    """z += w @ a, two outputs and four inputs at a time."""
    outs, ins = w.shape
    for start in range(0, ins, INNER):
        end = min(start + INNER, ins)
        for o in range(0, outs - 1, 2):
            z0, z1 = z[o], z[o + 1]
            i = start
            while i + 4 <= end:
                a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
                u0, u1, u2, u3 = w[o, i], w[o, i + 1], w[o, i + 2], w[o, i + 3]
                v0, v1, v2, v3 = w[o + 1, i], w[o + 1, i + 1], w[o + 1, i + 2], w[o + 1, i + 3]
                for b in range(len(z0)):
                    # All is read before anything is written, or LLVM reads the inputs twice.
                    x0, x1, x2, x3 = a0[b], a1[b], a2[b], a3[b]
                    s = z0[b] + u0 * x0 + u1 * x1 + u2 * x2 + u3 * x3
                    t = z1[b] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
                    z0[b] = s
                    z1[b] = t
                i += 4
            while i < end:
                a0, u0, v0 = a[i], w[o, i], w[o + 1, i]
                for b in range(len(z0)):
                    z0[b] += u0 * a0[b]
                    z1[b] += v0 * a0[b]
                i += 1
        if outs % 2:
            z0 = z[outs - 1]
            for i in range(start, end):
                a0, u0 = a[i], w[outs - 1, i]
                for b in range(len(z0)):
                    z0[b] += u0 * a0[b]


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _add_moments(g: Matrix, a: Matrix, d: Matrix):
    """d += g @ a.T, two outputs and four inputs at a time."""
    outs, ins = d.shape
    for start in range(0, ins, INNER):
        end = min(start + INNER, ins)
        for o in range(0, outs - 1, 2):
            g0, g1 = g[o], g[o + 1]
            i = start
            while i + 4 <= end:
                a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
                s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = F(0)
                for b in range(len(g0)):
                    s0 += g0[b] * a0[b]
                    s1 += g0[b] * a1[b]
                    s2 += g0[b] * a2[b]
                    s3 += g0[b] * a3[b]
                    t0 += g1[b] * a0[b]
                    t1 += g1[b] * a1[b]
                    t2 += g1[b] * a2[b]
                    t3 += g1[b] * a3[b]
                d[o, i] += s0
                d[o, i + 1] += s1
                d[o, i + 2] += s2
                d[o, i + 3] += s3
                d[o + 1, i] += t0
                d[o + 1, i + 1] += t1
                d[o + 1, i + 2] += t2
                d[o + 1, i + 3] += t3
                i += 4
            while i < end:
                a0 = a[i]
                s0 = t0 = F(0)
                for b in range(len(g0)):
                    s0 += g0[b] * a0[b]
                    t0 += g1[b] * a0[b]
                d[o, i] += s0
                d[o + 1, i] += t0
                i += 1
        if outs % 2:
            g0 = g[outs - 1]
            for i in range(start, end):
                a0 = a[i]
                s0 = F(0)
                for b in range(len(g0)):
                    s0 += g0[b] * a0[b]
                d[outs - 1, i] += s0


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _gather(x: Matrix, rows: Indices, a: Matrix):
    """a [in, lanes] = x [n, in] at ``rows [lanes]``, eight rows at a time."""
    for b in range(0, len(rows), 8):
        x0, x1, x2, x3 = x[rows[b]], x[rows[b + 1]], x[rows[b + 2]], x[rows[b + 3]]
        x4, x5, x6, x7 = x[rows[b + 4]], x[rows[b + 5]], x[rows[b + 6]], x[rows[b + 7]]
        for i in range(len(a)):
            out = a[i][b : b + 8]
            out[0], out[1], out[2], out[3] = x0[i], x1[i], x2[i], x3[i]
            out[4], out[5], out[6], out[7] = x4[i], x5[i], x6[i], x7[i]


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _forward(sizes: Indices, p: Vector, a: Matrix):
    """Activations ``a``, one layer below the other, the first of which is there; rectifiers but for the last."""
    at = first = 0
    for l in range(len(sizes) - 1):
        ins, outs = sizes[l], sizes[l + 1]
        z = a[first + ins : first + ins + outs]
        bias = at + outs * ins
        for o in range(outs):
            z[o, :] = p[bias + o]
        _add_product(p[at:bias].reshape(outs, ins), a[first : first + ins], z)
        if l < len(sizes) - 2:
            line = z.reshape(-1)
            for j in range(len(line)):
                line[j] = max(line[j], F(0))
        at, first = bias + outs, first + ins


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _add_backward(sizes: Indices, p: Vector, a: Matrix, g: Matrix, gradient: Vector):
    """Add the gradient over lanes with activations ``a``, given the derivative by the last of them in ``g``."""
    at, first = len(p), a.shape[0] - sizes[-1]
    for l in range(len(sizes) - 2, -1, -1):
        ins, outs = sizes[l], sizes[l + 1]
        bias, behind = at - outs, g[first : first + outs]
        at, first = bias - outs * ins, first - ins
        before = a[first : first + ins]
        for o in range(outs):
            line, total = behind[o], F(0)
            for b in range(len(line)):
                total += line[b]
            gradient[bias + o] += total
        _add_moments(behind, before, gradient[at:bias].reshape(outs, ins))
        if l:
            here = g[first : first + ins]
            here[:] = F(0)
            _add_product(p[at:bias].reshape(outs, ins).T, behind, here)
            line, on = here.reshape(-1), before.reshape(-1)
            for j in range(len(line)):
                line[j] = line[j] if on[j] > F(0) else F(0)


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _exponentials(z: Matrix, top: Vector, e: Matrix, norm: Vector):
    """e = exp(z - top), top the largest of the logits ``z [k, lanes]``, norm their sum, NaN where one is not finite."""
    for b in range(len(top)):
        top[b] = z[0, b]
        norm[b] = F(0)
    for c in range(1, len(z)):
        line = z[c]
        for b in range(len(top)):
            top[b] = max(top[b], line[b])
    for c in range(len(z)):
        line, out = z[c], e[c]
        for b in range(len(top)):
            out[b] = exp2_negative(min((top[b] - line[b]) * LOG2_E, MOST))
            norm[b] += out[b] + F(0) * line[b]


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _residuals(e: Matrix, norm: Vector, labels: Indices, rows: Indices, used: int, scale: np.floating | float):
    """e = (e / norm less the one-hot labels of ``rows``) times ``scale``, zero in the lanes behind those used."""
    for b in range(used):
        norm[b] = scale / norm[b]
    norm[used:] = F(0)
    for c in range(len(e)):
        out = e[c]
        for b in range(len(norm)):
            out[b] *= norm[b]
    for b in range(used):
        e[labels[rows[b]], b] -= scale


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _differences(z, wanted, rows, used, scale, g):
    """g = (outputs z less what is wanted of ``rows``) times ``scale``, zero in the lanes behind those used."""
    g[:, used:] = F(0)
    for c in range(len(z)):
        for b in range(used):
            g[c, b] = (z[c, b] - wanted[rows[b], c]) * scale


@njit(nogil=True, cache=True, error_model="numpy")
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
):
    """Train one network in place, an update for each of ``positions [updates, b]`` among its rows ``train``.

    state ``[4, parameters]``: the parameters, Adam's two moments, the average. x ``[n, in]``. labels ``[n]`` of classes
    where wanted ``[n, out]``, quantities, is empty. paces ``[updates, 3]``: the factor that weights are kept by, the
    length of the step, and the part of the way to the parameters that the average goes. moments: the weight of a new
    gradient, of the old second moment, of a new square, and Adam's epsilon.
    """
    p, first, second, average = state[0], state[1], state[2], state[3]
    gradient = np.empty_like(p)
    size, outs = positions.shape[1], sizes[-1]
    lanes, units = _lanes(size), sizes.sum()
    a, g = np.empty((units, lanes), np.float32), np.empty((units, lanes), np.float32)
    top, norm, rows = np.empty(lanes, np.float32), np.empty(lanes, np.float32), np.empty(lanes, np.int64)
    z, last = a[units - outs :], g[units - outs :]
    for u in range(len(positions)):
        gradient[:] = F(0)
        for start in range(0, size, lanes):
            used = min(lanes, size - start)
            for b in range(lanes):
                rows[b] = train[positions[u, start + min(b, used - 1)]]
            _gather(x, rows, a[: sizes[0]])
            _forward(sizes, p, a)
            if len(wanted):
                _differences(z, wanted, rows, used, F(1 / (size * outs)), last)
            else:
                _exponentials(z, top, last, norm)
                _residuals(last, norm, labels, rows, used, F(1 / size))
            _add_backward(sizes, p, a, g, gradient)
        at, step, part = 0, F(paces[u, 1]), F(paces[u, 2])
        for l in range(len(sizes) - 1):
            bias = at + sizes[l] * sizes[l + 1]
            end = bias + sizes[l + 1]
            keep = F(paces[u, 0]) if sizes[l] > 1 else F(1)  # a row of weights is no matrix: it does not decay
            for i, j, kept in ((at, bias, keep), (bias, end, F(1))):
                adam.compiled_averaged(
                    p[i:j], first[i:j], second[i:j], average[i:j], gradient[i:j], kept, step, part, moments
                )
            at = end


@njit(nogil=True, cache=True, error_model="numpy")
def value(sizes: Indices, p: Vector, x: Matrix, labels: Indices, wanted: Matrix, validation: Indices):
    """Minus the mean cross-entropy in nats, or half the mean square, of a network on rows; NaN where not finite."""
    size, outs = len(validation), sizes[-1]
    lanes, units = _lanes(size), sizes.sum()
    a, e = np.empty((units, lanes), np.float32), np.empty((outs, lanes), np.float32)
    top, norm, rows = np.empty(lanes, np.float32), np.empty(lanes, np.float32), np.empty(lanes, np.int64)
    z, total = a[units - outs :], 0.0
    for start in range(0, size, lanes):
        used = min(lanes, size - start)
        for b in range(lanes):
            rows[b] = validation[start + min(b, used - 1)]
        _gather(x, rows, a[: sizes[0]])
        _forward(sizes, p, a)
        if len(wanted):
            for c in range(outs):
                for b in range(used):
                    total += np.float64(z[c, b] - wanted[rows[b], c]) ** 2 / (2 * outs)
        else:
            _exponentials(z, top, e, norm)
            for b in range(used):
                total += math.log(norm[b]) + np.float64(top[b] - z[labels[rows[b]], b])
    return -total / size


@njit(nogil=True, cache=True)
def _lanes(rows: int):
    parts = (rows + ROWS - 1) // ROWS
    each = (rows + parts - 1) // parts
    return (each + VECTOR - 1) // VECTOR * VECTOR
