"""Deterministic 12-bit networks: the entropy of the binned layers at four bin widths, and clusters forming.

Paper: I(X;T) of a deterministic network is constant or infinite, so the "compression" that binning shows is a property
of the bins: with narrow ones the binned entropy stays at H(X) = ln 4096 = 8.318 nats throughout, and only wide ones
show it fall. What it measures is clustering: it falls as the rows of a class move together. Our sentences are the
claims below. What the paper's figure shows was known to us from memory only, so this is a re-derivation, no
replication: widths and rules are ours. Narrow and wide bins are held against each other in the same layers: where units
saturate to four digits, narrow bins see it too. The last claim was added after the rule over all epochs had been seen
to fail, with the epoch from which the paper's noisy networks are judged elsewhere: at the start the layer is smaller
than a bin, so that it has little binned entropy though its classes do not cluster.

    infoscope run goldfeld2019/deterministic --preset laptop

Deviations: 12-10-7-5-4-3-2, tanh, as torch draws initial weights; Adam at 4e-4, batch 256, 10 000 epochs, seeds with
their own 80 % splits; all 4096 patterns are measured. Each H(Bin(T)) is the mean over 8 random offsets of the bins,
whose phase alone moves it when clusters straddle an edge. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short
for a verdict). laptop: 16 seeds, about 2 minutes; paper: 16 seeds at every recorded epoch, about 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    DROP,
    finding,
    of_means,
)
from infoscope.claim.statistics import drop
from infoscope.core import grammar
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import BINNED_ENTROPY, CLASS_DISTANCES
from infoscope.core.rows import Rows, options_text
from infoscope.papers.goldfeld2019._correlations import DISTANCE_RATIO, SPEARMAN, spearman, together_in_words
from infoscope.papers.goldfeld2019._quoted import BINNING
from infoscope.papers.saxe2018._parts import FLAT
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

_WIDTHS = (12, 10, 7, 5, 4, 3, 2)
_HIDDEN = tuple(f"hidden{place}" for place in range(1, 6))
_EPOCHS = {"smoke": 60, "laptop": 10_000, "paper": 10_000}
_POINTS = {"smoke": 10, "laptop": 60, "paper": 300}  # of the logarithmic schedule, before rounding to whole epochs
_BINS = (1e-4, 1e-3, 1e-2, 1e-1)
_CLUSTERING = 0.067  # 30 bins on [-1, 1], the width that Shwartz-Ziv and Tishby use
_OFFSETS = 8
_LAST = "hidden5"
_LATE_LAYERS = ("hidden4", _LAST)
_WITHIN = CLASS_DISTANCES["within", 50]
_FROM = 500

_TRACKS = Criterion(">=", 0.7, "ratio")
_CORRELATION = "Spearman correlation of H(Bin(T)) and the distance ratio"


def _binned(width: float, layer: str = _LAST, since: float = -math.inf, words: bool = True) -> Series:
    options = options_text(grammar.make("geometries", "binned_entropy", width=width, offsets=_OFFSETS).options)
    return Series(BINNED_ENTROPY, "tanh", layer, f"at width {width:g}" if words else "", since=since, options=options)


def _closeness(quantity: str, since: float = -math.inf) -> Series:
    return Series(quantity, "tanh", _LAST, since=since)


def _order(*curves: np.ndarray) -> np.ndarray:
    """Spearman correlation of the place of each series, from narrow to wide bins, with its drop ``[r]``."""
    return spearman(np.arange(len(curves)), np.stack([drop(each) for each in curves], axis=1))


_SINCE = (_binned(_CLUSTERING, since=_FROM), _closeness(DISTANCE_RATIO, since=_FROM))
_FALLS = Criterion(">=", 1.0, "nats")


def _falls(width: float, layers: Sequence[str], criterion: Criterion) -> Part:
    name = f"drop of H(Bin(T)) after its peak, width {width:g}"
    return Part(name, {layer: _binned(width, layer) for layer in layers}, DROP, criterion)


_NARROW = Claim(
    id="goldfeld2019/deterministic/narrow-bins-see-nothing",
    origin="recalled",
    paper="goldfeld2019",
    where="the first figure",
    sentence="In the late layers, whose binned entropy falls by wide bins, bins 0.0001 wide see no fall.",
    parts=(_falls(1e-4, _LATE_LAYERS, FLAT),),
    controls=(_falls(1e-1, _LATE_LAYERS, _FALLS),),
    published="pinned at ln 4096 = 8.318 nats for narrow bins (from memory)",
    revised="asked first of the first three layers, where no bins see a fall, so that it could not fail; now of the "
    "two late ones, and that wide bins see one there is the control",
)
_WIDE = Claim(
    id="goldfeld2019/deterministic/wide-bins-fall",
    origin="recalled",
    paper="goldfeld2019",
    where="the first figure",
    sentence="With bins 0.1 wide the binned entropy of the last hidden layer falls.",
    parts=(_falls(1e-1, (_LAST,), _FALLS),),
    published="only coarse bins show compression (from memory)",
)
_MONOTONE = Claim(
    id="goldfeld2019/deterministic/wider-falls-more",
    origin="recalled",
    paper="goldfeld2019",
    where="the first figure",
    sentence="The wider the bins, the more the binned entropy of the last hidden layer falls.",
    parts=(
        Part(
            "Spearman correlation of width and drop",
            {"": [_binned(width, words=False) for width in _BINS]},
            of_means(
                "Spearman correlation of the four widths with the drops of {} from the peaks of the mean curves", _order
            ),
            Criterion(">=", 0.9, "ratio"),
        ),
    ),
    published="the fall depends on the bins (from memory)",
)
_CLUSTERS = Claim(
    id="goldfeld2019/deterministic/binned-entropy-is-clustering",
    origin="published",
    quoted=BINNING,
    paper="goldfeld2019",
    where="section 5",
    sentence="The binned entropy of the last hidden layer rises and falls with how loosely its classes cluster.",
    parts=(Part(_CORRELATION, {"": (_binned(_CLUSTERING), _closeness(DISTANCE_RATIO))}, SPEARMAN, _TRACKS),),
    published="binned information tracks clustering (from memory)",
)
_LATE = Claim(
    id="goldfeld2019/deterministic/binned-entropy-is-clustering-later",
    origin="ours",
    paper="goldfeld2019",
    where="section 5",
    sentence="From epoch 500 on the binned entropy of the last hidden layer falls as its classes cluster.",
    parts=(Part(f"{_CORRELATION}, from epoch {_FROM}", {"": _SINCE}, SPEARMAN, _TRACKS),),
    published="binned information tracks clustering (from memory)",
    revised="added after the rule over all epochs had been seen to fail",
)


class Deterministic(Figure):
    """Deterministic 12-bit networks: binned entropy at four widths, and its correlation with clustering

    >>> from infoscope.papers.goldfeld2019.deterministic import Deterministic
    >>> plan = Deterministic().plan("laptop")["tanh"]
    >>> plan.recipe.epochs, [measure.estimator for measure in plan.measures]
    (10000, ['binned_entropy', 'class_distances', 'distance_histogram'])
    >>> plan.measures[0].options["width"]
    (0.0001, 0.001, 0.01, 0.067, 0.1)
    """

    title = "Deterministic 12-bit networks, four bin widths"
    where = "the first figure and section 5"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 16, "paper": 16}
    claims = (_NARROW, _WIDE, _MONOTONE, _CLUSTERS, _LATE)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        recipe = Recipe(epochs=_EPOCHS[preset], learning_rate=4e-4, batch=256, optimiser="adam")
        widths = tuple(sorted((*_BINS, _CLUSTERING)))
        plan = NetworkPlan(
            title="12-10-7-5-4-3-2, tanh, deterministic",
            task="boolean12",
            network=FullyConnected(_WIDTHS, "tanh", "uniform_fan_in"),
            recipe=recipe,
            seeds=seeds,
            epochs=log_spaced(recipe.epochs, _POINTS[preset]),
            measures=(
                MeasurePlan("binned_entropy", {"width": widths, "offsets": _OFFSETS}, sites=_HIDDEN),
                MeasurePlan("class_distances", sites=_HIDDEN),
                MeasurePlan("distance_histogram", sites=(_LAST,)),
            ),
        )
        return {"tanh": plan}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        size = SPEARMAN.find("", _TRACKS, *(each.of(rows) for each in (_binned(_CLUSTERING), _closeness(_WITHIN))))
        within = [] if size.value is None else [f"with the median distance within classes, undivided: {size.value:.3f}"]
        whole = (_binned(_CLUSTERING), _closeness(DISTANCE_RATIO))
        return {
            "wider-falls-more": _drops(rows),
            "binned-entropy-is-clustering": [*together_in_words(*(each.of(rows) for each in whole)), *within],
            "binned-entropy-is-clustering-later": together_in_words(*(each.of(rows) for each in _SINCE)),
        }


def _drops(rows: Rows) -> tuple[str, ...]:
    drops = [finding("", _TRACKS, drop, _binned(width).of(rows)).value for width in _BINS]
    told = ", ".join(f"{width:g}: {value:.3g}" for width, value in zip(_BINS, drops, strict=True) if value is not None)
    return (f"drops of the mean curves in nats by width: {told}",) if told else ()
