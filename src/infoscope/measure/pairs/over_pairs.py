"""The one pass over all pairs of rows: blocks of squared distances, computed once, read by every consumer.

A consumer is a :class:`Fold`. For each block ``D[r, c] = |x_r - x_c|²`` on or above the diagonal the pass calls
``update(block, rows, cols)`` while the block is in cache. Off the diagonal (``rows != cols``) a block stands for both
orders of its pairs, so a fold adds the row sums to ``rows`` *and* the column sums to ``cols``; on the diagonal
(``rows == cols``) the block is square, holds both orders already, has exact zeros on its diagonal and gives row sums
only. A fold must not write to the block, which is overwritten by the next. Rows are cut into strips of a fixed
height, strips are dealt to a fixed number of groups, each group feeds its own ``fresh()`` fold, and these are merged
in order: the result is the same to the bit whatever the number of threads, and n² numbers never exist at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from infoscope.core.errors import InputError
from infoscope.kernels import parallel
from infoscope.kernels.scaling import largest
from infoscope.measure.pairs.distances import Distances

ROWS, COLS = 256, 1024  # a float32 block is 1 MB: it stays in the second-level cache between its writer and readers
GROUPS = 16  # each holds its own sums, so this bounds both the memory and the threads that one member can use


class Fold(Protocol):
    """A reduction over all pairs, in the form *fitter yields result*."""

    def fresh(self) -> Any:
        """An empty accumulator of the same kind."""
        ...

    def update(self, block: np.ndarray, rows: slice, cols: slice) -> None:
        """Add one block of squared distances ``[len(rows), len(cols)]``."""
        ...

    def merge(self, other: Any) -> None:
        """Add what another accumulator of the same kind has seen."""
        ...

    def result(self) -> Any:
        """The frozen result."""
        ...


def strips(n: int) -> list[list[slice]]:
    """The strips of each group, dealt in a snake because early strips are long and late ones short."""
    all_strips = [slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]
    groups = min(GROUPS, len(all_strips))
    dealt: list[list[slice]] = [[] for _ in range(groups)]
    for index, strip in enumerate(all_strips):
        lap, place = divmod(index, groups)
        dealt[place if lap % 2 == 0 else groups - 1 - place].append(strip)
    return dealt


def blocks(rows: slice, n: int) -> Iterator[slice]:
    """The column ranges of one strip: the square on the diagonal, then everything to its right."""
    yield rows
    for start in range(rows.stop, n, COLS):
        yield slice(start, min(start + COLS, n))


def _group(distances: Distances, mine: list[slice], folds: Sequence[Fold]) -> list[Any]:
    own = [fold.fresh() for fold in folds]
    buffer = distances.buffer(ROWS * COLS)
    for rows in mine:
        for cols in blocks(rows, distances.n):
            block = distances.fill(rows, cols, buffer)
            for fold in own:
                fold.update(block, rows, cols)
    return own


def over_pairs(points: np.ndarray | Distances, folds: Sequence[Fold], threads: int = 1) -> list[Any]:
    """The result of every fold over all pairs of the rows of ``points [n, d]`` (float32 or float64, finite).

    Raises
    ------
    InputError: when a squared distance would overflow.
    """
    distances = points if isinstance(points, Distances) else Distances(points)
    if not distances.finite:
        raise InputError(
            f"the rows reach {largest(distances.given):.3g} in size, wanted values whose squares stay finite in "
            f"{distances.dtype}: rescale them, or find where the network diverged"
        )
    jobs = [partial(_group, distances, mine, folds) for mine in strips(distances.n)]
    totals = [fold.fresh() for fold in folds]
    for parts in parallel.run(jobs, threads):
        for total, part in zip(totals, parts, strict=True):
            total.merge(part)
    return [total.result() for total in totals]
