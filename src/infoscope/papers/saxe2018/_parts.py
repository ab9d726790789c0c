"""What the parts of the paper's claims share: the drop of I(X;T), how large one counts, and where a curve is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import DROP, GROWTH, of_onset
from infoscope.core.claim import Criterion
from infoscope.core.quantity import ACCURACY, INPUT_INFORMATION, WEIGHT_NORM
from infoscope.core.units import nats

COMPRESS = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.3))
TURN = 350.0  # epochs, about: section 3.5 of Shwartz-Ziv and Tishby (2017)
#: A rise by so much makes a fall good: of two humps with such a trough the later one is where the fall sets on.
LASTING = nats(0.3)
TWO_BITS = Criterion(">=", nats(2.0), "nats")
FLAT = Criterion("<=", nats(0.3), "nats", fails_at=nats(0.5))
GROWS = Criterion(">=", 0.0, "norm")
DROP_OF_INFORMATION = "drop of I(X;T) after its peak"
DROP_AT_THE_OUTPUT = "drop of I(X;T) after its peak at the output"
GROWTH_OF_NORM = "growth of the weight norm"


def information(network: str, layer: str, words: str = "", **more: Any) -> Series:
    """I(X;T) at one layer of one network."""
    return Series(INPUT_INFORMATION, network, layer, words, **more)


def accuracy(network: str) -> Series:
    return Series(ACCURACY, network, words="on test rows", split="test")


def by_site(series: Iterable[Series]) -> dict[str, Series]:
    """Places that are called by their layer alone."""
    return {each.site: each for each in series}


def drops(
    series: Mapping[str, Series] | Sequence[Series], criterion: Criterion, name: str = DROP_OF_INFORMATION
) -> Part:
    """How far I(X;T) ends below the peak of its mean curve, corrected for the choice of the peak."""
    return Part(name, series, DROP, criterion)


def lasting_fall(series: Iterable[Series]) -> Part:
    """When the fall of I(X;T) that lasts sets on: within three times the turn between the phases."""
    criterion = Criterion("<=", 3 * TURN, "epochs")
    return Part("onset of the lasting fall of I(X;T)", by_site(series), of_onset(LASTING, "nats"), criterion)


def norms(networks: Iterable[str], layers: Iterable[str]) -> Part:
    """How much the weights of each layer grow over training, which should not be below zero."""
    where = product(tuple(networks), tuple(layers))
    return Part(GROWTH_OF_NORM, [Series(WEIGHT_NORM, *place) for place in where], GROWTH, GROWS)
