"""X real, Y a label: normal classes, and labels cut from a normal column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr, xlogy

from infoscope.data.source import Law, Source, SourceFamily, embedding, transformed
from infoscope.data.sources._laws import integral, plogp
from infoscope.data.sources._mixtures import Components, NormalClasses, WithIdle, panels
from infoscope.data.sources._scales import Scales

_CLOCK = np.array([[math.cos(a), math.sin(a)] for a in (0, 2 * math.pi / 3, 4 * math.pi / 3)])


class GaussianClasses(SourceFamily):
    """A label and a Gaussian given the label; truths by quadrature in the one or two dimensions that matter.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("two-classes")
    Source('two-classes', 1 columns and labels, 0.336831 nats)
    """

    reference: ClassVar[str] = "Ross: Mutual information between discrete and continuous data sets (PLoS ONE 2014)"

    def sources(self) -> Iterator[Source]:
        pair = NormalClasses(Components(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1, 1))))
        yield Source("two-classes", "two normal classes of equal size, 2 standard deviations apart", pair, ("labels",))
        uneven = Components(
            np.array([0.8, 0.15, 0.05]), np.array([[0.0], [2.0], [4.0]]), np.array([[[0.25]], [[1.0]], [[1.0]]])
        )
        words = "three normal classes of 80%, 15% and 5%, of different widths"
        yield Source("uneven-classes", words, NormalClasses(uneven), ("labels",))
        clock = NormalClasses(Components(np.full(3, 1 / 3), 2 * _CLOCK, np.stack([np.eye(2)] * 3)))
        words = "three normal classes at the corners of a triangle"
        yield Source("triangle-classes", words, clock, ("labels",))
        crossed = np.array([[[1.0, 0.9], [0.9, 1.0]], [[1.0, -0.9], [-0.9, 1.0]]])
        words = "two normal classes of the same mean, correlated by .9 and -.9"
        law = NormalClasses(Components(np.array([0.5, 0.5]), np.zeros((2, 2)), crossed))
        yield Source("crossed-classes", words, law, ("labels",))
        for d in (1, 3):
            words = f"five normal classes of the same mean in {d} columns, of standard deviation 1 to 5"
            yield Source(f"nested-classes-{d}", words, Scales(d, 5), ("labels",))
        words = "four classes at the corners of a square, hidden by a rotation in 3 columns"
        square = Source("", "", WithIdle(pair, 2, idle_x=1))
        yield transformed(square, embedding(3, 3), name="square-classes", words=words, tags=("labels",))
        words = "Y says between which of -1, 0 and 1 lies a normal number correlated with X by .9"
        yield Source("noisy-bins", words, _Bins(0.9, (-1.0, 0.0, 1.0)), ("labels",))


@dataclass(frozen=True, eq=False)
class _Bins(Law):
    """X standard normal; Y is the bin, between ``edges``, of a standard normal number correlated with X by ``rho``."""

    rho: float
    edges: tuple[float, ...]
    dx: int = 1
    dy: int = 1
    kind: str = "labels"

    def draw(self, rng, n):
        x = rng.normal(size=(n, 1))
        noisy = self.rho * x[:, 0] + math.sqrt(1 - self.rho**2) * rng.normal(size=n)
        return x, np.searchsorted(self.edges, noisy)

    def _given(self, x) -> np.ndarray:
        """P(Y | x) ``[n, bins]``."""
        cuts = np.array([-np.inf, *self.edges, np.inf])
        spread = math.sqrt(1 - self.rho**2)
        return np.diff(ndtr((cuts - self.rho * np.asarray(x)[:, None]) / spread), axis=1)

    def _classes(self) -> np.ndarray:
        return np.diff(ndtr(np.array([-np.inf, *self.edges, np.inf])))

    def information(self) -> float:
        """H(Y) - H(Y|X), adaptively in x."""

        def at(x: float) -> float:
            density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
            return -density * float(xlogy(p := self._given([x]), p).sum())

        return -sum(map(plogp, self._classes().tolist())) - integral(at, -10, 10, self.edges)

    def information_again(self) -> float:
        """The mean over x of the divergence of P(Y | x) from P(Y), by panels."""
        x, weights = panels(0.1)
        p = self._given(x)
        return float(weights @ (xlogy(p, p) - xlogy(p, self._classes())).sum(1))

    def log_ratio(self, x, y):
        return np.log(self._given(x[:, 0])[np.arange(len(y)), y] / self._classes()[y])
