"""PT1 and PT3 on photographs: networks that began with the superclass, with random labels or with blurred images.

Paper: perturbing the initial part of training impacts the learning dynamics and the representations it ends with
(abstract, on image classification too). Our sentences, fixed before the first run, are about both: a network that first
learnt the superclass holds more of it all along and at the end; one that began with random labels or with blurred
photographs learns the task later.

    infoscope run kleinman2021/perturbations_images --preset long

The task and network of kleinman2021/fine_coarse_groups, rate 0.1; a third of the epochs with the beginning, then as
many on the task as its high rate has. Ten outputs in every arm, so that all start from the same weights. Hardware: 2
CPU cores. smoke: seconds (1 epoch each on 64 rows; too short for a verdict). laptop: 2 seeds, 4 and 12 epochs on
2000 rows, 2 minutes. long: 3 seeds, 20 and 60 epochs on 8000 rows, about 45 minutes. paper: 5 seeds on 25 000 rows.
The base is taken over from kleinman2021/fine_coarse_groups where that lies in the same --out folder.

Deviations: those of kleinman2021/fine_coarse_groups; a re-derivation and no replication. The rate is constant, so a
longer training is recovered from at the same rate. Which perturbations the paper tries was not at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import end_difference
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._beginnings import LATER, OVER_THE_COURSE, SLOWER
from infoscope.papers.kleinman2021._groups import EPOCHS, GROUPS, HIGH, LAST, SEEDS, groups_plan
from infoscope.papers.kleinman2021._images import EFFECT, NEW_ROWS, REST, accuracy, ends_in_words
from infoscope.papers.kleinman2021._quoted import PERTURBING
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.recipe import Beginning, Disturbance

_BASE = "high"  # as kleinman2021/fine_coarse_groups calls it
_LABELS = {"superclass_first": GROUPS.fine, "random_first": "random"}
_IMAGES: dict[str, Disturbance] = {"blur_first": "blur"}
_WHERE = "abstract, on the initial part of training; images (a re-derivation)"
_PUBLISHED = "perturbing the initial part of training impacts dynamics and representations (abstract)"


def _rest(network: str) -> Series:
    return GROUPS.rest(network, LAST)


_BOTH = {"superclass first": (_rest("superclass_first"), _rest(_BASE))}
_HELD = Claim(
    id="kleinman2021/perturbations_images/superclass-first",
    origin="published",
    quoted=PERTURBING,
    paper="kleinman2021",
    where=_WHERE,
    sentence="A network that first learnt the superclass holds more of it, all along and at the end.",
    parts=(
        Part(
            f"{REST} over the course, arm minus base",
            _BOTH,
            OVER_THE_COURSE,
            EFFECT,
        ),
        Part(
            f"{REST} at the end, arm minus base",
            _BOTH,
            of_means("{} at the end, arm less base,", end_difference),
            EFFECT,
        ),
    ),
    headline=f"{REST} at the end, arm minus base",
    published=_PUBLISHED,
)
_LATER = Claim(
    id="kleinman2021/perturbations_images/learnt-later",
    origin="published",
    quoted=PERTURBING,
    paper="kleinman2021",
    where=_WHERE,
    sentence="A network that began with random labels or with blurred photographs learns the task later.",
    parts=(
        Part(
            "test accuracy over the course, base minus arm",
            {name.replace("_", " "): (accuracy(name), accuracy(_BASE)) for name in ("random_first", "blur_first")},
            LATER,
            SLOWER,
        ),
    ),
    published=_PUBLISHED,
)


class PerturbationsImages(Figure):
    """Ten superclasses of CIFAR-100, begun with other labels or images: the course of learning, and its end (PT1, PT3)

    >>> from infoscope.papers.kleinman2021.perturbations_images import PerturbationsImages
    >>> plans = PerturbationsImages().plan("long")
    >>> {name: plan.recipe.epochs for name, plan in plans.items()}
    {'high': 60, 'superclass_first': 80, 'random_first': 80, 'blur_first': 80}
    """

    title = "Perturbed beginnings on photographs"
    where = "abstract, on the initial part of training"
    seeds = SEEDS
    long = "about 45 minutes on one CPU core: four networks of three seeds, 60 to 80 epochs of 8000 photographs"
    presupposes = NEW_ROWS
    claims = (_HELD, _LATER)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        begun = max(1, EPOCHS[preset][HIGH] // 3)
        beginnings = {name: Beginning(begun, labels=labels) for name, labels in _LABELS.items()}
        beginnings |= {name: Beginning(begun, inputs=inputs) for name, inputs in _IMAGES.items()}
        plans = {_BASE: groups_plan(f"rate {HIGH:g}", preset, seeds, HIGH)}
        for name, beginning in beginnings.items():
            title = f"{name.replace('_', ' ')}, for {begun} epochs"
            plans[name] = groups_plan(title, preset, seeds, HIGH, beginning)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        names = [_BASE, *_LABELS, *_IMAGES]
        rest = [(f"{name}:", _rest(name).of(rows)) for name in names]
        right = [(f"{name}:", accuracy(name).of(rows)) for name in names]
        return {
            "superclass-first": ends_in_words(f"{REST} at the end", "nats", rest),
            "learnt-later": ends_in_words("test accuracy", "fraction", right),
        }
