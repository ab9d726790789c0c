from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Measurement, Need
from infoscope.core.quantity import Quantity

LIKENESS = Quantity("toy_likeness", "ratio", "Likeness to the input", "geometry")


@dataclass(frozen=True)
class ToyContextual(Measurement):
    """How the lengths of a layer's rows follow those of the inputs: their correlation."""

    @property
    def id(self) -> str:
        return "toy_contextual"

    @property
    def options(self) -> dict[str, Any]:
        return {}

    @property
    def needs(self) -> tuple[Need, ...]:
        return ("inputs",)

    @property
    def tells(self) -> tuple[Quantity, ...]:
        return (LIKENESS,)

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-4 + 1e-8 * n * d, 16.0 * n * d)

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        of_inputs = np.linalg.norm(np.asarray(given.inputs).reshape(len(given.inputs), -1), axis=1)
        lengths = np.linalg.norm(np.asarray(check.representation(t, "t", stacked=True), np.float64), axis=2)
        found = [float(np.corrcoef(of_inputs, member)[0, 1]) if np.ptp(member) else 0.0 for member in lengths]
        words = "correlation of lengths: geometry, not information"
        return [[Measured("input", Estimate(one, LIKENESS, words, len(of_inputs)))] for one in found]
