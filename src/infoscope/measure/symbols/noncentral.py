"""An interval for an information that holds where there is none: a noncentral χ² in place of the normal."""

from __future__ import annotations

from typing import Any

from scipy.optimize import brentq
from scipy.special import chndtr

QUANTILE = 1.959963984540054  # of a standard normal, 97.5 %
STRONG = 1e4  # a noncentrality above which the noncentral χ² is normal


def interval(seen: float, bias: float, freedom: float, deviation: float) -> tuple[float, float]:
    """A 95 % interval of the information I behind the likelihood-ratio value ``seen``, in nats.

    bias: how much ``seen`` exceeds I on average. freedom: how many parameters dependence adds, f.
    deviation: standard error of ``seen``.

    For n rows 2n seen is a χ² with f degrees of freedom where there is no dependence, so that the bias is f / 2n, and
    for weak dependence a noncentral one with λ = 2n I. So 2m seen, m = f / (2 bias), is taken for κ χ²(f/κ, 2m I/κ),
    which has the right mean, with κ such that it has the right variance; for strong dependence that is the normal
    interval. It holds the I for which a value like ``seen`` is neither in the lower nor in the upper 2.5 %.
    A bias that is not positive (y is nearly a function of x) leaves the normal interval.
    """
    normal = seen - bias - QUANTILE * deviation, seen - bias + QUANTILE * deviation
    if freedom <= 0 or bias <= 0 or deviation <= 0:
        return normal
    rows = freedom / (2 * bias)
    strength = max(2 * rows * (seen - bias), 0.0)
    if strength > STRONG:
        return normal
    kappa = 4 * (rows * deviation) ** 2 / (2 * freedom + 4 * strength)
    low = _noncentrality(2 * rows * seen / kappa, freedom / kappa, 0.975)
    high = _noncentrality(2 * rows * max(seen, bias) / kappa, freedom / kappa, 0.025)  # not empty where seen is near 0
    return kappa * low / (2 * rows), kappa * high / (2 * rows)


def _noncentrality(x: float, f: float, tail: float) -> float:
    """The λ for which χ²(f, λ) lies below ``x`` with probability ``tail``; 0 where none does."""
    if x <= 0 or chndtr(x, f, 0.0) <= tail:
        return 0.0
    top = 1.0 + x
    while chndtr(x, f, top) > tail:
        top *= 2
    root: Any = brentq(lambda at: chndtr(x, f, at) - tail, 0.0, top)
    return float(root)
