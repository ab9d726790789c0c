"""Laws that several families build on."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.linalg import solve_triangular
from scipy.special import digamma, gammaln

from infoscope.data.source import Law


def integral(f, low: float, high: float, breaks: tuple[float, ...] = ()) -> float:
    """The integral of ``f`` from ``low`` to ``high``, adaptively in each piece between ``breaks``, to about 1e-10."""
    edges = [low, *sorted(b for b in breaks if low < b < high), high]
    return sum(quad(f, a, b, epsabs=1e-11, epsrel=1e-10, limit=400)[0] for a, b in itertools.pairwise(edges))


def plogp(p: float) -> float:
    """p ln p, and 0 at 0."""
    return p * math.log(p) if p > 0 else 0.0


def binary_entropy(p: float) -> float:
    """Entropy of a coin in nats."""
    return -plogp(p) - plogp(1 - p)


def correlated(dx: int, dy: int, correlations) -> np.ndarray:
    """Covariance of unit variances where column i of X and column i of Y correlate by ``correlations[i]``."""
    covariance = np.eye(dx + dy)
    for i, rho in enumerate(correlations):
        covariance[i, dx + i] = covariance[dx + i, i] = rho
    return covariance


@dataclass(frozen=True, eq=False)
class Normal(Law):
    """Jointly Gaussian with mean 0; the first ``dx`` rows of ``covariance`` are X."""

    covariance: np.ndarray
    dx: int
    kind = "real"

    @property
    def dy(self) -> int:
        return len(self.covariance) - self.dx

    def draw(self, rng, n):
        rows = rng.normal(size=(n, len(self.covariance))) @ np.linalg.cholesky(self.covariance).T
        return rows[:, : self.dx], rows[:, self.dx :]

    def information(self) -> float:
        """(ln|Sx| + ln|Sy| - ln|S|) / 2."""
        s, d = self.covariance, self.dx
        return 0.5 * sum(sign * np.linalg.slogdet(part)[1] for sign, part in ((1, s[:d, :d]), (1, s[d:, d:]), (-1, s)))

    def information_again(self) -> float:
        """-1/2 sum ln(1 - r^2) over the canonical correlations r."""
        s, d = self.covariance, self.dx
        half = solve_triangular(np.linalg.cholesky(s[:d, :d]), s[:d, d:], lower=True)
        whitened = solve_triangular(np.linalg.cholesky(s[d:, d:]), half.T, lower=True)
        return float(-0.5 * np.log1p(-(np.linalg.svd(whitened, compute_uv=False) ** 2)).sum())

    def log_ratio(self, x, y):
        s, d = self.covariance, self.dx

        def squared(rows, part):
            return (solve_triangular(np.linalg.cholesky(part), rows.T, lower=True) ** 2).sum(0)

        joint = squared(np.concatenate([x, y], axis=1), s)
        return self.information() + 0.5 * (squared(x, s[:d, :d]) + squared(y, s[d:, d:]) - joint)


@dataclass(frozen=True, eq=False)
class StudentT(Law):
    """Multivariate Student: normal rows of covariance ``dispersion`` divided by sqrt(chi2(dof) / dof), one for a row.

    I(X;Y) = that of the normal law + h(dx) + h(dy) - h(dx + dy), where h(d) is the entropy of d standard columns
    (Czyż et al. 2023, Beyond Normal, proposition on Student's law).
    """

    dispersion: np.ndarray
    dx: int
    dof: float
    kind = "real"

    @property
    def dy(self) -> int:
        return len(self.dispersion) - self.dx

    def draw(self, rng, n):
        x, y = Normal(self.dispersion, self.dx).draw(rng, n)
        spread = np.sqrt(rng.chisquare(self.dof, size=(n, 1)) / self.dof)
        return x / spread, y / spread

    def information(self) -> float:
        return Normal(self.dispersion, self.dx).information() + _three(self.dx, self.dy, self._entropy)

    def information_again(self) -> float:
        base = Normal(self.dispersion, self.dx).information_again()
        return base + _three(self.dx, self.dy, self._entropy_by_radius)

    def _entropy(self, d: int) -> float:
        half = self.dof / 2
        both = half + d / 2
        return self._log_constant(d) + both * (digamma(both) - digamma(half))

    def _log_constant(self, d: int) -> float:
        return gammaln(self.dof / 2) - gammaln((self.dof + d) / 2) + d / 2 * math.log(self.dof * math.pi)

    def _entropy_by_radius(self, d: int) -> float:
        """-integral of p ln p over shells of radius exp(u)."""
        constant = self._log_constant(d)
        shell = math.log(2) + d / 2 * math.log(math.pi) - gammaln(d / 2)

        def weighted(u: float) -> float:
            surprise = constant + (self.dof + d) / 2 * math.log1p(math.exp(2 * u) / self.dof)
            return math.exp(shell + d * u - surprise) * surprise

        return integral(weighted, -30.0, 60.0, (-2.0, 0.0, 1.0, 3.0, 8.0, 20.0))

    def log_ratio(self, x, y):
        def log_density(rows, part):
            squared = (solve_triangular(np.linalg.cholesky(part), rows.T, lower=True) ** 2).sum(0)
            d = rows.shape[1]
            volume = self._log_constant(d) + 0.5 * np.linalg.slogdet(part)[1]
            return -volume - (self.dof + d) / 2 * np.log1p(squared / self.dof)

        s, d = self.dispersion, self.dx
        joint = log_density(np.concatenate([x, y], axis=1), s)
        return joint - log_density(x, s[:d, :d]) - log_density(y, s[d:, d:])


def _three(dx: int, dy: int, entropy) -> float:
    return entropy(dx) + entropy(dy) - entropy(dx + dy)


@dataclass(frozen=True, eq=False)
class AdditiveUniform(Law):
    """X uniform on [0, 1], Y = X + uniform noise on [-half, half]."""

    half: float
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        x = rng.random((n, 1))
        return x, x + rng.uniform(-self.half, self.half, size=(n, 1))

    def information(self) -> float:
        e = self.half
        return e - math.log(2 * e) if e <= 0.5 else 1 / (4 * e)

    def information_again(self) -> float:
        """h(Y) - h(noise), the density of Y being a trapezium."""
        e = self.half
        entropy = -integral(lambda y: plogp(float(self._density(y))), -e, 1 + e, (e, 1 - e))
        return entropy - math.log(2 * e)

    def _density(self, y):
        e = self.half
        return np.clip(np.minimum(y + e, 1) - np.maximum(y - e, 0), 0, None) / (2 * e)

    def log_ratio(self, x, y):
        return -math.log(2 * self.half) - np.log(self._density(y[:, 0]))


@dataclass(frozen=True, eq=False)
class Table(Law):
    """Symbol i and class j with probability ``table[i, j]``; X shows symbol i as the row ``codes[i]``.

    ``closed`` is the information by its textbook formula, where there is one.
    """

    table: np.ndarray
    codes: np.ndarray | None = None
    closed: float | None = None
    dy: int = 1
    kind: str = "labels"

    @property
    def dx(self) -> int:
        return 1 if self.codes is None else self.codes.shape[1]

    def draw(self, rng, n):
        edges = np.cumsum(self.table)
        cell = np.searchsorted(edges, rng.random(n) * edges[-1], side="right")
        symbol, y = np.divmod(np.minimum(cell, self.table.size - 1), self.table.shape[1])
        return (symbol[:, None] if self.codes is None else self.codes[symbol]), y

    def information(self) -> float:
        """The closed form, or the mean log ratio of the cells."""
        if self.closed is not None:
            return self.closed
        p = self.table
        return float(np.sum(p * self._log_ratios()))

    def information_again(self) -> float:
        """H(X) + H(Y) - H(X, Y), each by counting cells."""
        p = self.table
        parts = (p.sum(1), p.sum(0), p.ravel())
        return sum(sign * -sum(map(plogp, part.tolist())) for sign, part in zip((1, 1, -1), parts, strict=True))

    def _log_ratios(self) -> np.ndarray:
        p = self.table
        outer = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
        return np.log(np.divide(p, outer, out=np.ones_like(p), where=p > 0))

    def log_ratio(self, x, y):
        if self.codes is None:
            symbol = x[:, 0].astype(int)
        else:
            symbol = (x @ self.codes.T - 0.5 * (self.codes**2).sum(1)).argmax(1)
        return self._log_ratios()[symbol, y]
