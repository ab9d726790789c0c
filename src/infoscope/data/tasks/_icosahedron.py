"""Which of the icosahedron's twelve corners are neighbours and which are opposite, in the task's column order."""

from __future__ import annotations

import numpy as np

_PHI = (1 + 5**0.5) / 2
#: Column -> corner. Neighbours lie at distance 2, opposite corners at 2 * sqrt(phi**2 + 1).
CORNERS = np.array(
    [
        (0, 1, _PHI),
        (0, -1, _PHI),
        (1, -_PHI, 0),
        (_PHI, 0, 1),
        (-1, -_PHI, 0),
        (-1, _PHI, 0),
        (-_PHI, 0, -1),
        (0, 1, -_PHI),
        (_PHI, 0, -1),
        (0, -1, -_PHI),
        (1, _PHI, 0),
        (-_PHI, 0, 1),
    ]
)


def patterns() -> np.ndarray:
    """All 4096 patterns ``[4096, 12]`` of 0 and 1 in counting order, the first column most significant."""
    return (np.arange(4096)[:, None] >> np.arange(11, -1, -1)) & 1


def counts(active: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pattern ``[n, 12]``: active corners ``k``, active neighbouring pairs ``e``, opposite pairs ``a``."""
    products = CORNERS @ CORNERS.T
    neighbours = np.isclose(products, _PHI).astype(int)  # |u-v|^2 = 2 (phi^2 + 1) - 2 u.v = 4
    opposite = np.isclose(products, -(_PHI**2 + 1)).astype(int)

    def pairs(graph: np.ndarray) -> np.ndarray:
        return ((active @ graph) * active).sum(axis=1) // 2

    return active.sum(axis=1), pairs(neighbours), pairs(opposite)
