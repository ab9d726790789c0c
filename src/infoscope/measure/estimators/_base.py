"""What every estimator is: a frozen set of options that turns tensors into estimates.

A new estimator is one file in this folder holding one frozen dataclass derived from :class:`Estimator`. Its fields are
its options. It states literal facts (below), says in ``offers`` which of the three questions it answers, and
implements the hook of each: ``_entropy``, ``_mutual_information``, ``_members``. Checks of the input, near names for
a mistyped option and the refusal of what is not offered happen here, once.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from infoscope.core import check, registry
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.estimate import Estimate, Plane
from infoscope.core.measurement import Measured
from infoscope.measure.estimators import _options

#: "Within 2 % of log n": from here on a value says how many samples there were, not what the network does.
CEILING = 0.98


def is_labels(y: Any) -> bool:
    """Whether ``y`` is read as class labels: whole numbers, booleans or words, one a row."""
    array = check.array(y, "y")
    if array.ndim != 1 and tuple(array.shape[1:]) != (1,):
        return False
    if check.is_tensor(array):
        return not (array.is_floating_point() or array.is_complex())
    return array.dtype.kind in "iubUS"


@dataclass(frozen=True)
class Estimator:
    """Base of every estimator; satisfies :class:`infoscope.core.measurement.Measurement`.

    Facts, literals in the class body, which the contract tests hold every estimator to:

    offers: which of ``"entropy"``, ``"mutual_information"`` and ``"plane"`` it answers.
    second: what ``y`` of ``mutual_information`` may be: ``"labels"``, ``"real"`` or both.
    bounds: quantity -> the side of the truth of its estimand on which the value lies by default, where there is one.
    invariant: what leaves the answer unchanged, out of ``"rows"`` (order of the samples), ``"units"`` (order of the
        columns), ``"names"`` (of the classes), ``"swap"`` (of x and y), ``"shift"`` (of every row by one vector).
    """

    offers: ClassVar[tuple[str, ...]] = ()
    second: ClassVar[tuple[str, ...]] = ("labels",)
    bounds: ClassVar[dict[str, str]] = {}
    invariant: ClassVar[tuple[str, ...]] = ("rows",)

    def __post_init__(self) -> None:
        hints = _hints(type(self))
        for field in dataclasses.fields(self):
            value = _options.coerce(getattr(self, field.name), hints[field.name], f"{field.name} of {self.id}")
            object.__setattr__(self, field.name, value)
        self._check()

    @property
    def id(self) -> str:
        """The file stem."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @property
    def options(self) -> dict[str, Any]:
        """The options in force, as plain JSON values."""
        return {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    def measure(self, t: Any, variables: Mapping[str, np.ndarray]) -> list[list[Measured]]:
        """I(X;T) (variable ``"input"``) and I(T;Y) of each variable, for each member of ``t [m, n, d]``, in nats.

        ``variables`` are class labels ``[n]`` by name. Work that variables share is done once. An option holding
        several values gives several estimates of each, told apart by :attr:`Measured.options`.
        """
        self._must_offer("plane")
        t = check.representation(t, stacked=True)
        if "input" in variables:
            raise InputError("a variable is called 'input', wanted another name: 'input' stands for x itself")
        return self._members(t, {k: check.labels(y, t.shape[1], k) for k, y in variables.items()})

    def plane(self, t: Any, y: Any) -> Plane:
        """One layer's point: I(X;T) with every row of ``t [n, d]`` a distinct input, and I(T;Y), in nats."""
        self._must_offer("plane")
        t = check.representation(t)
        (measured,) = self._members(t[None], {"y": check.labels(y, len(t))})
        xt, ty = ([m.estimate for m in measured if m.variable == name] for name in ("input", "y"))
        return Plane(the_one(xt), the_one(ty))

    def entropy(self, t: Any) -> Estimate:
        """Entropy of the rows of ``t [n, d]`` in nats; the estimand says of what exactly."""
        self._must_offer("entropy")
        return self._entropy(check.representation(t))

    def mutual_information(self, x: Any, y: Any) -> Estimate:
        """I(X;Y) in nats between the rows of ``x [n, d]`` and ``y``: class labels ``[n]`` or rows ``[n, e]``."""
        self._must_offer("mutual_information")
        x = check.representation(x, "x")
        kind = "labels" if is_labels(y) else "real"
        if kind not in self.second:
            others = sorted(e.id for e in registry.entries("estimators").values() if kind in e.facts.get("second", ()))
            arrived, wanted = (
                ("class labels", "real-valued rows") if kind == "labels" else ("real-valued rows", "labels")
            )
            raise InputError(
                f"y is {arrived}, {self.id} wants {wanted}: change y, or use an estimator that takes it "
                f"({', '.join(others) or 'none yet'})"
            )
        y = check.labels(y, len(x)) if kind == "labels" else check.representation(y, "y")
        if len(x) != len(y):
            raise InputError(f"x has {len(x)} rows and y has {len(y)}, wanted as many: pass the same samples to both")
        return self._mutual_information(x, y)

    def _must_offer(self, question: str) -> None:
        if question not in self.offers:
            able = sorted(
                e.id for e in registry.entries("estimators").values() if question in e.facts.get("offers", ())
            )
            raise InputError(
                f"{self.id} does not estimate {question.replace('_', ' ')}: use one that does ({', '.join(able)})"
            )

    def _check(self) -> None:
        """Refuse options that make no sense together or out of range; fields have their types already."""

    def _members(self, t: Any, labels: dict[str, np.ndarray]) -> list[list[Measured]]:
        """Hook of ``measure`` and ``plane``: checked ``t [m, n, d]``, labels renumbered 0..k-1."""
        raise NotImplementedError

    def _entropy(self, t: Any) -> Estimate:
        raise NotImplementedError

    def _mutual_information(self, x: Any, y: Any) -> Estimate:
        raise NotImplementedError


@cache
def _hints(estimator: type) -> dict[str, Any]:
    return typing.get_type_hints(estimator)


def several(value: Any) -> tuple[Any, ...]:
    """The values of an option that may hold none, one or several."""
    return () if value is None else value if isinstance(value, tuple) else (value,)


def plain(value: Any) -> Any:
    """An option's value as JSON knows it."""
    return list(value) if isinstance(value, tuple) else value


def the_one(values: Sequence[Any]) -> Any:
    """The only one of ``values``, which an option with several values may have multiplied."""
    if len(values) != 1:
        raise InputError(
            f"an option holds {len(values)} values, wanted one for a single answer: "
            "pass one value, or call measure(), which returns them all"
        )
    return values[0]


def make(name: str, **options: Any) -> Estimator:
    """The estimator called ``name`` with ``options``, which may be text from a command line (``bins="30,60"``).

    Raises
    ------
    UnknownNameError: for an estimator or option that does not exist, with the near names.
    InputError: for an option of the wrong type or out of range.
    """
    estimator = registry.load("estimators", name)
    known = [field.name for field in dataclasses.fields(estimator)]
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    return estimator(**options)
