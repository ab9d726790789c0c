from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.quantity import Quantity
from infoscope.measure.geometry._directions import Directions
from infoscope.measure.moments.spectra import participation


@dataclass(frozen=True)
class ParticipationRatio(Directions):
    """Participation ratio: how many principal directions share the variance of the rows.

    participation_ratio: (Σ λ)² / Σ λ² for the eigenvalues λ of the covariance (Gao et al. 2017). From 1, all variance
    along one direction, to the number of columns, alike in all of them.

    It is the number of these rows: 1/n of their 1/value is there for Gaussian rows whatever the law. SATURATED where
    that of the law behind them, by an unbiased Σ λ², is more than twice as large; UNRESOLVED where it is more than a
    tenth larger. DEGENERATE for one column.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, measure="participation_ratio")
    >>> print(next(iter(found.values())))
    participation_ratio = 2.9...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("participation_ratio", "dimensions", "Participation ratio (directions in use)", "geometry"),
    )
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")
    count: ClassVar[Callable[[np.ndarray], float]] = staticmethod(participation)
    words: ClassVar[str] = "(Σ λ)² / Σ λ² of the covariance's eigenvalues"
