"""Entropy from counts, with the corrections of its bias, and the sampling error of an information between counts.

``counts [g]`` are whole numbers of at least 1, one for each symbol seen; n is their sum. Everything is in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import digamma, xlogy

from infoscope.measure.symbols import noncentral
from infoscope.measure.symbols import quantise as q


def jackknife(counts: np.ndarray) -> float:
    """n H - (n - 1) times the mean of H without one sample (Zahl 1977)."""
    n = counts.sum()
    without = math.log(n - 1) - (xlogy(counts, counts).sum() - xlogy(counts, counts)) / (n - 1)
    without -= xlogy(counts - 1, counts - 1) / (n - 1)
    return float(n * q.entropy_of(counts) - (n - 1) / n * (counts @ without))


def grassberger(counts: np.ndarray) -> float:
    """ln n - (1/n) Σ c G(c), G(c) = ψ(c) + (-1)^c [ψ((c+1)/2) - ψ(c/2)] / 2 (Grassberger 2003, eq. 27, 28 and 35)."""
    n = counts.sum()
    sign = np.where(counts % 2, -1.0, 1.0)
    g = digamma(counts) + sign / 2 * (digamma((counts + 1) / 2) - digamma(counts / 2))
    return math.log(n) - float(counts @ g) / int(n)


def chao_shen(counts: np.ndarray) -> float:
    """-Σ C p ln(C p) / (1 - (1 - C p)^n) with the coverage C = 1 - f1/n (Chao & Shen 2003).

    Where every symbol was seen once, C would be 0: one of them is then taken as seen twice, as the authors do.
    """
    n = int(counts.sum())
    alone = int((counts == 1).sum())
    p = (1 - min(alone, n - 1) / n) * counts / n
    return float(-(xlogy(p, p) / -np.expm1(n * np.log1p(-np.minimum(p, 1 - 1e-16)))).sum()) + 0.0


def miller_madow(counts: np.ndarray) -> float:
    """H + (g - 1) / 2n (Miller 1955)."""
    return q.entropy_of(counts) + (len(counts) - 1) / (2 * int(counts.sum()))


CORRECTIONS: dict[str, Callable[[np.ndarray], float]] = {
    "none": q.entropy_of,
    "miller_madow": miller_madow,
    "jackknife": jackknife,
    "grassberger": grassberger,
    "chao_shen": chao_shen,
}


def unseen(counts: np.ndarray) -> float:
    """How much of the distribution was never seen: the share f1/n of samples alone in their symbol (Good 1953)."""
    return float((counts == 1).sum() / counts.sum())


def entropy_interval(counts: np.ndarray) -> tuple[float, float]:
    """A 95 % interval of the entropy behind ``counts``: Miller-Madow's value and the delta method to second order."""
    n = int(counts.sum())
    p = counts / n
    first = _spread(p, -np.log(p), len(counts) - 1, n)
    half = noncentral.QUANTILE * math.sqrt(first / n + (len(counts) - 1) / (2 * n * n))
    centre = miller_madow(counts)
    return centre - half, centre + half


def information_interval(
    xyz: np.ndarray, xz: np.ndarray, yz: np.ndarray, z: np.ndarray, groups: tuple[int, int, int]
) -> tuple[float, float]:
    """A 95 % interval of I(X;Y|Z) from the distribution of the plug-in value.

    xyz, xz, yz, z ``[g]``: for each occupied cell of (x, y, z), its count and those of the marginal cells it lies in.
    groups: how many cells of (x, z), (y, z) and z are occupied.

    First order (delta method): the plug-in value has the variance v/n of the information density
    ln p(xyz) p(z) / p(xz) p(yz). Second order: 2n times the value gains a quadratic form in the errors of the
    frequencies, whose matrix 1 - P_xz - P_yz + P_z holds projections, so that its trace is
    f = g - g_xz - g_yz + g_z and that of its square d = f + 2 φ², with the mean-square contingency
    φ² = Σ c_xyz² / (c_xz c_yz) - g_z. Under independence f = d is the (k-1)(c-1) of the χ² test.
    """
    n = int(xyz.sum())
    p = xyz / n
    density = np.log(xyz / xz * (z / yz))
    f = len(xyz) - groups[0] - groups[1] + groups[2]
    d = max(f + 2 * (float((xyz / xz * (xyz / yz)).sum()) - groups[2]), 0.0)
    deviation = math.sqrt(_spread(p, density, d, n) / n + d / (2 * n * n))
    return noncentral.interval(float(p @ density), f / (2 * n), f, deviation)


def _spread(p: np.ndarray, density: np.ndarray, d: float, n: int) -> float:
    """Variance of the density under the true p: that under the empirical one is larger by d/n on average."""
    return max(float(p @ density**2) - float(p @ density) ** 2 - d / n, 0.0)
