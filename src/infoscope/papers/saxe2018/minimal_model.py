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
from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._exact import ROUNDING_BITS, at, exact_finding, furthest_from, largest_fall
from infoscope.papers.saxe2018._findings import COMPRESS
from infoscope.papers.saxe2018._minimal_model import BOUNDED, binned_entropy, equal_bins, fixed_width
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

_TANH = Claim(
    id="saxe2018/minimal_model/tanh-falls",
    paper="saxe2018",
    where="figure 2, left",
    sentence="Binned I(X;T) of a tanh unit rises with its input weight, peaks once, and falls towards 1 bit.",
    rule="30 bins on [-1, 1]: one turning point for w in (0, 10]; the peak ≥ 0.5 bits above either end; within 0.001 "
    "bits of 1 bit at w = 10⁶; within 0.001 bits of ten values worked out beforehand",
    published="a rise and a fall (figure 2)",
)
_RELU = Claim(
    id="saxe2018/minimal_model/relu-grows",
    paper="saxe2018",
    where="figure 2, right",
    sentence="Binned I(X;T) of a ReLU unit never falls with its input weight, and grows by half a bit a doubling.",
    rule="bins of width 0.1, 0.5 and 2: no fall anywhere for w in (0, 10]; from w = 500 to 1000 a growth within 0.001 "
    "bits of 0.5 bits (half of the inputs spread, the others share a bin); within 0.001 bits of seven values worked "
    "out beforehand",
    published="a rise only (figure 2)",
)
_SATURATION = Claim(
    id="saxe2018/minimal_model/saturation-decides",
    paper="saxe2018",
    where="section 2",
    sentence="What makes the information fall is saturation on both sides: four such units fall, a linear one never.",
    rule="tanh, sigmoid, softsign and hard tanh with 30 bins over their range: the peak ≥ 0.5 bits above w = 10 (shown "
    "wrong at ≤ 0.3 bits); linear with bins of width 0.1: no fall anywhere",
    published="double-saturating nonlinearities compress (section 2; tanh and ReLU are shown)",
)
_NO_FALL = Criterion("<=", nats(1e-9), "nats")  # exact arithmetic says 0
_CLOSE = Criterion("<=", nats(ROUNDING_BITS), "nats")


class MinimalModel(Figure):
    """The minimal three-neuron model, exactly: tanh's information falls with the weight, ReLU's grows (E4)"""

    title = "The minimal three-neuron model, exactly"
    where = "figure 2"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        found = {name: _unit(name, WEIGHTS) for name in ("tanh", "relu", "sigmoid", "softsign", "hard_tanh", "linear")}
        found["tanh_large"] = _unit("tanh", tuple(np.geomspace(10, 1e6, 51).tolist()), " beyond the paper's weights")
        decades = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
        found["relu_large"] = _unit("relu", decades, " beyond the paper's weights")
        return found

    def judge(self, rows: Rows) -> Sequence[Judged]:
        tanh, relu = _curve(rows, "tanh", "30 bins"), {width: _curve(rows, "relu", width) for width in RELU_BITS}
        large = _curve(rows, "tanh_large", "30 bins")
        one_bit = exact_finding("distance from 1 bit at w = 10⁶, tanh", _CLOSE, furthest_from({1e6: nats(1.0)}), large)
        falls = [
            exact_finding("turning points, tanh", Criterion("<=", 1.0, "turning points"), _turns, tanh),
            exact_finding("peak above w = 0.05, tanh", COMPRESS, lambda _, values: values.max() - values[0], tanh),
            _fall("tanh", tanh),
            one_bit,
            _reference("tanh", TANH_BITS, tanh),
            _reference("tanh, w > 10", TANH_LARGE_BITS, large),
        ]
        grows = [
            exact_finding(f"largest fall between neighbours, relu {site}", _NO_FALL, largest_fall, curve)
            for site, curve in ((f"width {width:g}", _curve(rows, "relu", f"width {width:g}")) for width in _WIDTHS)
        ]
        grows += [_reference(f"relu {site}", RELU_BITS[site], curve) for site, curve in relu.items()]
        doubling = _curve(rows, "relu_large", "width 0.1")
        grows.append(exact_finding("distance from half a bit a doubling, relu", _CLOSE, _beside_half, doubling))
        decides = [_fall(name, _curve(rows, name, "30 bins")) for name in BOUNDED]
        linear = _curve(rows, "linear", "width 0.1")
        decides.append(exact_finding("largest fall between neighbours, linear", _NO_FALL, largest_fall, linear))
        return [Judged(_TANH, tuple(falls)), Judged(_RELU, tuple(grows)), Judged(_SATURATION, tuple(decides))]


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
            quantity="I(X;T)",
            values=binned_entropy(equal_bins(activation, count), weights)[None],
            estimand=f"H(Bin({activation}(w X))), X ~ N(0, 1), {count} equal bins on [{low:g}, {high:g}], exact",
            options={"bins": count},
        )
    for width in widths:
        yield Curve(
            site=f"width {width:g}",
            quantity="I(X;T)",
            values=binned_entropy(fixed_width(activation, width, weights.max()), weights)[None],
            estimand=f"H(Bin({activation}(w X))), X ~ N(0, 1), bins of width {width:g}, exact",
            options={"width": width},
        )


def _curve(rows: Rows, network: str, site: str) -> Rows:
    return rows.filter(network=network, site=site, quantity="I(X;T)")


def _reference(name: str, in_bits: dict[float, float], rows: Rows) -> Finding:
    wanted = {place: nats(value) for place, value in in_bits.items()}
    return exact_finding(
        f"largest distance to the values known beforehand, {name}", _CLOSE, furthest_from(wanted), rows
    )


def _fall(name: str, rows: Rows) -> Finding:
    return exact_finding(f"peak above w = 10, {name}", COMPRESS, lambda _, values: values.max() - values[-1], rows)


def _turns(_places: np.ndarray, values: np.ndarray) -> float:
    """How often the curve changes between rising and falling."""
    return float((np.diff(np.sign(np.diff(values))) != 0).sum())


def _beside_half(places: np.ndarray, values: np.ndarray) -> float | None:
    ends = at(500.0)(places, values), at(1000.0)(places, values)
    return abs(ends[1] - ends[0] - nats(0.5)) if ends[0] is not None and ends[1] is not None else None
