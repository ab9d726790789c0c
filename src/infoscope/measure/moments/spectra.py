"""How the variance of a representation is spread over directions, and whether so few rows could show it.

n rows have at most n - 1 directions, so what noise says of its directions is how many rows it was shown. What the law
behind the rows would say is found from how the number grows with them: 1/value falls by what 1/n does, which is exact
for the participation ratio of Gaussian rows and the first order of any other number that tends to a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from infoscope.core.estimate import Doubt, Status, gravest, remark
from infoscope.kernels import draws
from infoscope.kernels.scaling import Centred, constant
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.jackknife import copies

NEGLIGIBLE = 1e-12  # of the largest variance: what rounding leaves behind
LEAST = 4  # rows: the unbiased form divides by n - 3, and a half needs two
ENOUGH = 4  # rows a column from which on the effective rank is within 4 % of that of all rows, noise being the worst
BIASED = 1.1  # the law's number over the value, beyond which the rows are too few to tell it
FORCED = 2.0  # … beyond which the number of rows makes the value more than the law does


@dataclass(frozen=True)
class Spectrum:
    """Shares of the variance along principal directions, largest first, above 0; and each row's share ``[n]`` of it."""

    shares: np.ndarray
    rows: np.ndarray


def spectrum(t: np.ndarray, some: np.ndarray | None = None) -> Spectrum:
    """Of rows ``t [n, d]``, or of ``some`` of them by number; beside them it holds a square of the smaller side."""
    centred = Centred(t, some)
    side = min(centred.n, centred.d)
    gram, lengths = np.zeros((side, side)), np.zeros(centred.n)
    for rows, _, block in centred.blocks():
        gram += block @ block.T if centred.wide else block.T @ block
        lengths[rows] += np.einsum("nd,nd->n", block, block)
    found = np.linalg.eigvalsh(gram)[::-1]
    found = found[found > NEGLIGIBLE * found[0]]
    return Spectrum(found / found.sum(), lengths / lengths.sum())


def participation(p: np.ndarray) -> float:
    """(Σ λ)² / Σ λ² of shares."""
    return 1 / float(p @ p)


def law_participation(found: Spectrum) -> float:
    """The participation ratio of the law behind independent rows, whatever it is; infinite where they show no limit.

    With the unbiased estimate of Σ λ² from products of different rows (Song et al. 2012, eq. 5, of XXᵀ with itself).
    """
    n, lengths = len(found.rows), float(found.rows @ found.rows)
    products = float(found.shares @ found.shares) - lengths + 1 / ((n - 1) * (n - 2)) - 2 * lengths / (n - 2)
    squares = products / (n * (n - 3))
    return 1 / ((n - 1) ** 2 * squares) if squares > 0 else math.inf


def effective(p: np.ndarray) -> float:
    """exp(-Σ q log q), q the shares of the square roots of ``p``."""
    q = np.sqrt(p)
    q = q / q.sum()
    return math.exp(-float(q @ np.log(q)))


def doubts_of(t: np.ndarray, found: Spectrum, of: Callable[[np.ndarray], float], groups: Groups | None) -> list[Doubt]:
    """Whether ``of(found.shares)`` is what the law behind rows ``t`` says, or what their number forces.

    groups: rows that belong together. Where none are said and many rows are there several times, both readings, of rows
    and of different rows, must agree.
    """
    n, d = t.shape
    if d == 1:
        return [Doubt(Status.DEGENERATE, "one column has one direction, whatever its rows")]
    if groups is not None:
        return _grown(t, found, of, groups)
    first = _grown(t, found, of, None)
    if gravest(first) is Status.OK and (same := copies(t, ())) is not None:
        again = _grown(t, found, of, same)
        if gravest(again) is not Status.OK:
            note = f"only {same.count} of {n} rows differ; pass groups= to say which rows are one sample"
            return [*(remark(doubt.note) for doubt in again), Doubt(Status.UNRESOLVED, note)]
    return first


def _grown(t: np.ndarray, found: Spectrum, of: Callable[[np.ndarray], float], groups: Groups | None) -> list[Doubt]:
    n, d = t.shape
    count, what = (n, "rows") if groups is None else (groups.count, "groups of rows")
    if count < LEAST:
        few = f"{count} {what}, wanted at least {LEAST} to tell how many directions there are"
        return [Doubt(Status.SATURATED, few)]
    value = of(found.shares)
    if of is participation and groups is None:
        law, how = law_participation(found), "by an unbiased Σ λ²"
    elif count >= ENOUGH * d and of is effective:
        return []
    else:
        half = draws.order(n, 0)[: n // 2] if groups is None else groups.deal(2, 0)[0]
        if constant(t, half):
            return []
        less = of(spectrum(t, half).shares)
        law = 1 / (2 / value - 1 / less) if value < 2 * less else math.inf
        how = f"of half of them it is {less:.4g}"
    return grown(value, law, how, count, what, d)


def grown(value: float, law: float, how: str, count: int, what: str, d: int) -> list[Doubt]:
    """Whether ``count`` rows (or ``what`` else) of ``d`` columns decide a ``value`` that is ``law`` of all there are.

    how: that was told, in words.
    """
    if law <= BIASED * value:
        return []
    behind = f"about {law:.4g}" if law < 10 * value else "more than so many can tell"
    beyond = f"of the law behind them it is {behind} ({how})"
    if law <= FORCED * value:
        return [Doubt(Status.UNRESOLVED, f"of these {count} {what} it is {value:.4g}, {beyond}")]
    forced = f"{count} {what} show at most {min(count - 1, d)} directions, which makes this number"
    return [Doubt(Status.SATURATED, f"{forced}: {beyond}")]
