from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.measure.bases.critic import Critics
from infoscope.measure.critics.bounds import CriticObjective, CriticReading


@dataclass(frozen=True)
class JensenShannon(Critics):
    """Critics trained to tell joint from shuffled pairs (Jensen-Shannon), read by the NWJ formula: a lower bound.

    Training maximises the f-GAN objective of the Jensen-Shannon divergence (Nowozin et al. 2016; Hjelm et al. 2019),
    whose gradients stay small where those of NWJ explode; its best f is the log-density ratio ln p(x,y)/p(x)p(y). The
    objective itself is no bound on I(X;Y) and is not what is returned: that is 1 + E f - E E exp f on held-out rows
    (Poole et al. 2019, section 2.3), a lower bound for any f, after adding to f the constant that normalises it on the
    rows training was stopped on, as ``nwj`` does. It has the variance of NWJ: NOT_CONVERGED when few pairs decide it,
    SATURATED at ln n.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "jensen_shannon"))
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

    objective: ClassVar[CriticObjective] = "jensen_shannon"
    reading: ClassVar[CriticReading] = "nwj"
    words: ClassVar[str] = "NWJ bound over all pairs held out, critics trained on the Jensen-Shannon objective"
