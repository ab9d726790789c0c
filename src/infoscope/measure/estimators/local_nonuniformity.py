from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost
from infoscope.core.quantity import INFORMATION
from infoscope.core.shapes import AnyRows, Beside
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals import subsampling
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours.boxes import log_shares, uniform_share
from infoscope.measure.neighbours.information import Problem, answer, cost
from infoscope.measure.neighbours.marginals import Marginal
from infoscope.measure.neighbours.search import Balls

#: From this share of rows on whose neighbours span no volume, the value is what rounding leaves.
FLAT_SHARE = 0.5


@dataclass(frozen=True)
class LocalNonuniformity(Estimator):
    """KSG's information corrected for balls in which the density is not uniform, for strong dependence.

    Options
    -------
    k: which neighbour the balls reach; by default 5, or twice the number of columns of x and y where that is more.
    alpha: a ball is corrected where the box along its principal axes has less than this share of its volume; by
        default the 0.5 % quantile of that share for k uniform points in as many columns.

    Gao, Ver Steeg & Galstyan 2015, eq. 22: where x and y nearly determine each other, rows fill a thin slanted part
    of their ball, which KSG takes for uniform; each such ball adds the logarithm of the ratio of volumes. It reaches
    informations beyond psi(n) - psi(k). It helps in few columns. Where the rows lie on a curved surface it is too low,
    where x alone (or y alone) lies on a curve or surface it is far too high, because it takes any thinness for
    dependence, and where rows lie exactly on a flat surface (Y = X) the value is what rounding leaves, SATURATED.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "local_nonuniformity"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "the question"
    second: ClassVar[tuple[str, ...]] = ("real",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "swap", "shift", "scale")
    grouped: ClassVar[str] = "own"

    k: int | None = None
    alpha: float | None = None

    def cost(self, n: int, d: int, k: int) -> Cost:
        columns = d + 1  # y: one
        boxes = subsampling.seconds(lambda rows: rows * (1.5e-6 + 3e-7 * columns**1.75), n)
        neighbours = cost(n, columns)
        return Cost(neighbours.seconds + boxes, neighbours.bytes + min(60.0 * n * columns**2, 7e7))

    def _check(self) -> None:
        if self.k is not None:
            check.count(self.k, "k", 2)
        if self.alpha is not None and not 0 < self.alpha <= 1:
            raise InputError(f"alpha is {self.alpha}, wanted a share of the volume above 0 and at most 1, e.g. 0.2")

    def _mutual_information(self, x: AnyRows, y: Beside, groups: Groups | None = None) -> Estimate:
        marginals = (Marginal.of(x), Marginal.of(y))
        columns = np.column_stack([one.columns for one in marginals])
        d = columns.shape[1]
        k = self.k or min(max(5, 2 * d), len(columns) - 1)
        if k <= d:
            raise InputError(f"k is {k} for {d} columns that vary, wanted more neighbours than columns, e.g. k={2 * d}")
        problem, flat = Problem(marginals, k), []  # which refuses a k as large as the rows
        alpha = self.alpha or uniform_share(k, d)

        def corrected(rows: np.ndarray, each: np.ndarray, around: Balls) -> np.ndarray:
            logs, thin = log_shares(columns, rows, around.nearest)
            flat.append(float(thin.mean()))
            return each - np.where((logs < math.log(alpha)) & ~around.tied, logs, 0)

        def local(rows: np.ndarray) -> tuple[np.ndarray, Balls] | None:
            found = problem.local(rows)
            if found is None:
                return None
            named = replace(found[1], nearest=rows[found[1].nearest])
            return corrected(rows, found[0], named), found[1]

        estimand = f"I(X;Y), KSG-1 with local non-uniformity corrected, k={k}, alpha={alpha:.3g}"
        estimate = answer(
            problem, INFORMATION, estimand, local=local, ceiling=math.inf, groups=groups, corrected=corrected
        )
        if estimate.status is Status.OK and flat[0] > FLAT_SHARE:
            note = f"{flat[0]:.2g} of the rows lie on a flat surface to within rounding, which is all the value tells"
            estimate = estimate.doubted(Doubt(Status.SATURATED, note))
        return estimate
