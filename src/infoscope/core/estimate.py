"""What every measurement returns: a value that says what it truly estimates and whether to believe it."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, cast

from infoscope.core.errors import InputError, UntrustedEstimateError
from infoscope.core.quantity import Quantity
from infoscope.core.units import bits, in_unit, shown

Bound = Literal["lower", "upper", "none"]
#: The level of every interval that is not certified.
LEVEL = 0.95
#: The kind of an interval whose mean over members holds what their mean estimates, be a single one as it may.
BRACKET = "bracket in expectation and its standard errors"
Answer = TypeVar("Answer", bound="Estimate")


class Status(enum.Enum):
    """Whether a number can be believed. Each member carries its own sentence."""

    OK = "the number estimates what its estimand says"
    SATURATED = "at its ceiling (log n, or all that can be told apart), so the true value can be anything above"
    VACUOUS = "I(X;T) of a deterministic network is H(X) or infinite, so this number describes the binning, not I(X;T)"
    UNDERSAMPLED = "too few samples for this many states or dimensions, so the bias is larger than the signal"
    TIED = (
        "so many rows are equal or on a grid that neighbour distances are ties, which the estimator has no answer for"
    )
    NOT_CONVERGED = "the fit behind the number had not converged when it stopped"
    UNRESOLVED = "two answers, or the ends of a bracket, lie further apart than they may: believe no value between them"
    DEGENERATE = "the number has a trivial reason: the representation is constant, or the sizes alone force it"
    FAILED = "no number: the measurement was refused or broke, see notes"

    @property
    def sentence(self) -> str:
        return self.value


#: Which of several reasons for doubt is the status of a number: the first of these that there is. Reasons that stay
#: with more rows or a longer fit come before those that may go.
PRECEDENCE = (
    Status.FAILED,
    Status.DEGENERATE,
    Status.TIED,
    Status.SATURATED,
    Status.VACUOUS,
    Status.NOT_CONVERGED,
    Status.UNDERSAMPLED,
    Status.UNRESOLVED,
    Status.OK,
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason not to believe a number, or one thing to know about it.

    Attributes
    ----------
    status: what the number is if this is all that is held against it; OK for a remark, which holds nothing against it.
    note: the reason in words; ``""`` where the sentence of the status says all.
    """

    status: Status
    note: str = ""


def remark(note: str) -> Doubt:
    """What to know about a number that may be believed all the same."""
    return Doubt(Status.OK, note)


def gravest(doubts: Iterable[Doubt]) -> Status:
    """The status that a number has of which these are all ``doubts``: the first of :data:`PRECEDENCE` among theirs."""
    return min((doubt.status for doubt in doubts), key=PRECEDENCE.index, default=Status.OK)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What an interval is one of, said once for each kind; :meth:`Estimate.within` takes it.

    Attributes
    ----------
    kind: in words, with ``{resampled}`` where they name what is drawn anew. level: 1.0 for a certified interval, None
        for one that holds what was seen. resampled: what it takes to be drawn anew; None for a bracket.
    """

    kind: str
    level: float | None = LEVEL
    resampled: str | None = "rows"

    def over(self, groups: object | None) -> Uncertainty:
        """The same with groups drawn anew; itself where there are none (None)."""
        return self if groups is None else replace(self, resampled="groups")

    @property
    def words(self) -> str:
        """The kind of the interval as it is told."""
        return self.kind.format(resampled=self.resampled)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the same estimator said on problems with a known answer that were drawn to resemble the one at hand.

    Attributes
    ----------
    truth: the known answer of those problems, near the estimate. bias: the mean answer minus the truth; spread: the
        standard deviation of one answer; all in the unit of the estimate.
    replicates: how many problems were drawn. problem: what they are, in words.
    """

    truth: float
    bias: float
    spread: float
    replicates: int
    problem: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A frozen result.

    Attributes
    ----------
    value: the number, in ``unit``. Never clipped, never NaN.
    quantity: what it stands for, e.g. ``"I(X;T)"``: a symbol that knows its unit, words and kind. unit: of the
        quantity; ``"nats"`` for information, always.
    estimand: what the number truly is, e.g. ``"H(Bin(T)), 30 bins on [-1, 1]"``.
    interval: ``(low, high)`` in ``unit``, or None; ``interval_kind`` says what kind of uncertainty it is
        (``"certified bracket"``, ``"bootstrap over seeds"``), ``level`` its level (1.0 for a certified one),
        ``resampled`` what it takes to be drawn anew (``"rows"``, ``"groups"``, ``"seeds"`` …); None for a bracket.
    bound: the side of the truth on which ``value`` lies: a ``"lower"`` or ``"upper"`` bound, or ``"none"``.
    n: how many samples it was computed from. groups: how many groups of rows that belong together they fall into;
        None where no groups were given, so that rows count as independent.
    doubts: why not to believe it, and remarks; ``status`` and ``notes`` are made of them. seconds: how long it took.
    calibration: how the same estimator did on matched problems with a known answer, where that was asked for; it does
        not change the value.
    """

    value: float
    quantity: Quantity
    estimand: str
    n: int
    interval: tuple[float, float] | None = None
    interval_kind: str | None = None
    level: float | None = None
    bound: Bound = "none"
    doubts: tuple[Doubt, ...] = ()
    seconds: float = 0.0
    calibration: Calibration | None = None
    resampled: str | None = None
    groups: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(cast(object, self.quantity), Quantity):
            raise InputError(
                f"quantity is the text {self.quantity!r}, wanted a Quantity, which knows its unit: "
                f"Quantity({self.quantity!r}, unit, words, kind) of infoscope.core.quantity"
            )
        if not math.isfinite(self.value):
            raise AssertionError(f"{self.quantity} came out as {self.value}: an estimator must refuse, not return this")

    @property
    def unit(self) -> str:
        """Of the value and its interval."""
        return self.quantity.unit

    def __float__(self) -> float:
        return self.value

    @property
    def bits(self) -> float:
        """The value in bits; only for quantities in nats."""
        if self.unit != "nats":
            raise TypeError(f"{self.quantity} is in {self.unit}, which has no bits")
        return bits(self.value)

    @property
    def notes_shown(self) -> tuple[str, ...]:
        """The notes in the unit that the value is shown in: bits for information."""
        return tuple(map(in_unit, self.notes)) if self.unit == "nats" else self.notes

    @property
    def status(self) -> Status:
        """Whether to believe it: what the gravest doubt says."""
        return gravest(self.doubts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What all doubts and remarks say in words."""
        return tuple(doubt.note for doubt in self.doubts if doubt.note)

    def doubted(self: Answer, *doubts: Doubt) -> Answer:
        """This estimate with ``doubts`` after its own."""
        return replace(self, doubts=(*self.doubts, *doubts)) if doubts else self

    def within(self: Answer, interval: tuple[float, float] | None, of: Uncertainty) -> Answer:
        """This estimate with that interval, of that kind; without any where it is None."""
        if interval is None:
            return self.without_interval()
        return replace(self, interval=interval, interval_kind=of.words, level=of.level, resampled=of.resampled)

    def without_interval(self: Answer) -> Answer:
        """This estimate, saying nothing of how far it may be off."""
        return replace(self, interval=None, interval_kind=None, level=None, resampled=None)

    def of_rows_alone(self: Answer) -> Answer:
        """This estimate where each row is a group of its own: nothing is said of groups."""
        kind = self.interval_kind and self.interval_kind.replace("groups", "rows")
        resampled = self.resampled and self.resampled.replace("groups", "rows")
        return replace(self, groups=None, interval_kind=kind, resampled=resampled)

    def trusted(self) -> Estimate:
        """This estimate, or :class:`UntrustedEstimateError` when its status is not OK."""
        if self.status is not Status.OK:
            notes = f" ({'; '.join(self.notes_shown)})" if self.notes else ""
            raise UntrustedEstimateError(f"{self.quantity} is {self.status.name}: {self.status.sentence}{notes}")
        return self

    def __str__(self) -> str:
        sign = {"lower": "≥", "upper": "≤", "none": "="}[self.bound]
        text = f"{self.quantity} {sign} {shown(self.value, self.unit, self.interval)}"
        if self.interval:
            text += f" ({self.interval_kind})"
        text += f", {self.estimand}, n={self.n}"
        if self.groups is not None:
            text += f" in {self.groups} groups"
        if self.calibration:
            found = self.calibration
            text += f", on matched problems with {shown(found.truth, self.unit)}: bias {shown(found.bias, self.unit)}"
            text += f", spread {shown(found.spread, self.unit)}"
        return text if self.status is Status.OK else f"{text}, {self.status.name}: {self.status.sentence}"

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """Itself for a notebook: the number, then fainter what it is of, then each doubt and note."""
        from infoscope.core.markup import faint, said

        sign = {"lower": "≥", "upper": "≤", "none": "="}[self.bound]
        number = f"<strong>{said(f'{self.quantity} {sign} {shown(self.value, self.unit, self.interval)}')}</strong>"
        told = [f"({self.interval_kind})" if self.interval else "", f"{self.estimand}, n = {self.n:,}"]
        if self.groups is not None:
            told.append(f"in {self.groups} groups")
        doubt = "" if self.status is Status.OK else f"<br>{said(f'{self.status.name}: {self.status.sentence}')}"
        notes = "".join(f"<br>{faint(note)}" for note in self.notes_shown if note != self.status.sentence)
        return f"<div>{number} {faint(' '.join(filter(None, told)))}{doubt}{notes}</div>"


@dataclass(frozen=True, slots=True)
class Plane:
    """One layer's point on the information plane.

    xt: I(X;T), what the representation says about the input. ty: I(T;Y), what it says about the variable.
    """

    xt: Estimate
    ty: Estimate

    def trusted(self) -> Plane:
        """This point, or :class:`UntrustedEstimateError` when either coordinate cannot be trusted."""
        self.xt.trusted()
        self.ty.trusted()
        return self

    def __str__(self) -> str:
        return f"{self.xt}\n{self.ty}"

    def _repr_html_(self) -> str:
        return self.xt.html() + self.ty.html()
