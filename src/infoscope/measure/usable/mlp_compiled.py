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

from infoscope.core.shapes import IndexTable, Indices, Matrix
from infoscope.kernels import adam
from infoscope.kernels.compiling import njit
from infoscope.kernels.row_products import LANES, NOTHING, add_moments, set_columns, set_product
from infoscope.kernels.vector_math import exp2_negative

ROWS = 256
F = np.float32
LOG2_E, MOST = F(1.4426950408889634), F(100)  # logits this far below the largest, to base 2, are held there
# The flags leave infinities and NaN alone: a network that diverges must cost infinitely much, or NaN.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def advance(
    sizes: Indices,
    state: Matrix,
    x: Matrix,
    labels: Indices | None,
    wanted: Matrix | None,
    train: Indices,
    positions: IndexTable,
    paces: Matrix,
    moments,
    validation: Indices,
) -> float:
    """Train one network in place, an update for each of ``positions [updates, b]`` among its rows ``train``.

    state ``[4, parameters]``: the parameters, Adam's two moments, the average. x ``[n, in]``, columns of zeros added up
    to whole vectors. labels ``[n]`` of classes, or wanted ``[n, out]``, quantities; the other is None, and numba
    compiles nothing of it. paces ``[updates, 3]``: the factor that weights are kept by, the length of the step, and the
    part of the way to the parameters that the average goes. moments: the weight of a new gradient, of the old second
    moment, of a new square, and Adam's epsilon.

    Returns minus the mean cross-entropy in nats, or half the mean square, of the average on the rows ``validation``;
    NaN where it is not finite.
    """
    layers, units, parameters = len(sizes) - 1, 0, state.shape[1]
    for l in range(layers + 1):
        units += sizes[l]
    outs, size = sizes[layers], positions.shape[1]
    z = units - outs  # the first unit of the last layer
    lanes = max(_lanes(size), _lanes(len(validation)))
    a, g = np.empty((max(units, x.shape[1]), lanes), np.float32), np.empty((units, lanes), np.float32)
    ones = np.empty((1, lanes), np.float32)
    top, norm, rows = np.empty(lanes, np.float32), np.empty(lanes, np.float32), np.empty(lanes, np.int64)
    gradient, decays = np.empty(parameters, np.float32), np.empty(parameters, np.bool_)
    latest, first, second, average = state[0], state[1], state[2], state[3]
    total, none, one = 0.0, np.int64(0), np.int64(1)  # what is called for a literal is compiled for it again
    per = 1  # numbers of a row that its cost is the mean of
    if wanted is not None:
        per = outs
    for b in range(lanes):
        ones[0, b] = F(1)
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
        scale = F(1 / (size * per))
        for start in range(0, size, lanes):
            used = min(lanes, size - start)
            for b in range(lanes):
                place = start + min(b, used - 1)
                rows[b] = train[positions[u, place]] if learning else validation[place]
            set_columns(x, rows, none, a, lanes)
            at = begin = none
            for l in range(layers):
                into, out = sizes[l], sizes[l + 1]
                set_product(p, at, into, one, out, into, a, begin, a, begin + into, lanes, at + out * into)
                if l < layers - 1:
                    for o in range(begin + into, begin + into + out):
                        for b in range(lanes):
                            a[o, b] = max(a[o, b], F(0))
                at, begin = at + out * (into + 1), begin + into
            # The derivative by the logits or numbers that came out, in the last rows of g, zero in lanes left over.
            if wanted is not None:
                for c in range(outs):
                    for b in range(used):
                        gap = a[z + c, b] - wanted[rows[b], c]
                        if not learning:
                            total += np.float64(gap) * np.float64(gap) / (2 * outs)
                        g[z + c, b] = gap * scale
            if labels is not None:  # no else: numba leaves out what follows upon an argument that is None
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
                add_moments(gradient, at, out, into, g, begin, a, before, lanes)
                add_moments(gradient, at + out * into, out, one, g, begin, ones, none, lanes)
                if l:
                    set_product(p, at, one, into, into, out, g, begin, g, before, lanes, NOTHING)
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
    return ((rows + parts - 1) // parts + LANES - 1) // LANES * LANES
