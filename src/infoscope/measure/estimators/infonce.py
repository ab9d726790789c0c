from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.measure.bases.critic import Critics


@dataclass(frozen=True)
class InfoNce(Critics):
    """InfoNCE: how well a critic picks the y that belongs to x among those of the other rows held out.

    The mean of f(x_i, y_i) - ln mean_j exp f(x_i, y_j) over the rows of a fold is a lower bound on I(X;Y) on average
    over samples, and cannot pass the logarithm of the number of candidates (van den Oord et al. 2018, eq. 4; Poole et
    al. 2019, eq. 12), which is the size of a fold: SATURATED there. Near that ceiling it is far below the truth before
    it touches it: read it as a bound.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "infonce"))
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

    def _ceiling(self, n: int, partners: int) -> tuple[float, str]:
        return math.log(partners + 1), "the logarithm of the number of candidates"
