from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Beside
from infoscope.measure.bases.dependence import Dependence
from infoscope.measure.pairs import centred_products
from infoscope.measure.pairs.centred_products import Moments


@dataclass(frozen=True)
class DistanceCorrelation(Dependence):
    """Distance correlation: the correlation of centred pairwise distances, 0 only where x and y are independent.

    dCor² = dCov²(X,Y) / √(dCov²(X,X) dCov²(Y,Y)) with Euclidean distances (Székely, Rizzo & Bakirov 2007).

    Options
    -------
    bias_corrected: the U-centred form (Székely & Rizzo 2013, 2014), which is 0 on average without dependence, is that
        of the *square*, dCor², and can be below 0; else dCor itself, which in many columns goes to 1 whatever the rows.

    UNDERSAMPLED: dCor without the correction is mostly bias, or so few rows give as much without dependence.
    UNRESOLVED: a tenth of full dependence is bias.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.dependence(x, x + noise, measure="distance_correlation"))
    dCor(X,Y) = 0.6...
    """

    quantity: ClassVar[Quantity] = Quantity("dCor(X,Y)", "ratio", "Distance correlation", "dependence")
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    bias_corrected: bool = False

    def _symbol(self) -> Quantity:
        return self.quantity.called("dCor²(X,Y)") if self.bias_corrected else self.quantity

    def _unbiased(self) -> bool:
        return self.bias_corrected

    def _moments(self, x: AnyRows, y: Beside) -> Moments:
        return centred_products.paired(x, y, centred_products.DISTANCE)

    def _value(self, moments: Moments) -> float:
        squared = moments.alignment(self.bias_corrected)
        return squared if self.bias_corrected else self._shown(squared)

    def _shown(self, alignment: float) -> float:
        return math.sqrt(max(alignment, 0.0))

    def _words(self) -> str:
        return "bias-corrected squared distance correlation" if self.bias_corrected else "distance correlation"
