"""Laws whose information is a dial: ask for so many nats and get the law that has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, lambertw

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.data.source import Law, Source, SourceFamily, normal_cdf, transformed
from infoscope.data.sources._laws import (
    AdditiveUniform,
    Normal,
    StudentT,
    Table,
    binary_entropy,
    correlated,
    integral,
    plogp,
)


class Dials(SourceFamily):
    """Laws by their nats: normal, uniform, smoothed, log-gamma-exponential, Student, cells, symbols, rare events.

    Each method gives the source of any information within the range of its law.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("dial-normal-3x3-0.5")
    Source('dial-normal-3x3-0.5', 3 columns and 3 columns, 0.500000 nats)
    """

    reference: ClassVar[str] = (
        "Darbellay, Vajda: Entropy Expressions for Multivariate Continuous Distributions (IEEE TIT 2000)"
    )

    def sources(self) -> Iterator[Source]:
        for nats in (0.5, 2.0, 5.0):
            yield self.normal(nats, 3)
            yield self.uniform(nats)
            yield self.smoothed_uniform(nats)
            yield self.log_gamma_exponential(nats)
            yield self.quantised_uniform(nats)
        for nats in (0.5, 2.0):
            yield self.student(nats, 3)
        for nats in (0.2, 1.0):
            yield self.noisy_symbols(nats, 5)
        for nats in (0.02, 0.1):
            yield self.rare_event(nats)

    def normal(self, nats: float, d: int) -> Source:
        """``d`` pairs of normal columns, each correlated alike."""
        words = f"{d} pair{'s' * (d > 1)} of normal columns with {nats:g} nats in all"
        law = Normal(correlated(d, d, [_correlation(check.positive(nats, "nats") / d)] * d), d)
        easy = (*(("low-dimensional",) if d <= 2 else ()), "smooth") if nats < 1.5 and d <= 3 else ()
        return Source(
            f"dial-normal-{d}x{d}-{nats:g}", words, law, ("gaussian", "gaussian copula", *easy, *_strong(nats))
        )

    def uniform(self, nats: float) -> Source:
        """A pair of uniform columns with a normal copula."""
        base = self.normal(nats, 1)
        return transformed(
            base,
            normal_cdf(),
            normal_cdf(),
            name=f"dial-uniform-{nats:g}",
            words=f"a pair of uniform columns with a normal copula and {nats:g} nats",
            tags=tuple(tag for tag in base.tags if tag != "gaussian"),
        )

    def smoothed_uniform(self, nats: float) -> Source:
        """X uniform and Y = X + uniform noise: e - ln 2e nats for noise of half-width e <= 1/2, else 1 / 4e."""
        nats = check.positive(nats, "nats")
        half = 1 / (4 * nats) if nats <= 0.5 else float(-lambertw(-math.exp(-nats) / 2).real)
        words = f"X uniform on [0, 1], Y = X + uniform noise on [-{half:.3g}, {half:.3g}]"
        tags = ("sharp", *(("low-dimensional",) if nats < 1 else ()), *_strong(nats))
        return Source(f"dial-smoothed-uniform-{nats:g}", words, AdditiveUniform(half), tags)

    def log_gamma_exponential(self, nats: float) -> Source:
        """Logarithms of X gamma of shape s and Y exponential of rate X: digamma(s) - ln s + 1/s nats."""
        shape = _root(lambda s: digamma(s) - math.log(s) + 1 / s - nats, 1e-4, 1e4)
        words = f"logarithms of X, gamma of shape {shape:.3g}, and of Y, exponential of rate X"
        law = _LogGammaExponential(shape)
        tags = ("low-dimensional", "smooth") if nats < 1.5 else _strong(nats)
        return Source(f"dial-log-gamma-exponential-{nats:g}", words, law, tags)

    def quantised_uniform(self, nats: float) -> Source:
        """X uniform, Y the cell it falls in: as many cells as it takes, the last one smaller than the others."""
        k = max(2, math.ceil(math.exp(nats) - 1e-9))
        last = _root(lambda q: (k - 1) * -plogp((1 - q) / (k - 1)) - plogp(q) - nats, 0.0, 1 / k)
        words = f"X uniform on [0, 1], Y the one of {k} cells it falls in"
        tags = ("deterministic label", "sharp", *(("labels",) if k <= 10 else ()), *_strong(nats))
        return Source(f"dial-quantised-uniform-{nats:g}", words, _Cells(k, last), tags)

    def student(self, nats: float, dof: float) -> Source:
        """Student's law in one and one columns; at least the nats that it has without correlation."""
        least = StudentT(np.eye(2), 1, dof).information()
        if nats < least:
            raise InputError(f"nats is {nats!r}, wanted at least {least:.6f} with {dof:g} degrees of freedom")
        law = StudentT(correlated(1, 1, [_correlation(nats - least)]), 1, dof)
        words = f"Student's law of {dof:g} degrees of freedom with {nats:g} nats"
        return Source(f"dial-student-{nats:g}", words, law, ("heavy-tailed", *_strong(nats)))

    def noisy_symbols(self, nats: float, k: int) -> Source:
        """``k`` symbols, some replaced by one of the others at random."""

        def information(wrong: float) -> float:
            return math.log(k) - binary_entropy(wrong) - wrong * math.log(k - 1)

        wrong = _root(lambda e: information(e) - nats, 0.0, (k - 1) / k)
        table = np.full((k, k), wrong / (k - 1) / k)
        np.fill_diagonal(table, (1 - wrong) / k)
        words = f"{k} symbols, {wrong:.1%} of them replaced by another"
        return Source(f"dial-noisy-symbols-{nats:g}", words, Table(table, closed=information(wrong)), ("discrete",))

    def rare_event(self, nats: float) -> Source:
        """X uniform on [0, 1], Y whether it is above a threshold that is rarely passed."""
        rare = _root(lambda p: binary_entropy(p) - nats, 0.0, 0.5)
        words = f"X uniform on [0, 1], Y whether it is among the last {rare:.2%}"
        tags = ("deterministic label", "sharp", "labels")
        return Source(f"dial-rare-event-{nats:g}", words, _Cells(2, rare), tags)


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where ``f``, the information of a law less the one asked for, is 0 between ``low`` and ``high``."""
    ends = {low: float(f(low)), high: float(f(high))}
    for end, value in ends.items():
        if abs(value) < 1e-12:
            return end
    if min(ends.values()) > 0 or max(ends.values()) < 0:
        gap = min(map(abs, ends.values()))
        more = "more" if min(ends.values()) > 0 else "fewer"
        raise InputError(f"no such law has as many nats as asked for: ask for {gap:.3g} {more}, or further that way")
    return float(brentq(f, low, high, xtol=1e-16))  # type: ignore[arg-type]


def _strong(nats: float) -> tuple[str, ...]:
    return ("strong",) if nats > 2 else ()


def _correlation(nats: float) -> float:
    """The correlation of a normal pair with so much information."""
    return math.sqrt(-math.expm1(-2 * nats))


@dataclass(frozen=True, eq=False)
class _LogGammaExponential(Law):
    """ln X and ln Y, X gamma of ``shape``, Y exponential of rate X."""

    shape: float
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        # Gamma(s) = Gamma(s + 1) U^(1/s), taken in logarithms, which a small shape would make 0 otherwise.
        x = np.log(rng.gamma(self.shape + 1, size=(n, 1))) + np.log1p(-rng.random((n, 1))) / self.shape
        return x, np.log(rng.exponential(size=(n, 1))) - x

    def information(self) -> float:
        return float(digamma(self.shape)) - math.log(self.shape) + 1 / self.shape

    def information_again(self) -> float:
        """h(ln Y) - h(ln Y | X), both by quadrature; the second is the entropy of the logarithm of an exponential."""
        s = self.shape

        def of(log_density, low, high, breaks) -> float:
            def at(v: float) -> float:
                log_p = log_density(v)
                return -math.exp(log_p) * log_p

            return integral(at, low, high, breaks)

        def lomax(v: float) -> float:
            return math.log(s) + v - (s + 1) * float(np.logaddexp(0, v))

        def exponential(v: float) -> float:
            return v - math.exp(v)

        far = (-20.0, -5.0, 0.0, 5.0, 1 / s, 5 / s, 20 / s)
        return of(lomax, -60.0, 40 / s + 60, far) - of(exponential, -60.0, 6.0, (-20.0, -5.0, 0.0, 3.0))

    def log_ratio(self, x, y):
        x, y = x[:, 0], y[:, 0]
        return x - np.exp(x + y) - math.log(self.shape) + (self.shape + 1) * np.logaddexp(0, y)


@dataclass(frozen=True, eq=False)
class _Cells(Law):
    """X uniform on [0, 1]; Y its cell, of ``k``: the last of length ``last``, the others alike."""

    k: int
    last: float
    dx: int = 1
    dy: int = 1
    kind: str = "labels"

    def draw(self, rng, n):
        x = rng.random((n, 1))
        cell = np.floor(x[:, 0] * (self.k - 1) / (1 - self.last)).astype(np.int64)
        return x, np.minimum(cell, self.k - 1)

    def information(self) -> float:
        """H(Y), cell by cell."""
        return -(self.k - 1) * plogp((1 - self.last) / (self.k - 1)) - plogp(self.last)

    def information_again(self) -> float:
        """H(Y) by the chain rule: whether it is the last cell, and which of the others."""
        return binary_entropy(self.last) + (1 - self.last) * math.log(self.k - 1)

    def log_ratio(self, x, y):
        return -np.log(np.where(y == self.k - 1, self.last, (1 - self.last) / (self.k - 1)))
