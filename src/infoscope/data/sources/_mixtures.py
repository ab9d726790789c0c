"""Gaussian mixtures in few dimensions, with two quadratures; and ways to put laws side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from infoscope.data.source import Joint, Law


def panels(width: float, reach: float = 8.0, order: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre quadrature of the standard normal density, in panels of ``width``."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    left = np.arange(-reach, reach, width)
    z = (left[:, None] + width * (nodes + 1) / 2).ravel()
    return z, np.tile(weights * width / 2, len(left)) * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True, eq=False)
class Components:
    """Normal components ``weights [k]``, ``means [k, d]``, ``covariances [k, d, d]``."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    _roots: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_roots", np.linalg.cholesky(self.covariances))

    def log_densities(self, rows: np.ndarray) -> np.ndarray:
        """ln p_i(row) of each component ``[k, n]``."""
        d = rows.shape[1]
        out = np.empty((len(self.weights), len(rows)))
        for i, (mean, root) in enumerate(zip(self.means, self._roots, strict=True)):
            z = solve_triangular(root, (rows - mean).T, lower=True)
            out[i] = -0.5 * (z**2).sum(0) - np.log(np.diag(root)).sum() - d / 2 * math.log(2 * math.pi)
        return out

    def log_density(self, rows: np.ndarray) -> np.ndarray:
        """ln p(row) of the mixture ``[n]``."""
        return np.asarray(logsumexp(self.log_densities(rows) + np.log(self.weights)[:, None], axis=0))

    def part(self, columns: slice) -> Components:
        """The marginal mixture of some columns."""
        return Components(self.weights, self.means[:, columns], self.covariances[:, columns, columns])

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows ``[n, d]`` and the component ``[n]`` of each."""
        which = rng.choice(len(self.weights), size=n, p=self.weights)
        z = rng.normal(size=(n, self.means.shape[1]))
        return self.means[which] + np.einsum("nij,nj->ni", self._roots[which], z), which

    def mean_by_panels(self, f: Callable[[np.ndarray], np.ndarray], i: int) -> float:
        """Mean of ``f`` under component ``i`` by Gauss-Legendre quadrature along its own axes, in panels of twice the
        width of the narrowest component."""
        widths = np.sqrt(np.linalg.eigvalsh(self.covariances))
        z, weights = panels(min(0.5, 2 * widths.min() / widths[i].max()))
        d = self.means.shape[1]
        rows = np.stack(np.meshgrid(*[z] * d, indexing="ij"), axis=-1).reshape(-1, d)
        weight = np.stack(np.meshgrid(*[weights] * d, indexing="ij"), axis=-1).reshape(-1, d).prod(1)
        near = weight > 1e-16
        return float(weight[near] @ f(rows[near] @ self._roots[i].T + self.means[i]))

    def entropy(self) -> float:
        """Differential entropy of the mixture: the trapezium rule on one grid over all of it.

        On a step of a quarter of the narrowest width the rule is exact far beyond what is asked, since p ln p is
        smooth on that width and vanishes at the border.
        """
        reach = 8 * np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        narrow = 1 / np.sqrt(np.diagonal(np.linalg.inv(self.covariances), axis1=1, axis2=2).max(0))
        low, high = (self.means - reach).min(0), (self.means + reach).max(0)
        axes = [np.arange(a, b, step) for a, b, step in zip(low, high, narrow / 4, strict=True)]
        rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
        log_p = self.log_density(rows)
        return float(-(np.exp(log_p) * log_p).sum() * (narrow / 4).prod())


@dataclass(frozen=True, eq=False)
class NormalMixture(Law):
    """(X, Y) is a mixture of normals, one column each."""

    components: Components
    dx: int = 1
    dy: int = 1
    kind = "real"

    def draw(self, rng, n):
        rows, _ = self.components.draw(rng, n)
        return rows[:, :1], rows[:, 1:]

    def information(self) -> float:
        """h(X) + h(Y) - h(X, Y)."""
        c = self.components
        return c.part(slice(0, 1)).entropy() + c.part(slice(1, 2)).entropy() - c.entropy()

    def information_again(self) -> float:
        """The mean log ratio by Gauss-Legendre quadrature in panels."""
        c = self.components
        means = [c.mean_by_panels(lambda r: self.log_ratio(r[:, :1], r[:, 1:]), i) for i in range(len(c.weights))]
        return float(c.weights @ means)

    def log_ratio(self, x, y):
        c = self.components
        joint = c.log_density(np.concatenate([x, y], axis=1))
        return joint - c.part(slice(0, 1)).log_density(x) - c.part(slice(1, 2)).log_density(y)


@dataclass(frozen=True, eq=False)
class NormalClasses(Law):
    """Class i with probability ``weights[i]``; X normal given the class, in one or two columns."""

    components: Components
    dy: int = 1
    kind: str = "labels"

    @property
    def dx(self) -> int:
        return self.components.means.shape[1]

    def draw(self, rng, n):
        return self.components.draw(rng, n)

    def information(self) -> float:
        """h(X) - h(X|Y)."""
        c = self.components
        given = 0.5 * np.linalg.slogdet(2 * math.pi * math.e * c.covariances)[1]
        return float(c.entropy() - c.weights @ given)

    def information_again(self) -> float:
        """The mean log ratio by Gauss-Legendre quadrature in panels."""
        c = self.components
        means = [
            c.mean_by_panels(lambda x, i=i: self.log_ratio(x, np.full(len(x), i)), i) for i in range(len(c.weights))
        ]
        return float(c.weights @ means)

    def log_ratio(self, x, y):
        return self.components.log_densities(x)[y, np.arange(len(x))] - self.components.log_density(x)


@dataclass(frozen=True, eq=False)
class WithIdle(Law):
    """``times`` independent copies of ``law`` side by side, then normal columns of noise, ``idle_x`` beside X and
    ``idle_y`` beside Y: information adds over the copies. Of several copies the labels, 0 or 1, are bits of one label.
    """

    law: Joint
    times: int = 1
    idle_x: int = 0
    idle_y: int = 0

    @property
    def kind(self) -> str:
        return self.law.kind

    @property
    def dx(self) -> int:
        return self.times * self.law.dx + self.idle_x

    @property
    def dy(self) -> int:
        return 1 if self.kind == "labels" else self.times * self.law.dy + self.idle_y

    def draw(self, rng, n):
        xs, ys = zip(*(self.law.draw(rng, n) for _ in range(self.times)), strict=True)
        x = np.concatenate([*xs, rng.normal(size=(n, self.idle_x))], axis=1)
        if self.kind == "labels":
            return x, np.stack(ys, axis=1) @ 2 ** np.arange(self.times)
        return x, np.concatenate([*ys, rng.normal(size=(n, self.idle_y))], axis=1)

    def information(self) -> float:
        return self.times * self.law.information()

    def information_again(self) -> float:
        return self.times * self.law.information_again()

    def log_ratio(self, x, y):
        ratios = []
        for i in range(self.times):
            own_x = x[:, i * self.law.dx : (i + 1) * self.law.dx]
            own_y = y[:, i * self.law.dy : (i + 1) * self.law.dy] if self.kind == "real" else y
            if self.times > 1 and self.kind == "labels":
                own_y = y >> i & 1
            ratios.append(self.law.log_ratio(own_x, own_y))
        return np.sum(ratios, axis=0)
