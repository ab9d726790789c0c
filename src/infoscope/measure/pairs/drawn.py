"""Distances of randomly drawn pairs of rows, where all pairs are too many: with intervals for all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infoscope.kernels import draws
from infoscope.measure.pairs.distance_statistics import counted

CHUNK = 2**22  # numbers gathered at a time
NORMAL = 1.959963984540054
BOTH = 2.241402727604947  # two intervals at this many standard errors hold together 95 % of the time


@dataclass(frozen=True)
class Drawn:
    """Sorted distances ``[pairs]`` of as many random pairs within and between classes."""

    within: np.ndarray
    between: np.ndarray

    def quantile(self, which: int, q: float) -> float:
        return float(self._kind(which)[min(int(q * len(self.within)), len(self.within) - 1)])

    def interval(self, which: int, q: float, normal: float = NORMAL) -> tuple[float, float]:
        """Of the q-quantile of all such pairs, by order statistics."""
        values = self._kind(which)
        half = normal * math.sqrt(q * (1 - q) * len(values))
        low, high = (round(q * len(values) + sign * half) for sign in (-1, 1))
        return float(values[max(low, 0)]), float(values[min(high, len(values) - 1)])

    def separation(self) -> tuple[float, float]:
        """The AUC and its standard error (DeLong, DeLong & Clarke-Pearson 1988)."""
        m = len(self.within)
        nearer = _mean_rank(self.within, self.between) / m  # of each distance between: how many within are nearer
        further = 1 - _mean_rank(self.between, self.within) / m
        error = math.sqrt((nearer.var(ddof=1) + further.var(ddof=1)) / m)
        return float(nearer.mean()), error

    def _kind(self, which: int) -> np.ndarray:
        return (self.within, self.between)[which]


def _mean_rank(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many of ``ordered`` lie below each of ``values``; equal ones count half."""
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2


def drawn(t: np.ndarray, y: np.ndarray, pairs: int, seed: int) -> Drawn:
    """``pairs`` independent random pairs of rows of one class, and as many of two, of all such pairs alike.

    Raises
    ------
    InputError: no two rows of one class, or one class only.
    """
    counted(y)
    n = len(y)
    rng = np.random.Generator(draws.stream(seed))
    order = np.argsort(y, kind="stable")
    sizes = np.bincount(y)
    starts = np.cumsum(sizes) - sizes
    own, start = sizes[y[order]], starts[y[order]]  # of the class of each place in the order
    found = []
    for others, first in ((own - 1, np.arange(n) - start + 1), (n - own, own)):
        heads = np.searchsorted(np.cumsum(others), rng.random(pairs) * others.sum(), side="right")
        steps = (rng.random(pairs) * others[heads]).astype(np.int64)
        if first is own:  # from behind the class, around the end
            tails = (start[heads] + own[heads] + steps) % n
        else:  # from behind the row, around the end of the class
            tails = start[heads] + (first[heads] + steps) % own[heads]
        found.append(np.sort(_between(t, order[heads], order[tails])))
    return Drawn(*found)


def _between(t: np.ndarray, heads: np.ndarray, tails: np.ndarray) -> np.ndarray:
    out, step = np.empty(len(heads)), max(1, CHUNK // t.shape[1])
    exponent = int(np.frexp(np.abs(t).max())[1])
    for at in range(0, len(heads), step):
        part = slice(at, at + step)
        difference = np.ldexp(t[heads[part]].astype(np.float64) - t[tails[part]], -exponent)
        out[part] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
    return np.ldexp(out, exponent)
