"""What a measurement is: it says itself what it needs and tells, so that whoever runs it asks nothing else.

Recording and measuring meet here without importing each other.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, cast, get_args

import numpy as np

from infoscope.core import memory, turns
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, remark
from infoscope.core.quantity import INPUT_INFORMATION, Quantity

#: labels, quantities: variables that are classes, or numbers. inputs: the evaluation set itself. another network: what
#: another network of the run holds of the same inputs. replicas: noisy forwards of each input. recorded range: the
#: least and the largest value that each member took along the training. groups: which rows belong together. types: the
#: token, or whatever else recurs, that each row is of.
Need = Literal["labels", "quantities", "inputs", "another network", "replicas", "recorded range", "groups", "types"]
NEEDS: tuple[Need, ...] = get_args(Need)


class Shares(NamedTuple):
    """What groups of rows add to an estimate that is a mean over rows: their sums ``[G]`` and numbers of rows ``[G]``.

    Groups stand in the order in which they first appear among the rows; so they are the same at every step, and what is
    drawn anew of them is drawn of all steps at once. The estimate is the sum of the sums over the number of all rows.
    """

    sums: np.ndarray
    counts: np.ndarray


class Measured(NamedTuple):
    """One estimate of one member, the variable it is about (``"input"`` for I(X;T)), and the options behind it.

    ``options`` is None when the measurement's own ``options`` say it all. An estimator that returns several values of
    one option (``bins=(30, 60)``) puts here the options that give this one estimate alone, so that rows stay distinct.
    ``shares``: what each group of rows adds to it, where the run is to keep that.
    """

    variable: str
    estimate: Estimate
    options: dict[str, Any] | None = None
    shares: Shares | None = None


class Cost(NamedTuple):
    """What measuring one member is guessed to take: seconds of one core, and at most so many bytes of memory beside its
    rows, which a measurement is refused by where there are fewer (:func:`affordable`)."""

    seconds: float
    bytes: float


def affordable(asked: Costly, n: int, d: int, k: int) -> None:
    """Refuse what takes more memory for ``n`` rows of ``d`` columns and ``k`` classes than there may be.

    Raises
    ------
    InputError: it does.
    """
    what = f"{asked.id} of {n:,} rows x {d:,} columns"
    memory.afford(asked.cost(n, d, k).bytes, what, "pass fewer rows or columns (of a network, place@sketch(512))")


@dataclass(frozen=True, eq=False)
class Given:
    """What a measurement is handed beside rows and variables: what it needs, and None of everything else.

    Attributes
    ----------
    inputs: the evaluation set, rows first. other: what the other network holds, ``[m, n, d]``: each member's partner.
    replicas: clean outputs of noisy forwards, ``[m, n, R, d]``. span: the least and the largest value that each member
        took along the training, each ``[m]``. groups: one name ``[n]`` a row, of those that belong together; None where
        every row stands alone. types: a whole number ``[n]`` a row, such as the id of the token that it stands on.
    """

    inputs: Any = None
    other: Any = None
    replicas: Any = None
    span: tuple[np.ndarray, np.ndarray] | None = None
    groups: np.ndarray | None = None
    types: np.ndarray | None = None

    def of(self, member: int) -> Given:
        """What one member alone is given: inputs, groups and types are common to all of them."""
        one = slice(member, member + 1)
        return dataclasses.replace(
            self,
            other=None if self.other is None else self.other[one],
            replicas=None if self.replicas is None else self.replicas[one],
            span=None if self.span is None else (self.span[0][one], self.span[1][one]),
        )

    def of_rows(self, rows: np.ndarray) -> Given:
        """The same of those rows alone."""
        return dataclasses.replace(
            self,
            inputs=None if self.inputs is None else self.inputs[rows],
            other=None if self.other is None else self.other[:, rows],
            replicas=None if self.replicas is None else self.replicas[:, rows],
            groups=None if self.groups is None else self.groups[rows],
            types=None if self.types is None else self.types[rows],
        )

    @property
    def holds(self) -> set[Need]:
        """The needs that this meets."""
        there: dict[Need, Any] = {
            "inputs": self.inputs,
            "another network": self.other,
            "replicas": self.replicas,
            "recorded range": self.span,
            "groups": self.groups,
            "types": self.types,
        }
        return {need for need, value in there.items() if value is not None}


NOTHING = Given()


class Measurement:
    """Base of whatever turns a stacked representation into estimates: estimators, measures of geometry, and those in
    ``measure/contextual``, which need more than a tensor."""

    #: The other network of the run; empty where none is needed, or it was not said.
    against: str = ""
    #: The most columns of which it says anything along a training; None where it may be as many as there are.
    widest: ClassVar[int | None] = None

    @property
    def id(self) -> str:
        """The word that its rows carry as ``estimator``."""
        raise NotImplementedError

    @property
    def options(self) -> dict[str, Any]:
        """The options in force, as plain JSON values."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it must be handed, out of :data:`NEEDS`; that it can be told of groups counts as needing them."""
        return ()

    @property
    def tells(self) -> tuple[Quantity, ...]:
        """What its rows may be of."""
        return (INPUT_INFORMATION,)

    def about(self, names: Sequence[str]) -> list[str]:
        """Which of the variables ``names`` its rows tell of, one row at least of each.

        Raises
        ------
        InputError, UnknownNameError, MissingPackageError: it cannot be taken along a trajectory, or not with these.
        """
        return []

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        """Variable and quantity of the rows without a value that stand for it where it was refused as a whole."""
        return [("input", quantity) for quantity in self.tells]

    def cost(self, n: int, d: int, k: int) -> Cost:
        """An honest guess for one member of ``n`` rows and ``d`` columns, with variables of ``k`` classes."""
        return Cost(1e-4 + 2e-9 * n * d, 8.0 * n * d)

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        """Estimates for each member of ``t [m, n, d]``; ``variables`` are class labels ``[n]`` by name.

        Who needs replicas finds the first of each input in ``t``.
        """
        raise NotImplementedError

    def partners(self, members: int) -> list[int]:
        """Which member of the other network each of ``members`` is given."""
        return list(range(members))

    @property
    def from_start(self) -> bool:
        """Whether the other network is read at its first recorded step, in place of the same one."""
        return False

    @property
    def forwards(self) -> tuple[int, int]:
        """Of one that needs replicas: how many noisy forwards of each input, and the seed of their draws."""
        return 0, 0

    def trained_with(self, noise: float, said: Collection[str]) -> Measurement:
        """The same for networks that have noise of this standard deviation at every hidden layer, 0 for none.

        said: the names of the options that a person said; the others may follow the networks.
        """
        return self


class Costly(Protocol):
    """Whatever says what it takes: a measurement, a probe, a measure of dependence."""

    @property
    def id(self) -> str: ...
    def cost(self, n: int, d: int, k: int) -> Cost: ...


class Plain(Protocol):
    """The least that a measurement of a user's own must be: :func:`adapted` makes a :class:`Measurement` of it.

    It may also have ``tells`` (quantities, or a unit by quantity) and ``about(names)``, and take ``groups=`` in
    ``measure``.
    """

    @property
    def id(self) -> str: ...
    @property
    def options(self) -> dict[str, Any]: ...
    def measure(self, t: Any, variables: Mapping[str, np.ndarray]) -> list[list[Measured]]: ...


class Adapted(Measurement):
    """A measurement that somebody else wrote, as one of ours.

    Raises
    ------
    InputError: it has no id, options or ``measure(t, variables)`` that can be used.
    """

    def __init__(self, own: Any) -> None:
        wanted = "wanted objects with id, options and measure(t, variables)"
        if not callable(getattr(own, "measure", None)):
            raise InputError(f"{own!r} is no measurement, {wanted}")
        name = getattr(own, "id", None)
        if not (isinstance(name, str) and name):
            raise InputError(f"the id of {own!r} is {name!r}, wanted the word that its rows carry")
        options: Any = getattr(own, "options", None)
        try:
            json.dumps({**options}, default=list)
        except (TypeError, ValueError) as reason:
            raise InputError(
                f"the options of {name} are {options!r}, wanted plain values by name, such as {{'bins': 30}}"
            ) from reason
        self._own, self._takes_groups = own, False
        self._gave: list[tuple[str, Quantity]] = []  # of the first member, when it last worked
        try:
            arguments = inspect.signature(own.measure)
            arguments.bind(None, {})
            self._takes_groups = "groups" in arguments.parameters
        except TypeError as reason:
            raise InputError(f"measure of {name} cannot be called ({reason}), {wanted}") from reason
        except ValueError:  # written in C: its arguments cannot be seen
            pass

    @property
    def id(self) -> str:
        return self._own.id

    @property
    def options(self) -> dict[str, Any]:
        return self._own.options

    @property
    def needs(self) -> tuple[Need, ...]:
        return ("labels", "groups") if self._takes_groups else ("labels",)

    @property
    def tells(self) -> tuple[Quantity, ...]:
        said: Any = getattr(self._own, "tells", None) or super().tells
        units = cast(Mapping[Any, str], said) if isinstance(said, Mapping) else dict.fromkeys(said, "nats")
        return tuple(Quantity.of(symbol, unit) for symbol, unit in units.items())

    def about(self, names: Sequence[str]) -> list[str]:
        asked = getattr(self._own, "about", None)
        return [] if asked is None else list(asked(list(names)))

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        told = {"groups": given.groups} if self._takes_groups and given.groups is not None else {}
        found = [[Measured(*one) for one in member] for member in self._own.measure(t, variables, **told)]
        self._gave = [(one.variable, one.estimate.quantity) for one in found[0]] if found else []
        return found

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        return self._gave or super().refused(names)


def adapted(value: Any) -> Measurement:
    """``value`` as a measurement: one of ours as it is, one of a user's own by :class:`Adapted`.

    Raises
    ------
    InputError: it is none.
    """
    if isinstance(value, type):
        raise InputError(
            f"{value.__name__} is a class, wanted objects with id, options and measure(t, variables): pass one made of "
            f"it, {value.__name__}(…)"
        )
    return value if isinstance(value, Measurement) else Adapted(value)


def measured(
    measurement: Measurement, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING
) -> list[list[Measured]]:
    """What ``measurement`` finds; where there are groups and it does not take them, its estimates say so.

    One of several workers waits for its turn where that takes more than its share of the memory.
    """
    with turns.turn(0.0 if turns.alone() else _bytes(measurement, t, variables)):
        return _measured(measurement, t, variables, given)


def _bytes(measurement: Measurement, t: Any, variables: Mapping[str, np.ndarray]) -> float:
    classes = [int(y.max()) + 1 for y in variables.values() if y.dtype.kind in "iu" and len(y)]
    return measurement.cost(t.shape[1], t.shape[2], max(classes, default=1)).bytes


def _measured(
    measurement: Measurement, t: Any, variables: Mapping[str, np.ndarray], given: Given
) -> list[list[Measured]]:
    if given.groups is None or "groups" in measurement.needs:
        return measurement.measure(t, variables, given)
    said = remark("rows come in groups, which this measurement does not take: its interval counts rows as independent")
    alone = dataclasses.replace(given, groups=None)
    return [
        [one._replace(estimate=one.estimate.doubted(said)) for one in member]
        for member in measurement.measure(t, variables, alone)
    ]


def covers(options: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a row with options ``row`` came from a measurement with ``options``, where one may hold several values.

    ``{"bins": [30, 60]}`` covers ``{"bins": 30}`` and ``{"bins": 60}``.
    """
    whole = json.loads(json.dumps(options, default=list))
    return set(row) == set(whole) and all(
        value == whole[name] or (isinstance(whole[name], list) and value in whole[name]) for name, value in row.items()
    )


def covered(options: Mapping[str, Any], texts: Iterable[str]) -> list[str]:
    """Those of the rows' options ``texts`` that ``options`` covers."""
    return [text for text in texts if covers(options, json.loads(text))]


def timed(find: Callable[[], list[list[Measured]]]) -> list[list[Measured]]:
    """What ``find`` measures of each member, every estimate with its share of the seconds that all took."""
    start = time.perf_counter()
    found = find()
    share = (time.perf_counter() - start) / max(1, sum(map(len, found)))
    return [
        [one._replace(estimate=dataclasses.replace(one.estimate, seconds=share)) for one in member] for member in found
    ]
