"""The experiment of coarse and fine labels on a small task: which half of the digits, and which digit.

Networks see 8 x 8 pixels and are trained to tell digits from five on from those below. That label is relevant; which
digit of its half it is, is fine information that the task has no use for.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from infoscope.core.units import nats
from infoscope.papers.kleinman2021._images import QUICK, LabelChain
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

DIGITS = LabelChain("digit", "high", nats(1.0))  # 901 and 896 of the digits: one bit up to 1e-5
HIDDEN = ("hidden1", "hidden2", "hidden3")
LAST = HIDDEN[-1]
CLASSES = 10  # outputs where some arm is trained on the digit, so that all arms start from the same weights
HIGH, LOW, DECAY = 0.2, 0.0125, 2e-3  # learning rates, and the weight decay
#: Epochs by batch size, for 898 training rows: 5800 updates with each (113, 29 and 8 an epoch; 5763 with batch 8).
EPOCHS = {8: 51, 32: 200, 128: 725}
SMOKE = {8: 1, 32: 2, 128: 7}
SEEDS: dict[str, int] = {"smoke": 2, "laptop": 8, "paper": 50}
POINTS = 11


def epochs_of_training(preset: Preset, batch: int) -> int:
    return (SMOKE if preset == "smoke" else EPOCHS)[batch]


def recorded(epochs: int) -> tuple[int, ...]:
    """About :data:`POINTS` epochs from 0 to ``epochs``, dense at first, and two more near the end, a mean of three."""
    return tuple(sorted({*log_spaced(epochs, POINTS), *(round(share * epochs) for share in (0.95, 0.975))}))


def digits_plan(
    title: str,
    preset: Preset,
    seeds: tuple[int, ...],
    *,
    rate: float = HIGH,
    weight_decay: float = DECAY,
    batch: int = 32,
    outputs: int = 2,
    trained_on: str = "",
    epochs: int | None = None,
    at: tuple[int, ...] = (),
    also: tuple[int, ...] = (),
    probes: dict[str, Any] = QUICK,
    **changes: Any,
) -> NetworkPlan:
    """64-128-64-32 with ReLU and plain SGD, probed at its last hidden layer on the test rows.

    epochs: in place of those that make 5800 updates. at: the recorded epochs, in place of about :data:`POINTS`; also:
    epochs besides, where training gets there. probes: options of ``usable_information``. changes: to the recipe.
    """
    epochs = epochs or epochs_of_training(preset, batch)
    recipe = dataclasses.replace(Recipe(epochs, rate, batch, "sgd", weight_decay=weight_decay), **changes)
    return NetworkPlan(
        title=title,
        task="digits",
        network=FullyConnected((64, 128, 64, 32, outputs), "relu", "glorot_uniform"),
        recipe=recipe,
        seeds=seeds,
        epochs=tuple(sorted({*(at or recorded(epochs)), *(epoch for epoch in also if epoch <= epochs)})),
        measures=(DIGITS.measure((LAST,), probes),),
        evaluate="test",
        trained_on=trained_on,
    )
