"""E8, figure 12: entropy of the hidden layers by k-nearest neighbours along training, tanh and ReLU.

Paper: by the Kozachenko-Leonenko estimator (k = 2, 1e-16 added to each distance) the entropy of several tanh layers
falls along training, that of ReLU layers does not; up to a constant it is I(X;T) under noise that does not depend on
the layer's scale. Our sentences are the two claims below, for that formula.

    infoscope run saxe2018/neighbour_entropy --preset laptop

A row that repeats another adds d ln 1e-16 / n = -36.8 d / n nats to that formula, so where tanh units saturate to the
last bit or ReLU units die it counts repetitions as much as it measures a spread. Hence two variants are measured beside
it: 1e-6 in place of 1e-16, and one of each repeated row kept. They decide nothing; the notes say where they differ.
Measured at every third of the recorded epochs. Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 20
minutes; paper: 275 recorded epochs, about an hour. The networks are those of figures 1A and 1B, and are taken over from
those runs where they lie in the same --out folder.

Deviations: those of figure 1A. Adam at 4e-4, which the released code has and the rules judge, saturates fewer layers
than plain SGD, which the paper's text has; a tanh network trained by SGD (at 0.1, a rate of ours) stands beside it and
decides nothing. "Several" is at least two, "falls" is by half a bit; the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import score_finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, PLAIN_SGD, SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._findings import COMPRESS, FLAT
from infoscope.papers.saxe2018._layers import in_words, second_largest
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_VARIANTS: dict[str, dict[str, Any]] = {
    "the paper's formula": {"k": 2, "floor": 1e-16, "duplicates": "keep"},
    "1e-6 in place of 1e-16": {"k": 2, "floor": 1e-6, "duplicates": "keep"},
    "one of each repeated row": {"k": 2, "duplicates": "merge"},
}
_TANH = Claim(
    id="saxe2018/neighbour_entropy/tanh-falls",
    paper="saxe2018",
    where="figure 12",
    sentence="By nearest neighbours the entropy of several hidden tanh layers falls along training.",
    rule="the second largest of the five hidden layers' drops of H(T) after the peak of the mean curve ≥ 0.5 bits "
    "(shown wrong at ≤ 0.3 bits), with its whole 95 % interval over seeds",
    published="several tanh layers fall (figure 12)",
)
_RELU = Claim(
    id="saxe2018/neighbour_entropy/relu-stays",
    paper="saxe2018",
    where="figure 12",
    sentence="By nearest neighbours the entropy of no hidden ReLU layer falls along training.",
    rule="drop of H(T) after the peak of the mean curve ≤ 0.3 bits in all five hidden layers (shown wrong at ≥ 0.5 "
    "bits); each with its whole 95 % interval over seeds",
    published="no ReLU layer falls (figure 12)",
)


def _measures(preset: Preset) -> tuple[MeasurePlan, ...]:
    return tuple(
        MeasurePlan("kozachenko_leonenko", options, sites=HIDDEN, epochs=some_epochs(preset))
        for options in _VARIANTS.values()
    )


def _drops(rows: Rows, network: str, variant: MeasurePlan, criterion: Criterion) -> list[Finding]:
    entropy = variant.rows(rows, network).filter(quantity="H(T)")
    return [
        score_finding(f"drop of H(T) after its peak, {network} {layer}", criterion, entropy.filter(site=layer))
        for layer in HIDDEN
    ]


class NeighbourEntropy(Figure):
    """Entropy of the hidden layers by nearest neighbours on the 12-bit task, tanh and ReLU (E8)"""

    title = "Nearest-neighbour entropy on the 12-bit task"
    where = "figure 12"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        measures = _measures(preset)
        return {
            "tanh": boolean12_plan("tanh", preset, seeds, measures),
            "relu": boolean12_plan("relu", preset, seeds, measures),
            "tanh_sgd": boolean12_plan("tanh", preset, seeds, measures[:1], **PLAIN_SGD),
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        drops = {
            network: [_drops(rows, network, variant, criterion) for variant in _measures("paper")]
            for network, criterion in (("tanh", COMPRESS), ("relu", FLAT))
        }
        notes = {
            network: tuple(
                f"{name}: {text}" for name, each in zip(_VARIANTS, found, strict=True) for text in in_words(each)
            )
            for network, found in drops.items()
        }
        beside = in_words(_drops(rows, "tanh_sgd", _measures("paper")[0], COMPRESS))
        notes["tanh"] += tuple(f"plain SGD, the paper's formula: {text}" for text in beside)
        return [
            Judged(_TANH, (second_largest(drops["tanh"][0]),), notes["tanh"]),
            Judged(_RELU, tuple(drops["relu"][0]), notes["relu"]),
        ]
