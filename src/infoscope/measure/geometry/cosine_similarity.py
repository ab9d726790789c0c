from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.cells import cell_names
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, affordable
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike, NumpyRows
from infoscope.kernels import draws
from infoscope.measure.bases.geometry import Geometry, by_name, timed
from infoscope.measure.intervals.groups import Groups, interval_doubts, scatter
from infoscope.measure.intervals.uncertainties import PLAIN

LEAST = 20  # rows, of which one lies below the 5 % quantile
LEAST_MEDIAN = 6  # rows whose least and largest hold the median 95 % of the time
EDGES = (-0.5, -0.25, 0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_WHO = {"same": "same member", "next": "next member", "start": "same member at its start"}
NORMAL = 1.959963984540054


@dataclass(frozen=True)
class CosineSimilarity(Geometry):
    """Cosines between two networks' representations of the same inputs, row by row (Goldfeld et al. 2019, section 5).

    cosine_median, with a 95 % interval over rows; cosine_05 and cosine_95, the outer quantiles; cosine_permuted, the
    median when each row meets that of another input, which is what the common direction of all rows alone would give.
    cosine_share: the histogram, whose cells are the estimates' *variables*, each called by its upper edge.

    Units are compared one by one, so it means something only for networks that began with the same weights. Rows that
    are exactly 0 have no direction and are left out; DEGENERATE where none is left, and for one column, whose cosines
    are 1 and -1. UNDERSAMPLED: the median below 6 rows, the outer quantiles below 20.

    Options
    -------
    against: along a trajectory, the network of the same run with which to compare, member by member.
    members: ``"same"`` member of it, or as controls the ``"next"`` one, which began with other weights, or the same one
    at its ``"start"``, before it learned: what a common beginning alone gives.
    seed: of the permutation.

    Example
    -------
    >>> t, noise = np.random.default_rng(0).normal(size=(2, 500, 3))
    >>> found = iscope.geometry(t, t + noise, measure="cosine_similarity")
    >>> print(next(iter(found.values())))
    cosine_median = 0.7...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("cosine_median", "ratio", "Median cosine with the other network", "geometry"),
        Quantity("cosine_05", "ratio", "Cosine with the other network, 5 % below", "quantile"),
        Quantity("cosine_95", "ratio", "Cosine with the other network, 95 % below", "quantile"),
        Quantity("cosine_permuted", "ratio", "Median cosine with another input's row", "geometry"),
        Quantity("cosine_share", "fraction", "Cosines with the other network", "share"),
    )
    second: ClassVar[str] = "rows"
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale")

    against: str = ""
    members: Literal["same", "next", "start"] = "same"
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + 3e-8 * n * d, 33.0 * n * d)

    def _check(self) -> None:
        check.count(self.seed, "seed", 0)

    def measure(self, t: Any, variables: Any, given: Given = NOTHING) -> list[list[Measured]]:
        """Of each pair of members of ``t [m, n, d]`` and of the other network, with the same inputs and units."""
        if given.other is None:
            raise InputError(
                "cosine_similarity compares two representations and one arrived: say which network of the run to "
                "compare with, e.g. against=deterministic, or pass both to infoscope.geometry"
            )
        pair = (t, given.other)
        t, other = (check.on_cpu(check.representation(each, "t", stacked=True, place=True)) for each in pair)
        together = None if given.groups is None else Groups.of(given.groups, t.shape[1])
        return [self._timed(*each, together) for each in zip(t, other, strict=True)]

    def partners(self, members: int) -> list[int]:
        """Which member of the other network each of ``members`` is compared with."""
        if self.members == "next" and members < 2:
            raise InputError("members='next' came with one member, wanted at least 2 seeds")
        return [(member + (self.members == "next")) % members for member in range(members)]

    @property
    def from_start(self) -> bool:
        return self.members == "start"

    def geometry(
        self, t: ArrayLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> dict[str, Estimate]:
        """The quantities of rows ``t [n, d]`` and ``y [n, d]`` by name; groups: one name a row."""
        if y is None:
            raise InputError("cosine_similarity compares two representations and one arrived: pass the other as y")
        check.paired(t=t, y=y)
        t, y = (check.on_cpu(check.representation(one, name, place=True)) for one, name in ((t, "t"), (y, "y")))
        together = None if groups is None else Groups.of(groups, len(t))
        return by_name(self._timed(t, y, together))

    def _timed(self, t: NumpyRows, other: NumpyRows, groups: Groups | None) -> list[Measured]:
        affordable(self, len(t), t.shape[1], 1)
        return timed(lambda: self._both(t, other, groups), groups)

    def _both(self, t: NumpyRows, other: NumpyRows, groups: Groups | None = None) -> Iterable[Measured]:
        if t.shape != other.shape:
            raise InputError(
                f"the representations are {t.shape} and {other.shape}, wanted the same inputs and the same units: "
                "for networks of different widths use infoscope.dependence"
            )
        a, b = _directions(t), _directions(other)
        pointing = (a != 0).any(1) & (b != 0).any(1)
        a, b = a[pointing], b[pointing]
        n, left_out = len(a), len(t) - len(a)
        known = [remark(f"{left_out} of {len(t)} rows are 0 and have no direction")] if left_out else []
        words = f"between the same unit-by-unit representation in two networks, {_WHO[self.members]}"
        if not n:
            for quantity in self.quantities:
                cells = cell_names(EDGES) if quantity == "cosine_share" else ["input"]
                for name in cells:
                    empty = self._say(quantity, 0.0, words, len(t), [*known, Doubt(Status.DEGENERATE)])
                    yield Measured(name, empty)
            return
        cosines = np.einsum("nd,nd->n", a, b)
        of_pointing = None if groups is None else Groups(check.names(groups.ids[pointing], n))
        interval, unsure = self._around(cosines, of_pointing)
        cosines = np.sort(cosines)
        permuted = np.einsum("nd,nd->n", a, b[draws.order(n, self.seed)])
        shares = np.bincount(np.searchsorted(EDGES, cosines), minlength=len(EDGES) + 1) / n
        few = [Doubt(Status.UNDERSAMPLED, f"{n} rows, wanted at least {LEAST} for outer quantiles")] * (n < LEAST)
        one_column = t.shape[1] == 1
        for quantity, value, about, doubts in (
            ("cosine_median", np.median(cosines), "median cosine", unsure),
            ("cosine_05", np.quantile(cosines, 0.05), "5 % of the cosines are below it,", few),
            ("cosine_95", np.quantile(cosines, 0.95), "95 % of the cosines are below it,", few),
            ("cosine_permuted", np.median(permuted), "median cosine with another input's row,", []),
        ):
            if one_column:
                doubts = [Doubt(Status.DEGENERATE, "one column has two directions: every cosine is 1 or -1")]
            estimate = self._say(quantity, value, f"{about} {words}", n, [*known, *doubts])
            if quantity == "cosine_median" and not one_column:
                estimate = estimate.within(interval, PLAIN.over(groups))
            yield Measured("input", estimate)
        for name, share in zip(cell_names(EDGES), shares, strict=True):
            words_of = f"share of the cosines {words}"
            doubts = [*known, Doubt(Status.DEGENERATE)] if one_column else known
            yield Measured(name, self._say("cosine_share", share, words_of, n, doubts))

    def _around(self, cosines: np.ndarray, groups: Groups | None) -> tuple[tuple[float, float] | None, list[Doubt]]:
        """The interval of the median ``cosines [n]`` by order statistics, and its doubts; of groups as wide as the
        share of the rows below it scatters over them (Woodruff 1952)."""
        n = len(cosines)
        half = NORMAL * math.sqrt(n) / 2
        remarks: tuple[Doubt, ...] = ()
        if groups is not None and groups.count < n:
            refused, remarks = interval_doubts(groups)
            if refused is not None:
                return None, [refused]
            half = n * scatter((cosines <= np.median(cosines)).astype(np.float64), groups).half()
        if n < LEAST_MEDIAN:
            few = f"{n} rows, wanted at least {LEAST_MEDIAN} for an interval"
            return None, [*remarks, Doubt(Status.UNDERSAMPLED, few)]
        ordered = np.sort(cosines)
        low, high = max(round(n / 2 - half), 0), min(round(n / 2 + half), n - 1)
        return (float(ordered[low]), float(ordered[high])), [*remarks]


def _directions(t: np.ndarray) -> np.ndarray:
    """Rows of length 1, in float64; those that are exactly 0 stay so."""
    t = t.astype(np.float64)
    t = t / np.maximum(np.abs(t).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return t / np.maximum(np.sqrt(np.einsum("nd,nd->n", t, t)), np.finfo(np.float64).tiny)[:, None]
