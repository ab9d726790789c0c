"""Ranks of columns."""

from __future__ import annotations

import numpy as np


def ranks(z: np.ndarray) -> np.ndarray:
    """The rank of each value among those of its column, from 1 on, equal values at their mean rank; shaped like ``z``.

    By scipy.stats, imported here: it takes half a second, and few ask for ranks.
    """
    from scipy.stats import rankdata

    return rankdata(z, axis=0, nan_policy="omit")
