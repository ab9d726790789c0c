"""E6, figure 15: the networks of figure 1A, rows told apart by exact float32 equality.

Paper: at machine precision there is hardly any compression: I(X;T) stays near log2 4096 = 12 bits, and only narrow
layers that saturate dip at the end. Our sentence: the first three hidden tanh layers hold at least 11.9 bits
throughout, the 3-unit layer at least 11.5 bits until epoch 1000. (ReLU is left out: dead units make exact duplicates
from the start.)

    infoscope run saxe2018/machine_precision --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about a minute; paper: 275 recorded epochs, about 2. The
networks are those of saxe2018/tanh, and are taken over from its run where that lies in the same --out folder.

Deviations: those of figure 1A.
"""

from __future__ import annotations

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import (
    LOWEST,
)
from infoscope.core.claim import Claim, Criterion
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan
from infoscope.papers.saxe2018._parts import (
    by_site,
    information,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_STAYS = Claim(
    id="saxe2018/machine_precision/stays",
    origin="published",
    paper="saxe2018",
    where="figure 15",
    sentence="At float32 precision a tanh network loses almost nothing of its input while it trains.",
    parts=(
        Part(
            "lowest I(X;T)",
            by_site(information("tanh", layer) for layer in ("hidden1", "hidden2", "hidden3")),
            LOWEST,
            Criterion(">=", nats(11.9), "nats"),
        ),
        Part(
            "lowest I(X;T) until epoch 1000",
            by_site([information("tanh", "hidden5", until=1000)]),
            LOWEST,
            Criterion(">=", nats(11.5), "nats"),
        ),
    ),
    headline="lowest I(X;T)",
    published="I(X;T) stays at 12 bits for nearly all layers and epochs (figure 15)",
)


class MachinePrecision(Figure):
    """Tanh network on the 12-bit task at float32 precision: hardly any compression (E6)

    >>> from infoscope.papers.saxe2018.machine_precision import MachinePrecision
    >>> MachinePrecision().plan("laptop")["tanh"].measures[0].options
    {'form': 'exact'}
    >>> [(part.name, str(part.criterion)) for part in MachinePrecision.claims[0].parts]
    [('lowest I(X;T)', '≥ 11.9 bits'), ('lowest I(X;T) until epoch 1000', '≥ 11.5 bits')]
    """

    title = "Tanh on the 12-bit task, machine precision"
    where = "figure 15"
    seeds = SEEDS
    claims = (_STAYS,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (MeasurePlan("binned", {"form": "exact"}),))}
