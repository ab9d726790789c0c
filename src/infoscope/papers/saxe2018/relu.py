"""E2, figure 1B: the same network with ReLU, I(X;T) by binning.

Paper: with ReLU in place of tanh there is no compression phase in the hidden layers. Our sentence: with 100 bins
between 0 and the largest recorded activity, no hidden layer loses more than 0.3 bits of binned I(X;T) after its peak;
the softmax output does lose some.

    infoscope run saxe2018/relu --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about a minute; paper:
275 recorded epochs, about 5.

Deviations: those of figure 1A; and "the largest activity" is taken for each member over its five hidden layers and all
recorded epochs. The paper does not say how the output is binned here: 30 bins on [0, 1].
"""

from __future__ import annotations

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.papers.saxe2018._boolean12 import HIDDEN, SEEDS, boolean12_plan, relu_bins
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    DROP_AT_THE_OUTPUT,
    DROP_OF_INFORMATION,
    FLAT,
    drops,
    information,
)
from infoscope.papers.saxe2018._quoted import NOT_ALWAYS
from infoscope.scanning.plan import NetworkPlan, Preset

_FLAT_HIDDEN = Claim(
    id="saxe2018/relu/no-compression",
    origin="published",
    quoted=NOT_ALWAYS,
    paper="saxe2018",
    where="figure 1B",
    sentence="A ReLU network on the same task does not compress in its hidden layers; only the softmax output does.",
    parts=(
        drops([information("relu", layer) for layer in HIDDEN], FLAT),
        drops([information("relu", "output")], COMPRESS, DROP_AT_THE_OUTPUT),
    ),
    headline=DROP_OF_INFORMATION,
    published="no compression phase for ReLU except in the final layer (figure 1B, one network)",
)


class ReluPlane(Figure):
    """ReLU network on the 12-bit task, binned: no compression in the hidden layers (E2)

    >>> from infoscope.papers.saxe2018.relu import ReluPlane
    >>> [(part.name, str(part.criterion)) for part in ReluPlane.claims[0].parts]
    [('drop of I(X;T) after its peak', '≤ 0.3 bits'), ('drop of I(X;T) after its peak at the output', '≥ 0.5 bits')]
    """

    title = "ReLU on the 12-bit task, 100 bins"
    where = "figure 1B"
    seeds = SEEDS
    claims = (_FLAT_HIDDEN,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"relu": boolean12_plan("relu", preset, seeds, relu_bins())}
