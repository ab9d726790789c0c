"""The minimal three-neuron model, exactly: X ~ N(0, 1), h = f(w X), T = the bin of h. Then I(X;T) = H(T).

A bin of h is an interval of the net input w X, since f never falls; so everything is said by the edges between bins in
net input, and p_i = Phi(edge_{i+1} / w) - Phi(edge_i / w) (Saxe et al. 2018, section 2).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import entr, logit, ndtr

FARTHEST = 9.0  # standard deviations; a normal variable lies beyond with probability 2e-19


def binned_entropy(edges: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """H(T) in nats ``[s]`` for positive ``weights [s]``; ``edges``: the sorted places between bins, in net input.

    One edge more than there are is understood at either end, at infinity.
    """
    at = np.asarray(edges)[None] / np.asarray(weights)[:, None]
    ends = np.zeros((len(at), 1))
    lower = np.diff(np.hstack([ends, ndtr(at), ends + 1]))
    upper = -np.diff(np.hstack([ends + 1, ndtr(-at), ends]))
    # of the upper half, differences of 1 - Phi keep the digits that those of Phi lose
    return entr(np.where(np.hstack([ends - 1, at]) < 0, lower, upper)).sum(1)


def equal_bins(activation: str, bins: int) -> np.ndarray:
    """Edges of ``bins`` equal bins over the whole range of a bounded activation, in net input."""
    low, high, inverse = BOUNDED[activation]
    return inverse(np.linspace(low, high, bins + 1)[1:-1])


def fixed_width(activation: str, width: float, largest_weight: float) -> np.ndarray:
    """Edges of bins of ``width`` from 0 on, in net input, as far out as ``largest_weight`` makes of any input."""
    out = width * np.arange(1, int(FARTHEST * largest_weight / width) + 2)
    return out if activation == "relu" else np.concatenate([-out[::-1], [0.0], out])


#: Lower end, upper end and inverse of the activations that saturate on both sides.
BOUNDED: dict[str, tuple[float, float, Callable[[np.ndarray], np.ndarray]]] = {
    "tanh": (-1.0, 1.0, np.arctanh),
    "sigmoid": (0.0, 1.0, logit),
    "softsign": (-1.0, 1.0, lambda h: h / (1 - np.abs(h))),
    "hard_tanh": (-1.0, 1.0, lambda h: h),
}


def net_input_edges(count: int) -> np.ndarray:
    """The ``count`` edges tanh(linspace(-50, 50)) of Saxe et al. 2018, appendix, in net input, in exact arithmetic.

    The outermost two lie at infinity and are left out, as everywhere here.
    """
    return np.linspace(-50.0, 50.0, count)[1:-1]


def collapsed_edges(count: int) -> np.ndarray:
    """What double precision leaves of :func:`net_input_edges`: edges that round to -1 or 1 merge with the outermost."""
    distinct = np.unique(np.tanh(np.linspace(-50.0, 50.0, count)))
    return np.arctanh(distinct[np.abs(distinct) < 1])
