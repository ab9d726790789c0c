"""E18: sigmoid on the 12-bit task, as it is and rescaled to tanh's range; from a class reproduction of the paper.

The class reproduction (slides, not the paper) reports that sigmoid networks show no compression although they
saturate on both sides. Paper: the paper itself says compression comes from double saturation, so the two disagree.
Our sentences are the two claims below: that report, and the control that 2 sigmoid(2x) - 1, which is tanh,
reproduces figure 1A.

    infoscope run saxe2018/sigmoid --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about a minute; paper: 275 recorded epochs, about 3. The tanh
network is that of saxe2018/tanh, and is taken over from its run where that lies in the same --out folder. The rescaled
sigmoid is trained by the very loop of tanh, so the two are trained once; what layers hold is computed in two ways.

Deviations: the reproduction's learning rate is unknown; these networks take figure 1A's (Adam at 4e-4). 30 bins on
[0, 1].
"""

from __future__ import annotations

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.core.claim import NOTHING, Claim, Criterion
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._parts import (
    FLAT,
    drops,
    information,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return abs(a - b).max(-1)


_FLAT_SIGMOID = Claim(
    id="saxe2018/sigmoid/no-compression",
    origin="published",
    paper="saxe2018",
    where="class reproduction, slides",
    sentence="A sigmoid network does not compress in its hidden layers although its units saturate on both sides.",
    parts=(drops([information("sigmoid", layer) for layer in HIDDEN], FLAT),),
    published="no compression for sigmoid (slides)",
)
_SAME = Claim(
    id="saxe2018/sigmoid/rescaled-is-tanh",
    origin="ours",
    paper="saxe2018",
    where="control",
    sentence="Rescaled to tanh's range and slope, the sigmoid network is the tanh network of figure 1A.",
    parts=(
        Part(
            "largest distance to tanh's mean curve",
            {layer: (information("scaled_sigmoid", layer), information("tanh", layer)) for layer in LAYERS},
            of_means("largest distance of the mean curves of {} of scaled_sigmoid and tanh", _distance),
            Criterion("<=", nats(0.05), "nats"),
        ),
    ),
    published="an identity: 2 sigmoid(2x) - 1 = tanh(x)",
    presupposes=NOTHING,
)


class Sigmoid(Figure):
    """Sigmoid on the 12-bit task, as it is and rescaled to tanh (E18)

    >>> from infoscope.papers.saxe2018.sigmoid import Sigmoid
    >>> [(part.name, str(part.criterion)) for claim in Sigmoid.claims for part in claim.parts]
    [('drop of I(X;T) after its peak', '≤ 0.3 bits'), ("largest distance to tanh's mean curve", '≤ 0.05 bits')]
    """

    title = "Sigmoid on the 12-bit task"
    where = "class reproduction"
    seeds = SEEDS
    claims = (_FLAT_SIGMOID, _SAME)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        unit = MeasurePlan("binned", {"bins": 30, "range": (0.0, 1.0)})
        return {
            "sigmoid": boolean12_plan("sigmoid", preset, seeds, (unit,)),
            "scaled_sigmoid": boolean12_plan("scaled_sigmoid", preset, seeds, (tanh_bins(),)),
            "tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),)),
        }
