from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.quantity import Quantity
from infoscope.measure.geometry._directions import Directions
from infoscope.measure.moments.spectra import effective


@dataclass(frozen=True)
class EffectiveRank(Directions):
    """Effective rank of the centred rows: the exponential of the entropy of their normalised singular values.

    effective_rank: exp(-Σ p log p), p = s / Σ s for the singular values s of the rows less their mean (Roy & Vetterli
    2007, definition 1). From 1, all variance along one direction, to the number of columns, alike in all of them. It
    weighs small directions more than the participation ratio does, so that faint noise in many columns counts too.

    It is the number of these rows. SATURATED where their number decides it, as it does for noise in more columns than
    rows: of half of the rows it is then half as much. UNRESOLVED where that growth says that more rows would make it
    more than a tenth larger. DEGENERATE for one column.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, measure="effective_rank")
    >>> print(next(iter(found.values())))
    effective_rank = 2.9...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("effective_rank", "dimensions", "Effective rank", "geometry"),
    )
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")
    count: ClassVar[Callable[[np.ndarray], float]] = staticmethod(effective)
    words: ClassVar[str] = "exponential of the entropy of the normalised singular values of the centred rows"
