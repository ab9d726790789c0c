"""Bins that adapt to a layer: do networks whose units do not saturate compress by them? (Chelombiev et al. 2019)

Paper: with bins that are placed anew at each step, so that each holds as many of a layer's distinct activities,
compression is seen in networks that do not saturate too, not in all of them, and more of it with weight decay
(Chelombiev, Houghton and O'Donnell, ICLR 2019). Our sentences are the three claims below, fixed before the first run:
by such bins the last hidden layer of a ReLU network compresses, as that of a tanh network does, and weight decay adds
to it.

    infoscope run saxe2018/adaptive_bins --preset laptop

The networks of figures 1A and 1B, and both with a weight decay of 1e-3; 30 bins of as many distinct values each, of all
units of a layer together, at every third of the recorded epochs. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too
short for a verdict). laptop: 16 seeds, about 3 minutes of CPU; paper: 50 seeds, 275 recorded epochs, half an hour.

Deviations: what the paper says is recalled and not read. Its tasks, networks and initial weights are others (this task
among them), and its weight decay is not known to us. Decay is added to the gradient of Adam, of weights and biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import LESS_DROP
from infoscope.core.claim import Claim, Criterion
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._parts import COMPRESS, drops, information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

DECAY = 1e-3
_LAST = HIDDEN[-1]
_WHERE = "Chelombiev et al. 2019 (not one of the three papers)"


def _claim(name: str, sentence: str, parts: Sequence[Part], published: str, controls: tuple[Part, ...] = ()) -> Claim:
    return Claim(
        id=f"saxe2018/adaptive_bins/{name}",
        origin="recalled",
        paper="saxe2018",
        where=_WHERE,
        sentence=sentence,
        parts=tuple(parts),
        published=f"{published} (from memory)",
        controls=controls,
    )


_TANH = _claim(
    "tanh-compresses",
    "By adaptive bins the last hidden layer of a tanh network compresses.",
    [drops([information("tanh", _LAST)], COMPRESS)],
    "compression in saturating networks",
)
_RELU = _claim(
    "relu-compresses-too",
    "By adaptive bins the last hidden layer of a ReLU network, which does not saturate, compresses too.",
    [drops([information("relu", _LAST)], COMPRESS)],
    "saturation is not required for compression; not every network compresses",
)
_MORE = _claim(
    "decay-adds",
    "Weight decay adds to the compression of the last hidden layer, with tanh and with ReLU.",
    [
        Part(
            "drop of I(X;T) with weight decay less without",
            {name: (information(f"{name}_decay", _LAST), information(name, _LAST)) for name in ("tanh", "relu")},
            LESS_DROP,
            Criterion(">=", nats(0.3), "nats", fails_at=nats(0.1)),
        )
    ],
    "L2 regularisation increases compression",
)


class AdaptiveBins(Figure):
    """Tanh and ReLU networks, with weight decay and without, by bins that adapt to each layer at each step

    >>> from infoscope.papers.saxe2018.adaptive_bins import AdaptiveBins
    >>> {name: plan.recipe.weight_decay for name, plan in AdaptiveBins().plan("laptop").items()}
    {'tanh': 0.0, 'relu': 0.0, 'tanh_decay': 0.001, 'relu_decay': 0.001}
    """

    title = "Bins that adapt to a layer"
    where = _WHERE
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 16, "paper": 50}
    claims = (_TANH, _RELU, _MORE)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = (MeasurePlan("binned", {"bins": 30, "form": "adaptive"}, HIDDEN, epochs=some_epochs(preset)),)
        plans = {name: boolean12_plan(name, preset, seeds, bins) for name in ("tanh", "relu")}
        for name in ("tanh", "relu"):
            plans[f"{name}_decay"] = boolean12_plan(
                name, preset, seeds, bins, title=f"weight decay {DECAY:g}", weight_decay=DECAY
            )
        return plans
