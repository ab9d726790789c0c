"""Information from counts of neighbours, and whether to believe it: what the neighbour estimators share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from scipy.special import digamma

from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, Uncertainty, remark
from infoscope.core.measurement import Cost
from infoscope.core.quantity import Quantity
from infoscope.measure.intervals import subsampling
from infoscope.measure.intervals.groups import Groups, Scatter
from infoscope.measure.intervals.jackknife import followed
from infoscope.measure.intervals.uncertainties import DISJOINT_TENTHS, JACKKNIFE
from infoscope.measure.neighbours.cells import cell_balls, joint
from infoscope.measure.neighbours.grouped_information import Corrected, GroupedInformation, Search, estimates
from infoscope.measure.neighbours.marginals import Marginal
from infoscope.measure.neighbours.search import Balls, Norm, Way, balls, nearest_seconds
from infoscope.measure.symbols.labels import CEILING

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


@dataclass(frozen=True)
class Problem:
    """I(X;Y), or I(X;Y|Z) with a third marginal. k, norm, rectangle: those of
    :func:`~infoscope.measure.neighbours.search.balls`.
    """

    marginals: tuple[Marginal, ...]
    k: int
    norm: Norm = "max"
    rectangle: bool = False
    _way: Way = field(default_factory=Way, init=False, repr=False, compare=False)

    @property
    def n(self) -> int:
        return len(self.marginals[0].groups)

    @property
    def columns(self) -> int:
        return sum(one.columns.shape[1] for one in self.marginals)

    @property
    def ceiling(self) -> float:
        """What Y = X gives: psi(n) - psi(k)."""
        return float(digamma(self.n) - digamma(self.k))

    @cached_property
    def split(self) -> bool:
        """Whether some rows are out of each other's reach."""
        return any(one.split for one in self.marginals)

    def accompanied(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ``rows`` that share all groups with another one of them, and with how many."""
        if not self.split:
            return rows[: 0 if len(rows) < 2 else None], np.full(len(rows) if len(rows) > 1 else 0, len(rows) - 1)
        cells, sizes = joint(self.marginals, rows)
        others = sizes[cells] - 1
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
        found = self._balls(rows, np.minimum(self.k, others))
        return self._contributions(found, np.minimum(self.k, others)), found

    @property
    def _subspaces(self) -> tuple[tuple[int, ...], ...]:
        return ((0,), (1,)) if len(self.marginals) == 2 else ((0, 2), (1, 2), (2,))

    def _balls(self, rows: np.ndarray, ks: np.ndarray) -> Balls:
        subspaces = self._subspaces
        device = self.marginals[0].device
        if self.split and not self.rectangle:
            return cell_balls(self.marginals, rows, ks, subspaces, self.norm, device)
        blocks = [one.block(rows) for one in self.marginals]
        return balls(blocks, ks, subspaces, self.norm, self.rectangle, device, way=self._way)

    def _contributions(self, found: Balls, ks: np.ndarray, met: np.ndarray | None = None) -> np.ndarray:
        """Of balls of ``ks`` rows; met: among how many rows each was sought, itself counted, where not among all."""
        n = len(ks) if met is None else self.n
        psi = _digammas(n)
        inside, more = psi[ks], np.ones(len(ks), np.int64)
        if self.rectangle:
            inside, more = inside - 1 / ks, found.tied.astype(np.int64)
        if found.tied.any():
            inside = np.where(found.tied, psi[found.inside + 1], inside)
        given = psi[n if met is None else met] if len(self.marginals) == 2 else psi[found.counts[2] + 1]
        return inside - psi[found.counts[0] + more] - psi[found.counts[1] + more] + given

    def in_groups(self, groups: Groups, corrected: Corrected | None) -> GroupedInformation | None:
        """What each row contributes where rows of its group are passed over; ``corrected``: changed by its ball."""

        def local(rows: np.ndarray, found: Balls, ks: np.ndarray, met: np.ndarray) -> np.ndarray:
            each = self._contributions(found, ks, met)
            return each if corrected is None else corrected(rows, each, found)

        return GroupedInformation.of(self._search(groups, corrected is not None), groups, local)

    def apart(self, groups: Groups) -> np.ndarray:
        """What each row ``[n]`` contributes where rows of its group are passed over; 0 of those without a neighbour."""
        out = np.zeros(self.n)

        def local(rows: np.ndarray, found: Balls, ks: np.ndarray, met: np.ndarray) -> np.ndarray:
            out[rows] = self._contributions(found, ks, met)
            return out[rows]

        for _ in estimates(self._search(groups), groups, local):
            pass
        return out

    def _search(self, groups: Groups, nearest: bool = False) -> Search:
        columns, classes = [one.columns for one in self.marginals], [one.classes(groups) for one in self.marginals]
        return Search(columns, classes, self._subspaces, self.k, self.norm, self.rectangle, nearest)


def cost(n: int, d: int) -> Cost:
    """Of :func:`answer` about ``n`` rows of ``d`` columns in all that are neither in clusters nor repeated."""
    taken = subsampling.seconds(lambda rows: 1.5 * nearest_seconds(rows, d), n)
    return Cost(3e-3 + taken, 300.0 * n + 32.0 * n * d)


@lru_cache(maxsize=4)
def _table(power: int) -> np.ndarray:
    found = digamma(np.arange(1 << power))
    found.flags.writeable = False
    return found


def _digammas(n: int) -> np.ndarray:
    """psi(0) to psi(n)."""
    return _table(n.bit_length())[: n + 1]


def _farthest(distances: np.ndarray) -> np.ndarray:
    """The largest finite one of each row's distances ``[n, k]``, nearest first."""
    last = distances[:, -1]
    return last if np.isfinite(last).all() else np.where(np.isfinite(distances), distances, 0).max(axis=1)


def dimension(distances: np.ndarray) -> float:
    """Intrinsic dimension from the distances ``[n, k]`` to the nearest rows, infinite ones left out; 0 for points.

    Levina & Bickel 2005, averaged as MacKay & Ghahramani 2005 say. With k = 1 it is not known: infinity.
    """
    last = _farthest(distances)[:, None]
    usable = (distances[:, :1] > 0) & np.isfinite(distances)
    if distances.shape[1] < 2 or not usable.any():
        return 0.0 if (last == 0).all() else math.inf
    logs = np.log(np.where(usable, last, 1) / np.where(usable, distances, 1))
    terms = np.count_nonzero(usable) - np.count_nonzero(usable[:, 0])
    return float(terms / logs.sum()) if logs.sum() > 0 else 0.0


@dataclass(frozen=True)
class Spread:
    """How an estimate from n rows scatters and drifts.

    interval: that of the estimate, or None. gain: what it gained over parts of the rows, ``larger`` times smaller, of
    whose mean ``scatter`` is half an interval.
    """

    interval: tuple[float, float] | None
    gain: float
    scatter: float = math.inf
    larger: float = subsampling.PARTS
    uncertainty: Uncertainty = DISJOINT_TENTHS

    @classmethod
    def of(cls, value: float, estimate: Callable[[np.ndarray], float], n: int, least: int) -> Spread:
        found = subsampling.scattered(value, estimate, n, least=least)
        if found is None or math.isnan(found.mean):
            return cls(None, 0.0)
        return cls(found.interval, value - found.mean, found.half, found.larger, found.uncertainty)

    @classmethod
    def over(cls, value: float, scatter: Scatter | None, gain: float) -> Spread:
        """From the scatter over groups."""
        half = scatter.half() if scatter else math.inf
        interval = (value - half, value + half) if scatter else None
        return cls(interval, gain, half, uncertainty=JACKKNIFE)

    @property
    def growth(self) -> float:
        """What the estimate gains for every log n."""
        return self.gain / math.log(self.larger)

    @property
    def clear(self) -> bool:
        """Whether the gain is more than scatter."""
        return abs(self.gain) > CLEARLY * self.scatter

    def bias(self, dimension: float) -> float:
        """The bias left at n when it falls like n^(-2/dimension), the order of a smooth density's curvature.

        0 where the gain is within the scatter.
        """
        if dimension == 0 or not self.clear:
            return 0.0
        return -self.gain / (self.larger ** (2 / dimension) - 1)

    @property
    def half(self) -> float:
        return math.inf if self.interval is None else (self.interval[1] - self.interval[0]) / 2


def of_points(
    quantity: Quantity,
    values: Sequence[Any],
    k: int,
    norm: Norm,
    groups: Groups | None,
    estimand: str = "",
) -> Estimate:
    """The information between ``values`` (two, or a third that is given) where rows that repeat are points.

    A row that is there at least sqrt(n) times is a class of its own, because such an atom inside the ball of other rows
    would swamp their counts.
    """
    often = max(k + 1, math.sqrt(len(values[0])))
    marginals = tuple(Marginal.of(value, split_above=often) for value in values)
    words = estimand or f"{quantity}, repeated rows as points, k={k}, {norm} norm"
    return answer(Problem(marginals, k, norm), quantity, words, points=True, groups=groups)


def answer(
    problem: Problem,
    quantity: Quantity,
    estimand: str,
    *,
    points: bool = False,
    ceiling: float | None = None,
    local: Callable[[np.ndarray], tuple[np.ndarray, Balls] | None] | None = None,
    groups: Groups | None = None,
    corrected: Corrected | None = None,
) -> Estimate:
    """The estimate that ``local`` (by default the problem's own) gives, judged.

    points: whether rows that repeat are what the estimator is made for, so that only other ties are held against it.
    ceiling: what it can reach; by default what Y = X gives, psi(n) - psi(k).
    groups: rows that belong together, which are passed over as neighbours; ``corrected`` then does what ``local`` does
    to what a row contributes.
    """
    n, local = problem.n, local or problem.local
    constant = [name for name, one in zip("xy", problem.marginals, strict=False) if not one.varies]
    if constant:
        note = f"{' and '.join(constant)} {'is' if len(constant) == 1 else 'are'} constant"
        return Estimate(0.0, quantity, estimand, n).doubted(Doubt(Status.DEGENERATE, note))
    if n <= problem.k:
        raise InputError(f"x has {n} rows for k={problem.k} neighbours, wanted more rows than that: lower k")
    each, found, spread = (
        _over_rows(n, problem.k, local) if groups is None else _over_groups(problem, groups, corrected)
    )
    value = float(each.mean())
    doubts = _doubts(problem, value, found, spread, points, problem.ceiling if ceiling is None else ceiling)
    doubts += [remark(note) for name, one in zip("xyz", problem.marginals, strict=False) for note in one.notes(name)]
    if len(each) < n:
        left = (
            "the only ones of their class" if groups is None else "copies within a group, or of a class of one group,"
        )
        doubts.append(remark(f"{n - len(each)} rows are {left} and were left out"))
    estimate = Estimate(value, quantity, estimand, n).within(spread.interval, spread.uncertainty).doubted(*doubts)
    if groups is not None:
        return estimate
    estimate = subsampling.doubted(estimate, problem.k + 2)
    labels = next((one.groups for one in problem.marginals if not one.columns.shape[1]), None)
    return followed(estimate, each, labels, [one.columns for one in problem.marginals]) if len(each) == n else estimate


def _over_rows(
    n: int, k: int, local: Callable[[np.ndarray], tuple[np.ndarray, Balls] | None]
) -> tuple[np.ndarray, Balls, Spread]:
    """What each row contributes, the balls, and how the mean scatters over tenths of the rows."""
    whole = local(np.arange(n))
    if whole is None:
        raise InputError(f"each of the {n} rows is the only one of its class, wanted classes with several rows each")

    def estimate(rows: np.ndarray) -> float:
        part = local(rows)
        return math.nan if part is None else float(part[0].mean())

    return *whole, Spread.of(float(whole[0].mean()), estimate, n, k + 2)


def _over_groups(problem: Problem, groups: Groups, corrected: Corrected | None) -> tuple[np.ndarray, Balls, Spread]:
    """The same over groups, each left out in turn with some others."""
    found = problem.in_groups(groups, corrected)
    if found is None:
        raise InputError(
            f"no row of the {groups.count} groups has a row of its class in another group, wanted classes with several "
            "groups each: rows of one group tell nothing of each other"
        )
    return found.each, found.balls, Spread.over(float(found.each.mean()), found.scatter, found.gain)


def _doubts(problem: Problem, value: float, found: Balls, spread: Spread, points: bool, ceiling: float) -> list[Doubt]:
    """What speaks against the value; where something does, what it would make of the rest is not asked."""
    tied = float(found.tied.mean())
    at_zero = float((found.tied & (_farthest(found.distances) < SAME)).mean()) if tied else 0.0
    ties = f"{tied:.2g} of the rows have ties for neighbours, {at_zero:.2g} at distance 0"
    if tied - (at_zero if points else 0) > TIED_SHARE:
        return [Doubt(Status.TIED, ties)]
    known = [remark(ties)] if tied else []
    if value >= CEILING * ceiling and at_zero < TIED_SHARE:
        return [*known, Doubt(Status.SATURATED, f"the ceiling is {ceiling:.4g} nats")]
    if spread.growth > GROWTH and spread.clear:
        grows = f"the value grows by {spread.growth:.2g} of log n, as it does when it tells n and no more"
        return [*known, Doubt(Status.SATURATED, grows)]
    intrinsic = min(dimension(found.distances), problem.columns)
    if intrinsic > 0 and (apart := (problem.k / problem.n) ** (1 / intrinsic)) > NOT_NEAR:
        far = f"in about {intrinsic:.2g} dimensions neighbours are {apart:.2g} times as far apart as all rows are wide"
        return [*known, Doubt(Status.UNDERSAMPLED, far)]
    bias = spread.bias(intrinsic)
    if abs(bias) > max(BIAS_SHARE * abs(value), spread.half):
        grown = f"from the growth with n in about {intrinsic:.2g} dimensions the bias is near {bias:.2g} nats"
        return [*known, Doubt(Status.UNDERSAMPLED, grown)]
    return known
