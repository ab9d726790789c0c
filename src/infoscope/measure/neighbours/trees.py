"""A tree without pointers: leaves of 32 rows, eight leaves a node, eight nodes the next.

Rows are halved at places that are 32 times a power of two, so that what a node holds follows from its number.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from infoscope.core.shapes import Block, Block4, Indices, Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import greater, lesser
from infoscope.measure.neighbours.lanes import BOXES, ROWS, ends

SAMPLED = 64  # rows of which the widest column is told
MANY = 600  # keys from which on more than three are looked at to halve them


@njit(error_model="numpy", inline="always")
def _halve(keys: Indices, middle: int, sample: Indices) -> None:
    """Reorder ``keys``, all different, so that those before ``middle`` are less than those from it on; sample: room.

    Quickselect without a branch that depends on a key (Lomuto): it would be mispredicted every other time.
    """
    low, high = 0, len(keys)
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
        some, i = keys[low:high], 0
        for j in range(len(some)):
            key = some[j]
            some[j] = some[i]
            some[i] = key
            i += key < pivot
        i += low
        if middle == i:
            return
        if middle < i:
            high = i
        else:
            low = i


def grow(points: Matrix) -> tuple[Block, Indices, Block4, Indices]:
    """A tree over ``points [n, d]``.

    Returns the rows of its leaves ``[leaf, d, 32]``, lanes without a row at infinity; which row each is ``[n]``; the
    boxes below each node ``[node, 2, d, 8]``; and the first node of each level, 0 for the leaves.
    """
    n, d = points.shape
    leaves = -(-n // ROWS)
    starts, nodes = _levels(leaves)
    blocks, boxes, order = np.empty((leaves, d, ROWS)), np.empty((nodes, 2, d, BOXES)), np.arange(n)
    short = np.empty(n, np.float32)
    _grow(
        points, short, short.view(np.int32), np.empty(n, np.int64), np.empty(SAMPLED // 2 - 1, np.int64),
        np.empty((2, d)), *np.empty((2, 64), np.int64), order, blocks, boxes, starts,
    )  # fmt: skip
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
    points: Matrix, short: Vector, bits_of_short: Indices, keys: Indices, sample: Indices, sides: Matrix,
    begins: Indices, sizes: Indices, order: Indices, blocks: Block, boxes: Block4, starts: Indices,
) -> None:  # fmt: skip
    """Fill ``order``, ``blocks`` and ``boxes``; all else but the points is room.

    Where rows are halved decides how fast they are found and not which: a number in float32 and, below it, its row make
    a key, so that one array is reordered and no two keys are equal.
    """
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
        first, last = begin * ROWS, lesser((begin + size) * ROWS, n)
        # Of a part of an array numba knows that no place is counted from its end: such loops are made of vectors.
        rows, mixed = order[first:last], keys[first:last]
        numbers, their_bits = short[first:last], bits_of_short[first:last]
        widest, width = 0, -1.0
        for c in range(d):
            sides[0, c] = sides[1, c] = points[rows[0], c]
        step = greater(1, len(rows) // SAMPLED)
        for place in range(0, len(rows) - 3 * step, 4 * step):  # four at a time: each looks at both ends in memory
            one, two = points[rows[place]], points[rows[place + step]]
            three, four = points[rows[place + 2 * step]], points[rows[place + 3 * step]]
            for c in range(d):
                low, high = lesser(one[c], two[c]), greater(one[c], two[c])
                low, high = lesser(low, lesser(three[c], four[c])), greater(high, greater(three[c], four[c]))
                sides[0, c], sides[1, c] = lesser(sides[0, c], low), greater(sides[1, c], high)
        for c in range(d):
            if sides[1, c] - sides[0, c] > width:
                widest, width = c, sides[1, c] - sides[0, c]
        column = points[:, widest]
        for place in range(len(rows)):
            numbers[place] = column[rows[place]]
        for place in range(len(rows)):
            number = np.int64(their_bits[place])
            mixed[place] = ((number ^ ((number >> 31) & 0x7FFFFFFF)) << 32) | rows[place]
        _halve(mixed, half * ROWS, sample)
        for place in range(len(rows)):
            rows[place] = mixed[place] & 0xFFFFFFFF
        begins[depth], sizes[depth] = begin + half, size - half
        begins[depth + 1], sizes[depth + 1] = begin, half
        depth += 2
    for node in range(len(boxes)):
        for c in range(d):
            for child in range(BOXES):
                boxes[node, 0, c, child], boxes[node, 1, c, child] = np.inf, -np.inf
    for leaf in range(leaves):
        rows, block = order[leaf * ROWS : lesser(n, (leaf + 1) * ROWS)], blocks[leaf]
        for lane in range(ROWS):  # what is beyond the last row counts as it for the box
            row = points[rows[lesser(lane, len(rows) - 1)]]
            for c in range(d):
                block[c, lane] = row[c]
        if levels:
            for c in range(d):
                least, greatest = ends(block[c])
                boxes[leaf // BOXES, 0, c, leaf % BOXES] = least
                boxes[leaf // BOXES, 1, c, leaf % BOXES] = greatest
        for lane in range(len(rows), ROWS):
            for c in range(d):
                block[c, lane] = np.inf
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
