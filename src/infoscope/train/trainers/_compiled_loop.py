"""One member's training as one compiled loop: forward, backward and update with the minibatch on the SIMD axis.

Arrays are laid out ``[unit, row of the batch]``, so that every inner loop runs over 256 contiguous floats that stay in
the first-level cache. The network is one flat vector of parameters: for each layer W [out, in] row-major, then b [out].
The readable twin is :mod:`infoscope.train.trainers.batched`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from infoscope.kernels import adam
from infoscope.kernels.compiling import njit
from infoscope.kernels.counter_draws import ADDITIVE, batch_order, draw
from infoscope.kernels.vector_math import INV_SQRT_2PI, F, exp, normal_cdf, sigmoid, softplus, tanh

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
KEPT = 8  # the code of an activation whose derivative the way forward kept
LEAK = F(0.01)
_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not nnan/ninf: a diverged member must stay visibly diverged
# error_model="numpy" everywhere: Python's raises on a division by zero, a branch that keeps loops from vectorising


class Rules(NamedTuple):
    """How a gradient becomes an update, and the noise (its kind 0: none); see ``Recipe`` and ``Noise``."""

    adam: bool
    momentum: float
    weight_decay: float
    orthonormality: float
    noise_kind: int
    noise_size: float


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _activate(a, slope, first, last, size, code):
    """a = f(a); ``slope`` = f'(a) only where the output does not tell it."""
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


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _times_derivative(g, a, slope, first, last, size, code):
    """g *= f'(z), written in terms of the output a = f(z), or as the way forward left it in ``slope``."""
    for u in range(first, last):
        if code == 1:
            for b in range(size):
                g[u, b] *= F(1.0) - a[u, b] * a[u, b]
        elif code == 2:
            for b in range(size):
                g[u, b] = g[u, b] if a[u, b] > F(0.0) else F(0.0)
        elif code == 3:
            for b in range(size):
                g[u, b] *= a[u, b] * (F(1.0) - a[u, b])
        elif code == 4:
            for b in range(size):
                s = F(1.0) - abs(a[u, b])
                g[u, b] *= s * s
        elif code == 5:
            for b in range(size):
                g[u, b] *= F(1.0) - exp(-a[u, b])
        elif code == 6:
            for b in range(size):
                g[u, b] = g[u, b] if abs(a[u, b]) < F(1.0) else F(0.0)
        elif code == 7:
            for b in range(size):
                g[u, b] *= F(1.0) if a[u, b] > F(0.0) else LEAK
        elif code == KEPT:
            for b in range(size):
                g[u, b] *= slope[u, b]
        elif code == 9:
            for b in range(size):
                g[u, b] *= a[u, b] * (F(2.0) - a[u, b])
        elif code == 10:
            for b in range(size):
                g[u, b] *= F(0.25) - a[u, b] * a[u, b]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _disturb(a, slope, draws, first, last, size, code, additive):
    """a = a + draws, or a * draws; ``slope`` = da/dz, which the disturbed output no longer tells."""
    if code != KEPT:
        for u in range(first, last):
            for b in range(size):
                slope[u, b] = F(1.0)
        _times_derivative(slope, a, slope, first, last, size, code)
    for u in range(first, last):
        if additive:
            for b in range(size):
                a[u, b] += draws[u - first, b]
        else:
            for b in range(size):
                a[u, b] *= draws[u - first, b]
                slope[u, b] *= draws[u - first, b]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _affine(p, w, rows_out, rows_in, z, zo, a, ai, size):
    """z[zo + o] = b[o] + sum_i W[o, i] a[ai + i], four inputs at a time."""
    bias = w + rows_out * rows_in
    for o in range(rows_out):
        start = p[bias + o]
        at = w + o * rows_in
        for b in range(size):
            z[zo + o, b] = start
        i = 0
        while i + 4 <= rows_in:
            w0, w1, w2, w3 = p[at + i], p[at + i + 1], p[at + i + 2], p[at + i + 3]
            for b in range(size):
                z[zo + o, b] += (
                    w0 * a[ai + i, b] + w1 * a[ai + i + 1, b] + w2 * a[ai + i + 2, b] + w3 * a[ai + i + 3, b]
                )
            i += 4
        while i < rows_in:
            w0 = p[at + i]
            for b in range(size):
                z[zo + o, b] += w0 * a[ai + i, b]
            i += 1


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _softmax_gradient(a, g, first, classes, labels, size):
    """Turn logits in ``a`` into probabilities and write d(mean cross-entropy)/d(logits) into ``g``."""
    for b in range(size):
        top = a[first, b]
        for k in range(1, classes):
            top = max(top, a[first + k, b])
        g[first, b] = top
    for k in range(classes - 1, -1, -1):  # g[first] holds the maximum until its own turn, last
        for b in range(size):
            a[first + k, b] = exp(a[first + k, b] - g[first, b])
    for b in range(size):
        total = a[first, b]
        for k in range(1, classes):
            total += a[first + k, b]
        g[first, b] = F(1.0) / total
    scale = F(1.0) / F(size)
    for k in range(classes - 1, -1, -1):
        for b in range(size):
            a[first + k, b] *= g[first, b]
            hit = F(1.0) if labels[b] == k else F(0.0)
            g[first + k, b] = (a[first + k, b] - hit) * scale


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _weight_gradient(gp, w, rows_out, rows_in, g, go, a, ai, size):
    """gp = dLoss/dW and dLoss/db of one layer; four dot products over the batch at a time."""
    bias = w + rows_out * rows_in
    for o in range(rows_out):
        at = w + o * rows_in
        total = F(0.0)
        for b in range(size):
            total += g[go + o, b]
        gp[bias + o] = total
        i = 0
        while i + 4 <= rows_in:
            s0, s1, s2, s3 = F(0.0), F(0.0), F(0.0), F(0.0)
            for b in range(size):
                d = g[go + o, b]
                s0 += d * a[ai + i, b]
                s1 += d * a[ai + i + 1, b]
                s2 += d * a[ai + i + 2, b]
                s3 += d * a[ai + i + 3, b]
            gp[at + i], gp[at + i + 1], gp[at + i + 2], gp[at + i + 3] = s0, s1, s2, s3
            i += 4
        while i < rows_in:
            s0 = F(0.0)
            for b in range(size):
                s0 += g[go + o, b] * a[ai + i, b]
            gp[at + i] = s0
            i += 1


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _back(p, w, rows_out, rows_in, g, go, gi, size):
    """g[gi + i] = sum_o W[o, i] g[go + o], two outputs at a time."""
    for i in range(rows_in):
        for b in range(size):
            g[gi + i, b] = F(0.0)
        o = 0
        while o + 2 <= rows_out:
            w0, w1 = p[w + o * rows_in + i], p[w + (o + 1) * rows_in + i]
            for b in range(size):
                g[gi + i, b] += w0 * g[go + o, b] + w1 * g[go + o + 1, b]
            o += 2
        while o < rows_out:
            w0 = p[w + o * rows_in + i]
            for b in range(size):
                g[gi + i, b] += w0 * g[go + o, b]
            o += 1


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _descend(p, gp, rate):
    for k in range(len(p)):
        p[k] -= F(rate) * gp[k]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _roll(p, m, gp, rate, momentum):
    """SGD with momentum (Polyak 1964), the rate outside the velocity as torch has it."""
    for k in range(len(p)):
        m[k] = F(momentum) * m[k] + gp[k]
        p[k] -= F(rate) * m[k]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _decay(p, gp, weight_decay):
    for k in range(len(p)):
        gp[k] += F(weight_decay) * p[k]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _orthonormalise(p, w, rows, columns, pull):
    """W <- W - pull (W Wᵀ W - W) for one weight matrix [rows, columns]."""
    matrix = p[w : w + rows * columns].reshape(rows, columns)
    moved = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        for o in range(rows):
            dot = F(0.0)
            for j in range(columns):
                dot += matrix[i, j] * matrix[o, j]
            for j in range(columns):
                moved[i, j] += dot * matrix[o, j]
    for i in range(rows):
        for j in range(columns):
            matrix[i, j] -= F(pull) * (moved[i, j] - matrix[i, j])


@njit(cache=True, nogil=True, error_model="numpy")
def train_member(sizes, code, p, m, v, x, y, rows, seed, first_epoch, rates, batch, rules):
    """Train one member in place, an epoch for each of ``rates``, from after ``first_epoch`` on.

    sizes: widths from input to output. p, m, v: flat parameters and moments of the optimiser. x [inputs, n] float32
    with one column a sample, y [n] int32. rows: the member's training rows. A batch that the rows do not fill is the
    last and shorter.
    """
    layers = len(sizes) - 1
    offset = np.zeros(layers + 2, np.int64)
    weights = np.zeros(layers + 1, np.int64)
    for l in range(layers + 1):
        offset[l + 1] = offset[l] + sizes[l]
    for l in range(layers):
        weights[l + 1] = weights[l] + sizes[l + 1] * (sizes[l] + 1)
    a = np.empty((offset[layers + 1], batch), np.float32)
    g = np.empty((offset[layers + 1], batch), np.float32)
    slope = np.empty((offset[layers + 1], batch), np.float32)
    draws = np.empty((sizes.max() + 1, batch if rules.noise_kind else 0), np.float32)
    gp = np.empty(len(p), np.float32)
    labels = np.empty(batch, np.int32)
    order = np.empty(len(rows), np.int64)
    per_epoch = (len(rows) + batch - 1) // batch
    derivative = KEPT if rules.noise_kind else code
    for epoch in range(first_epoch, first_epoch + len(rates)):
        rate = rates[epoch - first_epoch]
        order[:] = rows
        batch_order(seed, epoch, order)
        for k in range(per_epoch):
            size = min(batch, len(order) - k * batch)
            for i in range(sizes[0]):
                for b in range(size):
                    a[i, b] = x[i, order[k * batch + b]]
            for b in range(size):
                labels[b] = y[order[k * batch + b]]
            for l in range(layers):
                _affine(p, weights[l], sizes[l + 1], sizes[l], a, offset[l + 1], a, offset[l], size)
                if l < layers - 1:
                    _activate(a, slope, offset[l + 1], offset[l + 2], size, code)
                    if rules.noise_kind:
                        draw(seed, epoch, k, l, rules.noise_kind, rules.noise_size, draws, sizes[l + 1], size)
                        additive = rules.noise_kind == ADDITIVE
                        _disturb(a, slope, draws, offset[l + 1], offset[l + 2], size, code, additive)
            _softmax_gradient(a, g, offset[layers], sizes[layers], labels, size)
            for l in range(layers - 1, -1, -1):
                _weight_gradient(gp, weights[l], sizes[l + 1], sizes[l], g, offset[l + 1], a, offset[l], size)
                if l > 0:
                    _back(p, weights[l], sizes[l + 1], sizes[l], g, offset[l + 1], offset[l], size)
                    _times_derivative(g, a, slope, offset[l], offset[l + 1], size, derivative)
            if rules.weight_decay:
                _decay(p, gp, rules.weight_decay)
            if rules.adam:
                adam.compiled(p, m, v, gp, epoch * per_epoch + k + 1, rate)
            elif rules.momentum:
                _roll(p, m, gp, rate, rules.momentum)
            else:
                _descend(p, gp, rate)
            if rules.orthonormality:
                for l in range(layers - 1):
                    _orthonormalise(p, weights[l], sizes[l + 1], sizes[l], rules.orthonormality)
