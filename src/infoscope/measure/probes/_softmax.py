"""Cross-entropy of a block of logits and its derivative, in place: one pass while the block is in cache."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from infoscope.measure.kernel_sums import exp2_negative

LANES, FACTORS = 256, 8  # rows at a time, so that their sums stay in the first cache; logarithms they need
MOST = {np.float32: np.float32(120), np.float64: np.float64(1000)}


# The flags leave infinities and NaN alone: a step that is far too long must cost infinitely much.
@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def residuals(block: Any, k: int, bias: Any, labels: Any, which: Any, most: Any, totals: Any, sums: Any) -> None:
    """Logits to base 2 less their ``bias [p k]``, ``block [p k, n]``, become probabilities less the one-hot labels.

    labels ``[targets, n]`` and ``which [p]``: the target of each of the p problems. Added to: totals ``[p]``, the
    cross-entropies in bits, and sums ``[p k]``, what the block becomes, both summed over rows. most: logits this far
    below the largest are held there, so that no probability is denormal.
    """
    rows = block.shape[1]
    top, norm = np.empty(LANES, block.dtype), np.empty(LANES, block.dtype)
    product = np.empty(FACTORS)
    one = block.dtype.type(1)
    for p in range(block.shape[0] // k):
        target, first = labels[which[p]], p * k
        for start in range(0, rows, LANES):
            end = min(start + LANES, rows)
            own = end - start
            line = block[first][start:end]  # a view, because numba does not vectorise block[c, start + j]
            for j in range(own):
                line[j] += bias[first]
                top[j] = line[j]
                norm[j] = 0
            for c in range(first + 1, first + k):
                line = block[c][start:end]
                for j in range(own):
                    line[j] += bias[c]
                    top[j] = max(top[j], line[j])
            total = 0.0
            for j in range(own):
                total += np.float64(top[j]) - np.float64(block[first + target[start + j], start + j])
            for c in range(first, first + k):
                line = block[c][start:end]
                for j in range(own):
                    e = exp2_negative(min(top[j] - line[j], most))
                    line[j] = e
                    norm[j] += e
            product[:] = 1
            for j in range(own, LANES):
                norm[j] = 1
            for i in range(0, LANES, FACTORS):  # each is from 1 to k, so their product is finite
                for j in range(FACTORS):
                    product[j] *= np.float64(norm[i + j])
            for j in range(FACTORS):
                total += math.log2(product[j])
            for j in range(own):
                norm[j] = 1 / norm[j]
            for c in range(first, first + k):
                line = block[c][start:end]
                mass = block.dtype.type(0)
                for j in range(own):
                    line[j] *= norm[j]
                    mass += line[j]
                sums[c] += np.float64(mass)
            for j in range(start, end):
                block[first + target[j], j] -= one
                sums[first + target[j]] -= 1
            totals[p] += total
