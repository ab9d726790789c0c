"""Truncated mixtures of 2^d Gaussians around the corners of [-1, 1]^d, each cut off outside: samples and the truth."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm

from infoscope.papers.goldfeld2019 import _quadrature


def draw(n: int, generator: np.random.Generator, d: int, spread: float) -> np.ndarray:
    """Samples ``[n, d]``: each number is drawn around 1 with ``spread``, cut off outside [-1, 1], and mirrored half of
    the time."""
    low, high = norm.cdf([-2 / spread, 0.0])
    near = 1 + spread * ndtri(low + (high - low) * generator.random((n, d)))
    return np.clip(near, -1, 1) * generator.choice([-1.0, 1.0], (n, d))


def entropy_of_one(noise: float, spread: float) -> float:
    """h(S_1 + Z_1) in nats of one coordinate, by quadrature over S and over S + Z."""
    inside = np.linspace(-1, 1, 1 + 2 * max(500, round(16 / noise), round(32 / spread)))
    weights = norm.pdf(inside, 1, spread) + norm.pdf(inside, -1, spread)
    weights[[0, -1]] /= 2
    places = _quadrature.grid(-1.0, 1.0, noise)
    density = np.zeros(len(places))
    for part, share in zip(np.array_split(inside, 64), np.array_split(weights / weights.sum(), 64), strict=True):
        density += share @ _quadrature.densities(part, places, noise)
    return _quadrature.entropy(density, places)
