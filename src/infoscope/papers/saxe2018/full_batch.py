"""E11, figure 5: minibatch SGD against full-batch gradient descent, tanh and ReLU.

Paper: the stochasticity of SGD does not cause compression: tanh networks trained on the full batch compress as well,
and ReLU networks compress under neither. Our sentence: the 3-unit tanh layer loses at least half as much under full
batch as under minibatches, and the hidden ReLU layers stay flat under both.

    infoscope run saxe2018/full_batch --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 5 minutes; paper: 275 recorded epochs, about 10. The
minibatch networks are those of figures 1A and 1B, and are taken over from those runs where they lie in the same --out
folder.

Deviations: those of figures 1A and 1B. Minibatches of 256 (section 2 of the paper), where the text of the figure
says single samples. Full batch takes Adam at 2e-3 for 20 000 updates, since one update an epoch at 4e-4 does not
learn the task; so the two differ in rate and number of updates as well as in noise, and "at least as much" would not
be a fair rule.
"""

from __future__ import annotations

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import (
    of_drops,
)
from infoscope.core.claim import Claim, Criterion
from infoscope.papers.saxe2018._boolean12 import HIDDEN, SEEDS, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import (
    FLAT,
    drops,
    information,
)
from infoscope.papers.saxe2018._quoted import FULL_BATCH
from infoscope.scanning.plan import NetworkPlan, Preset

_EPOCHS = {"smoke": 60, "laptop": 20_000, "paper": 20_000}
_NOT_SGD = Claim(
    id="saxe2018/full_batch/not-sgd",
    origin="published",
    quoted=FULL_BATCH,
    paper="saxe2018",
    where="figure 5",
    sentence="Compression does not need the noise of SGD: full-batch tanh networks compress, hidden ReLU layers never "
    "do.",
    parts=(
        Part(
            "drop under full batch minus half the drop under minibatches",
            {"hidden5": (information("tanh_full", "hidden5"), information("tanh", "hidden5"))},
            of_drops("drop of {} after the peak of its mean curve, tanh_full less half of that of tanh,", (1.0, -0.5)),
            Criterion(">=", 0.0, "nats"),
        ),
        drops([information(network, layer) for network in ("relu", "relu_full") for layer in HIDDEN], FLAT),
    ),
    headline="drop under full batch minus half the drop under minibatches",
    published="tanh compresses under both, ReLU under neither (figure 5)",
)


class FullBatch(Figure):
    """Full-batch against minibatch training on the 12-bit task: compression without SGD's noise (E11)

    >>> from infoscope.papers.saxe2018.full_batch import FullBatch
    >>> {name: (plan.recipe.batch, plan.recipe.epochs) for name, plan in FullBatch().plan("laptop").items()}
    {'tanh': (256, 8000), 'tanh_full': (None, 20000), 'relu': (256, 8000), 'relu_full': (None, 20000)}
    """

    title = "Full batch against minibatches on the 12-bit task"
    where = "figure 5"
    seeds = SEEDS
    claims = (_NOT_SGD,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for activation, measures in (("tanh", (tanh_bins(),)), ("relu", relu_bins())):
            plans[activation] = boolean12_plan(activation, preset, seeds, measures)
            plans[f"{activation}_full"] = boolean12_plan(
                activation,
                preset,
                seeds,
                measures,
                title="full batch",
                batch=None,
                learning_rate=2e-3,
                epochs=_EPOCHS[preset],
            )
        return plans
