from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import INFORMATION, USABLE, USABLE_COARSE, USABLE_FINE, USABLE_REST, Quantity
from infoscope.core.shapes import AnyArray, AnyBlock, AnyMatrix
from infoscope.kernels import draws
from infoscope.measure.bases import probe as probes
from infoscope.measure.bases.estimator import Estimator, several
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable import accounts, deals
from infoscope.measure.usable.accounts import Usable
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.readings import Reading, Target

CHAIN = (USABLE_FINE, USABLE_COARSE, USABLE_REST)


@dataclass(frozen=True)
class UsableInformation(Estimator):
    """What probes of one family can read of the labels: a lower bound on I(X;Y), loose where the family is too weak.

    Options
    -------
    probe: ``"linear"``, ``"mlp"``, ``"knn"``, ``"ladder"`` or ``"prior"``; it may carry options,
    ``"linear(weight_decay=0.01)"``. folds: every row is scored once, by a probe that never saw it. test_fraction: in
    place of folds, the share of the rows that one probe, fitted to the others, is scored on: a fifth of the cost.
    prior: which H(Y): ``"null"``, of the null probe, or ``"plugin"``, of the labels as counted. seed: deals rows to
    folds and draws initial weights. variables: which to measure along a trajectory; none means all, or with a chain no
    others. chain: ``"fine>coarse"``, two variables of which the second is a function of the first: one fine probe gives
    I_u(T;fine) = I_u(T;coarse) + I_u(T;fine|coarse), as variables ``fine``, ``coarse`` and ``fine|coarse``.
    shuffled: deal the labels to other rows first, a control: what is then read is what such probes make up.

    The same as :func:`infoscope.usable_information`, which also keeps each row's contribution and takes test rows. Rows
    fall into the same folds at every step and site, so that differences along a trajectory are paired. The ``split``
    of a run's row says whether the network was trained on the rows that probes meet: ``test`` rows are new
    to the network, ``train`` rows are not, ``all`` are some of each. Probes on ``train`` rows see features more
    collapsed than those of new inputs.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x + noise, x > 0, "usable_information"))
    I(X;Y) ≥ 0.2... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "a lower bound"
    second: ClassVar[tuple[str, ...]] = ("labels",)
    bounds: ClassVar[dict[str, str]] = {"I(X;Y)": "lower"}
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift", "scale")
    grouped: ClassVar[str] = "own"
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({"probe": "knn"}, {"probe": "mlp"})

    probe: str = "linear"
    folds: int = 5
    test_fraction: float | None = None
    prior: Literal["null", "plugin"] = "null"
    seed: int = 0
    variables: tuple[str, ...] | None = None
    chain: str = ""
    shuffled: bool = False

    def cost(self, n: int, d: int, k: int) -> Cost:
        times = 1 if self.test_fraction is not None else self.folds
        once = grammar.make("probes", self.probe).cost(n, d, k)
        return Cost(times * once.seconds, once.bytes + 100.0 * n + 8.0 * n * d)

    def _check(self) -> None:
        grammar.make("probes", self.probe)
        check.count(self.folds, "folds", deals.LEAST_FOLDS)
        check.count(self.seed, "seed", 0)
        if self.test_fraction is not None and not 0 < self.test_fraction < 1:
            raise InputError(f"test_fraction is {self.test_fraction!r}, wanted a share of the rows between 0 and 1")
        if self.chain and (len(self._links) != 2 or not all(self._links)):
            raise InputError(f"chain is {self.chain!r}, wanted two variables such as 'fine>coarse'")

    @property
    def _links(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.chain.split(">")) if self.chain else ()

    @property
    def tells(self) -> tuple[Quantity, ...]:
        alone = () if self.chain and not self.variables else (USABLE,)
        return (*alone, *((USABLE_FINE, USABLE_COARSE, USABLE_REST) if self.chain else ()))

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        named = several(self.variables) or (() if self.chain else names)
        parts = zip((*self._links, "|".join(self._links)), self.tells[-3:], strict=True) if self.chain else ()
        return [*((name, USABLE) for name in named), *parts]

    def about(self, names: Sequence[str]) -> list[str]:
        for name in (*several(self.variables), *self._links):
            if name not in names:
                raise unknown_name("variable", name, names)
        return list(several(self.variables) or (() if self.chain else super().about(names))) + list(self._links)

    def _mutual_information(self, x: AnyMatrix, y: AnyArray, groups: Groups | None = None) -> Estimate:
        ((measured,),) = dataclasses.replace(self, variables=None, chain="")._members(
            x[None], {"y": check.on_cpu(y)}, groups
        )
        return dataclasses.replace(measured.estimate, quantity=INFORMATION)

    def _members(
        self, t: AnyBlock, labels: dict[str, np.ndarray], groups: Groups | None = None
    ) -> list[list[Measured]]:
        for name in (*several(self.variables), *self._links):
            if name not in labels:
                raise unknown_name("variable", name, labels)
        reader: probes.Probe = grammar.make("probes", self.probe)
        n = t.shape[1]
        if self.shuffled:
            order = draws.fold_order(n, self.seed + 1)  # another than the rows are dealt to folds by
            labels = {name: y[order] for name, y in labels.items()}
        named = several(self.variables) or (() if self.chain else tuple(labels))
        targets = {
            name: accounts.target(labels[name].astype(np.int64), int(labels[name].max()) + 1, groups)
            for name in dict.fromkeys((*named, *self._links[:1]))
        }
        t = probes.tensor(t)
        varying = [bool((member != member[0]).any()) for member in t]
        deal = self._deal(n, groups)
        alone = {name: accounts.alone(target.y) for name, target in targets.items()}
        read = [target for name, target in targets.items() if target.k > 1 and not alone[name]]
        readings = iter(reader.read(t[varying], read, deal.splits, self.seed) if read and any(varying) else ())
        estimand = f"usable by {reader.words}, H(Y) {accounts.Entropy(self.prior).words}, {deal.protocol}"
        found: list[list[tuple[str, Usable]]] = []
        for varies in varying:
            here = iter(next(readings) if varies and read else ())
            by_name = {
                name: next(here) if varies and target.k > 1 and not alone[name] else None
                for name, target in targets.items()
            }
            found.append(
                [
                    *((name, self._one(targets[name], deal, by_name[name], varies, estimand)) for name in named),
                    *self._chained(targets, labels, deal, by_name, varies, estimand),
                ]
            )
        return [[Measured(name, usable.plain()) for name, usable in member] for member in found]

    def _deal(self, n: int, groups: Groups | None) -> Deal:
        if self.test_fraction is not None:
            return deals.held_out(n, self.test_fraction, self.seed, groups)
        return deals.dealt(n, self.folds, self.seed, groups)

    def _one(self, target: Target, deal: Deal, readings: list[Reading] | None, varies: bool, estimand: str) -> Usable:
        if readings is None:
            return _nothing(target, deal, USABLE, estimand, varies)
        account = accounts.account(target, deal.splits, readings, accounts.Entropy(self.prior))
        return accounts.estimate(account, USABLE, estimand, deal)

    def _chained(
        self,
        targets: dict[str, Target],
        labels: dict[str, np.ndarray],
        deal: Deal,
        by_name: dict[str, list[Reading] | None],
        varies: bool,
        estimand: str,
    ) -> Iterator[tuple[str, Usable]]:
        if not self.chain:
            return
        fine, coarse = self._links
        names, target, readings = (fine, coarse, f"{fine}|{coarse}"), targets[fine], by_name[fine]
        groups = accounts.groups_of(target.y, labels[coarse], target.k)
        if readings is None:
            yield from (
                (name, _nothing(target, deal, what, estimand, varies)) for name, what in zip(names, CHAIN, strict=True)
            )
        else:
            entropy = accounts.Entropy(self.prior)
            parts = accounts.chain(target, deal, readings, entropy, groups, CHAIN, estimand)
            yield from zip(names, parts, strict=True)


def _nothing(target: Target, deal: Deal, quantity: Quantity, estimand: str, varies: bool) -> Usable:
    alone = accounts.alone(target.y) if varies and target.k > 1 else ""
    why = alone or ("there is one class only" if varies else "the representation is constant")
    status = Status.SATURATED if alone else Status.DEGENERATE
    scored = sum(len(split.scored) for split in deal.splits)
    return accounts.nothing(scored, quantity, estimand, Doubt(status, why))
