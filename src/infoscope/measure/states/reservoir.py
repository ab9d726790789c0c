"""A sample of rows by whole groups: those of the groups whose hash is least, as many as there is room for.

Which rows are kept depends on the rows alone, not on their order or on who has seen which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def hashes(names: np.ndarray) -> np.ndarray:
    """A 64-bit number ``[n]`` for each name, whole number or word, that is the same in every process."""
    if names.dtype.kind in "iub":
        return mixed(names.astype(np.int64).view(np.uint64))
    words, which = np.unique(names.astype(str), return_inverse=True)
    digests = [int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") for word in words]
    return np.array(digests, np.uint64)[which.ravel()]


def mixed(keys: np.ndarray) -> np.ndarray:
    """SplitMix64 of ``keys`` (Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = keys + _MIX[0]
        z = (z ^ (z >> np.uint64(30))) * _MIX[1]
        z = (z ^ (z >> np.uint64(27))) * _MIX[2]
        return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class Reservoir:
    """Rows ``[m, d]`` by ``groups [m]`` (their hashes), with the ``numbers [m]`` of the rows and labels by variable."""

    room: int
    numbers: np.ndarray
    groups: np.ndarray
    rows: np.ndarray
    labels: Mapping[str, np.ndarray]
    least: int = 0  # the smallest priority of a group that had no room; 0 while all have

    def plus(self, other: Reservoir) -> Reservoir:
        """The sample of the rows of both."""
        joined = Reservoir(
            self.room,
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.groups, other.groups]),
            np.concatenate([self.rows, other.rows]),
            {name: np.concatenate([y, other.labels[name]]) for name, y in self.labels.items()},
            min(self.least or 2**64, other.least or 2**64) % 2**64,
        )
        return joined.cut()

    def cut(self) -> Reservoir:
        """Whole groups, least hash first, while there is room; a group that once had none stays out."""
        order = np.lexsort((self.numbers, mixed(self.groups)))
        priorities = mixed(self.groups[order])
        fits = len(order)
        if self.least:
            fits = int(np.searchsorted(priorities, np.uint64(self.least)))
        least = self.least
        if fits > self.room:
            least = int(priorities[self.room])
            fits = int(np.searchsorted(priorities, np.uint64(least)))
        kept = order[:fits]
        return Reservoir(
            self.room, self.numbers[kept], self.groups[kept], self.rows[kept],
            {name: y[kept] for name, y in self.labels.items()}, least,
        )  # fmt: skip
