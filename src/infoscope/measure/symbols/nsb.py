"""The entropy of counts after Nemenman, Shafee & Bialek (2002): a posterior over distributions of a known alphabet."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from infoscope.core.shapes import VectorOrNumber

LARGEST = 1e100  # a larger alphabet is taken for one of this size, which n samples cannot tell from it
_GRID = 257  # points of the integral; the integrand is smooth and vanishes at both ends, so equal steps converge fast
_DROP = 45.0  # nats below its peak from where on the integrand is left out
_LARGE = 100.0  # from here on Stirling's series to the order written below is exact in double precision


def _log_rising(x: VectorOrNumber, n: VectorOrNumber) -> Any:
    """ln Γ(x + n) - ln Γ(x), without the cancellation of two large logarithms when x is large."""
    big = np.maximum(x, _LARGE)
    stirling = n * np.log(big) + (big + n - 0.5) * np.log1p(n / big) - n + _stirling(big + n) - _stirling(big)
    small = np.minimum(x, _LARGE)
    return np.where(x < _LARGE, gammaln(small + n) - gammaln(small), stirling)


def _stirling(x: VectorOrNumber) -> Any:
    return (1 - (1 / 30 - 1 / (105 * x * x)) / (x * x)) / (12 * x)


def _slope(x: VectorOrNumber) -> Any:
    """x ψ'(x + 1) - 1, without the cancellation for large x."""
    large = np.maximum(x, _LARGE)
    series = -(0.5 - (1 / 6 - (1 / 30 - 1 / (42 * large * large)) / (large * large)) / large) / large
    small = np.minimum(x, _LARGE)
    return np.where(x < _LARGE, small * polygamma(1, small + 1) - 1, series)


def _log_weight(log_mass: np.ndarray, sizes: np.ndarray, times: np.ndarray, alphabet: float) -> np.ndarray:
    """Log of evidence times prior on a grid of ln κ, κ = K β the total mass of the Dirichlet prior.

    The prior makes the mean entropy ξ(β) = ψ(Kβ + 1) - ψ(β + 1) uniform (eq. 9): dξ/dlnβ = g(Kβ) - g(β).
    """
    mass = np.exp(log_mass)
    beta = mass / alphabet
    evidence = (times * _log_rising(beta[:, None], sizes)).sum(1) - _log_rising(mass, (sizes * times).sum())
    with np.errstate(divide="ignore"):
        return evidence + np.log(np.maximum(_slope(mass) - _slope(beta), 0))


def _moments(
    log_mass: np.ndarray, sizes: np.ndarray, times: np.ndarray, alphabet: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the entropy under a Dirichlet posterior, for each ln κ (Wolpert & Wolf 1995)."""
    beta = np.exp(log_mass)[:, None] / alphabet
    a = np.concatenate([sizes + beta, beta], axis=1)  # pseudo-counts: of each size seen, and of cells never seen
    m = np.concatenate([times, [max(alphabet - times.sum(), 0.0)]])
    total = (sizes * times).sum() + np.exp(log_mass)
    mean = digamma(total + 1) - (m * a * digamma(a + 1)).sum(1) / total
    centre = digamma(total + 2)
    one = digamma(a + 1) - centre[:, None]
    two = digamma(a + 2) - centre[:, None]
    spread = polygamma(1, total + 2)
    pairs = (m * a * one).sum(1) ** 2 - (m * a**2 * one**2).sum(1) - spread * (total**2 - (m * a**2).sum(1))
    alone = (m * a * (a + 1) * (two**2 + polygamma(1, a + 2) - spread[:, None])).sum(1)
    return mean, (pairs + alone) / (total * (total + 1)) - mean**2


def posterior(counts: np.ndarray, alphabet: float) -> tuple[float, float]:
    """Posterior mean and standard deviation in nats of the entropy behind ``counts [g]`` (each at least 1).

    alphabet: how many symbols there can be, K; cells beyond the g seen ones were never met. The integral over the
    concentration β of the prior is taken on a grid of ln κ that closes in on the peak of its integrand.
    """
    alphabet = min(float(alphabet), LARGEST)
    if alphabet <= 1:
        return 0.0, 0.0
    sizes, times = (part.astype(np.float64) for part in np.unique(counts, return_counts=True))
    low, high = np.log(1e-12), np.log(alphabet) + np.log(1e12)
    grid = weight = np.zeros(0)
    for _ in range(40):
        grid = np.linspace(low, high, _GRID)
        weight = _log_weight(grid, sizes, times, alphabet)
        inside = np.flatnonzero(weight > weight.max() - _DROP)
        first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, _GRID - 1)
        if last - first > _GRID // 2:
            break
        low, high = grid[first], grid[last]
    share = np.exp(weight - weight.max())
    share /= share.sum()
    means, variances = _moments(grid, sizes, times, alphabet)
    mean = float(share @ means)
    return mean, float(np.sqrt(max(share @ (variances + (means - mean) ** 2), 0.0)))
