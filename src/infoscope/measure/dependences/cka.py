from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from infoscope.core import check
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Beside
from infoscope.measure.bases.dependence import Dependence
from infoscope.measure.pairs import centred_products
from infoscope.measure.pairs.centred_products import Moments


@dataclass(frozen=True)
class Cka(Dependence):
    """Centred kernel alignment, the similarity of two representations: HSIC(X,Y) / √(HSIC(X,X) HSIC(Y,Y)).

    Options
    -------
    kernel: ``"linear"`` (Kornblith et al. 2019: |YᵀX|² / |XᵀX| |YᵀY|) or ``"rbf"``. width: σ of the RBF kernel of x and
        of y, each as a share of the root-mean-square distance of its rows.
    debiased: every HSIC by its unbiased estimator (Nguyen, Raghu & Kornblith 2021). The biased form goes to 1 as
        columns outnumber rows, whatever the representations (Murphy, Zylberberg & Fyshe 2024); the debiased one can be
        a little below 0.

    1 for representations equal up to rotation and scale; 0 on average without dependence, where debiased.
    UNDERSAMPLED: the biased form was chosen and is mostly bias, or so few rows give as much without dependence.
    UNRESOLVED: a tenth of full similarity is bias.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.dependence(x, x + noise, measure="cka"))
    CKA(X,Y) = 0.5...
    """

    quantity: ClassVar[Quantity] = Quantity("CKA(X,Y)", "ratio", "Centred kernel alignment", "dependence")
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    kernel: Literal["linear", "rbf"] = "linear"
    width: float = 1.0
    debiased: bool = True

    def _check(self) -> None:
        check.between(self.width, 1e-100, 1e100, "width")

    def _unbiased(self) -> bool:
        return self.debiased

    def _moments(self, x: AnyRows, y: Beside) -> Moments:
        return centred_products.of_kernel(x, y, self.kernel, self.width)

    def _value(self, moments: Moments) -> float:
        return moments.alignment(self.debiased)

    def _words(self) -> str:
        kernel = "linear" if self.kernel == "linear" else f"RBF (σ = {self.width:g} RMS distance)"
        return f"{'debiased' if self.debiased else 'biased'} {kernel} CKA"
