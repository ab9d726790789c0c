"""E5, figure 13: the minimal model with bins equally spaced in net input.

Paper: with bin edges at tanh(linspace(-50, 50, N)), equally spaced in the unit's net input, I(X;T) of the minimal model
keeps growing with the weight: where the bins lie decides whether a tanh unit "compresses". Our sentence: with such
bins I(X;T) strictly increases for w from 0.5 to 20.

    infoscope run saxe2018/net_input_bins_minimal --preset laptop

Hardware: any. smoke, laptop and paper are the same: a closed form, a second.

Deviations: the paper does not give N; 30 and 100 edges are shown. In double precision most of the edges round to -1 or
1 and merge (30 leave 14, 100 leave 40), so the edges are kept in net input, and the outermost two lie at infinity. What
the formula gives when it is computed as written is shown beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import ROUNDING_BITS, furthest_from, of_curve
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.units import nats
from infoscope.papers.saxe2018._minimal_model import binned_entropy, collapsed_edges, net_input_edges
from infoscope.scanning.plan import Preset

WEIGHTS = tuple(round(0.1 * i, 1) for i in range(1, 201))
#: I(X;T) in bits by weight with 30 edges, worked out beside this program.
BITS = {1.0: 0.5032, 2.0: 1.4182, 5.0: 2.6112, 10.0: 3.5903, 20.0: 4.5366}
_EDGES = (30, 100)

_KNOWN = {weight: nats(value) for weight, value in BITS.items()}


def _curve(count: int) -> Series:
    return Series(INPUT_INFORMATION, "tanh", f"{count} edges")


def _smallest_growth(weights: np.ndarray, values: np.ndarray) -> float:
    return float(np.diff(values[weights >= 0.5]).min())


_INCREASES = Claim(
    id="saxe2018/net_input_bins_minimal/increases",
    origin="published",
    paper="saxe2018",
    where="figure 13",
    sentence="With bins equally spaced in net input, a tanh unit's I(X;T) only grows with its input weight.",
    parts=(
        Part(
            "smallest growth",
            {f"{count} edges": _curve(count) for count in _EDGES},
            of_curve("smallest growth of {} from w to w + 0.1, for w from 0.5 to 20,", _smallest_growth),
            Criterion(">=", nats(1e-4), "nats", fails_at=0.0),
        ),
        Part(
            "largest distance to values known beforehand",
            {"30 edges": _curve(30)},
            of_curve("largest distance of {} to five values worked out beforehand", furthest_from(_KNOWN)),
            Criterion("<=", nats(ROUNDING_BITS), "nats"),
        ),
    ),
    headline="smallest growth",
    published="I(X;T) increases with the weight (figure 13)",
)


class NetInputBinsMinimal(Figure):
    """The minimal model with bins equally spaced in net input: no fall, also for tanh (E5)

    >>> done = iscope.run("saxe2018/net_input_bins_minimal")  # a closed form: a second, the same at every preset
    >>> [verdict["outcome"] for verdict in done.verdicts]
    ['reproduced']
    """

    title = "The minimal model, bins equally spaced in net input"
    where = "figure 13"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_INCREASES,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        exact = Computation(
            title="one tanh unit, edges kept in net input",
            curves=_curves,
            sites=tuple(f"{count} edges" for count in _EDGES),
            at=WEIGHTS,
            axis="weight w",
            arguments={"edges": list(_EDGES), "collapsed": False},
        )
        rounded = Computation(
            title="one tanh unit, edges rounded to double precision",
            curves=_curves,
            sites=exact.sites,
            at=WEIGHTS,
            axis="weight w",
            arguments={"edges": list(_EDGES), "collapsed": True},
        )
        return {"tanh": exact, "tanh_rounded": rounded}


def _curves(at: Sequence[float], seeds: Sequence[int], edges: list[int], collapsed: bool) -> Iterator[Curve]:
    for count in edges:
        placed = collapsed_edges(count) if collapsed else net_input_edges(count)
        rounded = f", of which double precision keeps {len(placed) + 2}" if collapsed else ", kept in net input"
        yield Curve(
            site=f"{count} edges",
            quantity=INPUT_INFORMATION,
            values=binned_entropy(placed, np.array(at))[None],
            estimand=f"H(Bin(tanh(w X))), X ~ N(0, 1), edges at tanh(linspace(-50, 50, {count})){rounded}, exact",
            options={"edges": count},
        )
