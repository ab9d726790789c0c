"""Since when something is there: the first recorded step from which a curve stays over half its way up, and how sure.

A curve is what is read at each recorded step. Its control is what is read of the untrained network, and the excess the
curve less the control. Half of the largest excess is the height asked for; a maximum is less sure to be met than its
half, and a first significant step would come ever earlier with more rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.estimate import LEVEL
from infoscope.core.units import in_unit
from infoscope.kernels import draws
from infoscope.measure.intervals.groups import LEAST

DRAWS = 2000
FALLS = 2  # recorded steps below half again from which on something comes and goes
Since = Literal["since a step", "from the start", "comes and goes", "never"]


@dataclass(frozen=True)
class Onset:
    """The answer for one curve.

    since: ``"since a step"``; ``"from the start"``: the untrained network holds at least half of the largest value
        already; ``"comes and goes"``: after its first rise over half the curve is below it again at two recorded steps
        or more; ``"never"``: nowhere surely more than the untrained network.
    step: the first recorded step with at least half of the largest excess; ``after``: the recorded step before it, so
        that it began between the two. None where there is no such step.
    interval: steps between which it began in 95 % of the draws; the end is None where in some of them nothing rises.
        Also None with fewer than ten groups. resampled: ``"groups"``, or ``"groups and members"``.
    control, largest: nats of the untrained network, and the largest value of the curve.
    steps, values: the curve itself, means over members.
    """

    since: Since
    step: int | None
    after: int | None
    interval: tuple[int, int | None] | None
    resampled: str
    control: float
    largest: float
    steps: tuple[int, ...]
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = self.since
        if self.step is not None and self.since != "from the start":
            between = f"since step {self.step}" if self.after is None else f"between steps {self.after} and {self.step}"
            said = between if self.since == "since a step" else f"{self.since}, first {between}"
            if self.interval is not None:
                low, high = self.interval
                said += f" [{low}, {'never' if high is None else high}]"
        told = in_unit(f"{self.control:.4g} nats untrained, {self.largest:.4g} nats at most")
        return f"{said} ({told}{''.join(f'; {note}' for note in self.notes)})"


def onset(sums: np.ndarray, counts: np.ndarray, steps: Sequence[int], untrained: int = 0, seed: int = 0) -> Onset:
    """Since when, from what each group adds at each step.

    sums, counts: ``[members, steps, groups]``, of the same groups and rows at every step, so that steps are paired: the
    same groups are drawn for all of them. The probes are taken as they were fitted. steps: in order. untrained: the
    place of the step that is the control.

    Raises
    ------
    InputError: fewer than two steps, steps out of order, or rows that differ between steps.
    """
    members, length, groups = sums.shape
    if length < 2 or length != len(steps) or any(b <= a for a, b in pairwise(steps)):
        raise InputError(f"steps are {list(steps)[:6]}, wanted two or more that rise, one for each place of a curve")
    if not (counts == counts[:, :1]).all():
        raise InputError("the rows of a curve differ between steps, wanted the same groups at each: measure them anew")
    values = (sums.sum(2) / counts.sum(2)).mean(0)
    drawn = _drawn(sums, counts[:, 0], seed)
    excess, drawn_excess = values - values[untrained], drawn - drawn[:, untrained, None]
    later = np.arange(length) != untrained
    control, largest = float(values[untrained]), float(values.max())
    notes = () if groups >= LEAST else (f"{groups} groups, wanted at least {LEAST} for an interval",)
    notes += (f"{members} members, of which an interval over draws of members knows little",) if 1 < members < 5 else ()
    nowhere = Onset(
        "never", None, None, None, "groups" if members == 1 else "groups and members", control, largest,
        tuple(int(step) for step in steps), tuple(values.tolist()), notes,
    )  # fmt: skip
    if not _surely(values, drawn):
        return nowhere
    if control >= largest / 2:
        return replace(nowhere, since="from the start", step=int(steps[0]))
    if not _surely(excess[later], drawn_excess[:, later]):
        return nowhere
    place = int(_first(excess[None])[0])
    below = np.flatnonzero(excess[place:] < excess.max() / 2) + place
    if 0 < len(below) < FALLS:
        notes += (f"below half again at step {steps[below[0]]} alone",)
    return replace(
        nowhere,
        since="comes and goes" if len(below) >= FALLS else "since a step",
        step=int(steps[place]),
        after=int(steps[place - 1]) if place else None,
        interval=_interval(_first(drawn_excess), steps) if groups >= LEAST else None,
        notes=notes,
    )


def _drawn(sums: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
    """The curve of each draw ``[draws, steps]`` of groups, and of members where there are several."""
    members, length, groups = sums.shape
    random = np.random.Generator(draws.stream(seed))
    times = random.multinomial(groups, np.full(groups, 1 / groups), DRAWS).astype(float)
    whose = np.full((DRAWS, 1), 1.0)
    if members > 1:
        whose = random.multinomial(members, np.full(members, 1 / members), DRAWS) / members
    found = np.zeros((DRAWS, length))
    for member in range(members):
        found += whose[:, member, None] * (times @ sums[member].T) / np.maximum(times @ counts[member], 1)[:, None]
    return found


def _first(excess: np.ndarray) -> np.ndarray:
    """The first place of each curve ``[draws, steps]`` with at least half of its maximum; the number of steps of one
    that is never above 0."""
    largest = excess.max(1, keepdims=True)
    return np.where(largest[:, 0] > 0, (excess >= largest / 2).argmax(1), excess.shape[1])


def _surely(values: np.ndarray, drawn: np.ndarray) -> bool:
    """Whether the largest of ``values [s]`` is more than chance makes the largest of as many zeros (a maximum of
    Studentised differences over ``drawn [draws, s]``)."""
    spread = drawn.std(0)
    known = spread > 0
    if not known.any():
        return bool((values > 0).any())
    by_chance = ((drawn - values)[:, known] / spread[known]).max(1)
    return bool((values[known] / spread[known]).max() > np.quantile(by_chance, LEVEL))


def _interval(places: np.ndarray, steps: Sequence[int]) -> tuple[int, int | None]:
    """Between which steps it began in :data:`LEVEL` of the draws, from the step before the first to the last."""
    tail = (1 - LEVEL) / 2
    low, high = (int(np.quantile(places, q, method="inverted_cdf")) for q in (tail, 1 - tail))
    low = min(low, len(steps) - 1)
    return int(steps[max(low - 1, 0)]), None if high >= len(steps) else int(steps[high])
