"""What the figures on two groups of CIFAR-100 superclasses share: network, presets and trainings.

Networks see photographs of ten superclasses and are trained to tell the five made ones from the five living ones. That
label is relevant; which superclass of its group it is, is fine information that the task has no use for.
"""

from __future__ import annotations

from infoscope.core.units import nats
from infoscope.papers.kleinman2021._images import QUICK, LabelChain
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.recipe import Beginning, Recipe

GROUPS = LabelChain("superclass", "made", nats(1.0))
LAST, FIRST = "features", "block1"
HIGH, LOW = 0.1, 0.03
BATCH, MOMENTUM, DECAY = 64, 0.9, 5e-4
POINTS = 10
#: Training rows, the first of 25 000.
ROWS: dict[Preset, int] = {"smoke": 64, "laptop": 2000, "long": 8000, "paper": 25_000}
#: Test rows that are measured, the first of 5000.
TESTED: dict[Preset, int | None] = {"smoke": 100, "laptop": None, "long": None, "paper": None}
#: Epochs by rate: as much rate times updates with either.
EPOCHS: dict[Preset, dict[float, int]] = {
    "smoke": {HIGH: 1, LOW: 2},
    "laptop": {HIGH: 12, LOW: 40},
    "long": {HIGH: 60, LOW: 200},
    "paper": {HIGH: 30, LOW: 100},
}
SEEDS: dict[str, int] = {"smoke": 2, "laptop": 2, "long": 3, "paper": 5}
#: Ten outputs, of which the task uses two, so that what begins with other labels starts from the same weights.
NETWORK = Convolutional("small_resnet", classes=10)


def groups_plan(
    title: str, preset: Preset, seeds: tuple[int, ...], rate: float, beginning: Beginning | None = None
) -> NetworkPlan:
    """A small ResNet, SGD with momentum 0.9 and a constant rate, probed before its output on test rows.

    beginning: then the epochs of the rate follow on the task, and are recorded from its end on.
    """
    clean, begun = EPOCHS[preset][rate], beginning.epochs if beginning else 0
    recipe = Recipe(
        begun + clean, rate, BATCH, "sgd", train_rows=ROWS[preset], momentum=MOMENTUM, weight_decay=DECAY,
        beginning=beginning,
    )  # fmt: skip
    ends = tuple(sorted({0, begun, begun + clean}))
    return NetworkPlan(
        title=title,
        task="cifar100_groups",
        network=NETWORK,
        recipe=recipe,
        seeds=seeds,
        epochs=tuple(sorted({0, *(begun + epoch for epoch in log_spaced(clean, POINTS))})),
        measures=(
            GROUPS.measure((LAST,), QUICK),
            GROUPS.measure((FIRST,), QUICK, epochs=ends),
        ),
        evaluate="test",
        evaluate_rows=TESTED[preset],
    )
