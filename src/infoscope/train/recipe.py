"""How an ensemble is trained: plain values, so that they can be stored, compared and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infoscope.core import check
from infoscope.core.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """Everything about a training but the network, the task and the seeds.

    Attributes
    ----------
    epochs: passes over the training rows. learning_rate: constant. batch: rows an update; None means full batch.
    optimiser: ``"adam"`` (beta 0.9, 0.999) or ``"sgd"`` (plain).
    train_fraction: of a task without a published split, which each member then draws for itself from its seed.
    train_rows: only the first so many training rows of a published split; None means all.
    """

    epochs: int
    learning_rate: float
    batch: int | None = 256
    optimiser: Literal["adam", "sgd"] = "adam"
    train_fraction: float = 0.8
    train_rows: int | None = None

    def __post_init__(self) -> None:
        check.count(self.epochs, "epochs", 0)
        check.positive(self.learning_rate, "learning_rate")
        if self.batch is not None:
            check.count(self.batch, "batch")
        if self.train_rows is not None:
            check.count(self.train_rows, "train_rows", 2)
        if self.optimiser not in ("adam", "sgd"):
            raise InputError(f"optimiser is {self.optimiser!r}, wanted 'adam' or 'sgd'")
        if not 0 < self.train_fraction < 1:
            raise InputError(f"train_fraction is {self.train_fraction}, wanted a number between 0 and 1")

    def batch_size(self, rows: int) -> int:
        """Rows of one update when there are ``rows`` training rows."""
        return rows if self.batch is None else min(self.batch, rows)

    def updates(self, epoch: int, rows: int) -> int:
        """Optimiser updates done after ``epoch`` epochs."""
        return epoch * -(-rows // self.batch_size(rows))
