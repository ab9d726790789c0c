from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import chdtri

from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels import draws
from infoscope.kernels.scaling import unit
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.uncertainties import PLAIN
from infoscope.measure.neighbours.search import balls, nearest_seconds

DISCARDED = 0.1  # of the ratios, the largest: there the density is least uniform (Facco et al. 2017)
LEAST = 20
NEAR = 1e-6  # of the root-mean-square distance: rows that are nearer are one row and what rounding made of it
SPACING = 0.001  # of the distance of as many rows along a line, where that is less
TIES = 0.05  # share of rows whose two nearest neighbours are equally far
APART = 1.5  # the exponent of the smaller half of the ratios over that of all, or the other way around
WIDE = 0.5  # of the root-mean-square distance: balls as wide tell of the whole piece, not of a point of it
SIZE = 8.0  # rows are brought to it before their neighbours are sought; any number about 1 to 10 does
_EPSILON = float(np.finfo(np.float64).eps)
_STRIP = 4096  # rows compared at a time


@dataclass(frozen=True)
class IntrinsicDimension(Geometry):
    """Intrinsic dimension by the ratio of each row's distances to its two nearest neighbours (TwoNN).

    intrinsic_dimension: where the density hardly changes over two neighbours, that ratio has a Pareto law whose
    exponent is the dimension (Facco, d'Errico, Rodriguez & Laio 2017), whatever the number of columns. The value is the
    exponent of greatest likelihood with the largest 10 % of the ratios known only to be larger, where Facco et al. fit
    a line to the same ratios; the 95 % interval is exact for independent ratios, which they nearly are.

    Rows that are there more than once count once, and so do those that are but rounding apart (a millionth of the usual
    distance). DEGENERATE below 20 different rows. TIED where more than 5 % of the rows have two nearest neighbours
    equally far, up to rounding: grids, whole numbers, rounded data. UNRESOLVED where the smaller half of the ratios has
    an exponent more than 1.5 times another than all (near copies, several scales), or a value beyond chance above
    the number of columns. UNDERSAMPLED where half of the rows have no neighbour within half the root-mean-square
    distance: in many dimensions rows are too few to be near each other, and the value errs low. On noise around a
    surface it sees the noise where neighbours are closer than the noise is thick.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, measure="intrinsic_dimension")
    >>> print(next(iter(found.values())))
    intrinsic_dimension = 2.9...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("intrinsic_dimension", "dimensions", "Intrinsic dimension", "geometry"),
    )
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + nearest_seconds(n, d), 60.0 * n + 32.0 * n * d)

    def _of_groups(self, t: NumpyRows, labels: dict[str, Labels], groups: Groups) -> Iterable[Measured]:
        """Of one row of each group, for neighbours of one group say how alike its rows are."""
        estimate = self._of_rows(t[groups.firsts], [remark("one row of each group counts")])
        return [Measured("input", estimate.within(estimate.interval, PLAIN.over(groups)))]

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return [Measured("input", self._of_rows(t, []))]

    def _of_rows(self, t: NumpyRows, doubts: list[Doubt]) -> Estimate:
        rows, noise = _different(t)
        words = "exponent of the ratios of the distances to the two nearest neighbours, 10 % censored"
        if len(rows) < len(t):
            doubts.append(remark(f"{len(t) - len(rows)} repeated rows left out"))
        if len(rows) < LEAST:
            doubts.append(Doubt(Status.DEGENERATE, f"{len(rows)} different rows, wanted at least {LEAST}"))
            return self._say("intrinsic_dimension", 0.0, words, len(rows), doubts)
        near, far = balls([rows], 2, norm="euclidean").distances.T
        return self._from(near, far, noise, t.shape[1], words, doubts)

    def _from(
        self, near: np.ndarray, far: np.ndarray, noise: float, d: int, words: str, doubts: list[Doubt]
    ) -> Estimate:
        """From the distances ``[n]`` to two neighbours, which rounding makes uncertain by ``noise``."""
        n = len(near)
        equal = far - near <= noise + _EPSILON * SIZE**2 / np.maximum(near, _EPSILON)
        ratios = np.sort(np.where(equal, 0.0, np.log(far / np.where(equal, 1.0, near))))
        kept = n - int(DISCARDED * n)
        ties = float(equal.mean())
        length = _length(ratios, kept)
        value, interval = 0.0, None
        if length > 0:
            # 2 d length has a chi-squared law with 2 kept degrees of freedom (type II censoring of exponentials)
            value = (kept - 1) / length
            low, high = (float(chdtri(2 * kept, tail)) / (2 * length) for tail in (0.975, 0.025))
            interval = (low, high)
        if ties > TIES:
            tied = f"for {100 * ties:.0f} % of the rows the two nearest neighbours are equally far"
            doubts.append(Doubt(Status.TIED, f"{tied}: a grid, whole numbers or rounded data"))
        elif interval is not None:
            first = (n // 2 - 1) / _length(ratios, n // 2)
            usual = 3 * math.sqrt(1 / (n // 2) - 1 / kept)  # three standard errors of the log of their ratio
            if abs(math.log(first / value)) > max(math.log(APART), usual):
                half = f"{first:.3g} by the smaller half of the ratios: near copies, or several scales"
                doubts.append(Doubt(Status.UNRESOLVED, half))
            elif float(np.median(near)) > WIDE * SIZE:
                width = float(np.median(near)) / SIZE
                far_apart = f"nearest rows are {width:.2g} of the usual distance apart: so few rows err low"
                doubts.append(Doubt(Status.UNDERSAMPLED, far_apart))
        if length > 0 and float(chdtri(2 * kept, 0.999)) / (2 * length) > d:
            above = f"above the {d} column{'s' * (d > 1)} there {'are' if d > 1 else 'is'}, which cannot be"
            doubts.append(Doubt(Status.UNRESOLVED, above))
        if ties > TIES or interval is None:
            return self._say("intrinsic_dimension", value, words, n, doubts)
        return self._say("intrinsic_dimension", value, words, n, doubts).within(interval, PLAIN)


def _length(ratios: np.ndarray, kept: int) -> float:
    """Of sorted exponentials of which all but the first ``kept`` are known only to be larger."""
    return float(ratios[:kept].sum() + (len(ratios) - kept) * ratios[kept - 1])


def _different(t: np.ndarray) -> tuple[np.ndarray, float]:
    """Different rows at root-mean-square distance 8, and how uncertain rounding makes their distances.

    Rows that are but rounding apart are next to each other along nearly every direction.
    """
    rows, size = unit(t)
    n, d = rows.shape
    near = min(NEAR, SPACING / n)
    direction = np.random.Generator(draws.stream(0)).standard_normal(d)
    order = np.argsort(rows @ direction, kind="stable")
    steps = np.empty(n, np.bool_)
    steps[0] = True
    for start in range(1, n, _STRIP):
        stop = min(start + _STRIP, n)
        apart = rows[order[start:stop]] - rows[order[start - 1 : stop - 1]]
        steps[start:stop] = np.einsum("nd,nd->n", apart, apart) > near**2
    found = rows if steps.all() else unit(rows[np.sort(order[steps])])[0]
    with np.errstate(over="ignore"):
        single = bool((t.astype(np.float32) == t).all())
    step = np.finfo(np.float32 if single else np.float64).eps * float(np.abs(t).max()) / size if size else 0.0
    return found * SIZE, 4 * step * SIZE
