from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import INFORMATION
from infoscope.measure.bases.estimator import Estimator


@dataclass(frozen=True)
class ToyEstimator(Estimator):
    """The plug-in information between a label and the sign of x's first column, beside its median.

    Options
    -------
    bins: equally filled cells of the column.
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "names", "shift", "scale", "monotone")
    grouped: ClassVar[str] = "jackknife"

    bins: int = 2

    def _check(self) -> None:
        if self.bins < 2:
            raise InputError(f"option bins of toy_estimator is {self.bins}, wanted at least 2")

    def _mutual_information(self, x: Any, y: Any) -> Estimate:
        column = np.asarray(check.on_cpu(x))[:, 0]
        said = f"plug-in, {self.bins} cells of the first column"
        if column.max() == column.min() or np.ptp(np.asarray(y)) == 0:
            constant = Doubt(Status.DEGENERATE, "x is constant")
            return Estimate(0.0, INFORMATION, said, len(column)).doubted(constant)
        cell = (np.argsort(np.argsort(column, kind="stable"), kind="stable") * min(self.bins, len(column))) // len(
            column
        )
        table = np.zeros((min(self.bins, len(column)), int(np.max(y)) + 1))
        np.add.at(table, (cell, np.asarray(y)), 1 / len(column))
        expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True)
        value = float((table[table > 0] * np.log(table[table > 0] / expected[table > 0])).sum())
        return Estimate(value, INFORMATION, said, len(column))
