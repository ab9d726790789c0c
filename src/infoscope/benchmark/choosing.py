"""Which estimator to use, from what was measured: no opinion enters here."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from infoscope.benchmark.cases import Subject, ours
from infoscope.benchmark.results import SourceResult, load, repeated
from infoscope.core import check
from infoscope.core.errors import InputError, old_word
from infoscope.core.estimate import Estimate

REACH = 2.0  # doublings: problems so much further than the nearest still count, and so much harder than any do not
FLOOR = 0.1  # nats: below it an error is compared with this and not with the truth
WORST = 2.0  # a loss is no more: one wild answer does not decide alone
ENOUGH = 5  # comparable problems that one must have met to be ranked, or half of them, weighted by nearness
NOTHING = 1.0  # the loss of saying nothing
POOR = 0.5  # a loss from which on the name comes with a warning


class Question(NamedTuple):
    """A problem to estimate I(X;Y) for: rows, columns, whether Y is a label and X a symbol, whether rows repeat."""

    n: int
    dx: int
    dy: int = 1
    discrete_y: bool = False
    discrete_x: bool = False
    ties: bool = False

    @property
    def kind(self) -> str:
        return "labels" if self.discrete_y else "real"


class Candidate(NamedTuple):
    """An estimator on the comparable problems.

    answers: what its number is to I(X;Y), "the question" or a bound on a side. loss: its mean loss, weighted by
    nearness; on problems that it did not meet, as it stands beside others on those that it did. The loss of a
    problem is the error over the truth (over .1 nats where the truth is less), at most 2; an answer with a warning
    costs 1, as much as saying 0, or its loss where that is more; no answer costs 1. met: on how many of the comparable
    problems it was measured. trusted: share of answers without a warning. covered: share of stated 95 % intervals that
    held I(X;Y), which those of a bound need not do.
    """

    subject: Subject
    answers: str
    loss: float
    met: int
    median_error: float | None  # nats
    trusted: float
    covered: float | None
    cpu_seconds: float | None

    @property
    def label(self) -> str:
        """Its name, and the side where it is a bound."""
        return self.subject.label if self.answers == "the question" else f"{self.subject.label}, {self.answers}"


class Unmeasured(NamedTuple):
    """Who answers the question but was not ranked, and on how many of the comparable problems it was measured."""

    subject: Subject
    answers: str
    met: int


@dataclass(frozen=True)
class Choice:
    """The estimator to use and what speaks for it.

    candidates: who answers the question, or bounds it from a stated side, the best first; unmeasured: who would too,
    but met too few of the problems. problems: how many measured (source, n) were comparable; nearest: the closest of
    them. nothing: why none is named, or "".
    """

    question: Question
    candidates: tuple[Candidate, ...]
    unmeasured: tuple[Unmeasured, ...]
    problems: int
    nearest: SourceResult | None
    nothing: str = ""

    @property
    def tasks(self) -> int:
        """``problems``, by its older name."""
        old_word("Choice.tasks", "Choice.problems")
        return self.problems

    @property
    def best(self) -> Candidate | None:
        """The first candidate, None where none is to be named."""
        return None if self.nothing else self.candidates[0]

    @property
    def estimator(self) -> str | None:
        """The name with its options, to pass as ``estimator=``; None where none is to be named."""
        return self.best.subject.label if self.best else None

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; ``estimator`` is None where none is named."""
        near = self.nearest
        return {
            "estimator": self.estimator,
            "why": self.why,
            "question": self.question._asdict(),
            "problems": self.problems,
            "nearest": near and {name: getattr(near, name) for name in ("source", "n", "dx", "dy", "kind")},
            "candidates": [{**one._asdict(), "subject": one.subject._asdict()} for one in self.candidates],
            "unmeasured": [{**one._asdict(), "subject": one.subject._asdict()} for one in self.unmeasured],
        }

    def measure(self, x: Any, y: Any, **more: Any) -> Estimate:
        """What :func:`infoscope.mutual_information` says with the estimator chosen; ``more``: its other arguments.

        Raises
        ------
        InputError: none was chosen, or unusable data.
        """
        from infoscope.measure.questions.information import mutual_information

        if self.estimator is None:
            raise InputError(f"no estimator was chosen to measure with: {self.nothing}")
        return mutual_information(x, y, estimator=self.estimator, **more)

    @property
    def why(self) -> str:
        """The numbers in a few sentences, for a person."""
        if self.best is None:
            return f"none: {self.nothing}"
        return " ".join([self._of_the_best(self.best), *self._of_the_nearest(), *self._of_the_unmeasured()])

    def _of_the_best(self, best: Candidate) -> str:
        text = (
            f"{best.label}: over {best.met} of {self.problems} comparable problems its mean loss is {best.loss:.0%} "
            "(the error as a share of the truth; an answer with a warning counts as no answer), "
            f"{best.trusted:.0%} of its answers came without a warning"
        )
        if best.covered is not None and best.answers == "the question":
            text += f", {best.covered:.0%} of its 95 % intervals held I(X;Y)"
        if len(self.candidates) > 1:
            second = self.candidates[1]
            text += f"; next is {second.label}, with {second.loss:.0%}"
        if best.loss >= POOR:
            text += ". That is poor: mostly it warns or is far off there; more rows help, or fewer columns"
        return text + "."

    def _of_the_nearest(self) -> Iterator[str]:
        if (near := self.nearest) is None:
            return
        asked, y = self.question, "labels" if near.kind == "labels" else _columns(near.dy)
        apart = [
            f"{words} {getattr(near, name)} where you have {getattr(asked, name)}"
            for name, words in (("n", "its rows are"), ("dx", "its columns of X"), ("dy", "its columns of Y"))
            if getattr(near, name) != getattr(asked, name)
        ]
        told = f"The nearest measured problem is {near.source} (n={near.n}, {_columns(near.dx)} against {y})"
        yield f"{told}: {', '.join(apart)}." if apart else f"{told}, just as asked."
        if near.ties != asked.ties and not asked.discrete_x:
            which = "Rows of yours repeat and none of its rows" if asked.ties else "Its rows repeat and yours do not"
            yield f"{which}, as nothing nearer was measured: look at the status, and at calibrate=True."
        elif _distance(near, asked) > REACH:
            yield "That is far: check the answer with calibrate=True."

    def _of_the_unmeasured(self) -> Iterator[str]:
        if self.unmeasured:
            named = (f"{one.subject.label} met {one.met or 'none'}" for one in self.unmeasured)
            yield f"Not ranked, having met too few of the {self.problems}: {', '.join(named)}."

    def __str__(self) -> str:
        return self.why


def choose(
    x: Any = None,
    y: Any = None,
    *,
    n: int | None = None,
    dx: int | None = None,
    dy: int = 1,
    discrete_y: bool = False,
    discrete_x: bool = False,
    ties: bool = False,
) -> Choice:
    """Which estimator of I(X;Y) to use, by the benchmark's results: ``choose(x, y)``, or ``choose(n=5000, dx=64)``.

    Only estimators are named that answer the question or bound it from a side that they state. ``choice.measure(x, y)``
    measures with the one chosen, ``choice.estimator`` is its name with its options, ``choice.why`` says why.

    x, y: the rows, as for :func:`infoscope.mutual_information`; everything else is read from them.
    n: rows. dx, dy: columns of X and of Y. discrete_y: Y is a class label. discrete_x: X is one of a few symbols.
    ties: rows of X, or of Y where it is real, repeat.

    Raises
    ------
    InputError: numbers below 1, or data and numbers at once. RunFolderError: no results were shipped.
    """
    if x is not None or y is not None:
        if x is None or y is None or isinstance(x, (int, float)) or n is not None or dx is not None:
            raise InputError("wanted choose(x, y) with rows of both, or numbers by name, as in choose(n=5000, dx=64)")
        return answer(load()[0], question_of(x, y))
    if n is None or dx is None:
        raise InputError("n or dx is missing, wanted rows of X and of Y, or both numbers: choose(n=5000, dx=64)")
    if discrete_y and dy != 1:
        raise InputError(f"dy is {dy} and y a label, wanted one column: number the combinations, and leave dy out")
    sizes = check.count(n, "n", 2), check.count(dx, "dx"), check.count(dy, "dy")
    return answer(load()[0], Question(*sizes, discrete_y, discrete_x, ties))


def question_of(x: Any, y: Any) -> Question:
    """The question that rows ``x`` and ``y`` are: their numbers, kinds, and whether rows repeat.

    X is one of few symbols where its columns are whole numbers or words, and its distinct rows are at most the root of
    how many rows there are.
    """
    from infoscope.measure.bases.estimator import is_labels

    check.paired(x=x, y=y)
    kind = check.on_cpu(check.array(x, "x")).dtype.kind
    labels = is_labels(y)
    x = check.symbols(x, "x") if kind in "US" else check.on_cpu(check.representation(x, "x"))
    y = check.labels(y, len(x), "y")[:, None] if labels else check.on_cpu(check.representation(y, "y"))
    if len(x) != len(y):
        raise InputError(f"x has {len(x)} rows and y has {len(y)}, wanted as many: pass the same samples to both")
    symbols = kind in "iubUS" and len(np.unique(x, axis=0)) <= math.sqrt(len(x))
    ties = not symbols and repeated(x, *(() if labels else (y,)))
    return Question(check.count(len(x), "rows", 2), x.shape[1], 1 if labels else y.shape[1], labels, symbols, ties)


def answer(found: Sequence[SourceResult], question: Question) -> Choice:
    """The choice that the results ``found`` give."""
    near = comparable(found, question)
    ranked = tuple(rank(found, question))
    named = {candidate.subject for candidate in ranked}
    met = {subject: sum(each.subject == subject for each in near) for subject in _able(question)}
    unmeasured = tuple(Unmeasured(s, s.answers, met[s]) for s in met if s not in named)
    nearest = min(near, key=lambda each: (_distance(each, question), each.source), default=None)
    places = len({_place(t) for t in near})
    return Choice(question, ranked, unmeasured, places, nearest, _nothing(near, ranked, question))


def _nothing(near: Sequence[SourceResult], ranked: Sequence[Candidate], question: Question) -> str:
    """Why none of ``ranked`` is to be named, and what would help, or "" where the first of them is."""
    if not near:
        return "no problem of this kind was measured: leave out discrete_x, or add a source and run `infoscope bench`"
    if min(_harder(each, question) for each in near) > REACH:
        least = min(near, key=lambda each: _harder(each, question))
        return (
            f"nothing was measured on so few rows ({question.n}) of so many columns ({question.dx} and {question.dy}): "
            f"{least.source}, with n={least.n} and {least.dx} columns of X, is the hardest of this kind. More rows "
            "help, or fewer columns (what is left of X bounds I(X;Y) from below, since no map makes information)"
        )
    if not ranked:
        return (
            "nobody who answers the question met enough of the comparable problems: run `infoscope bench` for more time"
        )
    if ranked[0].loss > NOTHING - 1e-6:
        return (
            f"the best that was measured, {ranked[0].subject.label}, is no better there than saying nothing (loss "
            f"{ranked[0].loss:.0%}): gather more rows, or reduce the columns, which bounds I(X;Y) from below"
        )
    return ""


def rank(found: Sequence[SourceResult], question: Question) -> list[Candidate]:
    """Who answers the question or bounds it, the best first, on what is comparable to ``question``."""
    near = comparable(found, question)
    weights = {_place(each): 2.0 ** -_distance(each, question) for each in near}
    total = sum(weights.values())
    of: dict[Subject, dict[tuple[str, int], SourceResult]] = defaultdict(dict)
    for each in near:
        of[each.subject][_place(each)] = each
    able = set(_able(question))
    enough = {
        subject: met
        for subject, met in of.items()
        if subject in able and (len(met) >= ENOUGH or sum(weights[place] for place in met) >= total / 2)
    }
    losses = _levels({s: {p: _loss(t) for p, t in met.items()} for s, met in enough.items()}, weights)
    candidates = [_candidate(subject, losses[subject], list(met.values())) for subject, met in enough.items()]
    return sorted(candidates, key=lambda one: (one.loss, one.cpu_seconds or 0.0))


def _levels(
    losses: dict[Subject, dict[tuple[str, int], float]], weights: dict[tuple[str, int], float]
) -> dict[Subject, float]:
    """Each subject's weighted mean loss over all places that anybody met.

    Where it was not measured its loss is foretold by least squares: loss = level of the subject + level of the place.
    So who met only easy places is not the better for it, nor who met only hard ones the worse.
    """
    subjects, places = list(losses), sorted({place for met in losses.values() for place in met})
    if not subjects:
        return {}
    seen = np.array([[losses[s].get(p, np.nan) for p in places] for s in subjects])
    rows, columns = np.nonzero(~np.isnan(seen))
    nearness = np.array([weights[place] for place in places])
    root = np.sqrt(nearness[columns])
    design = np.zeros((len(rows), sum(seen.shape)))
    design[np.arange(len(rows)), rows] = design[np.arange(len(rows)), len(subjects) + columns] = root
    level = np.linalg.lstsq(design, root * seen[rows, columns], rcond=None)[0]
    foretold = np.clip(level[: len(subjects), None] + level[len(subjects) :], 0.0, WORST)
    whole = np.where(np.isnan(seen), foretold, seen) @ nearness / nearness.sum()
    return dict(zip(subjects, whole.tolist(), strict=True))


def _able(question: Question) -> list[Subject]:
    """Who answers such a question, or bounds it, by the facts that estimators state."""
    found = []
    for subject in ours():
        facts = subject.facts
        takes_x = question.discrete_x or "real" in facts.get("first", ("real",))
        if subject.answers != "another question" and takes_x and question.kind in facts.get("second", ("labels",)):
            found.append(subject)
    return found


def _candidate(subject: Subject, loss: float, met: Sequence[SourceResult]) -> Candidate:
    errors = [each.error for each in met if each.error is not None]
    seconds = [each.cpu_seconds for each in met if each.cpu_seconds is not None]
    intervals = sum(each.intervals for each in met)
    return Candidate(
        subject,
        subject.answers,
        loss,
        len(met),
        float(np.median(errors)) if errors else None,
        float(np.mean([each.trusted for each in met])),
        sum(each.covered for each in met) / intervals if intervals else None,
        float(np.median(seconds)) if seconds else None,
    )


def _loss(each: SourceResult) -> float:
    if each.error is None:
        return NOTHING
    loss = min(each.error / max(each.truth, FLOOR), WORST)
    return each.trusted * loss + (1 - each.trusted) * max(loss, NOTHING)


def comparable(found: Sequence[SourceResult], question: Question) -> list[SourceResult]:
    """Ours of the same kind that are nearest, and those at most :data:`REACH` further away.

    Rows repeat in all of them or in none, as in the question, unless none such is within reach.
    """
    alike = [
        each
        for each in found
        if each.who == "ours" and each.kind == question.kind and ("discrete" in each.tags) == question.discrete_x
    ]
    if not question.discrete_x:
        same = [each for each in alike if each.ties == question.ties]
        if any(_harder(each, question) <= REACH for each in same):
            alike = same
    if not alike:
        return []
    within = min(_distance(each, question) for each in alike) + REACH
    return [each for each in alike if _distance(each, question) <= within]


def _distance(each: SourceResult, question: Question) -> float:
    """Doublings of n, dx and dy between the two, added up."""
    return sum(abs(math.log2(getattr(each, name) / getattr(question, name))) for name in ("n", "dx", "dy"))


def _harder(each: SourceResult, question: Question) -> float:
    """By how many doublings the question is harder: fewer rows, and more columns than more rows pay for."""
    rows = math.log2(question.n / each.n)
    columns = math.log2(question.dx * question.dy / (each.dx * each.dy))
    return max(0.0, -rows) + max(0.0, columns - max(0.0, rows))


def _columns(number: int) -> str:
    return f"{number} column{'s' * (number > 1)}"


def _place(each: SourceResult) -> tuple[str, int]:
    return each.source, each.n
