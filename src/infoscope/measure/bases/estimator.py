"""What every estimator is: a frozen set of options that turns tensors into estimates.

A new estimator is one file in this folder holding one frozen dataclass derived from :class:`Estimator`. Its fields are
its options. It states literal facts (below), says in ``offers`` which of the four questions it answers, and
implements the hook of each: ``_entropy``, ``_mutual_information``, ``_conditional_mutual_information``, ``_members``.
Checks of the input, near names for a mistyped option, the refusal of what is not offered, and what is said of rows that
belong together or repeat happen here, once.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from infoscope.core import check, grammar, registry
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, Plane, Status
from infoscope.core.measurement import NOTHING, Given, Measured, Measurement, Need, affordable, timed
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION, LAYER_ENTROPY, Quantity
from infoscope.core.shapes import AnyArray, AnyRows, ArrayLike, Labels, Members, RowsOrLabels
from infoscope.kernels import devices
from infoscope.measure.bases.second_looks import short_of_infinite, under_the_labels, unless_few_decide
from infoscope.measure.intervals import jackknife
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.symbols.labels import doubted

Option = TypeVar("Option")
#: What an estimator's number can be to I(X;Y): an estimate of it, a value on one side of it, or of something else, as
#: the information of binned or projected rows is, or that of a Gaussian with the data's covariance.
ANSWERS = ("the question", "a lower bound", "an upper bound", "another question")


def _along(offers: Collection[str], second: Collection[str]) -> bool:
    """Whether an estimator with these facts can be taken along a training, which has one representation and labels."""
    return bool({"plane", "entropy"} & set(offers)) or ("mutual_information" in offers and "labels" in second)


def is_labels(y: ArrayLike, name: str = "y") -> bool:
    """Whether ``y`` is read as class labels: whole numbers, booleans or words, one a row."""
    array = check.array(y, name)
    if array.ndim != 1 and tuple(array.shape[1:]) != (1,):
        return False
    if check.is_tensor(array):
        return not (array.is_floating_point() or array.is_complex())
    return array.dtype.kind in "iubUS"


@dataclass(frozen=True)
class Estimator(grammar.WithOptions, Measurement):
    """Base of every estimator; a :class:`infoscope.core.measurement.Measurement`.

    Facts, literals in the class body, which the contract tests hold every estimator to:

    offers: which of ``"entropy"``, ``"mutual_information"``, ``"conditional_mutual_information"`` and ``"plane"`` it
        answers.
    answers: what its number for "mutual_information" is to I(X;Y), one of :data:`ANSWERS`. Only who answers the
        question, or bounds it from a side, is named by :func:`infoscope.choose`.
    first: what ``x`` is: ``("real",)`` numbers, or ``("symbols",)``: whole numbers or words, where several columns
        are one joint symbol.
    second: what ``y`` may be: ``"labels"``, ``"real"`` or both. third: the same for ``z`` of a conditional information.
    bounds: quantity -> the side of the truth of its estimand on which the value lies by default, where there is one.
    invariant: what leaves the answer unchanged, out of ``"rows"`` (order of the samples), ``"units"`` (order of the
        columns), ``"names"`` (of the classes), ``"swap"`` (of x and y), ``"shift"`` (of every row by one vector),
        ``"scale"`` (of each column by its own positive factor), ``"monotone"`` (each column through an increasing map).
    suits: tags of the sources with known answers (``data/sources``) to whose truth it is held.
    placed: whether it matters where rows lie, so that whole numbers too large for float64 cannot be shifted first.
    slow: whether one answer about a thousand rows takes more than half a second.
    quick: options that make it quick, at which the laws that are not about accuracy are tested.
    grouped: how it answers about rows in groups. ``"jackknife"``: the base class leaves out parts of the groups in
        turn, for its bias and its interval. ``"own"``: the hooks take ``groups``, a
        :class:`~infoscope.measure.intervals.groups.Groups` or None, as their last argument. ``"none"``: it says nothing
        of other draws, having no interval or a certified bracket.
    presses: whether it measures columns by their standard deviation or one scale for all, so that one row far out
        presses the others together. Where such rows are, it is asked again about ranks, and doubted if they disagree.
    asks: options that must be said, since nothing can be guessed, with values at which the laws are tested.
    variants: options that ``infoscope bench`` also judges it with, beside its defaults.
    widest: the most columns of which it says anything; a watch or scan of wider places refuses it, a call answers.
    """

    offers: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[str] = "another question"
    first: ClassVar[tuple[str, ...]] = ("real",)
    second: ClassVar[tuple[str, ...]] = ("labels",)
    third: ClassVar[tuple[str, ...]] = ("real",)
    bounds: ClassVar[dict[str, str]] = {}
    invariant: ClassVar[tuple[str, ...]] = ("rows",)
    suits: ClassVar[tuple[str, ...]] = ()
    placed: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    quick: ClassVar[dict[str, Any]] = {}
    grouped: ClassVar[str] = "jackknife"
    presses: ClassVar[bool] = False
    asks: ClassVar[dict[str, Any]] = {}
    variants: ClassVar[tuple[dict[str, Any], ...]] = ()

    @property
    def needs(self) -> tuple[Need, ...]:
        return ("labels", "groups") if self._tells_of_variables() else ("groups",)

    @property
    def tells(self) -> tuple[Quantity, ...]:
        """Along a trajectory; of the input first."""
        return (*self._of_the_input(), *((LABEL_INFORMATION,) if self._tells_of_variables() else ()))

    def _of_the_input(self) -> tuple[Quantity, ...]:
        if "plane" in self.offers:
            return (INPUT_INFORMATION,)
        return (LAYER_ENTROPY,) if "entropy" in self.offers else ()

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        of_variables = [(name, LABEL_INFORMATION) for name in (names if self._tells_of_variables() else ())]
        return [*(("input", quantity) for quantity in self._of_the_input()), *of_variables]

    def measure(
        self, t: ArrayLike, variables: Mapping[str, np.ndarray], given: Given = NOTHING
    ) -> list[list[Measured]]:
        """What can be said of each member of ``t [m, n, d]``, in nats: I(X;T), or H(T) where that is not offered, as
        variable ``"input"``, and I(T;Y) of each variable.

        ``variables`` are class labels ``[n]`` by name. Work that variables share is done once. An option
        holding several values gives several estimates of each, told apart by :attr:`Measured.options`.
        """
        self._must_go_along()
        t = self._x(t, "t", stacked=True)
        if "input" in variables:
            raise InputError("a variable is called 'input', wanted another name: 'input' stands for x itself")
        n = t.shape[1]
        labels = {k: check.labels(y, n, k) for k, y in variables.items()}
        return self._of_given(t, labels, together(given.groups, n), given)

    def about(self, names: Sequence[str]) -> list[str]:
        """Which of the variables ``names`` :meth:`measure` tells of.

        Raises
        ------
        InputError: it measures nothing of layers along a training, or nothing without variables and there are none.
        """
        self._must_go_along()
        if "real" not in self.first:
            raise InputError(f"{self.id} reads symbols, and a layer holds real numbers: use binned, which bins them")
        told = list(names) if self._tells_of_variables() else []
        if not told and not {"plane", "entropy"} & set(self.offers):
            raise InputError(f"{self.id} reads variables and there are none: pass variables={{'label': labels}}")
        return told

    def plane(self, t: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Plane:
        """One layer's point: I(X;T) with every row of ``t [n, d]`` a distinct input, and I(T;Y), in nats."""
        self._must_offer("plane")
        check.paired(t=t, y=y, groups=groups)
        t = check.representation(t, place=self.placed)
        (measured,) = self._of_members(t[None], {"y": check.labels(y, len(t))}, together(groups, len(t)))
        xt, ty = ([m.estimate for m in measured if m.variable == name] for name in ("input", "y"))
        return Plane(the_one(xt), the_one(ty))

    def entropy(self, t: ArrayLike, groups: ArrayLike | None = None) -> Estimate:
        """Entropy of the rows of ``t [n, d]`` in nats; the estimand says of what exactly."""
        self._must_offer("entropy")
        t = self._x(t, "t")
        with jackknife.in_order():
            return self._asked(self._entropy, (t,), together(groups, len(t)))

    def mutual_information(self, x: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Estimate:
        """I(X;Y) in nats between the rows of ``x [n, d]`` and ``y``: class labels ``[n]`` or rows ``[n, e]``.

        groups: one name ``[n]`` a row; rows of one name belong together.
        """
        self._must_offer("mutual_information")
        check.paired(x=x, y=y, groups=groups)
        x = self._x(x, "x")
        rows, others = devices.together(x, self._other(y, "y", self.second, len(x)))
        estimate = self._unless_copied(self._mutual_information, (rows, others), together(groups, len(rows)))
        if self.presses and estimate.status is Status.OK:
            estimate = unless_few_decide(estimate, self._mutual_information, rows, others)
        if others.ndim == 1:
            estimate = doubted(estimate, others)
        if not self.suits:
            return estimate
        return under_the_labels(estimate, others) if others.ndim == 1 else short_of_infinite(estimate, rows, others)

    def conditional_mutual_information(
        self, x: ArrayLike, y: ArrayLike, z: ArrayLike, groups: ArrayLike | None = None
    ) -> Estimate:
        """I(X;Y|Z) in nats for rows ``x [n, d]``; ``y`` and ``z`` are class labels ``[n]`` or rows ``[n, e]``."""
        self._must_offer("conditional_mutual_information")
        check.paired(x=x, y=y, z=z, groups=groups)
        x = self._x(x, "x")
        y, z = self._other(y, "y", self.second, len(x)), self._other(z, "z", self.third, len(x))
        values = devices.together(x, y, z)
        return self._unless_copied(self._conditional_mutual_information, values, together(groups, len(values[0])))

    def _unless_copied(self, hook: Callable[..., Estimate], values: tuple[Any, ...], groups: Groups | None) -> Estimate:
        """What ``hook`` answers; UNRESOLVED where no groups were given and rows that repeat decide the answer.

        Symbols repeat as a matter of course, and a certified bracket speaks of these rows as they are.
        """
        with jackknife.in_order():
            estimate = self._asked(hook, values, groups)
        if groups is not None or estimate.status is not Status.OK or estimate.interval is None:
            return estimate
        if "real" not in self.first or self.grouped == "none":
            return estimate
        copied = jackknife.copies(values[0], values[1:])
        if copied is None:
            return estimate
        return jackknife.beside_copies(estimate, self._asked(hook, values, copied), copied)

    def _asked(self, hook: Callable[..., Estimate], values: tuple[Any, ...], groups: Groups | None) -> Estimate:
        """What the ``hook`` of a question answers about ``values``, whose rows belong together as ``groups`` say, with
        the seconds that it took."""
        start = time.perf_counter()
        estimate = self._told(hook, values, groups)
        return dataclasses.replace(estimate, seconds=time.perf_counter() - start)

    def _told(self, hook: Callable[..., Estimate], values: tuple[Any, ...], groups: Groups | None) -> Estimate:
        columns = sum(value.shape[1] for value in values if value.ndim == 2)
        affordable(self, len(values[0]), columns, max((_classes(value) for value in values), default=1))
        if groups is None:
            return hook(*values)
        if groups.count == len(groups.ids) or self.grouped == "none":
            estimate = hook(*values)
        elif self.grouped == "own":
            estimate = hook(*values, groups)
        else:
            estimate = jackknife.jackknifed(hook(*values), lambda rows: hook(*(v[rows] for v in values)), groups)
        labels = values[1] if len(values) > 1 and values[1].ndim == 1 else None
        return jackknife.stated(estimate, groups, labels, self.grouped != "none")

    def _of_members(self, t: Members, labels: dict[str, Labels], groups: Groups | None) -> list[list[Measured]]:
        """What ``_members`` finds, told of ``groups``; question by question where it cannot be."""
        affordable(self, t.shape[1], t.shape[-1], max(map(_classes, labels.values()), default=1))
        if groups is None:
            return [
                [m._replace(estimate=doubted(m.estimate, labels.get(m.variable))) for m in member]
                for member in timed(lambda: self._members(t, labels))
            ]
        if groups.count == len(groups.ids) or self.grouped == "none":
            found = timed(lambda: self._members(t, labels))
        elif self.grouped == "own":
            found = timed(lambda: self._members(t, labels, groups))
        else:
            return [self._member_by_questions(member, labels, groups) for member in t]
        claims = self.grouped != "none"
        return [
            [m._replace(estimate=jackknife.stated(m.estimate, groups, labels.get(m.variable), claims)) for m in member]
            for member in found
        ]

    def _of_given(
        self, t: Members, labels: dict[str, Labels], groups: Groups | None, given: Given
    ) -> list[list[Measured]]:
        """Hook of ``measure`` for one that is given more than ``groups``."""
        return self._of_members(t, labels, groups)

    def _x(self, x: Any, name: str, stacked: bool = False) -> AnyArray:
        """The first argument, checked: real rows, or symbols as whole numbers."""
        if "real" not in self.first:
            x = np.stack([check.symbols(member, name) for member in x]) if stacked else check.symbols(x, name)
        return check.representation(x, name, stacked=stacked, place=self.placed)

    def _other(self, y: ArrayLike, name: str, kinds: tuple[str, ...], n: int) -> AnyArray:
        """The second or third argument, checked: labels ``[n]`` or real rows ``[n, e]``, whichever may be."""
        only = "real" not in kinds  # so that whole numbers can be meant as labels only, whatever their type
        kind = "labels" if is_labels(y, name) or (only and check.meant_as_labels(y, name)) else "real"
        if kind not in kinds:
            fact = "second" if name == "y" else "third"
            others = sorted(e.id for e in registry.entries("estimators").values() if kind in e.facts.get(fact, ()))
            arrived, wanted, change = (
                ("class labels", "real-valued rows", f"pass {name}.astype(float) if its whole numbers are quantities")
                if kind == "labels"
                else ("real-valued rows", "labels", f"bin {name}")
            )
            raise InputError(
                f"{name} is {arrived}, {self.id} wants {wanted}: {change}, or use an estimator that takes it "
                f"({', '.join(others) or 'none yet'})"
            )
        checked = check.labels(y, n, name) if kind == "labels" else check.representation(y, name, place=self.placed)
        if len(checked) != n:
            raise InputError(
                f"x has {n} rows and {name} has {len(checked)}, wanted as many: pass the same samples to both"
            )
        return checked

    def _must_go_along(self) -> None:
        if _along(self.offers, self.second):
            return
        facts = {name: entry.facts for name, entry in registry.entries("estimators").items()}
        able = [
            name
            for name, f in facts.items()
            if _along(f.get("offers", ()), f.get("second", Estimator.second)) and "real" in f.get("first", ("real",))
        ]
        inputs = "mutual_information" in self.offers and "real" in self.second
        later = f"measure '{self.id}(with=input)' when the run is there, for what layers hold of the inputs, or "
        raise InputError(
            f"{self.id} does not measure one representation with class labels, which is what a training has: "
            f"{later if inputs else ''}use one that does ({', '.join(able)})"
        )

    def _tells_of_variables(self) -> bool:
        return "plane" in self.offers or ("mutual_information" in self.offers and "labels" in self.second)

    def _must_offer(self, question: str) -> None:
        if question not in self.offers:
            able = sorted(
                e.id for e in registry.entries("estimators").values() if question in e.facts.get("offers", ())
            )
            raise InputError(
                f"{self.id} does not estimate {question.replace('_', ' ')}: use one that does ({', '.join(able)})"
            )

    def _members(self, t: Members, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        """Hook of ``measure`` and ``plane``: checked ``t [m, n, d]``, labels renumbered 0..k-1.

        groups: those of the rows, where ``grouped`` is ``"own"``; None otherwise.
        """
        return [self._member_by_questions(member, labels, groups) for member in t]

    def _member_by_questions(
        self, t: Members, labels: dict[str, Labels], groups: Groups | None = None
    ) -> list[Measured]:
        """H(T) and each I(T;Y), one question at a time, as far as they are offered."""
        measured = []
        if "entropy" in self.offers:
            about = self._asked(self._entropy, (t,), groups)
            (quantity,) = self._of_the_input()
            measured.append(Measured("input", dataclasses.replace(about, quantity=quantity)))
        if "mutual_information" in self.offers and "labels" in self.second:
            for name, y in labels.items():
                about = self._asked(self._mutual_information, (t, y), groups)
                measured.append(Measured(name, dataclasses.replace(about, quantity=LABEL_INFORMATION)))
        return measured

    def _entropy(self, t: AnyRows) -> Estimate:
        raise NotImplementedError

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels) -> Estimate:
        raise NotImplementedError

    def _conditional_mutual_information(self, x: AnyRows, y: RowsOrLabels, z: RowsOrLabels) -> Estimate:
        raise NotImplementedError


def _classes(value: AnyArray) -> int:
    """Of how many classes labels ``[n]`` are; 1 for rows."""
    return int(value.max()) + 1 if value.ndim == 1 else 1


def together(groups: ArrayLike | None, n: int) -> Groups | None:
    """The groups that a person passed, checked."""
    return None if groups is None else Groups.of(groups, n)


def several(value: Option | tuple[Option, ...] | None) -> tuple[Option, ...]:
    """The values of an option that may hold none, one or several."""
    return () if value is None else value if isinstance(value, tuple) else (value,)


def the_one(values: Sequence[Any]) -> Any:
    """The only one of ``values``, which an option with several values may have multiplied."""
    if len(values) != 1:
        raise InputError(
            f"an option holds {len(values)} values, wanted one for a single answer: "
            "pass one value, or call measure(), which returns them all"
        )
    return values[0]
