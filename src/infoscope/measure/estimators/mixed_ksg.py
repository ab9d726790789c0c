from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from infoscope.core import check
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, INFORMATION, Quantity
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours.information import cost, of_points


@dataclass(frozen=True)
class MixedKsg(Estimator):
    """Mutual information from counts of neighbours where y is class labels, or columns hold repeated values.

    Options
    -------
    k: which neighbour the balls reach (3). norm: ``"max"`` over the columns of x and of y, or ``"euclidean"``.

    A row is a neighbour only within its class (Ross 2014). A row of x (or of y or z) that is there at least sqrt(n)
    times is an atom: a class of its own, because an atom inside the ball of other rows would swamp their counts. Rarer
    copies are counted with the ball (Gao et al. 2017; Mesner & Shalizi 2020 for I(X;Y|Z)). So it is the plug-in
    estimate for discrete data and KSG's for continuous data. Columns are divided by their standard deviation;
    one whose standard deviation is made by few rows becomes normal scores of its ranks. Interval and status as with
    ``ksg``.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "mixed_ksg"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "the question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    third: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names", "swap", "shift", "scale")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("low-dimensional", "labels", "mixed", "patterns")

    k: int = 3
    norm: Literal["max", "euclidean"] = "max"

    def cost(self, n: int, d: int, k: int) -> Cost:
        found = cost(n, d + 1)  # y: one column, or classes
        return found._replace(bytes=found.bytes + 40.0 * n)

    def _check(self) -> None:
        check.count(self.k, "k")

    def _mutual_information(self, x: Any, y: Any, groups: Groups | None = None) -> Estimate:
        return self._answer(INFORMATION, x, y, groups=groups)

    def _conditional_mutual_information(self, x: Any, y: Any, z: Any, groups: Groups | None = None) -> Estimate:
        return self._answer(CONDITIONAL_INFORMATION, x, y, z, groups=groups)

    def _answer(self, quantity: Quantity, *values: Any, groups: Groups | None) -> Estimate:
        return of_points(quantity, values, self.k, self.norm, groups)
