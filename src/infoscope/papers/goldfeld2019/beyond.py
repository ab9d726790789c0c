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

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion, Finding
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
_ASKED = (("sliced", "I(X;T)"), ("sliced", "I(T;Y)"), ("lossy_compression", "I(X;T)"), ("max_sliced", "I(T;Y)"))


def _claim(name: str, where: str, sentence: str, rule: str, published: str) -> Claim:
    return Claim(f"goldfeld2019/beyond/{name}", "goldfeld2019", where, sentence, rule, published)


_GROWS = _claim(
    "sliced-grows",
    "Goldfeld and Greenewald 2021",
    "Processing makes sliced information about the label grow, which no information can: layers extract features.",
    "I(T;Y) by slices at the layer of 128 units less that at the first convolution ≥ 0.1 nats at the last epoch, with "
    "the whole 95 % interval over seeds",
    "sliced information can grow under processing",
)
_BEST_GROWS = _claim(
    "max-sliced-grows",
    "Tsur, Goldfeld and Greenewald 2023",
    "Max-sliced information about the label grows from the first convolution to the layer of 128 units.",
    "as for sliced-grows, by the best projections found",
    "max-sliced information can grow under processing",
)
_ORDERED = _claim(
    "compressed-falls",
    "Butakov et al. 2024",
    "Compressed to principal components, layers hold no more about the image the deeper they are.",
    "I(X;T) of compressed variables grows by ≤ 0.05 nats from each layer to the next at the last epoch (shown wrong at "
    "≥ 0.1 nats), with the whole 95 % interval over seeds",
    "an estimate of I(X;T), for which the data-processing inequality holds",
)
_LEARNED = _claim(
    "compressed-changes",
    "Butakov et al. 2024",
    "While I(X;T) is constant or infinite, what compression leaves of it changes as the network learns.",
    "I(X;T) of compressed variables at the layer of 128 units changes by ≥ 0.1 nats from start to end (shown wrong at "
    "≤ 0.05 nats), with the whole 95 % interval over seeds",
    "information planes that move",
)
_MORE = Criterion(">=", 0.1, "nats")
_NO_MORE = Criterion("<=", 0.05, "nats", fails_at=0.1)
_MOVES = Criterion(">=", 0.1, "nats", fails_at=0.05)


def _plans(end: tuple[int, ...]) -> dict[tuple[str, str], MeasurePlan]:
    """By estimator and quantity; the slow one at the last epoch only."""

    def plan(name: str, quantity: str) -> MeasurePlan:
        options = {**_OPTIONS[name], **({"with": "input"} if quantity == "I(X;T)" else {})}
        return MeasurePlan(name, options, _SITES, epochs=end if name == "max_sliced" else ())

    return {asked: plan(*asked) for asked in _ASKED}


class Beyond(Figure):
    """MNIST layers by sliced, max-sliced and compressed information, where I(X;T) itself is out of reach"""

    title = "Beyond I(X;T): sliced and compressed information on MNIST"
    where = "follow-ups of 2021 to 2024"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 5, "paper": 8}

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        measures = tuple(_plans(recorded(preset)[-1:]).values())
        plan = mnist_plan(DETERMINISTIC, preset, seeds, measures, evaluate_rows=_ROWS[preset])
        return {DETERMINISTIC: plan}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        found = {key: plan.rows(rows, DETERMINISTIC).filter(quantity=key[1]) for key, plan in _plans(()).items()}
        compressed = found["lossy_compression", "I(X;T)"]
        steps = tuple(
            finding(f"growth of compressed I(X;T), {one} to {other}", _NO_MORE, _rise, *_two(compressed, one, other))
            for one, other in pairwise(_SITES)
        )
        features = compressed.filter(site="features")
        change = finding("change of compressed I(X;T), features", _MOVES, _change, features)
        notes = tuple(_violations(key, each) for key, each in found.items() if len(each))
        return [
            Judged(_GROWS, (_growth("sliced", found["sliced", "I(T;Y)"]),), notes),
            Judged(_BEST_GROWS, (_growth("max-sliced", found["max_sliced", "I(T;Y)"]),)),
            Judged(_ORDERED, steps),
            Judged(_LEARNED, (change,)),
        ]


def _two(rows: Rows, one: str, other: str) -> tuple[Rows, Rows]:
    return rows.filter(site=one), rows.filter(site=other)


def _growth(name: str, rows: Rows) -> Finding:
    return finding(
        f"growth of {name} I(T;Y), conv1.map to features", _MORE, _rise, *_two(rows, "conv1.map", "features")
    )


def _rise(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return last(other) - last(one)


def _change(curve: np.ndarray) -> np.ndarray:
    return abs(last(curve) - curve[..., 0])


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
