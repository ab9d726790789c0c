"""Rows of one split as regressions on many columns take them: standardised by the rows that a probe knows, in float32.

Of more columns than known rows, what they are is coordinates along the principal axes of the known rows, found from
products of rows: neither the axes nor standardised rows are ever there as a whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from infoscope.core.shapes import TensorMatrix, TensorRows
from infoscope.measure.usable.readings import ProbeSplit
from infoscope.measure.usable.standardiser import Standardiser, within
from infoscope.measure.usable.wide_softmax import TALL, gram

STRETCH = 1 << 20  # numbers of some columns of all rows
ROWS = 1 << 12
ROUNDING = 1e-7  # of the largest variance: below it a principal axis is rounding of float32
WIDE, MANY = 256, 1 << 15  # columns or rows, whichever are fewer; and those times classes


def is_wide(n: int, d: int, k: int) -> bool:
    """Whether ``n`` rows of ``d`` columns and ``k`` classes are read faster so than along all principal axes."""
    return min(n, d) >= WIDE or min(n, d) * k >= MANY


class WideRows(NamedTuple):
    """``known [n, r]``, those that are fitted to before those that are chosen by; ``scored [m, r]``; both float32.

    curvature: the Gram matrix of the known rows over their number, ``[r, r]``, or its diagonal ``[r]``, the rest zero.
    turn: of more columns than known rows, and where it was asked for, what turns products with these into coordinates
    ``[n, r]``.
    """

    known: Any
    scored: Any
    curvature: Any
    turn: Any = None

    @classmethod
    def of(cls, z: TensorRows, split: ProbeSplit, turning: bool = False) -> WideRows:
        """Those of ``z [rows, d]``; turning: with their ``turn``, so that weights can be told of the columns."""
        import torch

        n, d = len(split.known), z.shape[1]
        known, scored = (torch.as_tensor(rows, device=z.device) for rows in (split.known, split.scored))
        if d > n:
            return _along_rows(z, known, scored, turning)
        columns = Standardiser.of_some(z, known, _width(n))
        x, beside = (torch.empty(len(rows), d, dtype=torch.float32, device=z.device) for rows in (known, scored))
        for out, rows in ((x, known), (beside, scored)):
            for start in range(0, len(rows), ROWS):
                out[start : start + ROWS] = columns(z[rows[start : start + ROWS]], single=True)
        return cls(x, beside, gram(x))


def _along_rows(z: Any, known: Any, scored: Any, turning: bool) -> WideRows:
    """Some columns at a time: their statistics, and what they add to the products of rows."""
    import torch

    n, d = len(known), z.shape[1]
    every, width = torch.cat([known, scored]), _width(len(known) + len(scored))
    products = torch.zeros(len(every), n, dtype=torch.float64, device=z.device)
    for start in range(0, d, width):
        part = z[:, start : start + width][every]
        x = within(Standardiser.of(part[:n])(part, single=True))
        for first in range(0, len(every), TALL):
            rows = x[first : first + TALL]
            last = min(first + TALL, n)  # of the symmetric part only half
            products[first : first + TALL, :last] += rows @ x[:last].T
    own = products[:n].tril()
    own += own.tril(-1).T
    values, vectors = torch.linalg.eigh(own.div_(n))
    kept = values > ROUNDING * values.amax().clamp_min(ROUNDING)
    values, vectors = values[kept], vectors[:, kept]
    lengths = (n * values).sqrt()
    turn = vectors / lengths
    beside = within((products[n:] @ turn).float())
    return WideRows((vectors * lengths).float(), beside, values.float(), turn if turning else None)


def outward(z: TensorRows, known: TensorRows, rows: WideRows, weights: TensorMatrix) -> tuple[Standardiser, Any]:
    """What standardises the columns of ``z [rows, d]``, and weights ``[d, k]`` of these from ``weights [r, k]`` of
    ``rows``, those of ``z`` that are ``known`` (their places)."""
    import torch

    width = _width(len(known))
    columns = Standardiser.of_some(z, known, width)
    if rows.turn is None:
        return columns, weights
    of_rows, found = rows.turn @ weights.double(), []
    for start in range(0, z.shape[1], width):
        part = z[:, start : start + width][known]
        found.append(within(Standardiser.of(part)(part, single=True)).double().T @ of_rows)
    return columns, torch.cat(found)


def _width(n: int) -> int:
    """How many columns of ``n`` rows are taken at a time."""
    return max(64, STRETCH // n)
