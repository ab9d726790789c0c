"""How the parts of the paper's claims are read off rows: compression, flatness, and where a curve ends."""

from __future__ import annotations

from infoscope.claim.findings import finding, score_finding
from infoscope.claim.statistics import growth
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats

COMPRESS = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.3))
TWO_BITS = Criterion(">=", nats(2.0), "nats")
FLAT = Criterion("<=", nats(0.3), "nats", fails_at=nats(0.5))
GROWS = Criterion(">=", 0.0, "norm")


def drop_finding(rows: Rows, network: str, layer: str, criterion: Criterion) -> Finding:
    """How far I(X;T) of ``layer`` ends below the peak of its mean curve, corrected for the choice of the peak."""
    name = f"drop of I(X;T) after its peak, {network} {layer}"
    return score_finding(name, criterion, information(rows, network, layer))


def norm_finding(rows: Rows, network: str, layer: str) -> Finding:
    """How much the weights of ``layer`` grow over training, which should not be below zero."""
    norm = rows.filter(network=network, site=layer, quantity="weight_norm")
    return finding(f"growth of the weight norm, {network} {layer}", GROWS, growth, norm)


def information(rows: Rows, network: str, layer: str) -> Rows:
    """The rows of I(X;T) at one layer of one network."""
    return rows.filter(network=network, site=layer, quantity="I(X;T)")
