"""E12 beyond linear networks: what tanh and ReLU networks know of six relevant and six irrelevant bits.

Paper: hidden representations compress what they know of task-irrelevant inputs, though the information about the whole
input may keep rising, and they do so while the network fits (shown for a linear network). Our sentences are the three
claims below, for nonlinear networks and a task of which all 4096 patterns are counted, so that what a layer says of
either half is exact but for its bins.

    infoscope run saxe2018/irrelevant_bits --preset laptop

12-10-7-5-4-3-2, trained as figures 1A and 1B are and measured with their bins. The first six bits decide the label, by
a rule that was drawn once; the last six say nothing of it. I(T; irrelevant) and I(T; relevant) have at most 6 bits
each. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 16 seeds, about a minute of
CPU; paper: 50 seeds, 6 minutes.

Deviations: the paper has no nonlinear network with irrelevant inputs; task, bins and rules are ours. The 3-unit layer
is judged, where there is least room; that of ReLU is read as far as it says anything of the irrelevant half at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.courses import CONCURRENTLY, HALFWAY
from infoscope.claim.reading.curves import DROP, LAST
from infoscope.claim.reading.layers import in_words
from infoscope.claim.reading.peaks import RISE
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import COMPRESS, FLAT, drops, information
from infoscope.papers.saxe2018._quoted import IRRELEVANT
from infoscope.scanning.plan import NetworkPlan, Preset

_LAST = "hidden5"
NETWORKS = ("tanh", "relu")
_FALL = "drop of the irrelevant information after its peak"


def _about(network: str, half: str, layer: str = _LAST) -> Series:
    """I(T; relevant) or I(T; irrelevant), or with ``"label"`` I(T;Y), at one layer."""
    words = "" if half == "label" else f"about the {half} bits"
    return Series(LABEL_INFORMATION, network, layer, words, variable=half)


_COMPRESSED = Claim(
    id="saxe2018/irrelevant_bits/compressed",
    origin="published",
    quoted=IRRELEVANT,
    paper="saxe2018",
    where="figure 6, for nonlinear networks",
    sentence="Tanh and ReLU networks take up information about irrelevant inputs and lose half a bit of it or more.",
    parts=(
        Part(
            "peak of the irrelevant information above its start",
            [_about(name, "irrelevant") for name in NETWORKS],
            RISE,
            Criterion(">=", nats(0.05), "nats"),
        ),
        Part(_FALL, [_about(name, "irrelevant") for name in NETWORKS], DROP, COMPRESS),
    ),
    headline=_FALL,
    published="hidden representations compress the task-irrelevant information (abstract; shown for a linear network)",
)
_HIDDEN_BY_THE_TOTAL = Claim(
    id="saxe2018/irrelevant_bits/without-the-total",
    origin="published",
    quoted=IRRELEVANT,
    paper="saxe2018",
    where="figure 6, for nonlinear networks",
    sentence="In a ReLU network the irrelevant information falls although that about the whole input does not.",
    parts=(
        Part(_FALL, [_about("relu", "irrelevant")], DROP, COMPRESS),
        drops([information("relu", _LAST)], FLAT),
    ),
    headline=_FALL,
    published="the overall information may rise all the time (abstract)",
)
_WHILE = Claim(
    id="saxe2018/irrelevant_bits/while-it-fits",
    origin="published",
    quoted=IRRELEVANT,
    paper="saxe2018",
    where="figure 6, for nonlinear networks",
    sentence="The irrelevant information falls while a tanh network fits, not in a period of its own after it.",
    parts=(
        Part(
            "share of the fall that is done while I(T;Y) rises",
            {_LAST: (_about("tanh", "irrelevant"), _about("tanh", "label"))},
            CONCURRENTLY,
            Criterion(">=", HALFWAY, "fraction"),
        ),
    ),
    published="concurrently with the fitting process rather than during a subsequent compression period",
)


class IrrelevantBits(Figure):
    """Six relevant and six irrelevant bits: what tanh and ReLU networks say of either half, exactly (E12)

    >>> from infoscope.papers.saxe2018.irrelevant_bits import IrrelevantBits
    >>> {name: (plan.task, plan.network.activation) for name, plan in IrrelevantBits().plan("laptop").items()}
    {'tanh': ('half_relevant', 'tanh'), 'relu': ('half_relevant', 'relu')}
    """

    title = "Irrelevant inputs in nonlinear networks"
    where = "figure 6"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 16, "paper": 50}
    claims = (_COMPRESSED, _HIDDEN_BY_THE_TOTAL, _WHILE)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = {"tanh": (tanh_bins(),), "relu": relu_bins()}
        plans = {
            name: boolean12_plan(name, preset, seeds, measures, title="6 of 12 bits relevant")
            for name, measures in bins.items()
        }
        return {name: dataclasses.replace(plan, task="half_relevant") for name, plan in plans.items()}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """What every hidden layer ends with of either half."""
        least = Criterion(">=", 0.0, "nats")
        told: list[str] = []
        for half in ("relevant", "irrelevant"):
            series = [_about(name, half, layer) for name in NETWORKS for layer in HIDDEN]
            told += in_words(findings_of([Part(f"at the end of the {half} 6 bits", series, LAST, least)], rows))
        return {"compressed": told}
