"""Components that differ in scale alone, told apart by the length of a row."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp, roots_genlaguerre

from infoscope.data.source import Law
from infoscope.data.sources._laws import integral


@dataclass(frozen=True, eq=False)
class Scales(Law):
    """I in 1..k uniform, X normal in ``dx`` columns with standard deviation I; Y is I, as a label or, where ``spread``
    is above 0, as a normal number of mean I and standard deviation ``spread``, small enough to name I."""

    dx: int
    k: int
    spread: float = 0.0
    dy: int = 1

    @property
    def kind(self) -> str:
        return "real" if self.spread else "labels"

    def draw(self, rng, n):
        scale = rng.integers(1, self.k + 1, size=n)
        x = rng.normal(size=(n, self.dx)) * scale[:, None]
        return (x, scale[:, None] + self.spread * rng.normal(size=(n, 1))) if self.spread else (x, scale - 1)

    def _log_densities(self, squared: np.ndarray) -> np.ndarray:
        """ln p(x | i) but for a constant ``[k, n]``, from |x|^2."""
        i = np.arange(1, self.k + 1)[:, None]
        return -self.dx * np.log(i) - squared / (2 * i**2)

    def _ratio(self, squared: np.ndarray, i: np.ndarray) -> np.ndarray:
        each = self._log_densities(squared)
        return each[i, np.arange(len(squared))] - logsumexp(each, axis=0) + math.log(self.k)

    def information(self) -> float:
        """Mean over the components of the log ratio, against the density of the radius, adaptively."""

        def of(i: int) -> float:
            d, s = self.dx, i + 1

            def at(r: float) -> float:
                chi = (d - 1) * math.log(r / s) - (r / s) ** 2 / 2 - (d / 2 - 1) * math.log(2) - gammaln(d / 2)
                return math.exp(chi) / s * float(self._ratio(np.array([r * r]), np.array([i]))[0])

            middle = s * math.sqrt(d)
            return integral(at, 1e-9, middle + 12 * s, (middle - 3 * s, middle - s, middle, middle + s, middle + 3 * s))

        return sum(map(of, range(self.k))) / self.k

    def information_again(self) -> float:
        """The same mean by generalised Gauss-Laguerre quadrature in |x|^2 / 2 i^2, which is Gamma(dx / 2)."""
        nodes, weights = roots_genlaguerre(120, self.dx / 2 - 1)
        means = [self._ratio(2 * s**2 * nodes, np.full(len(nodes), s - 1)) @ weights for s in range(1, self.k + 1)]
        return float(np.mean(means) / weights.sum())

    def log_ratio(self, x, y):
        i = np.rint(y[:, 0]).astype(int) - 1 if self.spread else y
        return self._ratio(np.einsum("nd,nd->n", x, x), i)
