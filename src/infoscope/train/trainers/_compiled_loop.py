"""One member's training as one compiled loop: forward, backward and update with the minibatch on the SIMD axis.

Arrays are laid out ``[unit, row of the batch]``, so that every inner loop runs over contiguous floats, of 256 rows at
most, that stay near the processor. The network is one flat vector of parameters: for each layer W [out, in] row-major,
then b [out]. The readable twin is :mod:`infoscope.train.trainers.batched`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from infoscope.kernels import adam
from infoscope.kernels.compiling import njit
from infoscope.kernels.counter_draws import ADDITIVE, batch_order, draw
from infoscope.kernels.denormals import flush_denormals, restore_denormals
from infoscope.kernels.row_products import LANES, NOTHING, add_moments, set_columns, set_product
from infoscope.kernels.vector_math import INV_SQRT_2PI, F, exp, normal_cdf, sigmoid, softplus, tanh
from infoscope.kernels.vector_width import use_whole_vectors

#: All but GELU have their derivative from their output; GELU's is kept beside it on the way forward.
CODES = {
    "linear": 0,
    "tanh": 1,
    "scaled_sigmoid": 1,  # 2 sigmoid(2x) - 1 is tanh
    "relu": 2,
    "sigmoid": 3,
    "softsign": 4,
    "softplus": 5,
    "hard_tanh": 6,
    "leaky_relu": 7,
    "gelu": 8,
    "shifted_tanh": 9,
    "centred_sigmoid": 10,
}
ROWS = 256  # of a batch at a time, so that what their units hold stays near the processor
KEPT = 8  # the code of an activation whose derivative the way forward kept
LEAK = F(0.01)
_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not nnan/ninf: a diverged member must stay visibly diverged
# error_model="numpy" everywhere: Python's raises on a division by zero, a branch that keeps loops from vectorising


class Rules(NamedTuple):
    """How a gradient becomes an update; see ``Recipe``."""

    adam: bool
    momentum: float
    weight_decay: float


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _activate(a, slope, first, last, size, code):
    """a = f(a); ``slope`` = f'(a) only where the output does not tell it."""
    use_whole_vectors()
    for u in range(first, last):
        if code == 1:
            for b in range(size):
                a[u, b] = tanh(a[u, b])
        elif code == 2:
            for b in range(size):
                a[u, b] = max(a[u, b], F(0.0))
        elif code == 3:
            for b in range(size):
                a[u, b] = sigmoid(a[u, b])
        elif code == 4:
            for b in range(size):
                a[u, b] = a[u, b] / (F(1.0) + abs(a[u, b]))
        elif code == 5:
            for b in range(size):
                a[u, b] = softplus(a[u, b])
        elif code == 6:
            for b in range(size):
                a[u, b] = min(max(a[u, b], F(-1.0)), F(1.0))
        elif code == 7:
            for b in range(size):
                a[u, b] = max(a[u, b], LEAK * a[u, b])
        elif code == 8:
            for b in range(size):
                z = a[u, b]
                e = exp(F(-0.5) * z * z)
                below = normal_cdf(z, e)
                slope[u, b] = below + z * e * INV_SQRT_2PI
                a[u, b] = z * below
        elif code == 9:
            for b in range(size):
                a[u, b] = F(1.0) + tanh(a[u, b])
        elif code == 10:
            for b in range(size):
                a[u, b] = sigmoid(a[u, b]) - F(0.5)


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _times_derivative(g, at, a, slope, first, last, size, code):
    """g *= f'(z), written in terms of the output a = f(z), or as the way forward left it in ``slope``.

    The units from ``first`` on of a and slope are those from ``at`` on of g.
    """
    use_whole_vectors()
    for u in range(first, last):
        i = at + u - first
        if code == 1:
            for b in range(size):
                g[i, b] *= F(1.0) - a[u, b] * a[u, b]
        elif code == 2:
            for b in range(size):
                g[i, b] = g[i, b] if a[u, b] > F(0.0) else F(0.0)
        elif code == 3:
            for b in range(size):
                g[i, b] *= a[u, b] * (F(1.0) - a[u, b])
        elif code == 4:
            for b in range(size):
                s = F(1.0) - abs(a[u, b])
                g[i, b] *= s * s
        elif code == 5:
            for b in range(size):
                g[i, b] *= F(1.0) - exp(-a[u, b])
        elif code == 6:
            for b in range(size):
                g[i, b] = g[i, b] if abs(a[u, b]) < F(1.0) else F(0.0)
        elif code == 7:
            for b in range(size):
                g[i, b] *= F(1.0) if a[u, b] > F(0.0) else LEAK
        elif code == KEPT:
            for b in range(size):
                g[i, b] *= slope[u, b]
        elif code == 9:
            for b in range(size):
                g[i, b] *= a[u, b] * (F(2.0) - a[u, b])
        elif code == 10:
            for b in range(size):
                g[i, b] *= F(0.25) - a[u, b] * a[u, b]


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _disturb(a, slope, draws, first, last, size, code, additive):
    """a = a + draws, or a * draws; ``slope`` = da/dz, which the disturbed output no longer tells."""
    use_whole_vectors()
    if code != KEPT:
        for u in range(first, last):
            for b in range(size):
                slope[u, b] = F(1.0)
        _times_derivative(slope, first, a, slope, first, last, size, code)
    for u in range(first, last):
        if additive:
            for b in range(size):
                a[u, b] += draws[u - first, b]
        else:
            for b in range(size):
                a[u, b] *= draws[u - first, b]
                slope[u, b] *= draws[u - first, b]


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _softmax_gradient(a, g, at, first, classes, labels, scale, used, lanes):
    """Turn logits in ``a`` into probabilities and write their part in d(mean cross-entropy)/d(logits) into ``g``.

    first, at: the first of these units in ``a``, and in ``g``. scale: one over the rows of the batch, of which ``used``
    are here; the gradient of other lanes is 0.
    """
    use_whole_vectors()
    for b in range(lanes):
        top = a[first, b]
        for k in range(1, classes):
            top = max(top, a[first + k, b])
        g[at, b] = top
    for k in range(classes - 1, -1, -1):  # g[at] holds the maximum until its own turn, last
        for b in range(lanes):
            a[first + k, b] = exp(a[first + k, b] - g[at, b])
    for b in range(lanes):
        total = a[first, b]
        for k in range(1, classes):
            total += a[first + k, b]
        g[at, b] = F(1.0) / total
    for k in range(classes - 1, -1, -1):
        for b in range(lanes):
            a[first + k, b] *= g[at, b]
            hit = F(1.0) if labels[b] == k else F(0.0)
            g[at + k, b] = (a[first + k, b] - hit) * scale
        for b in range(used, lanes):
            g[at + k, b] = F(0.0)


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _sigmoid_gradient(a, g, at, first, classes, labels, scale, used, lanes):
    """The same for an output of sigmoids: the sum over classes of each one's cross-entropy."""
    use_whole_vectors()
    for k in range(classes):
        for b in range(lanes):
            a[first + k, b] = sigmoid(a[first + k, b])
            hit = F(1.0) if labels[b] == k else F(0.0)
            g[at + k, b] = (a[first + k, b] - hit) * scale
        for b in range(used, lanes):
            g[at + k, b] = F(0.0)


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _descend(p, gp, rate):
    for k in range(len(p)):
        p[k] -= F(rate) * gp[k]


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _roll(p, m, gp, rate, momentum):
    """SGD with momentum (Polyak 1964), the rate outside the velocity as torch has it."""
    for k in range(len(p)):
        m[k] = F(momentum) * m[k] + gp[k]
        p[k] -= F(rate) * m[k]


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _decay(p, gp, weight_decay):
    for k in range(len(p)):
        gp[k] += F(weight_decay) * p[k]


@njit(nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _orthonormalise(p, w, rows, columns, pull):
    """W <- W - pull (W Wᵀ W - W) for one weight matrix [rows, columns]."""
    moved = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        for o in range(rows):
            dot = F(0.0)
            for j in range(columns):
                dot += p[w + i * columns + j] * p[w + o * columns + j]
            for j in range(columns):
                moved[i, j] += dot * p[w + o * columns + j]
    for i in range(rows):
        for j in range(columns):
            p[w + i * columns + j] -= F(pull) * (moved[i, j] - p[w + i * columns + j])


@njit(cache=True, nogil=True, error_model="numpy")
def train_member(
    sizes, code, p, m, v, x, y, rows, seed, first_epoch, rates, batch, rules, noise, orthonormality, sigmoids
):
    """Train one member in place, an epoch for each of ``rates``, from after ``first_epoch`` on.

    sizes: widths from input to output. p, m, v: flat parameters and moments of the optimiser. x [n, inputs] float32,
    columns of zeros added up to whole vectors, y [n] int32. rows: the member's training rows. A batch that the rows do
    not fill is the last and shorter. noise: kind and size (see ``Noise``). sigmoids: the output is not a softmax.
    Without noise, orthonormality or sigmoids these are None, and numba compiles nothing of them.
    """
    use_whole_vectors()
    mode = flush_denormals()
    layers = len(sizes) - 1
    offset = np.zeros(layers + 2, np.int64)
    weights = np.zeros(layers + 1, np.int64)
    for l in range(layers + 1):
        offset[l + 1] = offset[l] + sizes[l]
    for l in range(layers):
        weights[l + 1] = weights[l] + sizes[l + 1] * (sizes[l] + 1)
    parts = 1 if noise is not None else (batch + ROWS - 1) // ROWS  # draws are numbered by the rows of a whole batch
    tile = ((batch + parts - 1) // parts + LANES - 1) // LANES * LANES
    a = np.empty((max(offset[layers + 1], x.shape[1]), tile), np.float32)
    widest = 0
    for l in range(1, layers + 1):
        widest = max(widest, sizes[l])
    g = np.empty((2 * widest, tile), np.float32)  # of two layers, in turns
    ones = np.empty((1, tile), np.float32)
    slope = np.empty((offset[layers + 1], tile), np.float32)
    draws = np.empty((0, 0), np.float32)
    if noise is not None:
        draws = np.zeros((widest + 1, tile), np.float32)
    gp = np.empty(len(p), np.float32)
    labels = np.empty(tile, np.int32)
    order = np.empty(len(rows) + LANES, np.int64)
    per_epoch = (len(rows) + batch - 1) // batch
    derivative = code if noise is None else KEPT
    for b in range(tile):
        ones[0, b] = F(1.0)
    for i in range(LANES):  # of what the last lanes hold when rows are used up
        order[len(rows) + i] = rows[0]
    for epoch in range(first_epoch, first_epoch + len(rates)):
        rate = rates[epoch - first_epoch]
        for i in range(len(rows)):
            order[i] = rows[i]
        batch_order(seed, epoch, order[: len(rows)])
        for k in range(per_epoch):
            size = min(batch, len(rows) - k * batch)
            for j in range(len(p)):
                gp[j] = F(0.0)
            for begin in range(0, size, tile):
                used, at = min(tile, size - begin), k * batch + begin
                lanes = (used + LANES - 1) // LANES * LANES
                set_columns(x, order, at, a, lanes)
                for b in range(lanes):
                    labels[b] = y[order[at + b]]
                for l in range(layers):
                    into, out, bias = sizes[l], sizes[l + 1], weights[l] + sizes[l] * sizes[l + 1]
                    set_product(p, weights[l], into, 1, out, into, a, offset[l], a, offset[l + 1], lanes, bias)
                    if l < layers - 1:
                        _activate(a, slope, offset[l + 1], offset[l + 2], lanes, code)
                        if noise is not None:
                            draw(seed, epoch, k, l, noise[0], noise[1], draws, out, used)
                            _disturb(a, slope, draws, offset[l + 1], offset[l + 2], lanes, code, noise[0] == ADDITIVE)
                if sigmoids is None:
                    _softmax_gradient(
                        a, g, layers % 2 * widest, offset[layers], sizes[layers], labels, F(1.0) / F(size), used, lanes
                    )
                else:
                    _sigmoid_gradient(
                        a, g, layers % 2 * widest, offset[layers], sizes[layers], labels, F(1.0) / F(size), used, lanes
                    )
                for l in range(layers - 1, -1, -1):
                    into, out, above, below = sizes[l], sizes[l + 1], (l + 1) % 2 * widest, l % 2 * widest
                    add_moments(gp, weights[l], out, into, g, above, a, offset[l], lanes)
                    add_moments(gp, weights[l] + into * out, out, 1, g, above, ones, 0, lanes)
                    if l > 0:
                        set_product(p, weights[l], 1, into, into, out, g, above, g, below, lanes, NOTHING)
                        _times_derivative(g, below, a, slope, offset[l], offset[l + 1], lanes, derivative)
            if rules.weight_decay:
                _decay(p, gp, rules.weight_decay)
            if rules.adam:
                adam.compiled(p, m, v, gp, epoch * per_epoch + k + 1, rate)
            elif rules.momentum:
                _roll(p, m, gp, rate, rules.momentum)
            else:
                _descend(p, gp, rate)
            if orthonormality is not None:
                for l in range(layers - 1):
                    _orthonormalise(p, weights[l], sizes[l + 1], sizes[l], orthonormality)
    restore_denormals(mode)
