"""What the figures of linear networks share: a student's lesson as a computation along its training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from infoscope.claim.computation import Computation, Curve
from infoscope.core.quantity import Quantity
from infoscope.record.schedule import log_spaced
from infoscope.train.linear import Lesson

SQUARED_ERROR = Quantity("loss", "squared error", "Loss", "training")


def lesson_plan(
    title: str,
    curves: Callable[..., Iterable[Curve]],
    sites: tuple[str, ...],
    lesson: Lesson,
    epochs: int,
    seeds: tuple[int, ...],
) -> Computation:
    """``curves`` of the students that ``lesson`` teaches for ``epochs``, at 100 of them or fewer."""
    return Computation(
        title=title,
        curves=curves,
        sites=sites,
        at=log_spaced(epochs, 100),
        seeds=seeds,
        arguments=dataclasses.asdict(lesson),
        updates=lesson.updates,
        trains=True,
    )
