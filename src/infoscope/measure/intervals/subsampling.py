"""Sampling uncertainty of an estimate from disjoint parts of its rows, without refitting on repeated rows.

The ordinary bootstrap repeats rows, and a repeated row is its own nearest neighbour: Kozachenko-Leonenko-type
estimates on bootstrap samples are off by far more than the spread they should show (Holmes & Nemenman 2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from infoscope.core.estimate import Doubt, Estimate, Status, Uncertainty
from infoscope.core.shapes import Indices
from infoscope.kernels import draws
from infoscope.measure.intervals.student import standard_errors
from infoscope.measure.intervals.uncertainties import DISJOINT_TENTHS

PARTS = 10
#: Of more rows than this in a tenth, only so many are asked.
MOST = 1000


@dataclass(frozen=True)
class Scattered:
    """How an estimate scatters over parts of its rows.

    interval: 95 %, around the estimate. mean: of the parts' estimates, and ``half``, half of its own interval.
    larger: how many times the rows of a part all rows are. uncertainty: over which parts.
    """

    interval: tuple[float, float]
    mean: float
    half: float
    larger: float
    uncertainty: Uncertainty


def scattered(
    value: float, of: Callable[[np.ndarray], float], n: int, seed: int = 0, least: int = 4
) -> Scattered | None:
    """How ``value``, an estimate from ``n`` rows, scatters, by ``of(rows)`` over disjoint tenths.

    The variance of such an estimate falls like 1/n, so that of the whole is that of a tenth over ten. For the same
    reason it is told from ten parts of 1000 rows where tenths are larger. Bias is not seen: it is that of the whole,
    whatever the parts say. ``seed`` decides which rows go together. ``least``: the fewest rows ``of`` takes; with fewer
    in a tenth there is nothing to tell (None).
    """
    if n // PARTS < least:
        return None
    asked = min(n, PARTS * MOST)
    values = np.array([of(rows) for rows in _parts(n, seed)])
    half = standard_errors(PARTS - 1) * float(values.std(ddof=1) / np.sqrt(PARTS))
    own = half * math.sqrt(asked / n)
    kind = DISJOINT_TENTHS if asked == n else Uncertainty(f"subsampling, ten disjoint parts of {MOST} rows")
    return Scattered((value - own, value + own), float(np.mean(values)), half, PARTS * n / asked, kind)


@lru_cache(maxsize=16)
def _parts(n: int, seed: int) -> tuple[Indices, ...]:
    """The rows of each part, in their order; not to be written to."""
    parts = np.array_split(draws.order(n, seed)[: PARTS * MOST].copy(), PARTS)
    for rows in parts:
        rows.sort()
        rows.flags.writeable = False
    return tuple(parts)


def interval(
    value: float, of: Callable[[np.ndarray], float], n: int, seed: int = 0, least: int = 4
) -> tuple[float, float] | None:
    """The 95 % interval of :func:`scattered`, None where a tenth has fewer than ``least`` rows."""
    found = scattered(value, of, n, seed, least)
    return None if found is None else found.interval


def seconds(once: Callable[[int], float], n: int) -> float:
    """How long an estimate and its :func:`scattered` take, where one of so many rows takes ``once(rows)``."""
    return once(n) + PARTS * once(min(n // PARTS, MOST))


def doubted(estimate: Estimate, least: int) -> Estimate:
    """``estimate``; UNDERSAMPLED where nothing else is wrong with it but that it has no interval.

    least: the fewest rows a tenth must have.
    """
    if estimate.interval is not None or estimate.status is not Status.OK:
        return estimate
    wanted = f"wanted {PARTS * least} rows and several of each class in a tenth"
    note = f"no interval: the tenths of {estimate.n} rows are too small, {wanted}"
    return estimate.doubted(Doubt(Status.UNDERSAMPLED, note))
