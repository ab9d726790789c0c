"""Which weight decays of a path are tried where each costs much, and in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

APART = 10**0.5  # neighbours at most: the best of a path of decades may lose .04 bits
FIRST = 0.03
NEAR = 4  # fewer rows a column may fit all labels; losses along the path then have several minima


def between(path: Sequence[float]) -> list[float]:
    """``path`` in order, with decays between those of its neighbours that are more than half a decade apart."""
    ends = sorted(set(path))
    found = ends[:1]
    for low, high in pairwise(ends):
        parts = max(1, math.ceil(math.log(high / low, APART) - 0.1))
        found += [low * (high / low) ** (i / parts) for i in range(1, parts)] + [high]
    return found


def walked(path: Sequence[float], loss: Callable[[float, float | None], float], every: bool) -> float:
    """The decay with the least loss, of those between which and their neighbours it is less.

    loss: of a decay, given the one that was tried before it, its neighbour. every: all are tried, downwards; otherwise
    first downwards from the one next to .03, then upwards where that was no better, until it grows.
    """
    decays = between(path)
    if every:
        at = [*reversed(decays)]
        return min(zip([loss(decay, before) for before, decay in zip([None, *at], at, strict=False)], at, strict=True))[
            1
        ]
    first = min(range(len(decays)), key=lambda i: abs(math.log(decays[i] / FIRST)))
    best, least = first, loss(decays[first], None)
    for step in (-1, 1):
        i = first + step
        while 0 <= i < len(decays):
            found = loss(decays[i], decays[i - step])
            if found >= least:
                break
            best, least, i = i, found, i + step
        if best != first:
            break
    return decays[best]
