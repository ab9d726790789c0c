"""Published and computable bounds on the error of the sample-propagation estimator, in nats; ``noise`` is one sd.

The published risks are Theorems 1 to 5 and Propositions 1 and 2 of Goldfeld, Greenewald, Weed & Polyanskiy 2018
(arXiv:1810.11589), as published: the first two hold for n "sufficiently large", which the paper does not quantify, and
the step before their last (its eq. 89) drops an absolute value. For the n and noise of real networks they exceed all
that can be known (:func:`vacuous`). An overflow is returned as infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from statistics import NormalDist
from typing import Any

import numpy as np

from infoscope.core.shapes import Block

_NORMAL = NormalDist()


def _or_infinite(of: Callable[..., float]) -> Callable[..., float]:
    @wraps(of)
    def found(*args: Any, **options: Any) -> float:
        try:
            return of(*args, **options)
        except OverflowError:
            return math.inf

    return found


def trivial_range(d: int, noise: float) -> float:
    """d/2 ln(1 + 1/b²): no information about ``d`` units in [-1, 1] exceeds it (the Gaussian channel's capacity)."""
    return d / 2 * math.log1p(noise**-2)


def vacuous(risk: float, d: int, noise: float) -> bool:
    """Whether a risk says nothing: it is not below the range of what it is the risk of."""
    return risk >= trivial_range(d, noise)


@_or_infinite
def entropy_risk(n: int, d: int, noise: float, eps: float = 0.0) -> float:
    """E|h - h_SP| for units in [-1, 1] from ``n`` samples, as published (Theorem 2); ``eps`` -> 0 is its best case."""
    v = noise**2
    a = math.sqrt((2 + eps) * math.log(n))
    width = 2 + 2 * noise * a
    c = d / 2 * math.log(2 * math.pi * v) + d / v
    inside = math.log(n) + d * math.log(width) - d / 2 * math.log(math.pi * v)
    first = 0.5 * inside * math.exp(d / 2 * math.log(width) - d / 4 * math.log(4 * math.pi * v)) / math.sqrt(n)
    return first + (c**2 + 2 * c * d * (1 + v) / v + 8 * d * (d + 2 * v**2 + d * v**2) / v**2) * 2 / n


@_or_infinite
def entropy_risk_subgaussian(n: int, d: int, noise: float, norm: float) -> float:
    """E|h - h_SP| for units whose sub-Gaussian norm is at most ``norm`` (ReLU), as published (Theorem 3)."""
    v, k = noise**2, norm
    a = 2 * (k + noise) ** 2 * math.log(n) / ((math.e - 1) * math.pi * v)
    c = d / 2 * math.log(2 * math.pi * v)
    q = c + 2 * d * k**2 / v
    first = (0.5 * math.log(n) + d / 4 * math.log(4 * a)) * math.exp(d / 4 * math.log(a)) / math.sqrt(n)
    tails = q * (c + (2 * v * d + 3 * d * k**2) / v) + 8 * (16 * d**2 * k**4 + v**2 * d * (2 + d)) / v**2
    return first + tails * math.e * d / n


def information_risk(n: int, d: int, noise: float) -> float:
    """E|I(X;T) - I_SP| for units in [-1, 1] with n samples of each law, as published (Proposition 1)."""
    return 2 * entropy_risk(n, d, noise) + d * math.log1p(noise**-2) / (4 * math.sqrt(n))


def label_information_risk(n: int, d: int, noise: float, least: float, most: float, classes: int) -> float:
    """E|I(T;Y) - I_SP| for units in [-1, 1], class probabilities within [least, most], as published (Proposition 2)."""
    v = noise**2
    c = d / 2 * max(-math.log(2 * math.pi * math.e * v), math.log(2 * math.pi * math.e * (1 + v)))
    worst = max(entropy_risk(2**k, d, noise) for k in range(math.ceil(math.log2(n)) + 1))
    rare = worst * math.exp(-n * least**2 / (8 * most)) + entropy_risk(max(1, int(n * least / 2)), d, noise)
    return entropy_risk(n, d, noise) + c * math.sqrt((classes - 1) / n) + classes * rare


def distinguishable_levels(d: int, noise: float, eps: float) -> int:
    """k*: how many levels a unit in [-1, 1] can hold so that all ``d`` are read without error but for ``eps``."""
    tail = -_NORMAL.inv_cdf((1 - (1 - eps) ** (1 / d)) / 2)
    return int(1 / (noise * tail))


def worst_bias(n: int, d: int, noise: float, eps: float = 0.01) -> float:
    """A lower bound on h - E h_SP for the worst law on [-1, 1]^d, as published (Theorem 4); negative says nothing.

    ``eps`` lies above 1 - (1 - 2 Q(1/2b))^d, the chance that two levels are confused, and at most at 1.
    """
    confused = 1 - (1 - 2 * _NORMAL.cdf(-1 / (2 * noise))) ** d
    if not confused < eps < 1:
        raise ValueError(f"eps is {eps}, wanted a number between {confused:.3g} and 1")
    entropy = -eps * math.log(eps) - (1 - eps) * math.log1p(-eps)
    return d * (1 - eps) * math.log(distinguishable_levels(d, noise, eps)) - math.log(n) - entropy


def monte_carlo_mse(d: int, queries: int) -> float:
    """d/N: mean squared error of the Monte Carlo entropy with N queries, as many around each centre.

    For any mixture of Gaussians with covariance b² I: by Poincaré's inequality the variance of log g around a centre is
    at most b² E|grad log g|², whose mean over the centres is b² J(g) with J(g) <= d/b² because the score is
    -E[Z|V]/b². So it is for log g + c |z|²/2b² with any c in [0, 1], the log-ratio form among them (c = 1).
    """
    return d / queries


def monte_carlo_mse_published(d: int, noise: float, queries: int) -> float:
    """The same as published for units in [-1, 1] (Theorem 5): 480 006 instead of 3 at d=3, noise 0.005."""
    return 2 * d * (2 + noise**2) / (noise**2 * queries)


def monte_carlo_mse_relu(d: int, noise: float, queries: int, square: float) -> float:
    """The same as published for unbounded units whose centres have mean squared norm ``square`` (Theorem 5)."""
    b, root = noise, math.sqrt(d)
    return (
        9 * d * b**2 + 8 * (2 + b * root) * square + 3 * (11 * b * root + 1) * math.sqrt(square)
    ) / (b**2 * queries)  # fmt: skip


def chi_square_bias(chi_square: float, n: int) -> float:
    """ln(1 + I_chi2(S;T)/n), an upper bound on h - E h_SP; it needs the true chi-square information."""
    return math.log1p(chi_square / n)


def said(s: Block, noise: float, n: int, samples: int, chi_square: float) -> tuple[str, ...]:
    """The certificates of the plug-in as published, and the chi-square diagnostic, in words.

    s: clean samples of ``n`` inputs ``[n, R, d]``, of which ``samples`` are in the mixture. Theorem 2 is about units in
    [-1, 1], Theorem 3 about any whose size is known.
    """
    size, d = float(np.abs(s).max()), s.shape[-1]
    if size <= 1:
        risk, name = entropy_risk(n, d, noise), "Theorem 2"
    else:
        risk, name = entropy_risk_subgaussian(n, d, noise, size / math.sqrt(math.log(2))), "Theorem 3"
    certificate = f"published risk bound of h(T) ({name}): {risk:.3g} nats"
    if vacuous(risk, d, noise / max(size, 1.0)):
        certificate += ", vacuous"
    bias = chi_square_bias(chi_square, samples)
    diagnostic = f"chi-square diagnostic {chi_square:.3g}: bias of h(T) near {bias:.2g} nats or, as it errs low, more"
    return certificate, diagnostic


@_or_infinite
def gaussian_chi_square(d: int, snr: float) -> float:
    """I_chi2(S;T) = (1 + snr)^d - 1 for Gaussian S with signal-to-noise ratio ``snr`` in each of ``d`` units."""
    return math.expm1(d * math.log1p(snr))
