"""Discrete-continuous mixtures: atoms beside densities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln, ndtr, roots_laguerre

from infoscope.data.source import Law, Source, SourceFamily
from infoscope.data.sources._laws import Normal, binary_entropy, correlated, integral, plogp


class Mixed(SourceFamily):
    """Mixtures of atoms and densities: uniform windows, atoms among normal rows, inflated zeros, rectified pairs.

    The zero-inflated Poisson law is often given (1 - p) .3012 nats, which counts an inflated zero as if it could be
    told from a zero of Poisson's; the truths here are by quadrature.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("window-5")
    Source('window-5', 1 columns and 1 columns, 1.054920 nats)
    """

    reference: ClassVar[str] = (
        "Gao et al.: Estimating Mutual Information for Discrete-Continuous Mixtures (NeurIPS 2017)"
    )

    def sources(self) -> Iterator[Source]:
        words = "X one of 5 numbers, Y uniform on [X, X + 2]"
        yield Source("window-5", words, _Window(5), ("mixed", "sharp"))
        words = "X uniform on [Y, Y + 2], Y one of 5 labels"
        yield Source("window-5-labels", words, _Window(5, "labels"), ("labels", "sharp"))
        words = "half of the rows normal and correlated by .9, half of them signs that agree in 90%"
        yield Source("atoms-among-normal", words, _Atoms(0.9, 0.9), ("mixed",))
        for p in (0.15, 0.5, 0.7):
            words = f"X exponential, Y a Poisson count of mean X, set to 0 in {p:.0%} of the rows"
            yield Source(f"zero-inflated-poisson-{p}", words, _ZeroInflatedPoisson(p), ("mixed",))
        words = "two normal columns correlated by .8, negative numbers set to 0"
        yield Source("rectified-pair", words, _Rectified(0.8), ("mixed", "representation-like"))
        words = "two independent normal columns, negative numbers set to 0"
        yield Source("rectified-independent", words, _Rectified(0.0), ("mixed", "representation-like", "independent"))


@dataclass(frozen=True, eq=False)
class _Window(Law):
    """One of ``m`` numbers 0, 1, ... and a number uniform on the 2 above it; as labels, X is the latter."""

    m: int
    kind: str = "real"
    dx: int = 1
    dy: int = 1

    def draw(self, rng, n):
        number = rng.integers(0, self.m, size=n)
        place = (number + 2 * rng.random(n))[:, None]
        return (place, number) if self.kind == "labels" else (number[:, None], place)

    def information(self) -> float:
        """ln m - (m - 1) / m ln 2 (Gao et al., section 5)."""
        return math.log(self.m) - (self.m - 1) / self.m * math.log(2)

    def information_again(self) -> float:
        """Entropy of the place, whose density counts the windows over it, minus ln 2."""
        breaks = tuple(map(float, range(1, self.m + 1)))
        entropy = -integral(lambda t: plogp(float(self._windows(t)) / (2 * self.m)), 0.0, self.m + 1.0, breaks)
        return entropy - math.log(2)

    def _windows(self, place):
        low = np.floor(np.asarray(place))
        return np.minimum(low, self.m - 1) - np.maximum(low - 1, 0) + 1

    def log_ratio(self, x, y):
        place = x[:, 0] if self.kind == "labels" else y[:, 0]
        return math.log(self.m) - np.log(self._windows(place))


@dataclass(frozen=True, eq=False)
class _Atoms(Law):
    """A fair coin chooses a normal pair correlated by ``rho``, or a pair of signs that agree with probability ``p``."""

    rho: float
    p: float
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        x, y = self._normal().draw(rng, n)
        sign = rng.choice([-1.0, 1.0], size=(n, 1))
        other = np.where(rng.random((n, 1)) < self.p, sign, -sign)
        atom = rng.random((n, 1)) < 0.5
        return np.where(atom, sign, x), np.where(atom, other, y)

    def _normal(self) -> Normal:
        return Normal(correlated(1, 1, [self.rho]), 1)

    def information(self) -> float:
        """Each of X and Y tells atoms from normal rows, so it is ln 2 and the mean of the two informations."""
        return math.log(2) + 0.5 * (self._normal().information() + math.log(2) - binary_entropy(self.p))

    def information_again(self) -> float:
        """The mean of the log ratio, over the four pairs of signs and over the plane."""
        signs = self.p * math.log(2 * self.p / 0.5) + (1 - self.p) * math.log(2 * (1 - self.p) / 0.5)
        z, w = np.polynomial.hermite_e.hermegauss(40)
        x = z[:, None] + 0 * z
        y = self.rho * x + math.sqrt(1 - self.rho**2) * z
        weights = np.outer(w, w).ravel() / (2 * math.pi)
        ratio = self.log_ratio(x.reshape(-1, 1), y.reshape(-1, 1))
        return 0.5 * float(signs + weights @ ratio)

    def log_ratio(self, x, y):
        atom = np.abs(x[:, 0]) == 1
        agree = np.where(x[:, 0] == y[:, 0], self.p, 1 - self.p)
        return math.log(2) + np.where(atom, np.log(2 * agree), self._normal().log_ratio(x, y))


@dataclass(frozen=True, eq=False)
class _ZeroInflatedPoisson(Law):
    """X exponential of mean 1; Y Poisson of mean X, but 0 with probability ``p`` whatever X is."""

    p: float
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        x = rng.exponential(size=(n, 1))
        return x, rng.poisson(x) * (rng.random((n, 1)) >= self.p)

    def _log_given(self, y, x):
        """ln P(Y = y | x)."""
        poisson = math.log1p(-self.p) + y * np.log(x) - x - gammaln(y + 1)
        return np.where(np.asarray(y) == 0, np.log(self.p + (1 - self.p) * np.exp(-x)), poisson)

    def _marginal(self, y):
        """P(Y = y): the counts of an exponential mean are geometric."""
        return (1 - self.p) * 0.5 ** (y + 1.0) + self.p * (np.asarray(y) == 0)

    def information(self) -> float:
        """Mean over x of the divergence of P(Y | x) from P(Y), adaptively."""

        def at(x: float) -> float:
            y = np.arange(0, 60 + int(12 * math.sqrt(x) + 2 * x))
            given = self._log_given(y, x)
            return math.exp(-x) * float(np.exp(given) @ (given - np.log(self._marginal(y))))

        return integral(at, 0.0, 60.0, (0.01, 0.1, 1.0, 5.0, 20.0))

    def information_again(self) -> float:
        """H(Y) - H(Y|X), the second by Gauss-Laguerre quadrature."""
        y = np.arange(400)
        nodes, weights = roots_laguerre(150)
        given = self._log_given(y, nodes[:, None])
        entropy = -sum(map(plogp, self._marginal(y).tolist()))
        return entropy + float(weights @ (np.exp(given) * given).sum(1))

    def log_ratio(self, x, y):
        return self._log_given(y[:, 0], x[:, 0]) - np.log(self._marginal(y[:, 0]))


@dataclass(frozen=True, eq=False)
class _Rectified(Law):
    """max(., 0) of each of two standard normal numbers correlated by ``rho``."""

    rho: float
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        x, y = Normal(correlated(1, 1, [self.rho]), 1).draw(rng, n)
        return np.maximum(x, 0), np.maximum(y, 0)

    def _silent(self, y):
        """P(X = 0 | Y = y)."""
        return ndtr(-self.rho * np.asarray(y) / math.sqrt(1 - self.rho**2))

    def information(self) -> float:
        """Both 0, one 0, none 0; in the quadrant the log ratio is -ln(1 - rho^2) / 2 and a quadratic form, of which the
        mean along a ray has a closed form."""
        rho = self.rho
        both = 0.25 + math.asin(rho) / (2 * math.pi)
        one = integral(lambda y: _phi(y) * _plogp_ratio(float(self._silent(y)), 0.5), 0.0, 12.0)
        gain = -0.5 * math.log1p(-(rho**2))

        def ray(angle: float) -> float:
            cross = math.sin(2 * angle)
            narrow = (1 - rho * cross) / (1 - rho**2)  # the density along the ray is exp(-narrow r^2 / 2)
            scale = 1 / (2 * math.pi * math.sqrt(1 - rho**2) * narrow)
            return scale * (gain + (1 - narrow) / narrow)

        return _plogp_ratio(both, 0.25) + 2 * one + integral(ray, 0.0, math.pi / 2)

    def information_again(self) -> float:
        """The mean over y of the divergence of X given y from X, over panels in y and in x."""
        nodes, weights = np.polynomial.legendre.leggauss(8)
        left = np.arange(0, 12, 0.25)
        t = (left[:, None] + 0.25 * (nodes + 1) / 2).ravel()
        w = np.tile(weights * 0.25 / 2, len(left))
        silent = self._silent(t)
        spread = math.sqrt(1 - self.rho**2)
        given = np.exp(-0.5 * ((t - self.rho * t[:, None]) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
        prior = np.exp(-0.5 * t**2) / math.sqrt(2 * math.pi)
        divergence = silent * np.log(2 * silent) + (given * np.log(np.maximum(given, 1e-300) / prior)) @ w
        awake = float((prior * w) @ divergence)
        zero = 0.25 + math.asin(self.rho) / (2 * math.pi)  # P(X = 0, Y = 0)
        density = prior * silent  # of X at t, and Y = 0
        return awake + zero * math.log(zero / 0.25) + float(w @ (density * np.log(2 * silent)))

    def log_ratio(self, x, y):
        x, y = x[:, 0], y[:, 0]
        both = math.log(4 * (0.25 + math.asin(self.rho) / (2 * math.pi)))
        none = Normal(correlated(1, 1, [self.rho]), 1).log_ratio(x[:, None], y[:, None])
        one = np.log(2 * self._silent(np.maximum(x, y)))
        return np.where((x == 0) & (y == 0), both, np.where((x == 0) | (y == 0), one, none))


def _phi(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _plogp_ratio(p: float, q: float) -> float:
    """p ln(p / q), and 0 at p = 0."""
    return p * math.log(p / q) if p > 0 else 0.0
