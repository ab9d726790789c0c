"""Class means and what lies around them, for the measures of neural collapse (Papyan, Han & Donoho 2020)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import chdtri

from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status, remark
from infoscope.kernels import draws
from infoscope.kernels.scaling import Centred

NEGLIGIBLE = 1e-10  # of the largest singular value: what rounding leaves of directions in which no class mean lies
PROBES = 8  # random directions for the trace of a squared covariance
BLOCK = 1024  # class means at a time, of which the cosines with all others are held
RARE = 0.01  # how often class means that coincide may lie so far apart as not to be taken for such


def off_simplex(means: np.ndarray) -> float:
    """The mean of |cos + 1 / (k - 1)| over pairs of ``means [k, d]``, a block of rows of all pairs at a time."""
    k = len(means)
    norms = np.linalg.norm(means, axis=1)
    directions = means / np.maximum(norms, np.finfo(np.float64).tiny)[:, None]
    total = 0.0
    for first in range(0, k, BLOCK):
        cosines = directions[first : first + BLOCK] @ directions[first:].T
        above = np.arange(k - first) > np.arange(len(cosines))[:, None]
        total += float(np.abs(cosines[above] + 1 / (k - 1)).sum())
    return total / (k * (k - 1) / 2)


@dataclass(frozen=True)
class _Around:
    """Of rows, sums over their columns: the squares of their distances to the mean of their class and to the middle of
    all class means, each ``[n]``; products with the class means ``[n, k]``, with the directions in which class means
    lie ``[n, r]`` and with random directions ``[n, PROBES]``."""

    own: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    along: np.ndarray
    probed: np.ndarray


@dataclass(frozen=True)
class ClassMeans:
    """Class means ``[k, d]`` less the mean of the class means, and what lies around them, from rows ``[n, d]`` that are
    read a block at a time.

    Every class counts alike, however many rows it has; for classes of one size this is Papyan et al.'s.
    """

    means: np.ndarray
    middle: np.ndarray
    rows: Centred
    y: np.ndarray

    @classmethod
    def of(cls, t: np.ndarray, y: np.ndarray) -> ClassMeans:
        """Raises InputError when there is one class only."""
        k = int(y.max()) + 1
        if k < 2:
            raise InputError("all rows are of one class, wanted at least 2: neural collapse is about class means")
        rows, sizes = Centred(t), np.bincount(y, minlength=k)
        means = np.zeros((k, rows.d))
        for some, columns, block in rows.blocks():
            order = np.argsort(y[some], kind="stable")
            there, starts = np.unique(y[some][order], return_index=True)
            means[there, columns] += np.add.reduceat(block[order], starts, axis=0)
        means /= sizes[:, None]
        middle = means.mean(axis=0)
        means -= middle
        return cls(means, middle, rows, y)

    @cached_property
    def _around(self) -> _Around:
        """All that takes the distances of the rows to their class means."""
        n, d, k = len(self.y), self.rows.d, self.k
        directions = self._directions[1]
        signs = np.where(np.random.Generator(draws.stream(0)).random((d, PROBES)) < 0.5, -1.0, 1.0)
        own, squares, probed = np.zeros(n), np.zeros(n), np.zeros((n, PROBES))
        along, products = np.zeros((n, len(directions))), np.zeros((n, k))
        for rows, columns, block in self.rows.blocks():
            block -= self.middle[columns]
            squares[rows] += np.einsum("nd,nd->n", block, block)
            products[rows] += block @ self.means[:, columns].T
            block -= self.means[self.y[rows], columns]
            own[rows] += np.einsum("nd,nd->n", block, block)
            probed[rows] += block @ signs[columns]
            along[rows] += block @ directions[:, columns].T
        return _Around(own, squares, products, along, probed)

    @cached_property
    def _directions(self) -> tuple[np.ndarray, np.ndarray]:
        """How far the class means reach along the directions ``[r, d]`` in which they lie."""
        _, size, directions = np.linalg.svd(self.means / np.sqrt(self.k), full_matrices=False)
        kept = size > NEGLIGIBLE * size[0]
        return size[kept], directions[kept]

    @property
    def k(self) -> int:
        return len(self.means)

    def variability(self) -> float | None:
        """NC1: tr(Σ_W Σ_B†) / k, with Σ_W and Σ_B the means over classes of the covariance within and of the means'.

        None where all class means coincide.
        """
        if not self.apart:
            return None
        along = (self._around.along / self._directions[0]) ** 2
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
        return off_simplex(self.means)

    def nearest(self) -> np.ndarray:
        """The class whose mean is nearest to each row ``[n]``."""
        return self._distances.argmin(axis=1)

    @cached_property
    def _distances(self) -> np.ndarray:
        """Squared, of each row to each class mean, less the row's own square ``[n, k]``."""
        return np.square(self.means).sum(1) - 2 * self._around.products

    def chance(self) -> str | None:
        """Why the class means may all coincide but for the few rows of each, in words; else None.

        The mean square between classes over that within, about 1 where labels mean nothing (Anderson 2001), must be
        above 2, so that the law and not the draw of the rows makes the larger part of the class means, and above all
        but 1 % of what coinciding means give (chi-squared, with as many degrees of freedom as there are directions
        within classes; Box 1954).
        """
        n, k = len(self.y), self.k
        within = float(self._around.own.sum())
        if n == k or within == 0:
            return None
        sizes = np.bincount(self.y)
        apart = self.means - sizes @ self.means / n
        ratio = float(sizes @ np.square(apart).sum(1)) / (k - 1) / (within / (n - k))
        freedom = (k - 1) * max(1.0, within**2 / self._squared_covariance())
        least = max(2.0, float(chdtri(freedom, RARE)) / freedom)
        if ratio >= least:
            return None
        return (
            f"the class means differ {ratio:.2g} times as much as chance makes those of so few rows differ, wanted at "
            f"least {least:.2g}: more rows, or there are no classes here"
        )

    def _squared_covariance(self) -> float:
        """The squared Frobenius norm of the products of the rows around their means, by random directions."""
        found = np.zeros((self.rows.d, PROBES))
        for rows, columns, block in self.rows.blocks():
            block -= self.middle[columns]
            block -= self.means[self.y[rows], columns]
            found[columns] += block.T @ self._around.probed[rows]
        return float(np.square(found).sum()) / PROBES

    def flattered(self) -> str | None:
        """Why few rows lie nearer to another class's mean for being part of their own, in words; else None.

        Left out of its mean, a row of a class of m is m / (m - 1) times as far from it.
        """
        n, own = len(self.y), np.arange(len(self.y))
        missed = float((self.nearest() != self.y).mean())
        m = np.bincount(self.y)[self.y].astype(np.float64)
        others = self._distances + self._around.squares[:, None]
        mine = np.where(m > 1, self._around.own * (m / np.maximum(m - 1, 1)) ** 2, np.inf)
        others[own, self.y] = np.inf
        left_out = float((mine > others.min(axis=1)).mean())
        if left_out - missed <= max(missed, 3 * math.sqrt(left_out * (1 - left_out) / n)):
            return None
        return f"rows left out of their own class's mean: {left_out:.3g}, so few rows a class make the rest"

    def doubts(self) -> dict[str, list[Doubt]]:
        """Whether to believe the variability, the shape, the duality and who is nearest, and why not."""
        if self.trivial:
            note = "every row is of a class of its own" if self.apart else "all class means coincide"
            return {of: [Doubt(Status.DEGENERATE, note)] for of in ("variability", "shape", "duality", "nearest")}
        chance, flattered = self.chance(), self.flattered()
        means = [] if chance is None else [Doubt(Status.UNDERSAMPLED, chance)]
        shape = means
        d = self.means.shape[1]
        if self.k == 2:
            note = "the centred means of two classes are always opposite and of equal length"
            shape = [Doubt(Status.DEGENERATE, note)]
        elif self.k > d + 1:
            note = f"{self.k} means form no simplex in {d} column{'s' * (d > 1)}: 0 is out of reach"
            shape = [*means, remark(note)]
        nearest = [] if flattered is None else [Doubt(Status.UNDERSAMPLED, flattered)]
        return {"variability": means, "shape": shape, "duality": means, "nearest": nearest}
