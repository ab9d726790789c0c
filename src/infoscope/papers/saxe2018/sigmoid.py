"""E18: sigmoid on the 12-bit task, as it is and rescaled to tanh's range; from a class reproduction of the paper.

The class reproduction (slides, not the paper) reports that sigmoid networks show no compression although they
saturate on both sides. Paper: the paper itself says compression comes from double saturation, so the two disagree.
Our sentences are the two claims below: that report, and the control that 2 sigmoid(2x) - 1, which is tanh,
reproduces figure 1A.

    infoscope run saxe2018/sigmoid --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 6 minutes; paper: 275 recorded epochs, about 15. The tanh
network is that of saxe2018/tanh, and is taken over from its run where that lies in the same --out folder.

Deviations: the reproduction's learning rate is unknown; these networks take figure 1A's (Adam at 4e-4). 30 bins on
[0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.core.claim import NOTHING, Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._findings import FLAT, drop_finding, information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_FLAT_SIGMOID = Claim(
    id="saxe2018/sigmoid/no-compression",
    paper="saxe2018",
    where="class reproduction, slides",
    sentence="A sigmoid network does not compress in its hidden layers although its units saturate on both sides.",
    rule="drop after the peak of the mean curve ≤ 0.3 bits in all five hidden layers (shown wrong at ≥ 0.5 bits); each "
    "with its whole 95 % interval over seeds",
    published="no compression for sigmoid (slides)",
)
_SAME = Claim(
    id="saxe2018/sigmoid/rescaled-is-tanh",
    paper="saxe2018",
    where="control",
    sentence="Rescaled to tanh's range and slope, the sigmoid network is the tanh network of figure 1A.",
    rule="largest distance of the mean curves of I(X;T) over all recorded epochs ≤ 0.05 bits in every layer; each with "
    "its whole 95 % interval over seeds",
    published="an identity: 2 sigmoid(2x) - 1 = tanh(x)",
    presupposes=NOTHING,
)
_CLOSE = Criterion("<=", nats(0.05), "nats")


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return abs(a - b).max(-1)


class Sigmoid(Figure):
    """Sigmoid on the 12-bit task, as it is and rescaled to tanh (E18)"""

    title = "Sigmoid on the 12-bit task"
    where = "class reproduction"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        unit = MeasurePlan("binned", {"bins": 30, "range": (0.0, 1.0)})
        return {
            "sigmoid": boolean12_plan("sigmoid", preset, seeds, (unit,)),
            "scaled_sigmoid": boolean12_plan("scaled_sigmoid", preset, seeds, (tanh_bins(),)),
            "tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),)),
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        flat = [drop_finding(rows, "sigmoid", layer, FLAT) for layer in HIDDEN]
        same = []
        for layer in LAYERS:
            pair = (information(rows, network, layer) for network in ("scaled_sigmoid", "tanh"))
            same.append(finding(f"largest distance to tanh's mean curve, {layer}", _CLOSE, _distance, *pair))
        return [Judged(_FLAT_SIGMOID, tuple(flat)), Judged(_SAME, tuple(same))]
