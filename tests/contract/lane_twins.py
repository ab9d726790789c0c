"""What ``infoscope.measure.neighbours.lanes`` writes for LLVM, in NumPy, by the names that numba has for it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

BOXES = 8


def distances(gaps: np.ndarray, starts: np.ndarray, euclidean: bool) -> np.ndarray:
    """The largest distance of a block, from gaps ``[d, lanes]``, squared when Euclidean."""
    if not euclidean:
        return gaps.max(axis=0)
    return np.max([(gaps[a:b] ** 2).sum(axis=0) for a, b in pairwise(starts)], axis=0)


def told(marks: np.ndarray) -> int:
    """As a mask."""
    return sum(1 << int(j) for j in np.flatnonzero(marks))


def rows(blocks: Any, leaf: int, point: Any, starts: Any, euclidean: bool, limit: float, out: Any) -> np.ndarray:
    out[:] = distances(np.abs(blocks[leaf] - point[:, None]), starts, euclidean)
    return out


def boxes(held: Any, node: int, point: Any, starts: Any, euclidean: bool, far: bool) -> np.ndarray:
    below, above = held[node, 0] - point[:, None], point[:, None] - held[node, 1]
    gaps = np.maximum(-below, -above) if far else np.maximum(below, above)
    return distances(np.maximum(gaps, 0), starts, euclidean)


def boxes_below(held: Any, node: int, point: Any, starts: Any, euclidean: bool, limit: float, out: Any) -> int:
    out[:] = boxes(held, node, point, starts, euclidean, False)
    return told(out < limit)


def boxes_within(held: Any, node: int, point: Any, starts: Any, euclidean: bool, limit: float, out: Any) -> int:
    near, far = (boxes(held, node, point, starts, euclidean, one) for one in (False, True))
    return told(near <= limit) | told(far <= limit) << BOXES


def sift(gaps: np.ndarray, best: np.ndarray, levels: int) -> None:
    best[:levels] = np.sort(np.vstack([best[:levels], gaps]), axis=0)[:levels]


TWINS = {
    "rows_below": lambda *given: told(rows(*given) < given[5]),
    "rows_within": lambda *given: told(rows(*given) <= given[5]),
    "boxes_below": boxes_below,
    "boxes_within": boxes_within,
    "_sift": sift,
    "_ends": lambda line: (line.min(), line.max()),
    "_equal": lambda gaps, value: told(gaps == value),
    "_first_bit": lambda mask: (int(mask) & -int(mask)).bit_length() - 1,
    "_bits": lambda mask: int(mask).bit_count(),
    "_beyond": lambda gap, reach: -int(gap > reach),
}
