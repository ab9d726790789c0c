"""Balls of rows that are neighbours only within their class: cells of labels and of rows that repeat.

Rows of a cell without a real column lie on one point: they are counted, never paired. With one real column they are
sorted. Only cells of several real columns are searched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.core.shapes import Device
from infoscope.measure.neighbours import line as line
from infoscope.measure.neighbours.marginals import Marginal
from infoscope.measure.neighbours.search import Balls, Norm, balls, counted, label_block, tie_of
from infoscope.measure.symbols import quantise as q


def joint(marginals: Sequence[Marginal], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cell of each of ``rows``, as ids numbered by first appearance, and how many of them each holds."""
    ids, counts = np.zeros(len(rows), np.int64), np.array([len(rows)])
    for one in marginals:
        if one.split:
            ids, counts, _ = q.group(q.joint(ids, one.groups[rows]))
    return ids, counts


def cell_balls(
    marginals: Sequence[Marginal],
    rows: np.ndarray,
    ks: np.ndarray,
    subspaces: Sequence[tuple[int, ...]],
    norm: Norm,
    device: Device | None = None,
) -> Balls:
    """What :func:`infoscope.measure.neighbours.search.balls` finds among ``rows``, whose balls lie within their cells.

    ks: fewer than rows of the cell. The rows at each place of ``nearest`` are not told: it has no columns.
    """
    n, most = len(rows), int(ks.max())
    cells, sizes = joint(marginals, rows)
    distances = np.where(np.arange(most) < ks[:, None], 0.0, np.inf)
    found = Balls(
        distances, np.empty((n, 0), np.int32), sizes[cells] - 1, np.ones(n, np.bool_),
        np.empty((len(subspaces), n), np.int64),
    )  # fmt: skip
    for s, subspace in enumerate(subspaces):
        ids, within = joint([marginals[p] for p in subspace], rows)
        found.counts[s] = within[ids] - 1
    spread = [one.spread(rows) for one in marginals]
    tie = tie_of([one.columns[rows] for one in marginals])
    if device is None and all(one.columns.shape[1] <= 1 for one in marginals):
        reaches = np.empty(n)
        for pattern, some in _patterns(spread):
            own = [marginals[p].columns[rows[some]] for p in pattern]
            _search(own, cells[some], ks[some], tie, norm, some, found, reaches)
        for s, subspace in enumerate(subspaces):
            for pattern, some in _patterns([spread[p] for p in subspace]):
                own = [marginals[subspace[p]].columns[rows[some]] for p in pattern]
                ids, _ = joint([marginals[p] for p in subspace], rows[some])
                found.counts[s, some] = _count(own, ids, reaches[some], norm)
        return found
    some = np.flatnonzero(np.logical_or.reduce(spread))
    if len(some):
        blocks = [one.block(rows[some]) for one in marginals]
        these = balls(blocks, ks[some], subspaces, norm, device=device, tie=tie)
        found.distances[some, : these.distances.shape[1]] = these.distances
        found.inside[some], found.tied[some] = these.inside, these.tied
        for s, subspace in enumerate(subspaces):
            apart = np.logical_or.reduce([spread[p][some] for p in subspace])
            found.counts[s, some[apart]] = these.counts[s, apart]
    return found


def _patterns(spread: Sequence[np.ndarray]) -> list[tuple[list[int], np.ndarray]]:
    """Which marginals are real columns to a row, for every choice of one or more, and the rows it holds for."""
    code = sum(one.astype(np.int64) << p for p, one in enumerate(spread))
    chosen = ((held, np.flatnonzero(code == held)) for held in range(1, 1 << len(spread)))
    return [([p for p in range(len(spread)) if held >> p & 1], some) for held, some in chosen if len(some)]


def _sorted(column: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of rows by cell and value, and where in it the cells begin and end."""
    one = not (cells != cells[0]).any()
    order = np.argsort(column, kind="stable") if one else np.lexsort((column, cells))
    starts = [0] if one else np.flatnonzero(np.diff(cells[order], prepend=-1))
    return order, np.append(starts, len(order)).astype(np.int64)


def _search(
    own: Sequence[np.ndarray],
    cells: np.ndarray,
    ks: np.ndarray,
    tie: float,
    norm: Norm,
    some: np.ndarray,
    found: Balls,
    reaches: np.ndarray,
) -> None:
    """The balls of ``some`` rows, of which ``own`` are the columns, written into ``found``; and their ``reaches``."""
    if len(own) == 1:
        order, starts = _sorted(own[0][:, 0], cells)
        n, most = len(order), found.distances.shape[1]
        near, reach = np.full((n, most), np.inf), np.empty(n)
        inside, tied = np.empty(n, np.int64), np.empty(n, np.bool_)
        line.nearest(own[0][order, 0], starts, ks[order], tie, near, inside, tied, reach)
        where = some[order]
        found.distances[where], found.inside[where], found.tied[where], reaches[where] = near, inside, tied, reach
        return
    blocks = [*own, label_block(cells)] if (cells != cells[0]).any() else own
    these = balls(blocks, ks, norm=norm, tie=tie)
    found.distances[some, : these.distances.shape[1]] = these.distances
    found.inside[some], found.tied[some] = these.inside, these.tied
    radius = these.distances[np.arange(len(ks)), ks - 1]
    reaches[some] = np.where(these.tied, radius + tie, radius - tie)


def _count(own: Sequence[np.ndarray], cells: np.ndarray, reaches: np.ndarray, norm: Norm) -> np.ndarray:
    """How many other rows of its cell are within ``reaches`` of each row."""
    if len(own) > 1:
        return counted([*own, label_block(cells)] if (cells != cells[0]).any() else own, reaches, norm)
    order, starts = _sorted(own[0][:, 0], cells)
    counts = np.empty(len(order), np.int64)
    line.count(own[0][order, 0], starts, order, reaches, False, counts)
    return counts
