"""Constant or infinite: the binned information of one deterministic tanh unit as its bins shrink.

Paper: I(X;T) of a deterministic network is vacuous: infinite where the inputs are continuous, constant where they are
discrete; what binning shows in between is a matter of the bins. Our sentences are the two claims below, both in closed
form: with continuous inputs I(X;Bin(T)) grows with every halving of the bins and does not slow down, so without end;
with 4096 equally likely inputs it stays at ln 4096 once the bins are narrow enough.

    infoscope run goldfeld2019/continuous_inputs --preset laptop

T = tanh(w X) with X ~ N(0, 1), or X at the 4096 quantiles (i - 1/2) / 4096 of that law; w = 1 and 10, before and after
learning, so to speak. Bins are equal ones on [-1, 1]. Wide bins make the larger weight look like compression, at every
width and for both kinds of inputs; in truth nothing has changed. Hardware: 2 CPU cores. smoke, laptop and paper: a
second.

The limit of the growth is a bit a halving; where the density piles up at -1 and 1 it is reached late.

Deviations: the paper says this of networks, and in words; one unit shows both cases exactly. At w = 10 discrete inputs
lie closer together than our narrowest bins, so the constant is judged at w = 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from scipy.special import entr, ndtri  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import of_curve
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.papers.goldfeld2019._quoted import CLUSTER_TOO
from infoscope.papers.saxe2018._minimal_model import binned_entropy, equal_bins
from infoscope.scanning.plan import Preset

INPUTS = 4096
_HALVINGS = tuple(float(k) for k in range(1, 21))  # bins 1/2, 1/4, … wide
_WEIGHTS = {"w = 1": 1.0, "w = 10": 10.0}
_LATE = 15.0  # halvings, from where on the growth is judged


def _kept_up(halvings: np.ndarray, values: np.ndarray) -> float | None:
    late = np.diff(values)[halvings[1:] > _LATE]
    return float(late[-1] / late[0]) if len(late) and late.min() > 0 else None


def _furthest(halvings: np.ndarray, values: np.ndarray) -> float | None:
    late = values[halvings > _LATE]
    return float(abs(late - math.log(INPUTS)).max()) if len(late) else None


_INFINITE = Claim(
    id="goldfeld2019/continuous_inputs/infinite",
    origin="published",
    quoted=CLUSTER_TOO,
    paper="goldfeld2019",
    where="section 2",
    sentence="With continuous inputs the binned information of a deterministic unit grows on and on as bins shrink.",
    parts=(
        Part(
            "growth with the last halving over that with an earlier one",
            [Series(INPUT_INFORMATION, "continuous", site) for site in _WEIGHTS],
            of_curve("growth of {} with the halving to 2^-20 over that with the halving to 2^-16", _kept_up),
            Criterion(">=", 0.999, "ratio"),
        ),
    ),
    published="I(X;T) is infinite for continuous inputs",
    revised="a whole bit a halving was asked at first, which is the limit: at w = 10, where the density piles up at "
    "the ends, it is 0.6 bits at a millionth and still rising; now that the growth does not slow down",
)
_CONSTANT = Claim(
    id="goldfeld2019/continuous_inputs/constant",
    origin="published",
    quoted=CLUSTER_TOO,
    paper="goldfeld2019",
    where="section 2",
    sentence="With discrete inputs it is the input's entropy, and constant, once the bins are narrow enough.",
    parts=(
        Part(
            "largest distance to ln 4096",
            [Series(INPUT_INFORMATION, "discrete", "w = 1")],
            of_curve("largest distance of {} to ln 4096, for bins narrower than 2^-15,", _furthest),
            Criterion("<=", 1e-9, "nats"),
        ),
    ),
    published="I(X;T) is the constant H(X) for discrete inputs",
)


class ContinuousInputs(Figure):
    """One deterministic tanh unit: binned information without bound for continuous inputs, constant for discrete ones

    >>> done = iscope.run("goldfeld2019/continuous_inputs")  # a closed form: a second, the same at every preset
    >>> [verdict["outcome"] for verdict in done.verdicts]
    ['reproduced', 'reproduced']
    """

    title = "Constant or infinite: binned information as bins shrink"
    where = "section 2"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_INFINITE, _CONSTANT)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            kind: Computation(
                title=f"one tanh unit, {what}",
                curves=_curves,
                sites=tuple(_WEIGHTS),
                at=_HALVINGS,
                axis="halvings of the bins",
                arguments={"continuous": kind == "continuous"},
                task="one unit",
            )
            for kind, what in (("continuous", "X ~ N(0, 1)"), ("discrete", f"{INPUTS} equally likely inputs"))
        }


def _curves(at: Sequence[float], seeds: Sequence[int], continuous: bool) -> Iterator[Curve]:
    law = "X ~ N(0, 1)" if continuous else f"X uniform on {INPUTS} quantiles of N(0, 1)"
    for site, weight in _WEIGHTS.items():
        of = _continuous if continuous else _discrete
        values = np.array([[of(weight, 2 ** (round(halvings) + 1)) for halvings in at]])
        what = f"I(X;Bin(T)) = H(Bin(T)), T = tanh({weight:g} X), {law}, equal bins on [-1, 1], exact"
        yield Curve(site, INPUT_INFORMATION, values, what)


def _continuous(weight: float, bins: int) -> float:
    return float(binned_entropy(equal_bins("tanh", bins), np.array([weight]))[0])


def _discrete(weight: float, bins: int) -> float:
    x = ndtri((np.arange(INPUTS) + 0.5) / INPUTS)
    places = np.clip(np.floor((np.tanh(weight * x) + 1) / 2 * bins), 0, bins - 1)
    return float(entr(np.unique(places, return_counts=True)[1] / INPUTS).sum())
