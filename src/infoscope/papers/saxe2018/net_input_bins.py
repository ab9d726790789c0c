"""E5, figures 13 and 14 (networks): the networks of figure 1A, binned equally in net input.

Paper: with bins that are equally spaced before the nonlinearity, so that saturation does not squeeze a unit into a few
of them, tanh networks do not compress in most layers. Our sentence: with 30 edges on [-50, 50] at the net input, the
outer two moved to infinity, at most one hidden layer of the tanh network compresses. (The minimal model of the same
figures is exact and stands in a file of its own.)

    infoscope run saxe2018/net_input_bins --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 2 minutes; paper: 275 recorded epochs, about 5. The
networks are those of saxe2018/tanh, and are taken over from its run where that lies in the same --out folder.

Deviations: those of figure 1A. The paper bins activities at tanh of the edges and does not say how many; in floating
point most of those edges are 1 or -1, so the net input is binned, at the edges themselves. It is the same partition.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan
from infoscope.papers.saxe2018._findings import FLAT, drop_finding
from infoscope.papers.saxe2018._layers import in_words, second_largest
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_EDGES, _LARGEST = 30, 50.0
_AT_MOST_ONE = Claim(
    id="saxe2018/net_input_bins/at-most-one",
    paper="saxe2018",
    where="figures 13 and 14",
    sentence="With bins equally spaced in net input, at most one hidden layer of a tanh network compresses.",
    rule="the second largest of the five hidden layers' drops of I(X;T) after the peak of the mean curve ≤ 0.3 bits "
    "(shown wrong at ≥ 0.5 bits), with its whole 95 % interval over seeds",
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
    """Tanh network on the 12-bit task, bins equally spaced in net input: hardly any compression (E5)"""

    title = "Tanh on the 12-bit task, bins equal in net input"
    where = "figures 13 and 14"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (_bins(),))}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        drops = [drop_finding(rows, "tanh", f"{layer}.linear", FLAT) for layer in HIDDEN]
        return [Judged(_AT_MOST_ONE, (second_largest(drops),), in_words(drops))]
