"""Information from counts of neighbours, and whether to believe it: what the neighbour estimators share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import digamma, ndtri
from scipy.stats import rankdata

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure import quantise as q
from infoscope.measure.estimators import _subsampling
from infoscope.measure.estimators._base import CEILING
from infoscope.measure.neighbours import Balls, Norm, balls, label_block

#: From this share of tied balls on, ties decide the answer.
TIED_SHARE = 0.5
#: The bias told from the growth with n may be at most this share of the value.
BIAS_SHARE = 0.2
#: Standardised rows nearer than this are the same.
SAME = 1e-9
#: A gain this many half intervals wide is no scatter: 3.4 standard errors.
CLEARLY = 1.5
#: Neighbours farther apart than this share of the width of all rows say nothing of a local density.
NOT_NEAR = 0.6
#: A value that gains more than this much of every log n counts samples.
GROWTH = 0.25


def standardised(t: Any) -> np.ndarray:
    """The columns of ``t [n, d]`` that vary, each with mean 0 and standard deviation 1, in float64."""
    t = np.asarray(check.on_cpu(t), np.float64)
    low, high = t.min(axis=0), t.max(axis=0)
    varies = high > low
    # Powers of two bring every column near 1 without rounding, so that its squares neither overflow nor vanish.
    power = np.frexp(np.maximum(np.abs(low), np.abs(high))[varies])[1]
    centred = np.ldexp(t[:, varies], -power)
    centred -= centred.mean(axis=0)
    centred /= np.ldexp(1.0, np.frexp(np.abs(centred).max(axis=0, initial=0.0))[1])
    return centred / centred.std(axis=0)


def atoms(t: np.ndarray, least: float) -> np.ndarray:
    """Ids ``[n]`` from 1 of the rows that are there at least ``least`` times each, 0 for all others."""
    if t.shape[1] == 0:
        return np.zeros(len(t), np.int64)
    ids, counts, _ = q.group(q.exact_keys(t))
    often = counts >= least
    return np.where(often, np.cumsum(often), 0)[ids]


@dataclass(frozen=True)
class Part:
    """X, Y or Z: standardised columns ``[n, d]`` (none for labels) and groups ``[n]`` out of each other's reach."""

    columns: np.ndarray
    groups: np.ndarray
    device: Any = None

    @classmethod
    def of(cls, values: Any, *, split_above: float = math.inf, normal: bool = False) -> Part:
        """From labels ``[n]`` or rows ``[n, d]``.

        split_above: a row that is there at least so many times is a group of its own. normal: normal scores of the
        ranks of each column in place of the column.
        """
        if isinstance(values, np.ndarray) and values.ndim == 1:
            return cls(np.zeros((len(values), 0)), values)
        columns = standardised(values)
        if normal:
            columns = ndtri((rankdata(columns, axis=0) - 0.5) / len(columns))
        groups = atoms(columns, split_above) if split_above <= len(columns) else np.zeros(len(columns), np.int64)
        return cls(columns, groups, values.device if check.is_tensor(values) else None)

    @property
    def varies(self) -> bool:
        return self.columns.shape[1] > 0 or len(np.unique(self.groups)) > 1

    def block(self, rows: np.ndarray) -> np.ndarray:
        """The part as a block of columns for the search."""
        groups = self.groups[rows]
        return np.column_stack([self.columns[rows], label_block(groups)]) if groups.any() else self.columns[rows]


@dataclass(frozen=True)
class Problem:
    """I(X;Y), or I(X;Y|Z) with a third part. k, norm, rectangle: as in :func:`infoscope.measure.neighbours.balls`."""

    parts: tuple[Part, ...]
    k: int
    norm: Norm = "max"
    rectangle: bool = False

    @property
    def n(self) -> int:
        return len(self.parts[0].groups)

    @property
    def columns(self) -> int:
        return sum(part.columns.shape[1] for part in self.parts)

    @property
    def ceiling(self) -> float:
        """What Y = X gives: psi(n) - psi(k)."""
        return float(digamma(self.n) - digamma(self.k))

    def accompanied(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ``rows`` that share all groups with another one of them, and with how many."""
        joint = np.zeros(len(rows), np.int64)
        for part in self.parts:
            joint = q.group(q.joint(joint, part.groups[rows]))[0]
        others = np.bincount(joint)[joint] - 1
        return rows[others > 0], others[others > 0]

    def local(self, rows: np.ndarray) -> tuple[np.ndarray, Balls] | None:
        """What each of ``rows`` contributes to their estimate, and its ball; None when none has a neighbour.

        Kraskov et al. 2004, eq. 8 and 9; with labels Ross 2014, eq. 5; with z Frenzel & Pompe 2007, eq. 4. A ball with
        several rows at its surface, as a row that repeats has one, is counted with its surface (Gao et al. 2017 and
        Mesner & Shalizi 2020, for radius zero). Rows that are alone in their class are left out.
        """
        rows, others = self.accompanied(rows)
        if len(rows) == 0:
            return None
        ks = np.minimum(self.k, others)
        subspaces = ((0,), (1,)) if len(self.parts) == 2 else ((0, 2), (1, 2), (2,))
        blocks = [part.block(rows) for part in self.parts]
        found = balls(blocks, ks, subspaces, self.norm, self.rectangle, self.parts[0].device)
        inside, more = digamma(ks), np.ones(len(rows))
        if self.rectangle:
            inside, more = inside - 1 / ks, more * found.tied
        inside = np.where(found.tied, digamma(found.inside + 1), inside)
        given = digamma(len(rows)) if len(self.parts) == 2 else digamma(found.counts[2] + 1)
        return inside - digamma(found.counts[0] + more) - digamma(found.counts[1] + more) + given, found


def dimension(distances: np.ndarray) -> float:
    """Intrinsic dimension from the distances ``[n, k]`` to the nearest rows, infinite ones left out; 0 for points.

    Levina & Bickel 2005, averaged as MacKay & Ghahramani 2005 say. With k = 1 it is not known: infinity.
    """
    last = np.where(np.isfinite(distances), distances, 0).max(axis=1, keepdims=True)
    usable = (distances[:, :1] > 0) & np.isfinite(distances)
    if distances.shape[1] < 2 or not usable.any():
        return 0.0 if (last == 0).all() else math.inf
    logs = np.log(np.where(usable, last, 1) / np.where(usable, distances, 1))
    terms = usable.sum() - usable[:, 0].sum()
    return float(terms / logs.sum()) if logs.sum() > 0 else 0.0


@dataclass(frozen=True)
class Spread:
    """How an estimate from n rows scatters and drifts: its ``interval``, and what it gained from n/10 to n rows."""

    interval: tuple[float, float] | None
    gain: float

    @classmethod
    def of(cls, value: float, estimate: Callable[[np.ndarray], float], n: int, least: int) -> Spread:
        parts: list[float] = []

        def part(rows: np.ndarray) -> float:
            parts.append(estimate(rows))
            return parts[-1]

        interval = _subsampling.interval(value, part, n, least=least)
        if interval is None or math.isnan(interval[0]):
            return cls(None, 0.0)
        return cls(interval, value - float(np.mean(parts)))

    @property
    def growth(self) -> float:
        """What the estimate gains for every log n."""
        return self.gain / math.log(_subsampling.PARTS)

    @property
    def clear(self) -> bool:
        """Whether the gain is more than scatter."""
        return abs(self.gain) > CLEARLY * self.half

    def bias(self, dimension: float) -> float:
        """The bias left at n when it falls like n^(-2/dimension), the order of a smooth density's curvature.

        0 where the gain is within the scatter.
        """
        if dimension == 0 or not self.clear:
            return 0.0
        return -self.gain / (_subsampling.PARTS ** (2 / dimension) - 1)

    @property
    def half(self) -> float:
        return math.inf if self.interval is None else (self.interval[1] - self.interval[0]) / 2


def answer(
    problem: Problem,
    quantity: str,
    estimand: str,
    start: float,
    *,
    points: bool = False,
    ceiling: float | None = None,
    local: Callable[[np.ndarray], tuple[np.ndarray, Balls] | None] | None = None,
) -> Estimate:
    """The estimate that ``local`` (by default the problem's own) gives, judged.

    points: whether rows that repeat are what the estimator is made for, so that only other ties are held against it.
    ceiling: what it can reach; by default what Y = X gives, psi(n) - psi(k).
    """
    n, local = problem.n, local or problem.local
    constant = [name for name, part in zip("xy", problem.parts, strict=False) if not part.varies]
    if constant:
        note = f"{' and '.join(constant)} {'is' if len(constant) == 1 else 'are'} constant"
        seconds = time.perf_counter() - start
        return Estimate(0.0, quantity, estimand, n, status=Status.DEGENERATE, notes=(note,), seconds=seconds)
    if n <= problem.k:
        raise InputError(f"x has {n} rows for k={problem.k} neighbours, wanted more rows than that: lower k")
    whole = local(np.arange(n))
    if whole is None:
        raise InputError(f"each of the {n} rows is the only one of its class, wanted classes with several rows each")
    each, found = whole
    value = float(each.mean())

    def estimate(rows: np.ndarray) -> float:
        part = local(rows)
        return math.nan if part is None else float(part[0].mean())

    spread = Spread.of(value, estimate, n, problem.k + 2)
    status, notes = _judge(problem, value, found, spread, points, problem.ceiling if ceiling is None else ceiling)
    if len(each) < n:
        notes = (*notes, f"{n - len(each)} rows are the only ones of their class and were left out")
    return Estimate(
        value,
        quantity,
        estimand,
        n,
        **_subsampling.stated(spread.interval),
        status=status,
        notes=notes,
        seconds=time.perf_counter() - start,
    )


def _judge(
    problem: Problem, value: float, found: Balls, spread: Spread, points: bool, ceiling: float
) -> tuple[Status, tuple[str, ...]]:
    radius = np.where(np.isfinite(found.distances), found.distances, 0).max(axis=1)
    tied, at_zero = float(found.tied.mean()), float((found.tied & (radius < SAME)).mean())
    notes = (f"{tied:.2g} of the rows have ties for neighbours, {at_zero:.2g} at distance 0",) if tied else ()
    if tied - (at_zero if points else 0) > TIED_SHARE:
        return Status.TIED, notes
    if value >= CEILING * ceiling and at_zero < TIED_SHARE:
        return Status.SATURATED, (*notes, f"the ceiling is {ceiling:.4g} nats")
    if spread.growth > GROWTH and spread.clear:
        grows = f"the value grows by {spread.growth:.2g} of log n, as it does when it tells n and no more"
        return Status.SATURATED, (*notes, grows)
    intrinsic = min(dimension(found.distances), problem.columns)
    if intrinsic > 0 and (apart := (problem.k / problem.n) ** (1 / intrinsic)) > NOT_NEAR:
        far = f"in about {intrinsic:.2g} dimensions neighbours are {apart:.2g} times as far apart as all rows are wide"
        return Status.UNDERSAMPLED, (*notes, far)
    bias = spread.bias(intrinsic)
    if abs(bias) > max(BIAS_SHARE * abs(value), spread.half):
        grown = f"from the growth with n in about {intrinsic:.2g} dimensions the bias is near {bias:.2g} nats"
        return Status.UNDERSAMPLED, (*notes, grown)
    return Status.OK, notes
