"""E15, figures 16 and 17: histograms of the activities of every layer along training, tanh and ReLU.

Paper: the activities of a tanh network's last layers end in the outermost bins, which explains its compression; of a
ReLU network's hidden layers a steady fraction is zero and the rest disperses. Our sentences are the three claims below.

    infoscope run saxe2018/activity_histograms --preset laptop

Over all 4096 patterns and all units of a layer, at every third of the recorded epochs. Hardware: 2 CPU cores. smoke:
seconds. laptop: 50 seeds, about 2 minutes; paper: 275 recorded epochs, about 5. The networks are those of figures 1A
and 1B, and are taken over from those runs where they lie in the same --out folder.

Deviations: those of figure 1A. Adam at 4e-4, which the released code has and the rules judge, saturates fewer layers
than plain SGD, which the paper's text has; a tanh network trained by SGD (at 0.1, a rate of ours) stands beside it and
decides nothing. Cells of width 0.1 for tanh; for ReLU zero and octaves, since its activities have no end (the paper's
are of equal width). The thresholds are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.claim.reading.layers import in_words
from infoscope.claim.statistics import growth, last
from infoscope.core.cells import cell_names
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.measure.contextual.activity import QUANTITY
from infoscope.papers.saxe2018._boolean12 import HIDDEN, PLAIN_SGD, SEEDS, boolean12_plan, some_epochs
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_TENTHS = tuple(tenth / 10 for tenth in range(-9, 10))
_OCTAVES = (0.0, *(2.0**power for power in range(-4, 7)))
_ABOVE_ONE = cell_names(_OCTAVES)[_OCTAVES.index(1.0) + 1 :]


def _cell(network: str, layer: str, cell: str) -> Series:
    return Series(QUANTITY, network, layer, f"({cell})", variable=cell)


def _sum_at_end(*shares: np.ndarray) -> np.ndarray:
    return np.sum([last(share) for share in shares], axis=0)


def _sum_of_growths(*shares: np.ndarray) -> np.ndarray:
    return np.sum([growth(share) for share in shares], axis=0)


def _change(share: np.ndarray) -> np.ndarray:
    return abs(growth(share))


def _beyond(layers: Sequence[str], network: str = "tanh") -> Part:
    names = cell_names(_TENTHS)
    ends = {f"{network} {layer}": [_cell(network, layer, name) for name in (names[0], names[-1])] for layer in layers}
    share = of_means("share of activities beyond ±0.9 at the end", _sum_at_end)
    return Part("final share of activities beyond ±0.9", ends, share, Criterion(">=", 0.5, "fraction"))


_SATURATES = Claim(
    id="saxe2018/activity_histograms/tanh-saturates",
    origin="published",
    paper="saxe2018",
    where="figure 16",
    sentence="Most activities of the tanh network's 3-unit layer end at its limits.",
    parts=(_beyond(HIDDEN[-3:][-1:]),),
    published="late tanh layers end in the extreme bins (figure 16, one network)",
)
_LAST_THREE = Claim(
    id="saxe2018/activity_histograms/last-three",
    origin="published",
    paper="saxe2018",
    where="figure 16",
    sentence="Most activities of the last three hidden tanh layers end at their limits.",
    parts=(_beyond(HIDDEN[-3:]),),
    published="the top three layers end in the extreme bins (figure 16, one network)",
)
_DISPERSES = Claim(
    id="saxe2018/activity_histograms/relu-disperses",
    origin="published",
    paper="saxe2018",
    where="figure 17",
    sentence="In every hidden ReLU layer the share of zeros stays, and the other activities grow without saturating.",
    parts=(
        Part(
            "change of the share of zeros",
            [_cell("relu", layer, "up to 0") for layer in HIDDEN],
            of_means("distance between the share of zeros at the end and at the start", _change),
            Criterion("<=", 0.1, "fraction", fails_at=0.2),
        ),
        Part(
            "growth of the share above 1",
            {f"relu {layer}": [_cell("relu", layer, name) for name in _ABOVE_ONE] for layer in HIDDEN},
            of_means("growth of the share of activities above 1 from start to end", _sum_of_growths),
            Criterion(">=", 0.0, "fraction"),
        ),
    ),
    headline="change of the share of zeros",
    published="a roughly constant fraction of zeros, the rest disperses (figure 17, one network)",
)


class ActivityHistograms(Figure):
    """Histograms of every layer's activities along training on the 12-bit task, tanh and ReLU (E15)

    >>> from infoscope.papers.saxe2018.activity_histograms import ActivityHistograms
    >>> plans = ActivityHistograms().plan("laptop")
    >>> {name: (plan.network.activation, plan.recipe.optimiser) for name, plan in plans.items()}
    {'tanh': ('tanh', 'adam'), 'relu': ('relu', 'adam'), 'tanh_sgd': ('tanh', 'sgd')}
    """

    title = "Activities of tanh and ReLU along training"
    where = "figures 16 and 17"
    seeds = SEEDS
    claims = (
        _SATURATES,
        _LAST_THREE,
        _DISPERSES,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        tenths, octaves = (
            (MeasurePlan("activity", {"edges": edges}, epochs=some_epochs(preset)),) for edges in (_TENTHS, _OCTAVES)
        )
        return {
            "tanh": boolean12_plan("tanh", preset, seeds, tenths),
            "relu": boolean12_plan("relu", preset, seeds, octaves),
            "tanh_sgd": boolean12_plan("tanh", preset, seeds, tenths, **PLAIN_SGD),
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        beside = in_words(findings_of([_beyond(HIDDEN[-3:], "tanh_sgd")], rows))
        return {"last-three": [f"plain SGD, beside: {text}" for text in beside]}
