from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.cells import cell_names
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels.scaling import Centred, largest
from infoscope.measure.bases.geometry import CONSTANT, Geometry
from infoscope.measure.geometry._one_variable import one_variable
from infoscope.measure.pairs.distance_statistics import BETWEEN, WITHIN, spreads, too_few
from infoscope.measure.pairs.distances import held

SMALLEST = 2.0**-900
EDGES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.5)


@dataclass(frozen=True)
class DistanceHistogram(Geometry):
    """Histograms of the distances within and between classes over all pairs, in units of the root-mean-square distance.

    within_class_distance_share, between_class_distance_share: the share of the distances in each cell. A cell is the
    estimate's *variable*, called by its upper edge, as a picture of the histogram along training wants it; the size of
    the representation does not matter. UNDERSAMPLED within classes with fewer than 20 pairs of rows there.

    Options: ``label``, the variable that says the classes; needed where there are several.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, np.arange(500) % 2, measure="distance_histogram")
    >>> print(len(found), "cells, within and between classes")
    42 cells, within and between classes
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("within_class_distance_share", "fraction", "Distances within classes", "share"),
        Quantity("between_class_distance_share", "fraction", "Distances between classes", "share"),
    )
    second: ClassVar[str] = "labels"
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    label: str = ""

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + n * n * (1e-9 + 6e-11 * d), 2.4e6 + 2700.0 * n + held(n, d))

    def about(self, names: Sequence[str]) -> list[str]:
        one_variable(self.label, super().about(names))
        return []  # its rows are called by the cells

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        name = one_variable(self.label, labels)
        few = too_few(labels[name])
        if largest(t) < SMALLEST:  # numbers that have lost digits: their squares would be lost altogether
            t = np.ldexp(np.asarray(t, np.float64), 1000)
        (spread,) = spreads(t, [labels[name]])
        typical = Centred(t).distance * math.sqrt(len(t) / (len(t) - 1))
        for which, quantity in ((WITHIN, "within_class_distance_share"), (BETWEEN, "between_class_distance_share")):
            up_to = np.concatenate([[0.0], spread.up_to(which, np.array(EDGES) * typical), [1.0]])
            words = f"share of the distances {'within' if which == WITHIN else 'between'} classes of {name} in each of "
            words += f"{len(EDGES) + 1} cells of the root-mean-square distance, all pairs of these rows"
            for cell, share in zip(cell_names(EDGES), np.diff(up_to), strict=True):
                yield Measured(cell, self._say(quantity, share, words, len(t), few if which == WITHIN else []))

    def _constant(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        """All distances are 0, in the first cell."""
        for cell in cell_names(EDGES):
            for quantity in self.quantities:
                share = float(cell == cell_names(EDGES)[0])
                yield Measured(cell, self._say(quantity, share, "of constant rows", len(t), [CONSTANT]))
