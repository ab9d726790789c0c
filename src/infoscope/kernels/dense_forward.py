"""Forward passes of dense layers in a compiled loop, by the same arithmetic that trains them.

Arrays are laid out ``[unit, row of the block]``, so that every inner loop runs over contiguous floats that stay near
the processor. Lanes are whole vectors; those that no row is left for hold some row, and are not told. A network is one
flat vector of parameters: for each layer W [out, in] row-major, then b [out].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.kernels.compiling import njit
from infoscope.kernels.row_products import LANES, set_columns, set_product
from infoscope.kernels.vector_math import F, exp, sigmoid, softplus, tanh
from infoscope.kernels.vector_width import use_whole_vectors

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
def _activate(z, a, units, size, code):
    """a = f(z)."""
    use_whole_vectors()
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
    use_whole_vectors()
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
    for first in range(0, units, LANES):  # as many units as a line of memory holds
        for b in range(size):
            here = at + (row + b) * units
            for u in range(first, min(first + LANES, units)):
                out[here + u] = values[u, b]


@njit(cache=True, nogil=True, error_model="numpy")
def forward(sizes: Any, code: int, p: Any, x: Any, rows: Any, starts: Any, out: Any) -> None:
    """What layers hold of every row, into ``out``.

    sizes [layers + 1]: widths from input to output, whose activation is a softmax. p [parameters]: one member. x [n,
    inputs]: columns of zeros added up to whole vectors. rows [n + LANES]: 0 to n - 1, and then any. starts [layers, 2]:
    from where on in ``out`` a layer's net input ``[n, width]`` goes, and its output; -1 for nowhere.
    """
    use_whole_vectors()
    layers, n = len(sizes) - 1, len(rows) - LANES
    widest = x.shape[1]
    for l in range(layers):
        widest = max(widest, sizes[l + 1])
    z, a = np.empty((widest, BLOCK), np.float32), np.empty((widest, BLOCK), np.float32)
    top = np.empty(BLOCK, np.float32)
    for row in range(0, n, BLOCK):
        size = min(BLOCK, n - row)
        lanes = (size + LANES - 1) // LANES * LANES
        set_columns(x, rows, row, a, lanes)
        at = 0
        for l in range(layers):
            into, width = sizes[l], sizes[l + 1]
            set_product(p, at, into, 1, width, into, a, 0, z, 0, lanes, at + width * into)
            at += width * (into + 1)
            if starts[l, 0] >= 0:
                _put(z, width, row, size, out, starts[l, 0])
            if l < layers - 1:
                _activate(z, a, width, lanes, code)
            elif starts[l, 1] >= 0:
                _softmax(z, a, top, width, lanes)
            if starts[l, 1] >= 0:
                _put(a, width, row, size, out, starts[l, 1])


@njit(cache=True, nogil=True, error_model="numpy")
def performance(sizes: Any, code: int, p: Any, x: Any, y: Any, rows: Any) -> tuple[float, float]:
    """Mean cross-entropy in nats and share of hits on ``rows``, of one member.

    sizes, code, p, x: as of :func:`forward`. y [n]: the class of each row of ``x``. rows: which rows, and then LANES of
    any.
    """
    use_whole_vectors()
    layers, n, classes = len(sizes) - 1, len(rows) - LANES, sizes[-1]
    widest = x.shape[1]
    for l in range(layers):
        widest = max(widest, sizes[l + 1])
    z, a = np.empty((widest, BLOCK), np.float32), np.empty((widest, BLOCK), np.float32)
    top, chosen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    loss, hits = 0.0, 0
    for row in range(0, n, BLOCK):
        size = min(BLOCK, n - row)
        lanes = (size + LANES - 1) // LANES * LANES
        set_columns(x, rows, row, a, lanes)
        at = 0
        for l in range(layers):
            into, width = sizes[l], sizes[l + 1]
            set_product(p, at, into, 1, width, into, a, 0, z, 0, lanes, at + width * into)
            at += width * (into + 1)
            if l < layers - 1:
                _activate(z, a, width, lanes, code)
        for b in range(size):
            k, best = y[rows[row + b]], 0
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
    return loss / n, hits / n
