"""The kinds of intervals that measurements give: what each is one of, its level, and what it takes to be drawn anew.

An estimate gets its interval with one of them, :meth:`~infoscope.core.estimate.Estimate.within`. ``….over(groups)`` is
the same with groups drawn anew in place of rows, where there are any.
"""

from __future__ import annotations

from infoscope.core.estimate import BRACKET, Uncertainty

#: From formulas, over rows or groups.
PLAIN = Uncertainty("over {resampled}")
DELTA_METHOD = Uncertainty("delta method")
NSB_POSTERIOR = Uncertainty("NSB posterior")
#: Of parts of the rows or groups.
DISJOINT_TENTHS = Uncertainty("subsampling, disjoint tenths")
JACKKNIFE = Uncertainty("jackknife over groups", resampled="groups")
#: Of what was fitted: again each time, or once and held fixed.
FITTED_AND_SCORED = Uncertainty("over draws of {resampled}")
CRITICS_FIXED = Uncertainty("held-out rows, critics held fixed")
DIRECTIONS_FIXED = Uncertainty("held-out rows, directions held fixed")
PROBES_FIXED = Uncertainty("probes held fixed")
#: Holds the answers of both ways to deal rows that are equal.
APART_OR_TOGETHER = Uncertainty("equal rows apart or together")
#: Of what is drawn by the measurement itself.
PROJECTIONS = Uncertainty("over projections and {resampled}")
DRAWN_PAIRS = Uncertainty("over drawn pairs", resampled="pairs")
RANDOM_LABELINGS = Uncertainty("random labelings", resampled="labelings")
OFFSETS = Uncertainty("least and largest over offsets", None, "offsets")
MONTE_CARLO = Uncertainty("Monte Carlo error", resampled="draws")
#: Brackets: of the mean of the two ends with its errors, or certain.
IN_EXPECTATION = Uncertainty(BRACKET, resampled="draws")
CERTIFIED = Uncertainty("certified bracket", 1.0, None)
