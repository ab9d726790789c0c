"""How the parts of the paper's claims are read off rows: compression, flatness, and where a curve ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infoscope.claim.statistics import drop, growth, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.estimate import Status
from infoscope.core.rows import Rows
from infoscope.core.units import nats

COMPRESS = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.3))
TWO_BITS = Criterion(">=", nats(2.0), "nats")
FLAT = Criterion("<=", nats(0.3), "nats", fails_at=nats(0.5))
GROWS = Criterion(">=", 0.0, "norm")


def finding(name: str, criterion: Criterion, statistic: Callable[..., np.ndarray], *series: Rows) -> Finding:
    """``statistic`` of the mean curve of each of ``series`` against ``criterion``; missing where one has no rows.

    A member without a value at some step (it diverged, or a measurement failed) is left out, and the note counts it; it
    also says what share of the values is SATURATED, since a curve at its ceiling is no evidence of much.
    """
    if not all(len(rows) for rows in series):
        return Finding(name, criterion, None, note="not measured")
    curves = [rows.curves()[2] for rows in series]
    complete = np.all([np.isfinite(each).all(1) for each in curves], axis=0)
    notes = []
    if not complete.all():
        notes.append(f"{(~complete).sum()} of {len(complete)} members left out: values are missing")
    saturated = sum(len(rows.filter(status=Status.SATURATED.name)) for rows in series) / sum(map(len, series))
    if saturated > 0:
        notes.append(f"{saturated:.0%} of the values are at their ceiling, which a curve must leave before it can move")
    if not complete.any():
        return Finding(name, criterion, None, note="; ".join(notes))
    found = over_seeds(statistic, *(each[complete] for each in curves))
    if found.interval is None:
        notes.append("one seed, so no interval")
    return Finding(name, criterion, found.value, found.interval, found.seeds, "; ".join(notes))


def information(rows: Rows, network: str, layer: str) -> Rows:
    """The rows of I(X;T) at one layer of one network."""
    return rows.filter(network=network, site=layer, quantity="I(X;T)")


def drop_finding(rows: Rows, network: str, layer: str, criterion: Criterion) -> Finding:
    """How far I(X;T) of ``layer`` ends below the peak of its mean curve."""
    name = f"drop of I(X;T) after its peak, {network} {layer}"
    return finding(name, criterion, drop, information(rows, network, layer))


def norm_finding(rows: Rows, network: str, layer: str) -> Finding:
    """How much the weights of ``layer`` grow over training, which should not be below zero."""
    norm = rows.filter(network=network, site=layer, quantity="weight_norm")
    return finding(f"growth of the weight norm, {network} {layer}", GROWS, growth, norm)


def until(rows: Rows, epoch: float) -> Rows:
    """The rows up to and including ``epoch``."""
    steps = rows.column("step")[rows.column("epoch") <= epoch]
    return rows.filter(step=set(steps.tolist()))


def epochs_of(rows: Rows) -> np.ndarray:
    """The recorded epochs of one series, none where there are no rows."""
    return rows.curves()[1] if len(rows) else np.empty(0)
