from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.measurement import Measured
from infoscope.core.quantity import Quantity
from infoscope.measure.bases.geometry import Geometry


@dataclass(frozen=True)
class ToyGeometry(Geometry):
    """How far the farthest row is from the mean, in root-mean-square distances."""

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("toy_reach", "ratio", "Reach of the farthest row", "geometry"),
    )
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def _of(self, t: np.ndarray, labels: dict[str, np.ndarray]) -> Iterable[Measured]:
        scaled = (t - t[:1]) / np.abs(t - t[:1]).max()
        squares = ((scaled - scaled.mean(0)) ** 2).sum(1)
        yield Measured(
            "input", self._say("toy_reach", float(np.sqrt(squares.max() / squares.mean())), "the farthest row", len(t))
        )
