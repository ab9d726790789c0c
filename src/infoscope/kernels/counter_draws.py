"""Random numbers that a counter makes: the same wherever and in whatever order they are asked for."""

from __future__ import annotations

import numpy as np

from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import F, cosine, log2, sine

ADDITIVE, BINARY, GAUSSIAN = 1, 2, 3  # 0 is none
KINDS = {"additive": ADDITIVE, "binary": BINARY, "gaussian": GAUSSIAN}  # of ``Noise``
_FAST = {"reassoc", "contract", "arcp", "nsz"}
STEP = np.uint64(0x9E3779B97F4A7C15)  # of the counter of splitmix64
_MINUS_2_LN_2 = F(-2 * np.log(2))


@njit(inline="always", error_model="numpy")
def mix(z):
    """The finaliser of splitmix64 (Steele et al. 2014): 64 well-mixed bits of a counter."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, error_model="numpy")
def batch_order(seed, epoch, order):
    """Shuffle ``order`` in place (Fisher-Yates). Only (seed, epoch) decide how, so a run can resume anywhere."""
    state = np.uint64(seed) * STEP + np.uint64(epoch) * np.uint64(0xD1B54A32D192ED03)
    for i in range(len(order) - 1, 0, -1):
        state += STEP
        j = np.int64(((mix(state) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]


@njit(inline="always", error_model="numpy")
def _start(seed, epoch, update, layer):
    state = mix(np.uint64(seed) + np.uint64(0xD1B54A32D192ED03))
    state = mix(state + np.uint64(epoch) * STEP)
    state = mix(state + np.uint64(update) * STEP)
    return mix(state + np.uint64(layer) * STEP)


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def draw(seed, epoch, update, layer, kind, size, out, units, rows):
    """Fill ``out[:units, :rows]`` with what is added (ADDITIVE: N(0, size²)) or multiplied (mean 1); see ``Noise``.

    Only the first four numbers and the shape decide which numbers.
    out: float32, with a row more than ``units`` where these are odd: normals come in pairs (Box & Muller 1958).
    """
    start = _start(seed, epoch, update, layer)
    if kind == BINARY:
        threshold, kept = np.uint64(size * 2.0**64), F(1.0 / (1.0 - size))
        for u in range(units):
            at = start + np.uint64(u * rows) * STEP
            for b in range(rows):
                at += STEP
                out[u, b] = kept if mix(at) >= threshold else F(0.0)
        return
    sd = F(size) if kind == ADDITIVE else F(np.sqrt(size / (1.0 - size)))
    mean = F(0.0) if kind == ADDITIVE else F(1.0)
    for u in range(0, units, 2):
        first, second = out[u], out[u + 1]
        at = start + np.uint64(u * rows) * STEP
        for b in range(rows):
            z = mix(at + np.uint64(b) * STEP)
            # 31 bits for the radius (up to 6.7 sd), one for a sign, 32 for an angle within the right half
            high = np.int32(z >> np.uint64(33))
            uniform = (F(high) + F(0.5)) * F(2.0**-31)
            radius = sd * np.sqrt(max(_MINUS_2_LN_2 * log2(uniform), F(0.0)))
            sign = F(1.0) - F(np.int32((z >> np.uint64(31)) & np.uint64(2)))
            t = F(np.int32(z & np.uint64(0xFFFFFFFF))) * F(2.0**-31)
            first[b] = mean + sign * radius * cosine(t)
            second[b] = mean + radius * sine(t)
