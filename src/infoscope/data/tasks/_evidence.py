"""Signed evidence: a level with a sign, seen in normal noise. What can at best be told of the sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import integrate, special

from infoscope.core import check
from infoscope.core.errors import InputError


def information(sd: float, levels: Sequence[float]) -> float:
    """I(evidence; sign) in nats: sign and level uniform, the noise of standard deviation ``sd``."""
    return math.log(2) - _mean_over_trials(lambda wins: special.entr(wins) + special.entr(1 - wins), sd, levels)


def best_accuracy(sd: float, levels: Sequence[float]) -> float:
    """The greatest possible share of right answers about the sign."""
    return _mean_over_trials(lambda wins: max(wins, 1 - wins), sd, levels)


def _mean_over_trials(of: Callable[[float], float], sd: float, levels: Sequence[float]) -> float:
    """The mean of ``of(P(the sign is plus | evidence))``, by quadrature."""
    sd, at = check.positive(sd, "noise"), np.array(levels)

    def weighted(x: float) -> float:
        ones, zeros = (np.exp(-0.5 * ((x - sign * at) / sd) ** 2).sum() for sign in (1, -1))
        density = (ones + zeros) / (2 * len(at) * sd * math.sqrt(2 * math.pi))
        return density * of(ones / (ones + zeros)) if density else 0.0

    reach = at.max() + 12 * sd
    # Symmetric in x; the levels are where the density may be steep.
    found, error = integrate.quad(weighted, 0, reach, points=at, limit=400, epsabs=1e-10)
    if error > 1e-6:
        raise InputError(f"noise is {sd}, too little for the quadrature (error {error:.1g}): pass more, e.g. 0.1")
    return 2 * found
