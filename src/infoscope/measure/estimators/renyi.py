from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, ENTROPY, INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Beside, GivenRows, Labels
from infoscope.kernels import draws, parallel
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.pairs import kernel_sums as ks
from infoscope.measure.pairs.distances import Distances
from infoscope.measure.pairs.over_pairs import over_pairs
from infoscope.measure.symbols import quantise as q
from infoscope.measure.symbols.labels import CEILING

CHANCE = 0.1  # nats that rows in another order may share, whatever the value
LARGEST = 5000  # rows whose eigenvalues are worth waiting for: three times 10 s on one core, and 200 MB a matrix


@dataclass(frozen=True)
class Renyi(Estimator):
    """Matrix-based Rényi entropy and information: functionals of a kernel matrix's eigenvalues, not Shannon's.

    S_α(A) = ln(Σ λ_i(A)^α) / (1 - α) of the matrix A = K / n of a kernel with K_ii = 1, and
    I_α(X;Y) = S_α(A) + S_α(B) - S_α(n A∘B) (Sanchez Giraldo, Rao & Principe 2015, eq. 8 and 11). For rows the kernel
    is exp(-|x_i - x_j|² / 2σ²), for labels 1 within a class and 0 between; joint variables multiply theirs.

    Options
    -------
    alpha: the order, above 0; 1 is the von Neumann entropy. At 2 the sum is |A|² and no eigenvalue is needed: any n in
        little memory, in one pass over pairs; any other order takes n³ and at most 5000 rows.
    sigma: the width of every kernel, in the units of the rows. Left out, it is s √d n^(-1 / (4 + d)) for each variable
        of d columns, with s² their mean variance: Silverman's rate, at a width that pairs of rows of any d can see.

    The value depends on sigma, and grows with n until the kernel is resolved; it has no interval, for the spread over
    samples is small beside that. SATURATED: a kernel so narrow that every row is alone (S near ln n).
    UNDERSAMPLED: only the joint one is, so that the value is S_x + S_y - ln n whatever the dependence.
    Raises InputError for more than 5000 rows with alpha other than 2.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "renyi"))
    I_α(X;Y) = 0.6... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    third: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names", "swap", "shift")
    grouped: ClassVar[str] = "none"
    presses: ClassVar[bool] = True

    alpha: float = 1.01
    sigma: float | None = None

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(5e-3 + 1e-10 * n**3 + 1e-9 * n * n * d, 25.0 * n * n + 44.0 * n * d)  # eigenvalues of an n×n matrix

    def _of_the_input(self) -> tuple[Quantity, ...]:
        return (ENTROPY,)  # of a matrix: never negative

    def _check(self) -> None:
        check.positive(self.alpha, "alpha")
        if self.sigma is not None:
            check.positive(self.sigma, "sigma")

    def _entropy(self, t: AnyRows) -> Estimate:
        x, width = self._scaled(t, "x")
        s = self._joint([x])
        doubts = []
        if width == 0:
            s, doubts = 0.0, [Doubt(Status.DEGENERATE, "every row is the same")]
        elif s >= CEILING * math.log(len(t)):
            apart = f"the kernel tells nearly every row from every other: {_ceiling(len(t))}"
            doubts = [Doubt(Status.SATURATED, apart)]
        estimand = f"matrix-based Rényi entropy of order {self.alpha:g}, {_words('x', x, width)}, not Shannon entropy"
        return Estimate(s, ENTROPY.called("H_α(X)"), estimand, len(t)).doubted(*doubts)

    def _mutual_information(self, x: AnyRows, y: Beside | Labels) -> Estimate:
        return self._information(x, y, None)

    def _conditional_mutual_information(self, x: AnyRows, y: Beside | Labels, z: GivenRows | Labels) -> Estimate:
        return self._information(x, y, z)

    def _information(self, x: AnyRows, y: Beside | Labels, z: GivenRows | Labels | None) -> Estimate:
        (x, width), (y, other) = self._scaled(x, "x"), self._scaled(y, "y")
        words, given = f"{_words('x', x, width)}, {_words('y', y, other)}", []
        if z is not None:
            z, third = self._scaled(z, "z")
            words, given = f"{words}, {_words('z', z, third)}", [z]
        alone = [self._joint([x, *given]), self._joint([y, *given])]
        both, rest = self._joint([x, y, *given]), self._joint(given)
        value = sum(alone) - both - rest
        n, doubts = len(x), []
        if 0 in (width, other):
            value, doubts = 0.0, [Doubt(Status.DEGENERATE, f"{'x' if width == 0 else 'y'} is constant")]
        elif max(alone) >= CEILING * math.log(n):
            which = "x" if alone[0] >= alone[1] else "y"
            apart = f"the kernel of {which} tells nearly every row from every other: {_ceiling(n)}"
            doubts = [Doubt(Status.SATURATED, apart)]
        elif both >= CEILING * math.log(n):
            apart = f"the joint kernel tells nearly every row from every other: {_ceiling(n)}"
            doubts = [Doubt(Status.UNDERSAMPLED, apart)]
        elif z is None and (by_chance := sum(alone) - self._joint([x, y[draws.order(n, 0)]])) > max(value / 2, CHANCE):
            made = f"with the rows of y in another order it is {by_chance:.3g} nats: so much the number of rows makes"
            doubts = [Doubt(Status.UNDERSAMPLED, made)]
        quantity = INFORMATION.called("I_α(X;Y)") if z is None else CONDITIONAL_INFORMATION.called("I_α(X;Y|Z)")
        estimand = f"matrix-based Rényi information of order {self.alpha:g}, {words}, not Shannon information"
        return Estimate(value, quantity, estimand, n).doubted(*doubts)

    def _scaled(self, x: AnyRows | Labels, name: str) -> tuple[np.ndarray, float]:
        """Rows in units of their kernel's width, and that width; labels as they are; 0 for what is constant."""
        n = len(x)
        if self.alpha != 2 and n > LARGEST:
            raise InputError(
                f"{name} has {n} rows, wanted at most {LARGEST} for the eigenvalues that alpha={self.alpha:g} takes: "
                "pass alpha=2, which needs none, or fewer rows"
            )
        rows = check.on_cpu(x)
        if rows.ndim == 1:
            return rows, float(rows.max())
        size = float(np.abs(rows).max()) or 1.0
        rows = np.ascontiguousarray(rows, np.float64) / size
        rows = rows - rows.mean(axis=0)
        if (rows.max(axis=0) - rows.min(axis=0)).max() <= 1e-14:
            return np.zeros_like(rows), 0.0
        spread = math.sqrt(float((rows * rows).mean() * rows.shape[1]))
        width = max(self.sigma / size, 1e-100) if self.sigma else spread * n ** (-1 / (4 + rows.shape[1]))
        return rows / width, width * size

    def _joint(self, variables: Sequence[np.ndarray]) -> float:
        """S_α of the product of the variables' kernels: of rows side by side, within the joint class of all labels."""
        if not variables:
            return 0.0
        n = len(variables[0])
        rows = [v for v in variables if v.ndim == 2]
        classes = np.zeros(n, np.int32)
        for labels in variables:
            if labels.ndim == 1:
                classes = q.group(q.joint(classes, labels))[0]
        points = np.concatenate(rows, axis=1) if rows else None
        if self.alpha == 2:
            return -math.log(_mean_square(points, classes))
        eigenvalues = _eigenvalues(points, classes)
        if self.alpha == 1:
            return float(-(eigenvalues * np.log(np.maximum(eigenvalues, 1e-300))).sum()) + 0.0
        most = float(eigenvalues.max())  # so that no power is zero where all are
        power = self.alpha * math.log(most) + math.log(float(((eigenvalues / most) ** self.alpha).sum()))
        return power / (1 - self.alpha) + 0.0


def _words(name: str, x: np.ndarray, width: float) -> str:
    return f"σ_{name}={width:.3g}" if x.ndim == 2 else f"classes of {name}"


def _ceiling(n: int) -> str:
    return f"the ceiling is ln n = {math.log(n):.4g} nats"


def _mean_square(points: np.ndarray | None, classes: np.ndarray) -> float:
    """tr A² = Σ K² / n² for K = exp(-|p_i - p_j|² / 2) within a class and 0 between, in one pass over pairs."""
    n = len(classes)
    if points is None:
        return float(((np.bincount(classes) / n) ** 2).sum())
    order = np.argsort(classes, kind="stable")
    group = classes[order].astype(np.int32)
    rows = ks.Grouped(np.ones(n), group, np.arange(group[-1] + 1, dtype=np.int32)[None])
    threads = parallel.cores(1e-9 * n * n)
    (sums,) = over_pairs(Distances(points, rows=order), [ks.KernelSums(rows, (0.5,), points.dtype)], threads)
    return float(sums.own[0, 0, ks.UP].sum()) / (n * n)


def _eigenvalues(points: np.ndarray | None, classes: np.ndarray) -> np.ndarray:
    """The eigenvalues of A, zero where that is rounding: one block for each class, for between classes A is 0."""
    n = len(classes)
    if points is None:
        return np.bincount(classes) / n
    import torch

    def of(mine: np.ndarray) -> np.ndarray:
        p = torch.empty((len(mine), points.shape[1]), dtype=torch.float64)
        p.copy_(torch.from_numpy(points[mine]))
        norms = p.square().sum(dim=1)
        squared = (norms[:, None] + norms[None] - 2 * p @ p.T).clamp(min=0).fill_diagonal_(0)
        values = torch.linalg.eigvalsh(squared.mul_(-0.5).exp_()).numpy()
        return np.where(values > len(mine) * np.finfo(np.float64).eps * values[-1], values, 0.0)  # the rest is rounding

    members = [np.flatnonzero(classes == c) for c in range(int(classes.max()) + 1)]
    (found,) = parallel.run([lambda: [of(mine) for mine in members]], 1)
    return np.concatenate(found) / n
