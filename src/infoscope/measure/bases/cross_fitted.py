"""Estimators whose models are trained on some folds of the rows and read on the others: options, checks, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status
from infoscope.core.measurement import Cost
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.critics.training import TrainingSchedule
from infoscope.measure.intervals.groups import Groups

LEAST, LEAST_GROUPS = 20, 4  # rows
VALIDATION = 0.15  # of the rows that are not held out
FEW = 3000  # rows; with fewer, five folds instead of three
GAP = 0.1  # nats between the rows trained on and those held out that are worth a note
LATE = 0.02  # nats: what the second half of the updates may add
NOT_FINITE = Doubt(Status.NOT_CONVERGED, "training left the finite numbers: lower learning_rate")
QUANTILE = 1.959963984540054  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class CrossFitted(Estimator):
    """Base of the critics and of the difference of entropies."""

    width: int = 64
    depth: int = 2
    learning_rate: float = 0.01
    weight_decay: float = 0.1
    batch: int = 256
    steps: int = 600
    patience: int = 6
    folds: int | None = None
    seed: int = 0

    grouped: ClassVar[str] = "own"
    least_batch: ClassVar[int] = 1

    def cost(self, n: int, d: int, k: int) -> Cost:
        update = 2e-4 + 3.5e-10 * self.batch * self.width * (2 * d + k + self.width * self.depth)
        reading = n * (5e-5 + 1.6e-6 * d + 1e-5 * min(k, 20))
        return Cost(3e-2 + self._folds(n) * self.steps * update + reading, 4e6 + 56.0 * n * d)

    def _check(self) -> None:
        least = {"width": 1, "depth": 1, "batch": self.least_batch, "steps": 1, "patience": 1, "seed": 0}
        for name, fewest in least.items():
            check.count(getattr(self, name), f"{name} of {self.id}", fewest)
        check.between(self.learning_rate, 1e-30, 1e3, f"learning_rate of {self.id}")
        if self.weight_decay < 0:
            raise InputError(f"weight_decay of {self.id} is {self.weight_decay}, wanted a number of at least 0")
        if self.folds is not None:
            check.count(self.folds, f"folds of {self.id}", 2)

    @property
    def _schedule(self) -> TrainingSchedule:
        return TrainingSchedule(self.learning_rate, self.batch, self.steps, self.patience, self.weight_decay, self.seed)

    def _folds(self, n: int, groups: Groups | None = None) -> int:
        folds = self.folds or (5 if n < FEW else 3)
        return folds if groups is None else min(folds, groups.count)

    def _must_be_enough(self, n: int, groups: Groups | None) -> None:
        """Refuse fewer rows than folds and training need, and fewer groups than training, stopping and reading."""
        folds = self._folds(n)
        if n < max(LEAST, 2 * folds):
            raise InputError(
                f"{n} rows arrived, {self.id} wants at least {max(LEAST, 2 * folds)} to train on some and judge on "
                f"others: pass more samples{f' or fewer folds than {folds}' if folds > 5 else ''}"
            )
        if groups is not None and groups.count < LEAST_GROUPS:
            raise InputError(
                f"the rows are of {groups.count} groups, {self.id} wants at least {LEAST_GROUPS} to train on some, "
                "stop on others and judge on others: pass rows of more groups"
            )


def first_doubts(value: float, late: float, gap: float) -> list[Doubt]:
    """What any trained model says of itself: still improving, or much better on the rows it was trained on."""
    doubts = []
    if late > LATE:
        added = f"the second half of the updates still added {late:.2g} nats: raise steps"
        doubts.append(Doubt(Status.NOT_CONVERGED, added))
    if gap > GAP:
        status = Status.UNDERSAMPLED if gap > value else Status.OK
        doubts.append(Doubt(status, f"{gap:.2g} nats more on the rows trained on than on those held out"))
    return doubts
