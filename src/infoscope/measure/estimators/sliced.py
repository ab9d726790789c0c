from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import digamma

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost
from infoscope.core.quantity import INFORMATION
from infoscope.core.shapes import AnyRows, Beside, Labels
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import LEAST, Groups, Scatter, left_out
from infoscope.measure.intervals.jackknife import followed, one_of_each, parts_of
from infoscope.measure.intervals.uncertainties import PROJECTIONS
from infoscope.measure.neighbours import slices as _sliced
from infoscope.measure.neighbours.information import Problem
from infoscope.measure.neighbours.marginals import Marginal
from infoscope.measure.neighbours.sliced import local_information

FEW = 16  # slices that say how the mean over all of them scatters over groups
QUANTILE = 1.959963984540054


@dataclass(frozen=True)
class Sliced(Estimator):
    """Sliced mutual information: the average information between random projections of x and of y, not I(X;Y).

    SI(X;Y) = E I(a·X; b·Y) over uniformly random directions (Goldfeld & Greenewald 2021); with ``dimensions`` above
    one, over random orthonormal frames (Goldfeld et al. 2022); with labels y, E I(a·X; Y). It is zero exactly when X
    and Y are independent, at most I(X;Y), and neighbours estimate it as well in a thousand dimensions as in two. It
    is not invariant to invertible maps, not even to a change of one column's units, and shrinks with the dimension.

    Options: ``slices``, how many projections; ``dimensions`` of each; ``k``, the neighbour reached (KSG-1 of each
    slice, Ross 2014 for labels); ``seed`` of the directions. The interval is over projections and rows.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "sliced"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("rows", "names", "shift")
    grouped: ClassVar[str] = "own"
    presses: ClassVar[bool] = True
    suits: ClassVar[tuple[str, ...]] = ("patterns",)

    slices: int = 128
    dimensions: int = 1
    k: int = 3
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        each = 1.7e-7 if 2 * k < n else 1e-6  # of class labels, or of y that takes a value of its own in every row
        return Cost(
            2e-3 + n * self.slices * each * self.dimensions, (25.0 if k > 1 else 35.0) * n * self.slices + 34.0 * n * d
        )

    def _check(self) -> None:
        for name, least in (("slices", 2), ("dimensions", 1), ("k", 1), ("seed", 0)):
            check.count(getattr(self, name), f"{name} of {self.id}", least)

    def _mutual_information(self, x: AnyRows, y: Beside | Labels, groups: Groups | None = None) -> Estimate:
        n = len(x)
        x, y = _sliced.centred(x), check.on_cpu(y) if y.ndim == 1 else _sliced.centred(y)
        if groups is not None:
            rows = one_of_each((x, y), groups)
            x, y, groups = x[rows], y[rows], groups.part(rows)
        _sliced.enough(len(x), self.k, self.id)
        what = f"{self.slices} random projections" + (
            "" if self.dimensions == 1 else f" to {self.dimensions} dimensions"
        )
        estimand = f"sliced information (not I(X;Y)), {what}, {'KSG-1' if y.ndim > 1 else 'Ross'}, k={self.k}"
        if not x.any() or not (y != y[:1]).any():
            constant = Doubt(Status.DEGENERATE, "x or y is constant")
            return Estimate(0.0, INFORMATION, estimand, n).doubted(constant)
        local = self._local(x, y, groups, self.slices)
        value = float(local.mean())
        of_slices = float(local.mean(axis=1).var(ddof=1)) / self.slices
        if groups is None:
            half = QUANTILE * math.sqrt(float(local.mean(axis=0).var(ddof=1)) / n + of_slices)
        else:
            half = self._left_out(x, y, groups).half(of_slices) if groups.count >= LEAST else 0.0
        ceiling = float(digamma(len(x)) - digamma(self.k))
        doubts = _sliced.doubts(value, ceiling, _sliced.alone_in_class(y))
        estimate = Estimate(value, INFORMATION, estimand, n).doubted(*doubts)
        estimate = estimate.within((value - half, value + half), PROJECTIONS.over(groups))
        if groups is not None:
            return estimate
        real = (x, y) if y.ndim > 1 else (x,)
        return followed(estimate, local.mean(axis=0), y if y.ndim == 1 else None, real)

    def _left_out(self, x: np.ndarray, y: np.ndarray, groups: Groups) -> Scatter:
        """How the mean scatters over groups, from a few of the slices: rows contribute as other rows let them."""
        parts, without = parts_of(groups), []
        for part in range(parts.count):
            rest = np.flatnonzero(parts.ids != part)
            without.append(self._local(x[rest], y[rest], groups.part(rest), min(FEW, self.slices)).mean())
        return left_out(np.array(without), parts)[1]

    def _local(self, x: np.ndarray, y: np.ndarray, groups: Groups | None, slices: int) -> np.ndarray:
        """What each row contributes along each of the first ``slices``, ``[slices, n]``."""
        return (self._along_lines if self.dimensions == 1 else self._along_frames)(x, y, groups, slices)

    def _along_lines(self, x: np.ndarray, y: np.ndarray, groups: Groups | None, slices: int) -> np.ndarray:
        a = _sliced.frames(self.slices, x.shape[1], 1, 2 * self.seed)[:slices, :, 0]
        v = y
        if y.ndim > 1:
            v = _sliced.projected(y, _sliced.frames(self.slices, y.shape[1], 1, 2 * self.seed + 1)[:slices, :, 0])
        seconds = slices * len(x) ** 1.5 * 5e-9
        return local_information(_sliced.projected(x, a), v, self.k, parallel.cores(seconds), groups)

    def _along_frames(self, x: np.ndarray, y: np.ndarray, groups: Groups | None, slices: int) -> np.ndarray:
        sides = []
        for z, seed in ((x, 2 * self.seed), (y, 2 * self.seed + 1)):
            if z.ndim == 1:
                sides.append([Marginal.of(z)] * slices)
                continue
            frame = _sliced.frames(self.slices, z.shape[1], min(self.dimensions, z.shape[1]), seed)[:slices]
            alike = np.zeros(len(z), np.int64)
            sides.append([Marginal(_sliced.projected(z, one.T).T, alike) for one in frame])
        rows = np.arange(len(x))
        problems = [Problem(pair, self.k) for pair in zip(*sides, strict=True)]
        if groups is not None:
            return np.stack([problem.apart(groups) for problem in problems])
        return np.stack([_spread(problem, rows) for problem in problems])


def _spread(problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Local values ``[n]``; rows alone in their class contribute nothing."""
    out = np.zeros(len(rows))
    found = problem.local(rows)
    if found is not None:
        out[problem.accompanied(rows)[0]] = found[0]
    return out
