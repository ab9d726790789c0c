from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import chdtri

from infoscope.core.estimate import Status
from infoscope.core.measurement import Measured
from infoscope.measure import quantise as q
from infoscope.measure._scaling import unit
from infoscope.measure.geometry._base import Geometry
from infoscope.measure.groups import Groups
from infoscope.measure.neighbours import balls

DISCARDED = 0.1  # of the ratios, the largest: there the density is least uniform (Facco et al. 2017)
LEAST = 20
SIZE = 8.0  # rows are brought to it before their neighbours are sought; any number about 1 to 10 does


@dataclass(frozen=True)
class IntrinsicDimension(Geometry):
    """Intrinsic dimension by the ratio of each row's distances to its two nearest neighbours (TwoNN).

    intrinsic_dimension: where the density hardly changes over two neighbours, that ratio has a Pareto law whose
    exponent is the dimension (Facco, d'Errico, Rodriguez & Laio 2017), whatever the number of columns. The value is the
    exponent of greatest likelihood with the largest 10 % of the ratios known only to be larger, where Facco et al. fit
    a line to the same ratios; the 95 % interval is exact for independent ratios, which they nearly are.

    Rows that are there more than once count once. DEGENERATE below 20 different rows. On noise around a surface it sees
    the noise where neighbours are closer than the noise is thick; in many dimensions it errs low.
    """

    quantities: ClassVar[dict[str, str]] = {"intrinsic_dimension": "dimensions"}
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def _of_groups(self, t: np.ndarray, labels: dict[str, np.ndarray], groups: Groups) -> Iterable[Measured]:
        """Of one row of each group, for neighbours of one group say how alike its rows are."""
        for measured in self._of(t[groups.firsts], labels):
            estimate = measured.estimate
            kind = {"interval_kind": "over groups", "resampled": "groups"} if estimate.interval else {}
            notes = ("one row of each group counts", *estimate.notes)
            yield measured._replace(estimate=replace(estimate, notes=notes, **kind))

    def _of(self, t: np.ndarray, labels: dict[str, np.ndarray]) -> Iterable[Measured]:
        rows = unit(t[np.sort(q.group(q.exact_keys(t))[2])])[0] * SIZE
        words = "exponent of the ratios of the distances to the two nearest neighbours, 10 % censored"
        notes = (f"{len(t) - len(rows)} repeated rows left out",) if len(rows) < len(t) else ()
        ratios = np.empty(0)
        if len(rows) >= LEAST:
            near, far = balls([rows], 2, norm="euclidean").distances.T
            ratios = np.sort(np.log(far[near > 0] / near[near > 0]))
        n = len(ratios)
        kept = n - int(DISCARDED * n)
        length = float(ratios[:kept].sum() + (n - kept) * ratios[kept - 1]) if n >= LEAST else 0.0
        if length <= 0:
            notes = (*notes, f"{n} rows have neighbours at different places, wanted at least {LEAST}")
            yield Measured(
                "input", self._say("intrinsic_dimension", 0.0, words, n, status=Status.DEGENERATE, notes=notes)
            )
            return
        # 2 d length has a chi-squared law with 2 kept degrees of freedom (type II censoring of exponentials)
        low, high = (float(chdtri(2 * kept, tail)) / (2 * length) for tail in (0.975, 0.025))
        estimate = self._say(
            "intrinsic_dimension", (kept - 1) / length, words, n, interval=(low, high), interval_kind="over rows",
            level=0.95, resampled="rows", notes=notes,
        )  # fmt: skip
        yield Measured("input", estimate)
