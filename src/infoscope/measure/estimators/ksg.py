from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Beside, GivenRows
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours.information import Problem, answer, cost
from infoscope.measure.neighbours.marginals import Marginal


@dataclass(frozen=True)
class Ksg(Estimator):
    """Mutual information of two sets of real columns from counts of neighbours (Kraskov, Stögbauer & Grassberger).

    Options
    -------
    k: which neighbour the balls reach (3); fewer has less bias and more spread.
    variant: 1, a cube around each row, or 2, a rectangle (Kraskov et al. 2004, eq. 8 and 9).
    norm: ``"max"`` over the columns of x and of y, or ``"euclidean"``, which has less bias in many dimensions.
    margins: ``"scale"`` divides every column by its standard deviation, so that units do not matter; ``"normal"`` puts
        normal scores of its ranks in its place, which leaves the information alone. A column whose standard deviation
        is made by few rows (an outlier, a code for missing values, a heavy tail) gets them unasked; a note says so.

    I(X;Y|Z) is that of Frenzel & Pompe 2007 (variant 1). The interval is for the scatter alone: in more than about six
    intrinsic dimensions the value is too low, which its growth from n/10 to n gives away (UNDERSAMPLED, or SATURATED
    where it grows like log n). A ball with several rows at its surface is counted with its surface, and where most are
    such the status is TIED: ``mixed_ksg`` is made for repeated rows.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "ksg"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "the question"
    second: ClassVar[tuple[str, ...]] = ("real",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "swap", "shift", "scale")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("low-dimensional",)
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({"norm": "euclidean"}, {"margins": "normal"})

    k: int = 3
    variant: int = 1
    norm: Literal["max", "euclidean"] = "max"
    margins: Literal["scale", "normal"] = "scale"

    def cost(self, n: int, d: int, k: int) -> Cost:
        return cost(n, d + 1)  # y: one column, or classes

    def _check(self) -> None:
        check.count(self.k, "k")
        if self.variant not in (1, 2):
            raise InputError(f"variant is {self.variant}, wanted 1 (a cube around each row) or 2 (a rectangle)")

    def _mutual_information(self, x: Any, y: Any, groups: Groups | None = None) -> Estimate:
        return self._answer(INFORMATION, f"KSG-{self.variant}", x, y, groups=groups)

    def _conditional_mutual_information(
        self, x: AnyRows, y: Beside, z: GivenRows, groups: Groups | None = None
    ) -> Estimate:
        if self.variant == 2:
            raise InputError("variant 2 has no conditional information, wanted variant=1 (Frenzel & Pompe)")
        return self._answer(CONDITIONAL_INFORMATION, "Frenzel-Pompe", x, y, z, groups=groups)

    def _answer(self, quantity: Quantity, method: str, *values: Any, groups: Groups | None) -> Estimate:
        marginals = tuple(Marginal.of(value, normal=self.margins == "normal") for value in values)
        estimand = f"{quantity}, {method}, k={self.k}, {self.norm} norm"
        if self.margins == "normal":
            estimand += " of normal scores"
        return answer(Problem(marginals, self.k, self.norm, self.variant == 2), quantity, estimand, groups=groups)
