"""Sigmoid on the 12-bit task over rate, optimiser and output: in which corner is "no compression" true?

The class reproduction (slides, not the paper) reports no compression for sigmoid and gives no rate. Paper: the paper
says that double saturation compresses, so one of the two should be wrong of a sigmoid. Our sentences are the claims
below: under either optimiser and with either output a sigmoid network does not compress where it is trained slowly, and
does where it is trained ten times as fast, so that both are right and how long it was trained, in rate times updates,
decides.

    infoscope run saxe2018/sigmoid_corners --preset laptop

12-10-7-5-4-3-2, sigmoid, 30 bins on [0, 1]; Adam at 4e-4 and 4e-3, SGD at 0.1 and 1, batch 256, 8000 epochs; a softmax
as output, as in the paper's code, or two sigmoids that are trained by themselves, as its text and the slides have it.
Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 16 seeds, about 3 minutes of CPU;
paper: 50 seeds, 10 minutes. Where a corner has not learned the task by then, its claim is not testable.

Deviations: those of figure 1A.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, findings_of
from infoscope.claim.reading.layers import in_words
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import HIDDEN, WIDTHS, boolean12_plan
from infoscope.papers.saxe2018._parts import COMPRESS, DROP_OF_INFORMATION, FLAT, accuracy, drops, information
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.network import Head
from infoscope.train.networks.fully_connected import FullyConnected

#: Optimiser -> its slow and its fast rate.
RATES: dict[str, tuple[float, float]] = {"adam": (4e-4, 4e-3), "sgd": (0.1, 1.0)}
#: Output -> what a corner's name and a claim's id have behind them, and a claim in words.
OUTPUTS: dict[Head, tuple[str, str, str]] = {
    "softmax": ("", "", ""),
    "sigmoids": ("_two", "-two-sigmoids", " with two sigmoids as output"),
}
_LAST = "hidden5"


def _corner(optimiser: str, speed: str, output: Head = "softmax") -> str:
    return f"{optimiser}_{speed}{OUTPUTS[output][0]}"


def _drop(name: str, layers: Sequence[str], slow: bool) -> Part:
    series = [information(name, layer) for layer in layers]
    return drops(series, FLAT, f"{DROP_OF_INFORMATION}, slow") if slow else drops(series, COMPRESS)


def _claim(optimiser: str, words: str, output: Head = "softmax") -> Claim:
    _, behind, with_output = OUTPUTS[output]
    return Claim(
        id=f"saxe2018/sigmoid_corners/{optimiser}{behind}",
        origin="ours",
        paper="saxe2018",
        where="class reproduction, slides",
        sentence=f"A sigmoid network{with_output} trained by {words} compresses at the high rate, not at the low one.",
        parts=(
            _drop(_corner(optimiser, "fast", output), (_LAST,), slow=False),
            _drop(_corner(optimiser, "slow", output), HIDDEN, slow=True),
        ),
        headline=DROP_OF_INFORMATION,
        published="no compression for sigmoid (slides, no rate); double saturation compresses (the paper)",
    )


class SigmoidCorners(Figure):
    """Sigmoid by Adam and by SGD, slowly and ten times as fast, with either output: where it compresses (E18)

    >>> from infoscope.papers.saxe2018.sigmoid_corners import SigmoidCorners
    >>> plans = SigmoidCorners().plan("laptop")
    >>> {name: plan.recipe.learning_rate for name, plan in plans.items()}
    {'adam_slow': 0.0004, 'adam_fast': 0.004, 'sgd_slow': 0.1, 'sgd_fast': 1.0, 'adam_slow_two': 0.0004,
    'adam_fast_two': 0.004, 'sgd_slow_two': 0.1, 'sgd_fast_two': 1.0}
    >>> plans["sgd_fast_two"].network.head
    'sigmoids'
    """

    title = "Sigmoid over rate, optimiser and output"
    where = "class reproduction"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 16, "paper": 50}
    claims = (
        _claim("adam", "Adam"),
        _claim("sgd", "plain SGD"),
        _claim("adam", "Adam", "sigmoids"),
        _claim("sgd", "plain SGD", "sigmoids"),
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        unit = (MeasurePlan("binned", {"bins": 30, "range": (0.0, 1.0)}),)
        plans: dict[str, NetworkPlan] = {}
        for output, (_, _, words) in OUTPUTS.items():
            for optimiser, rates in RATES.items():
                for speed, rate in zip(("slow", "fast"), rates, strict=True):
                    how: dict[str, Any] = {"optimiser": optimiser, "learning_rate": rate}
                    title = f"{optimiser} at {rate:g}{words}"
                    plan = boolean12_plan("sigmoid", preset, seeds, unit, title=title, **how)
                    network = FullyConnected(WIDTHS, "sigmoid", head=output)
                    plans[_corner(optimiser, speed, output)] = dataclasses.replace(plan, network=network)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """All corners: drops of the last hidden layer, and what was learned."""
        names = [_corner(each, speed, output) for output in OUTPUTS for each in RATES for speed in ("slow", "fast")]
        told = list(in_words(findings_of([drops([information(name, _LAST) for name in names], FLAT)], rows)))
        found = {name: accuracy(name).of(rows) for name in names}
        if all(len(each) for each in found.values()):
            ends = [f"{name} {np.nanmean(each.curves()[2][:, -1]):.3f}" for name, each in found.items()]
            told.append(f"final test accuracy: {', '.join(ends)}")
        return {f"{optimiser}{behind}": told for optimiser in RATES for _, behind, _ in OUTPUTS.values()}
