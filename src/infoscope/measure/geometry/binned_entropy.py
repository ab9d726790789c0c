from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels import draws
from infoscope.measure.bases.estimator import several
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.intervals.jackknife import copies
from infoscope.measure.intervals.uncertainties import OFFSETS
from infoscope.measure.symbols import partitions
from infoscope.measure.symbols import quantise as q
from infoscope.measure.symbols.labels import CEILING


@dataclass(frozen=True)
class BinnedEntropy(Geometry):
    """Entropy H(Bin(T)) of a binned representation, averaged over where the bins begin: how clustered at this width?

    Every unit is cut into bins of ``width``; a row's symbol is its pattern of bins. Where bins begin moves the entropy
    by as much as 1 nat when clusters straddle an edge, so each of ``offsets`` times every unit's bins begin at a random
    place. The value is the mean; its interval is from the least to the largest of them, which is no error bar.

    Options: ``width``, one or several; ``offsets``; ``seed`` of the places.

    The entropy is that of the cells' frequencies among these rows, at most log n. Of a deterministic network it is also
    I(X;Bin(T)), but not I(X;T), which is H(X) or infinite whatever was learned (Goldfeld et al. 2019, section 5).
    SATURATED within 2 % of log n, of different rows where many are there several times; DEGENERATE where all rows share
    a cell whatever the offset.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = iscope.geometry(t, measure="binned_entropy")
    >>> print(next(iter(found.values())))
    H(Bin(T)) = 8.9... bits...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("H(Bin(T))", "nats", "Entropy of the binned layer", "entropy"),
    )

    width: float | tuple[float, ...] = 0.1
    offsets: int = 16
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        grids = len(several(self.width)) * self.offsets
        return Cost(6e-4 + 4e-9 * grids * n * d, 17.0 * n * d + 16.0 * n)

    def _check(self) -> None:
        for width in several(self.width):
            check.positive(width, "width")
        check.count(self.offsets, "offsets")
        check.count(self.seed, "seed", 0)

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        widths = several(self.width)
        cells = float(np.abs(t).max()) / min(widths)
        if cells > 2.0**52:
            raise InputError(f"t spans {cells:.2g} bins of width {min(widths):g}, wanted fewer than 2^52: widen them")
        places = np.random.Generator(draws.stream(self.seed)).random((self.offsets, t.shape[1]))
        whole = [partitions.widths(1.0)]
        for width in widths:
            units = t / np.float64(width)  # in float64, which an offset costs no digit that matters
            found = np.array([q.entropy_of(q.group(q.quantise(units + u, whole)[0].keys)[1]) for u in places])
            same = copies(t, ()) if 0 < found.min() == found.max() else None  # no offset parts or joins a row
            estimate = self._estimate(found, width, len(t), None if same is None else same.count)
            yield Measured("input", estimate, {**self.options, "width": width})

    def _estimate(self, found: np.ndarray, width: float, n: int, different: int | None = None) -> Estimate:
        words = f"entropy of the cells of bins of width {width:g}, mean over {self.offsets} random offsets"
        value, doubts = float(found.mean()), []
        if found.max() == 0:
            doubts.append(Doubt(Status.DEGENERATE))
        elif value >= CEILING * math.log(n):
            doubts.append(Doubt(Status.SATURATED))
        elif different is not None and value >= CEILING * math.log(different):
            alone = f"only {different} of {n} rows differ, and each has a cell of its own"
            doubts.append(Doubt(Status.SATURATED, alone))
        return self._say("H(Bin(T))", value, words, n, doubts).within((float(found.min()), float(found.max())), OFFSETS)

    def _constant(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return [
            Measured("input", self._estimate(np.zeros(self.offsets), width, len(t)), {**self.options, "width": width})
            for width in several(self.width)
        ]
