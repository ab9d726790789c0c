"""Quantisation: a representation becomes one discrete symbol a row, from which every plug-in entropy is counted.

A row's symbol is a 64-bit key. Where the joint alphabet fits into 64 bits the key packs the row's cells exactly;
otherwise it is a hash, and two different rows share a key with odds of about n² / 2^65 (1e-10 at n = 60 000).
A value outside the bins of an interval partition is never clamped: it gets one of two further symbols, below or above,
and :class:`Symbols` counts such values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from infoscope.core import check
from infoscope.core.shapes import AnyRows
from infoscope.kernels import keys as _keys
from infoscope.measure.symbols.partitions import Partition, Symbols, base, exact, interval

FINEST = 4096  # a common grid of more cells than this costs more than it saves
AT_ONCE = 1 << 22  # numbers that are copied at a time
SORTED, LOOKED = 1 << 14, 3  # up to so many rows that many columns are sorted in a moment


def _shared_grid(partitions: Sequence[Partition]) -> Partition | None:
    """One fine partition holding the edges of all of them, or None when there is no small one."""
    first = partitions[0]
    if len(partitions) == 1:
        return first
    low, high = first.edges[0], first.edges[-1]
    cells = math.lcm(*(len(p.edges) - 1 for p in partitions))
    if not all(p.closed for p in partitions) or cells > FINEST:
        return None
    fine = interval(cells, low, high)
    nested = all(p.edges == fine.edges[:: cells // (len(p.edges) - 1)] for p in partitions)
    return fine if nested else None


def _symbols_of(fine: Partition, coarse: Partition) -> np.ndarray:
    """The symbol in ``coarse`` of each cell of ``fine``, with the cells below and above all edges."""
    cells, bins = len(fine.edges) - 1, len(coarse.edges) - 1
    inside = np.arange(cells) // (cells // bins) + 1
    return np.concatenate([[0], inside, [bins + 1]]).astype(np.uint64)


@lru_cache(maxsize=64)
def _plan(partitions: tuple[Partition, ...], d: int) -> tuple[np.ndarray, bool, np.ndarray, np.ndarray] | None:
    """Edges of the shared grid, whether it is closed, symbols [p, cells + 2] and bases [p]; None if there is none."""
    fine = _shared_grid(partitions)
    if fine is None:
        return None
    table = np.stack([_symbols_of(fine, partition) for partition in partitions])
    bases = np.array([base(partition, d) for partition in partitions], np.uint64)
    return np.array(fine.edges), fine.closed, table, bases


def _on_edges(t: np.ndarray, partitions: Sequence[Partition]) -> list[Symbols]:
    plan = _plan(tuple(partitions), t.shape[1])
    if plan is None:
        return [_on_edges(t, [partition])[0] for partition in partitions]
    keys, outside = np.empty((len(partitions), len(t)), np.uint64), np.zeros(2, np.int64)
    _keys.edge_keys(t, *plan, keys, outside)
    return [Symbols(row, int(outside[0]), int(outside[1])) for row in keys]


def exact_keys(t: AnyRows) -> np.ndarray:
    """Keys [n] of rows that are equal only when every float is; of a tensor found where it lies."""
    if check.is_tensor(t):
        from infoscope.measure.symbols import torch_keys

        return torch_keys.symbols(t, exact()).keys
    keys, rows = np.empty(len(t), np.uint64), max(1, AT_ONCE // max(1, t.shape[1]))
    for start in range(0, len(t), rows):
        zeros_alike = np.ascontiguousarray(t[start : start + rows] + t.dtype.type(0))  # -0.0 + 0.0 is 0.0
        bits = zeros_alike.view(np.int32 if t.dtype == np.float32 else np.int64)
        _keys.bit_keys(bits, keys[start : start + rows])
    return keys


def _on_quantiles(t: np.ndarray, partitions: Sequence[Partition]) -> list[Symbols]:
    """Edges are values of the sample, closed on the left, so equal values share a cell and only ranks decide."""
    ordered, found = np.sort(t, axis=0), []
    for partition in partitions:
        edges = ordered[np.arange(1, partition.bins) * len(t) // partition.bins]
        cells = [np.searchsorted(edge, column, side="right") for edge, column in zip(edges.T, t.T, strict=True)]
        found.append(Symbols(exact_keys(np.stack(cells, axis=1).astype(np.float64))))
    return found


def _on_levels(t: np.ndarray, partitions: Sequence[Partition]) -> list[Symbols]:
    """Edges are distinct values of the whole sample, closed on the left; each value counts once."""
    levels, found = np.unique(t), []
    for partition in partitions:
        edges = levels[np.arange(1, partition.bins) * len(levels) // partition.bins]
        found.append(Symbols(exact_keys(np.searchsorted(edges, t, side="right").astype(np.float64))))
    return found


def quantise(t: AnyRows, partitions: Sequence[Partition]) -> list[Symbols]:
    """The symbols of the rows of ``t [n, d]`` under each partition; all partitions are of one kind.

    A tensor on an accelerator is quantised there, and only its keys leave it; where it is to be sorted it comes over
    whole.
    """
    if partitions[0].kind == "quantiles":
        return _on_quantiles(np.ascontiguousarray(check.on_cpu(t)), partitions)
    if partitions[0].kind == "adaptive":
        return _on_levels(np.ascontiguousarray(check.on_cpu(t)), partitions)
    if check.is_tensor(t):
        from infoscope.measure.symbols import torch_keys

        return [torch_keys.symbols(t, partition) for partition in partitions]
    t = np.ascontiguousarray(t)
    if partitions[0].kind == "edges":
        return _on_edges(t, partitions)
    if partitions[0].kind == "exact":
        return [Symbols(exact_keys(t)) for _ in partitions]
    keys = np.empty((len(partitions), len(t)), np.uint64)
    _keys.width_keys(t, np.array([p.width for p in partitions]), keys)
    return [Symbols(row) for row in keys]


def group(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equal keys get equal ids, numbered by first appearance: ``(ids [n], counts [g], first row of each [g])``."""
    return _keys.group(keys)


def plainly_different(t: AnyRows) -> bool:
    """Whether the first columns of ``t [n, d]`` tell all rows apart: what sorting shows of few rows, before the loop
    that compares whole rows is compiled. False where they do not, and of many rows."""
    if len(t) > SORTED:
        return False
    left = check.on_cpu(t[:, :LOOKED])  # rows that each column so far has told from some others only
    if left.dtype.kind != "f":
        return False
    with np.errstate(over="ignore"):
        left = left.astype(np.float32)  # sorted in half the time; what is told apart in it is different
    for column in range(left.shape[1]):
        ordered = np.sort(left[:, column])
        again = ordered[1:] == ordered[:-1]
        if not again.any():
            return True
        left = left[np.isin(left[:, column], ordered[1:][again])]
    return False


def joint(ids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Keys [n] of pairs (id, label), exactly."""
    return ids.astype(np.uint64) * np.uint64(int(labels.max()) + 1) + labels.astype(np.uint64)


def entropy_of(counts: np.ndarray) -> float:
    """Plug-in entropy in nats of ``counts [g]``; exactly 0 for one group."""
    p = counts / counts.sum()
    return float(-(p @ np.log(p))) + 0.0  # + 0.0 turns -0.0 into 0.0
