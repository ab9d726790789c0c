"""All neighbours of all rows by a tree of leaves.

A row asks its own leaf first, then the other boxes of each node above it; one comparison tells of 32 rows, or of 8
boxes. All distances are float64.

What compiled loops work in is made by whoever calls them, and small ones stand inside those that call them: either
takes numba longer to compile than the loop itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from infoscope.core.shapes import Block, Block4, IndexTable, Indices, Marks, MarkTable, Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import greater, lesser
from infoscope.measure.neighbours.brute import subspace
from infoscope.measure.neighbours.lanes import (
    BOXES,
    ROWS,
    bits,
    boxes_below,
    boxes_within,
    equal,
    first_bit,
    rows_below,
    rows_within,
    sift,
)

COMPARED = 8  # up to so many neighbours, one that comes is compared with all
ALL = (1 << BOXES) - 1  # a mask of all boxes of a node
BARELY = 1 + 2.0**-50
HUGE = 1.7976931348623157e308  # less than the infinity of lanes without a row


@njit(error_model="numpy", inline="always")
def _widened(reach: float, tie: float, euclidean: bool) -> float:
    """Beyond which no row matters where the k-th nearest is at ``reach``; more than that also where a tie is lost in
    rounding, as between two labels."""
    return BARELY * ((math.sqrt(reach) + 2 * tie) ** 2 if euclidean else reach + 2 * tie)


@njit(nogil=True, cache=True, error_model="numpy")
def _approach(
    leaf: int, boxes: Block4, levels: Indices, starts: Indices, euclidean: bool, reach: float, apart: Vector,
    sums: Vector, masks: Indices,
) -> None:  # fmt: skip
    """Which boxes of each node above ``leaf``, but the one it lies in, have a point within ``reach`` of its own box.

    Others have no row within reach of any of its rows: ``masks [level]``; apart, sums: room.
    """
    for height in range(1, len(levels)):
        node, above = levels[height] + (leaf >> 3 * height), levels[1] + (leaf >> 3)
        for other in range(BOXES):
            apart[other] = 0.0
        for b in range(len(starts) - 1):
            for other in range(BOXES):
                sums[other] = 0.0
            for c in range(starts[b], starts[b + 1]):
                least, greatest = boxes[above, 0, c, leaf & 7], boxes[above, 1, c, leaf & 7]
                for other in range(BOXES):
                    gap = greater(boxes[node, 0, c, other] - greatest, least - boxes[node, 1, c, other])
                    gap = greater(gap, 0.0)
                    sums[other] = sums[other] + gap * gap if euclidean else greater(sums[other], gap)
            for other in range(BOXES):
                apart[other] = greater(apart[other], sums[other])
        masks[height] = 0
        for other in range(BOXES):
            masks[height] |= np.int64(apart[other] <= reach) << other
        masks[height] &= ~(1 << ((leaf >> 3 * (height - 1)) & 7))


@njit(error_model="numpy", inline="always")
def _of_leaf(
    blocks: Block, leaf: int, starts: Indices, euclidean: bool, point: Vector, reach: float, gaps: Vector,
    before: Indices | None,
) -> Any:  # fmt: skip
    """How many rows of a leaf are within ``reach``, each counted as often as it stands for one."""
    mask = rows_within(blocks, leaf, point, starts, euclidean, reach, gaps)
    if before is None:
        return bits(mask)
    found = 0
    while mask:
        at = leaf * ROWS + first_bit(mask)
        mask &= mask - 1
        found += before[at + 1] - before[at]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _within(
    blocks: Block, n: int, boxes: Block4, levels: Indices, starts: Indices, euclidean: bool, point: Vector,
    reach: float, gaps: Vector, stack: IndexTable, depth: int, before: Indices | None,
) -> Any:  # fmt: skip
    """How many rows are within ``reach`` of ``point``; boxes that are so as a whole are not descended into.

    stack: its first ``depth`` are where to look: level and number of a leaf or node, and a mask of the latter's boxes.
    before: where rows stand for several, how many do so before each row of the tree and in all, ``[n + 1]``.
    """
    total = 0
    while depth:
        depth -= 1
        level, node, asked = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        if level == 0:
            total += _of_leaf(blocks, node, starts, euclidean, point, reach, gaps, before)
            continue
        told = boxes_within(boxes, levels[level] + node, point, starts, euclidean, reach, gaps)
        whole = (told >> BOXES) & told & asked
        some = told & asked & ~whole
        size = ROWS << 3 * (level - 1)
        while whole:
            first = (node * BOXES + first_bit(whole)) * size
            whole &= whole - 1
            if before is None:
                total += lesser(size, n - first)
            else:
                total += before[lesser(first + size, n)] - before[first]
        while some:
            below = node * BOXES + first_bit(some)
            some &= some - 1
            if level == 1:
                total += _of_leaf(blocks, below, starts, euclidean, point, reach, gaps, before)
            else:
                stack[depth, 0], stack[depth, 1], stack[depth, 2] = level - 1, below, ALL
                depth += 1
    return total


@njit(error_model="numpy", inline="always")
def _take(
    mask: int, gaps: Vector, first: int, k: int, tie: float, euclidean: bool, limit: float, near: Vector, ids: Indices
) -> float:
    """Put the rows of a leaf that ``mask`` names among the k + 1 nearest; returns the new limit."""
    while mask:
        lane = first_bit(mask)
        mask &= mask - 1
        gap, row = gaps[lane], first + lane
        if gap < near[k]:
            if k < COMPARED:  # no branch depends on where it goes: it would be mispredicted
                for place in range(k + 1):
                    held, whose = near[place], ids[place]
                    less = gap < held
                    near[place], ids[place] = gap if less else held, row if less else whose
                    gap, row = held if less else gap, whose if less else row
            else:
                at = k
                while at > 0 and near[at - 1] > gap:
                    near[at], ids[at] = near[at - 1], ids[at - 1]
                    at -= 1
                near[at], ids[at] = gap, row
    return lesser(limit, lesser(near[k], _widened(near[k - 1], tie, euclidean)))


def search(
    blocks: Block,
    order: Indices,
    boxes: Block4,
    levels: Indices,
    starts: Indices,
    ks: Indices,
    tie: float,
    euclidean: bool,
    begin: int,
    end: int,  # which leaves to ask about
    distances: Matrix,  # as are all results, in the rows' own order
    nearest: IndexTable,
    inside: Indices,
    tied: Marks,
    reaches: Vector,  # [n] written: the distance (squared when Euclidean) within which a subspace counts
) -> tuple[int, int]:
    """The balls of some rows but for the counts; returns how many nodes and leaves were looked at."""
    most, room = distances.shape[1] + 1, BOXES * len(levels)
    return _search(
        blocks, order, boxes, levels, starts, ks, tie, euclidean, begin, end, distances, nearest, inside, tied, reaches,
        np.empty(blocks.shape[1]), np.empty(ROWS), *np.empty((2, BOXES)), *np.empty((2, ROWS, ROWS)), np.empty(most),
        np.empty(most, np.int64), np.empty((room, 3), np.int64), np.empty(room), np.empty(len(levels), np.int64),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _search(
    blocks: Block, order: Indices, boxes: Block4, levels: Indices, starts: Indices, ks: Indices, tie: float,
    euclidean: bool, begin: int, end: int, distances: Matrix, nearest: IndexTable, inside: Indices, tied: Marks,
    reaches: Vector, point: Vector, gaps: Vector, box_gaps: Vector, sums: Vector, own_gaps: Matrix, best: Matrix,
    near: Vector, ids: Indices, stack: IndexTable, bounds: Vector, masks: Indices,
) -> Any:  # fmt: skip
    n, d, top = len(order), blocks.shape[1], len(levels) - 1
    nodes = looked = 0
    for leaf in range(begin, end):
        own = leaf * ROWS
        rows = lesser(ROWS, n - own)
        # The k + 2 nearest of a leaf's own rows, each row one lane; the row itself is the first of them.
        asked = 0
        for lane in range(rows):
            asked = greater(asked, ks[order[own + lane]])
        enough = asked + 2 <= rows
        for place in range(lesser(asked + 2, ROWS)):
            for lane in range(ROWS):
                best[place, lane] = np.inf
        for lane in range(rows):
            for c in range(d):
                point[c] = blocks[leaf, c, lane]
            rows_below(blocks, leaf, point, starts, euclidean, 0.0, own_gaps[lane])
            if enough:
                sift(own_gaps[lane], best, asked + 2)
        farthest = HUGE
        if enough:
            farthest = 0.0
            for lane in range(rows):
                farthest = greater(farthest, _widened(best[ks[order[own + lane]], lane], tie, euclidean))
        _approach(leaf, boxes, levels, starts, euclidean, farthest, box_gaps, sums, masks)
        for lane in range(rows):
            i = order[own + lane]
            k = ks[i]
            for c in range(d):
                point[c] = blocks[leaf, c, lane]
            others = ((1 << rows) - 1) & ~(1 << lane)
            if enough:
                for place in range(k + 1):
                    near[place] = best[place + 1, lane]
                    mask = equal(own_gaps[lane], near[place]) & others
                    ids[place] = own + first_bit(mask)
                    others &= ~(mask & -mask)
                limit = lesser(near[k], _widened(near[k - 1], tie, euclidean))
            else:  # with fewer than k rows in the leaf nothing is known yet, but lanes without a row stay out
                for place in range(k + 1):
                    near[place] = np.inf
                limit = _take(others, own_gaps[lane], own, k, tie, euclidean, HUGE, near, ids)
            looked += 1
            for height in range(1, top + 1):
                if masks[height] == 0:
                    continue
                stack[0, 0], stack[0, 1], bounds[0], allowed, depth = height, leaf >> 3 * height, 0.0, masks[height], 1
                while depth:
                    depth -= 1
                    if bounds[depth] >= limit:
                        continue
                    level, here = stack[depth, 0], stack[depth, 1]
                    nodes += 1
                    mask = boxes_below(boxes, levels[level] + here, point, starts, euclidean, limit, box_gaps) & allowed
                    allowed = ALL
                    while mask:
                        lowest = first_bit(mask)
                        mask &= mask - 1
                        below, bound = here * BOXES + lowest, box_gaps[lowest]
                        if level > 1:
                            stack[depth, 0], stack[depth, 1], bounds[depth] = level - 1, below, bound
                            depth += 1
                        elif bound < limit:
                            looked += 1
                            near_ones = rows_below(blocks, below, point, starts, euclidean, limit, gaps)
                            limit = _take(near_ones, gaps, below * ROWS, k, tie, euclidean, limit, near, ids)
            if euclidean:
                for place in range(k + 1):
                    near[place] = math.sqrt(near[place])
            radius = near[k - 1]
            inside[i] = k
            tied[i] = near[k] <= radius + tie or (k > 1 and near[k - 2] >= radius - tie) or radius <= tie
            reach = radius + tie if tied[i] else radius - tie
            reach = reach * reach if euclidean else reach
            reaches[i] = reach
            if near[k] <= radius + tie:
                stack[0, 0], stack[0, 1], stack[0, 2] = top, 0, ALL
                inside[i] = _within(blocks, n, boxes, levels, starts, euclidean, point, reach, gaps, stack, 1, None) - 1
            for place in range(k):
                distances[i, place], nearest[i, place] = near[place], order[ids[place]]
    return nodes, looked


def count(
    blocks: Block, order: Indices, boxes: Block4, levels: Indices, starts: Indices, reaches: Vector, euclidean: bool,
    begin: int, end: int, counts: Indices, before: Indices | None = None,
) -> None:  # fmt: skip
    """How many other rows are within ``reaches [n]`` (squares when Euclidean) of the rows of some leaves.

    before: as in :func:`_within`; the row itself is one.
    """
    _count(
        blocks, order, boxes, levels, starts, reaches, euclidean, begin, end, counts, before,
        np.empty(blocks.shape[1]), np.empty(ROWS), *np.empty((2, BOXES)),
        np.empty((BOXES * len(levels), 3), np.int64), np.empty(len(levels), np.int64),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    blocks: Block, order: Indices, boxes: Block4, levels: Indices, starts: Indices, reaches: Vector, euclidean: bool,
    begin: int, end: int, counts: Indices, before: Indices | None, point: Vector, gaps: Vector, box_gaps: Vector,
    sums: Vector, stack: IndexTable, masks: Indices,
) -> Any:  # fmt: skip
    n, d = len(order), blocks.shape[1]
    for leaf in range(begin, end):
        rows = lesser(ROWS, n - leaf * ROWS)
        farthest = 0.0
        for lane in range(rows):
            farthest = greater(farthest, reaches[order[leaf * ROWS + lane]])
        _approach(leaf, boxes, levels, starts, euclidean, farthest, box_gaps, sums, masks)
        for lane in range(rows):
            i = order[leaf * ROWS + lane]
            for c in range(d):
                point[c] = blocks[leaf, c, lane]
            stack[0, 0], stack[0, 1], depth = 0, leaf, 1
            for height in range(1, len(levels)):
                if masks[height]:
                    stack[depth, 0], stack[depth, 1], stack[depth, 2] = height, leaf >> 3 * height, masks[height]
                    depth += 1
            reach = reaches[i]
            total = _within(blocks, n, boxes, levels, starts, euclidean, point, reach, gaps, stack, depth, before)
            counts[i] = total - 1


def rectangles(
    blocks: Block,
    order: Indices,
    boxes: Block4,
    levels: Indices,
    starts: Indices,
    points: Matrix,  # [n, d] in their own order, as all that follows
    members: MarkTable,  # [s, b] the blocks of each subspace
    ks: Indices,
    tie: float,
    euclidean: bool,
    begin: int,
    end: int,  # which leaves to ask about
    distances: Matrix,  # as ``search`` has written them, and the next two
    nearest: IndexTable,
    inside: Indices,
    widest: Matrix,  # [s, n] written: how far in each subspace a row of the closed ball is (squared when Euclidean)
) -> None:
    """The sides of the smallest rectangles around the balls of some rows."""
    _rectangles(
        blocks, order, boxes, levels, starts, points, members, ks, tie, euclidean, begin, end, distances, nearest,
        inside, widest, np.empty(blocks.shape[1]), np.empty(ROWS), np.empty((BOXES * len(levels), 2), np.int64),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _rectangles(
    blocks: Block, order: Indices, boxes: Block4, levels: Indices, starts: Indices, points: Matrix, members: MarkTable,
    ks: Indices, tie: float, euclidean: bool, begin: int, end: int, distances: Matrix, nearest: IndexTable,
    inside: Indices, widest: Matrix, point: Vector, gaps: Vector, stack: IndexTable,
) -> Any:  # fmt: skip
    n, d, top = len(order), blocks.shape[1], len(levels) - 1
    for leaf in range(begin, end):
        for lane in range(lesser(ROWS, n - leaf * ROWS)):
            i = order[leaf * ROWS + lane]
            for s in range(len(members)):
                widest[s, i] = 0.0
            if inside[i] == ks[i]:
                for place in range(ks[i]):
                    for s in range(len(members)):
                        side = subspace(points, i, np.int64(nearest[i, place]), starts, members, s, euclidean)
                        widest[s, i] = greater(widest[s, i], side)
            else:  # several at the surface
                for c in range(d):
                    point[c] = blocks[leaf, c, lane]
                reach = distances[i, ks[i] - 1] + tie
                reach = reach * reach if euclidean else reach
                stack[0, 0], stack[0, 1], depth = top, 0, 1
                while depth:
                    depth -= 1
                    level, here = stack[depth, 0], stack[depth, 1]
                    if level == 0:
                        mask = rows_within(blocks, here, point, starts, euclidean, reach, gaps)
                    else:
                        told = boxes_within(boxes, levels[level] + here, point, starts, euclidean, reach, gaps)
                        mask = told & ((1 << BOXES) - 1)
                    while mask:
                        lowest = first_bit(mask)
                        mask &= mask - 1
                        if level:
                            stack[depth, 0], stack[depth, 1] = level - 1, here * BOXES + lowest
                            depth += 1
                            continue
                        for s in range(len(members)):
                            j = order[here * ROWS + lowest]
                            side = subspace(points, i, j, starts, members, s, euclidean)
                            widest[s, i] = greater(widest[s, i], side)
