"""All neighbours of all rows by a tree without pointers: leaves of 32 rows, eight leaves a node, eight nodes the next.

Rows are halved at places that are 32 times a power of two, so that what a node holds follows from its number. A row
asks its own leaf first, then the other boxes of each node above it; one comparison tells of 32 rows, or of 8 boxes.
All distances are float64.

What compiled loops work in is made by whoever calls them, and small ones stand inside those that call them: either
takes numba longer to compile than the loop itself.
"""

from __future__ import annotations

import math
from functools import lru_cache
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
    first_bit,
    rows_below,
    rows_within,
    sift,
)

SAMPLED = 64  # rows of which the widest column is told
MANY = 600  # keys from which on more than three are looked at to halve them
BARELY = 1 + 2.0**-50
HUGE = 1.7976931348623157e308  # less than the infinity of lanes without a row


@njit(error_model="numpy", inline="always")
def _halve(keys: Vector, order: Indices, first: int, last: int, middle: int, sample: Vector) -> None:
    """Reorder both so that the keys before ``middle`` are at most those from it on; sample: room.

    Quickselect without a branch that depends on a key (Lomuto): it would be mispredicted every other time.
    """
    low, high = first, last
    while high - low > 1:
        if high - low > MANY:  # near the place in question, among some keys put in order
            for place in range(len(sample)):
                key, at = keys[low + place * ((high - low) // len(sample))], place
                while at > 0 and sample[at - 1] > key:
                    sample[at] = sample[at - 1]
                    at -= 1
                sample[at] = key
            pivot = sample[(middle - low) * len(sample) // (high - low)]
        else:  # the middle one of three
            key, pivot = lesser(keys[low], keys[high - 1]), greater(keys[low], keys[high - 1])
            pivot = greater(key, lesser(pivot, keys[(low + high) // 2]))
        i, equal = low, 0
        for equal in range(2):  # what is less than the pivot, then what is equal to it
            i = low
            for j in range(low, high):
                key, row = keys[j], order[j]
                keys[j], order[j] = keys[i], order[i]
                keys[i], order[i] = key, row
                i += (key <= pivot) if equal else (key < pivot)
            if middle <= i:
                break
            low = i
        if middle == i or (equal and middle < i):
            return
        if middle < i:
            high = i


def grow(points: Matrix) -> tuple[Block, Indices, Block4, Indices]:
    """A tree over ``points [n, d]``.

    Returns the rows of its leaves ``[leaf, d, 32]``, lanes without a row at infinity; which row each is ``[n]``; the
    boxes below each node ``[node, 2, d, 8]``; and the first node of each level, 0 for the leaves.
    """
    n, d = points.shape
    leaves = -(-n // ROWS)
    starts, nodes = _levels(leaves)
    blocks, boxes, order = np.empty((leaves, d, ROWS)), np.empty((nodes, 2, d, BOXES)), np.arange(n)
    keys, sample = np.empty(n), np.empty(SAMPLED // 2 - 1)
    _grow(points, keys, sample, np.empty(64, np.int64), np.empty(64, np.int64), order, blocks, boxes, starts)
    return blocks, order, boxes, starts


@lru_cache(maxsize=256)
def _levels(leaves: int) -> tuple[Indices, int]:
    """The first node of each level above so many leaves, 0 for these, and how many nodes there are."""
    counts = [leaves]
    while counts[-1] > 1:
        counts.append(-(-counts[-1] // BOXES))
    return np.array([0, 0, *np.cumsum(counts[1:-1])][: len(counts)]), sum(counts[1:])


@njit(nogil=True, cache=True, error_model="numpy")
def _grow(
    points: Matrix, keys: Vector, sample: Vector, begins: Indices, sizes: Indices, order: Indices, blocks: Block,
    boxes: Block4, starts: Indices,
) -> None:  # fmt: skip
    """Fill ``order``, ``blocks`` and ``boxes``; keys, sample, begins, sizes: room."""
    n, d = points.shape
    levels, leaves, count = len(starts) - 1, len(blocks), len(blocks)
    begins[0], sizes[0], depth = 0, leaves, 1
    while depth:
        depth -= 1
        begin, size = begins[depth], sizes[depth]
        if size == 1:
            continue
        half = 1
        while 2 * half < size:
            half *= 2
        first, middle, last = begin * ROWS, (begin + half) * ROWS, lesser((begin + size) * ROWS, n)
        step, widest, width = greater(1, (last - first) // SAMPLED), 0, -1.0
        for c in range(d):
            least = greatest = points[order[first], c]
            for place in range(first, last, step):
                value = points[order[place], c]
                least, greatest = lesser(least, value), greater(greatest, value)
            if greatest - least > width:
                widest, width = c, greatest - least
        for place in range(first, last):
            keys[place] = points[order[place], widest]
        _halve(keys, order, first, last, middle, sample)
        begins[depth], sizes[depth] = begin + half, size - half
        begins[depth + 1], sizes[depth + 1] = begin, half
        depth += 2
    for node in range(len(boxes)):
        for c in range(d):
            for child in range(BOXES):
                boxes[node, 0, c, child], boxes[node, 1, c, child] = np.inf, -np.inf
    for leaf in range(leaves):
        first = leaf * ROWS
        for lane in range(ROWS):
            for c in range(d):
                blocks[leaf, c, lane] = points[order[first + lane], c] if first + lane < n else np.inf
        if levels:
            for c in range(d):
                least = greatest = blocks[leaf, c, 0]
                for lane in range(1, lesser(ROWS, n - first)):
                    least = lesser(least, blocks[leaf, c, lane])
                    greatest = greater(greatest, blocks[leaf, c, lane])
                boxes[leaf // BOXES, 0, c, leaf % BOXES] = least
                boxes[leaf // BOXES, 1, c, leaf % BOXES] = greatest
    for level in range(1, levels):
        count = (count + BOXES - 1) // BOXES
        for node in range(count):
            parent, child = starts[level + 1] + node // BOXES, node % BOXES
            for c in range(d):
                least, greatest = np.inf, -np.inf
                for below in range(BOXES):
                    least = lesser(least, boxes[starts[level] + node, 0, c, below])
                    greatest = greater(greatest, boxes[starts[level] + node, 1, c, below])
                boxes[parent, 0, c, child], boxes[parent, 1, c, child] = least, greatest


@njit(error_model="numpy", inline="always")
def _widened(reach: float, tie: float, euclidean: bool) -> float:
    """Beyond which no row matters where the k-th nearest is at ``reach``; more than that also where a tie is lost in
    rounding, as between two labels."""
    return BARELY * ((math.sqrt(reach) + 2 * tie) ** 2 if euclidean else reach + 2 * tie)


@njit(nogil=True, cache=True, error_model="numpy")
def _within(
    blocks: Block, n: int, boxes: Block4, levels: Indices, starts: Indices, euclidean: bool, point: Vector,
    reach: float, gaps: Vector, stack: IndexTable, before: Indices | None,
) -> Any:  # fmt: skip
    """How many rows are within ``reach`` of ``point``; boxes that are so as a whole are not descended into.

    before: where rows stand for several, how many do so before each row of the tree and in all, ``[n + 1]``.
    """
    total, depth = 0, 1
    stack[0, 0], stack[0, 1] = len(levels) - 1, 0
    while depth:
        depth -= 1
        level, node = stack[depth, 0], stack[depth, 1]
        if level == 0:
            mask = rows_within(blocks, node, point, starts, euclidean, reach, gaps)
            if before is None:
                total += bits(mask)
            else:
                while mask:
                    at = node * ROWS + first_bit(mask)
                    mask &= mask - 1
                    total += before[at + 1] - before[at]
            continue
        told = boxes_within(boxes, levels[level] + node, point, starts, euclidean, reach, gaps)
        whole = (told >> BOXES) & told
        some = told & ((1 << BOXES) - 1) & ~whole
        size = ROWS << 3 * (level - 1)
        while whole:
            first = (node * BOXES + first_bit(whole)) * size
            whole &= whole - 1
            if before is None:
                total += lesser(size, n - first)
            else:
                total += before[lesser(first + size, n)] - before[first]
        while some:
            stack[depth, 0], stack[depth, 1] = level - 1, node * BOXES + first_bit(some)
            some &= some - 1
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
        gap = gaps[lane]
        if gap < near[k]:
            at = k
            while at > 0 and near[at - 1] > gap:
                near[at], ids[at] = near[at - 1], ids[at - 1]
                at -= 1
            near[at], ids[at] = gap, first + lane
            limit = lesser(lesser(limit, near[k]), _widened(near[k - 1], tie, euclidean))
    return limit


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
        np.empty(blocks.shape[1]), np.empty(ROWS), np.empty(BOXES), np.empty((ROWS, ROWS)), np.empty(most),
        np.empty(most, np.int64), np.empty((room, 2), np.int64), np.empty(room),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _search(
    blocks, order, boxes, levels, starts, ks, tie, euclidean, begin, end, distances, nearest, inside, tied, reaches,
    point, gaps, box_gaps, best, near, ids, stack, bounds,
):  # fmt: skip
    n, d, top = len(order), blocks.shape[1], len(levels) - 1
    nodes = looked = 0
    for leaf in range(begin, end):
        own = leaf * ROWS
        rows = lesser(ROWS, n - own)
        # The k + 1 nearest of a leaf's own rows, each row one lane; the row itself is one of them.
        asked = 0
        for lane in range(rows):
            asked = greater(asked, ks[order[own + lane]])
        if asked < rows:
            for place in range(asked + 1):
                for lane in range(ROWS):
                    best[place, lane] = np.inf
            for lane in range(rows):
                for c in range(d):
                    point[c] = blocks[leaf, c, lane]
                rows_below(blocks, leaf, point, starts, euclidean, 0.0, gaps)
                sift(gaps, best, asked + 1)
        for lane in range(rows):
            i = order[own + lane]
            k = ks[i]
            for c in range(d):
                point[c] = blocks[leaf, c, lane]
            # With fewer than k rows in the leaf nothing is known yet, but lanes without a row stay out.
            limit = lesser(_widened(best[k, lane], tie, euclidean), HUGE) if asked < rows else HUGE
            for place in range(k + 1):
                near[place] = np.inf
            mask = rows_below(blocks, leaf, point, starts, euclidean, limit, gaps) & ~(1 << lane)
            limit = _take(mask, gaps, own, k, tie, euclidean, limit, near, ids)
            looked += 1
            for height in range(1, top + 1):
                node = leaf >> 3 * height
                child = (leaf >> 3 * (height - 1)) & 7
                mask = boxes_below(boxes, levels[height] + node, point, starts, euclidean, limit, box_gaps)
                mask &= ~(1 << child)
                nodes += 1
                depth = 0
                while mask:
                    lowest = first_bit(mask)
                    mask &= mask - 1
                    stack[depth, 0], stack[depth, 1] = height - 1, node * BOXES + lowest
                    bounds[depth] = box_gaps[lowest]
                    depth += 1
                while depth:
                    depth -= 1
                    if bounds[depth] >= limit:
                        continue
                    level, here = stack[depth, 0], stack[depth, 1]
                    if level == 0:
                        looked += 1
                        mask = rows_below(blocks, here, point, starts, euclidean, limit, gaps)
                        limit = _take(mask, gaps, here * ROWS, k, tie, euclidean, limit, near, ids)
                        continue
                    nodes += 1
                    mask = boxes_below(boxes, levels[level] + here, point, starts, euclidean, limit, box_gaps)
                    while mask:
                        lowest = first_bit(mask)
                        mask &= mask - 1
                        stack[depth, 0], stack[depth, 1] = level - 1, here * BOXES + lowest
                        bounds[depth] = box_gaps[lowest]
                        depth += 1
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
                inside[i] = _within(blocks, n, boxes, levels, starts, euclidean, point, reach, gaps, stack, None) - 1
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
    room = np.empty(blocks.shape[1]), np.empty(ROWS), np.empty((BOXES * len(levels), 2), np.int64)
    _count(blocks, order, boxes, levels, starts, reaches, euclidean, begin, end, counts, before, *room)


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    blocks, order, boxes, levels, starts, reaches, euclidean, begin, end, counts, before, point, gaps, stack
):  # fmt: skip
    n, d = len(order), blocks.shape[1]
    for leaf in range(begin, end):
        for lane in range(lesser(ROWS, n - leaf * ROWS)):
            i = order[leaf * ROWS + lane]
            for c in range(d):
                point[c] = blocks[leaf, c, lane]
            reach = reaches[i]
            counts[i] = _within(blocks, n, boxes, levels, starts, euclidean, point, reach, gaps, stack, before) - 1


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
    blocks, order, boxes, levels, starts, points, members, ks, tie, euclidean, begin, end, distances, nearest, inside,
    widest, point, gaps, stack,
):  # fmt: skip
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
