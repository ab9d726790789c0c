"""E16, equation 21: the same function, another I(X;T).

Paper: dividing the weight into a linear unit by c and multiplying the weight out of it by c leaves the network's
function as it was and changes I(X;T), so information with noise added for the analysis is no property of the function.
Our sentences are the two claims below: that, and what it means for the data processing inequality.

    infoscope run saxe2018/reparametrisation --preset laptop

Hardware: any. smoke, laptop and paper are the same: a closed form, a second.

One input x ~ N(0, 1), h = (w1 / c) x, output c w2 h, w1 = w2 = 1, and noise N(0, 1) added to each for the analysis:
I(X;T) = 1/2 log(1 + w1² / c²).

Deviations: the paper's equation omits the 1/2; what it says as printed is shown beside, and decides nothing. The second
claim is not the paper's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.exact import exact_finding, of_curve
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.quantity import INPUT_INFORMATION, Quantity
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._gaussian import layer_entropy
from infoscope.scanning.plan import Preset

FACTORS = tuple(np.geomspace(1 / 32, 32, 81).tolist())
_PRODUCT = Quantity("gain", "ratio", "Product of the weights", "other")
_HIDDEN, _OUTPUT = (Series(INPUT_INFORMATION, site=site, options="{}") for site in ("hidden1", "output"))


def _range(_places: np.ndarray, values: np.ndarray) -> float:
    return float(np.ptp(values))


def _beside(factors: np.ndarray, values: np.ndarray) -> float:
    return float(abs(values - 0.5 * np.log1p(factors**-2.0)).max())


def _excess(name: str, criterion: Criterion, output: Rows, hidden: Rows) -> Finding:
    below = hidden.curves()[2][0, -1] if len(hidden) else 0.0
    return exact_finding(name, criterion, lambda _, values: values[-1] - below, output if len(hidden) else hidden)


_GAIN = Series(_PRODUCT, options="{}")
_RANGE = of_curve("range of {} over c from 1/32 to 32", _range)
_DIFFERS = Claim(
    id="saxe2018/reparametrisation/same-function",
    origin="published",
    paper="saxe2018",
    where="equation 21",
    sentence="Two linear networks that compute the same function have different I(X;T).",
    parts=(
        Part(
            "range of the product of the weights",
            {"": _GAIN},
            _RANGE,
            Criterion("<=", 1e-12, "ratio"),
        ),
        Part("range of I(X;T)", {"": _HIDDEN}, _RANGE, Criterion(">=", nats(1.0), "nats")),
        Part(
            "largest distance to 1/2 log(1 + 1/c²)",
            {"": _HIDDEN},
            of_curve("largest distance of {} to 1/2 log(1 + 1/c²)", _beside),
            Criterion("<=", nats(1e-9), "nats"),
        ),
    ),
    headline="range of I(X;T)",
    published="I(X;T) = log(1 + w1² / (c² s²)), which omits a factor 1/2",
)
_PROCESSING = Claim(
    id="saxe2018/reparametrisation/processing-inequality",
    origin="ours",
    paper="saxe2018",
    where="equation 21",
    sentence="With noise added for the analysis alone, a later layer can carry more information than an earlier one.",
    parts=(
        Part(
            "I(X;output) minus I(X;hidden) at the largest c",
            {"": (_OUTPUT, _HIDDEN)},
            Statistic("{} at the output less that at the hidden unit, at c = 32,", _excess, surely=""),
            Criterion(">=", nats(0.1), "nats"),
        ),
    ),
    published="not in the paper; it follows from equation 21",
)


class Reparametrisation(Figure):
    """The same linear function with other weights has another I(X;T), exactly (E16)

    >>> done = iscope.run("saxe2018/reparametrisation")  # a closed form: a second, the same at every preset
    >>> {verdict["claim"]["id"].split("/")[-1]: verdict["outcome"] for verdict in done.verdicts}
    {'same-function': 'reproduced', 'processing-inequality': 'reproduced'}
    """

    title = "The same function, another I(X;T)"
    where = "equation 21"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_DIFFERS, _PROCESSING)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        title = "h = x / c, output c h"
        return {"linear": Computation(title, _curves, ("hidden1", "output"), FACTORS, axis="factor c")}


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    first = 1 / np.array(at)[:, None, None]
    second = np.array(at)[:, None, None]
    for site, weights in (("hidden1", first), ("output", second @ first)):
        noisy = f"T = {'x / c' if site == 'hidden1' else 'c h'} + N(0, 1), x ~ N(0, 1)"
        values = layer_entropy(weights, np.ones(1))[None]
        yield Curve(site, INPUT_INFORMATION, values, f"{noisy}, exact")
        printed = f"without its 1/2, {noisy}"
        yield Curve(site, INPUT_INFORMATION, 2 * values, printed, options={"formulas": "as printed"})
    gain = (second @ first)[None, :, 0, 0]
    yield Curve("network", _PRODUCT, gain, "product of the weights", variable="label")
