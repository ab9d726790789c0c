from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status, remark
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels.scaling import unit
from infoscope.measure.bases.geometry import CONSTANT, Geometry
from infoscope.measure.geometry._agreement import adjusted_rand_index
from infoscope.measure.symbols import quantise as q
from infoscope.measure.symbols.labels import alone


@dataclass(frozen=True)
class ClusterCount(Geometry):
    """How many clusters rows form by themselves: HDBSCAN of scikit-learn (Campello, Moulavi & Sander 2013).

    clusters: their number. unclustered: the share of rows in none of them. cluster_agreement, where there are labels:
    the adjusted Rand index of clusters and classes (1: the same groups, 0: as by chance; rows in no cluster are one
    group).

    Options: ``least``, how many rows make a cluster. Needs scikit-learn. DEGENERATE, and 1 cluster, for constant rows;
    below 2 ``least`` rows, which cannot make two clusters (one alone is never found); and the agreement where all rows
    are of one class or in one group, or each of a class of its own. TIED where more different rows than there could be
    clusters are there several times, as on a grid.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> t[:, 0] += 4 * (np.arange(500) % 2)
    >>> found = iscope.geometry(t, np.arange(500) % 2, measure="cluster_count")
    >>> print(next(iter(found.values())))
    clusters = 2 clusters, ...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("clusters", "clusters", "Clusters", "geometry"),
        Quantity("unclustered", "fraction", "Unclustered", "geometry"),
        Quantity("cluster_agreement", "ratio", "Agreement of clusters with classes", "geometry"),
    )
    second: ClassVar[str] = "labels"
    optional: ClassVar[bool] = True
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")
    package: ClassVar[str] = "sklearn"
    distribution: ClassVar[str] = "scikit-learn"

    least: int = 20

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(4e-3 + n * n * (2.5e-9 + 5.5e-10 * d), 2.5e5 + 60.0 * n + 40.0 * n * d)

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        clusters, unclustered, agreement = self.quantities
        return [("input", clusters), ("input", unclustered), *((name, agreement) for name in names)]

    def _check(self) -> None:
        check.count(self.least, "least", 2)

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        state = random.getstate()  # which importing joblib draws from
        from sklearn.cluster import HDBSCAN

        random.setstate(state)

        if len(t) < self.least:
            raise InputError(f"{len(t)} rows arrived and least is {self.least}, wanted more rows than make a cluster")
        options: dict[str, Any] = {"min_cluster_size": self.least, "copy": True}  # its stub says that copy is a word
        found = HDBSCAN(**options).fit_predict(unit(t)[0])
        doubts = self._doubts(t, int(found.max()) + 1)
        words = f"HDBSCAN, clusters of at least {self.least} rows"
        shares = {"clusters": (found.max() + 1, "number"), "unclustered": ((found < 0).mean(), "rows in none, share")}
        for quantity, (value, what) in shares.items():
            estimate = self._say(quantity, value, f"{what}, {words}", len(t), doubts)
            yield Measured("input", estimate)
        for name, y in labels.items():
            agreement = adjusted_rand_index(y, found + 1)
            what = f"adjusted Rand index of classes and clusters, {words}"
            trivial = y.max() == 0 or bool(alone(y))  # zero whatever the clusters are
            more = []
            if trivial:
                more.append(Doubt(Status.DEGENERATE))
            elif not (found != found[0]).any():
                together = "all rows are in one group: it is 0 whatever the classes are"
                more.append(Doubt(Status.DEGENERATE, together))
            yield Measured(name, self._say("cluster_agreement", agreement, what, len(t), [*doubts, *more]))

    def _doubts(self, t: NumpyRows, clusters: int) -> list[Doubt]:
        """Whether so many rows can show clusters at all."""
        n = len(t)
        if n < 2 * self.least:
            note = f"{n} rows make no two clusters of {self.least}, and one alone is not looked for: pass more rows"
            return [Doubt(Status.DEGENERATE, note)]
        several = int((q.group(q.exact_keys(t))[1] > 1).sum())
        if several > n // self.least:
            note = f"{several} different rows are there several times: a grid, or copies of rows"
            return [Doubt(Status.TIED, note)]
        return [] if clusters else [remark("one cluster is not told from none")]

    def _constant(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        """All rows are one cluster, which agrees with classes as chance would."""
        for name, quantity, value in (
            ("input", "clusters", 1),
            ("input", "unclustered", 0),
            *((name, "cluster_agreement", 0) for name in labels),
        ):
            estimate = self._say(quantity, value, "of constant rows", len(t), [CONSTANT])
            yield Measured(name, estimate)
