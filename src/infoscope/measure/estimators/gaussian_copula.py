from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import ndtri

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Beside, GivenRows
from infoscope.kernels.ranks import ranks
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.jackknife import settled
from infoscope.measure.moments.gaussian_information import GaussianInformation, doubted, information, spacing

#: Rows within the spread that a correlation leaves, n √(1 - ρ²), below which their ranks no longer tell it.
BLURRED = 10.0


@dataclass(frozen=True)
class GaussianCopula(Estimator):
    """The information of a Gaussian copula: columns become normal scores of their ranks, then it is the Gaussian's.

    I(X;Y) and I(X;Y|Z) by the Gaussian formula over normal scores Φ⁻¹(rank / (n + 1)), tied values at their mean rank
    (Ince et al. 2017), less the exact finite-sample bias of Gaussian rows. Any increasing map of any column leaves the
    answer as it is, to the bit. It is exact where increasing maps of the columns make the rows jointly Gaussian, and
    sees nothing of a dependence without rank correlation (a circle, a Student pair): check it against a nonlinear one.

    Where x or y is one continuous column the value is a lower bound of I(X;Y), for that column's scores are Gaussian,
    and the best linear prediction of a Gaussian says less than the rest. With more columns on both sides it is no
    bound: columns that are normal one by one need not be so together.

    Normal scores estimate the correlations of a Gaussian copula with the same variance as if its columns had been seen
    as Gaussian (Klaassen & Wellner 1997), so the interval is that of ``gaussian``, stretched upwards by what ranks lose
    of a strong correlation. Statuses are those of ``gaussian``, and UNDERSAMPLED too where fewer than 10 rows lie
    within the spread that the strongest correlation leaves, for ranks cannot tell it then. UNRESOLVED where what a
    linear prediction of the scores leaves is further from Gaussian than they are by more than the interval.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "gaussian_copula"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("real",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "swap", "shift", "scale", "monotone")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("gaussian", "gaussian copula")

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + n * d * (2e-7 + 1e-10 * d), 60.0 * n + 88.0 * n * d)

    def _mutual_information(self, x: AnyRows, y: Beside, groups: Groups | None = None) -> Estimate:
        found, estimate = _estimate(x, y, None, INFORMATION)
        return settled(estimate, found.each, (x, y), groups, self._mutual_information)

    def _conditional_mutual_information(
        self, x: AnyRows, y: Beside, z: GivenRows, groups: Groups | None = None
    ) -> Estimate:
        found, estimate = _estimate(x, y, z, CONDITIONAL_INFORMATION)
        return settled(estimate, found.each, (x, y, z), groups, self._conditional_mutual_information)


def _estimate(x: AnyRows, y: Beside, z: GivenRows | None, quantity: Quantity) -> tuple[GaussianInformation, Estimate]:
    found = information(_scores(x), _scores(y), None if z is None else _scores(z), "none")
    if z is None and found.interval and 1 in (x.shape[1], y.shape[1]):
        below = remark("a lower bound where the one column of x or y is continuous")
        found = replace(found, doubts=(*found.doubts, below))
    if found.interval:
        found = _with_blur(found, len(x), max(x.shape[1], y.shape[1]))
    estimand = f"{quantity} of the Gaussian copula with the data's rank correlations"
    return found, found.estimate(quantity, estimand, len(x))


def _with_blur(found: GaussianInformation, n: int, columns: int) -> GaussianInformation:
    """With the interval stretched by what ranks lose of strong correlations.

    Near ρ = 1 the ranks of x and y differ by noise too: n of them put the variance 2 s / √π n φ on the difference of
    two scores (φ the normal density there), whose own is s² = 1 - ρ². On average over the scores the value falls short
    by 2 Φ⁻¹(n / (n + 1)) / √π n s. Weaker correlations lose less; ρ² times that is above what was seen in simulation.
    """
    assert found.interval
    spread = np.sqrt(1 - found.squared)
    blur = float((found.squared / spread).sum() * 2 * ndtri(n / (n + 1)) / (math.sqrt(math.pi) * n))
    low, high = found.interval
    doubts = found.doubts
    if blur > (high - low) / 4:
        low_by = f"so strong a correlation is blurred by {n} ranks: the value is up to {blur:.2g} nats too low"
        doubts = (*doubts, remark(low_by))
    if n * spread.min() < BLURRED:
        doubts = (*doubts, Doubt(Status.UNDERSAMPLED))
    found = replace(found, interval=(low, high + blur), doubts=doubts)
    # scores are spaced exactly, where rows are at random; blur itself is less Gaussian by up to 1.7 of it in simulation
    return doubted(found, found.beyond - columns / (2 * spacing(n)) - blur)


def _scores(x: AnyRows) -> np.ndarray:
    """Normal scores ``[n, d]`` of each column's ranks; a constant column becomes zeros."""
    values = check.on_cpu(x)
    return ndtri(ranks(values) / (len(values) + 1))
