"""PT2: networks that first saw blurred, upside-down or no images, and what they read of images afterwards.

Paper: perturbing the initial part of training changes the representations it ends with (abstract). Our sentences are
the claims below, fixed before the first run: what the authors report for critical periods in another paper (Achille et
al. 2019), where early blur leaves a permanent loss and vertical flips do not.

    infoscope run kleinman2021/perturbations_inputs --preset laptop

100 epochs of digits that are shrunk to 2 x 2 pixels and back, turned upside down, or replaced by noise; then 200 on
the task; weights, rates and schedules of kleinman2021/perturbations. Hardware: 2 CPU cores. smoke: seconds (2 epochs on
the task; too short for a verdict). laptop: 8 seeds, about 2 minutes; paper: 50 seeds of the same. The bases are taken
over from kleinman2021/perturbations where that lies in the same --out folder.

Deviations: those of kleinman2021/perturbations. Fully connected networks on 8 x 8 pixels, where a flip is a permutation
that the first layer can undo, and where the paper on critical periods has convolutional ones on photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import end_difference
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.kleinman2021._beginnings import BeginningSchedule, accuracies, arm, arm_plan
from infoscope.papers.kleinman2021._digits import DIGITS, LAST, SEEDS
from infoscope.papers.kleinman2021._images import BOTH_SIDES, NEW_ROWS, REST, alike, ends_in_words
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.recipe import Disturbance

_WHERE = "abstract, on the initial part of training (a re-derivation)"
_PUBLISHED = "early blur leaves a permanent loss, a vertical flip does not (another paper: Achille et al. 2019)"
_KINDS: tuple[Disturbance, ...] = ("blur", "flip", "noise")
_WORDS: dict[BeginningSchedule, str] = {
    "falling": "rate falling from the start of all training",
    "restarted": "falling rate, restarted when the images are clean",
    "steady": "constant rate",
}


def _relevant(schedule: BeginningSchedule, kind: str = "") -> Series:
    return DIGITS.relevant(arm(schedule, kind), LAST)


def _claim(kind: str, schedule: BeginningSchedule, sentence: str, parts: Sequence[Part], revised: str = "") -> Claim:
    return Claim(
        id=f"kleinman2021/perturbations_inputs/{kind}-with-{schedule}-rate",
        origin="recalled",
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"{sentence}: {_WORDS[schedule]}.",
        parts=tuple(parts),
        headline=parts[0].name,
        published=_PUBLISHED,
        revised=revised,
    )


def _lost(schedule: BeginningSchedule) -> Part:
    pair = {f"{schedule} rate": (_relevant(schedule), _relevant(schedule, "blur"))}
    words = of_means("{} at the end, base less 100 epochs of blurred images first,", end_difference)
    return Part("I_u(T;coarse) at the end, base minus blur", pair, words, Criterion(">=", nats(0.05), "nats"))


def _kept(schedule: BeginningSchedule) -> Part:
    pair = {f"{schedule} rate": (_relevant(schedule), _relevant(schedule, "flip"))}
    return alike("I_u(T;coarse) at the end, base and flip", pair)


_BLUR = {
    schedule: _claim(
        "blur", schedule, "A network that first saw blurred images reads less of what it needs, for good",
        [_lost(schedule)],
    )
    for schedule in get_args(BeginningSchedule)
}  # fmt: skip
_FLIP = {
    schedule: _claim(
        "flip", schedule, "A network that first saw images upside down reads as much of what it needs",
        [_kept(schedule)], revised=BOTH_SIDES,
    )
    for schedule in get_args(BeginningSchedule)
}  # fmt: skip


class PerturbationsInputs(Figure):
    """Digits, begun with blurred, flipped or noise images: what is lost for good (PT2)

    >>> from infoscope.papers.kleinman2021.perturbations_inputs import PerturbationsInputs
    >>> plans = PerturbationsInputs().plan("laptop")
    >>> plans["blur_long_falling"].recipe.beginning, plans["base_falling"].recipe.beginning
    (Beginning(epochs=100, labels='', inputs='blur', restart=False), None)
    """

    title = "Beginnings with other images"
    where = "abstract, on the initial part of training"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (*_BLUR.values(), *_FLIP.values())

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {arm(schedule): arm_plan(preset, seeds, schedule) for schedule in ("falling", "steady")}
        for schedule in get_args(BeginningSchedule):
            for kind in _KINDS:
                plans[arm(schedule, kind)] = arm_plan(preset, seeds, schedule, "long", inputs=kind)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {f"blur-with-{next(iter(_BLUR))}-rate": _ends(rows)}


def _ends(rows: Rows) -> tuple[str, ...]:
    """Where every arm ends, in words: what it needs, what it does not, and how accurate it is."""
    names = rows.unique("network")
    relevant = [(f"{name}:", DIGITS.relevant(name, LAST).of(rows)) for name in names]
    rest = [(f"{name}:", DIGITS.rest(name, LAST).of(rows)) for name in names]
    return (
        *ends_in_words("I_u(T;coarse) at the end", "nats", relevant),
        *ends_in_words(f"{REST} at the end", "nats", rest),
        *ends_in_words("test accuracy", "fraction", accuracies(rows)),
    )
