"""T5, a claim of Shwartz-Ziv and Tishby (2017): with few samples the late phase of training loses I(T;Y).

Paper: trained on 5 % of the patterns, compression also loses information about the label; on 85 % it does not. Our
sentence: in the 3-unit layer and the output, I(T;Y) over all patterns falls by at least 0.1 bits after its peak with
5 % of them for training, and by at most 0.05 bits with 85 %. 45 % is reported beside them and decides nothing.

    infoscope run saxe2018/sample_size --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 2 minutes; paper:
275 recorded epochs, about 5.

Deviations: those of figure 1A. The three networks train for as many epochs, as in the paper, so 5 % takes 8000 updates
where 85 % takes 112 000. The thresholds are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.curves import (
    DROP,
)
from infoscope.claim.reading.layers import in_words
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.scanning.plan import NetworkPlan, Preset

_FRACTIONS = {"five_percent": 0.05, "forty_five_percent": 0.45, "eighty_five_percent": 0.85}
_LAYERS = ("hidden5", "output")
_FALLS = Criterion(">=", nats(0.1), "nats", fails_at=nats(0.05))
_STAYS = Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1))


def _drops(network: str, criterion: Criterion) -> Part:
    """How far I(T;Y) of each layer ends below the peak of its mean curve, corrected for the choice of the peak."""
    about = [Series(LABEL_INFORMATION, network, layer) for layer in _LAYERS]
    few = " with few samples" if network == "five_percent" else ""
    return Part(f"drop of I(T;Y) after its peak{few}", about, DROP, criterion)


_LOSES = Claim(
    id="saxe2018/sample_size/few-samples-lose",
    origin="published",
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="Trained on few samples, a network loses information about the label in the late phase; on many it does "
    "not.",
    parts=(_drops("five_percent", _FALLS), _drops("eighty_five_percent", _STAYS)),
    headline="drop of I(T;Y) after its peak with few samples",
    published="with 5 % of the data compression loses I(T;Y), with 85 % it does not",
)


class SampleSize(Figure):
    """Tanh networks on 5, 45 and 85 % of the 12-bit task: what the late phase does to I(T;Y) (T5)

    >>> from infoscope.papers.saxe2018.sample_size import SampleSize
    >>> {name: plan.recipe.train_fraction for name, plan in SampleSize().plan("laptop").items()}
    {'five_percent': 0.05, 'forty_five_percent': 0.45, 'eighty_five_percent': 0.85}
    """

    title = "Sample size and I(T;Y)"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS
    claims = (_LOSES,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            name: boolean12_plan(
                "tanh", preset, seeds, (tanh_bins(),), title=f"{fraction:.0%} of the patterns", train_fraction=fraction
            )
            for name, fraction in _FRACTIONS.items()
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        beside = in_words(findings_of([_drops("forty_five_percent", _STAYS)], rows))
        return {"few-samples-lose": [f"for comparison: {text}" for text in beside]}
