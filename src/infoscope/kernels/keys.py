"""Compiled kernels of quantisation: rows of cells to 64-bit keys, and keys to groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.kernels.compiling import njit

_M = np.uint64(0xC6A4A7935BD1E995)
_ONE, _47, _40 = np.uint64(1), np.uint64(47), np.uint64(40)


@njit(nogil=True, cache=True)
def _mix(key: Any, code: Any) -> Any:
    """One step of MurmurHash64A. For a given key it is one-to-one in the code, and the reverse."""
    code *= _M
    code ^= code >> _47
    code *= _M
    key ^= code
    return key * _M


@njit(nogil=True, cache=True)
def edge_keys(t: Any, edges: Any, closed: bool, symbols: Any, bases: Any, keys: Any, outside: Any) -> None:
    """Keys of ``t [n, d]`` under p partitions whose edges all lie among the ``edges`` of one fine grid.

    symbols [p, b + 2]: the symbol of each fine cell, the cell below all edges first and the one above last.
    bases [p]: pack symbols exactly in this base, or hash them when it is 0. keys [p, n]: written.
    outside [2]: how many values lay below and above the edges, added to.
    """
    n, d = t.shape
    cells = len(edges) - 1
    first, last = edges[0], edges[cells]
    per_unit = cells / (last - first)
    for i in range(n):
        for p in range(len(bases)):
            keys[p, i] = 0
        for k in range(d):
            x = np.float64(t[i, k])
            if x < first:
                cell = 0
                outside[0] += 1
            elif x >= last:
                cell = cells if closed and x == last else cells + 1
                outside[1] += x > last
            else:
                cell = min(int((x - first) * per_unit), cells - 1)  # a guess; the edges decide
                while x < edges[cell]:
                    cell -= 1
                while x >= edges[cell + 1]:
                    cell += 1
                cell += 1
            for p in range(len(bases)):
                symbol = symbols[p, cell]
                keys[p, i] = keys[p, i] * bases[p] + symbol if bases[p] else _mix(keys[p, i], symbol + _ONE)


@njit(nogil=True, cache=True)
def width_keys(t: Any, widths: Any, keys: Any) -> None:
    """Keys [p, n] of the cells floor(t / width), for p widths."""
    n, d = t.shape
    for i in range(n):
        for p in range(len(widths)):
            key = np.uint64(0)
            for k in range(d):
                key = _mix(key, np.uint64(np.int64(np.floor(t[i, k] / widths[p]))))
            keys[p, i] = key


@njit(nogil=True, cache=True)
def bit_keys(bits: Any, keys: Any) -> None:
    """Keys [n] of rows of integers (the bit patterns of floats) ``bits [n, d]``."""
    n, d = bits.shape
    for i in range(n):
        key = np.uint64(0)
        for k in range(d):
            key = _mix(key, np.uint64(bits[i, k]))
        keys[i] = key


def group(keys: Any) -> Any:
    """Equal keys get equal ids, numbered by first appearance: ``(ids [n], counts [g], first row of each [g])``."""
    ids, counts, firsts, found = _grouped(keys)
    return ids, counts[:found].copy(), firsts[:found].copy()


@njit(nogil=True, cache=True)
def _grouped(keys: Any) -> Any:
    n = len(keys)
    size = 16
    while size < 2 * n:
        size *= 2
    slots = np.empty(size, np.int32)  # open addressing: slot -> id
    for slot in range(size):
        slots[slot] = -1
    ids, counts, firsts = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    for i in range(n):
        hashed = keys[i] * _M
        slot = np.int64((hashed ^ (hashed >> _40)) & np.uint64(size - 1))
        while True:
            known = slots[slot]
            if known < 0:
                slots[slot] = found
                ids[i], counts[found], firsts[found] = found, 1, i
                found += 1
                break
            if keys[firsts[known]] == keys[i]:
                ids[i] = known
                counts[known] += 1
                break
            slot = (slot + 1) & (size - 1)
    return ids, counts, firsts, found
