"""MNIST layers where I(X;T) is out of reach: sliced and max-sliced information, and information after compression.

Paper: I(X;T) of these deterministic layers is infinite or H(X), whatever was learned, and by sample propagation a layer
of 128 units is refused (goldfeld2019/mnist). Three estimates say something there, and each is of something else: the
average information between random projections of the images and of the layer (Goldfeld and Greenewald 2021), that of
the best projections found (Tsur, Goldfeld and Greenewald 2023), and that between the first principal components of both
(after Butakov et al. 2024, who compress with autoencoders). Our sentences are the claims below: no paper makes them for
these networks; they are about what the three papers say in general, with rules made before the first run.

    infoscope run goldfeld2019/beyond --preset laptop

The deterministic network of goldfeld2019/mnist, taken over from that run where it lies in the same --out folder.
Hardware: 2 CPU cores. smoke: seconds (1 epoch on 300 rows; too short for a verdict). laptop: 5 seeds, 8 epochs,
measured on the first 1000 test images, about a minute of one core where the networks are taken over; paper: 8 seeds,
128 epochs, 10 000 test images, for a GPU.

Deviations: principal components in place of autoencoders, and the sizes of goldfeld2019/mnist.

The data-processing inequality: I(X;T) cannot grow from a layer to the next, and neither can I(T;Y). An estimate of
something else may; the notes name every step between layers where it does, at the last epoch, mean over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion, Origin
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019._mnist import DETERMINISTIC, LAYERS, mnist_plan, recorded
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_SITES = (*LAYERS, "output")
_ROWS = {"smoke": 200, "laptop": 1000, "paper": 10_000}
#: By estimator: its options.
_OPTIONS: dict[str, dict[str, Any]] = {
    "sliced": {"slices": 64},
    "lossy_compression": {},
    "max_sliced": {"starts": 4, "steps": 30},
}
_ASKED = (
    ("sliced", INPUT_INFORMATION),
    ("sliced", LABEL_INFORMATION),
    ("lossy_compression", INPUT_INFORMATION),
    ("max_sliced", LABEL_INFORMATION),
)


def _plans(end: tuple[int, ...]) -> dict[tuple[str, str], MeasurePlan]:
    """By estimator and quantity; the slow one at the last epoch only."""

    def plan(name: str, quantity: str) -> MeasurePlan:
        options = {**_OPTIONS[name], **({"with": "input"} if quantity == INPUT_INFORMATION else {})}
        return MeasurePlan(name, options, _SITES, epochs=end if name == "max_sliced" else ())

    return {asked: plan(*asked) for asked in _ASKED}


def _asked(estimator: str, quantity: str, site: str = "", words: str = "") -> Series:
    plan = _plans(())[estimator, quantity]
    return Series(quantity, site=site, words=words, narrowed=lambda rows: plan.rows(rows, DETERMINISTIC))


def _compressed(site: str) -> Series:
    return _asked("lossy_compression", INPUT_INFORMATION, site, "of compressed variables")


def _rise(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return last(other) - last(one)


def _change(curve: np.ndarray) -> np.ndarray:
    return abs(last(curve) - curve[..., 0])


_RISE = of_means("growth of {} from the first layer to the second, at the last epoch,", _rise)


def _claim(name: str, origin: Origin, where: str, sentence: str, part: Part, published: str) -> Claim:
    return Claim(f"goldfeld2019/beyond/{name}", "goldfeld2019", where, sentence, (part,), origin, published)


def _growth(name: str, estimator: str, words: str) -> Part:
    layers = [_asked(estimator, LABEL_INFORMATION, site, words) for site in ("conv1.map", "features")]
    return Part(f"growth of {name} I(T;Y)", {"conv1.map to features": layers}, _RISE, Criterion(">=", 0.1, "nats"))


_GROWS = _claim(
    "sliced-grows",
    "recalled",
    "Goldfeld and Greenewald 2021",
    "Processing makes sliced information about the label grow, which no information can: layers extract features.",
    _growth("sliced", "sliced", "by slices"),
    "sliced information can grow under processing",
)
_BEST_GROWS = _claim(
    "max-sliced-grows",
    "recalled",
    "Tsur, Goldfeld and Greenewald 2023",
    "Max-sliced information about the label grows from the first convolution to the layer of 128 units.",
    _growth("max-sliced", "max_sliced", "by the best projections found"),
    "max-sliced information can grow under processing",
)
_ORDERED = _claim(
    "compressed-falls",
    "ours",
    "Butakov et al. 2024",
    "Compressed to principal components, layers hold no more about the image the deeper they are.",
    Part(
        "growth of compressed I(X;T)",
        {f"{one} to {other}": (_compressed(one), _compressed(other)) for one, other in pairwise(_SITES)},
        _RISE,
        Criterion("<=", 0.05, "nats", fails_at=0.1),
    ),
    "an estimate of I(X;T), for which the data-processing inequality holds",
)
_LEARNED = _claim(
    "compressed-changes",
    "recalled",
    "Butakov et al. 2024",
    "While I(X;T) is constant or infinite, what compression leaves of it changes as the network learns.",
    Part(
        "change of compressed I(X;T)",
        {"features": _compressed("features")},
        of_means("distance between {} at the end and at the start", _change),
        Criterion(">=", 0.1, "nats", fails_at=0.05),
    ),
    "information planes that move",
)


class Beyond(Figure):
    """MNIST layers by sliced, max-sliced and compressed information, where I(X;T) itself is out of reach

    >>> from infoscope.papers.goldfeld2019.beyond import Beyond
    >>> plan = Beyond().plan("laptop")["deterministic"]
    >>> plan.network.architecture, sorted({measure.estimator for measure in plan.measures})
    ('small_cnn', ['lossy_compression', 'max_sliced', 'sliced'])
    """

    title = "Beyond I(X;T): sliced and compressed information on MNIST"
    where = "follow-ups of 2021 to 2024"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 5, "paper": 8}
    claims = (_GROWS, _BEST_GROWS, _ORDERED, _LEARNED)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        measures = tuple(_plans(recorded(preset)[-1:]).values())
        plan = mnist_plan(DETERMINISTIC, preset, seeds, measures, evaluate_rows=_ROWS[preset])
        return {DETERMINISTIC: plan}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        found = {asked: _asked(*asked).of(rows) for asked in _ASKED}
        return {"sliced-grows": [_violations(asked, each) for asked, each in found.items() if len(each)]}


def _violations(key: tuple[str, str], rows: Rows) -> str:
    """Where the mean over seeds grows from a layer to the next at the last epoch, in words."""
    ends = {}
    for site in _SITES:
        here = rows.filter(site=site)
        ends[site] = float(np.nanmean(here.curves()[2][:, -1])) if len(here) else np.nan
    grown = [
        f"{one} to {other} by {ends[other] - ends[one]:.3g}"
        for one, other in pairwise(_SITES)
        if ends[other] > ends[one]
    ]
    values = ", ".join(f"{site} {value:.3g}" for site, value in ends.items())
    return f"{key[0]} {key[1]} in nats: {values}; grows {', '.join(grown) or 'nowhere'}"
