"""Gaussian information and entropy from whitened columns: canonical correlations, exact bias, standard error.

All in float64, on one thread and on the device of the data (on the CPU where that has no float64).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import digamma, polygamma

from infoscope.core import check
from infoscope.core.shapes import AnyRows

#: 1 - ρ² of a canonical pair below this is rounding: the pair says all that double precision can hold, ½ ln(1/FLOOR).
FLOOR = 1e-13
_RANK = 1e-11  # share of a standardised column's length below which what is left of it is rounding
_PIVOT = 1e-4  # the same, below which Cholesky's factor is not used


@dataclass(frozen=True)
class Columns:
    """``z [n, d]``, each column with mean 0 and length 1 (zeros where it is constant), and the log of its deviation."""

    z: torch.Tensor
    log_deviation: torch.Tensor
    constant: torch.Tensor


def standardised(x: AnyRows) -> Columns:
    """The columns of ``x [n, d]`` in float64."""
    if check.is_tensor(x):
        z = (x.cpu() if x.device.type == "mps" else x).double()
    else:
        z = torch.empty(x.shape, dtype=torch.float64)  # torch's own storage is aligned: sums do not depend on x's
        z.copy_(torch.from_numpy(np.array(x)))
    size = z.abs().amax(dim=0)
    size = torch.where(size > 0, size, 1.0)
    z = z / size  # squares stay finite
    z = z - z.mean(dim=0)
    length = z.norm(dim=0)
    constant = length <= 1e-14 * math.sqrt(len(z))  # rounding of the mean
    length = torch.where(constant, 1.0, length)
    return Columns(
        torch.where(constant, 0.0, z / length),
        length.log() + size.log() - 0.5 * math.log(len(z) - 1),
        constant,
    )


def without(z: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """What is left of the columns of ``z`` beside the orthonormal columns ``given``."""
    for _ in range(2):  # twice is enough (Kahan)
        z = z - given @ (given.T @ z)
    return z


def orthonormal(z: torch.Tensor) -> torch.Tensor:
    """An orthonormal basis ``[n, r]`` of the columns of ``z [n, d]``, whose lengths are at most 1."""
    if z.shape[1] < len(z):
        basis = _by_cholesky(z)
        if basis is not None:
            return basis
    u, lengths, _ = torch.linalg.svd(z, full_matrices=False)
    return u[:, lengths > _RANK * math.sqrt(z.shape[1])]


def _by_cholesky(z: torch.Tensor) -> torch.Tensor | None:
    """Cholesky's QR twice: as exact as Householder's and several times faster, for columns far from collinear."""
    for _ in range(2):
        factor, failed = torch.linalg.cholesky_ex(z.T @ z)
        if int(failed) or float(factor.diagonal().min()) < _PIVOT:
            return None
        z = torch.linalg.solve_triangular(factor, z.T, upper=False).T
    return z


@dataclass(frozen=True)
class Canonical:
    """Between X and Y of ranks ``dx`` and ``dy``, with ``dof`` degrees of freedom in their covariance.

    squared [min(dx, dy)]: squared canonical correlations, at most 1 - FLOOR. full: how many reached that.
    influence [n]: of each row on Σ -½ ln(1 - ρ²), of mean zero.
    """

    dx: int
    dy: int
    dof: int
    squared: np.ndarray
    full: int
    influence: np.ndarray

    @property
    def scatter(self) -> float:
        """Mean square of the influence, which is Σ ρ² for Gaussian rows."""
        return float((self.influence * self.influence).mean())

    @property
    def plain(self) -> float:
        """The information by its formula, -½ Σ ln(1 - ρ²), in nats."""
        return float(-0.5 * np.log1p(-self.squared).sum()) + 0.0

    @property
    def bias(self) -> float:
        """What the formula exceeds the truth by on average, exactly, for Gaussian rows: about dx dy / 2n.

        E ln|W| of a Wishart matrix is ln|Σ| + Σ_i ψ((dof + 1 - i) / 2) + d ln 2, i = 1..d (Goodman 1963; the resulting
        estimate is unbiased with the least variance, Misra, Singh & Demchuk 2005).
        """
        return 0.5 * float(
            log_wishart(self.dof, self.dx) + log_wishart(self.dof, self.dy) - log_wishart(self.dof, self.dx + self.dy)
        )

    @property
    def deviation(self) -> float:
        """Standard error.

        Without dependence |W_xy| / |W_x||W_y| is a product of independent beta variables (Wilks), whose log has the
        variance Σ ψ'((dof - dx + 1 - i) / 2) - ψ'((dof + 1 - i) / 2), i = 1..dy. With it the delta method adds the
        variance of the information density over n: Σ ρ² / n for Gaussian rows, ``scatter`` / n for any. The
        correlations seen are too large by chance; Σ ρ² is scaled by the share that adjusted R² would leave of it.
        """
        few, many = sorted((self.dx, self.dy))
        i = np.arange(1, few + 1)
        none = 0.25 * float((polygamma(1, (self.dof - many + 1 - i) / 2) - polygamma(1, (self.dof + 1 - i) / 2)).sum())
        seen = float(self.squared.sum())
        left = max(few - (few - seen) * self.dof / (self.dof - many), 0.0)
        return math.sqrt(none + (self.scatter * left / seen / self.dof if seen > 0 else 0.0))


def log_wishart(dof: int, d: int) -> float:
    """E ln|W| - ln|Σ| - d ln 2 of a ``d``-dimensional Wishart matrix with ``dof`` degrees of freedom."""
    return float(digamma((dof + 1 - np.arange(1, d + 1)) / 2).sum())


def canonical(x: torch.Tensor, y: torch.Tensor, dof: int) -> Canonical:
    """From orthonormal bases ``x [n, dx]`` and ``y [n, dy]``, both of rank 1 or more."""
    u, rho, v = torch.linalg.svd(x.T @ y, full_matrices=False)
    squared = rho.square().clamp(max=1 - FLOOR)
    full = int((squared >= 1 - FLOOR).sum())
    each = np.zeros(len(x))
    if not full:
        a, b = (x @ u) * math.sqrt(len(x)), (y @ v.T) * math.sqrt(len(x))
        influence = ((rho * a * b - squared * (a.square() + b.square()) / 2) / (1 - squared)).sum(dim=1)
        each = (influence - influence.mean()).cpu().numpy()
    return Canonical(x.shape[1], y.shape[1], dof, squared.cpu().numpy(), full, each)


def shrunk(z: torch.Tensor, rule: str) -> tuple[torch.Tensor, float]:
    """The correlation matrix of standardised ``z [n, d]`` drawn towards the identity, and by what share.

    ``"ledoit_wolf"``: Ledoit & Wolf 2004, lemma 3.2 to 3.4. ``"oas"``: Chen, Wiesel, Eldar & Hero 2010, eq. 23.
    """
    n, d = z.shape
    r = z.T @ z
    apart = float((r - torch.eye(d, dtype=r.dtype, device=r.device)).square().sum())  # |R - I|²
    if rule == "oas":
        norm = float(r.square().sum())
        share = min(((1 - 2 / d) * norm + d * d) / ((n + 1 - 2 / d) * (norm - d)), 1.0) if apart > 0 else 1.0
    else:
        rows = float(z.square().sum(dim=1).square().sum()) * n * n  # Σ |z_k|⁴ of rows whose columns have variance 1
        share = min((rows / n - float(r.square().sum())) / n / apart, 1.0) if apart > 0 else 1.0
    return (1 - share) * r + share * torch.eye(d, dtype=r.dtype, device=r.device), share


def log_determinant(r: torch.Tensor) -> tuple[float, bool]:
    """ln|R| of a correlation matrix, and whether an eigenvalue had to be raised to FLOOR."""
    if not len(r):
        return 0.0, False
    values = torch.linalg.eigvalsh(r)
    return float(values.clamp(min=FLOOR).log().sum()), bool((values < FLOOR).any())
