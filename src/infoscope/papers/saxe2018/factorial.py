"""Which property decides whether a network compresses: eleven activations, two initial scales, four kinds of bins.

Paper: saturation on both sides compresses (figures 1, 2 and 8); a class reproduction finds that the sigmoid saturates
on both sides and does not, and asks whether zero-centring, slope, bin range or training time decides. Our sentences are
the claims below, fixed before the first run: each names one property that might decide alone. Two activations exist to
tell properties apart: 1 + tanh(x) is tanh but for its centre, sigmoid(x) - 1/2 the sigmoid but for its centre; and
hard-tanh is the linear unit but for saturation. (2 sigmoid(2x) - 1 is tanh, which saxe2018/sigmoid shows.)

    infoscope run saxe2018/factorial --preset laptop

Hardware: 2 CPU cores. smoke: under a minute (60 epochs; too short for a verdict). laptop: 50 seeds of each of 22
networks, about 20 minutes; paper: 275 recorded epochs, about an hour. Less where saxe2018/tanh, relu, sigmoid and
kde_activations were run with as many seeds into the same --out folder, whose networks it takes over.

Deviations: those of figure 1A. Judged is the 3-unit layer; the 4-unit layer is measured beside it. Of the recorded
epochs every third is measured. 30 bins everywhere, placed in four ways: between the least and largest activity of each
member ("recorded range", the reference, since it clips no activation), on [-1, 1] for every activation as the published
codes do, between the least and largest net input, and of equal mass. The effects hold for these eleven activations;
their intervals are over seeds and not over activations one might have taken instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    LESS_DROP,
    of_drops,
)
from infoscope.core.claim import Claim, Criterion, Origin
from infoscope.core.quantity import ACCURACY
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, some_epochs
from infoscope.papers.saxe2018._factors import (
    ACTIVATIONS,
    LAYERS,
    SHORT,
    TIMES_3,
    Cell,
    Properties,
    derived_rows,
    network_of,
    series_of,
)
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    DROP_OF_INFORMATION,
    FLAT,
    drops,
)
from infoscope.papers.saxe2018._quoted import NONLINEARITY
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected

_OPEN = "class reproduction, open question"
_WITHOUT = f"{DROP_OF_INFORMATION} without the property"
_ELSEWHERE = f"{DROP_OF_INFORMATION} where it should be flat"
_RAISES = Criterion(">=", COMPRESS.threshold, "nats", fails_at=COMPRESS.fails_at)


def _cells(cells: Sequence[Cell]) -> dict[str, Series]:
    return {f"{cell.activation}, bins: {cell.bins}": series_of(cell) for cell in cells}


def _by_property(has: Callable[[Properties], bool], large: bool = False) -> tuple[Part, ...]:
    """Each activation that has the property compresses, each that has not stays flat."""
    have, lack = (
        [Cell(name, large=large) for name, of in ACTIVATIONS.items() if has(of) is wanted] for wanted in (True, False)
    )
    return drops(_cells(have), COMPRESS), drops(_cells(lack), FLAT, _WITHOUT)


def _decides(
    name: str, origin: Origin, sentence: str, published: str, has: Callable[[Properties], bool], quoted: str = ""
) -> Claim:
    return Claim(
        id=f"saxe2018/factorial/{name}-decides",
        paper="saxe2018",
        where=_OPEN,
        sentence=sentence,
        parts=_by_property(has),
        origin=origin,
        headline=DROP_OF_INFORMATION,
        published=published,
        quoted=quoted,
    )


_CANDIDATES = (
    _decides(
        "saturation",
        "published",
        "Saturation on both sides alone decides: every activation that has it compresses, and no other.",
        "the paper's account; doubted by the class reproduction, whose sigmoid does not compress",
        lambda has: has.saturates,
        NONLINEARITY,
    ),
    _decides(
        "centring",
        "ours",
        "Zero-centring alone decides: every activation with values around zero compresses, and no other.",
        "a guess of the class reproduction",
        lambda has: has.centred,
    ),
    _decides(
        "slope",
        "ours",
        "The slope at zero alone decides: activations with slope 1 compress, and those with less do not.",
        "a guess of the class reproduction (the sigmoid's slope is 1/4)",
        lambda has: has.steep,
    ),
)
_SCALE = Claim(
    id="saxe2018/factorial/scale-does-not-decide",
    origin="ours",
    paper="saxe2018",
    where=_OPEN,
    sentence="From initial weights three times as large, the same activations compress: those that saturate twice.",
    parts=_by_property(lambda has: has.saturates, large=True),
    headline=DROP_OF_INFORMATION,
    published="not tried",
)
_BINS = Claim(
    id="saxe2018/factorial/bins-decide",
    origin="ours",
    paper="saxe2018",
    where=_OPEN,
    sentence="The placement of the bins alone turns the verdict, for tanh one way and for ReLU the other.",
    parts=(
        drops(_cells([Cell("tanh"), Cell("relu", "on [-1, 1]")]), COMPRESS),
        drops(_cells([Cell("tanh", "in net input"), Cell("relu")]), FLAT, _ELSEWHERE),
    ),
    headline=DROP_OF_INFORMATION,
    published="bin range as a guess of the class reproduction; for tanh figures 13 and 14",
)
_TIME = Claim(
    id="saxe2018/factorial/time-decides",
    origin="ours",
    paper="saxe2018",
    where=_OPEN,
    sentence="It takes training beyond epoch 1000: each activation that saturates on both sides owes its drop to it.",
    parts=(
        Part(
            f"drop at the end minus drop by epoch {SHORT}",
            {
                name: (series_of(Cell(name)), series_of(Cell(name, long=False)))
                for name, properties in ACTIVATIONS.items()
                if properties.saturates
            },
            of_drops("drop of {} after the peak of its mean curve less that of {},", (1.0, -1.0)),
            _RAISES,
        ),
    ),
    published="training time as a guess of the class reproduction",
)


def _raises(name: str, sentence: str, *pairs: tuple[str, str]) -> Claim:
    return Claim(
        id=f"saxe2018/factorial/{name}-raises",
        origin="ours",
        paper="saxe2018",
        where=_OPEN,
        sentence=sentence,
        parts=(
            Part(
                "drop",
                {f"{a} minus {b}": (series_of(Cell(a)), series_of(Cell(b))) for a, b in pairs},
                LESS_DROP,
                _RAISES,
            ),
        ),
        published="not tried",
    )


_PAIRS = (
    _raises(
        "saturation",
        "A linear unit cut off at -1 and 1 (hard-tanh) compresses more than one that is not.",
        ("hard_tanh", "linear"),
    ),
    _raises(
        "centring",
        "The same curve compresses more around zero than above it, for tanh and for the sigmoid.",
        ("tanh", "shifted_tanh"),
        ("centred_sigmoid", "sigmoid"),
    ),
    _raises(
        "slope",
        "Tanh, with four times the slope and twice the range, compresses more than the sigmoid around the same centre.",
        ("tanh", "centred_sigmoid"),
        ("shifted_tanh", "sigmoid"),
    ),
)


class Factorial(Figure):
    """Eleven activations, two initial scales, four kinds of bins, two lengths: what decides about compression

    >>> from infoscope.papers.saxe2018.factorial import Factorial
    >>> plans = Factorial().plan("laptop")
    >>> len(plans), sorted({plan.network.activation for plan in plans.values()})
    (22, ['centred_sigmoid', 'gelu', 'hard_tanh', 'leaky_relu', 'linear', 'relu', 'shifted_tanh', 'sigmoid',
    'softplus', 'softsign', 'tanh'])
    """

    title = "What decides whether a network compresses"
    where = "class reproduction, open question"
    seeds = SEEDS
    claims = (
        *_CANDIDATES,
        _SCALE,
        _BINS,
        _TIME,
        *_PAIRS,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for activation, large in product(ACTIVATIONS, (False, True)):
            plan = boolean12_plan(
                activation, preset, seeds, _measures(preset), title="initial weights times 3" if large else ""
            )
            if large:
                assert isinstance(plan.network, FullyConnected)
                scaled = dataclasses.replace(plan.network, initialisation=plan.network.initialisation + TIMES_3)
                plan = dataclasses.replace(plan, network=scaled)
            plans[network_of(activation, large)] = plan
        return plans

    def derived(self, rows: Rows) -> Rows:
        return derived_rows(rows)

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"saturation-decides": _accuracies(rows), "scale-does-not-decide": _accuracies(rows, large=True)}


def _measures(preset: Preset) -> tuple[MeasurePlan, ...]:
    some, inputs = some_epochs(preset), tuple(f"{layer}.linear" for layer in LAYERS)
    return (
        MeasurePlan("binned", {"bins": 30, "range": "recorded"}, LAYERS, some),
        MeasurePlan("binned", {"bins": 30, "range": (-1.0, 1.0)}, LAYERS, epochs=some),
        MeasurePlan("binned", {"bins": 30, "range": "recorded"}, inputs, some),
        MeasurePlan("binned", {"bins": 30, "form": "quantiles"}, LAYERS, epochs=some),
    )


def _accuracies(rows: Rows, large: bool = False) -> tuple[str, ...]:
    """Where the networks ended, as one note: what has not learned has had little to compress."""
    said = []
    for activation in ACTIVATIONS:
        accuracy = rows.filter(network=network_of(activation, large), quantity=ACCURACY, split="test")
        if len(accuracy):
            said.append(f"{activation} {100 * np.nanmean(accuracy.curves()[2][:, -1]):.1f} %")
    return (f"final test accuracy: {', '.join(said)}",) if said else ()
