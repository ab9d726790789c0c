from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Need, timed
from infoscope.core.quantity import (
    INFORMATION,
    PROBE_ACCURACY,
    PROBE_AUROC,
    USABLE,
    USABLE_COARSE,
    USABLE_FINE,
    USABLE_FRACTION,
    USABLE_REST,
    USUAL_ACCURACY,
    Quantity,
)
from infoscope.core.shapes import AnyRows, ArrayLike, Labels, Members, RowsOrLabels
from infoscope.kernels import draws
from infoscope.measure.bases import probe as probes
from infoscope.measure.bases.estimator import Estimator, several, together
from infoscope.measure.intervals import jackknife
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.symbols.labels import all_alone, doubted
from infoscope.measure.usable import accounts, controls, deals, regression_accounts
from infoscope.measure.usable.asking import Asking, TargetAnswer, TargetQuestion
from infoscope.measure.usable.deals import Deal

CHAIN = (USABLE_FINE, USABLE_COARSE, USABLE_REST)


@dataclass(frozen=True)
class UsableInformation(Estimator):
    """What probes of one family can read of the labels: a lower bound on I(X;Y), loose where the family is too weak.

    Options
    -------
    probe: ``"linear"``, ``"mlp"``, ``"knn"``, ``"sparse"``, ``"ladder"`` or ``"prior"``; it may carry options,
    ``"linear(weight_decay=0.01)"``. folds: every row is scored once, by a probe that never saw it. test_fraction: in
    place of folds, the share of the rows that one probe, fitted to the others, is scored on: a fifth of the cost.
    prior: which H(Y): ``"null"``, of the null probe, or ``"plugin"``, of the labels as counted. seed: deals rows to
    folds and draws initial weights. variables: which to measure along a trajectory; none means all, or with a chain no
    others. chain: ``"fine>coarse"``, two variables of which the second is a function of the first: one fine probe gives
    I_u(T;fine) = I_u(T;coarse) + I_u(T;fine|coarse), as variables ``fine``, ``coarse`` and ``fine|coarse``.
    shuffled: deal the labels to other rows first, a control: what is then read is what such probes make up.
    scores: also tell, of the same readings, the probe's accuracy and AUROC, the share of H(Y) that is read and the
    accuracy of the most frequent label; the run then keeps what each group of rows adds, so that it can say since when
    something is there. controls: ``"shuffled"``, ``"type"``, ``"input"``, or several, ``"shuffled,type"``: rows beside
    each variable's own, of quantities of their own. shuffled: of labels of other rows (of other groups, where all rows
    of a group have one label). type: for rows that are tokens: of a random label for each type of token
    (``I(T;control)``; what is read beyond it is the ``selectivity`` of Hewitt & Liang 2019), and what the type alone
    says of the label (``I(type;Y)``). input: of the inputs in place of the layer. target: ``"labels"``, or
    ``"quantities"``: variables are real numbers, of which a probe says a Gaussian.

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
    scores: bool = False
    controls: tuple[Literal["shuffled", "type", "input"], ...] | None = None
    target: Literal["labels", "quantities"] = "labels"

    def cost(self, n: int, d: int, k: int) -> Cost:
        times = 1 if self.test_fraction is not None else self.folds
        times *= 1 + len({"shuffled", "type"} & set(self._controls))
        once = Cost(0.0, 0.0) if all_alone(n, k) else grammar.make("probes", self.probe).cost(n, d, k)
        return Cost(times * once.seconds, once.bytes + 100.0 * n + 8.0 * n * d)

    def _check(self) -> None:
        grammar.make("probes", self.probe)
        check.count(self.folds, "folds", deals.LEAST_FOLDS)
        check.count(self.seed, "seed", 0)
        if self.test_fraction is not None and not 0 < self.test_fraction < 1:
            raise InputError(f"test_fraction is {self.test_fraction!r}, wanted a share of the rows between 0 and 1")
        if self.chain and (len(self._links) != 2 or not all(self._links)):
            raise InputError(f"chain is {self.chain!r}, wanted two variables such as 'fine>coarse'")
        if self.target == "quantities" and (self.chain or self.shuffled or self.controls or self.prior != "null"):
            raise InputError("target=quantities came with chain, shuffled, controls or prior, which are of labels only")

    @property
    def options(self) -> dict[str, Any]:
        """Those in force; what came later is left out where it is as it was before, so that older rows are known."""
        later = {"scores": False, "controls": None, "target": "labels"}
        return {name: value for name, value in super().options.items() if later.get(name, ...) != value}

    @property
    def _controls(self) -> tuple[str, ...]:
        return self.controls or ()

    @property
    def _links(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.chain.split(">")) if self.chain else ()

    @property
    def needs(self) -> tuple[Need, ...]:
        more: dict[str, Need] = {"type": "types", "input": "inputs"}
        return (self.target, "groups", *(more[control] for control in self._controls if control in more))

    @property
    def _of_each(self) -> tuple[Quantity, ...]:
        """What is told of a variable alone."""
        if self.target == "quantities":
            return (USABLE,)
        scores = (PROBE_ACCURACY, PROBE_AUROC, USABLE_FRACTION, USUAL_ACCURACY) if self.scores else ()
        pairs = [pair[: 1 + self.scores] for control in self._controls for pair in controls.TOLD[control]]
        return (USABLE, *scores, *(quantity for pair in pairs for quantity in pair))

    @property
    def tells(self) -> tuple[Quantity, ...]:
        alone = () if self.chain and not self.variables else self._of_each
        return (*alone, *((USABLE_FINE, USABLE_COARSE, USABLE_REST) if self.chain else ()))

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        named = several(self.variables) or (() if self.chain else names)
        parts = zip((*self._links, "|".join(self._links)), self.tells[-3:], strict=True) if self.chain else ()
        return [*((name, quantity) for name in named for quantity in self._of_each), *parts]

    def about(self, names: Sequence[str]) -> list[str]:
        for name in (*several(self.variables), *self._links):
            if name not in names:
                raise unknown_name("variable", name, names)
        return list(several(self.variables) or (() if self.chain else super().about(names))) + list(self._links)

    def measure(
        self, t: ArrayLike, variables: Mapping[str, np.ndarray], given: Given = NOTHING
    ) -> list[list[Measured]]:
        """As of every estimator; with ``target=quantities`` variables are real numbers ``[n]`` or ``[n, e]``."""
        if self.target == "labels":
            return super().measure(t, variables, given)
        rows = probes.tensor(self._x(t, "t", stacked=True))
        groups = together(given.groups, rows.shape[1])
        return timed(lambda: [self._quantities(member, variables, groups) for member in rows])

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels, groups: Groups | None = None) -> Estimate:
        if self.target == "quantities":
            raise InputError(
                "target=quantities reads variables of a run, wanted labels here: ask "
                "infoscope.usable_information(z, y, target='quantities')"
            )
        alone = dataclasses.replace(self, variables=None, chain="", scores=False, controls=None)
        ((measured,),) = alone._usables(x[None], {"y": check.on_cpu(y)}, groups, NOTHING)
        return dataclasses.replace(measured.estimate, quantity=INFORMATION)

    def _of_given(
        self, t: Members, labels: dict[str, Labels], groups: Groups | None, given: Given
    ) -> list[list[Measured]]:
        def stated(estimate: Estimate, y: np.ndarray | None) -> Estimate:
            return doubted(estimate, y) if groups is None else jackknife.stated(estimate, groups, y, True)

        apart = None if groups is None or groups.count == t.shape[1] else groups
        found = timed(lambda: self._usables(t, labels, apart, given))
        return [
            [one._replace(estimate=stated(one.estimate, labels.get(one.variable))) for one in member]
            for member in found
        ]

    def _usables(
        self, t: Members, labels: dict[str, Labels], groups: Groups | None, given: Given
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
        types = controls.checked_types(given.types, n) if "type" in self._controls else None
        asked = {(name, ""): labels[name].astype(np.int64) for name in dict.fromkeys((*named, *self._links[:1]))}
        for name in named if self._controls else ():
            y = asked[name, ""]
            if "shuffled" in self._controls:
                asked[name, "shuffled"] = controls.shuffled(y, groups, self.seed)
            if types is not None:
                asked[name, "type"] = controls.of_types(y, int(y.max()) + 1, types, self.seed)
        t = probes.tensor(t)
        entropy, deal = accounts.Entropy(self.prior), self._deal(n, groups)
        estimand = f"usable by {reader.words}, H(Y) {entropy.words}, {deal.protocol}"
        ask = Asking(deal, entropy, estimand, named=self.scores, shares=self.scores)
        questions = {key: ask.about(y, int(labels[key[0]].max()) + 1, groups) for key, y in asked.items()}
        known = {
            name: self._known(name, questions[name, ""], ask, reader, types, given.inputs)
            for name in (named if self._controls else ())
        }
        varying = [bool((member != member[0]).any()) for member in t]
        read = [question.target for question in questions.values() if not question.trivial]
        readings = iter(reader.read(t[varying], read, deal.splits, self.seed) if read and any(varying) else ())
        found: list[list[Measured]] = []
        for varies in varying:
            here = iter(next(readings) if varies and read else ())
            answers = {
                key: question.answered(next(here) if varies and not question.trivial else None, varies)
                for key, question in questions.items()
            }
            rows = [row for name in named for row in self._rows(name, answers, known, ask)]
            found.append([*rows, *self._chained(labels, questions, answers, ask, varies)])
        return found

    def _known(
        self,
        name: str,
        question: TargetQuestion,
        ask: Asking,
        reader: probes.Probe,
        types: np.ndarray | None,
        inputs: Any,
    ) -> dict[str, TargetAnswer]:
        """What is read of one variable without the representation, by control."""
        found: dict[str, TargetAnswer] = {}
        if types is not None:
            say = ask.saying(f"usable by {controls.OF_TYPES}")
            read = None if question.trivial else controls.of_the_type(question.target, types, ask.deal.splits)
            found["type"] = dataclasses.replace(question, ask=say).answered(read, True)
        if "input" in self._controls:
            x = self._inputs(inputs, len(question.target.y))
            varies = bool((x != x[0]).any())
            read = None
            if varies and not question.trivial:
                read = reader.read(x[None], [question.target], ask.deal.splits, self.seed)[0][0]
            found["input"] = question.answered(read, varies)
        return found

    def _inputs(self, inputs: Any, n: int) -> Any:
        if inputs is None or len(inputs) != n:
            there = "none" if inputs is None else f"{len(inputs)}"
            raise InputError(
                f"controls=input arrived with {there} inputs for {n} rows, wanted one input a row: of tokens read the "
                "place of the embedding beside the layers instead"
            )
        rows = check.on_cpu(inputs)
        return probes.tensor(check.representation(rows.reshape(n, -1), "inputs"))

    def _rows(
        self,
        name: str,
        answers: Mapping[tuple[str, str], TargetAnswer],
        known: Mapping[str, Mapping[str, TargetAnswer]],
        ask: Asking,
    ) -> Iterator[Measured]:
        """One variable: what is read, how well it is named, and the controls."""
        task = answers[name, ""]
        yield Measured(name, task.of(USABLE).plain(), None, task.shares)
        if self.scores:
            yield from (Measured(name, one) for one in task.scores())
        for control in self._controls:
            beside = [answers[name, control]] if (name, control) in answers else []
            if control == "type":
                beside.append(ask.difference(task, beside[0], "that about a random label a type"))
            if control in known.get(name, {}):
                beside.append(known[name][control])
            for answer, (quantity, accuracy) in zip(beside, controls.TOLD[control], strict=True):
                yield Measured(name, dataclasses.replace(answer.of(quantity).plain(), bound="none"))
                if self.scores:
                    yield Measured(name, answer.accuracy(accuracy))

    def _deal(self, n: int, groups: Groups | None) -> Deal:
        if self.test_fraction is not None:
            return deals.held_out(n, self.test_fraction, self.seed, groups)
        return deals.dealt(n, self.folds, self.seed, groups)

    def _chained(
        self,
        labels: Mapping[str, np.ndarray],
        questions: Mapping[tuple[str, str], TargetQuestion],
        answers: Mapping[tuple[str, str], TargetAnswer],
        ask: Asking,
        varies: bool,
    ) -> Iterator[Measured]:
        if not self.chain:
            return
        fine, coarse = self._links
        names, target, readings = (fine, coarse, f"{fine}|{coarse}"), questions[fine, ""].target, answers[fine, ""].read
        groups = accounts.groups_of(target.y, labels[coarse], target.k)
        if readings is None:
            parts = [questions[fine, ""].answered(None, varies).of(what) for what in CHAIN]
        else:
            parts = accounts.chain(target, ask.deal, readings, ask.entropy, groups, CHAIN, ask.estimand)
        for name, part in zip(names, parts, strict=True):
            yield Measured(name, part.plain(), None, part.shares(ask.deal.scored) if self.scores else None)

    def _quantities(self, t: Any, variables: Mapping[str, np.ndarray], groups: Groups | None) -> list[Measured]:
        """What is read of real numbers, around which a probe says a Gaussian."""
        reader: probes.Probe = grammar.make("probes", self.probe)
        deal = self._deal(len(t), groups)
        estimand = f"usable by {reader.words_of_means}, H(Y) of the null Gaussian, {deal.protocol}"
        found = []
        for name in several(self.variables) or tuple(variables):
            if name not in variables:
                raise unknown_name("variable", name, variables)
            y = regression_accounts.quantities(variables[name], len(t), name)
            usable = regression_accounts.answered(reader.expect, t, y, deal, USABLE, estimand, self.seed)
            found.append(Measured(name, usable.plain(), None, usable.shares(deal.scored) if self.scores else None))
        return found
