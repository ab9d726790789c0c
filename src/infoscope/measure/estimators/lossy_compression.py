from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost
from infoscope.core.quantity import INFORMATION
from infoscope.core.shapes import AnyRows, Beside, Labels
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours import slices
from infoscope.measure.neighbours.information import of_points

NEGLIGIBLE = 1e-12  # of the largest variance: what rounding leaves in a direction without any


@dataclass(frozen=True)
class LossyCompression(Estimator):
    """Information between compressed variables, not I(X;Y): principal components of x and of y, then neighbours.

    Options: ``components`` kept of x and of real-valued y (4); ``k``, the neighbour reached. Labels are left as they
    are; fewer columns than components lose nothing.

    Butakov et al. 2024 compress with autoencoders or principal components and take nearest neighbours behind. The
    compressed variables are functions of x and y, so by data processing their information is at most I(X;Y), however
    far below: what the components leave out is not seen, and the notes say how much variance they keep. Along the
    layers of a network the estimate may grow, since every layer has components of its own. Interval and status are
    those of ``mixed_ksg`` on the components.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "lossy_compression"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names", "swap", "shift")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("patterns",)

    components: int = 4
    k: int = 3

    def cost(self, n: int, d: int, k: int) -> Cost:
        seconds = 4e-3 + 8e-6 * n + 2.2e-10 * n * d * min(n, d)  # principal components, then neighbours
        return Cost(seconds, 350.0 * n + 25.0 * n * d)

    def _check(self) -> None:
        check.count(self.components, f"components of {self.id}")
        check.count(self.k, f"k of {self.id}")

    def _mutual_information(self, x: AnyRows, y: Beside | Labels, groups: Groups | None = None) -> Estimate:
        estimand = f"information between {self.components} principal components of each side (not I(X;Y)), k={self.k}"
        sides, kept_of = [], []
        for name, z in (("x", x), ("y", y)):
            if z.ndim == 1:
                sides.append(z)
                continue
            z, kept = self._compressed(slices.centred(z))
            sides.append(z)
            kept_of.append(remark(f"{kept:.1%} of the variance of {name} kept"))
        if any(not (side != side[:1]).any() for side in sides):
            constant = Doubt(Status.DEGENERATE, "x or y is constant")
            return Estimate(0.0, INFORMATION, estimand, len(x)).doubted(constant)
        return of_points(INFORMATION, sides, self.k, "max", groups, estimand).doubted(*kept_of)

    def _compressed(self, z: np.ndarray) -> tuple[np.ndarray, float]:
        """The first components of centred rows, each with standard deviation 1, and what share of the variance."""
        n, d = z.shape
        values, vectors = np.linalg.eigh(z.T @ z if d <= n else z @ z.T)
        values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        several = min(self.components, int((values > NEGLIGIBLE * values[0]).sum())) if values[0] > 0 else 0
        if not several:
            return z[:, :1] * 0, 0.0
        directions = vectors[:, :several].T if d <= n else vectors[:, :several].T @ z
        return slices.projected(z, directions).T, float(values[:several].sum() / values.sum())
