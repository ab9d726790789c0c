"""E4, figure 2: the minimal three-neuron model, exactly.

Paper: one input, one hidden unit, one output; binned I(X;T) of a tanh unit rises with the input weight, then falls,
because the unit saturates on both sides; a ReLU unit's only rises. Our sentences are the three claims below.

    infoscope run saxe2018/minimal_model --preset laptop

Hardware: any. smoke, laptop and paper are the same: a closed form, a second.

X ~ N(0, 1), h = f(w X), T = the bin of h. T is a function of X, so I(X;T) = H(T), and the probability of a bin is a
difference of two normal distribution functions: nothing is sampled and nothing trained.

Deviations: the paper does not give the width of ReLU's bins; three widths are shown (its axis fits a width of 2).
Sigmoid, softsign, hard tanh and linear units, other numbers of bins, and weights beyond the paper's 10 are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import (
    LARGEST_FALL,
    ROUNDING_BITS,
    at,
    furthest_from,
    of_curve,
    of_known,
    peak_above_end,
)
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.units import nats
from infoscope.papers.saxe2018._minimal_model import BOUNDED, binned_entropy, equal_bins, fixed_width
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
)
from infoscope.papers.saxe2018._quoted import NONLINEARITY
from infoscope.scanning.plan import Preset

AXIS = "weight w"
WEIGHTS = tuple(sorted({0.87, *(round(0.05 * i, 2) for i in range(1, 201))}))
#: I(X;T) in bits by weight, worked out beside this program.
TANH_BITS = {0.1: 2.6445, 0.5: 4.6312, 0.87: 4.8998, 1.0: 4.8771, 2.0: 4.1573, 3.0: 3.5153, 5.0: 2.7751, 10.0: 2.0442}
TANH_LARGE_BITS = {100.0: 1.1506, 1e6: 1.0}
RELU_BITS = {
    "width 0.1": {1.0: 2.9797, 2.0: 3.5626, 5.0: 4.2863, 10.0: 4.8119},
    "width 2": {2.0: 0.7328, 5.0: 1.6713, 10.0: 2.3521},
}
_BINS, _WIDTHS = (10, 30, 100), (0.1, 0.5, 2.0)

_NO_FALL = Criterion("<=", nats(1e-9), "nats")  # exact arithmetic says 0
_CLOSE = Criterion("<=", nats(ROUNDING_BITS), "nats")
_KNOWN = "largest distance to the values known beforehand"


def _curve(network: str, site: str) -> Series:
    return Series(INPUT_INFORMATION, network, site)


def _in_nats(known: dict[float, float]) -> dict[float, float]:
    return {place: nats(value) for place, value in known.items()}


def _turns(_places: np.ndarray, values: np.ndarray) -> float:
    """How often the curve changes between rising and falling."""
    return float((np.diff(np.sign(np.diff(values))) != 0).sum())


def _beside_half(places: np.ndarray, values: np.ndarray) -> float | None:
    ends = at(500.0)(places, values), at(1000.0)(places, values)
    return abs(ends[1] - ends[0] - nats(0.5)) if ends[0] is not None and ends[1] is not None else None


_TURNING = of_curve("turning points of {}", _turns)
_PEAK_ABOVE_END = of_curve("peak of {} above its value at w = 10", peak_above_end)
_TANH_CURVE = _curve("tanh", "30 bins")
_TANH = Claim(
    id="saxe2018/minimal_model/tanh-falls",
    origin="published",
    paper="saxe2018",
    where="figure 2, left",
    sentence="Binned I(X;T) of a tanh unit rises with its input weight, peaks once, and falls towards 1 bit.",
    parts=(
        Part("turning points", {"tanh": _TANH_CURVE}, _TURNING, Criterion("<=", 1.0, "turning points")),
        Part(
            "peak above w = 0.05",
            {"tanh": _TANH_CURVE},
            of_curve("peak of {} above its value at w = 0.05", lambda _, values: values.max() - values[0]),
            COMPRESS,
        ),
        Part("peak above w = 10", {"tanh": _TANH_CURVE}, _PEAK_ABOVE_END, COMPRESS),
        Part(
            "distance from 1 bit at w = 10⁶",
            {"tanh": _curve("tanh_large", "30 bins")},
            of_curve("distance of {} from 1 bit at w = 10⁶", furthest_from({1e6: nats(1.0)})),
            _CLOSE,
        ),
        Part(
            _KNOWN,
            {"tanh": _TANH_CURVE, "tanh, w > 10": _curve("tanh_large", "30 bins")},
            of_known(
                "largest distance of {} to ten values worked out beforehand",
                {"tanh": _in_nats(TANH_BITS), "tanh_large": _in_nats(TANH_LARGE_BITS)},
                "network",
            ),
            _CLOSE,
        ),
    ),
    headline="peak above w = 10",
    published="a rise and a fall (figure 2)",
)
_RELU = Claim(
    id="saxe2018/minimal_model/relu-grows",
    origin="published",
    paper="saxe2018",
    where="figure 2, right",
    sentence="Binned I(X;T) of a ReLU unit never falls with its input weight, and grows by half a bit a doubling.",
    parts=(
        Part(
            "largest fall between neighbours",
            [_curve("relu", f"width {width:g}") for width in _WIDTHS],
            LARGEST_FALL,
            _NO_FALL,
        ),
        Part(
            _KNOWN,
            [_curve("relu", width) for width in RELU_BITS],
            of_known(
                "largest distance of {} to seven values worked out beforehand",
                {width: _in_nats(known) for width, known in RELU_BITS.items()},
                "site",
            ),
            _CLOSE,
        ),
        Part(
            "distance from half a bit a doubling",
            {"relu": _curve("relu_large", "width 0.1")},
            of_curve("distance of the growth of {} from w = 500 to 1000 from half a bit", _beside_half),
            _CLOSE,
        ),
    ),
    headline="largest fall between neighbours",
    published="a rise only (figure 2)",
)
_SATURATION = Claim(
    id="saxe2018/minimal_model/saturation-decides",
    origin="published",
    quoted=NONLINEARITY,
    paper="saxe2018",
    where="section 2",
    sentence="What makes the information fall is saturation on both sides: four such units fall, a linear one never.",
    parts=(
        Part("peak above w = 10", {name: _curve(name, "30 bins") for name in BOUNDED}, _PEAK_ABOVE_END, COMPRESS),
        Part("largest fall between neighbours", {"linear": _curve("linear", "width 0.1")}, LARGEST_FALL, _NO_FALL),
    ),
    headline="peak above w = 10",
    published="double-saturating nonlinearities compress (section 2; tanh and ReLU are shown)",
)


class MinimalModel(Figure):
    """The minimal three-neuron model, exactly: tanh's information falls with the weight, ReLU's grows (E4)

    >>> done = iscope.run("saxe2018/minimal_model")  # a closed form: seconds, the same at every preset
    >>> {verdict["claim"]["id"].split("/")[-1]: verdict["outcome"] for verdict in done.verdicts}
    {'tanh-falls': 'reproduced', 'relu-grows': 'reproduced', 'saturation-decides': 'reproduced'}
    """

    title = "The minimal three-neuron model, exactly"
    where = "figure 2"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_TANH, _RELU, _SATURATION)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        found = {name: _unit(name, WEIGHTS) for name in ("tanh", "relu", "sigmoid", "softsign", "hard_tanh", "linear")}
        found["tanh_large"] = _unit("tanh", tuple(np.geomspace(10, 1e6, 51).tolist()), " beyond the paper's weights")
        decades = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
        found["relu_large"] = _unit("relu", decades, " beyond the paper's weights")
        return found


def _unit(activation: str, weights: tuple[float, ...], more: str = "") -> Computation:
    bounded = activation in BOUNDED
    return Computation(
        title=f"one {activation.replace('_', ' ')} unit{more}",
        curves=_curves,
        sites=tuple(f"{bins} bins" for bins in _BINS) if bounded else tuple(f"width {width:g}" for width in _WIDTHS),
        at=weights,
        axis=AXIS,
        arguments={"activation": activation, **({"bins": _BINS} if bounded else {"widths": _WIDTHS})},
    )


def _curves(
    at: Sequence[float],
    seeds: Sequence[int],
    activation: str,
    bins: Sequence[int] = (),
    widths: Sequence[float] = (),
) -> Iterator[Curve]:
    weights = np.array(at)
    for count in bins:
        low, high, _ = BOUNDED[activation]
        yield Curve(
            site=f"{count} bins",
            quantity=INPUT_INFORMATION,
            values=binned_entropy(equal_bins(activation, count), weights)[None],
            estimand=f"H(Bin({activation}(w X))), X ~ N(0, 1), {count} equal bins on [{low:g}, {high:g}], exact",
            options={"bins": count},
        )
    for width in widths:
        yield Curve(
            site=f"width {width:g}",
            quantity=INPUT_INFORMATION,
            values=binned_entropy(fixed_width(activation, width, weights.max()), weights)[None],
            estimand=f"H(Bin({activation}(w X))), X ~ N(0, 1), bins of width {width:g}, exact",
            options={"width": width},
        )
