"""How many directions the rows of a layer have, by a function of the shares of variance along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from infoscope.core.measurement import Cost, Measured
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels.scaling import block_bytes
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.moments.spectra import doubts_of, spectrum


class Directions(Geometry):
    """One number of the spectrum: ``count`` of the shares of the variance, in ``words``."""

    count: ClassVar[Callable[[np.ndarray], float]]
    words: ClassVar[str]

    def cost(self, n: int, d: int, k: int) -> Cost:
        side = min(n, d)
        return Cost(3e-4 + n * d * (1.4e-8 + 1e-10 * side), 60.0 * n + 8.0 * d + 26.0 * side**2 + block_bytes(n, d))

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return self._counted(t, None)

    def _of_groups(self, t: NumpyRows, labels: dict[str, Labels], groups: Groups) -> Iterable[Measured]:
        return self._counted(t, groups)

    def _counted(self, t: np.ndarray, groups: Groups | None) -> Iterable[Measured]:
        found, count, (quantity,) = spectrum(t), type(self).count, self.quantities
        doubts = doubts_of(t, found, count, groups)
        yield Measured("input", self._say(quantity, count(found.shares), self.words, len(t), doubts))
