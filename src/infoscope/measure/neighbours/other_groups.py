"""Neighbours among rows of other groups, of all rows and of all but each of some parts: every pair is compared."""

from __future__ import annotations

import numpy as np

from infoscope.core.shapes import IndexBlock, IndexTable, Indices, Marks, MarkTable, Matrix, Vector
from infoscope.kernels.compiling import njit

_FLAGS = {"nnan", "nsz", "reassoc"}


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FLAGS, forceinline=True)
def _line(columns: Matrix, classes: Indices, i: int, first: int, last: int, euclidean: bool, line: Vector) -> None:
    """line[j] = the distance of rows i and j over columns ``first`` to ``last``."""
    line[:] = 0
    for c in range(first, last):
        column, at = columns[c], columns[c, i]
        if euclidean:
            for j in range(len(line)):
                gap = column[j] - at
                line[j] += gap * gap
        else:
            for j in range(len(line)):
                line[j] = max(line[j], abs(column[j] - at))
    if euclidean:
        for j in range(len(line)):
            line[j] = np.sqrt(line[j])


@njit(nogil=True, cache=True, error_model="numpy")
def _combine(lines: Matrix, member: Marks, out: Vector) -> None:
    """out[j] = the largest distance over the blocks in ``member``."""
    out[:] = 0
    for b in range(len(member)):
        if member[b]:
            line = lines[b]
            for j in range(len(out)):
                out[j] = max(out[j], line[j])


@njit(nogil=True, cache=True, error_model="numpy")
def _ball(
    whole: Vector, lines: Matrix, parts: Indices, without: int, k: int, tie: float, rectangle: bool, distances: Vector,
    nearest: Indices, thresholds: Vector,
) -> tuple[int, int, bool]:  # fmt: skip
    """The ball of a row from its distances ``whole [n]`` in the joint space and ``lines [s, n]`` in each subspace.

    Rows of part ``without`` are passed over, and those out of reach are infinitely far. Fills ``distances[:k]`` and
    ``nearest[:k]``, nearest first, and the ``thresholds`` at or below which a row counts as inside. Returns how many
    rows there are, how many the closed ball holds, and whether it is tied.
    """
    n, others = len(whole), 0
    distances[:] = np.inf
    last = np.inf
    for j in range(n):
        gap = whole[j]
        if gap == np.inf or parts[j] == without:
            continue
        others += 1
        if gap < last:
            at = k - 1
            while at > 0 and distances[at - 1] > gap:
                distances[at], nearest[at] = distances[at - 1], nearest[at - 1]
                at -= 1
            distances[at], nearest[at] = gap, j
            last = distances[k - 1]
    if others == 0:
        return 0, 0, False
    radius = distances[min(k, others) - 1]
    closed = opened = 0
    for j in range(n):
        if parts[j] != without:
            closed += whole[j] <= radius + tie
            opened += whole[j] < radius - tie
    tied = closed - opened > 1 or radius <= tie
    for s in range(len(lines)):
        thresholds[s] = radius + tie if tied else radius - tie
        if rectangle:
            reach = 0.0
            for j in range(n):
                if whole[j] <= radius + tie and parts[j] != without:
                    reach = max(reach, lines[s, j])
            thresholds[s] = reach + tie
    return others, closed, tied


@njit(nogil=True, cache=True, error_model="numpy")
def other_groups(
    columns: Matrix,  # [d, n] float64
    starts: Indices,  # [b + 1] first column of each block
    classes: IndexTable,  # [b, n] rows of a block with another class are out of reach
    members: MarkTable,  # [s, b] the blocks of each subspace
    groups: Indices,  # [n] rows of the same group are passed over
    parts: Indices,  # [n] which part of the groups each row is in
    count: int,  # how many parts there are; 0 for none
    k: int,
    tie: float,
    euclidean: bool,
    rectangle: bool,
    begin: int,
    end: int,
    distances: Matrix,  # [n, k] written, of all rows
    nearest: IndexBlock,  # [1 + count, n, k] written; [0, n, k] where it is not wanted
    radius: Matrix,  # [1 + count, n] written, as all that follows: line 0 of all rows, line 1 + p without part p
    others: IndexTable,  # how many rows there are to be met
    inside: IndexTable,
    tied: MarkTable,
    counts: IndexBlock,  # [1 + count, s, n]
) -> None:
    blocks, n = classes.shape
    subspaces, wanted = len(members), len(nearest) > 0
    each, lines, whole = np.empty((blocks, n)), np.empty((subspaces, n)), np.empty(n)
    everything = np.ones(blocks, np.bool_)
    near, far, thresholds = np.empty(k, np.int32), np.empty(k), np.empty(subspaces)
    met, held, seen = np.empty(count, np.int64), np.empty(count, np.int64), np.empty((subspaces, count), np.int64)
    for i in range(begin, end):
        for b in range(blocks):
            _line(columns, classes[b], i, starts[b], starts[b + 1], euclidean, each[b])
            line, mine, own = each[b], classes[b], classes[b, i]
            for j in range(n):
                if mine[j] != own or groups[j] == groups[i]:
                    line[j] = np.inf
        _combine(each, everything, whole)
        for s in range(subspaces):
            _combine(each, members[s], lines[s])
        near[:] = i  # stands for neighbours that are not there, where fewer than k can be met
        found, closed, tie_here = _ball(whole, lines, parts, -1, k, tie, rectangle, far, near, thresholds)
        distances[i] = far
        others[0, i], inside[0, i], tied[0, i] = found, closed, tie_here
        reach = far[max(min(k, found), 1) - 1]
        radius[0, i] = reach
        if wanted:
            nearest[0, i] = near
        met[:], held[:] = 0, 0
        for s in range(subspaces):
            line, at, total = lines[s], thresholds[s], 0
            if count:
                seen[s] = 0
                for j in range(n):
                    if line[j] <= at:
                        total += 1
                        seen[s, parts[j]] += 1
            else:
                for j in range(n):
                    total += line[j] <= at
            counts[0, s, i] = total
        if not count:
            continue
        for j in range(n):
            if whole[j] < np.inf:
                met[parts[j]] += 1
                held[parts[j]] += whole[j] <= reach + tie
        for p in range(count):
            if held[p] == 0:
                others[1 + p, i], inside[1 + p, i], tied[1 + p, i] = found - met[p], closed, tie_here
                radius[1 + p, i] = reach
                for s in range(subspaces):
                    counts[1 + p, s, i] = counts[0, s, i] - seen[s, p]
                if wanted:
                    nearest[1 + p, i] = nearest[0, i]
                continue
            near[:] = i
            rest, closed_here, tied_here = _ball(whole, lines, parts, p, k, tie, rectangle, far, near, thresholds)
            others[1 + p, i], inside[1 + p, i], tied[1 + p, i] = rest, closed_here, tied_here
            radius[1 + p, i] = far[max(min(k, rest), 1) - 1]
            if wanted:
                nearest[1 + p, i] = near
            for s in range(subspaces):
                line, at, total = lines[s], thresholds[s], 0
                for j in range(n):
                    total += line[j] <= at and parts[j] != p
                counts[1 + p, s, i] = total


def seconds(n: int, d: int) -> float:
    """About how long one thread takes over n rows of d columns and 20 parts."""
    return n * n * (1e-8 + 1e-9 * d)
