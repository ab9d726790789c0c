from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.measurement import Measured
from infoscope.measure.geometry._base import Geometry
from infoscope.measure.geometry._spectra import variances


@dataclass(frozen=True)
class EffectiveRank(Geometry):
    """Effective rank of the centred rows: the exponential of the entropy of their normalised singular values.

    effective_rank: exp(-Σ p log p), p = s / Σ s for the singular values s of the rows less their mean (Roy & Vetterli
    2007, definition 1). From 1, all variance along one direction, to the number of columns, alike in all of them. It
    weighs small directions more than the participation ratio does.
    """

    quantities: ClassVar[dict[str, str]] = {"effective_rank": "dimensions"}
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def _of(self, t: np.ndarray, labels: dict[str, np.ndarray]) -> Iterable[Measured]:
        p = np.sqrt(variances(t))
        p = p / p.sum()
        words = "exponential of the entropy of the normalised singular values of the centred rows"
        yield Measured("input", self._say("effective_rank", np.exp(-(p @ np.log(p))), words, len(t)))
