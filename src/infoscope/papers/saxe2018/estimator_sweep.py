"""The estimator's hand in the result: the networks of figures 1A and 1B, measured in 56 ways.

Paper: the verdict on compression depends on how it is measured: bins equal in net input find none where bins equal in
activity do (figures 13 and 14). It shows one number of bins and one noise variance for each figure. Our sentences are
the claims below, for the 3-unit layer: what holds at every number of bins or noise variance, and what only at some.

    infoscope run saxe2018/estimator_sweep --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 3 minutes; paper: 275 recorded epochs, about 10. The
networks are those of saxe2018/tanh and saxe2018/relu, and are taken over from those runs where they lie in the same
--out folder: everything here is measured again from stored weights.

Deviations: those of figures 1A and 1B. Of the recorded epochs every third is measured. Bins are placed between the
least and largest activity of each member, on [-1, 1], between the least and largest net input, and with equal mass.
"""

from __future__ import annotations

from typing import Any

from infoscope.claim.figure import Figure
from infoscope.claim.part import Series
from infoscope.core.claim import Claim, Criterion, Origin
from infoscope.core.rows import options_text
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    FLAT,
    drops,
    information,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_LAYER = "hidden5"
_BINS = (4, 6, 8, 10, 15, 20, 30, 60, 120, 240, 480, 960)
_NOISE = (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0)


def _claim(
    name: str,
    origin: Origin,
    where: str,
    sentence: str,
    series: dict[str, Series],
    criterion: Criterion,
    published: str,
    revised: str = "",
) -> Claim:
    return Claim(
        f"saxe2018/estimator_sweep/{name}", "saxe2018", where, sentence, (drops(series, criterion),), origin, published,
        revised=revised,
    )  # fmt: skip


def _measured(network: str, words: str, site: str = _LAYER, **options: Any) -> dict[str, Series]:
    """I(X;T) of one network with these options, by what they are in words."""
    return {f"{network}, {words}": information(network, site, f"of {site}", options=options_text(options))}


def _by_bins(network: str, **options: Any) -> dict[str, Series]:
    return {k: v for bins in _BINS for k, v in _measured(network, f"{bins} bins", bins=bins, **options).items()}


def _by_noise(network: str) -> dict[str, Series]:
    said = {s2: f"noise variance {s2:g}" for s2 in _NOISE}
    return {k: v for s2 in _NOISE for k, v in _measured(network, said[s2], noise_variance=s2, bound="upper").items()}


_APART = "one claim of two placements at first, of which the paper has one: what the other sees was told as its fault"
_ANY_BINS = _claim(
    "tanh-any-bins",
    "ours",
    "figure 1A",
    "With bins on [-1, 1] the tanh network compresses whatever their number, from 4 to 960.",
    _by_bins("tanh", form="interval", range=(-1.0, 1.0)),
    COMPRESS,
    "shown for 30 bins",
)
_NEVER = _claim(
    "relu-any-bins",
    "ours",
    "figure 1B",
    "Over its recorded range the ReLU network does not compress whatever the number of bins, from 4 to 960.",
    _by_bins("relu", range="recorded"),
    FLAT,
    "shown for 100 bins",
)
_NET_INPUT = _claim(
    "tanh-net-input",
    "published",
    "figures 13 and 14",
    "The same tanh networks stay flat with 30 bins that are equal in net input.",
    _measured("tanh", "30 bins in net input", f"{_LAYER}.linear", bins=30, range="recorded"),
    FLAT,
    "no compression in most layers with bins equal in net input",
    _APART,
)
_EQUAL_MASS = _claim(
    "tanh-equal-mass",
    "ours",
    "figures 13 and 14",
    "The same tanh networks stay flat with 30 bins of equal mass, which saturation cannot empty either.",
    _measured("tanh", "30 bins of equal mass", bins=30, form="quantiles"),
    FLAT,
    "not shown",
    _APART,
)
_ANY_NOISE = _claim(
    "tanh-any-noise",
    "ours",
    "figure 8",
    "By KDE the tanh network compresses whatever the noise variance, from 0.0001 to 3.",
    _by_noise("tanh"),
    COMPRESS,
    "shown for variance 0.1",
)
_NEVER_BY_KDE = _claim(
    "relu-any-noise",
    "ours",
    "figure 8",
    "By KDE the ReLU network does not compress whatever the noise variance, from 0.0001 to 3.",
    _by_noise("relu"),
    FLAT,
    "shown for variance 0.1",
)


class EstimatorSweep(Figure):
    """Tanh and ReLU networks on the 12-bit task, measured in 56 ways: the estimator's hand in the result

    >>> from infoscope.papers.saxe2018.estimator_sweep import EstimatorSweep
    >>> plan = EstimatorSweep().plan("laptop")["tanh"]
    >>> len(plan.measures), sorted({measure.estimator for measure in plan.measures})
    (5, ['binned', 'kde'])
    """

    title = "The estimator's hand in the result"
    where = "figures 1A, 1B, 8, 13 and 14"
    seeds = SEEDS
    claims = (
        _ANY_BINS,
        _NEVER,
        _NET_INPUT,
        _EQUAL_MASS,
        _ANY_NOISE,
        _NEVER_BY_KDE,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        some, activity, net_input = some_epochs(preset), (_LAYER,), (f"{_LAYER}.linear",)
        measures = (
            MeasurePlan("binned", {"bins": _BINS, "range": (-1.0, 1.0)}, activity, epochs=some),
            MeasurePlan("binned", {"bins": _BINS, "range": "recorded"}, activity, epochs=some),
            MeasurePlan("binned", {"bins": _BINS, "range": "recorded"}, net_input, epochs=some),
            MeasurePlan("binned", {"bins": _BINS, "form": "quantiles"}, activity, epochs=some),
            MeasurePlan("kde", {"noise_variance": _NOISE}, activity, epochs=some),
        )
        return {activation: boolean12_plan(activation, preset, seeds, measures) for activation in ("tanh", "relu")}
