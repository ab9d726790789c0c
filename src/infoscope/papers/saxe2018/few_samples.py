"""E10, figure 4C-D: tanh on the 12-bit task with 30 % of the patterns for training.

Paper: compression also happens where the network generalises worse, so it does not cause generalisation. Our
sentence: with 30 % of the patterns the 3-unit layer still compresses by at least 2 bits, while the final test
accuracy is lower by at least 0.02 than with 80 %.

    infoscope run saxe2018/few_samples --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about a minute; paper: 275 recorded epochs, about 3. The
network trained on 80 % is that of saxe2018/tanh, and is taken over from its run where that lies in the same --out
folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._parts import (
    DROP_OF_INFORMATION,
    TWO_BITS,
    accuracy,
    drops,
    information,
)
from infoscope.papers.saxe2018._quoted import NO_CAUSE
from infoscope.scanning.plan import NetworkPlan, Preset

_STILL = Claim(
    id="saxe2018/few_samples/still-compresses",
    origin="published",
    quoted=NO_CAUSE,
    paper="saxe2018",
    where="figure 4C-D",
    sentence="A tanh network trained on fewer patterns generalises worse and compresses all the same.",
    parts=(
        drops([information("tanh_few", "hidden5")], TWO_BITS),
        Part(
            "final test accuracy, 80 % minus 30 % of the patterns",
            {"": (accuracy("tanh"), accuracy("tanh_few"))},
            of_means(
                "{} at the end, trained on 80 % of the patterns less on 30 %,", lambda many, few: last(many) - last(few)
            ),
            Criterion(">=", 0.02, "fraction"),
        ),
    ),
    headline=DROP_OF_INFORMATION,
    published="compression without generalisation (figure 4C-D)",
)


class FewSamples(Figure):
    """Tanh network on 30 % of the 12-bit task: worse generalisation, same compression (E10)

    >>> from infoscope.papers.saxe2018.few_samples import FewSamples
    >>> {name: plan.recipe.train_fraction for name, plan in FewSamples().plan("laptop").items()}
    {'tanh': 0.8, 'tanh_few': 0.3}
    """

    title = "Tanh on 30 % of the 12-bit task"
    where = "figure 4C-D"
    seeds = SEEDS
    claims = (_STILL,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        few = boolean12_plan("tanh", preset, seeds, (tanh_bins(),), title="30 % of the patterns", train_fraction=0.3)
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),)), "tanh_few": few}
