"""E6, figure 15: the networks of figure 1A, rows told apart by exact float32 equality.

Paper: at machine precision there is hardly any compression: I(X;T) stays near log2 4096 = 12 bits, and only narrow
layers that saturate dip at the end. Our sentence: the first three hidden tanh layers hold at least 11.9 bits
throughout, the 3-unit layer at least 11.5 bits until epoch 1000. (ReLU is left out: dead units make exact duplicates
from the start.)

    infoscope run saxe2018/machine_precision --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 2 minutes; paper: 275 recorded epochs, about 5. The
networks are those of saxe2018/tanh, and are taken over from its run where that lies in the same --out folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding, until
from infoscope.claim.statistics import lowest
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan
from infoscope.papers.saxe2018._findings import information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_STAYS = Claim(
    id="saxe2018/machine_precision/stays",
    paper="saxe2018",
    where="figure 15",
    sentence="At float32 precision a tanh network loses almost nothing of its input while it trains.",
    rule="lowest point of the mean curve ≥ 11.9 bits in the first three hidden layers, ≥ 11.5 bits in the 3-unit layer "
    "until epoch 1000; each with its whole 95 % interval over seeds",
    published="I(X;T) stays at 12 bits for nearly all layers and epochs (figure 15)",
)
_NEARLY_ALL = Criterion(">=", nats(11.9), "nats")
_MOST = Criterion(">=", nats(11.5), "nats")


class MachinePrecision(Figure):
    """Tanh network on the 12-bit task at float32 precision: hardly any compression (E6)"""

    title = "Tanh on the 12-bit task, machine precision"
    where = "figure 15"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (MeasurePlan("binned", {"form": "exact"}),))}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        findings = [
            finding(f"lowest I(X;T), {layer}", _NEARLY_ALL, lowest, information(rows, "tanh", layer))
            for layer in ("hidden1", "hidden2", "hidden3")
        ]
        early = until(information(rows, "tanh", "hidden5"), 1000)
        findings.append(finding("lowest I(X;T) until epoch 1000, hidden5", _MOST, lowest, early))
        return [Judged(_STAYS, tuple(findings))]
