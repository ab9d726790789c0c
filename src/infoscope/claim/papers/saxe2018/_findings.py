"""How the parts of the paper's claims are read off rows: compression, flatness, and where a curve ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infoscope.claim.statistics import drop, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats

COMPRESS = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.3))
FLAT = Criterion("<=", nats(0.3), "nats", fails_at=nats(0.5))


def finding(name: str, criterion: Criterion, rows: Rows, statistic: Callable[[np.ndarray], np.ndarray]) -> Finding:
    """``statistic`` of the mean curve of ``rows`` (one series) against ``criterion``; missing where there are no rows.

    A member without a value at some step (it diverged, or a measurement failed) is left out, and the note counts it.
    """
    if not len(rows):
        return Finding(name, criterion, None, note="not measured")
    curves = rows.curves()[2]
    complete = np.isfinite(curves).all(1)
    note = "" if complete.all() else f"{(~complete).sum()} of {len(curves)} members left out: values are missing"
    if not complete.any():
        return Finding(name, criterion, None, note=note)
    found = over_seeds(curves[complete], statistic)
    if found.interval is None:
        note = f"{note}; one seed, so no interval".removeprefix("; ")
    return Finding(name, criterion, found.value, found.interval, found.seeds, note)


def drop_finding(layer: str, criterion: Criterion, rows: Rows) -> Finding:
    """How far I(X;T) of ``layer`` ends below the peak of its mean curve."""
    of_layer = rows.filter(site=layer, quantity="I(X;T)")
    return finding(f"drop of I(X;T) after its peak, {layer}", criterion, of_layer, drop)
