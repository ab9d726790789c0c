"""Student's t, as wide as half an interval: from scipy.special, since scipy.stats takes half a second to import."""

from __future__ import annotations

from functools import cache

from scipy.special import stdtrit

from infoscope.core.estimate import LEVEL


@cache
def standard_errors(freedom: float) -> float:
    """How many standard errors, told with ``freedom`` degrees of freedom, are half an interval of level LEVEL."""
    return float(stdtrit(freedom, (1 + LEVEL) / 2))
