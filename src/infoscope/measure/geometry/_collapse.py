"""Class means and what lies around them, for the measures of neural collapse (Papyan, Han & Donoho 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infoscope.core.errors import InputError
from infoscope.measure._scaling import unit

NEGLIGIBLE = 1e-10  # of the largest singular value: what rounding leaves of directions in which no class mean lies


@dataclass(frozen=True)
class Means:
    """Class means ``[k, d]`` less the mean of the class means, and the rows' distances to their own mean ``[n, d]``.

    Every class counts alike, however many rows it has; for classes of one size this is Papyan et al.'s.
    """

    means: np.ndarray
    around: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, t: np.ndarray, y: np.ndarray) -> Means:
        """Raises InputError when there is one class only."""
        k = int(y.max()) + 1
        if k < 2:
            raise InputError("all rows are of one class, wanted at least 2: neural collapse is about class means")
        rows, _ = unit(t)
        sizes = np.bincount(y, minlength=k)
        sums = np.zeros((k, rows.shape[1]))
        np.add.at(sums, y, rows)
        means = sums / sizes[:, None]
        return cls(means - means.mean(axis=0), rows - means[y], y)

    @property
    def k(self) -> int:
        return len(self.means)

    def variability(self) -> float | None:
        """NC1: tr(Σ_W Σ_B†) / k, with Σ_W and Σ_B the means over classes of the covariance within and of the means'.

        None where all class means coincide.
        """
        _, size, directions = np.linalg.svd(self.means / np.sqrt(self.k), full_matrices=False)
        if not self.apart:
            return None
        kept = size > NEGLIGIBLE * size[0]
        along = (self.around @ directions[kept].T / size[kept]) ** 2
        weights = 1 / (self.k * np.bincount(self.y)[self.y])
        return float(weights @ along.sum(axis=1)) / self.k

    @property
    def apart(self) -> bool:
        """Whether the class means differ by more than rounding; rows have root-mean-square distance 1."""
        return bool(np.abs(self.means).max() > 1e-14)

    @property
    def trivial(self) -> bool:
        """Whether nothing can be said: all class means coincide, or every row is its class's mean."""
        return not self.apart or len(self.y) == self.k

    def lengths(self) -> float:
        """NC2, equal norms: the standard deviation of the norms of the class means over their mean."""
        norms = np.linalg.norm(self.means, axis=1)
        return float(norms.std() / norms.mean())

    def angles(self) -> float:
        """NC2, largest equal angles: the mean of |cos + 1 / (k - 1)| over pairs of class means (a simplex has 0)."""
        norms = np.linalg.norm(self.means, axis=1)
        directions = self.means / np.maximum(norms, np.finfo(np.float64).tiny)[:, None]
        cosines = (directions @ directions.T)[np.triu_indices(self.k, 1)]
        return float(np.abs(cosines + 1 / (self.k - 1)).mean())

    def nearest(self) -> np.ndarray:
        """The class whose mean is nearest to each row ``[n]``."""
        rows = self.around + self.means[self.y]
        return (np.square(self.means).sum(1) - 2 * rows @ self.means.T).argmin(axis=1)
