"""E11 as figure 5 describes it: SGD on single examples against the full batch, at as much rate times updates.

Paper: the stochasticity of SGD does not cause compression: trained on single examples or on the full batch, tanh
networks compress and ReLU networks do not. Our sentence: at matched rate times updates the 3-unit tanh layer compresses
under single examples, minibatches and the full batch, under the last at least half as much as under the first, and
hidden ReLU layers stay flat.

    infoscope run saxe2018/single_example --preset laptop

Plain SGD in all arms: minibatches of 256 at 0.1; the full batch at 0.1 for as many updates; single examples at 0.01 for
ten times as many. So the three differ in the gradient's noise and in nothing else that a small rate leaves apart.
Hardware: 2 CPU cores. smoke: seconds (too short for a verdict). laptop: 8 seeds, 26 000 updates of a batch, under a
minute of CPU; long: 8 seeds, 104 000 updates, the length of figure 1A, about 2 minutes; paper: 50 seeds, a quarter
of an hour.

Deviations: the paper gives neither rates nor numbers of updates; softmax output; 8 seeds with their own 80 % splits in
place of one run. In saxe2018/full_batch the arms are Adam's and differ in rate and number of updates.
"""

from __future__ import annotations

from typing import Any, ClassVar

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import of_drops
from infoscope.core.claim import Claim, Criterion
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import COMPRESS, DROP_OF_INFORMATION, FLAT, drops, information
from infoscope.papers.saxe2018._quoted import FULL_BATCH
from infoscope.scanning.plan import NetworkPlan, Preset

ROWS = 3277  # training rows of a member
BATCH = 256
_PER_EPOCH = -(-ROWS // BATCH)  # updates of minibatches
#: Epochs of minibatches; the other arms follow from them.
_EPOCHS: dict[Preset, int] = {"smoke": 2, "laptop": 2000, "long": 8000, "paper": 8000}
_RATE, _SMALL_RATE = 0.1, 0.01
_ARMS = ("single", "mini", "full")
_HALF = "drop under the full batch minus half the drop under single examples"
_CLAIM = Claim(
    id="saxe2018/single_example/not-sgd",
    origin="published",
    quoted=FULL_BATCH,
    paper="saxe2018",
    where="figure 5",
    sentence="With single examples, minibatches or the full batch tanh networks compress; hidden ReLU layers never do.",
    parts=(
        drops([information(f"tanh_{arm}", "hidden5") for arm in _ARMS], COMPRESS),
        Part(
            _HALF,
            {"hidden5": (information("tanh_full", "hidden5"), information("tanh_single", "hidden5"))},
            of_drops(
                "drop of {} after the peak of its mean curve, tanh_full less half of that of tanh_single,", (1, -0.5)
            ),
            Criterion(">=", 0.0, "nats"),
        ),
        drops(
            [information(f"relu_{arm}", layer) for arm in _ARMS for layer in HIDDEN],
            FLAT,
            f"{DROP_OF_INFORMATION} where there should be none",
        ),
    ),
    headline=_HALF,
    published="tanh compresses under SGD and under full batch, ReLU under neither (figure 5)",
)


def _arm(arm: str, preset: Preset) -> dict[str, Any]:
    """What one arm changes of the recipe: as much rate times updates as minibatches have."""
    updates = _EPOCHS[preset] * _PER_EPOCH
    how: dict[str, tuple[str, int | None, float, int]] = {
        "single": ("single examples", 1, _SMALL_RATE, max(1, round(updates * _RATE / _SMALL_RATE / ROWS))),
        "mini": (f"minibatches of {BATCH}", BATCH, _RATE, _EPOCHS[preset]),
        "full": ("full batch", None, _RATE, updates),
    }
    title, batch, rate, epochs = how[arm]
    return {"title": title, "optimiser": "sgd", "batch": batch, "learning_rate": rate, "epochs": epochs}


class SingleExample(Figure):
    """Single examples, minibatches and the full batch by plain SGD at matched rate times updates (E11)

    >>> from infoscope.papers.saxe2018.single_example import ROWS, SingleExample
    >>> for name, plan in list(SingleExample().plan("long").items())[:3]:
    ...     updates = plan.recipe.updates(plan.recipe.epochs, ROWS)
    ...     print(name, plan.recipe.batch, updates, round(updates * plan.recipe.learning_rate, -2))
    tanh_single 1 1038809 10400.0
    tanh_mini 256 104000 10400.0
    tanh_full None 104000 10400.0
    """

    title = "Single examples against the full batch, plain SGD"
    where = "figure 5"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 8, "long": 8, "paper": 50}
    long = "8 seeds of 6 networks, 104 000 updates of a batch: about 2 minutes of CPU, 6 MB"
    claims = (_CLAIM,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            f"{activation}_{arm}": boolean12_plan(activation, preset, seeds, measures, **_arm(arm, preset))
            for activation, measures in (("tanh", (tanh_bins(),)), ("relu", relu_bins()))
            for arm in _ARMS
        }
