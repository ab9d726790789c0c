from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Beside
from infoscope.measure.bases.dependence import Dependence
from infoscope.measure.pairs import centred_products
from infoscope.measure.pairs.centred_products import Moments


@dataclass(frozen=True)
class Hsic(Dependence):
    """Hilbert-Schmidt independence criterion: the squared norm of a cross-covariance between kernel features.

    Options
    -------
    kernel: ``"rbf"``, exp(-|x_i - x_j|² / 2σ²), or ``"linear"``. width: σ of x and of y, each as a share of the
        root-mean-square distance of its rows (1 is close to the usual median rule).
    unbiased: the estimator of Song et al. 2012, which is 0 on average without dependence and can be below it; else
        tr(KHLH) / n² (Gretton et al. 2005), which is about 1/n too large.

    UNDERSAMPLED, UNRESOLVED: as for CKA, by the normalised forms. DEGENERATE: to a kernel all pairs are alike.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.dependence(x, x + noise, measure="hsic"))
    HSIC(X,Y) = 0.0...
    """

    quantity: ClassVar[Quantity] = Quantity("HSIC(X,Y)", "norm", "Hilbert-Schmidt independence criterion", "dependence")
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "shift")

    kernel: Literal["rbf", "linear"] = "rbf"
    width: float = 1.0
    unbiased: bool = True

    def _check(self) -> None:
        check.between(self.width, 1e-100, 1e100, "width")

    def _unbiased(self) -> bool:
        return self.unbiased

    def _scale(self, size_x: float, size_y: float) -> float:
        if self.kernel == "rbf":
            return 1.0
        logs = 2 * (math.log(size_x) + math.log(size_y))
        if abs(logs) > 600:
            raise InputError(
                f"x and y are of sizes {size_x:.3g} and {size_y:.3g}, wanted ones whose squares can be multiplied: "
                "rescale them, or use cka, which has no unit"
            )
        return math.exp(logs)

    def _moments(self, x: AnyRows, y: Beside) -> Moments:
        return centred_products.of_kernel(x, y, self.kernel, self.width)

    def _value(self, moments: Moments) -> float:
        return moments.covariance("kl", self.unbiased)

    def _words(self) -> str:
        kernel = "linear kernel" if self.kernel == "linear" else f"RBF kernel, σ = {self.width:g} RMS distance"
        return f"{'unbiased' if self.unbiased else 'biased'} HSIC, {kernel}"
