"""Forward passes of narrow dense layers in a compiled loop, by the same arithmetic that trains them.

Arrays are laid out ``[unit, row of the block]``, so that every inner loop runs over contiguous floats that stay in the
first-level cache. A network is one flat vector of parameters: for each layer W [out, in] row-major, then b [out].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import F, exp, sigmoid, softplus, tanh

BLOCK = 256  # rows at a time
LEAK = F(0.01)
#: What the hidden layers may have. Not GELU: what torch rounds to zero far on the left is a tiny negative number here,
#: and bins with an edge at zero then tell other rows apart.
CODES = {
    "linear": 0,
    "tanh": 1,
    "relu": 2,
    "sigmoid": 3,
    "softsign": 4,
    "softplus": 5,
    "hard_tanh": 6,
    "leaky_relu": 7,
    "shifted_tanh": 8,
    "centred_sigmoid": 9,
    "scaled_sigmoid": 10,
}
_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not nnan/ninf: a diverged member must stay visibly diverged
# error_model="numpy" everywhere: Python's raises on a division by zero, a branch that keeps loops from vectorising


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _affine(p, at, out, into, z, a, size):
    """z[o] = b[o] + sum_i W[o, i] a[i], four inputs at a time."""
    bias = at + out * into
    for o in range(out):
        line, w = z[o], at + o * into
        start = p[bias + o]
        for b in range(size):
            line[b] = start
        i = 0
        while i + 4 <= into:
            w0, w1, w2, w3 = p[w + i], p[w + i + 1], p[w + i + 2], p[w + i + 3]
            a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
            for b in range(size):
                line[b] += w0 * a0[b] + w1 * a1[b] + w2 * a2[b] + w3 * a3[b]
            i += 4
        while i < into:
            w0, a0 = p[w + i], a[i]
            for b in range(size):
                line[b] += w0 * a0[b]
            i += 1


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _activate(z, a, units, size, code):
    """a = f(z)."""
    for u in range(units):
        x, y = z[u], a[u]
        if code == 0:
            for b in range(size):
                y[b] = x[b]
        elif code == 1:
            for b in range(size):
                y[b] = tanh(x[b])
        elif code == 2:
            for b in range(size):
                y[b] = max(x[b], F(0.0))
        elif code == 3:
            for b in range(size):
                y[b] = sigmoid(x[b])
        elif code == 4:
            for b in range(size):
                y[b] = x[b] / (F(1.0) + abs(x[b]))
        elif code == 5:
            for b in range(size):
                y[b] = softplus(x[b])
        elif code == 6:
            for b in range(size):
                y[b] = min(max(x[b], F(-1.0)), F(1.0))
        elif code == 7:
            for b in range(size):
                y[b] = max(x[b], LEAK * x[b])
        elif code == 8:
            for b in range(size):
                y[b] = F(1.0) + tanh(x[b])
        elif code == 9:
            for b in range(size):
                y[b] = sigmoid(x[b]) - F(0.5)
        elif code == 10:
            for b in range(size):
                y[b] = F(2.0) * sigmoid(F(2.0) * x[b]) - F(1.0)


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _softmax(z, a, top, classes, size):
    """a = softmax(z); ``top`` [size] holds the largest logit of each row, and then what the exponentials sum to."""
    for b in range(size):
        top[b] = z[0, b]
    for k in range(1, classes):
        for b in range(size):
            top[b] = max(top[b], z[k, b])
    for k in range(classes):
        for b in range(size):
            a[k, b] = exp(z[k, b] - top[b])
    for b in range(size):
        top[b] = a[0, b]
    for k in range(1, classes):
        for b in range(size):
            top[b] += a[k, b]
    for k in range(classes):
        for b in range(size):
            a[k, b] /= top[b]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _put(values, units, row, size, out, at):
    """``values [unit, row of the block]`` into ``out`` from ``at`` on, which holds a layer ``[row, unit]``."""
    for u in range(units):
        line, here = values[u], at + row * units + u
        for b in range(size):
            out[here + b * units] = line[b]


@njit(cache=True, nogil=True, error_model="numpy")
def forward(sizes: Any, code: int, p: Any, x: Any, starts: Any, out: Any) -> None:
    """What layers hold of every row, into ``out``.

    sizes [layers + 1]: widths from input to output, whose activation is a softmax. p [parameters]: one member. x
    [inputs, n]: one column a row. starts [layers, 2]: from where on in ``out`` a layer's net input ``[n, width]`` goes,
    and its output; -1 for nowhere.
    """
    layers, widest, n = len(sizes) - 1, sizes.max(), x.shape[1]
    z, a = np.empty((widest, BLOCK), np.float32), np.empty((widest, BLOCK), np.float32)
    top = np.empty(BLOCK, np.float32)
    for row in range(0, n, BLOCK):
        size = min(BLOCK, n - row)
        for i in range(sizes[0]):
            a[i, :size] = x[i, row : row + size]
        at = 0
        for l in range(layers):
            into, width = sizes[l], sizes[l + 1]
            _affine(p, at, width, into, z, a, size)
            at += width * (into + 1)
            if starts[l, 0] >= 0:
                _put(z, width, row, size, out, starts[l, 0])
            if l < layers - 1:
                _activate(z, a, width, size, code)
            elif starts[l, 1] >= 0:
                _softmax(z, a, top, width, size)
            if starts[l, 1] >= 0:
                _put(a, width, row, size, out, starts[l, 1])


@njit(cache=True, nogil=True, error_model="numpy")
def performance(sizes: Any, code: int, p: Any, x: Any, y: Any, rows: Any) -> tuple[float, float]:
    """Mean cross-entropy in nats and share of hits on ``rows``, of one member.

    sizes, code, p, x: as of :func:`forward`. y [n]: the class of each column of ``x``.
    """
    layers, widest, classes = len(sizes) - 1, sizes.max(), sizes[-1]
    z, a = np.empty((widest, BLOCK), np.float32), np.empty((widest, BLOCK), np.float32)
    top, chosen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    loss, hits = 0.0, 0
    for row in range(0, len(rows), BLOCK):
        size = min(BLOCK, len(rows) - row)
        here = rows[row : row + size]
        for i in range(sizes[0]):
            line = x[i]
            for b in range(size):
                a[i, b] = line[here[b]]
        at = 0
        for l in range(layers):
            _affine(p, at, sizes[l + 1], sizes[l], z, a, size)
            at += sizes[l + 1] * (sizes[l] + 1)
            if l < layers - 1:
                _activate(z, a, sizes[l + 1], size, code)
        for b in range(size):
            k, best = y[here[b]], 0
            for other in range(1, classes):
                if z[other, b] > z[best, b]:
                    best = other
            top[b], chosen[b] = z[best, b], z[k, b]
            hits += best == k
        for k in range(classes):
            for b in range(size):
                a[k, b] = exp(z[k, b] - top[b])
        for b in range(size):
            total = np.float64(a[0, b])
            for k in range(1, classes):
                total += a[k, b]
            loss += np.log(total) + np.float64(top[b] - chosen[b])
    return loss / len(rows), hits / len(rows)
