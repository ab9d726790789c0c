from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check, registry
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Measured
from infoscope.measure import _usable
from infoscope.measure.estimators._base import Estimator
from infoscope.measure.probes import _base as probes
from infoscope.measure.probes._base import Target


@dataclass(frozen=True)
class UsableInformation(Estimator):
    """What probes of one family can read of the labels: a lower bound on I(X;Y), loose where the family is too weak.

    Options
    -------
    probe: ``"linear"``, ``"mlp"``, ``"knn"``, ``"ladder"`` or ``"prior"``, with its default options. folds: every row
    is scored once, by a probe that never saw it. prior: which H(Y): ``"null"``, of the null probe, or
    ``"plugin"``, of the labels as counted. seed: deals rows to folds and draws initial weights.

    The same as :func:`infoscope.usable_information`, which also keeps each row's contribution and takes test rows. Rows
    fall into the same folds at every step and site, so that differences along a trajectory are paired.
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    second: ClassVar[tuple[str, ...]] = ("labels",)
    bounds: ClassVar[dict[str, str]] = {"I(X;Y)": "lower"}
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift", "scale")
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({"probe": "knn"}, {"probe": "mlp"})

    probe: str = "linear"
    folds: int = 5
    prior: Literal["null", "plugin"] = "null"
    seed: int = 0

    def _check(self) -> None:
        registry.find("probes", self.probe)
        check.count(self.folds, "folds", _usable.LEAST_FOLDS)
        check.count(self.seed, "seed", 0)

    def _mutual_information(self, x: Any, y: Any) -> Estimate:
        ((measured,),) = self._members(x[None], {"y": y})
        return dataclasses.replace(measured.estimate, quantity="I(X;Y)")

    def _members(self, t: Any, labels: dict[str, np.ndarray]) -> list[list[Measured]]:
        start = time.perf_counter()
        reader = probes.make(self.probe)
        splits = _usable.cross_fitted(_usable.folds_of(t.shape[1], self.folds, self.seed))
        entropy = _usable.Entropy(self.prior)
        targets = {name: Target(y.astype(np.int64), int(y.max()) + 1) for name, y in labels.items()}
        several = [target for target in targets.values() if target.k > 1]
        t = probes.tensor(t)
        varying = [bool((member != member[0]).any()) for member in t]
        read = iter(reader.read(t[varying], several, splits, self.seed) if several and any(varying) else ())
        estimand = f"usable by {reader.words}, H(Y) {entropy.words}, {self.folds}-fold cross-fitted"
        found: list[list[Measured]] = []
        for varies in varying:
            readings = iter(next(read) if varies and several else ())
            member = []
            for name, target in targets.items():
                if varies and target.k > 1:
                    account = _usable.account(target, splits, next(readings), entropy)
                    usable = _usable.estimate(account, "I(T;Y)", estimand, 0.0)
                else:
                    why = "the representation is constant" if not varies else "there is one class only"
                    usable = _usable.nothing(t.shape[1], "I(T;Y)", estimand, why, 0.0)
                member.append(Measured(name, usable.plain()))
            found.append(member)
        seconds = (time.perf_counter() - start) / max(1, sum(map(len, found)))
        return [
            [m._replace(estimate=dataclasses.replace(m.estimate, seconds=seconds)) for m in member] for member in found
        ]
