from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.measurement import Measured
from infoscope.measure.geometry._base import Geometry
from infoscope.measure.geometry._spectra import variances


@dataclass(frozen=True)
class ParticipationRatio(Geometry):
    """Participation ratio: how many principal directions share the variance of the rows.

    participation_ratio: (Σ λ)² / Σ λ² for the eigenvalues λ of the covariance (Gao et al. 2017). From 1, all variance
    along one direction, to the number of columns, alike in all of them.
    """

    quantities: ClassVar[dict[str, str]] = {"participation_ratio": "dimensions"}
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def _of(self, t: np.ndarray, labels: dict[str, np.ndarray]) -> Iterable[Measured]:
        p = variances(t)
        words = "(Σ λ)² / Σ λ² of the covariance's eigenvalues"
        yield Measured("input", self._say("participation_ratio", 1 / float(p @ p), words, len(t)))
