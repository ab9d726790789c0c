"""How the variance of a representation is spread over directions."""

from __future__ import annotations

import numpy as np

from infoscope.measure._scaling import unit

NEGLIGIBLE = 1e-12  # of the largest variance: what rounding leaves behind


def variances(t: np.ndarray) -> np.ndarray:
    """The shares of the variance of rows ``t [n, d]`` along their principal directions, largest first, above 0."""
    centred, _ = unit(t)
    n, d = centred.shape
    gram = centred.T @ centred if d <= n else centred @ centred.T
    found = np.linalg.eigvalsh(gram)[::-1]
    found = found[found > NEGLIGIBLE * found[0]]
    return found / found.sum()
