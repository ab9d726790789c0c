"""What the two Gaussian estimators share: an information from columns, with its interval and its status."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from scipy.special import digamma

from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, gravest, remark
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Beside, GivenRows
from infoscope.kernels import parallel
from infoscope.measure.intervals.uncertainties import DELTA_METHOD
from infoscope.measure.moments import canonical as gc
from infoscope.measure.symbols import noncentral, partitions
from infoscope.measure.symbols import quantise as q

ROWS_A_COLUMN = 2  # below this the bias is as large as the entropies, and its correction right for Gaussian rows only
NOISE = 0.5  # times √(columns / n): over three standard deviations of a difference of spacings of Gaussian rows


@dataclass(frozen=True)
class GaussianInformation:
    """The parts of an :class:`~infoscope.core.estimate.Estimate`, with what lies behind them.

    squared: canonical correlations. each ``[n]``: what each row contributes. beyond: see :func:`beyond`.
    """

    value: float
    interval: tuple[float, float] | None = None
    doubts: tuple[Doubt, ...] = ()
    squared: np.ndarray = field(default_factory=lambda: np.zeros(0))
    each: np.ndarray = field(default_factory=lambda: np.zeros(0))
    beyond: float = 0.0

    @property
    def status(self) -> Status:
        return gravest(self.doubts)

    def estimate(self, quantity: Quantity, estimand: str, n: int) -> Estimate:
        """Of ``quantity``, from ``n`` rows."""
        found = Estimate(self.value, quantity, estimand, n).within(self.interval, DELTA_METHOD)
        return found.doubted(*self.doubts)


def information(x: AnyRows, y: Beside, z: GivenRows | None, shrinkage: str) -> GaussianInformation:
    """I(X;Y) or I(X;Y|Z) of Gaussian rows ``[n, d]`` in nats.

    Raises
    ------
    InputError: for more columns than rows without shrinkage.
    """
    (found,) = parallel.run([lambda: _information(x, y, z, shrinkage)], 1)
    return found


def _information(x: AnyRows, y: Beside, z: GivenRows | None, shrinkage: str) -> GaussianInformation:
    columns = [gc.standardised(part) for part in (x, y, *(() if z is None else (z,)))]
    for name, part in zip("xy", columns, strict=False):
        if bool(part.constant.all()):
            return GaussianInformation(0.0, doubts=(Doubt(Status.DEGENERATE, f"{name} is constant"),))
    kept = [part.z[:, ~part.constant] for part in columns]
    found = _exact(kept) if shrinkage == "none" else _shrunk(kept, shrinkage)
    if found.status in (Status.OK, Status.UNDERSAMPLED):
        for name, part in (("x", x), ("y", y)):
            counts = q.group(q.quantise(part, [partitions.exact()])[0].keys)[1]
            if 2 * len(counts) <= len(x) and found.value > q.entropy_of(counts):
                held = f"{name} takes {len(counts)} values, which hold {q.entropy_of(counts):.3g} nats at most"
                return GaussianInformation(found.value, doubts=(*found.doubts, Doubt(Status.SATURATED, held)))
    return found


def _exact(columns: list[torch.Tensor]) -> GaussianInformation:
    n = len(columns[0])
    rest, given = columns[:2], 0
    if len(columns) == 3:
        z = gc.orthonormal(columns[2])
        rest, given = [gc.without(part, z) for part in rest], z.shape[1]
    x, y = (gc.orthonormal(part) for part in rest)
    for name, basis in (("x", x), ("y", y)):
        if not basis.shape[1]:
            return GaussianInformation(0.0, doubts=(Doubt(Status.DEGENERATE, f"{name} is a linear function of z"),))
    dof = n - 1 - given
    if x.shape[1] + y.shape[1] > dof:
        raise InputError(
            f"x, y{' and z' if given else ''} vary in {x.shape[1]} + {y.shape[1]}{f' + {given}' if given else ''} "
            f"directions over {n} rows, wanted more rows than directions: pass more samples, fewer columns, or "
            "shrinkage=oas"
        )
    pairs = gc.canonical(x, y, dof)
    linear = (
        f"{part.shape[1] - basis.shape[1]} of the {part.shape[1]} columns of {name} are linear combinations of others"
        for name, part, basis in (("x", columns[0], x), ("y", columns[1], y))
        if basis.shape[1] < part.shape[1]
    )
    doubts = tuple(map(remark, linear))
    if pairs.full:
        why = f"{pairs.full} directions of y are linear functions of x: the information is infinite"
        return GaussianInformation(pairs.plain, doubts=(*doubts, Doubt(Status.SATURATED, why)))
    value = pairs.plain - pairs.bias
    interval = noncentral.interval(pairs.plain, pairs.bias, pairs.dx * pairs.dy, pairs.deviation)
    if dof < ROWS_A_COLUMN * (x.shape[1] + y.shape[1]):
        doubts = (*doubts, Doubt(Status.UNDERSAMPLED, f"the bias taken off is {pairs.bias:.3g} nats"))
    ends = min(value, interval[0]), max(value, interval[1])
    return GaussianInformation(value, ends, doubts, pairs.squared, pairs.influence, beyond(x, y))


def beyond(x: torch.Tensor, y: torch.Tensor) -> float:
    """How much further from Gaussian one variable becomes when the other's linear prediction is taken off, in nats.

    x ``[n, p]``, y ``[n, e]``: orthonormal columns of mean 0. Since I(X;Y) >= h(Y) - h(Y - E X), the information goes
    beyond that of the Gaussian with the same covariance by the negentropy of what is left less that of Y. Each is
    summed here over uncorrelated columns, by spacings of √n order statistics (Vasicek 1976, with the bias of uniform
    spacings taken off). The larger one of both sides; 0 where it is within the noise of spacings, as for Gaussian rows,
    or where values repeat.
    """
    c = x.T @ y
    found = max(_further(y - x @ c, y, c.T @ c), _further(x - y @ c.T, x, c @ c.T))
    return found if found > NOISE * math.sqrt(max(c.shape) / len(x)) else 0.0


def _further(rest: torch.Tensor, whole: torch.Tensor, explained: torch.Tensor) -> float:
    root, failed = torch.linalg.cholesky_ex(torch.eye(len(explained)).to(explained) - explained)
    if bool(failed.any()):
        return 0.0
    rest = torch.linalg.solve_triangular(root, rest.T, upper=False).T
    left, own = _entropies(rest), _entropies(whole)
    return own - left if math.isfinite(left) and math.isfinite(own) else 0.0


def _entropies(columns: torch.Tensor) -> float:
    """The sum of the entropies of orthonormal columns."""
    n, m = len(columns), spacing(len(columns))
    ordered = np.sort(columns.T.cpu().numpy(), axis=1)
    gaps = ordered[:, m:] - ordered[:, :-m]
    if not gaps.all():
        return math.inf
    return float(np.log(gaps).mean(1).sum()) + len(ordered) * (math.log(n) - float(digamma(m)))


def spacing(n: int) -> int:
    """Over how many order statistics of n a spacing reaches."""
    return max(1, round(math.sqrt(n)))


def doubted(found: GaussianInformation, beyond: float) -> GaussianInformation:
    """``found``, or UNRESOLVED where it is ``beyond`` nats from what its own residuals say, more than the interval."""
    if found.status is not Status.OK or found.interval is None or beyond <= found.interval[1] - found.value:
        return found
    note = (
        f"what a linear prediction leaves is less Gaussian than what it predicts: about {beyond:.2g} nats more, or more"
    )
    return replace(found, doubts=(*found.doubts, Doubt(Status.UNRESOLVED, note)))


def _shrunk(columns: list[torch.Tensor], rule: str) -> GaussianInformation:
    r, share = gc.shrunk(torch.cat(columns, dim=1), rule)
    dx, dy = (part.shape[1] for part in columns[:2])
    of_x, of_y, of_z = (torch.arange(len(r), device=r.device) for _ in range(3))
    of_x, of_y, of_z = of_x[:dx], of_y[dx : dx + dy], of_z[dx + dy :]
    parts = [torch.cat([of_x, of_z]), torch.cat([of_y, of_z]), torch.cat([of_x, of_y, of_z]), of_z]
    (xz, _), (yz, _), (xyz, floored), (only_z, _) = [gc.log_determinant(r[part][:, part]) for part in parts]
    drawn = f"correlations drawn {100 * share:.3g} % of the way to none; calibrate=True shows the bias of that"
    doubts = (remark(drawn),)
    if floored:
        doubts = (*doubts, Doubt(Status.SATURATED, "some columns are linear functions of others"))
    elif len(columns[0]) - 1 < ROWS_A_COLUMN * len(r):
        doubts = (*doubts, Doubt(Status.UNDERSAMPLED, f"{len(columns[0])} rows for {len(r)} columns"))
    return GaussianInformation(0.5 * (xz + yz - xyz - only_z), None, doubts)
