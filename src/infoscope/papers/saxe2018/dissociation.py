"""E10, figure 4C-D and its class reproduction: compression against generalisation, every cell of the table filled.

Paper: there is no evident causal connection between compression and generalisation: networks that do not compress can
generalise, and vice versa. Our sentences are the two claims below: tanh and ReLU networks, trained on 80 % and on 30 %
of the patterns, fill all four cells of the table; and within one kind of network, seeds that compress more generalise
no better.

    infoscope run saxe2018/dissociation --preset laptop

Learning curves of training and test errors stand beside the planes in the report. Hardware: 2 CPU cores. smoke: seconds
(60 epochs; too short for a verdict). laptop: 50 seeds, about 2 minutes; paper: 275 recorded epochs, about 5. Three of
the four networks are those of saxe2018/tanh, relu and few_samples, and are taken over from those runs where they lie in
the same --out folder.

Deviations: those of figures 1A and 1B. A kind of network counts as one that generalises beside its own twin of fewer
patterns; a single seed, in the table that is told beside the verdict, where its test accuracy is at least 95 % and it
compresses where its 3-unit layer loses half a bit. The drop of a single seed is from its own peak, which binned
information of all 4096 patterns hardly lifts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Statistic
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import drop, last
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, SEEDS, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import COMPRESS, DROP_OF_INFORMATION, FLAT, accuracy, drops, information
from infoscope.papers.saxe2018._quoted import NO_CAUSE
from infoscope.scanning.plan import NetworkPlan, Preset

NETWORKS = ("tanh", "tanh_few", "relu", "relu_few")
FEW = 0.3  # of the patterns
RIGHT = 0.95  # a seed's test accuracy, from which on it generalises
_LAST = "hidden5"


def _ends(of_layer: Rows, right: Rows) -> tuple[np.ndarray, np.ndarray] | None:
    """Each seed's drop in nats and its final test accuracy, of the seeds that have both; None where there are none."""
    if not (len(of_layer) and len(right)):
        return None
    curves, accuracies = of_layer.curves()[2], right.curves()[2]
    if len(curves) != len(accuracies):
        return None
    complete = np.isfinite(curves).all(1) & np.isfinite(accuracies).all(1)
    return (drop(curves[complete]), accuracies[complete, -1]) if complete.any() else None


def _rank_correlation(name: str, criterion: Criterion, of_layer: Rows, right: Rows) -> Finding:
    """Spearman's correlation over seeds of drop and accuracy, with Fisher's interval."""
    found = _ends(of_layer, right)
    if found is None or len(found[0]) < 5:
        return Finding(name, criterion, None, note="not measured, or of fewer than 5 seeds")
    ranks = [rankdata(each) for each in found]
    if any(np.ptp(each) == 0 for each in ranks):
        return Finding(name, criterion, None, note="all seeds are alike in one of the two")
    rho = float(np.corrcoef(*ranks)[0, 1])
    half = 1.96 * 1.03 / math.sqrt(len(found[0]) - 3)  # Fieller, Hartley and Pearson 1957
    middle = math.atanh(max(min(rho, 1 - 1e-9), -1 + 1e-9))
    interval = (math.tanh(middle - half), math.tanh(middle + half))
    return Finding(name, criterion, rho, interval, len(found[0]))


_CELLS = Claim(
    id="saxe2018/dissociation/every-cell",
    origin="published",
    quoted=NO_CAUSE,
    paper="saxe2018",
    where="figure 4C-D",
    sentence="There are networks of all four kinds: that compress or do not, and that generalise well or worse.",
    parts=(
        drops([information(name, _LAST) for name in ("tanh", "tanh_few")], COMPRESS),
        drops(
            [information(name, layer) for name in ("relu", "relu_few") for layer in HIDDEN],
            FLAT,
            f"{DROP_OF_INFORMATION} where there should be none",
        ),
        Part(
            "final test accuracy, 80 % minus 30 % of the patterns",
            {name: (accuracy(name), accuracy(f"{name}_few")) for name in ("tanh", "relu")},
            of_means(
                "{} at the end, trained on 80 % of the patterns less on 30 %,", lambda many, few: last(many) - last(few)
            ),
            Criterion(">=", 0.02, "fraction"),
        ),
    ),
    headline="final test accuracy, 80 % minus 30 % of the patterns",
    published="compression without generalisation for tanh (figure 4C-D), generalisation without compression for ReLU",
)
_WITHIN = Claim(
    id="saxe2018/dissociation/not-seed-by-seed",
    origin="ours",
    paper="saxe2018",
    where="figure 4C-D",
    sentence="Among seeds of one kind of network, those that compress more do not generalise better.",
    parts=(
        Part(
            "rank correlation of drop and test accuracy over seeds",
            {name: (information(name, _LAST), accuracy(name)) for name in ("tanh", "tanh_few")},
            Statistic(
                "Spearman's correlation over seeds of the drop of {} after its peak with {} at the end",
                _rank_correlation,
                "with the whole 95 % interval over seeds (Fisher's)",
            ),
            Criterion("<=", 0.3, "correlation", fails_at=0.5),
        ),
    ),
    published="not reported seed by seed",
)


class Dissociation(Figure):
    """Tanh and ReLU on 80 % and on 30 % of the 12-bit task: four cells of compression against generalisation (E10)

    >>> from infoscope.papers.saxe2018.dissociation import Dissociation
    >>> {name: plan.recipe.train_fraction for name, plan in Dissociation().plan("laptop").items()}
    {'tanh': 0.8, 'tanh_few': 0.3, 'relu': 0.8, 'relu_few': 0.3}
    """

    title = "Compression against generalisation, four cells"
    where = "figure 4C-D"
    seeds = SEEDS
    claims = (_CELLS, _WITHIN)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans: dict[str, NetworkPlan] = {}
        for activation, measures in (("tanh", (tanh_bins(),)), ("relu", relu_bins())):
            plans[activation] = boolean12_plan(activation, preset, seeds, measures)
            plans[f"{activation}_few"] = boolean12_plan(
                activation, preset, seeds, measures, title="30 % of the patterns", train_fraction=FEW
            )
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"every-cell": _table_in_words(rows)}


def _table_in_words(rows: Rows) -> tuple[str, ...]:
    """How many seeds of each network are in which cell."""
    said: list[str] = []
    for name in NETWORKS:
        if (found := _ends(information(name, _LAST).of(rows), accuracy(name).of(rows))) is not None:
            compresses, generalises = found[0] >= nats(0.5), found[1] >= RIGHT
            cells = [
                f"{int((compresses == c) @ (generalises == g).astype(int))} {'' if c else 'no '}compression and "
                f"{'≥' if g else '<'} {RIGHT:.0%}"
                for c in (True, False)
                for g in (True, False)
            ]
            said.append(f"{name} ({', '.join(cells)})")
    return (f"seeds by compression of the 3-unit layer and final test accuracy: {'; '.join(said)}",) if said else ()
