"""T5, a claim of Shwartz-Ziv and Tishby (2017): with few samples the late phase of training loses I(T;Y).

Paper: trained on 5 % of the patterns, compression also loses information about the label; on 85 % it does not. Our
sentence: in the 3-unit layer and the output, I(T;Y) over all patterns falls by at least 0.1 bits after its peak with
5 % of them for training, and by at most 0.05 bits with 85 %. 45 % is reported beside them and decides nothing.

    infoscope run saxe2018/sample_size --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 5 minutes; paper:
275 recorded epochs, about 12.

Deviations: those of figure 1A. The three networks train for as many epochs, as in the paper, so 5 % takes 8000 updates
where 85 % takes 112 000. The thresholds are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import score_finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._layers import in_words
from infoscope.scanning.plan import NetworkPlan, Preset

_FRACTIONS = {"five_percent": 0.05, "forty_five_percent": 0.45, "eighty_five_percent": 0.85}
_LAYERS = ("hidden5", "output")
_LOSES = Claim(
    id="saxe2018/sample_size/few-samples-lose",
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="Trained on few samples, a network loses information about the label in the late phase; on many it does "
    "not.",
    rule="3-unit layer and output: drop of I(T;Y) after the peak of the mean curve ≥ 0.1 bits with 5 % of the patterns "
    "(shown wrong at ≤ 0.05 bits), ≤ 0.05 bits with 85 % (shown wrong at ≥ 0.1 bits); each with its whole 95 % "
    "interval over seeds",
    published="with 5 % of the data compression loses I(T;Y), with 85 % it does not",
)
_FALLS = Criterion(">=", nats(0.1), "nats", fails_at=nats(0.05))
_STAYS = Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1))


def _drops(rows: Rows, network: str, criterion: Criterion) -> list[Finding]:
    """How far I(T;Y) of each layer ends below the peak of its mean curve, corrected for the choice of the peak."""
    about = rows.filter(network=network, quantity="I(T;Y)")
    return [
        score_finding(f"drop of I(T;Y) after its peak, {network} {layer}", criterion, about.filter(site=layer))
        for layer in _LAYERS
    ]


class SampleSize(Figure):
    """Tanh networks on 5, 45 and 85 % of the 12-bit task: what the late phase does to I(T;Y) (T5)"""

    title = "Sample size and I(T;Y)"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            name: boolean12_plan(
                "tanh", preset, seeds, (tanh_bins(),), title=f"{fraction:.0%} of the patterns", train_fraction=fraction
            )
            for name, fraction in _FRACTIONS.items()
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        findings = [*_drops(rows, "five_percent", _FALLS), *_drops(rows, "eighty_five_percent", _STAYS)]
        beside = in_words(_drops(rows, "forty_five_percent", _STAYS))
        return [Judged(_LOSES, tuple(findings), tuple(f"for comparison: {text}" for text in beside))]
