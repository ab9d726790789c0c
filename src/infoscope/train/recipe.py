"""How an ensemble is trained: plain values, so that they can be stored, compared and shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from infoscope.core import check
from infoscope.core.errors import InputError

Optimiser = Literal["adam", "sgd"]
Schedule = Literal["constant", "exponential", "steps", "cosine"]
Disturbance = Literal["", "blur", "flip", "noise"]
Augmentation = Literal["crop", "flip"]


@dataclass(frozen=True)
class Beginning:
    """What the first epochs of a training see in place of the task: a perturbation of its beginning.

    Attributes
    ----------
    epochs: how many. labels: the variable of the task that is trained on until then; ``"random"`` draws a label for
    each row once, ``"regrouped"`` deals the values of the task's finest variable to other groups; empty: those of the
    training. inputs: ``"blur"`` (images shrunk to a quarter and back, bilinearly), ``"flip"`` (upside down) or
    ``"noise"`` (in place of the inputs: normal, with each column's mean and standard deviation); empty: as they are.
    restart: the learning-rate schedule counts from the end of the beginning; else from the start of the training.
    """

    epochs: int
    labels: str = ""
    inputs: Disturbance = ""
    restart: bool = False

    def __post_init__(self) -> None:
        check.count(self.epochs, "epochs of the beginning")
        check.choice(self.inputs, get_args(Disturbance), "inputs of the beginning")
        if not self.labels and not self.inputs:
            raise InputError("a beginning came without labels and without inputs, wanted at least one that differs")


@dataclass(frozen=True)
class Recipe:
    """Everything about a training but the network, the task and the seeds.

    Attributes
    ----------
    epochs: passes over the training rows. learning_rate: at the start, see ``schedule``.
    batch: rows an update; None means full batch.
    optimiser: ``"adam"`` (beta 0.9, 0.999) or ``"sgd"``, with ``momentum``.
    train_fraction: of a task without a published split, which each member then draws for itself from its seed.
    train_rows: only the first so many training rows of a split; None means all.
    momentum: of SGD, as torch has it: v = momentum v + gradient; w = w - rate v.
    weight_decay: times the parameter, added to the gradient of every parameter (weights and biases).
    schedule: the learning rate over epochs: ``"constant"``; ``"exponential"``, times ``decay`` each epoch; ``"steps"``,
    times ``decay`` at each of ``milestones``; ``"cosine"``, half a cosine down to 0 at the end.
    orthonormality: after each update every weight matrix but the output's moves by W <- W - orthonormality (W Wᵀ W - W)
    (Cisse et al. 2017, Parseval networks, section 4). 0: not.
    augmentation: of image inputs, fresh for each row at each epoch: ``"crop"`` (shifted by up to an eighth of the
    side, zeros outside), ``"flip"`` (left to right, every second row).
    beginning: what the first epochs see in place of the task.
    """

    epochs: int
    learning_rate: float
    batch: int | None = 256
    optimiser: Optimiser = "adam"
    train_fraction: float = 0.8
    train_rows: int | None = None
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    decay: float = 1.0
    milestones: tuple[int, ...] = ()
    orthonormality: float = 0.0
    augmentation: tuple[Augmentation, ...] = ()
    beginning: Beginning | None = None

    def __post_init__(self) -> None:
        check.count(self.epochs, "epochs", 0)
        check.positive(self.learning_rate, "learning_rate")
        if self.batch is not None:
            check.count(self.batch, "batch")
        if self.train_rows is not None:
            check.count(self.train_rows, "train_rows", 2)
        check.choice(self.optimiser, get_args(Optimiser), "optimiser")
        check.choice(self.schedule, get_args(Schedule), "schedule")
        check.positive(self.decay, "decay")
        for each in self.augmentation:
            check.choice(each, get_args(Augmentation), "augmentation")
        if not 0 < self.train_fraction < 1:
            raise InputError(f"train_fraction is {self.train_fraction}, wanted a number between 0 and 1")
        if not 0 <= self.momentum < 1:
            raise InputError(f"momentum is {self.momentum}, wanted a number from 0 to below 1")
        for name in ("weight_decay", "orthonormality"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}, wanted a number of at least 0")
        if self.momentum and self.optimiser != "sgd":
            raise InputError(
                f"momentum is {self.momentum} and the optimiser {self.optimiser}, wanted sgd: Adam has its own"
            )
        if self.decay != 1 and self.schedule not in ("exponential", "steps"):
            raise InputError(f"decay is {self.decay} with a {self.schedule} schedule, wanted 'exponential' or 'steps'")
        if bool(self.milestones) != (self.schedule == "steps"):
            raise InputError(
                f"milestones are {self.milestones} with a {self.schedule} schedule, wanted them for 'steps'"
            )

    def batch_size(self, rows: int) -> int:
        """Rows of one update when there are ``rows`` training rows."""
        return rows if self.batch is None else min(self.batch, rows)

    def updates(self, epoch: int, rows: int) -> int:
        """Optimiser updates done after ``epoch`` epochs."""
        return epoch * -(-rows // self.batch_size(rows))

    def rate(self, epoch: int) -> float:
        """The learning rate during the epoch that begins after ``epoch`` epochs."""
        begun = self.beginning.epochs if self.beginning and self.beginning.restart else 0
        since, whole = (epoch - begun, self.epochs - begun) if epoch >= begun else (epoch, self.epochs)
        if self.schedule == "exponential":
            return self.learning_rate * self.decay**since
        if self.schedule == "steps":
            return self.learning_rate * self.decay ** sum(since >= milestone for milestone in self.milestones)
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, since / max(1, whole))))
        return self.learning_rate

    def begins(self, epoch: int) -> bool:
        """Whether the epoch that begins after ``epoch`` epochs is one of the perturbed beginning."""
        return self.beginning is not None and epoch < self.beginning.epochs
