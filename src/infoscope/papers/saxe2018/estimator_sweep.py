"""The estimator's hand in the result: the networks of figures 1A and 1B, measured in 56 ways.

Paper: the verdict on compression depends on how it is measured: bins equal in net input find none where bins equal in
activity do (figures 13 and 14). It shows one number of bins and one noise variance for each figure. Our sentences are
the claims below, for the 3-unit layer: what holds at every number of bins or noise variance, and what only at some.

    infoscope run saxe2018/estimator_sweep --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 10 minutes; paper: 275 recorded epochs, about 30. The
networks are those of saxe2018/tanh and saxe2018/relu, and are taken over from those runs where they lie in the same
--out folder: everything here is measured again from stored weights.

Deviations: those of figures 1A and 1B. Of the recorded epochs every third is measured. Bins are placed between the
least and largest activity of each member, on [-1, 1], between the least and largest net input, and with equal mass.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import score_finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows, options_text
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._findings import COMPRESS, FLAT, information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_LAYER = "hidden5"
_BINS = (4, 6, 8, 10, 15, 20, 30, 60, 120, 240, 480, 960)
_NOISE = (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0)
_RULE = "3-unit layer: drop of I(X;T) after the peak of the mean curve {}, each with its whole 95 % interval over seeds"
_COMPRESSES, _FLAT = "≥ 0.5 bits (shown wrong at ≤ 0.3)", "≤ 0.3 bits (shown wrong at ≥ 0.5)"


def _claim(name: str, where: str, sentence: str, rule: str, published: str) -> Claim:
    return Claim(f"saxe2018/estimator_sweep/{name}", "saxe2018", where, sentence, _RULE.format(rule), published)


_ANY_BINS = _claim(
    "tanh-any-bins",
    "figure 1A",
    "With bins on [-1, 1] the tanh network compresses whatever their number, from 4 to 960.",
    f"{_COMPRESSES} at each of {len(_BINS)} numbers of bins",
    "shown for 30 bins",
)
_NEVER = _claim(
    "relu-any-bins",
    "figure 1B",
    "Over its recorded range the ReLU network does not compress whatever the number of bins, from 4 to 960.",
    f"{_FLAT} at each of {len(_BINS)} numbers of bins",
    "shown for 100 bins",
)
_PLACEMENT = _claim(
    "tanh-placement",
    "figures 13 and 14",
    "The same tanh networks stay flat with 30 bins that saturation cannot empty: equal in net input, or of equal mass.",
    f"{_FLAT} with both",
    "no compression in most layers with bins equal in net input",
)
_ANY_NOISE = _claim(
    "tanh-any-noise",
    "figure 8",
    "By KDE the tanh network compresses whatever the noise variance, from 0.0001 to 3.",
    f"{_COMPRESSES} at each of {len(_NOISE)} noise variances",
    "shown for variance 0.1",
)
_NEVER_BY_KDE = _claim(
    "relu-any-noise",
    "figure 8",
    "By KDE the ReLU network does not compress whatever the noise variance, from 0.0001 to 3.",
    f"{_FLAT} at each of {len(_NOISE)} noise variances",
    "shown for variance 0.1",
)


class EstimatorSweep(Figure):
    """Tanh and ReLU networks on the 12-bit task, measured in 56 ways: the estimator's hand in the result"""

    title = "The estimator's hand in the result"
    where = "figures 1A, 1B, 8, 13 and 14"
    seeds = SEEDS

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

    def judge(self, rows: Rows) -> Sequence[Judged]:
        def drop(network: str, criterion: Criterion, words: str, site: str = _LAYER, **options: object) -> Finding:
            series = information(rows, network, site).filter(options=options_text(options))
            return score_finding(f"drop of I(X;T) after its peak, {network}, {words}", criterion, series)

        fixed = [
            drop("tanh", COMPRESS, f"{bins} bins", bins=bins, form="interval", range=(-1.0, 1.0)) for bins in _BINS
        ]
        recorded = [drop("relu", FLAT, f"{bins} bins", bins=bins, range="recorded") for bins in _BINS]
        placed = [
            drop("tanh", FLAT, "30 bins in net input", f"{_LAYER}.linear", bins=30, range="recorded"),
            drop("tanh", FLAT, "30 bins of equal mass", bins=30, form="quantiles"),
        ]
        noisy = {
            network: tuple(
                drop(network, criterion, f"noise variance {s2:g}", noise_variance=s2, bound="upper") for s2 in _NOISE
            )
            for network, criterion in (("tanh", COMPRESS), ("relu", FLAT))
        }
        return [
            Judged(_ANY_BINS, tuple(fixed)),
            Judged(_NEVER, tuple(recorded)),
            Judged(_PLACEMENT, tuple(placed)),
            Judged(_ANY_NOISE, noisy["tanh"]),
            Judged(_NEVER_BY_KDE, noisy["relu"]),
        ]
