from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.measure.bases.geometry import CONSTANT, Geometry
from infoscope.measure.geometry._one_variable import one_variable


@dataclass(frozen=True)
class Constellation(Geometry):
    """Where some of the rows lie in the first two or three units of a layer, as a picture of a channel's input wants.

    unit_1, unit_2, unit_3: the coordinates of each point, under the *variable* ``"label 1, point 17"``: its class, and
    its number among the points of that class. A point is no fixed row: at each step the rows are put in order by class,
    then by their first unit, then by the next, and every so many of them is taken. Of one unit or two there is no more.

    Options
    -------
    label: the variable that says the classes; needed where there are several. points: how many (200), of all classes
    together. noise: the standard deviation of a network's noise, which a picture draws as a ball around each point; it
    changes no number.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, np.arange(500) % 2, "constellation(points=4)")
    >>> [name for name in found if name.startswith("unit_1")]
    ['unit_1 y 0, point 0', 'unit_1 y 0, point 1', 'unit_1 y 1, point 0', 'unit_1 y 1, point 1']
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("unit_1", "norm", "First unit of a point", "point"),
        Quantity("unit_2", "norm", "Second unit of a point", "point"),
        Quantity("unit_3", "norm", "Third unit of a point", "point"),
    )
    second: ClassVar[str] = "labels"

    label: str = ""
    points: int = 200
    noise: float = 0.0

    def _check(self) -> None:
        check.count(self.points, "points", 2)
        if not 0 <= self.noise < float("inf"):
            raise InputError(f"noise is {self.noise}, wanted a standard deviation of at least 0")

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + 2e-7 * n * d + 2e-5 * self.points, 24.0 * n * d + 500.0 * self.points)

    def about(self, names: Sequence[str]) -> list[str]:
        return [one_variable(self.label, super().about(names))]

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return self._told(t, labels, [])

    def _constant(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return self._told(t, labels, [CONSTANT])

    def _told(self, t: NumpyRows, labels: dict[str, Labels], doubts: list[Doubt]) -> Iterable[Measured]:
        name = one_variable(self.label, labels)
        y = labels[name]
        order = np.lexsort((*t.T[::-1], y))
        taken = order[np.linspace(0, len(t) - 1, min(self.points, len(t))).round().astype(int)]
        words, before = f"coordinate of one of {len(taken)} rows, taken evenly from all in order", 0
        for place, row in enumerate(taken.tolist()):
            if place and y[row] != y[taken[place - 1]]:
                before = place
            called = f"{name} {y[row]}, point {place - before}"
            for quantity, value in zip(self.quantities, t[row].tolist(), strict=False):
                yield Measured(called, self._say(quantity, value, words, len(t), doubts))
