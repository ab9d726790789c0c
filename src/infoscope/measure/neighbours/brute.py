"""All neighbours of all rows by comparing every pair, a few rows against a stretch of candidates at a time.

Distances are first taken in float32, eight or sixteen to an instruction, and decide every case in which float32
cannot be wrong; the few pairs near a threshold are measured again in float64. The answer is that of float64 alone.

What compiled loops work in is made by whoever calls them, and what is filled or copied is so number by number: either
takes numba longer to compile than a loop.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from infoscope.core.shapes import Block, IndexTable, Indices, Marks, MarkTable, Matrix, Vector
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import greater, lesser

ROWS, STRETCH, GROUP = 8, 1024, 32
_FLAGS = {"nnan", "nsz", "reassoc"}  # reassoc only regroups counts, which are whole numbers


@njit(error_model="numpy", inline="always")
def exact(points: Matrix, i: int, j: int, first: int, last: int, euclidean: bool) -> float:
    """The distance of rows i and j over columns ``first`` to ``last``, squared when Euclidean."""
    found = 0.0
    for c in range(first, last):
        gap = abs(points[i, c] - points[j, c])
        found = found + gap * gap if euclidean else greater(found, gap)
    return found


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _greatest(columns: Matrix, i: int, first: int, last: int, j0: int, j1: int, line: Vector) -> None:
    """line[j] = max over columns of |x_j - x_i|, four columns at a time to spare loads and stores."""
    size, c = j1 - j0, first + (last - first) % 4
    if c == first:
        for j in range(size):
            line[j] = 0
    elif c == first + 1:
        p, ps = columns[first, i], columns[first, j0:j1]
        for j in range(size):
            line[j] = abs(ps[j] - p)
    elif c == first + 2:
        p, q, ps, qs = columns[first, i], columns[first + 1, i], columns[first, j0:j1], columns[first + 1, j0:j1]
        for j in range(size):
            line[j] = greater(abs(ps[j] - p), abs(qs[j] - q))
    else:
        p, q, r = columns[first, i], columns[first + 1, i], columns[first + 2, i]
        ps, qs, rs = columns[first, j0:j1], columns[first + 1, j0:j1], columns[first + 2, j0:j1]
        for j in range(size):
            line[j] = greater(abs(ps[j] - p), greater(abs(qs[j] - q), abs(rs[j] - r)))
    while c < last:
        p, q, r, s = columns[c, i], columns[c + 1, i], columns[c + 2, i], columns[c + 3, i]
        ps, qs, rs, ss = columns[c, j0:j1], columns[c + 1, j0:j1], columns[c + 2, j0:j1], columns[c + 3, j0:j1]
        for j in range(size):
            one = greater(abs(ps[j] - p), abs(qs[j] - q))
            other = greater(abs(rs[j] - r), abs(ss[j] - s))
            line[j] = greater(line[j], greater(one, other))
        c += 4


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _squared(columns: Matrix, i: int, first: int, last: int, j0: int, j1: int, line: Vector) -> None:
    """line[j] = sum over columns of (x_j - x_i)²."""
    size, c = j1 - j0, first + (last - first) % 4
    for j in range(size):
        line[j] = 0
    for at in range(first, c):
        p, ps = columns[at, i], columns[at, j0:j1]
        for j in range(size):
            gap = ps[j] - p
            line[j] += gap * gap
    while c < last:
        p, q, r, s = columns[c, i], columns[c + 1, i], columns[c + 2, i], columns[c + 3, i]
        ps, qs, rs, ss = columns[c, j0:j1], columns[c + 1, j0:j1], columns[c + 2, j0:j1], columns[c + 3, j0:j1]
        for j in range(size):
            one, two, three, four = ps[j] - p, qs[j] - q, rs[j] - r, ss[j] - s
            line[j] += (one * one + two * two) + (three * three + four * four)
        c += 4


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _combine(lines: Block, t: int, members: MarkTable, s: int, out: Vector) -> None:
    """out[j] = the largest distance of row t over the blocks of subspace ``s``."""
    for j in range(len(out)):
        out[j] = 0
    for b in range(members.shape[1]):
        if members[s, b]:
            line = lines[b, t]
            for j in range(len(out)):
                out[j] = greater(out[j], line[j])


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _least(one: Vector, other: Vector, out: Vector) -> None:
    """out[g] = the least of max(one, other) over group g, which is every len(out)-th row from the g-th on."""
    groups = len(out)
    for g in range(groups):
        out[g] = np.inf
    for start in range(0, len(one), groups):
        a, b = one[start : start + groups], other[start : start + groups]
        for g in range(groups):
            out[g] = lesser(out[g], greater(a[g], b[g]))


@njit(nogil=True, cache=True, error_model="numpy")
def _kth_least(values: Vector, k: int, best: Vector) -> Any:
    """The k-th least of ``values``, infinity where there are fewer; ``best [>= k]`` is overwritten."""
    for at in range(k):
        best[at] = np.inf
    for value in values:
        if value < best[k - 1]:
            at = k - 1
            while at > 0 and best[at - 1] > value:
                best[at] = best[at - 1]
                at -= 1
            best[at] = value
    return best[k - 1]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _below(line: Vector, low: float | np.float32, high: float | np.float32) -> tuple[int, int]:
    """How many are below ``low`` and how many at or below ``high``; counted in float32, 2^22 at a time."""
    one, zero = np.float32(1), np.float32(0)
    sure = maybe = 0
    for start in range(0, len(line), 4194304):
        part = line[start : start + 4194304]
        low_count = high_count = zero
        for j in range(len(part)):
            low_count += one if part[j] < low else zero
            high_count += one if part[j] <= high else zero
        sure += np.int64(low_count)
        maybe += np.int64(high_count)
    return sure, maybe


@njit(error_model="numpy", inline="always")
def _margin(threshold: float, blur: float, columns: int, euclidean: bool) -> float:
    """How far a float32 distance near ``threshold`` can be from the float64 one.

    blur: the largest error of one difference, from rounding the coordinates.
    """
    if not euclidean:
        return blur + threshold * 2.4e-7
    return 2 * math.sqrt(columns * threshold) * blur + columns * blur * blur + threshold * (columns + 4) * 1.2e-7


@njit(error_model="numpy", inline="always")
def _widened(reach: float, tie: float, times: float, blur: float, columns: int, euclidean: bool) -> float:
    """A float32 distance beyond which no row is within ``tie`` of ``reach``."""
    if euclidean:
        reach = (math.sqrt(reach) + tie) ** 2
    else:
        reach += tie
    return reach + times * _margin(reach, blur, columns, euclidean)


@njit(nogil=True, cache=True, error_model="numpy")
def subspace(points: Matrix, i: int, j: int, starts: Indices, members: MarkTable, s: int, euclidean: bool) -> float:
    """The distance of two rows over the blocks of subspace ``s``, or all of them where it is -1; squared when
    Euclidean."""
    found = 0.0
    for b in range(len(starts) - 1):
        if s < 0 or members[s, b]:
            found = greater(found, exact(points, i, j, starts[b], starts[b + 1], euclidean))
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def settle(
    points: Matrix, i: int, candidates: Indices, kept: int, starts: Indices, members: MarkTable, k: int, tie: float,
    euclidean: bool, rectangle: bool, scratch: Vector, distances: Matrix, nearest: IndexTable, thresholds: Vector,
) -> tuple[Any, Any]:  # fmt: skip
    """Exact nearest k of row i out of ``candidates [:kept]``, which hold every row in its closed ball, and what to
    count.

    Fills ``distances[i, :k]``, ``nearest[i, :k]`` and the ``thresholds`` of the subspaces below or at which a row
    counts as inside. Returns how many rows the closed ball holds, and whether its surface holds several.
    """
    every = np.int64(-1)  # what is called for a literal is compiled for it again
    for place in range(k):
        distances[i, place] = np.inf
    for c in range(kept):
        value, at = subspace(points, i, candidates[c], starts, members, every, euclidean), k - 1
        scratch[c] = value
        if value < distances[i, at]:
            while at > 0 and distances[i, at - 1] > value:
                distances[i, at], nearest[i, at] = distances[i, at - 1], nearest[i, at - 1]
                at -= 1
            distances[i, at], nearest[i, at] = value, candidates[c]
    if euclidean:
        for c in range(kept):
            scratch[c] = math.sqrt(scratch[c])
        for place in range(k):
            distances[i, place] = math.sqrt(distances[i, place])
    radius = distances[i, k - 1]
    closed = opened = 0
    for c in range(kept):
        closed += scratch[c] <= radius + tie
        opened += scratch[c] < radius - tie
    tied = closed - opened > 1 or radius <= tie
    for s in range(len(members)):
        reach = radius + tie if tied else radius - tie
        if rectangle:
            reach = 0.0
            for c in range(kept):
                if scratch[c] <= radius + tie:
                    reach = greater(reach, subspace(points, i, candidates[c], starts, members, s, euclidean))
            reach = (math.sqrt(reach) if euclidean else reach) + tie
        thresholds[s] = reach * reach if euclidean else reach
    return closed, tied


def every_pair(
    points: Matrix,  # [n, d] float64
    columns: Matrix,  # [d, m] float32, the same transposed and padded to whole groups with rows out of reach
    starts: Indices,  # [b + 1] first column of each block
    members: MarkTable,  # [s, b] the blocks of each subspace
    ks: Indices,  # [n] how many neighbours make the ball of each row
    tie: float,
    blur: float,
    euclidean: bool,
    rectangle: bool,
    begin: int,
    end: int,
    distances: Matrix,  # [n, k] written
    nearest: IndexTable,  # [n, k] written
    inside: Indices,  # [n] written
    tied: Marks,  # [n] written
    counts: IndexTable,  # [s, n] written
) -> None:
    n, padded, blocks = len(points), columns.shape[1], len(starts) - 1
    room = (
        np.empty((blocks, ROWS, padded), np.float32),
        np.empty(padded // GROUP, np.float32),
        *np.empty((2, padded), np.float32),
        np.empty(n, np.int64),
        np.empty(n),
        np.arange(blocks)[None] < blocks - 1,
        np.empty(distances.shape[1] + 1, np.float32),
        np.empty(len(members)),
    )
    _every_pair(
        points, columns, starts, members, ks, tie, blur, euclidean, rectangle, begin, end, distances, nearest, inside,
        tied, counts, *room,
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _every_pair(
    points: Matrix, columns: Matrix, starts: Indices, members: MarkTable, ks: Indices, tie: float, blur: float,
    euclidean: bool, rectangle: bool, begin: int, end: int, distances: Matrix, nearest: IndexTable, inside: Indices,
    tied: Marks, counts: IndexTable, lines: Block, least: Vector, together: Vector, part: Vector,
    candidates: Indices, scratch: Vector, all_but_last: MarkTable, best: Vector, thresholds: Vector,
) -> None:  # fmt: skip
    d, padded = columns.shape
    n, blocks, none = len(points), len(starts) - 1, np.int64(0)
    for i0 in range(begin, end, ROWS):
        i1 = lesser(i0 + ROWS, end)
        for j0 in range(0, padded, STRETCH):
            j1 = lesser(j0 + STRETCH, padded)
            for b in range(blocks):
                for i in range(i0, i1):
                    line = lines[b, i - i0, j0:j1]
                    if euclidean:
                        _squared(columns, i, starts[b], starts[b + 1], j0, j1, line)
                    else:
                        _greatest(columns, i, starts[b], starts[b + 1], j0, j1, line)
        for i in range(i0, i1):
            t, k = i - i0, ks[i]
            one, other = lines[0, t], lines[blocks - 1, t]
            if blocks > 2:
                _combine(lines, t, all_but_last, none, together)
                one = together
            _least(one, other, least)
            # The row itself is one of the k + 1 nearest, and the least of k + 1 groups are k + 1 rows.
            reach = np.float64(_kth_least(least, k + 1, best))
            limit = np.float32(_widened(reach, tie, 3.0, blur, d, euclidean))
            kept = none
            for g in range(len(least)):
                if least[g] <= limit:
                    for j in range(g, n, len(least)):
                        if greater(one[j], other[j]) <= limit and j != i:
                            candidates[kept] = j
                            kept += 1
            inside[i], tied[i] = settle(
                points, i, candidates, kept, starts, members, k, tie, euclidean, rectangle, scratch, distances, nearest,
                thresholds,
            )  # fmt: skip
            for s in range(len(members)):
                alone, only = -1, 0
                for b in range(blocks):
                    if members[s, b]:
                        alone, only = b, only + 1
                line = lines[alone, t]
                if only > 1:
                    _combine(lines, t, members, s, part)
                    line = part
                margin = _margin(thresholds[s], blur, d, euclidean)
                low, high = np.float32(thresholds[s] - margin), np.float32(thresholds[s] + margin)
                counts[s, i] = -1  # the row itself
                sure, maybe = _below(line[:n], low, high)
                at_the_edge = 0
                for c in range(kept):
                    if line[candidates[c]] >= low and line[candidates[c]] <= high:
                        at_the_edge += 1
                        counts[s, i] += (
                            subspace(points, i, candidates[c], starts, members, s, euclidean) <= thresholds[s]
                        )
                if maybe - sure > at_the_edge:  # others than those at the ball's surface are too near to tell
                    counts[s, i] = -1
                    for j in range(n):
                        if line[j] >= low and line[j] <= high:
                            counts[s, i] += subspace(points, i, j, starts, members, s, euclidean) <= thresholds[s]
                counts[s, i] += sure
