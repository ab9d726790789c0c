"""Labels that decide an answer before anything is measured."""

from __future__ import annotations

import math

import numpy as np

from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.shapes import AnyArray

#: "Within 2 % of log n": from here on a value says how many samples there were, not what the network does.
CEILING = 0.98


def alone(y: np.ndarray) -> str:
    """Why labels ``y [n]`` (whole numbers from 0 on) say nothing: nearly every row is a class of its own. Else empty.

    Nothing that is fitted or counted then meets a class twice.
    """
    n, counts = len(y), np.bincount(y)
    p = counts[counts > 0] / n
    if -float(p @ np.log(p)) < CEILING * math.log(n):
        return ""
    return f"nearly every row is a class of its own: H(Y) is at its ceiling log n = {math.log(n):.4g} nats"


def all_alone(n: int, k: int) -> bool:
    """Whether labels of ``k`` classes say nothing, as of :func:`alone`, however ``n`` rows are dealt to them."""
    if not 1 < k <= n:
        return False
    most = (n - k + 1) / n  # of the rows in one class and a row in each other, whose entropy is the least
    return -most * math.log(most) + (k - 1) / n * math.log(n) >= CEILING * math.log(n)


def doubted(estimate: Estimate, y: AnyArray | None) -> Estimate:
    """The estimate, SATURATED where it is about labels ``y [n]`` of which nearly every one is a class of its own."""
    if y is None or estimate.status is not Status.OK or not (why := alone(np.asarray(y))):
        return estimate
    return estimate.doubted(Doubt(Status.SATURATED, why))
