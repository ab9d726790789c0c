"""All neighbours of all rows by k-d trees: one for the whole space, one for each subspace of several columns.

Where rows fill few dimensions, most of a tree is never looked at. All distances are float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from infoscope.core.shapes import IndexTable, Indices, Marks, MarkTable, Matrix, Vector
from infoscope.measure.neighbours.brute import joint, settle

LEAF = 12
DEEP = 64  # a stack holds one node a level, and its sibling


@njit(nogil=True, cache=True, error_model="numpy")
def _halve(values: Vector, order: Indices, first: int, last: int, middle: int) -> None:
    """Reorder ``order[first:last]`` so that the values before ``middle`` are at most those from it on (Hoare)."""
    low, high = first, last - 1
    while low < high:
        pivot = values[order[(low + high) // 2]]
        i, j = low, high
        while i <= j:
            while values[order[i]] < pivot:
                i += 1
            while values[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@njit(nogil=True, cache=True, error_model="numpy")
def grow(points: Matrix) -> tuple[Any, Any, Any, Any]:
    """A tree over ``points [n, d]``: node v has the children 2v + 1 and 2v + 2.

    Returns the order of the rows, ``spans [nodes, 2]`` into it, and the least and greatest of each column
    ``[nodes, d]``.
    """
    n, d = points.shape
    levels = 0
    while n > LEAF << levels:
        levels += 1
    nodes = (2 << levels) - 1
    order, spans = np.arange(n), np.zeros((nodes, 2), np.int64)
    low, high = np.empty((nodes, d)), np.empty((nodes, d))
    columns = points.T.copy()
    spans[0, 1] = n
    for v in range(nodes):
        first, last = spans[v]
        for c in range(d):
            least = greatest = columns[c, order[first]]
            for place in range(first + 1, last):
                value = columns[c, order[place]]
                least, greatest = min(least, value), max(greatest, value)
            low[v, c], high[v, c] = least, greatest
        if 2 * v + 2 < nodes:
            middle = (first + last) // 2
            _halve(columns[np.argmax(high[v] - low[v])], order, first, last, middle)
            spans[2 * v + 1, 0], spans[2 * v + 1, 1] = first, middle
            spans[2 * v + 2, 0], spans[2 * v + 2, 1] = middle, last
    return order, spans, low, high


@njit(nogil=True, cache=True, error_model="numpy")
def _nearest_of(box: int, point: Vector, low: Matrix, high: Matrix, starts: Indices, euclidean: bool) -> float:
    """The least distance of ``point`` to a box."""
    found = 0.0
    for b in range(len(starts) - 1):
        block = 0.0
        for c in range(starts[b], starts[b + 1]):
            gap = max(low[box, c] - point[c], point[c] - high[box, c], 0.0)
            block = block + gap * gap if euclidean else max(block, gap)
        found = max(found, block)
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _farthest_of(box: int, point: Vector, low: Matrix, high: Matrix, starts: Indices, euclidean: bool) -> float:
    """The greatest distance of ``point`` to a box."""
    found = 0.0
    for b in range(len(starts) - 1):
        block = 0.0
        for c in range(starts[b], starts[b + 1]):
            gap = max(abs(point[c] - low[box, c]), abs(high[box, c] - point[c]))
            block = block + gap * gap if euclidean else max(block, gap)
        found = max(found, block)
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def search(
    rows: Matrix,  # [n, d] in the order of the tree
    order: Indices,
    spans: IndexTable,
    low: Matrix,
    high: Matrix,
    points: Matrix,  # [n, d] in their own order, as are all results
    starts: Indices,
    members: MarkTable,
    ks: Indices,
    tie: float,
    euclidean: bool,
    rectangle: bool,
    begin: int,
    end: int,  # which rows of the tree to ask about
    distances: Matrix,
    nearest: IndexTable,
    inside: Indices,
    tied: Marks,
    reaches: Matrix,  # [s, n] written: distances (squared when Euclidean) within which a subspace counts
) -> int:
    """The balls of some rows but for the counts; returns how many pairs were looked at."""
    n = len(rows)
    candidates, found, scratch = np.empty(n, np.int32), np.empty(n), np.empty(n)
    best, thresholds = np.empty(distances.shape[1]), np.empty(len(members))
    stack, bounds = np.empty(DEEP, np.int64), np.empty(DEEP)
    leaves, looked = len(spans) // 2, 0
    for place in range(begin, end):
        i = order[place]
        k, point = ks[i], rows[place]
        best[:] = np.inf
        limit, held, depth = np.inf, 0, 1
        stack[0], bounds[0] = 0, 0.0
        while depth:
            depth -= 1
            v = stack[depth]
            if bounds[depth] > limit:
                continue
            if v < leaves:
                left, right = 2 * v + 1, 2 * v + 2
                near = _nearest_of(left, point, low, high, starts, euclidean)
                far = _nearest_of(right, point, low, high, starts, euclidean)
                if near > far:
                    left, right, near, far = right, left, far, near
                stack[depth], bounds[depth] = right, far
                stack[depth + 1], bounds[depth + 1] = left, near
                depth += 2
                continue
            looked += spans[v, 1] - spans[v, 0]
            for other in range(spans[v, 0], spans[v, 1]):
                distance = joint(rows, place, other, starts, euclidean)
                if distance <= limit and other != place:
                    candidates[held], found[held] = order[other], distance
                    held += 1
                    if distance < best[k - 1]:
                        at = k - 1
                        while at > 0 and best[at - 1] > distance:
                            best[at] = best[at - 1]
                            at -= 1
                        best[at] = distance
                        reach = best[k - 1]
                        limit = (math.sqrt(reach) + 2 * tie) ** 2 if euclidean else reach + 2 * tie
        kept = 0
        for c in range(held):
            if found[c] <= limit:
                candidates[kept] = candidates[c]
                kept += 1
        _, inside[i], tied[i] = settle(
            points, i, candidates[:kept], starts, members, k, tie, euclidean, rectangle, scratch, distances[i],
            nearest[i], thresholds,
        )  # fmt: skip
        reaches[:, i] = thresholds
    return looked


@njit(nogil=True, cache=True, error_model="numpy")
def count(
    rows: Matrix, order: Indices, spans: IndexTable, low: Matrix, high: Matrix, starts: Indices, reaches: Matrix,
    euclidean: bool, begin: int, end: int, counts: IndexTable, before: Indices | None = None,
) -> int:  # fmt: skip
    """How many other rows are within ``reaches [n]`` of some rows; returns how many pairs were looked at.

    before: where rows stand for several, how many do so before each of ``rows`` and in all, ``[n + 1]``.
    """
    stack, leaves, looked = np.empty(DEEP, np.int64), len(spans) // 2, 0
    for place in range(begin, end):
        i = order[place]
        point, reach = rows[place], reaches[i]
        total, depth = -1, 1
        stack[0] = 0
        while depth:
            depth -= 1
            v = stack[depth]
            if _nearest_of(v, point, low, high, starts, euclidean) > reach:
                continue
            if _farthest_of(v, point, low, high, starts, euclidean) <= reach:
                if before is None:
                    total += spans[v, 1] - spans[v, 0]
                else:
                    total += before[spans[v, 1]] - before[spans[v, 0]]
            elif v < leaves:
                stack[depth], stack[depth + 1] = 2 * v + 2, 2 * v + 1
                depth += 2
            else:
                looked += spans[v, 1] - spans[v, 0]
                for other in range(spans[v, 0], spans[v, 1]):
                    if before is None:
                        total += joint(rows, place, other, starts, euclidean) <= reach
                    elif joint(rows, place, other, starts, euclidean) <= reach:
                        total += before[other + 1] - before[other]
        counts[i] = total
    return looked
