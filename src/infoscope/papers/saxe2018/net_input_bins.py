"""E5, figures 13 and 14 (networks): the networks of figure 1A, binned equally in net input.

Paper: with bins that are equally spaced before the nonlinearity, so that saturation does not squeeze a unit into a few
of them, tanh networks do not compress in most layers. Our sentence: with 30 edges on [-50, 50] at the net input, the
outer two moved to infinity, at most one hidden layer of the tanh network compresses. (The minimal model of the same
figures is exact and stands in a file of its own.)

    infoscope run saxe2018/net_input_bins --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about a minute; paper: 275 recorded epochs, about 2. The
networks are those of saxe2018/tanh, and are taken over from its run where that lies in the same --out folder.

Deviations: those of figure 1A. The paper bins activities at tanh of the edges and does not say how many; in floating
point most of those edges are 1 or -1, so the net input is binned, at the edges themselves. It is the same partition.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, findings_of
from infoscope.claim.reading.layers import SECOND_LARGEST_DROP, in_words
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan
from infoscope.papers.saxe2018._parts import (
    DROP_OF_INFORMATION,
    FLAT,
    drops,
    information,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_EDGES, _LARGEST = 30, 50.0
_LAYERS = [information("tanh", f"{layer}.linear") for layer in HIDDEN]
_AT_MOST_ONE = Claim(
    id="saxe2018/net_input_bins/at-most-one",
    origin="published",
    paper="saxe2018",
    where="figures 13 and 14",
    sentence="With bins equally spaced in net input, at most one hidden layer of a tanh network compresses.",
    parts=(Part(f"second largest {DROP_OF_INFORMATION}", {"": _LAYERS}, SECOND_LARGEST_DROP, FLAT),),
    published="no compression in most layers (figure 14)",
)


def _bins() -> MeasurePlan:
    """The cells between 30 edges of which the outer two are infinite: bins between the inner 28, and one beyond each
    end, which is how values outside the range are counted."""
    inner = _LARGEST * (1 - 2 / (_EDGES - 1))
    return MeasurePlan(
        "binned", {"bins": _EDGES - 3, "range": (-inner, inner)}, sites=tuple(f"{layer}.linear" for layer in LAYERS)
    )


class NetInputBins(Figure):
    """Tanh network on the 12-bit task, bins equally spaced in net input: hardly any compression (E5)

    >>> from infoscope.papers.saxe2018.net_input_bins import NetInputBins
    >>> (measure,) = NetInputBins().plan("laptop")["tanh"].measures
    >>> measure.sites[0], measure.options["bins"]
    ('hidden1.linear', 27)
    """

    title = "Tanh on the 12-bit task, bins equal in net input"
    where = "figures 13 and 14"
    seeds = SEEDS
    claims = (_AT_MOST_ONE,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (_bins(),))}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"at-most-one": in_words(findings_of([drops(_LAYERS, FLAT)], rows))}
