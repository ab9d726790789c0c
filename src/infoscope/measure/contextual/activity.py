"""Histograms of a layer's activities as rows: what share of them lies in each cell between given edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.cells import cell_names
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.grammar import coerce
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Measurement, timed
from infoscope.core.quantity import Quantity

QUANTITY = Quantity("activity_share", "fraction", "Activities", "share")


@dataclass(frozen=True)
class Activity(Measurement):
    """The histogram of all activities of a layer (every unit, every row) on the cells that ``edges`` cut the line into.

    A value on an edge belongs to the cell below it, so that with an edge at 0 a ReLU unit's zeros are cells of their
    own. The outermost cells have no end. A cell is the row's *variable*, named by its upper edge (:func:`cell_names`),
    and the row's value is the share of the activities in it, a fraction.

    Raises
    ------
    InputError: no edges, or edges that do not rise.

    >>> t = torch.tensor([[[0.0, -3.0], [0.0, 4.0]]])  # one network, two rows, two units
    >>> (cells,) = iscope.measurement("activity(edges=-1,0)").measure(t, {})
    >>> [(each.variable, each.estimate.value) for each in cells]
    [('up to -1', 0.25), ('up to 0', 0.5), ('above 0', 0.25)]
    """

    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        edges = (
            coerce(self.edges, tuple[float, ...], "edges of activity") if isinstance(self.edges, str) else self.edges
        )
        object.__setattr__(self, "edges", tuple(float(edge) for edge in edges))
        if not self.edges or not all(low < high for low, high in pairwise(self.edges)):
            raise InputError(f"edges are {self.edges}, wanted at least one, and each above the one before it")

    @property
    def id(self) -> str:
        return "activity"

    @property
    def tells(self) -> tuple[Quantity, ...]:
        return (QUANTITY,)

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-4 + 1e-8 * n * d, 8.0 * n * d)  # the cell of each value

    @property
    def options(self) -> dict[str, Any]:
        return {"edges": list(self.edges)}

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        """One estimate a cell for each member of ``t [m, n, d]``, without interval; nothing else is looked at."""
        t = np.asarray(check.representation(t, "t", stacked=True))
        return timed(lambda: [list(self._cells(member)) for member in t])

    def _cells(self, t: np.ndarray) -> Iterator[Measured]:
        counts = np.bincount(np.searchsorted(np.array(self.edges, t.dtype), t.ravel()), minlength=len(self.edges) + 1)
        estimand = f"share of the activities of a layer in each of {len(counts)} cells"
        for name, count in zip(cell_names(self.edges), counts.tolist(), strict=True):
            share = Estimate(count / t.size, QUANTITY, estimand, t.size)
            yield Measured(name, share)
