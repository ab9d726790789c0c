from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.core import check
from infoscope.measure.bases.critic import Critics
from infoscope.measure.critics.bounds import CriticObjective, CriticReading


@dataclass(frozen=True)
class Smile(Critics):
    """SMILE: Donsker-Varadhan with clipped density ratios, which trades variance for bias: a bound on neither side.

    Critics are trained on the Jensen-Shannon objective; the value is E f(x, y) - ln E E exp clip(f(x, y'), -clip,
    clip) on held-out rows (Song & Ermon 2020, eq. 10). Clipping makes the second term too small as soon as the
    ratio passes e^clip on pairs that matter, and then the value can be above the truth. SATURATED at ln n.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "smile"))
    I(X;Y) = 0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "the question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift", "scale", "monotone")
    suits: ClassVar[tuple[str, ...]] = ("smooth", "gaussian", "labels", "patterns")
    slow: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 20, "folds": 2, "width": 16}

    objective: ClassVar[CriticObjective] = "jensen_shannon"
    reading: ClassVar[CriticReading] = "smile"

    clip: float = 5.0

    def _check(self) -> None:
        super()._check()
        check.between(self.clip, 1e-30, 1e30, f"clip of {self.id}")

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"SMILE over all pairs held out, ratios clipped at e^±{self.clip:g}"

    @property
    def _clip(self) -> float | None:
        return self.clip
