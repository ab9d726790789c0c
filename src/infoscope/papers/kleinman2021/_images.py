"""What the figures on images share: the three rows of a chain of labels, and how claims are read off them.

The interval of a claim is over seeds, so peaks are chosen by half of the seeds and measured in the other half
(:func:`infoscope.claim.statistics.compression`), not on halves of the test rows: rows of a run keep one value a member,
and seeds differ by several tenths of a bit where 900 test rows leave an error of some hundredths. All seeds are scored
on the same rows, whose choice the interval does not cover.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from infoscope.claim.findings import finding, score_finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Criterion, Finding, Learned
from infoscope.core.estimate import Status
from infoscope.core.rows import Rows
from infoscope.core.units import nats, shown
from infoscope.scanning.plan import MeasurePlan

#: An effect of half a bit; shown wrong at a fifth of a bit.
EFFECT = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.2))
NO_TRANSIENT = Criterion("<=", nats(0.15), "nats")
SIGN = Criterion(">=", 0.0, "nats")
FALLS_WITH = Criterion("<=", -0.8, "rank correlation")
ALIKE = Criterion("<=", nats(0.05), "nats")
SUFFICIENT = 0.85  # of H(coarse)
SUFFICES = Criterion(">=", SUFFICIENT, "ratio")
REST = "I_u(T;fine|coarse)"
NEW_ROWS = Learned(split="test")  # what layers hold is read on rows that are new to the network
#: How probes read: exact softmax regression on standardised columns, its weight decay chosen on validation rows. (A
#: fixed one will not do: as training stretches the features along the task's direction, a ridge hides more and more of
#: the rest, and fine information seems to fall faster than it does.)
PROBES: dict[str, Any] = {"probe": "linear", "folds": 3}
#: The same from one split of the rows into halves, at a fourth of the cost.
QUICK: dict[str, Any] = {"probe": "linear", "test_fraction": 0.5}


class Labels(NamedTuple):
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

    def rest(self, rows: Rows, network: str, site: str) -> Rows:
        """I_u(T;fine|coarse): what is usable about the fine label beyond the coarse one."""
        return rows.filter(network=network, site=site, variable=f"{self.fine}|{self.coarse}", quantity=REST)

    def relevant(self, rows: Rows, network: str, site: str) -> Rows:
        """I_u(T;coarse), by the coarse probabilities of the same probes."""
        return rows.filter(network=network, site=site, variable=self.coarse, quantity="I_u(T;coarse)")

    def transient_finding(self, rows: Rows, network: str, site: str, criterion: Criterion = EFFECT) -> Finding:
        """How far I_u(T;fine|coarse) ends below its peak, the peak chosen by other seeds.

        The note says how many probes did not converge: those read too little, mostly late, and the drop is too large.
        """
        series = self.rest(rows, network, site)
        found = score_finding(f"drop of {REST} after its peak, {network} {site}", criterion, series)
        unfinished = len(series.filter(status=Status.NOT_CONVERGED.name))
        if not unfinished:
            return found
        note = f"{unfinished} of {len(series)} values are of probes that did not converge, which read too little"
        return dataclasses.replace(found, note="; ".join(filter(None, (found.note, note))))

    def sufficient_finding(self, rows: Rows, network: str, site: str) -> Finding:
        """I_u(T;coarse) at the end as a share of H(coarse)."""

        def share(curve: np.ndarray) -> np.ndarray:
            return last(curve) / self.entropy

        name = f"I_u(T;coarse) at the end over H(coarse), {network} {site}"
        return finding(name, SUFFICES, share, self.relevant(rows, network, site))

    def suffices(self, rows: Rows, network: str, site: str) -> bool:
        """Whether the mean of I_u(T;coarse) at the end is at least 0.85 H(coarse)."""
        found = self.sufficient_finding(rows, network, site)
        return found.value is not None and found.value >= SUFFICIENT


def accuracy(rows: Rows, network: str) -> Rows:
    """The test accuracy of the variable that ``network`` is trained on."""
    return rows.filter(network=network, quantity="accuracy", split="test")


def end_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far the first curve ends above the second."""
    return last(first) - last(second)


def alike_findings(name: str, first: Rows, second: Rows) -> tuple[Finding, Finding]:
    """That two curves end within 0.05 bits of each other: neither ends further than that above the other."""
    return (
        finding(f"{name}: first minus second", ALIKE, end_difference, first, second),
        finding(f"{name}: second minus first", ALIKE, end_difference, second, first),
    )


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
