"""E15, figures 16 and 17: histograms of the activities of every layer along training, tanh and ReLU.

Paper: the activities of a tanh network's last layers end in the outermost bins, which explains its compression; of a
ReLU network's hidden layers a steady fraction is zero and the rest disperses. Our sentences are the three claims below.

    infoscope run saxe2018/activity_histograms --preset laptop

Over all 4096 patterns and all units of a layer, at every third of the recorded epochs. Hardware: 2 CPU cores. smoke:
seconds. laptop: 50 seeds, about 5 minutes; paper: 275 recorded epochs, about 10. The networks are those of figures 1A
and 1B, and are taken over from those runs where they lie in the same --out folder.

Deviations: those of figure 1A. Adam at 4e-4, which the released code has and the rules judge, saturates fewer layers
than plain SGD, which the paper's text has; a tanh network trained by SGD (at 0.1, a rate of ours) stands beside it and
decides nothing. Cells of width 0.1 for tanh; for ReLU zero and octaves, since its activities have no end (the paper's
are of equal width). The thresholds are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.claim.statistics import growth, last
from infoscope.core.cells import cell_names
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.measure.contextual.activity import QUANTITY
from infoscope.papers.saxe2018._boolean12 import HIDDEN, PLAIN_SGD, SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._layers import in_words
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_TENTHS = tuple(tenth / 10 for tenth in range(-9, 10))
_OCTAVES = (0.0, *(2.0**power for power in range(-4, 7)))
_SATURATES = Claim(
    id="saxe2018/activity_histograms/tanh-saturates",
    paper="saxe2018",
    where="figure 16",
    sentence="Most activities of the tanh network's 3-unit layer end at its limits.",
    rule="final share of activities beyond ±0.9 in the 3-unit layer ≥ 50 % with its whole 95 % interval over seeds",
    published="late tanh layers end in the extreme bins (figure 16, one network)",
)
_LAST_THREE = Claim(
    id="saxe2018/activity_histograms/last-three",
    paper="saxe2018",
    where="figure 16",
    sentence="Most activities of the last three hidden tanh layers end at their limits.",
    rule="final share of activities beyond ±0.9 ≥ 50 % in each of the last three hidden layers; each with its whole "
    "95 % interval over seeds",
    published="the top three layers end in the extreme bins (figure 16, one network)",
)
_DISPERSES = Claim(
    id="saxe2018/activity_histograms/relu-disperses",
    paper="saxe2018",
    where="figure 17",
    sentence="In every hidden ReLU layer the share of zeros stays, and the other activities grow without saturating.",
    rule="in each of the five hidden layers: distance between the final and initial share of zeros ≤ 10 % (shown wrong "
    "at ≥ 20 %), and the share of activities above 1 grows by ≥ 0 %; each with its whole 95 % interval over seeds",
    published="a roughly constant fraction of zeros, the rest disperses (figure 17, one network)",
)
_MOST = Criterion(">=", 0.5, "fraction")
_STEADY = Criterion("<=", 0.1, "fraction", fails_at=0.2)
_GROWS = Criterion(">=", 0.0, "fraction")


def _sum_at_end(*shares: np.ndarray) -> np.ndarray:
    return np.sum([last(share) for share in shares], axis=0)


def _sum_of_growths(*shares: np.ndarray) -> np.ndarray:
    return np.sum([growth(share) for share in shares], axis=0)


class ActivityHistograms(Figure):
    """Histograms of every layer's activities along training on the 12-bit task, tanh and ReLU (E15)"""

    title = "Activities of tanh and ReLU along training"
    where = "figures 16 and 17"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        tenths, octaves = (
            (MeasurePlan("activity", {"edges": edges}, epochs=some_epochs(preset)),) for edges in (_TENTHS, _OCTAVES)
        )
        return {
            "tanh": boolean12_plan("tanh", preset, seeds, tenths),
            "relu": boolean12_plan("relu", preset, seeds, octaves),
            "tanh_sgd": boolean12_plan("tanh", preset, seeds, tenths, **PLAIN_SGD),
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        saturated = [_saturated(rows, "tanh", layer) for layer in HIDDEN[-3:]]
        beside = in_words([_saturated(rows, "tanh_sgd", layer) for layer in HIDDEN[-3:]])
        disperses = []
        for layer in HIDDEN:
            zeros, large = _cells(rows, "relu", layer, "up to 0"), _above_one(rows, layer)
            disperses.append(finding(f"change of the share of zeros, relu {layer}", _STEADY, _change, zeros))
            disperses.append(finding(f"growth of the share above 1, relu {layer}", _GROWS, _sum_of_growths, *large))
        return [
            Judged(_SATURATES, (saturated[-1],)),
            Judged(_LAST_THREE, tuple(saturated), tuple(f"plain SGD, beside: {text}" for text in beside)),
            Judged(_DISPERSES, tuple(disperses)),
        ]


def _change(share: np.ndarray) -> np.ndarray:
    return abs(growth(share))


def _cells(rows: Rows, network: str, layer: str, cell: str) -> Rows:
    return rows.filter(network=network, site=layer, quantity=QUANTITY, variable=cell)


def _saturated(rows: Rows, network: str, layer: str) -> Finding:
    names = cell_names(_TENTHS)
    both = [_cells(rows, network, layer, name) for name in (names[0], names[-1])]
    return finding(f"final share of activities beyond ±0.9, {network} {layer}", _MOST, _sum_at_end, *both)


def _above_one(rows: Rows, layer: str) -> list[Rows]:
    names = cell_names(_OCTAVES)[_OCTAVES.index(1.0) + 1 :]
    return [_cells(rows, "relu", layer, name) for name in names]
