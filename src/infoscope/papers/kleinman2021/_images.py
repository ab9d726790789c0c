"""What the figures on images share: the three rows of a chain of labels, and how claims are read off them.

The interval of a claim is over seeds, so peaks are chosen by half of the seeds and measured in the other half
(:func:`infoscope.claim.statistics.compression`), not on halves of the test rows: rows of a run keep one value a member,
and seeds differ by several tenths of a bit where 900 test rows leave an error of some hundredths. All seeds are scored
on the same rows, whose choice the interval does not cover.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import DROP, LESS, finding, score_finding
from infoscope.claim.reading.peaks import RISE
from infoscope.claim.statistics import last
from infoscope.core.claim import Criterion, Finding, Learned
from infoscope.core.estimate import Status
from infoscope.core.quantity import ACCURACY, USABLE_COARSE, USABLE_REST
from infoscope.core.rows import Rows
from infoscope.core.units import nats, shown
from infoscope.scanning.plan import MeasurePlan

#: The least effect that counts as one, as in kleinman2021/checkerboard and figure 6 of Saxe: no size was published, so
#: the sign decides, and the size is told.
EFFECT = Criterion(">=", nats(0.05), "nats")
LEAST_EFFECT = "half a bit was asked at first (shown wrong at 0.2 bits), which no paper says; now the least effect"
FALL_ALONE = (
    "at first a fall alone was asked, which a network meets that only forgets what its untrained weights passed on; "
    f"now a rise over the untrained network is a part of its own; {LEAST_EFFECT}"
)
ONLY_THE_SIGN = "only the sign was asked at first, which a difference of 0.001 bits has; now at least 0.05 bits"
BOTH_SIDES = "either side of the margin was a part at first, so that a difference was told as half right"
NO_TRANSIENT = Criterion("<=", nats(0.15), "nats")
FALLS_WITH = Criterion("<=", -0.8, "rank correlation")
ALIKE = Criterion("within", nats(0.05), "nats")
SUFFICIENT = 0.85  # of H(coarse)
SUFFICES = Criterion(">=", SUFFICIENT, "ratio")
REST = USABLE_REST
FALL = f"drop of {REST} after its peak"
NEW_ROWS = Learned(split="test")  # what layers hold is read on rows that are new to the network
#: How probes read: exact softmax regression on standardised columns, its weight decay chosen on validation rows. (A
#: fixed one will not do: as training stretches the features along the task's direction, a ridge hides more and more of
#: the rest, and fine information seems to fall faster than it does.)
PROBES: dict[str, Any] = {"probe": "linear", "folds": 3}
#: The same from one split of the rows into halves, at a fourth of the cost.
QUICK: dict[str, Any] = {"probe": "linear", "test_fraction": 0.5}


class LabelChain(NamedTuple):
    """A chain of two variables: the networks are trained on ``coarse``, a function of ``fine``.

    entropy: H(coarse) in nats.
    """

    fine: str
    coarse: str
    entropy: float

    def measure(self, sites: tuple[str, ...], probes: dict[str, Any], epochs: tuple[int, ...] = ()) -> MeasurePlan:
        """Usable information about both, from one probe of the fine labels for each representation."""
        chain = f"{self.fine}>{self.coarse}"
        return MeasurePlan("usable_information", {**probes, "chain": chain}, sites, epochs=epochs)

    def rest(self, network: str, site: str, **more: Any) -> Series:
        """I_u(T;fine|coarse): what is usable about the fine label beyond the coarse one."""
        return Series(REST, network, site, variable=f"{self.fine}|{self.coarse}", **more)

    def relevant(self, network: str, site: str, **more: Any) -> Series:
        """I_u(T;coarse), by the coarse probabilities of the same probes."""
        return Series(USABLE_COARSE, network, site, variable=self.coarse, **more)

    def suffices(self, relevant: Rows) -> bool:
        """Whether the mean of I_u(T;coarse) at the end is at least 0.85 H(coarse)."""
        found = finding("", SUFFICES, last, relevant)
        return found.value is not None and found.value / self.entropy >= SUFFICIENT


def _transient(name: str, criterion: Criterion, series: Rows) -> Finding:
    """How far I_u(T;fine|coarse) ends below its peak, the peak chosen by other seeds.

    The note says how many probes did not converge: those read too little, mostly late, and the drop is too large.
    """
    found = score_finding(name, criterion, series)
    unfinished = len(series.filter(status=Status.NOT_CONVERGED.name))
    if not unfinished:
        return found
    note = f"{unfinished} of {len(series)} values are of probes that did not converge, which read too little"
    return dataclasses.replace(found, note="; ".join(filter(None, (found.note, note))))


TRANSIENT = Statistic(DROP.words, _transient)


def transient(series: Sequence[Series], criterion: Criterion = EFFECT) -> Part:
    """How far I_u(T;fine|coarse) ends below its peak."""
    return Part(FALL, series, TRANSIENT, criterion)


def encoded(series: Sequence[Series]) -> Part:
    """How far I_u(T;fine|coarse) rises above what the untrained network passes on, before anything is discarded."""
    return Part(f"rise of {REST} over the untrained network", series, RISE, EFFECT)


def sufficient(entropies: Mapping[str, float], series: Sequence[Series]) -> Part:
    """I_u(T;coarse) at the end as a share of H(coarse), in nats by network."""

    def find(name: str, criterion: Criterion, relevant: Rows) -> Finding:
        entropy = next((entropies[network] for network in relevant.unique("network")), np.nan)
        return finding(name, criterion, lambda curve: last(curve) / entropy, relevant)

    share = Statistic("{} at the end as a share of H(coarse)", find)
    return Part("I_u(T;coarse) at the end over H(coarse)", series, share, SUFFICES)


def accuracy(network: str) -> Series:
    """The test accuracy of the variable that ``network`` is trained on."""
    return Series(ACCURACY, network, words="on test rows", split="test")


def alike(name: str, pairs: Mapping[str, tuple[Series, Series]]) -> Part:
    """That two curves end within 0.05 bits of each other."""
    return Part(f"{name}: first minus second", pairs, LESS, ALIKE)


def ends_in_words(what: str, unit: str, series: Sequence[tuple[str, Rows]], place: int = -1) -> tuple[str, ...]:
    """The mean over members at a recorded ``place`` (the last) of each of ``series``, as one note."""
    said = [f"{name} {shown(_mean(rows, place), unit)}" for name, rows in series if len(rows)]
    return (f"{what}: {', '.join(said)}",) if said else ()


def _mean(rows: Rows, place: int) -> float | None:
    values = rows.curves()[2][:, place]
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else None


def bounded(found: Finding) -> Finding:
    """A finding about a correlation with its interval cut to -1 … 1, beyond which Student's t knows no better."""
    if found.interval is None:
        return found
    low, high = found.interval
    return dataclasses.replace(found, interval=(max(-1.0, low), min(1.0, high)))


def spearman(rates: Sequence[float]) -> Callable[..., np.ndarray]:
    """The statistic that ranks where curves end, one a learning rate, against the rates: Spearman's correlation."""
    order = np.argsort(np.argsort(rates)).astype(float)
    centred = order - order.mean()

    def correlation(*curves: np.ndarray) -> np.ndarray:
        ends = np.stack([last(curve) for curve in curves], -1)
        ranks = ends.argsort(-1).argsort(-1) - order.mean()
        return ranks @ centred / (centred @ centred)

    return correlation
