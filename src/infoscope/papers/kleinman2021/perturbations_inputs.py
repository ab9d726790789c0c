"""PT2: networks that first saw blurred, upside-down or no images, and what they read of images afterwards.

Paper: perturbing the initial part of training changes the representations it ends with (abstract). Our sentences are
the claims below, fixed before the first run: what the authors report for critical periods in another paper (Achille et
al. 2019), where early blur leaves a permanent loss and vertical flips do not.

    infoscope run kleinman2021/perturbations_inputs --preset laptop

100 epochs of digits that are shrunk to 2 x 2 pixels and back, turned upside down, or replaced by noise; then 200 on
the task; weights, rates and schedules of kleinman2021/perturbations. Hardware: 2 CPU cores. smoke: seconds (2 epochs on
the task; too short for a verdict). laptop: 8 seeds, about 4 minutes; paper: 50 seeds of the same. The bases are taken
over from kleinman2021/perturbations where that lies in the same --out folder.

Deviations: those of kleinman2021/perturbations. Fully connected networks on 8 x 8 pixels, where a flip is a permutation
that the first layer can undo, and where the paper on critical periods has convolutional ones on photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.kleinman2021._beginnings import Schedule, accuracies, arm, arm_plan
from infoscope.papers.kleinman2021._digits import DIGITS, LAST, SEEDS
from infoscope.papers.kleinman2021._images import NEW_ROWS, REST, alike_findings, end_difference, ends_in_words
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.recipe import Disturbance

_WHERE = "abstract, on the initial part of training (a re-derivation)"
_PUBLISHED = "early blur leaves a permanent loss, a vertical flip does not (another paper: Achille et al. 2019)"
_KINDS: tuple[Disturbance, ...] = ("blur", "flip", "noise")
_LOSES = Criterion(">=", nats(0.05), "nats")
_WORDS: dict[Schedule, str] = {
    "falling": "rate falling from the start of all training",
    "restarted": "falling rate, restarted when the images are clean",
    "steady": "constant rate",
}


def _claim(kind: str, schedule: Schedule, sentence: str, rule: str) -> Claim:
    return Claim(
        id=f"kleinman2021/perturbations_inputs/{kind}-with-{schedule}-rate",
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"{sentence}: {_WORDS[schedule]}.",
        rule=f"100 epochs, then 200 clean ones: {rule}; with its whole 95 % interval over seeds",
        published=_PUBLISHED,
    )


_BLUR = {
    schedule: _claim(
        "blur", schedule, "A network that first saw blurred images reads less of what it needs, for good",
        "I_u(T;coarse) of the last hidden layer at the end, base minus blur first, ≥ 0.05 bits",
    )
    for schedule in get_args(Schedule)
}  # fmt: skip
_FLIP = {
    schedule: _claim(
        "flip", schedule, "A network that first saw images upside down reads as much of what it needs",
        "I_u(T;coarse) of the last hidden layer at the end, base and flip first, differ by ≤ 0.05 bits either way",
    )
    for schedule in get_args(Schedule)
}  # fmt: skip


class PerturbationsInputs(Figure):
    """Digits, begun with blurred, flipped or noise images: what is lost for good (PT2)"""

    title = "Beginnings with other images"
    where = "abstract, on the initial part of training"
    seeds = SEEDS
    presupposes = NEW_ROWS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {arm(schedule): arm_plan(preset, seeds, schedule) for schedule in ("falling", "steady")}
        for schedule in get_args(Schedule):
            for kind in _KINDS:
                plans[arm(schedule, kind)] = arm_plan(preset, seeds, schedule, "long", inputs=kind)
        return plans

    def judge(self, rows: Rows) -> Sequence[Judged]:
        blur = [Judged(claim, (_lost(rows, schedule),)) for schedule, claim in _BLUR.items()]
        flip = [Judged(claim, _kept(rows, schedule)) for schedule, claim in _FLIP.items()]
        blur[0] = blur[0]._replace(notes=_ends(rows))
        return [*blur, *flip]


def _relevant(rows: Rows, schedule: Schedule, kind: str = "") -> Rows:
    return DIGITS.relevant(rows, arm(schedule, kind), LAST)


def _lost(rows: Rows, schedule: Schedule) -> Finding:
    series = _relevant(rows, schedule), _relevant(rows, schedule, "blur")
    return finding(f"I_u(T;coarse) at the end, base minus blur, {schedule} rate", _LOSES, end_difference, *series)


def _kept(rows: Rows, schedule: Schedule) -> tuple[Finding, Finding]:
    name = f"I_u(T;coarse) at the end, base and flip, {schedule} rate"
    return alike_findings(name, _relevant(rows, schedule), _relevant(rows, schedule, "flip"))


def _ends(rows: Rows) -> tuple[str, ...]:
    """Where every arm ends, in words: what it needs, what it does not, and how accurate it is."""
    names = rows.unique("network")
    relevant = [(f"{name}:", DIGITS.relevant(rows, name, LAST)) for name in names]
    rest = [(f"{name}:", DIGITS.rest(rows, name, LAST)) for name in names]
    return (
        *ends_in_words("I_u(T;coarse) at the end", "nats", relevant),
        *ends_in_words(f"{REST} at the end", "nats", rest),
        *ends_in_words("test accuracy", "fraction", accuracies(rows)),
    )
