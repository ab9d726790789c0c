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
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import (
    LARGEST_FALL,
    at,
    of_curve,
    of_known,
)
from infoscope.core.claim import Claim, Criterion, Origin
from infoscope.core.quantity import INPUT_INFORMATION, Quantity
from infoscope.measure.questions.noisy import noisy_information
from infoscope.papers.goldfeld2019 import _quadrature
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
_KNOWN = {
    f"noise_{noise:g}": {float(step): value for step, value in values.items()} for noise, values in REFERENCE.items()
}
_SITE = "unit"
_DEVIATION = Quantity("deviation", "standard errors", "Deviation from the truth", "error")
_ALL = math.log(4)
_TWO_AND_TWO = 1.5 * math.log(2)  # H(1/4, 1/4, 1/2)


def _exact(noise: float) -> Series:
    return Series(INPUT_INFORMATION, f"noise_{noise:g}", estimator="exact")


def _at(*noises: float) -> dict[str, Series]:
    return {f"noise {noise:g}": _exact(noise) for noise in noises}


def _below_all(_places: np.ndarray, values: np.ndarray) -> float:
    return abs(_ALL - float(values.max()))


def _plateau(places: np.ndarray, values: np.ndarray) -> float | None:
    there = (places >= 3000) & (places <= 30_000)
    return float(np.abs(values[there] - _TWO_AND_TWO).max()) if there.any() else None


def _outside(_places: np.ndarray, values: np.ndarray) -> float:
    return float(max(-values.min(), values.max() - _ALL))


def _furthest(places: np.ndarray, values: np.ndarray) -> float | None:
    there = np.isin(places, REFERENCE_STEPS)
    return float(np.abs(values[there]).max()) if there.sum() == len(REFERENCE_STEPS) else None


def _claim(name: str, origin: Origin, sentence: str, parts: Sequence[Part], published: str) -> Claim:
    return Claim(
        f"goldfeld2019/single_neuron/{name}", "goldfeld2019", "the single neuron", sentence, tuple(parts), origin,
        published,         headline=parts[0].name,
    )  # fmt: skip


_COMPRESSES = _claim(
    "rises-and-falls",
    "recalled",
    "With little noise I(X;T) first tells all four inputs apart, then falls towards what the label needs.",
    [
        Part(
            "I(X;T) at step 100 000",
            _at(0.05, 0.1),
            of_curve("{} at step 100 000", at(100_000.0)),
            Criterion("<=", 0.6, "nats"),
        ),
        Part(
            "distance of the most to ln 4",
            _at(0.05, 0.1),
            of_curve("distance of the most {} to ln 4", _below_all),
            Criterion("<=", 0.1, "nats"),
        ),
        Part(
            "distance to H(1/4, 1/4, 1/2)",
            _at(0.01),
            of_curve("largest distance of {} to H(1/4, 1/4, 1/2) = 1.0397 nats from step 3000 to 30 000", _plateau),
            Criterion("<=", 0.01, "nats"),
        ),
    ],
    "a rise and a fall; the entropy of the label is 0.5623 nats (recalled from memory)",
)
_GROWS = _claim(
    "much-noise-only-grows",
    "recalled",
    "With much noise nothing can be told apart early on, and I(X;T) only grows.",
    [Part("largest fall between recorded steps", _at(0.5), LARGEST_FALL, Criterion("<=", 1e-9, "nats"))],
    "noise decides what is seen (recalled from memory)",
)
_ESTIMATED = _claim(
    "sample-propagation-agrees",
    "ours",
    "Sample propagation finds the same information.",
    [
        Part(
            "furthest from the quadrature",
            {f"noise {noise:g}": Series(_DEVIATION, f"noise_{noise:g}", estimator="noisy") for noise in NOISES},
            of_curve("largest distance of sample propagation to the quadrature at eight steps", _furthest),
            Criterion("<=", 3.0, "standard errors"),
        )
    ],
    "an unbiased integral here: the four inputs are all there are",
)
_TRUTH = _claim(
    "known-numbers",
    "ours",
    "The information is never negative nor above ln 4, and is what a separate computation found.",
    [
        Part(
            "furthest outside [0, ln 4]",
            _at(*NOISES),
            of_curve("how far {} is at most outside [0, ln 4]", _outside),
            Criterion("<=", 1e-9, "nats"),
        ),
        Part(
            "largest distance to the values known beforehand",
            _at(*NOISES),
            of_known("largest distance of {} to values worked out beforehand (to three decimals)", _KNOWN, "network"),
            Criterion("<=", 6e-4, "nats"),
        ),
    ],
    "a law, and 30 numbers",
)


class SingleNeuron(Figure):
    """One noisy tanh unit, exactly: I(X;T) rises to ln 4 and falls to the label's entropy, by quadrature

    >>> from infoscope.papers.goldfeld2019.single_neuron import SingleNeuron
    >>> list(SingleNeuron().plan("laptop"))
    ['noise_0.01', 'noise_0.05', 'noise_0.1', 'noise_0.2', 'noise_0.5']
    >>> [(part.name, str(part.criterion)) for part in SingleNeuron.claims[0].parts]
    [('I(X;T) at step 100 000', '≤ 0.8656 bits'), ('distance of the most to ln 4', '≤ 0.1443 bits'), ('distance to
    H(1/4, 1/4, 1/2)', '≤ 0.01443 bits')]
    """

    title = "One noisy neuron, exactly"
    where = "the single neuron"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_COMPRESSES, _GROWS, _ESTIMATED, _TRUTH)

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
    yield Curve(_SITE, INPUT_INFORMATION, truth[None], f"{what}, by quadrature", options=options)
    found = [noisy_information(points, noise, "dataset") for points in outputs]
    values = np.array([one.value for one in found])
    errors = np.array([(one.interval[1] - one.interval[0]) / (2 * 1.96) for one in found if one.interval])
    yield Curve(
        _SITE,
        INPUT_INFORMATION,
        values[None],
        f"{what}, by sample propagation",
        n=len(INPUTS),
        estimator="noisy",
        options=options,
    )
    yield Curve(
        _SITE,
        _DEVIATION,
        ((values - truth) / np.maximum(errors, 1e-9))[None],
        "sample propagation less quadrature, in standard errors of the former",
        n=len(INPUTS),
        estimator="noisy",
        options=options,
    )
