from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.measure.bases.critic import Critics
from infoscope.measure.critics.bounds import CriticObjective, CriticReading


@dataclass(frozen=True)
class Nwj(Critics):
    """Nguyen-Wainwright-Jordan bound, 1 + E f(x, y) - E E exp f(x, y'): a lower bound without a logarithm of a mean.

    It is linear in both means (Nguyen, Wainwright & Jordan 2010; f-MINE and TUBA with a constant are others of its
    names), so held-out rows give it without bias for any critic. The best constant to add to a critic is known, minus
    the logarithm of its partition function, and with it the bound is Donsker and Varadhan's: critics are trained on
    that, and the constant is taken from the rows training was stopped on. The value of a poor or unlucky critic can
    be far below zero: NOT_CONVERGED when few pairs decide it. SATURATED at ln n, which no sample of n can show.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "nwj"))
    I(X;Y) ≥ 0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "a lower bound"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    bounds: ClassVar[dict[str, str]] = {"I(X;Y)": "lower"}
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift", "scale", "monotone")
    suits: ClassVar[tuple[str, ...]] = ("smooth", "gaussian", "labels", "patterns")
    slow: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 20, "folds": 2, "width": 16}

    objective: ClassVar[CriticObjective] = "donsker_varadhan"
    reading: ClassVar[CriticReading] = "nwj"
    words: ClassVar[str] = "NWJ bound over all pairs held out"
