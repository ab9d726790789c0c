"""E10, figure 4C-D: tanh on the 12-bit task with 30 % of the patterns for training.

Paper: compression also happens where the network generalises worse, so it does not cause generalisation. Our
sentence: with 30 % of the patterns the 3-unit layer still compresses by at least 2 bits, while the final test
accuracy is lower by at least 0.02 than with 80 %.

    infoscope run saxe2018/few_samples --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 4 minutes; paper: 275 recorded epochs, about 8. The
network trained on 80 % is that of saxe2018/tanh, and is taken over from its run where that lies in the same --out
folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._findings import TWO_BITS, drop_finding
from infoscope.scanning.plan import NetworkPlan, Preset

_STILL = Claim(
    id="saxe2018/few_samples/still-compresses",
    paper="saxe2018",
    where="figure 4C-D",
    sentence="A tanh network trained on fewer patterns generalises worse and compresses all the same.",
    rule="with 30 % of the patterns: drop after the peak of the mean curve ≥ 2 bits in the 3-unit layer, and final "
    "test accuracy lower than with 80 % by ≥ 0.02; each with its whole 95 % interval over seeds",
    published="compression without generalisation (figure 4C-D)",
)
_LOWER = Criterion(">=", 0.02, "fraction")


class FewSamples(Figure):
    """Tanh network on 30 % of the 12-bit task: worse generalisation, same compression (E10)"""

    title = "Tanh on 30 % of the 12-bit task"
    where = "figure 4C-D"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        few = boolean12_plan("tanh", preset, seeds, (tanh_bins(),), title="30 % of the patterns", train_fraction=0.3)
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),)), "tanh_few": few}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        accuracy = rows.filter(quantity="accuracy", split="test")
        loses = finding(
            "final test accuracy, 80 % minus 30 % of the patterns",
            _LOWER,
            lambda many, few: last(many) - last(few),
            accuracy.filter(network="tanh"),
            accuracy.filter(network="tanh_few"),
        )
        return [Judged(_STILL, (drop_finding(rows, "tanh_few", "hidden5", TWO_BITS), loses))]
