"""What the figures on perturbed beginnings share: how long, under which schedules, and how arms compare.

The networks are those of :mod:`infoscope.papers.kleinman2021._digits` with ten outputs, of which the task uses
two, so that every arm starts from the same weights whatever its beginning is trained on. After its beginning every arm
trains on the task for the same number of epochs; an arm without one is the base.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np

from infoscope.claim.part import Statistic
from infoscope.claim.reading.curves import finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._digits import CLASSES, digits_plan, epochs_of_training, recorded
from infoscope.papers.kleinman2021._images import accuracy
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.recipe import Beginning, Disturbance

#: falling: rate x 0.97 each epoch from the start of all training, as the authors' code for critical periods has it, so
#: that a longer beginning is recovered from at a lower rate. restarted: the same from the end of the beginning.
BeginningSchedule = Literal["falling", "restarted", "steady"]
#: Epochs of a beginning as a share of those on the task: 10, 30 and 100 before 200.
LENGTHS = {"short": 0.05, "middle": 0.15, "long": 0.5}
#: By how much the accuracy over the course has to be less for the task to be learnt later.
SLOWER = Criterion(">=", 0.01, "fraction", fails_at=0.0)
_FALLING: dict[str, Any] = {"schedule": "exponential", "decay": 0.97}


def arm(schedule: BeginningSchedule, beginning: str = "", length: str = "long") -> str:
    """The name of a network, such as ``"blur_long_falling"``; the base has nothing to restart after."""
    if beginning:
        return f"{beginning}_{length}_{schedule}"
    return f"base_{'steady' if schedule == 'steady' else 'falling'}"


def arm_plan(
    preset: Preset,
    seeds: tuple[int, ...],
    schedule: BeginningSchedule,
    length: str = "",
    *,
    labels: str = "",
    inputs: Disturbance = "",
) -> NetworkPlan:
    """A beginning of some ``length`` (none: the base) with other labels or inputs, then 200 epochs on the task."""
    clean = epochs_of_training(preset, 32)
    begun = max(1, round(LENGTHS[length] * clean)) if length else 0
    title = f"the task alone, {schedule} rate"
    changes: dict[str, Any] = {} if schedule == "steady" else dict(_FALLING)
    if begun:
        title = f"{labels or inputs} for {begun} epochs, {schedule} rate"
        changes["beginning"] = Beginning(begun, labels, inputs, restart=schedule == "restarted")
    return digits_plan(
        title,
        preset,
        seeds,
        outputs=CLASSES,
        epochs=begun + clean,
        at=(0, *(begun + epoch for epoch in recorded(clean))),
        **changes,
    )


def on_the_task(mine: Rows, its: Rows) -> Rows:
    """The rows of an arm since it is trained on the task: for as many epochs as the base, whose rows are ``its``."""
    if not (len(mine) and len(its)):
        return mine
    epochs = mine.column("epoch")
    later = epochs[epochs >= epochs.max() - its.column("epoch").max()]
    return mine.filter(epoch=set(later.tolist()))


def apart_at_equal_accuracy(*curves: np.ndarray) -> np.ndarray:
    """How far two arms are apart where they are equally accurate: |first - second|.

    curves: what is compared and the accuracy, of the first arm, then of the second. Each arm is read at the first epoch
    at which it is as accurate as the less accurate of both is at the end.
    """
    first, first_accuracy, second, second_accuracy = curves
    level = np.minimum(last(first_accuracy), last(second_accuracy))[:, None]
    values = [
        np.take_along_axis(curve, (accuracy >= level).argmax(-1)[:, None], -1)[:, 0]
        for curve, accuracy in ((first, first_accuracy), (second, second_accuracy))
    ]
    return np.abs(values[0] - values[1])


def over_the_course(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far the first curve lies above the second in the mean over the recorded epochs on the task, early as late."""
    return (first - second).mean(-1)


def course_finding(name: str, criterion: Criterion, mine: Rows, its: Rows, *, less: bool = False) -> Finding:
    """:func:`over_the_course` of an arm and the base, each from where it is trained on the task.

    less: how far the arm lies below the base.
    """
    curves = (its, on_the_task(mine, its)) if less else (on_the_task(mine, its), its)
    return finding(name, criterion, over_the_course, *curves)


OVER_THE_COURSE = Statistic("{} in the mean over the recorded epochs on the task, arm less base,", course_finding)
LATER = Statistic(
    "{} in the mean over the recorded epochs on the task, base less arm,", partial(course_finding, less=True)
)


def kendall(*curves: np.ndarray) -> np.ndarray:
    """The rank correlation (tau) of where a member's curves end, arm after arm, with the arms' order ``[members]``."""
    ends = np.stack([last(curve) for curve in curves], -1)
    pairs = [(i, j) for j in range(ends.shape[-1]) for i in range(j)]
    return np.mean([np.sign(ends[:, j] - ends[:, i]) for i, j in pairs], axis=0)


def accuracies(rows: Rows) -> list[tuple[str, Rows]]:
    """The test accuracy of every network, by its name."""
    return [(f"{name}:", accuracy(name).of(rows)) for name in rows.unique("network")]
