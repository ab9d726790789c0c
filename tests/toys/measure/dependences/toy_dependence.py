from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.quantity import Quantity
from infoscope.measure.bases.dependence import Dependence
from infoscope.measure.pairs import centred_products
from infoscope.measure.pairs.centred_products import Moments


@dataclass(frozen=True)
class ToyDependence(Dependence):
    """Alignment of two kernels that are twice as wide as the rows are apart, without bias."""

    quantity: ClassVar[Quantity] = Quantity("toy(X,Y)", "ratio", "Alignment of wide kernels", "dependence")
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def _unbiased(self) -> bool:
        return True

    def _moments(self, x: np.ndarray, y: np.ndarray) -> Moments:
        return centred_products.paired(x, y, centred_products.RBF, 2.0)

    def _value(self, moments: Moments) -> float:
        return moments.alignment(True)

    def _words(self) -> str:
        return "debiased alignment of wide RBF kernels"
