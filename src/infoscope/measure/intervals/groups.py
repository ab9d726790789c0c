"""Groups: rows that belong together (tokens of a text, frames of a film, copies of one input).

A group is never on both sides of a split, and an interval counts it once. Rows of a group may be as alike as they like;
groups are taken to be independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status, remark
from infoscope.core.shapes import ArrayLike
from infoscope.kernels import draws
from infoscope.measure.intervals.student import standard_errors

LEAST = 10  # groups below which no interval is given
MOST = 0.5  # share of the rows beyond which one group decides everything
RARE = 20  # groups in which every class should occur
FEW_FREEDOM = 4.0  # degrees of freedom below which an interval is worth a note
WIDER = 1.5  # times the variance that independent rows give a mean: 95 % become 89 %
SERIAL = 0.2  # the correlation of a first-order series that does so
SURE = 4.0  # standard errors of that correlation beyond which it is no chance
FAR_WIDER = 2.5  # times that variance, which twenty means of independent rows seem to have 3 times in 10 000
STRETCHES = 20  # of rows that follow each other, whose means tell how a mean scatters
ALIKE = 2.0  # standard errors of a correlation of neighbouring rows from which on rows are taken for a series


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group ``ids [n]`` each row is of, numbered 0..G-1 as they first appear."""

    ids: np.ndarray

    @classmethod
    def of(cls, value: ArrayLike, n: int, name: str = "groups") -> Groups:
        """From one name (number or word) a row.

        Raises
        ------
        InputError: for another length than ``n``, several columns, or a name that is missing.
        """
        return cls(check.names(value, n, name))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Rows of each group, ``[G]``."""
        return np.bincount(self.ids)

    @cached_property
    def firsts(self) -> np.ndarray:
        """The first row of each group, ``[G]``."""
        return np.unique(self.ids, return_index=True)[1]

    @property
    def count(self) -> int:
        """G, the number of groups."""
        return len(self.sizes)

    @property
    def largest(self) -> float:
        """The largest group's share of the rows."""
        return float(self.sizes.max()) / len(self.ids)

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom of the variance of a mean over rows (Bell & McCaffrey 2002): G - 1 for equal groups."""
        w = self.sizes / len(self.ids)
        s = float(w @ w)
        b, q, a = w * w / (1 - w), 1 - 2 * w + s, s - w
        trace = float(b @ q)
        square = float(
            (b * b * q * q).sum() + b.sum() * (b * a * a).sum() - 2 * (b * a).sum() * (b * w).sum()
            + b.sum() * (b * w * w).sum() - (b * b * (s - 2 * w) ** 2).sum()
        )  # fmt: skip
        return trace * trace / square

    def part(self, rows: np.ndarray) -> Groups:
        """The groups of some of the rows, numbered anew."""
        return Groups(check.names(self.ids[rows], len(rows), "groups"))

    def deal(self, parts: int, seed: int) -> list[np.ndarray]:
        """Rows of each of ``parts`` parts, whole groups, of nearly as many rows as the groups allow."""
        return self.shares([len(self.ids) / parts] * parts, seed)

    def shares(self, wanted: Sequence[float], seed: int) -> list[np.ndarray]:
        """Rows of each of several parts, whole groups, of nearly as many rows as ``wanted``.

        Groups come in a random order, each to the part that lacks the largest share of its rows. Not in order of size:
        that would put the largest into the same part, alone, for every seed.

        Raises
        ------
        InputError: fewer groups than parts.
        """
        if self.count < len(wanted):
            raise InputError(
                f"there are {self.count} groups of rows for {len(wanted)} folds or parts, wanted at least one each: "
                "pass more groups, or ask for fewer folds"
            )
        lacks, home = np.ones(len(wanted)), np.empty(self.count, np.int64)
        for group in draws.order(self.count, seed):
            home[group] = at = int(lacks.argmax())
            lacks[at] -= self.sizes[group] / wanted[at]
        of = home[self.ids]
        return [np.flatnonzero(of == part) for part in range(len(wanted))]

    def astride(self, parts: np.ndarray) -> int:
        """How many groups have rows in several of ``parts [n]``, whole numbers from 0 on."""
        pairs = np.unique(np.stack([self.ids, parts]), axis=1)[0]
        return int((np.bincount(pairs, minlength=self.count) > 1).sum())

    def holding(self, y: np.ndarray) -> np.ndarray:
        """In how many groups each class of ``y [n]``, whole numbers from 0 on, occurs."""
        pairs = np.unique(np.stack([y, self.ids]), axis=1)[0]
        return np.bincount(pairs, minlength=int(y.max()) + 1)

    def constant(self, y: np.ndarray) -> bool:
        """Whether all rows of every group have the same ``y``."""
        first = np.empty(self.count, y.dtype)
        first[self.ids] = y
        return bool((first[self.ids] == y).all())

    def half_a_group(self, y: np.ndarray) -> float:
        """Rows to add to each class of ``y [n]`` so that frequencies are as smooth as half a row makes them for rows.

        Half of a row where the labels of a group are drawn one by one, half of a group (of the one that a row is in,
        on average) where they are all the same, and between these as the labels of a group are alike: by the share of
        pairs of its rows that agree, beyond that of all pairs.
        """
        n = len(y)
        pairs = np.unique(np.stack([self.ids, y]), axis=1, return_counts=True)[1].astype(np.float64)
        size = self.sizes.astype(np.float64)
        within = float((size * (size - 1)).sum())
        by_chance = float(np.square(np.bincount(y) / n).sum())
        alike = 0.0
        if within > 0 and by_chance < 1:
            agree = float((pairs * (pairs - 1)).sum()) / within
            alike = min(1.0, max(0.0, (agree - by_chance) / (1 - by_chance)))
        return 0.5 * (1 + (float(size @ size) / n - 1) * alike)


class Scatter(NamedTuple):
    """The variance of a mean over rows of groups, and the degrees of freedom ``freedom`` of its Student t."""

    variance: float
    freedom: float

    def half(self, more: float = 0.0) -> float:
        """Half the width of the 95 % interval, ``more`` being variance from elsewhere."""
        return standard_errors(self.freedom) * math.sqrt(self.variance + more)


def scatter(contributions: np.ndarray, groups: Groups | None = None) -> Scatter:
    """How the mean of ``contributions [n]`` scatters from draw to draw of ``groups``, or of rows where none are given.

    The cluster-robust variance corrected for unequal groups (CR2) with the degrees of freedom of Bell & McCaffrey 2002
    for group means of equal variance; G - 1 for groups of one size, so that single rows give the textbook's interval.
    """
    n = len(contributions)
    if groups is None:
        return Scatter(float(contributions.var(ddof=1)) / n, n - 1.0)
    if groups.count < 2:  # one says nothing of another
        return Scatter(math.inf, 1.0)
    w = groups.sizes / n
    u = np.bincount(groups.ids, contributions - contributions.mean())
    return Scatter(float((u * u / (1 - w)).sum()) / n**2, groups.freedom)


def left_out(without: np.ndarray, parts: Groups) -> tuple[float, Scatter]:
    """The mean and the scatter of an estimate from its values ``without [p]`` each of some ``parts`` of the rows.

    The jackknife for parts of unequal size (Busing, Meijer & van der Leeden 1999), in the form that is :func:`scatter`
    to the letter where the estimate is a mean over rows.
    """
    w = parts.sizes / len(parts.ids)
    mean = float((1 - w) @ without) / (len(w) - 1)
    return mean, Scatter(float((1 - w) @ (without - mean) ** 2), parts.freedom)


class Doubts(NamedTuple):
    """Why ``groups`` leave no interval, or None; and what else to say of the interval they give."""

    refused: Doubt | None
    remarks: tuple[Doubt, ...] = ()


def interval_doubts(groups: Groups, y: np.ndarray | None = None) -> Doubts:
    """Whether an interval over ``groups`` can be given, for labels ``y [n]`` (whole numbers from 0 on) where there are.

    Groups of single rows are as no groups. None can be given of fewer than 10 groups, where one group holds more than
    half of the rows, or where every group has one label and there are at most two groups a class. A class that occurs
    in fewer than 20 groups, or sizes so unequal that few groups decide, are worth a note.
    """
    if groups.count == len(groups.ids):
        return Doubts(None)
    classes = None if y is None else groups.holding(y)
    seen = 0 if classes is None else int((classes > 0).sum())
    if groups.count < LEAST:
        return _refused(f"{groups.count} groups of rows, wanted at least {LEAST} for an interval: pass more groups")
    if groups.largest > MOST:
        share = f"one group holds {100 * groups.largest:.0f} % of the rows, wanted at most {100 * MOST:.0f} %"
        return _refused(f"{share} for an interval: split it, or pass more groups")
    if y is not None and groups.count <= 2 * seen and groups.constant(y):
        few = f"{groups.count} groups of one label each for {seen} classes, wanted more than two groups a class"
        return _refused(f"{few} for an interval: pass more groups")
    notes = []
    if classes is not None and (rarest := int(classes[classes > 0].min())) < RARE:
        notes.append(f"the rarest class occurs in {rarest} groups: below {RARE} the interval may be too narrow")
    if groups.freedom < FEW_FREEDOM:
        notes.append(f"groups are so unequal that the interval rests on {groups.freedom:.2g} degrees of freedom")
    return Doubts(None, tuple(map(remark, notes)))


def _refused(why: str) -> Doubts:
    return Doubts(Doubt(Status.UNDERSAMPLED, why))


def serial(contributions: np.ndarray, y: np.ndarray | None = None) -> float | None:
    """The correlation of what rows in a row contribute, where it is more than chance gives; else None.

    contributions: ``[n]`` in the order of the rows, of an answer whose parts or folds were dealt at random. y: labels
    ``[n]``, whole numbers from 0 on; contributions are then taken about the mean of their class, for rows sorted by
    class are no series. Independent rows pass for a series 2 to 3 times in a hundred.
    """
    c, n = _centred(contributions, y), len(contributions)
    size = float(c @ c)
    if n < 3 or size <= 1e-24 * float(np.dot(contributions, contributions)):
        return None
    r = float(c[:-1] @ c[1:]) / size
    return r if r > ALIKE / math.sqrt(n) else None


def too_narrow(r: float, contributions: np.ndarray, y: np.ndarray | None = None) -> bool:
    """Whether an interval over rows with the serial correlation ``r`` holds less than about 89 % in place of 95 %.

    So it is where a mean scatters more than sqrt(1.5) times as widely as that of independent rows: of a first-order
    series, from r = .2 on; of others, as told from the means of twenty stretches. Where r may be chance, these must
    scatter so widely that independent rows do it once in ten thousand times.
    """
    c = _centred(contributions, y)
    size, sure = len(c) // STRETCHES, r > SURE / math.sqrt(len(c))
    if sure and r > SERIAL:
        return True
    if size < 2:
        return False
    between = size * float(c[: size * STRETCHES].reshape(STRETCHES, size).mean(axis=1).var(ddof=1))
    return between > (WIDER if sure else FAR_WIDER) * float(c.var())


def _centred(contributions: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    c = np.asarray(contributions, np.float64)
    return c - c.mean() if y is None else c - (np.bincount(y, c) / np.maximum(np.bincount(y), 1)).take(y)


def alike(r: float) -> str:
    """The note on rows whose contributions have the serial correlation ``r``."""
    return (
        f"rows in a row are alike (serial correlation {r:.2f}): the interval takes them as independent; pass groups=, "
        "for example np.arange(n) * 20 // n, blocks of rows that follow each other"
    )
