"""E8, figure 12: entropy of the hidden layers by k-nearest neighbours along training, tanh and ReLU.

Paper: by the Kozachenko-Leonenko estimator (k = 2, 1e-16 added to each distance) the entropy of several tanh layers
falls along training, that of ReLU layers does not; up to a constant it is I(X;T) under noise that does not depend on
the layer's scale. Our sentences are the two claims below, for that formula.

    infoscope run saxe2018/neighbour_entropy --preset laptop

A row that repeats another adds d ln 1e-16 / n = -36.8 d / n nats to that formula, so where tanh units saturate to the
last bit or ReLU units die it counts repetitions as much as it measures a spread. Hence two variants are measured beside
it: 1e-6 in place of 1e-16, and one of each repeated row kept. They decide nothing; the notes say where they differ.
Measured at every third of the recorded epochs. Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 4
minutes; paper: 275 recorded epochs, about 12. The networks are those of figures 1A and 1B, and are taken over from
those runs where they lie in the same --out folder.

Deviations: those of figure 1A. Adam at 4e-4, which the released code has and the rules judge, saturates fewer layers
than plain SGD, which the paper's text has; a tanh network trained by SGD (at 0.1, a rate of ours) stands beside it and
decides nothing. "Several" is at least two, "falls" is by half a bit; the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.curves import (
    DROP,
)
from infoscope.claim.reading.layers import SECOND_LARGEST_DROP, in_words
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import LAYER_ENTROPY
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, PLAIN_SGD, SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    FLAT,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_VARIANTS: dict[str, dict[str, Any]] = {
    "the paper's formula": {"k": 2, "floor": 1e-16, "duplicates": "keep"},
    "1e-6 in place of 1e-16": {"k": 2, "floor": 1e-6, "duplicates": "keep"},
    "one of each repeated row": {"k": 2, "duplicates": "merge"},
}
_PAPERS = next(iter(_VARIANTS))
_DROP = "drop of H(T) after its peak"


def _layers(network: str, variant: str) -> list[Series]:
    """H(T) of every hidden layer by one variant of the formula."""

    def narrowed(rows: Rows) -> Rows:
        return MeasurePlan("kozachenko_leonenko", _VARIANTS[variant]).rows(rows, network)

    return [Series(LAYER_ENTROPY, network, layer, "by nearest neighbours", narrowed=narrowed) for layer in HIDDEN]


def _drops(rows: Rows, network: str, variant: str, criterion: Criterion) -> tuple[str, ...]:
    """The drops of one variant in words."""
    return in_words(findings_of([Part(_DROP, _layers(network, variant), DROP, criterion)], rows))


_TANH = Claim(
    id="saxe2018/neighbour_entropy/tanh-falls",
    origin="published",
    paper="saxe2018",
    where="figure 12",
    sentence="By nearest neighbours the entropy of several hidden tanh layers falls along training.",
    parts=(Part(f"second largest {_DROP}", {"": _layers("tanh", _PAPERS)}, SECOND_LARGEST_DROP, COMPRESS),),
    published="several tanh layers fall (figure 12)",
)
_RELU = Claim(
    id="saxe2018/neighbour_entropy/relu-stays",
    origin="published",
    paper="saxe2018",
    where="figure 12",
    sentence="By nearest neighbours the entropy of no hidden ReLU layer falls along training.",
    parts=(Part(_DROP, _layers("relu", _PAPERS), DROP, FLAT),),
    published="no ReLU layer falls (figure 12)",
)


def _measures(preset: Preset) -> tuple[MeasurePlan, ...]:
    return tuple(
        MeasurePlan("kozachenko_leonenko", options, sites=HIDDEN, epochs=some_epochs(preset))
        for options in _VARIANTS.values()
    )


class NeighbourEntropy(Figure):
    """Entropy of the hidden layers by nearest neighbours on the 12-bit task, tanh and ReLU (E8)

    >>> from infoscope.papers.saxe2018.neighbour_entropy import NeighbourEntropy
    >>> [str(measure.measurement.spelled) for measure in NeighbourEntropy().plan("laptop")["tanh"].measures]
    ['kozachenko_leonenko(k=2, floor=1e-16, duplicates=keep)', 'kozachenko_leonenko(k=2, floor=1e-06,
    duplicates=keep)', 'kozachenko_leonenko(k=2)']
    """

    title = "Nearest-neighbour entropy on the 12-bit task"
    where = "figure 12"
    seeds = SEEDS
    claims = (
        _TANH,
        _RELU,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        measures = _measures(preset)
        return {
            "tanh": boolean12_plan("tanh", preset, seeds, measures),
            "relu": boolean12_plan("relu", preset, seeds, measures),
            "tanh_sgd": boolean12_plan("tanh", preset, seeds, measures[:1], **PLAIN_SGD),
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        tanh, relu = (
            [f"{name}: {text}" for name in _VARIANTS for text in _drops(rows, network, name, criterion)]
            for network, criterion in (("tanh", COMPRESS), ("relu", FLAT))
        )
        beside = _drops(rows, "tanh_sgd", _PAPERS, COMPRESS)
        return {
            "tanh-falls": [*tanh, *(f"plain SGD, the paper's formula: {text}" for text in beside)],
            "relu-stays": relu,
        }
