"""One noisy tanh unit that learns to tell one input of four from the rest: I(X;T) rises and falls, exactly.

Paper: X is uniform on -3, -1, 1, 3, only the last is labelled 1, T = tanh(w X + b) + Z; along gradient descent I(X;T)
rises towards ln 4 while w grows and falls towards the entropy of the label as the unit saturates, and noise decides
when. Our sentences are the four claims below. The data are those of a public reproduction; what the paper says of the
curves is known to us from memory only, so the rules are a re-derivation, no replication.

    infoscope run goldfeld2019/single_neuron --preset laptop

Hardware: any; smoke, laptop and paper are the same: a few seconds. Deviations: none known, but for the rules. The noise
is outside the unit, so its expected gradients are those without noise: descent on the mean square error at rate 0.01
from w = b = 0 runs once. I(X;T) is an integral over one number (quadrature), which is the truth that sample propagation
is held against.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.measure.questions.noisy import noisy_information
from infoscope.papers.goldfeld2019 import _quadrature
from infoscope.papers.saxe2018._exact import at, exact_finding, furthest_from
from infoscope.scanning.plan import Preset

INPUTS, TARGETS = (-3.0, -1.0, 1.0, 3.0), (-1.0, -1.0, -1.0, 1.0)
RATE = 0.01
REFERENCE_STEPS = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
STEPS = tuple(sorted({*REFERENCE_STEPS, *np.unique(np.geomspace(1, 100_000, 61).astype(int)).tolist()}))
NOISES = (0.01, 0.05, 0.1, 0.2, 0.5)
#: I(X;T) in nats at the reference steps, worked out beside this program to three decimals.
REFERENCE = {
    0.01: {1000: 1.114, 3000: 1.041, 10_000: 1.040, 30_000: 1.035, 100_000: 0.928},
    0.05: dict(zip(REFERENCE_STEPS, (1.385, 1.360, 1.153, 1.043, 0.995, 0.798, 0.657, 0.592), strict=True)),
    0.1: dict(zip(REFERENCE_STEPS, (1.303, 1.212, 1.068, 0.971, 0.787, 0.640, 0.588, 0.570), strict=True)),
    0.2: dict(zip(REFERENCE_STEPS, (0.920, 0.952, 0.905, 0.755, 0.635, 0.583, 0.569), strict=False)),
    0.5: {30: 0.354, 30_000: 0.505},
}
_SITE = "unit"
_ALL = math.log(4)
_TWO_AND_TWO = 1.5 * math.log(2)  # H(1/4, 1/4, 1/2)
_ROUNDING = Criterion("<=", 6e-4, "nats")
_NEAR_ALL = Criterion("<=", 0.1, "nats")
_NEAR = Criterion("<=", 0.01, "nats")
_LABEL = Criterion("<=", 0.6, "nats")
_NO_FALL = Criterion("<=", 1e-9, "nats")
_WITHIN = Criterion("<=", 1e-9, "nats")
_THREE = Criterion("<=", 3.0, "standard errors")


def _claim(name: str, sentence: str, rule: str, published: str) -> Claim:
    return Claim(f"goldfeld2019/single_neuron/{name}", "goldfeld2019", "the single neuron", sentence, rule, published)


_COMPRESSES = _claim(
    "rises-and-falls",
    "With little noise I(X;T) first tells all four inputs apart, then falls towards what the label needs.",
    "noise 0.05 and 0.1: the most within 0.1 nats of ln 4; at step 100 000 ≤ 0.6 nats. Noise 0.01: within 0.01 nats of "
    "H(1/4, 1/4, 1/2) = 1.0397 nats at every step from 3000 to 30 000",
    "a rise and a fall; the entropy of the label is 0.5623 nats (recalled from memory)",
)
_GROWS = _claim(
    "much-noise-only-grows",
    "With much noise nothing can be told apart early on, and I(X;T) only grows.",
    "noise 0.5: no fall from one recorded step to the next",
    "noise decides what is seen (recalled from memory)",
)
_ESTIMATED = _claim(
    "sample-propagation-agrees",
    "Sample propagation finds the same information.",
    "at eight steps of every noise: distance to the quadrature ≤ 3 of its own standard errors",
    "an unbiased integral here: the four inputs are all there are",
)
_TRUTH = _claim(
    "known-numbers",
    "The information is never negative nor above ln 4, and is what a separate computation found.",
    "every value within [0, ln 4] nats up to 1e-9; distance to values worked out beforehand ≤ 0.0006 nats (they have "
    "three decimals)",
    "a law, and 30 numbers",
)


class SingleNeuron(Figure):
    """One noisy tanh unit, exactly: I(X;T) rises to ln 4 and falls to the label's entropy, by quadrature"""

    title = "One noisy neuron, exactly"
    where = "the single neuron"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            f"noise_{noise:g}": Computation(
                title=f"one tanh unit, noise {noise:g}",
                curves=_curves,
                sites=(_SITE,),
                at=tuple(map(float, STEPS)),
                arguments={"noise": noise},
            )
            for noise in NOISES
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        exact = {noise: _series(rows, noise, "exact", "I(X;T)") for noise in NOISES}
        falls = []
        for noise in (0.05, 0.1):
            falls += [
                exact_finding(f"distance of the most to ln 4, noise {noise:g}", _NEAR_ALL, _below_all, exact[noise]),
                exact_finding(f"I(X;T) at step 100 000, noise {noise:g}", _LABEL, at(100_000.0), exact[noise]),
            ]
        falls.append(exact_finding("distance to H(1/4, 1/4, 1/2), noise 0.01", _NEAR, _plateau, exact[0.01]))
        grows = [exact_finding("largest fall between recorded steps, noise 0.5", _NO_FALL, _fall, exact[0.5])]
        agrees, known = [], []
        for noise in NOISES:
            deviation = _series(rows, noise, "noisy", "deviation")
            agrees.append(exact_finding(f"furthest from the quadrature, noise {noise:g}", _THREE, _furthest, deviation))
            known += _known(noise, exact[noise])
        return [
            Judged(_COMPRESSES, tuple(falls)),
            Judged(_GROWS, tuple(grows)),
            Judged(_ESTIMATED, tuple(agrees)),
            Judged(_TRUTH, tuple(known)),
        ]


@cache
def _descent() -> np.ndarray:
    """Outputs tanh(w x + b) of the inputs ``[steps, 4]`` after each of :data:`STEPS` updates from w = b = 0."""
    w = b = 0.0
    found = []
    for step in range(1, STEPS[-1] + 1):
        dw = db = 0.0
        for x, y in zip(INPUTS, TARGETS, strict=True):
            t = math.tanh(w * x + b)
            slope = 2 * (t - y) * (1 - t * t) / len(INPUTS)
            dw += slope * x
            db += slope
        w, b = w - RATE * dw, b - RATE * db
        if step in STEPS:
            found.append(np.tanh(w * np.array(INPUTS) + b))
    return np.array(found)


def _curves(at: Sequence[float], seeds: Sequence[int], noise: float) -> Iterator[Curve]:
    outputs = _descent()[np.searchsorted(STEPS, np.array(at))]
    truth = np.array([_quadrature.information(points, noise) for points in outputs])
    options = {"noise": noise}
    what = f"I(X; tanh(wX+b)+N(0, {noise:g}²)), X uniform on 4 inputs"
    yield Curve(_SITE, "I(X;T)", truth[None], f"{what}, by quadrature", options=options)
    found = [noisy_information(points, noise, "dataset") for points in outputs]
    values = np.array([one.value for one in found])
    errors = np.array([(one.interval[1] - one.interval[0]) / (2 * 1.96) for one in found if one.interval])
    yield Curve(
        _SITE,
        "I(X;T)",
        values[None],
        f"{what}, by sample propagation",
        n=len(INPUTS),
        estimator="noisy",
        options=options,
    )
    yield Curve(
        _SITE,
        "deviation",
        ((values - truth) / np.maximum(errors, 1e-9))[None],
        "sample propagation less quadrature, in standard errors of the former",
        n=len(INPUTS),
        unit="standard errors",
        estimator="noisy",
        options=options,
    )


def _series(rows: Rows, noise: float, estimator: str, quantity: str) -> Rows:
    return rows.filter(network=f"noise_{noise:g}", estimator=estimator, quantity=quantity)


def _known(noise: float, rows: Rows) -> list[Finding]:
    return [
        exact_finding(f"furthest outside [0, ln 4], noise {noise:g}", _WITHIN, _outside, rows),
        exact_finding(
            f"largest distance to the values known beforehand, noise {noise:g}",
            _ROUNDING,
            furthest_from({float(step): value for step, value in REFERENCE[noise].items()}),
            rows,
        ),
    ]


def _below_all(_places: np.ndarray, values: np.ndarray) -> float:
    return abs(_ALL - float(values.max()))


def _plateau(places: np.ndarray, values: np.ndarray) -> float | None:
    there = (places >= 3000) & (places <= 30_000)
    return float(np.abs(values[there] - _TWO_AND_TWO).max()) if there.any() else None


def _fall(_places: np.ndarray, values: np.ndarray) -> float:
    return float((values[:-1] - values[1:]).max())


def _outside(_places: np.ndarray, values: np.ndarray) -> float:
    return float(max(-values.min(), values.max() - _ALL))


def _furthest(places: np.ndarray, values: np.ndarray) -> float | None:
    there = np.isin(places, REFERENCE_STEPS)
    return float(np.abs(values[there]).max()) if there.sum() == len(REFERENCE_STEPS) else None
