"""Sources made like the activations of a network, whose truth reduces to quadrature in one or two dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from infoscope.data.source import Law, Source, SourceFamily, embedding, transformed
from infoscope.data.sources._laws import Table, integral, plogp
from infoscope.data.sources._mixtures import Components, NormalClasses, NormalMixture, WithIdle, panels


class Representations(SourceFamily):
    """Like activations: clusters hidden in noise, two views of a cluster, noisy layers, ReLU zeros, repeated rows.

    Information adds over independent units, and a rotation of the columns or columns of noise leave it alone, so the
    truth in 50 dimensions is that of one unit.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("noisy-clusters-10")
    Source('noisy-clusters-10', 10 columns and labels, 1.580332 nats)
    """

    reference: ClassVar[str] = "Goldfeld et al.: Estimating Information Flow in Deep Neural Networks (ICML 2019)"

    def sources(self) -> Iterator[Source]:
        bit = NormalClasses(Components(np.array([0.5, 0.5]), np.array([[-1.5], [1.5]]), np.ones((2, 1, 1))))
        for d in (10, 30, 50):
            base = Source("", "", WithIdle(bit, 3, idle_x=d - 3))
            words = f"8 clusters at the corners of a cube of side 3, in {d} columns of unit noise; Y the cluster"
            yield _rotated(base, f"noisy-clusters-{d}", words, "clustered")
        views = NormalMixture(
            Components(np.array([0.5, 0.5]), np.array([[2.0, 2.0], [-2.0, -2.0]]), np.stack([np.eye(2)] * 2))
        )
        for d in (10, 25):
            base = Source("", "", WithIdle(views, 3, idle_x=d - 3, idle_y=d - 3))
            words = f"two noisy views, of {d} columns each, of one of 8 clusters"
            yield _rotated(base, f"two-views-{d}x{d}", words, "clustered")
        base = Source("", "", WithIdle(_Unit("tanh", 0.2), idle_x=2))
        yield _rotated(base, "noisy-tanh-unit", "Y = tanh(2 w.x) + .2 noise of 3 normal columns x", turn_y=False)
        base = Source("", "", WithIdle(_Unit("relu", 0.5), 5, idle_x=5))
        words = "Y = relu(W x) + .5 noise: 5 orthogonal units of 10 normal columns x"
        yield _rotated(base, "noisy-relu-layer", words, turn_y=False)
        yield Source(
            "noisy-tanh-label",
            "X = tanh(2u) + .5 noise, Y the sign of u",
            _Unit("tanh", 0.5, teacher=True),
            ("labels", "representation-like"),
        )
        base = Source("", "", WithIdle(_Unit("tanh", 0.5, teacher=True), 2, idle_x=18))
        words = "20 columns hide two units tanh(2u) + .5 noise, Y the two signs"
        yield _rotated(base, "noisy-tanh-labels-20", words)
        for d in (1, 5):
            words = f"X = relu(z) in {d} column{'s' * (d > 1)}, Y whether the first is above 0"
            tags = ("representation-like", "deterministic label", *(("mixed",) if d == 1 else ()))
            yield Source(f"relu-sign-{d}", words, _ReluSign(d), tags)
        words = "20 normal columns, Y the largest of three of their directions"
        yield _rotated(Source("", "", _Largest(20)), "largest-of-three-20", words, "deterministic label")
        words = "24 rows of 5 columns, each again and again, four classes, 10% of the labels wrong"
        table = np.full((24, 4), 0.1 / 3) + np.eye(4)[np.arange(24) % 4] * (0.9 - 0.1 / 3)
        codes = np.random.default_rng(24).normal(size=(24, 5))
        yield Source("repeated-rows", words, Table(table / 24, codes), ("representation-like",))


def _rotated(base: Source, name: str, words: str, *tags: str, turn_y: bool = True) -> Source:
    high = ("high-dimensional",) if base.dx + base.dy > 20 else ()
    y = embedding(base.dy, base.dy, seed=2) if base.kind == "real" and turn_y else None
    tags = ("representation-like", *tags, *high)
    return transformed(base, embedding(base.dx, base.dx, seed=1), y, name=name, words=words, tags=tags)


@dataclass(frozen=True, eq=False)
class _Unit(Law):
    """A unit T = f(u) + ``noise`` times a normal number, u standard normal, f(u) = tanh(2u) or relu(u).

    X is u and Y is T; with ``teacher``, X is T and Y whether u is above 0.
    """

    activation: str
    noise: float
    teacher: bool = False
    dx: int = 1
    dy: int = 1

    @property
    def kind(self) -> str:
        return "labels" if self.teacher else "real"

    def _clean(self, u):
        return np.tanh(2 * u) if self.activation == "tanh" else np.maximum(u, 0)

    def draw(self, rng, n):
        u = rng.normal(size=(n, 1))
        t = self._clean(u) + self.noise * rng.normal(size=(n, 1))
        return (t, (u[:, 0] > 0).astype(np.int64)) if self.teacher else (u, t)

    def _density(self, t: np.ndarray, u: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """p(t) from nodes ``u`` and their weights."""
        z = (t[:, None] - self._clean(u)) / self.noise
        return np.exp(-0.5 * z**2) @ weights / (self.noise * math.sqrt(2 * math.pi))

    def information(self) -> float:
        """h(T) - h(T|X): p(t) by panels over u, its entropy by the trapezium rule over t."""
        u, weights = panels(0.1)
        step = self.noise / 8
        t = np.arange(-1 - 9 * self.noise, (1 if self.activation == "tanh" else 9) + 9 * self.noise, step)

        def entropy(chosen) -> float:
            p = self._density(t, u[chosen], weights[chosen] / weights[chosen].sum())
            return -step * float(p @ np.log(p))

        if self.teacher:
            return entropy(u == u) - 0.5 * (entropy(u > 0) + entropy(u < 0))
        return entropy(u == u) - 0.5 * math.log(2 * math.pi * math.e * self.noise**2)

    def information_again(self) -> float:
        """The mean log ratio over u and the noise, p(t) by a Riemann sum over u."""
        u, weights = panels(0.5)
        z, noisy = np.polynomial.hermite_e.hermegauss(30)
        t = (self._clean(u)[:, None] + self.noise * z).ravel()[:, None]
        row = np.repeat(u, len(z))[:, None]
        ratio = self.log_ratio(t, (row[:, 0] > 0).astype(int)) if self.teacher else self.log_ratio(row, t)
        return float(weights @ ratio.reshape(len(u), -1) @ noisy / noisy.sum())

    def log_ratio(self, x, y):
        u = np.arange(-8, 8, 1 / 64) + 1 / 128
        weights = np.exp(-0.5 * u**2) / 64 / math.sqrt(2 * math.pi)
        if self.teacher:
            each = np.stack([self._density(x[:, 0], u[side], 2 * weights[side]) for side in (u < 0, u > 0)], axis=1)
            return np.log(each[np.arange(len(y)), y] / each.mean(1))
        given = -0.5 * ((y - self._clean(x)) / self.noise)[:, 0] ** 2 - math.log(self.noise * math.sqrt(2 * math.pi))
        return given - np.log(self._density(y[:, 0], u, weights))


@dataclass(frozen=True, eq=False)
class _ReluSign(Law):
    """X = max(z, 0) in ``dx`` columns; Y whether the first is above 0."""

    dx: int
    dy: int = 1
    kind: str = "labels"

    def draw(self, rng, n):
        x = np.maximum(rng.normal(size=(n, self.dx)), 0)
        return x, (x[:, 0] > 0).astype(np.int64)

    def information(self) -> float:
        return math.log(2)

    def information_again(self) -> float:
        """The information of the events X = 0, X > 0 with Y."""
        positive = integral(lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi), 0.0, 12.0)
        return Table(np.diag([1 - positive, positive])).information_again()

    def log_ratio(self, x, y):
        return np.where((x[:, 0] > 0) == (y == 1), math.log(2), -np.inf)


@dataclass(frozen=True, eq=False)
class _Largest(Law):
    """``dx`` standard normal columns; Y which of the first three is largest."""

    dx: int
    dy: int = 1
    kind: str = "labels"

    def draw(self, rng, n):
        x = rng.normal(size=(n, self.dx))
        return x, x[:, :3].argmax(1)

    def information(self) -> float:
        return math.log(3)

    def information_again(self) -> float:
        """3 p ln 1/p, p the chance that two normal numbers are below a third."""
        p = integral(lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * ndtr(z) ** 2, -12.0, 12.0)
        return -3 * plogp(p)

    def log_ratio(self, x, y):
        return np.where(x[:, :3].argmax(1) == y, math.log(3), -np.inf)
