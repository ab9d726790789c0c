"""E7, figure 8: tanh, ReLU, softsign and softplus on the 12-bit task, I(X;T) by the KDE upper bound.

Paper: with KDE in place of bins tanh still compresses, softsign mildly, ReLU and softplus do not, and softplus keeps
more of the input than ReLU. Our sentences are the two claims below, for noise variance 0.1; the released code's
0.001 is measured beside it and decides nothing.

    infoscope run saxe2018/kde_activations --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 10 minutes; paper: 275 recorded epochs, about 30. The
tanh and ReLU networks are those of figures 1A and 1B, and are taken over from those runs where they lie in the same
--out folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding, score_finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion
from infoscope.core.measurement import series
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._findings import information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_ACTIVATIONS = ("tanh", "relu", "softsign", "softplus")
_JUDGED, _BESIDE = 0.1, 0.001  # noise variances
_ORDER = Claim(
    id="saxe2018/kde_activations/order",
    paper="saxe2018",
    where="figure 8",
    sentence="By KDE the 3-unit layer compresses most with tanh, less with softsign, and least with ReLU and softplus.",
    rule="drop after the peak of the mean curve in the 3-unit layer: tanh minus softsign, softsign minus ReLU and "
    "softsign minus softplus all ≥ 0, each with its whole 95 % interval over seeds",
    published="tanh compresses, softsign modestly, ReLU and softplus not (figure 8)",
)
_KEEPS = Claim(
    id="saxe2018/kde_activations/softplus-keeps",
    paper="saxe2018",
    where="figure 8",
    sentence="By KDE softplus ends with more information about the input than ReLU.",
    rule="final I(X;T), mean over the five hidden layers, softplus minus ReLU ≥ 0 with its whole 95 % interval over "
    "seeds",
    published="softplus retains more information about the input than ReLU (figure 8)",
)
_MORE = Criterion(">=", 0.0, "nats")


def _ends_higher(*curves: np.ndarray) -> np.ndarray:
    """The mean end of the first half of the series above that of the second."""
    ends = [last(curve) for curve in curves]
    half = len(ends) // 2
    return np.mean(ends[:half], axis=0) - np.mean(ends[half:], axis=0)


class KdeActivations(Figure):
    """Four activations on the 12-bit task by KDE: who compresses, who keeps (E7)"""

    title = "Four activations on the 12-bit task, KDE"
    where = "figure 8"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        # both variances from one pass over the distances
        measures = (MeasurePlan("kde", {"noise_variance": (_JUDGED, _BESIDE)}, epochs=some_epochs(preset)),)
        return {activation: boolean12_plan(activation, preset, seeds, measures) for activation in _ACTIVATIONS}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        kde = rows.filter(estimator="kde")
        kde = kde.filter(options=series({"bound": "upper", "noise_variance": _JUDGED}, kde.unique("options")))
        order = [
            score_finding(
                f"drop of I(X;T) after its peak in hidden5, {a} minus {b}",
                _MORE,
                information(kde, a, "hidden5"),
                information(kde, b, "hidden5"),
                weights=(1.0, -1.0),
            )
            for a, b in (("tanh", "softsign"), ("softsign", "relu"), ("softsign", "softplus"))
        ]
        both = [information(kde, network, layer) for network in ("softplus", "relu") for layer in HIDDEN]
        keeps = finding("final I(X;T), mean of the hidden layers, softplus minus relu", _MORE, _ends_higher, *both)
        return [Judged(_ORDER, tuple(order)), Judged(_KEEPS, (keeps,))]
