from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.moments.spectra import doubts_of, participation, spectrum


@dataclass(frozen=True)
class ParticipationRatio(Geometry):
    """Participation ratio: how many principal directions share the variance of the rows.

    participation_ratio: (Σ λ)² / Σ λ² for the eigenvalues λ of the covariance (Gao et al. 2017). From 1, all variance
    along one direction, to the number of columns, alike in all of them.

    It is the number of these rows: 1/n of their 1/value is there for Gaussian rows whatever the law. SATURATED where
    that of the law behind them, by an unbiased Σ λ², is more than twice as large; UNRESOLVED where it is more than a
    tenth larger. DEGENERATE for one column.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, measure="participation_ratio")
    >>> print(next(iter(found.values())))
    participation_ratio = 2.9...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("participation_ratio", "dimensions", "Participation ratio (directions in use)", "geometry"),
    )
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(3e-4 + n * d * (1.4e-8 + 1e-10 * d), 17.0 * n * d)

    def _of(self, t: np.ndarray, labels: dict[str, np.ndarray]) -> Iterable[Measured]:
        return self._judged(t, None)

    def _of_groups(self, t: np.ndarray, labels: dict[str, np.ndarray], groups: Groups) -> Iterable[Measured]:
        return self._judged(t, groups)

    def _judged(self, t: np.ndarray, groups: Groups | None) -> Iterable[Measured]:
        found = spectrum(t)
        doubts = doubts_of(t, found, participation, groups)
        words = "(Σ λ)² / Σ λ² of the covariance's eigenvalues"
        estimate = self._say("participation_ratio", participation(found.shares), words, len(t), doubts)
        yield Measured("input", estimate)
