"""Sums of blocks of rows, merged in one fixed tree over the number of the block, whoever holds which blocks.

A node (level, i) is of the blocks from i 2^level up to (i + 1) 2^level; two that are halves of one become it as soon as
both are there. So the nodes that are left, and every bit of them, do not depend on who has merged what when.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from infoscope.core.errors import InputError
from infoscope.measure.states.sums import BucketSums

Node = tuple[int, int]


@dataclass
class Tree:
    """Sums by node."""

    nodes: dict[Node, BucketSums] = field(default_factory=dict)

    def merge(self, other: Tree) -> None:
        """Those of other blocks.

        Raises
        ------
        InputError: a block is in both.
        """
        for (_, end), (begin, _) in pairwise(sorted(map(_blocks, (*self.nodes, *other.nodes)))):
            if begin < end:
                raise InputError(f"block {begin} is in both, wanted states of different rows: give each row to one")
        for node, sums in other.nodes.items():
            self._put(node, sums)

    def holds(self, block: int) -> bool:
        """Whether a block is there."""
        return any(begin <= block < end for begin, end in map(_blocks, self.nodes))

    def _put(self, node: Node, sums: BucketSums) -> None:
        level, i = node
        while (sibling := (level, i ^ 1)) in self.nodes:
            beside = self.nodes.pop(sibling)
            sums = beside.plus(sums) if i & 1 else sums.plus(beside)
            level, i = level + 1, i >> 1
        self.nodes[level, i] = sums

    def total(self) -> tuple[int, BucketSums | None]:
        """How many blocks there are, and the sums of all, from the first on.

        Raises
        ------
        InputError: a block is missing before another.
        """
        total, end = None, 0
        for node in sorted(self.nodes, key=_blocks):
            begin, after = _blocks(node)
            if begin != end:
                raise InputError(f"blocks {end} to {begin - 1} are missing: merge the states of all rows first")
            total, end = self.nodes[node] if total is None else total.plus(self.nodes[node]), after
        return end, total


def _blocks(node: Node) -> tuple[int, int]:
    """The first block of a node, and the one after its last."""
    level, i = node
    return i << level, (i + 1) << level
