"""Compiled kernels of quantisation: rows of cells to 64-bit keys, and keys to groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.kernels.compiling import njit

BLOCK = 1024  # rows at a time, column by column
RESOLVED = 1e-14  # cells narrower than this share of the largest edge are not guessed
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


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz"}, forceinline=True)
def _cells(x: Any, edges: Any, closed: bool, cells: Any) -> None:
    """How many of the ``edges`` are at or below each of ``x [n]``, into ``cells [n]``.

    Of a closed last cell the end is inside.
    """
    count = len(edges) - 1
    first, last = edges[0], edges[count]
    per_unit, top = count / (last - first), float(count - 1)
    if last - first < RESOLVED * count * max(abs(first), abs(last)):  # near the resolution of numbers: no guesses
        for i in range(len(x)):
            cells[i] = np.searchsorted(edges, x[i], side="right") - (closed and x[i] == last)
        return
    for i in range(len(x)):  # loops that are vectorised: a guess, which is off by one at most
        guess = (x[i] - first) * per_unit
        guess = guess if guess > 0.0 else 0.0
        cells[i] = np.int32(guess if guess < top else top)
    for i in range(len(x)):  # the edges decide
        cell = cells[i]
        cell += np.int32(1) + np.int32(x[i] >= edges[cell + 1]) - np.int32(x[i] < edges[cell])
        cells[i] = cell - np.int32(closed and x[i] == last)


@njit(nogil=True, cache=True)
def _extend(keys: Any, symbols: Any, cells: Any, base: Any) -> None:
    """One more column in ``keys [n]``, packed in ``base``, or hashed where it is 0."""
    if base:
        for i in range(len(cells)):
            keys[i] = keys[i] * base + symbols[cells[i]]
    else:
        for i in range(len(cells)):
            keys[i] = _mix(keys[i], symbols[cells[i]] + _ONE)


@njit(nogil=True, cache=True)
def edge_keys(t: Any, edges: Any, closed: bool, symbols: Any, bases: Any, keys: Any, outside: Any) -> None:
    """Keys of ``t [n, d]`` under p partitions whose edges all lie among the ``edges`` of one fine grid.

    symbols [p, b + 2]: the symbol of each fine cell, the cell below all edges first and the one above last.
    bases [p]: pack symbols exactly in this base, or hash them when it is 0. keys [p, n]: written.
    outside [2]: how many values lay below and above the edges, added to.
    """
    n, d = t.shape
    first, last = edges[0], edges[-1]
    column, cell = np.empty(BLOCK), np.empty(BLOCK, np.int32)
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        x, cells = column[:size], cell[:size]
        for p in range(len(bases)):
            keys[p, start : start + size] = 0
        for k in range(d):
            for i in range(size):
                x[i] = t[start + i, k]
            _cells(x, edges, closed, cells)
            below = above = 0
            for i in range(size):
                below += x[i] < first
                above += x[i] > last
            outside[0] += below
            outside[1] += above
            for p in range(len(bases)):
                _extend(keys[p, start : start + size], symbols[p], cells, bases[p])


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
