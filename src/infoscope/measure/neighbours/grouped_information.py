"""Neighbour estimates about rows in groups: rows of the same group are passed over, and groups left out in turn.

A row's neighbours of its own group are near because they belong together, whatever x and y have to do with each other.
So they take part neither in the search nor in the counts, and psi(n - m + 1) stands for psi(n), with m the rows of the
group: n - m + 1 rows are met, this one included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from infoscope.kernels import parallel
from infoscope.measure.intervals.groups import Groups, Scatter, left_out
from infoscope.measure.intervals.jackknife import one_of_each, parts_of
from infoscope.measure.intervals.subsampling import PARTS
from infoscope.measure.neighbours import other_groups as pairs
from infoscope.measure.neighbours.search import Balls, Norm
from infoscope.measure.symbols import quantise as q

#: What each of some rows contributes, from these rows, their balls, k of each, and how many rows each has met.
Local = Callable[[np.ndarray, Balls, np.ndarray, np.ndarray], np.ndarray]

#: What each of some rows contributes, changed by the ball around it.
Corrected = Callable[[np.ndarray, np.ndarray, Balls], np.ndarray]


@dataclass(frozen=True)
class Search:
    """Where to look: columns and classes of each block, subspaces, k, norm and rectangle as in ``neighbours.balls``."""

    blocks: Sequence[np.ndarray]
    classes: Sequence[np.ndarray]
    subspaces: Sequence[tuple[int, ...]]
    k: int
    norm: Norm = "max"
    rectangle: bool = False
    nearest: bool = False

    def part(self, rows: np.ndarray) -> Search:
        """The same among some of the rows."""
        blocks, classes = ([one[rows] for one in several] for several in (self.blocks, self.classes))
        return Search(blocks, classes, self.subspaces, self.k, self.norm, self.rectangle, self.nearest)

    def kept(self, groups: Groups) -> np.ndarray:
        """The rows that share their classes with a row of another group, without further copies of any."""
        rows = one_of_each((*self.blocks, *self.classes), groups)
        joint = np.zeros(len(rows), np.int64)
        for one in self.classes:
            joint = q.group(q.joint(joint, one[rows]))[0]
        both = q.group(q.joint(joint, groups.ids[rows]))[0]
        return rows[np.bincount(joint)[joint] > np.bincount(both)[both]]


def estimates(
    search: Search, groups: Groups, local: Local, parts: Groups | None = None
) -> Iterator[tuple[np.ndarray, Balls]]:
    """(contributions, balls) of all rows, then of all but each of ``parts`` in turn.

    Further copies of a row within its group are left out, and rows that share their classes with no row of another
    group. Nothing where no row is left.
    """
    kept = search.kept(groups)
    if len(kept) < len(groups.ids):
        search, groups = search.part(kept), groups.part(kept)
        parts = None if parts is None else Groups(parts.ids[kept])
    n, count = len(kept), 0 if parts is None else int(parts.ids.max(initial=-1)) + 1
    if n == 0:
        return
    starts = np.cumsum([0, *(block.shape[1] for block in search.blocks)])
    columns = np.ascontiguousarray(np.concatenate(search.blocks, axis=1, dtype=np.float64).T)
    members = np.array([[b in one for b in range(len(search.blocks))] for one in search.subspaces])
    members = members.reshape(-1, len(search.blocks)).astype(np.bool_)
    lines, shape = 1 + count, (1 + count, n)
    distances, nearest = np.empty((n, search.k)), np.zeros((lines * search.nearest, n, search.k), np.int32)
    radius, others, inside, tied = np.empty(shape), np.empty(shape, int), np.empty(shape, int), np.empty(shape, bool)
    counts = np.empty((lines, len(members), n), np.int64)
    where = np.zeros(n, np.int64) if parts is None else parts.ids

    classes, tie = np.stack(search.classes).astype(np.int64), 2.0**-44 * (1 + np.abs(columns).max(initial=0.0))
    euclidean = search.norm == "euclidean"

    def some(begin: int, end: int) -> None:
        pairs.other_groups(
            columns, starts, classes, members, groups.ids, where, count, search.k, tie, euclidean, search.rectangle,
            begin, end, distances, nearest, radius, others, inside, tied, counts,
        )  # fmt: skip

    threads = parallel.cores(pairs.seconds(*columns.shape[::-1]))
    cuts = np.linspace(0, n, threads + 1).astype(np.int64)
    parallel.run([partial(some, int(begin), int(end)) for begin, end in pairwise(cuts)], threads)
    sizes = groups.sizes[groups.ids]
    for line in range(lines):
        rows = np.flatnonzero((others[line] > 0) & (where != line - 1 if line else True))
        if len(rows) == 0:
            return
        found = Balls(
            (radius[line][:, None] if line else distances)[rows],
            kept[nearest[line, rows]] if search.nearest else nearest[:0, 0],
            inside[line, rows],
            tied[line, rows],
            counts[line][:, rows],
        )
        met = n - (int((where == line - 1).sum()) if line else 0) - sizes[rows] + 1
        yield local(kept[rows], found, np.minimum(search.k, others[line, rows]), met), found


@dataclass(frozen=True)
class GroupedInformation:
    """What each row of the sample contributes and its ball, the scatter of their mean over groups (None where groups
    leave none), and what the mean gained from a tenth of the groups to all."""

    each: np.ndarray
    balls: Balls
    scatter: Scatter | None
    gain: float

    @classmethod
    def of(cls, search: Search, groups: Groups, local: Local) -> GroupedInformation | None:
        """None where no row has a neighbour in another group."""
        parts = parts_of(groups)
        found = list(estimates(search, groups, local, parts))
        if not found:
            return None
        each, around = found[0]
        scatter, gain = None, 0.0
        if len(found) == 1 + parts.count > 2:
            scatter = left_out(np.array([one.mean() for one, _ in found[1:]]), parts)[1]
        if groups.count >= 2 * PARTS:
            tenths = [cls._mean(search.part(rows), groups.part(rows), local, rows) for rows in groups.deal(PARTS, 0)]
            gain = float(each.mean() - np.mean(tenths))
        return cls(each, around, scatter, 0.0 if np.isnan(gain) else gain)

    @staticmethod
    def _mean(search: Search, groups: Groups, local: Local, rows: np.ndarray) -> float:
        """The estimate from ``rows`` of the sample, which ``search`` and ``groups`` hold; NaN where there is none."""
        for each, _ in estimates(
            search, groups, lambda some, around, ks, met: local(rows[some], _named(around, rows), ks, met)
        ):
            return float(each.mean())
        return float("nan")


def _named(around: Balls, rows: np.ndarray) -> Balls:
    """Balls whose nearest rows bear the numbers that they have in the sample."""
    return replace(around, nearest=rows[around.nearest]) if len(around.nearest) else around
