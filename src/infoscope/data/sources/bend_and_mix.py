"""The laws that the successor of the Beyond-Normal benchmark adds, with truths by quadrature."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import roots_laguerre

from infoscope.data.source import Law, Source, SourceFamily, bend, scaling, spiral, transformed
from infoscope.data.sources._laws import Normal, correlated, integral
from infoscope.data.sources._mixtures import Components, NormalMixture, WithIdle
from infoscope.data.sources._scales import Scales


class BendAndMix(SourceFamily):
    """Mixtures: letters, galaxy, waves, concentric shells, inliers; by quadrature where the benchmark drew samples.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("letter-x")
    Source('letter-x', 1 columns and 1 columns, 0.408443 nats)
    """

    reference: ClassVar[str] = (
        "Czyż et al.: On the Properties and Estimation of Pointwise Mutual Information Profiles (TMLR 2025)"
    )

    def sources(self) -> Iterator[Source]:
        law = NormalMixture(_components([(0, 0, 1, 1, 0.9), (0, 0, 1, 1, -0.9)]))
        words = "the letter X: two normal laws correlated by .9 and -.9"
        yield Source("letter-x", words, law, ("low-dimensional",))
        words = "the letters A and I drawn by six normal laws"
        yield Source("letters-ai", words, NormalMixture(_components(_LETTERS)), ("low-dimensional", "clustered"))
        yield self._galaxy()
        yield self._waves()
        for d, k in ((3, 5), (5, 5), (25, 5), (3, 10), (5, 10)):
            words = f"X normal in {d} columns with standard deviation i, Y = i but for .01 of noise, i up to {k}"
            tags = ("clustered", *(("high-dimensional",) if d > 20 else ()))
            yield Source(f"concentric-{d}x1-of-{k}", words, Scales(d, k, 0.01), tags)
        for d in (5, 25):
            for fraction in (0.2, 0.5):
                words = f"{d} and {d} normal columns, two pairs correlated by .8 in all but {fraction:.0%} of the rows"
                tags = ("sparse", *(("high-dimensional",) if d > 10 else ()))
                yield Source(f"inliers-{fraction}-{d}x{d}", words, _Inliers(d, fraction), tags)

    def _galaxy(self) -> Source:
        """Two balls at +-1.5 (1, 1, 1). Along (1, 1) X has its means at +-1.5 sqrt 2; across, it is noise."""
        centre = 1.5 * math.sqrt(2)
        along = NormalMixture(_components([(centre, 1.5, 1, 1, 0), (-centre, -1.5, 1, 1, 0)]))
        base = Source("galaxy", "", WithIdle(along, idle_x=1))
        return transformed(
            base,
            spiral(1, 0, 0.5, start=math.pi / 4),
            name="galaxy",
            words="two balls at opposite corners, X turned into a spiral galaxy",
            tags=("spiral", "clustered"),
        )

    def _waves(self) -> Source:
        balls = NormalMixture(_components([(1.5 * i, 1.5 * (i % 4), 0.1, 0.1, 0) for i in range(12)]))
        bent = transformed(Source("waves", "", WithIdle(balls, idle_x=1)), bend(0, 1, 5.0, 3.0))
        words = "12 balls in a row, Y goes round with period 4, X bent by a sine"
        return transformed(bent, scaling(0.1, 0.5), name="waves", words=words, tags=("curved", "clustered"))


_NARROW = 0.95
#: Mean of x and y, variance of x and y, correlation.
_LETTERS = [
    (1.0, 0.0, 0.01, 0.2, 0.0),
    (1.0, 1.0, 0.05, 0.001, 0.0),
    (1.0, -1.0, 0.05, 0.001, 0.0),
    (-0.8, -0.2, 0.03, 0.001, 0.0),
    (-1.2, 0.0, 0.04, 0.2, _NARROW),
    (-0.4, 0.0, 0.04, 0.2, -_NARROW),
]


def _components(rows) -> Components:
    means, covariances = [], []
    for x, y, vx, vy, rho in rows:
        means.append((x, y))
        covariances.append([[vx, rho * math.sqrt(vx * vy)], [rho * math.sqrt(vx * vy), vy]])
    return Components(np.full(len(rows), 1 / len(rows)), np.array(means), np.array(covariances))


@dataclass(frozen=True, eq=False)
class _Inliers(Law):
    """Normal columns, the first two pairs correlated by ``rho``; a ``fraction`` of the rows has independent columns.

    The log ratio of the pairs is L = -ln(1 - rho^2) + rho (E1 - E2) in a correlated row, and the same with
    rho / (1 + rho) E1 - rho / (1 - rho) E2 in another, where E1 and E2 are independent exponentials: in each pair
    (X + Y)^2 and (X - Y)^2 are independent, and over two pairs each sum is exponential.
    """

    dx: int
    fraction: float
    rho: float = 0.8
    kind = "real"

    @property
    def dy(self) -> int:
        return self.dx

    def draw(self, rng, n):
        x, y = Normal(correlated(self.dx, self.dx, [self.rho] * 2), self.dx).draw(rng, n)
        inlier = rng.random((n, 1)) < self.fraction
        return x, np.where(inlier, rng.normal(size=y.shape), y)

    def _mixed(self, ratio):
        """The log ratio of the mixture where the pairs have the log ratio ``ratio``."""
        return np.logaddexp(math.log1p(-self.fraction) + ratio, math.log(self.fraction))

    def _parts(self):
        """Weight of each kind of row, and the factors of E1 and E2 there."""
        rho = self.rho
        yield 1 - self.fraction, rho, rho
        yield self.fraction, rho / (1 + rho), rho / (1 - rho)

    def information(self) -> float:
        """Against the density of a E1 - b E2, which is exponential on either side of 0."""
        peak = -math.log1p(-(self.rho**2))

        def part(a: float, b: float) -> float:
            def at(t: float) -> float:
                return math.exp(-t / a if t > 0 else t / b) / (a + b) * float(self._mixed(peak + t))

            return integral(at, -40 * b, 40 * a, (-5 * b, -peak, 0.0, 5 * a))

        return sum(w * part(a, b) for w, a, b in self._parts())

    def information_again(self) -> float:
        """By a product of Gauss-Laguerre quadratures in E1 and E2."""
        nodes, weights = roots_laguerre(120)
        peak = -math.log1p(-(self.rho**2))
        return float(
            sum(
                w * (weights @ self._mixed(peak + a * nodes[:, None] - b * nodes) @ weights)
                for w, a, b in self._parts()
            )
        )

    def log_ratio(self, x, y):
        return self._mixed(Normal(correlated(2, 2, [self.rho] * 2), 2).log_ratio(x[:, :2], y[:, :2]))
