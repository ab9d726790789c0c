"""E7, figure 8: tanh, ReLU, softsign and softplus on the 12-bit task, I(X;T) by the KDE upper bound.

Paper: with KDE in place of bins tanh still compresses, softsign mildly, ReLU and softplus do not, and softplus keeps
more of the input than ReLU. Our sentences are the two claims below, for noise variance 0.1; the released code's
0.001 is measured beside it and decides nothing.

    infoscope run saxe2018/kde_activations --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 6 minutes; paper: 275 recorded epochs, about 20. The
tanh and ReLU networks are those of figures 1A and 1B, and are taken over from those runs where they lie in the same
--out folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    LESS_DROP,
    of_means,
)
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion
from infoscope.core.measurement import covered
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._parts import (
    information,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_ACTIVATIONS = ("tanh", "relu", "softsign", "softplus")
_JUDGED, _BESIDE = 0.1, 0.001  # noise variances


def _judged(kde: Rows) -> Rows:
    return kde.filter(options=covered({"bound": "upper", "noise_variance": _JUDGED}, kde.unique("options")))


def _by_kde(network: str, layer: str) -> Series:
    return information(network, layer, "by KDE, noise variance 0.1,", estimator="kde", narrowed=_judged)


def _ends_higher(*curves: np.ndarray) -> np.ndarray:
    """The mean end of the first half of the series above that of the second."""
    ends = [last(curve) for curve in curves]
    half = len(ends) // 2
    return np.mean(ends[:half], axis=0) - np.mean(ends[half:], axis=0)


_ORDER = Claim(
    id="saxe2018/kde_activations/order",
    origin="published",
    paper="saxe2018",
    where="figure 8",
    sentence="By KDE the 3-unit layer compresses most with tanh, less with softsign, and least with ReLU and softplus.",
    parts=(
        Part(
            "drop of I(X;T) after its peak in hidden5",
            {
                f"{a} minus {b}": (_by_kde(a, "hidden5"), _by_kde(b, "hidden5"))
                for a, b in (("tanh", "softsign"), ("softsign", "relu"), ("softsign", "softplus"))
            },
            LESS_DROP,
            Criterion(">=", 0.0, "nats"),
        ),
    ),
    published="tanh compresses, softsign modestly, ReLU and softplus not (figure 8)",
)
_KEEPS = Claim(
    id="saxe2018/kde_activations/softplus-keeps",
    origin="published",
    paper="saxe2018",
    where="figure 8",
    sentence="By KDE softplus ends with more information about the input than ReLU.",
    parts=(
        Part(
            "final I(X;T), mean of the hidden layers, softplus minus relu",
            {"": [_by_kde(network, layer) for network in ("softplus", "relu") for layer in HIDDEN]},
            of_means("{} at the end, mean over the five hidden layers, softplus less ReLU,", _ends_higher),
            Criterion(">=", 0.0, "nats"),
        ),
    ),
    published="softplus retains more information about the input than ReLU (figure 8)",
)


class KdeActivations(Figure):
    """Four activations on the 12-bit task by KDE: who compresses, who keeps (E7)

    >>> from infoscope.papers.saxe2018.kde_activations import KdeActivations
    >>> plans = KdeActivations().plan("laptop")
    >>> list(plans), plans["tanh"].measures[0].options
    (['tanh', 'relu', 'softsign', 'softplus'], {'noise_variance': (0.1, 0.001)})
    """

    title = "Four activations on the 12-bit task, KDE"
    where = "figure 8"
    seeds = SEEDS
    claims = (
        _ORDER,
        _KEEPS,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        # both variances from one pass over the distances
        measures = (MeasurePlan("kde", {"noise_variance": (_JUDGED, _BESIDE)}, epochs=some_epochs(preset)),)
        return {activation: boolean12_plan(activation, preset, seeds, measures) for activation in _ACTIVATIONS}
