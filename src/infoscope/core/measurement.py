"""The protocol through which recording and measuring meet without importing each other."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from infoscope.core.estimate import Estimate


class Measured(NamedTuple):
    """One estimate of one member, the variable it is about (``"input"`` for I(X;T)), and the options behind it.

    ``options`` is None when the measurement's own ``options`` say it all. An estimator that returns several values of
    one option (``bins=(30, 60)``) puts here the options that give this one estimate alone, so that rows stay distinct.
    """

    variable: str
    estimate: Estimate
    options: dict[str, Any] | None = None


class Measurement(Protocol):
    """Anything that turns a stacked representation into estimates; every estimator is one."""

    @property
    def id(self) -> str:
        """The estimator's id: its file stem."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """The options in force, as plain JSON values."""
        ...

    def measure(self, t: Any, variables: Mapping[str, np.ndarray]) -> list[list[Measured]]:
        """Estimates for each member of ``t [members, n, d]``; ``variables`` are class labels ``[n]`` by name.

        One may say in ``tells`` what its numbers are, a unit by quantity, for rows of measurements that fail. One that
        also takes ``groups=None`` is told, by :func:`measured`, which rows belong together: one name ``[n]`` a row, as
        an array. One that tells of variables also says of which, see :func:`about`.
        """
        ...


def takes_groups(function: Callable[..., Any]) -> bool:
    """Whether ``function`` has an argument ``groups``."""
    return "groups" in inspect.signature(function).parameters


def about(measurement: Measurement, names: Iterable[str]) -> list[str]:
    """Which of the variables ``names`` the rows of ``measurement`` tell of, one row at least of each.

    Asks its ``about(names)``; none where it has no such method. That method is also what refuses, before anything is
    recorded, a measurement that cannot be taken along a trajectory at all.
    """
    asked = getattr(measurement, "about", None)
    return [] if asked is None else list(asked(list(names)))


def told(measurement: Measurement) -> dict[str, str]:
    """The unit of what a measurement tells of the input, by quantity: its fact ``tells``, else I(X;T) in nats."""
    return getattr(measurement, "tells", None) or {"I(X;T)": "nats"}


def measured(
    measurement: Measurement, t: Any, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None
) -> list[list[Measured]]:
    """What ``measurement`` finds, told of ``groups`` where there are any and it takes them."""
    if groups is None:
        return measurement.measure(t, variables)
    if takes_groups(measurement.measure):
        grouped: Any = measurement
        return grouped.measure(t, variables, groups=groups)
    note = "rows come in groups, which this measurement does not take: its interval counts rows as independent"
    return [
        [one._replace(estimate=dataclasses.replace(one.estimate, notes=(*one.estimate.notes, note))) for one in member]
        for member in measurement.measure(t, variables)
    ]


class Comparison(Measurement, Protocol):
    """A measurement of two networks' representations of the same inputs; by itself it measures nothing."""

    @property
    def against(self) -> str:
        """The other network of the run; empty where it was not said."""
        ...

    def partners(self, members: int) -> list[int]:
        """Which member of the other network each member is compared with."""
        ...

    def beside(self, t: Any, other: Any) -> list[list[Measured]]:
        """Estimates for each pair of members of ``t`` and ``other``, both ``[members, n, d]``."""
        ...


def covers(options: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a row with options ``row`` came from a measurement with ``options``, where one may hold several values.

    ``{"bins": [30, 60]}`` covers ``{"bins": 30}`` and ``{"bins": 60}``.
    """
    whole = json.loads(json.dumps(options, default=list))
    return set(row) == set(whole) and all(
        value == whole[name] or (isinstance(whole[name], list) and value in whole[name]) for name, value in row.items()
    )


def series(options: Mapping[str, Any], texts: Iterable[str]) -> list[str]:
    """Those of the rows' options ``texts`` that ``options`` covers."""
    return [text for text in texts if covers(options, json.loads(text))]
