from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Labels
from infoscope.measure.bases.geometry import CONSTANT, Geometry
from infoscope.measure.intervals.uncertainties import DRAWN_PAIRS
from infoscope.measure.pairs.distance_statistics import BETWEEN, WITHIN, DistancesByClass, spreads, too_few
from infoscope.measure.pairs.distances import held
from infoscope.measure.pairs.drawn import BOTH, NORMAL, Drawn, drawn

QUANTILES = (5, 25, 50, 75, 95)  # per cent
LEAST = 100


@dataclass(frozen=True)
class ClassDistances(Geometry):
    """Euclidean distances of rows of one class against those of two: do classes form clusters?

    distance_ratio: the median distance within a class over the median between classes (1: no clusters, 0: points).
    distance_auc: how often a pair of two classes is further apart than a pair of one (0.5: no clusters, 1: apart).
    within_class_distance_05 … _95, between_class_distance_05 … _95: quantiles, in the rows' own units.

    Options
    -------
    pairs: 0 for all pairs of these rows, each value then exact to 0.1 %; else so many random pairs of each kind, with
        95 % intervals for what all pairs would give. seed: of the draws.

    After Goldfeld et al. 2019, section 5, who plot both distributions. DEGENERATE where most pairs of two classes
    coincide: the ratio then stands for nothing. UNDERSAMPLED, but for the distances between classes, with fewer than 20
    pairs of rows within a class, as where nearly every row is of a class of its own.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> t[:, 0] += 4 * (np.arange(500) % 2)
    >>> found = iscope.geometry(t, np.arange(500) % 2, measure="class_distances")
    >>> print(next(iter(found.values())))
    distance_ratio = 0.4...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("distance_ratio", "ratio", "Median distance within classes over that between", "geometry"),
        Quantity("distance_auc", "ratio", "How often a pair of two classes is further apart", "geometry"),
        Quantity("within_class_distance_05", "norm", "Distance within classes, 5 % below", "distance"),
        Quantity("within_class_distance_25", "norm", "Distance within classes, 25 % below", "distance"),
        Quantity("within_class_distance_50", "norm", "Distance within classes, 50 % below", "distance"),
        Quantity("within_class_distance_75", "norm", "Distance within classes, 75 % below", "distance"),
        Quantity("within_class_distance_95", "norm", "Distance within classes, 95 % below", "distance"),
        Quantity("between_class_distance_05", "norm", "Distance between classes, 5 % below", "distance"),
        Quantity("between_class_distance_25", "norm", "Distance between classes, 25 % below", "distance"),
        Quantity("between_class_distance_50", "norm", "Distance between classes, 50 % below", "distance"),
        Quantity("between_class_distance_75", "norm", "Distance between classes, 75 % below", "distance"),
        Quantity("between_class_distance_95", "norm", "Distance between classes, 95 % below", "distance"),
    )
    second: ClassVar[str] = "labels"
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "shift")
    where_rows_lie: ClassVar[bool] = True

    pairs: int = 0
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(8e-3 + n * n * (2e-9 + 1e-11 * d), 2.4e6 + 2700.0 * n + held(n, d))

    def _check(self) -> None:
        check.count(self.pairs, "pairs", LEAST if self.pairs else 0)
        check.count(self.seed, "seed", 0)

    def _of(self, t: AnyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        if self.pairs:
            rows = check.on_cpu(t)
            found: list[DistancesByClass | Drawn] = [drawn(rows, y, self.pairs, self.seed) for y in labels.values()]
        else:
            found = [*spreads(t, list(labels.values()))]
        for name, spread in zip(labels, found, strict=True):
            few = too_few(labels[name])
            for estimate in self._estimates(spread, len(t), few):
                yield Measured(name, estimate)

    def _estimates(self, spread: DistancesByClass | Drawn, n: int, few: list[Doubt]) -> Iterator[Estimate]:
        """``few``: the doubts of all that tells of pairs within classes, where there are too few."""
        how = f"{self.pairs} random pairs of each kind" if self.pairs else "all pairs of these rows"
        within, between = (spread.quantile(which, 0.5) for which in (WITHIN, BETWEEN))
        words = f"median distance within classes over median between, {how}"
        if between == 0:
            coincide = Doubt(Status.DEGENERATE, "most pairs of two classes coincide")
            yield self._say("distance_ratio", 1.0, words, n, [coincide])
        else:
            interval = None
            if isinstance(spread, Drawn):
                (low, high), (less, most) = (spread.interval(which, 0.5, BOTH) for which in (WITHIN, BETWEEN))
                interval = _finite(low / most, high / less if less > 0 else np.inf)
            yield self._say("distance_ratio", within / between, words, n, few).within(interval, DRAWN_PAIRS)
        words = f"how often a pair of two classes is further apart than a pair of one, {how}"
        auc, interval = spread.separation(), None
        if isinstance(auc, tuple):
            auc, error = auc
            interval = _finite(auc - NORMAL * error, auc + NORMAL * error)
        yield self._say("distance_auc", auc, words, n, few).within(interval, DRAWN_PAIRS)
        for which, kind in ((WITHIN, "within"), (BETWEEN, "between")):
            for percent in QUANTILES:
                interval = _finite(*spread.interval(which, percent / 100)) if isinstance(spread, Drawn) else None
                words = f"{percent} % of the distances {kind} classes are below it, {how}"
                name = f"{kind}_class_distance_{percent:02d}"
                doubts = few if which == WITHIN else []
                value = spread.quantile(which, percent / 100)
                yield self._say(name, value, words, n, doubts).within(interval, DRAWN_PAIRS)

    def _constant(self, t: AnyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        """Nothing is nearer than anything: ratio 1, AUC 0.5, distances 0."""
        neutral = {"distance_ratio": 1.0, "distance_auc": 0.5}
        for name in labels:
            for quantity in self.quantities:
                value = neutral.get(quantity, 0.0)
                estimate = self._say(quantity, value, "of constant rows", len(t), [CONSTANT])
                yield Measured(name, estimate)


def _finite(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if np.isfinite(high) else None
