"""Which property decides whether a network compresses: eleven activations, two initial scales, four kinds of bins.

Paper: saturation on both sides compresses (figures 1, 2 and 8); a class reproduction finds that the sigmoid saturates
on both sides and does not, and asks whether zero-centring, slope, bin range or training time decides. Our sentences are
the claims below, fixed before the first run: each names one property that might decide alone. Two activations exist to
tell properties apart: 1 + tanh(x) is tanh but for its centre, sigmoid(x) - 1/2 the sigmoid but for its centre; and
hard-tanh is the linear unit but for saturation. (2 sigmoid(2x) - 1 is tanh, which saxe2018/sigmoid shows.)

    infoscope run saxe2018/factorial --preset laptop

Hardware: 2 CPU cores. smoke: under a minute (60 epochs; too short for a verdict). laptop: 50 seeds of each of 22
networks, about half an hour; paper: 275 recorded epochs, about an hour. Less where saxe2018/tanh, relu, sigmoid and
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

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import score_finding
from infoscope.core.claim import Claim, Criterion, Finding
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
from infoscope.papers.saxe2018._findings import COMPRESS, FLAT
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected


def _decides(name: str, sentence: str, published: str) -> Claim:
    return Claim(
        id=f"saxe2018/factorial/{name}-decides",
        paper="saxe2018",
        where="class reproduction, open question",
        sentence=sentence,
        rule="3-unit layer, 30 bins over the recorded range: drop after the peak ≥ 0.5 bits (shown wrong at ≤ 0.3) for "
        "each activation that has the property, ≤ 0.3 bits (shown wrong at ≥ 0.5) for each that has not; each with its "
        "whole 95 % interval over seeds",
        published=published,
    )


_CANDIDATES: tuple[tuple[Claim, Callable[[Properties], bool]], ...] = (
    (
        _decides(
            "saturation",
            "Saturation on both sides alone decides: every activation that has it compresses, and no other.",
            "the paper's account; doubted by the class reproduction, whose sigmoid does not compress",
        ),
        lambda has: has.saturates,
    ),
    (
        _decides(
            "centring",
            "Zero-centring alone decides: every activation with values around zero compresses, and no other.",
            "a guess of the class reproduction",
        ),
        lambda has: has.centred,
    ),
    (
        _decides(
            "slope",
            "The slope at zero alone decides: activations with slope 1 compress, and those with less do not.",
            "a guess of the class reproduction (the sigmoid's slope is 1/4)",
        ),
        lambda has: has.steep,
    ),
)
_SCALE = Claim(
    id="saxe2018/factorial/scale-does-not-decide",
    paper="saxe2018",
    where="class reproduction, open question",
    sentence="From initial weights three times as large, the same activations compress: those that saturate twice.",
    rule="as for saturation on both sides, in the networks that start from weights three times as large",
    published="not tried",
)
_BINS = Claim(
    id="saxe2018/factorial/bins-decide",
    paper="saxe2018",
    where="class reproduction, open question",
    sentence="The placement of the bins alone turns the verdict, for tanh one way and for ReLU the other.",
    rule="3-unit layer, 30 bins: tanh drops by ≥ 0.5 bits over its recorded range and by ≤ 0.3 with bins equal in net "
    "input; ReLU drops by ≤ 0.3 bits over its recorded range and by ≥ 0.5 with the published codes' bins on [-1, 1]; "
    "each with its whole 95 % interval over seeds",
    published="bin range as a guess of the class reproduction; for tanh figures 13 and 14",
)
_TIME = Claim(
    id="saxe2018/factorial/time-decides",
    paper="saxe2018",
    where="class reproduction, open question",
    sentence="It takes training beyond epoch 1000: each activation that saturates on both sides owes its drop to it.",
    rule="3-unit layer, 30 bins over the recorded range: drop at the end minus drop by epoch 1000 ≥ 0.5 bits (shown "
    "wrong at ≤ 0.3) for each activation that saturates on both sides, with its whole 95 % interval over seeds",
    published="training time as a guess of the class reproduction",
)
_RAISES = Criterion(">=", COMPRESS.threshold, "nats", fails_at=COMPRESS.fails_at)


def _raises(name: str, sentence: str) -> Claim:
    return Claim(
        id=f"saxe2018/factorial/{name}-raises",
        paper="saxe2018",
        where="class reproduction, open question",
        sentence=sentence,
        rule="3-unit layer, 30 bins over the recorded range: drop of the first minus drop of the second of each pair "
        "≥ 0.5 bits (shown wrong at ≤ 0.3), with its whole 95 % interval over seeds",
        published="not tried",
    )


_PAIRS = (
    (
        _raises("saturation", "A linear unit cut off at -1 and 1 (hard-tanh) compresses more than one that is not."),
        (("hard_tanh", "linear"),),
    ),
    (
        _raises("centring", "The same curve compresses more around zero than above it, for tanh and for the sigmoid."),
        (("tanh", "shifted_tanh"), ("centred_sigmoid", "sigmoid")),
    ),
    (
        _raises("slope", "Tanh, with four times the slope and twice the range, compresses more than the sigmoid around "
                "the same centre."),
        (("tanh", "centred_sigmoid"), ("shifted_tanh", "sigmoid")),
    ),
)  # fmt: skip


class Factorial(Figure):
    """Eleven activations, two initial scales, four kinds of bins, two lengths: what decides about compression"""

    title = "What decides whether a network compresses"
    where = "class reproduction, open question"
    seeds = SEEDS

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

    def judge(self, rows: Rows) -> Sequence[Judged]:
        def drop(cell: Cell, criterion: Criterion) -> Finding:
            name = f"drop of I(X;T) after its peak, {cell.activation}, bins: {cell.bins}"
            return score_finding(name, criterion, series_of(rows, cell))

        def difference(name: str, first: Cell, second: Cell) -> Finding:
            pair = (series_of(rows, cell) for cell in (first, second))
            return score_finding(name, _RAISES, *pair, weights=(1.0, -1.0))

        def by_property(has: Callable[[Properties], bool], large: bool = False) -> tuple[Finding, ...]:
            return tuple(
                drop(Cell(activation, large=large), COMPRESS if has(properties) else FLAT)
                for activation, properties in ACTIVATIONS.items()
            )

        judged = [Judged(claim, by_property(has)) for claim, has in _CANDIDATES]
        judged[0] = judged[0]._replace(notes=_accuracies(rows))
        judged.append(Judged(_SCALE, by_property(lambda has: has.saturates, large=True), _accuracies(rows, large=True)))
        turns = {
            Cell("tanh"): COMPRESS,
            Cell("tanh", "in net input"): FLAT,
            Cell("relu"): FLAT,
            Cell("relu", "on [-1, 1]"): COMPRESS,
        }
        judged.append(Judged(_BINS, tuple(drop(cell, criterion) for cell, criterion in turns.items())))
        later = [
            difference(f"drop at the end minus drop by epoch {SHORT}, {name}", Cell(name), Cell(name, long=False))
            for name, properties in ACTIVATIONS.items()
            if properties.saturates
        ]
        judged.append(Judged(_TIME, tuple(later)))
        for claim, pairs in _PAIRS:
            findings = [difference(f"drop, {a} minus {b}", Cell(a), Cell(b)) for a, b in pairs]
            judged.append(Judged(claim, tuple(findings)))
        return judged


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
        accuracy = rows.filter(network=network_of(activation, large), quantity="accuracy", split="test")
        if len(accuracy):
            said.append(f"{activation} {100 * np.nanmean(accuracy.curves()[2][:, -1]):.1f} %")
    return (f"final test accuracy: {', '.join(said)}",) if said else ()
