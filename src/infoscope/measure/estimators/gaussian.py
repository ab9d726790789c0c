from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from scipy.special import polygamma

from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, DIFFERENTIAL_ENTROPY, INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Beside, GivenRows
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.jackknife import settled
from infoscope.measure.moments import canonical as gc
from infoscope.measure.moments.gaussian_information import ROWS_A_COLUMN, GaussianInformation, doubted, information
from infoscope.measure.symbols import noncentral


@dataclass(frozen=True)
class Gaussian(Estimator):
    """The information of a Gaussian with the covariance of the data: exact for jointly Gaussian rows, linear otherwise.

    I(X;Y) = -1/2 Σ ln(1 - ρ²) over canonical correlations ρ, less its exact finite-sample bias (about dx dy / 2n);
    I(X;Y|Z) is the same of what is left of x and y beside their regression on z; H(X) = 1/2 ln|2πe Σ|.

    Where rows are not Gaussian the value is that of the Gaussian with the same covariance. It is a lower bound of
    I(X;Y) when x or y is Gaussian (the other may be anything), and an upper bound of h(X) always; else no bound.
    Columns that are linear combinations of others add nothing and are left out; H(X) is then that of the subspace which
    the rows fill.

    Options
    -------
    shrinkage: ``"none"``; ``"oas"`` (Chen et al. 2010) or ``"ledoit_wolf"`` (2004) draw the correlations towards none,
        for when there are about as many columns as rows. The bias of that is not known, and there is no interval.

    The interval is the delta method's, with the fourth moments of the data. UNDERSAMPLED: fewer than 2 rows a column.
    SATURATED: y holds a linear function of x, so the information is infinite and the value what double precision can
    hold, 15 nats for each; or the value is above the entropy of a variable that takes few values.
    DEGENERATE: x or y is constant, or given z nothing is left of it. UNRESOLVED: what a linear prediction leaves is so
    much less Gaussian than what it predicts that the information is beyond the interval.
    Raises InputError for more columns than rows without shrinkage.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "gaussian"))
    I(X;Y) = 0.5... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("real",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "swap")
    grouped: ClassVar[str] = "own"
    presses: ClassVar[bool] = True
    suits: ClassVar[tuple[str, ...]] = ("gaussian",)

    shrinkage: Literal["none", "oas", "ledoit_wolf"] = "none"

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(7e-4 + n * d * (3e-8 + 1e-10 * d), (20.0 if k > 1 else 290.0) * n + 40.0 * n * d)

    def _mutual_information(self, x: AnyRows, y: Beside, groups: Groups | None = None) -> Estimate:
        found = information(x, y, None, self.shrinkage)
        found, words = doubted(found, found.beyond), "I(X;Y) of the Gaussian with the data's covariance"
        estimate = self._about(found, INFORMATION, words, len(x))
        return settled(estimate, found.each, (x, y), groups, self._mutual_information)

    def _conditional_mutual_information(
        self, x: AnyRows, y: Beside, z: GivenRows, groups: Groups | None = None
    ) -> Estimate:
        found = information(x, y, z, self.shrinkage)
        found, words = doubted(found, found.beyond), "I(X;Y|Z) of the Gaussian with the data's covariance"
        estimate = self._about(found, CONDITIONAL_INFORMATION, words, len(x))
        return settled(estimate, found.each, (x, y, z), groups, self._conditional_mutual_information)

    def _entropy(self, t: AnyRows, groups: Groups | None = None) -> Estimate:
        ((found, where),) = parallel.run([lambda: _entropy(t, self.shrinkage)], 1)
        words = f"h(X) of the Gaussian with the data's covariance{where}"
        return settled(
            self._about(found, DIFFERENTIAL_ENTROPY.called("H(X)"), words, len(t)),
            found.each,
            (t,),
            groups,
            self._entropy,
        )

    def _about(self, found: GaussianInformation, quantity: Quantity, estimand: str, n: int) -> Estimate:
        if self.shrinkage != "none":
            estimand += f", {self.shrinkage} shrinkage"
        return found.estimate(quantity, estimand, n)


def _entropy(t: AnyRows, shrinkage: str) -> tuple[GaussianInformation, str]:
    """H(X) and what it is the entropy of, in words."""
    columns = gc.standardised(t)
    n, d = columns.z.shape
    if bool(columns.constant.all()):
        return GaussianInformation(0.0, doubts=(Doubt(Status.DEGENERATE, "x is constant"),)), ""
    of_normal = 0.5 * math.log(2 * math.pi * math.e)
    if shrinkage != "none" and d > 1 and not bool(columns.constant.any()):
        r, share = gc.shrunk(columns.z, shrinkage)
        half_log, floored = gc.log_determinant(r)
        value = 0.5 * half_log + float(columns.log_deviation.sum()) + d * of_normal
        status = Status.SATURATED if floored else Status.OK if n > ROWS_A_COLUMN * d else Status.UNDERSAMPLED
        drawn = remark(f"correlations drawn {100 * share:.3g} % of the way to none")
        return GaussianInformation(value, None, (drawn, Doubt(status))), ""
    basis = gc.orthonormal(columns.z)
    rank, dof = basis.shape[1], n - 1
    if rank == dof and d > rank:
        raise InputError(
            f"x has {d} columns for {n} rows, wanted more rows than columns: pass more samples, fewer columns, or "
            "shrinkage=oas"
        )
    if rank == d:
        log_det = 2 * float(torch.linalg.slogdet(basis.T @ columns.z)[1] + columns.log_deviation.sum())
    else:
        scale = columns.log_deviation[~columns.constant].max()
        scaled = columns.z * torch.where(columns.constant, 0, (columns.log_deviation - scale).exp())
        lengths = torch.linalg.svdvals(scaled)
        log_det = 2 * float(lengths[:rank].log().sum() + rank * scale)
    bias = 0.5 * (gc.log_wishart(dof, rank) - rank * math.log(dof / 2))
    value = 0.5 * log_det + rank * of_normal - bias
    leverage = basis.square().sum(dim=1)
    expected = 2 * rank * (dof - rank) / (dof * dof * (dof + 2))  # of a Gaussian row's leverage, a beta variable
    ratio = float((leverage - leverage.mean()).square().mean()) / expected if dof > rank else 1.0
    variance = 0.25 * float(polygamma(1, (dof + 1 - torch.arange(1, rank + 1).numpy()) / 2).sum())
    half = noncentral.QUANTILE * math.sqrt(variance * max(ratio, 1e-3))
    doubts = () if dof >= ROWS_A_COLUMN * rank else (Doubt(Status.UNDERSAMPLED),)
    words = "" if rank == d else f", on the {rank}-dimensional subspace that the rows fill"
    each = leverage.cpu().numpy()
    return GaussianInformation(value, (value - half, value + half), doubts, each=each), words
