"""Rows of one split as regressions on many columns take them: standardised by the rows that a probe knows, in float32.

Of more columns than known rows, what they are is coordinates along the principal axes of the known rows, found from
products of rows: neither the axes nor standardised rows are ever there as a whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from infoscope.core.shapes import TensorRows
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
    """

    known: Any
    scored: Any
    curvature: Any

    @classmethod
    def of(cls, z: TensorRows, split: ProbeSplit) -> WideRows:
        """Those of ``z [rows, d]``."""
        import torch

        n, d = len(split.known), z.shape[1]
        known, scored = (torch.as_tensor(rows, device=z.device) for rows in (split.known, split.scored))
        if d > n:
            return _along_rows(z, known, scored)
        columns = Standardiser.of_some(z, known, _width(n))
        x, beside = (torch.empty(len(rows), d, dtype=torch.float32, device=z.device) for rows in (known, scored))
        for out, rows in ((x, known), (beside, scored)):
            for start in range(0, len(rows), ROWS):
                out[start : start + ROWS] = columns(z[rows[start : start + ROWS]], single=True)
        return cls(x, beside, gram(x))


def _along_rows(z: Any, known: Any, scored: Any) -> WideRows:
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
    beside = products[n:] @ (vectors / lengths)
    return WideRows((vectors * lengths).float(), within(beside.float()), values.float())


def _width(n: int) -> int:
    """How many columns of ``n`` rows are taken at a time."""
    return max(64, STRETCH // n)
