"""One MLP's training as a compiled loop: forward, backward and update with the rows of a batch on the SIMD axis.

Activations are ``[unit, lane]``, a lane a row, up to ROWS of them at a time, so that they stay near the processor. A
network is one flat vector of parameters: for each layer weights ``[out, in]``, then biases ``[out]``. No BLAS is
called: it is hardly faster on one thread, and its own threads stand in the way of ours. The readable twin is
``Stack.batched``.

Arrays are indexed and never sliced, sums and copies are written out, room is given and not made, and training and
judging are one function: a slice, an array that is made, or numba's own ``max`` each take longer to compile than a
loop, and a second function as long as the first.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infoscope.core.shapes import IndexTable, Indices, Marks, Matrix, Vector
from infoscope.kernels import adam
from infoscope.kernels.compiling import njit
from infoscope.kernels.row_products import LANES, NOTHING, add_moments, set_columns, set_product
from infoscope.kernels.vector_math import exp2_negative, greater, lesser
from infoscope.kernels.vector_width import use_whole_vectors

ROWS = 256
F = np.float32
LOG2_E, MOST = F(1.4426950408889634), F(100)  # logits this far below the largest, to base 2, are held there
# The flags leave infinities and NaN alone: a network that diverges must cost infinitely much, or NaN.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


class Room(NamedTuple):
    """What :func:`advance` works in, for networks of one shape; each thread has its own.

    widths: lanes of a block of rows of a batch, and of the validation rows. a, g: what units hold and its derivative,
    ``[unit, lane]``. ones, top, norm, rows: a number a lane. gradient, decays: a number, or whether it decays, a
    parameter; a row of weights is no matrix, and it and biases do not.
    """

    widths: Indices
    a: Matrix
    g: Matrix
    ones: Matrix
    top: Vector
    norm: Vector
    rows: Indices
    gradient: Vector
    decays: Marks

    @classmethod
    def of(cls, sizes: Indices, columns: int, batch: int, validation: int) -> Room:
        """For layers of ``sizes [layers + 1]``, rows of so many ``columns``, and so many rows at once."""
        widths = np.array([_lanes(batch), _lanes(validation)])
        units, lanes = int(sizes.sum()), int(widths.max())
        decays = [
            part for into, out in pairwise(sizes) for part in (np.full(into * out, into > 1), np.zeros(out, np.bool_))
        ]
        return cls(
            widths,
            np.empty((max(units, columns), lanes), np.float32),
            np.empty((units, lanes), np.float32),
            np.ones((1, lanes), np.float32),
            np.empty(lanes, np.float32),
            np.empty(lanes, np.float32),
            np.empty(lanes, np.int64),
            np.empty(sum(map(len, decays)), np.float32),
            np.concatenate(decays),
        )


def _lanes(rows: int) -> int:
    """Of blocks of at most ROWS rows, as even as can be, rounded up to whole vectors."""
    parts = max(1, -(-rows // ROWS))
    return -(-rows // parts // LANES) * LANES


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
    widths: Indices,
    a: Matrix,
    g: Matrix,
    ones: Matrix,
    top: Vector,
    norm: Vector,
    rows: Indices,
    gradient: Vector,
    decays: Marks,
) -> float:
    """Train one network in place, an update for each of ``positions [updates, b]`` among its rows ``train``.

    state ``[4, parameters]``: the parameters, Adam's two moments, the average. x ``[n, in]``, columns of zeros added up
    to whole vectors. labels ``[n]`` of classes, or wanted ``[n, out]``, quantities; the other is None, and numba
    compiles nothing of it. paces ``[updates, 3]``: the factor that weights are kept by, the length of the step, and the
    part of the way to the parameters that the average goes. moments: the weight of a new gradient, of the old second
    moment, of a new square, and Adam's epsilon. All that follows ``validation`` is a :class:`Room`.

    Returns minus the mean cross-entropy in nats, or half the mean square, of the average on the rows ``validation``;
    NaN where it is not finite.
    """
    use_whole_vectors()
    layers, units, parameters = len(sizes) - 1, 0, state.shape[1]
    for l in range(layers + 1):
        units += sizes[l]
    outs, size, lanes = sizes[layers], positions.shape[1], widths[0]
    z = units - outs  # the first unit of the last layer
    latest, first, second, average = state[0], state[1], state[2], state[3]
    total, none, one = 0.0, np.int64(0), np.int64(1)  # what is called for a literal is compiled for it again
    per = one  # numbers of a row that its cost is the mean of
    if wanted is not None:
        per = outs
    for u in range(len(positions) + 1):
        learning = u < len(positions)
        p = latest if learning else average
        if not learning:
            size, lanes = len(validation), widths[1]
        for j in range(parameters):
            gradient[j] = F(0)
        scale = F(1 / (size * per))
        for start in range(0, size, lanes):
            used = lesser(lanes, size - start)
            for b in range(lanes):
                place = start + lesser(b, used - 1)
                rows[b] = train[positions[u, place]] if learning else validation[place]
            set_columns(x, rows, none, a, lanes)
            at = begin = none
            for l in range(layers):
                into, out = sizes[l], sizes[l + 1]
                set_product(p, at, into, one, out, into, a, begin, a, begin + into, lanes, at + out * into)
                if l < layers - 1:
                    for o in range(begin + into, begin + into + out):
                        for b in range(lanes):
                            a[o, b] = greater(a[o, b], F(0))
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
                        top[b] = greater(top[b], a[z + c, b])
                for c in range(outs):
                    for b in range(lanes):
                        g[z + c, b] = exp2_negative(lesser((top[b] - a[z + c, b]) * LOG2_E, MOST))
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
