"""Which estimator to use, from what was measured: no opinion enters here."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from infoscope.benchmark.cases import Subject
from infoscope.benchmark.results import Task, load
from infoscope.core import check
from infoscope.core.errors import InputError

REACH = 2.0  # doublings of n, dx or dy beyond the nearest measured problem that still count
FLOOR = 0.1  # nats: below it an error is compared with this and not with the truth
WORST = 2.0  # the loss of a task is no more: one wild answer does not decide alone
ENOUGH = 2  # comparable tasks an estimator must have met to be ranked


class Question(NamedTuple):
    """A problem to estimate I(X;Y) for: rows, columns, and whether Y is a label and X a symbol."""

    n: int
    dx: int
    dy: int = 1
    discrete_y: bool = False
    discrete_x: bool = False


class Candidate(NamedTuple):
    """An estimator on the comparable tasks.

    loss: its mean loss, weighted by nearness. The loss of a task is the error over the truth (over .1 nats where the
    truth is less), at most 2; an answer with a warning costs 1, as much as saying 0, or its loss where that is more; no
    answer costs 1. met: on how many of the comparable tasks it was measured; the rest count as for the middling
    estimator.
    """

    subject: Subject
    loss: float
    met: int
    median_error: float | None  # nats
    trusted: float
    covered: float | None
    cpu_seconds: float | None


@dataclass(frozen=True)
class Choice:
    """The estimator to use and what speaks for it.

    tasks: how many measured (source, n) were comparable; nearest, distance: the closest of them, and how many
    doublings of n, dx and dy it is away from what was asked.
    """

    question: Question
    candidates: tuple[Candidate, ...]
    tasks: int
    nearest: Task
    distance: float

    @property
    def best(self) -> Candidate:
        return self.candidates[0]

    @property
    def estimator(self) -> str:
        """The name to pass as ``estimator=``."""
        return self.best.subject.name

    @property
    def why(self) -> str:
        """The numbers in a sentence or three, for a person."""
        best, near = self.best, self.nearest
        text = (
            f"{best.subject.label}: over {self.tasks} comparable problems its mean loss is {best.loss:.0%} (the error "
            "as a share of the truth; an answer with a warning counts as no answer), "
            f"{best.trusted:.0%} of its answers came without a warning"
        )
        if best.covered is not None:
            text += f", {best.covered:.0%} of its 95 % intervals held the truth"
        if best.loss >= 1:
            text += ", so nothing that was measured is of use there: reduce the columns, or gather more rows"
        if len(self.candidates) > 1:
            second = self.candidates[1]
            text += f"; next is {second.subject.label} with {second.loss:.0%}"
        y = f"{near.dy} column{'s' * (near.dy > 1)}" if near.kind == "real" else "labels"
        text += f". The nearest measured problem is {near.source} (n={near.n}, {near.dx} columns against {y})"
        if self.distance == 0:
            return text + ", just as asked."
        warning = ", which is far: check the answer with calibrate=True" if self.distance > REACH else ""
        return text + f", {self.distance:.1f} doublings of n, dx and dy away{warning}."

    def __str__(self) -> str:
        return self.why


def choose(n: int, dx: int, dy: int = 1, *, discrete_y: bool = False, discrete_x: bool = False) -> Choice:
    """Which estimator of I(X;Y) to use for ``n`` rows, ``dx`` columns of X and ``dy`` of Y, by the benchmark's results.

    discrete_y: Y is a class label. discrete_x: X is one of a few symbols.

    Raises
    ------
    InputError: numbers below 1, or a kind of problem that was never measured. RunFolderError: no results were shipped.
    """
    question = Question(check.count(n, "n", 2), check.count(dx, "dx"), check.count(dy, "dy"), discrete_y, discrete_x)
    if discrete_y and dy != 1:
        raise InputError(f"dy is {dy} and y a label, wanted one column: number the combinations, and leave dy out")
    found = [task for task in load()[0] if task.who == "ours"]
    near = _comparable(found, question)
    if not near:
        raise InputError("no problem of this kind was measured: leave out --discrete-x, or add a source and run bench")
    ranked = rank(found, question)
    nearest = min(near, key=lambda task: _distance(task, question))
    return Choice(question, tuple(ranked), len({_place(t) for t in near}), nearest, _distance(nearest, question))


def rank(found: Sequence[Task], question: Question) -> list[Candidate]:
    """Our estimators, the best first, on the tasks comparable to ``question``."""
    near = _comparable([task for task in found if task.who == "ours"], question)
    weights = {_place(task): 2.0 ** -_distance(task, question) for task in near}
    losses: dict[tuple[str, int], dict[Subject, float]] = defaultdict(dict)
    of: dict[Subject, list[Task]] = defaultdict(list)
    for task in near:
        losses[_place(task)][task.subject] = _loss(task)
        of[task.subject].append(task)
    middle = {place: float(np.median(list(here.values()))) for place, here in losses.items()}
    total = sum(weights.values())
    enough = min(ENOUGH, max(map(len, of.values()), default=0))
    candidates = []
    for subject, met in of.items():
        if len(met) >= enough:
            loss = sum(weights[p] * losses[p].get(subject, middle[p]) for p in weights) / total
            candidates.append(_candidate(subject, loss, met))
    return sorted(candidates, key=lambda one: (one.loss, one.cpu_seconds or 0.0))


def _candidate(subject: Subject, loss: float, met: Sequence[Task]) -> Candidate:
    errors = [task.error for task in met if task.error is not None]
    seconds = [task.cpu_seconds for task in met if task.cpu_seconds is not None]
    intervals = sum(task.intervals for task in met)
    return Candidate(
        subject,
        loss,
        len(met),
        float(np.median(errors)) if errors else None,
        float(np.mean([task.trusted for task in met])),
        sum(task.covered for task in met) / intervals if intervals else None,
        float(np.median(seconds)) if seconds else None,
    )


def _loss(task: Task) -> float:
    if task.error is None:
        return 1.0
    loss = min(task.error / max(task.truth, FLOOR), WORST)
    return task.trusted * loss + (1 - task.trusted) * max(loss, 1.0)


def _comparable(found: Sequence[Task], question: Question) -> list[Task]:
    """The tasks of the same kind that are nearest, and those at most :data:`REACH` further away."""
    kind = "labels" if question.discrete_y else "real"
    alike = [t for t in found if t.kind == kind and ("discrete" in t.tags) == question.discrete_x]
    if not alike:
        return []
    within = min(_distance(task, question) for task in alike) + REACH
    return [task for task in alike if _distance(task, question) <= within]


def _distance(task: Task, question: Question) -> float:
    """Doublings of n, dx and dy between the two, added up."""
    return sum(abs(math.log2(getattr(task, name) / getattr(question, name))) for name in ("n", "dx", "dy"))


def _place(task: Task) -> tuple[str, int]:
    return task.source, task.n
