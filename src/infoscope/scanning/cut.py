"""How the samples of an evaluation set are cut, before anybody deals them: batches, blocks, units, shards.

A block is some forward batches, of about 4096 rows; its rows are one product. A unit is some blocks, whose sums are
added up in their order; units are merged in one fixed tree. A shard is one, two, four, … units, a node of that tree. So
what is computed of which rows, and in which order it is added, does not depend on how many shards there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from infoscope.record.inputs import batch_edges
from infoscope.record.layout import Chosen

ROWS = 4096  # of a block, about
UNITS = 64  # at most


@dataclass(frozen=True)
class Shard:
    """The ``batches`` from one number to another, in ``blocks`` of so many and ``units`` of so many blocks."""

    number: int
    batches: tuple[int, int]
    samples: tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """edges: where the batches begin and end, in samples. block: batches of a block. unit: blocks of a unit."""

    edges: tuple[int, ...]
    block: int
    unit: int

    @classmethod
    def of(cls, n: int, batch_size: int, rows: int) -> Cut:
        """Of ``n`` samples that have ``rows`` rows at the place that has most."""
        edges = batch_edges(n, batch_size)
        block = max(1, round(ROWS * (len(edges) - 1) / rows))
        return cls(tuple(edges), block, max(1, math.ceil(math.ceil((len(edges) - 1) / block) / UNITS)))

    @property
    def batches(self) -> int:
        """How many there are."""
        return len(self.edges) - 1

    @property
    def units(self) -> int:
        """How many there are."""
        return math.ceil(self.batches / (self.block * self.unit))

    def units_a_shard(self, most: int) -> int:
        """The least power of two with which there are no more than ``most`` shards."""
        return 1 << max(0, math.ceil(math.log2(self.units / most))) if most < self.units else 1

    def shards(self, most: int) -> list[Shard]:
        """No more than ``most``, of equally many units but the last."""
        step = self.units_a_shard(most) * self.block * self.unit
        found: list[Shard] = []
        for number, first in enumerate(range(0, self.batches, step)):
            after = min(first + step, self.batches)
            found.append(Shard(number, (first, after), (self.edges[first], self.edges[after])))
        return found

    def blocks(self, shard: Shard) -> Iterator[tuple[int, int, int | None]]:
        """First and last batch (the one after it) of each block of a shard, and the number of the unit that it ends, if
        it does."""
        first, after = shard.batches
        for start in range(first, after, self.block):
            end = min(start + self.block, after)
            whole = end % (self.block * self.unit) == 0 or end == self.batches
            yield start, end, (end - 1) // (self.block * self.unit) if whole else None


def within(chosen: Chosen, samples: tuple[int, int]) -> np.ndarray:
    """Where the rows of some samples begin and end, ``[2]``."""
    return np.searchsorted(chosen.sample, samples)
