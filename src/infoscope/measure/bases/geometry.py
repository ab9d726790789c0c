"""What every measure of geometry is: a frozen set of options that turns a representation into estimates of its shape.

These describe how rows lie in space: how far apart classes are, how many directions a layer uses. They are *not*
information: they change under invertible maps, and no inequality of information holds for them. A new one is a file in
this folder with one frozen dataclass derived from :class:`Geometry`; its fields are its options, and ``_of`` says what
it is.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from infoscope.core import check, grammar, measurement
from infoscope.core.errors import InputError, MissingPackageError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import NOTHING, Given, Measured, Measurement, Need, affordable
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Array, ArrayLike, Labels
from infoscope.kernels.devices import read_there
from infoscope.kernels.scaling import constant
from infoscope.measure.bases.estimator import is_labels
from infoscope.measure.intervals.groups import Groups

NOT_INFORMATION = "geometry, not information"
CONSTANT = Doubt(Status.DEGENERATE)  # the estimand says that the rows are


@dataclass(frozen=True)
class Geometry(grammar.WithOptions, Measurement):
    """Base of every measure of geometry; a :class:`infoscope.core.measurement.Measurement`.

    Facts, literals in the class body, which the contract tests hold every one to:

    quantities: what it answers with.
    second: what the second argument is: ``"labels"`` of the rows, ``"rows"`` of another representation of the same
        inputs, or ``""``, none. optional: whether it may be left out.
    invariant: what leaves the answer unchanged, out of ``"rotation"`` (an orthogonal map of all rows), ``"scale"`` (of
        all rows by one factor) and ``"shift"`` (of every row by one vector). Every one is blind to the order of rows.
    where_rows_lie: whether ``_of`` also takes a tensor on an accelerator; else the rows come to the CPU.
    package: what must be importable beside what infoscope needs anyway; distribution: where it is installed from.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = ()
    second: ClassVar[str] = ""
    optional: ClassVar[bool] = False
    invariant: ClassVar[tuple[str, ...]] = ()
    where_rows_lie: ClassVar[bool] = False
    package: ClassVar[str] = ""
    distribution: ClassVar[str] = ""

    @property
    def needs(self) -> tuple[Need, ...]:
        beside: dict[str, tuple[Need, ...]] = {"labels": ("labels",), "rows": ("another network",)}
        return (*beside.get(self.second, ()), "groups")

    @property
    def tells(self) -> tuple[Quantity, ...]:
        return self.quantities

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        of = self.about(names) or ["input"]
        return [(name, quantity) for name in of for quantity in self.quantities]

    def measure(
        self, t: ArrayLike, variables: Mapping[str, np.ndarray], given: Given = NOTHING
    ) -> list[list[Measured]]:
        """All quantities of each member of ``t [m, n, d]``: about each variable where labels are asked for, else
        once, as variable ``"input"``.

        ``variables`` are class labels ``[n]`` by name.

        Raises
        ------
        InputError: unusable rows or labels. MissingPackageError: see ``package``.
        """
        stack = self._placed(check.representation(t, "t", stacked=True))
        labels = {name: check.labels(y, stack.shape[1], name) for name, y in variables.items()}
        labels = labels if self.second == "labels" else {}
        together = None if given.groups is None else Groups.of(given.groups, stack.shape[1])
        return [list(self._checked(member, labels, together)) for member in stack]

    def about(self, names: Sequence[str]) -> list[str]:
        """Which of the variables ``names`` :meth:`measure` tells of.

        Raises
        ------
        InputError: it asks for labels and there are none. MissingPackageError: see ``package``.
        """
        self._installed()
        if self.second == "labels" and not self.optional and not names:
            raise InputError(f"{self.id} asks for class labels and there are none: pass variables={{'label': labels}}")
        return list(names) if self.second == "labels" else []

    def geometry(
        self, t: ArrayLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> dict[str, Estimate]:
        """The quantities of the rows ``t [n, d]`` by name; ``y``: labels ``[n]`` or rows ``[n, d]``, as it asks for;
        groups: one
        name ``[n]`` a row, of those that belong together.

        The cells of a histogram are called by the quantity and their own name.
        """
        check.paired(t=t, y=y, groups=groups)
        t = self._placed(check.representation(t, "t"))
        together = None if groups is None else Groups.of(groups, len(t))
        return by_name(self._checked(t, self._other(y, len(t)), together))

    def _placed(self, rows: Array) -> Array:
        """Rows, checked, where they are measured."""
        return read_there(rows) if self.where_rows_lie and check.is_tensor(rows) else check.on_cpu(rows)

    def _other(self, y: ArrayLike | None, n: int) -> dict[str, np.ndarray]:
        """The second argument, checked, as the labels by name that ``_of`` takes."""
        if self.second == "rows":
            raise AssertionError(f"{self.id} compares two representations and must say how")
        if y is None and (self.optional or not self.second):
            return {}
        if y is None:
            raise InputError(f"{self.id} came without labels, wanted one a row: pass y")
        if not self.second:
            raise InputError(f"{self.id} is about the rows alone, but y arrived: leave it out")
        if not (is_labels(y) or check.meant_as_labels(y, "y")):
            raise InputError(f"y is real-valued rows, {self.id} wants class labels: bin y, or pass integers or words")
        return {"y": check.labels(y, n, "y")}

    def _checked(self, t: AnyRows, labels: dict[str, Labels], groups: Groups | None) -> Iterable[Measured]:
        """What ``_of`` finds, with its time and the number of groups; of constant rows what :meth:`_constant` says."""
        self._installed()
        affordable(self, len(t), t.shape[1], max((int(y.max()) + 1 for y in labels.values()), default=1))
        if constant(cast(np.ndarray, t)):
            return timed(lambda: self._constant(t, labels), groups)
        return timed(lambda: self._of(t, labels) if groups is None else self._of_groups(t, labels, groups), groups)

    def _installed(self) -> None:
        if self.package and importlib.util.find_spec(self.package) is None:
            raise MissingPackageError(f"{self.id} needs {self.distribution}: pip install {self.distribution}")

    def _of(self, t: Any, labels: dict[str, Labels]) -> Iterable[Measured]:
        """Hook: the estimates of rows ``t [n, d]`` that are not all alike; labels renumbered 0..k-1, by variable."""
        raise NotImplementedError

    def _of_groups(self, t: Any, labels: dict[str, Labels], groups: Groups) -> Iterable[Measured]:
        """Hook: as ``_of`` of rows that fall into groups. What has no interval over rows is as without them."""
        return self._of(t, labels)

    def _constant(self, t: Any, labels: dict[str, Labels]) -> Iterable[Measured]:
        """Of rows that are all alike: every quantity is 0 and DEGENERATE."""
        for name in labels or ("input",):
            for quantity in self.quantities:
                yield Measured(name, self._say(quantity, 0.0, "of constant rows", len(t), [CONSTANT]))

    @classmethod
    def quantity(cls, symbol: str) -> Quantity:
        """Its quantity with this symbol."""
        return cls.quantities[cls.quantities.index(symbol)]

    def _say(self, symbol: str, value: float, estimand: str, n: int, doubts: Iterable[Doubt] = ()) -> Estimate:
        """One estimate of its quantity with this symbol, labelled as what it is not."""
        return Estimate(float(value), self.quantity(symbol), f"{estimand}: {NOT_INFORMATION}", n).doubted(*doubts)


def timed(find: Callable[[], Iterable[Measured]], groups: Groups | None) -> list[Measured]:
    """What ``find`` comes to, each with its share of the time and the number of groups."""
    (found,) = measurement.timed(lambda: [list(find())])
    count = None if groups is None else groups.count
    return [one._replace(estimate=dataclasses.replace(one.estimate, groups=count)) for one in found]


def by_name(found: Iterable[Measured]) -> dict[str, Estimate]:
    """What was measured, by quantity; by quantity and variable where the variable is the cell of a histogram."""
    named: dict[str, Estimate] = {}
    for variable, estimate, *_ in found:
        name = estimate.quantity + ("" if variable in ("input", "y") else f" {variable}")
        if name in named:
            raise InputError(
                "an option holds several values, wanted one for a single answer: pass one value, or call measure(), "
                "which returns them all"
            )
        named[name] = estimate
    return named
