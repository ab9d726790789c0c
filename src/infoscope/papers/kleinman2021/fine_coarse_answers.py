"""What a network answers to each fine class while it learns the coarse one: fine x coarse along training.

Paper: networks are asked for the coarse label only, and the poster shows what they answer ("output coarse label").
Our sentences, fixed before the first run: which fine classes are answered wrongly is far from even at first, and at the
end every one of them gets its coarse answer.

    infoscope run kleinman2021/fine_coarse_answers --preset laptop

A plate shows the digits, framed by the half that they are in, as the poster shows classes under two groups. The
network of kleinman2021/fine_coarse at the high rate, on the halves of the digits; its answer is the larger of its
two outputs, counted for each digit among the rows that are new to it. The picture is a strip a digit: from blue, all
answered as below five, to orange, all answered as five or more. Hardware: 2 CPU cores. smoke: a second (2 epochs; too
short for a verdict). laptop: 8 seeds, about a minute; paper: 50 seeds of the same. Networks that
kleinman2021/fine_coarse has trained are taken over from it where that lies in the same --out folder.

Deviations: those of kleinman2021/fine_coarse. The poster shows CIFAR; its numbers were not at hand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import Quantity
from infoscope.data import task as load_task
from infoscope.papers.kleinman2021._digits import CLASSES, DIGITS, SEEDS, digits_plan
from infoscope.papers.kleinman2021._images import NEW_ROWS
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_WHERE = "poster, what the network answers (a re-derivation)"
_NETWORK = "answering"
_EARLY = 1  # the recorded epoch after the untrained one: epoch 1


def _right(digit: int) -> Series:
    """The share of a digit's rows that get the answer of its half."""
    variable = f"{DIGITS.fine} {digit}, answer {int(digit >= CLASSES // 2)}"
    return Series("answered_share", _NETWORK, "output", variable=variable)


def _least_right(*curves: np.ndarray) -> np.ndarray:
    return np.min([last(curve) for curve in curves], axis=0)


def _spread(*curves: np.ndarray) -> np.ndarray:
    """How far the best and the worst digit are apart after the first epoch, less the same at the end."""
    early, late = (np.stack([curve[..., at] for curve in curves]) for at in (_EARLY, -1))
    return np.ptp(early, axis=0) - np.ptp(late, axis=0)


_EXAMPLES = tuple(f"example{k + 1}" for k in range(8))
_PIXEL = Quantity("pixel", "fraction", "Brightness of a pixel", "picture")


def _plate(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    """The first images of each digit, as they lie in the file."""
    task = load_task("digits")
    (_, _, across), halves = task.shape, ("below five", "five or more")
    for digit in range(CLASSES):
        found = np.flatnonzero(task.variables[DIGITS.fine] == digit)[: len(_EXAMPLES)]
        variable = f"{halves[digit >= CLASSES // 2]}: {DIGITS.fine} {digit}"
        for site, row in zip(_EXAMPLES, found, strict=True):
            pixels = task.inputs[row, np.array(at, int)].astype(np.float64)[None]
            yield Curve(site, _PIXEL, pixels, "brightness", variable=variable, options={"width": across})


_DIGITS = {"": [_right(digit) for digit in range(CLASSES)]}
_EVERY = Claim(
    id="kleinman2021/fine_coarse_answers/every-fine-class",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="At the end every digit is answered by its half.",
    parts=(
        Part(
            "share of right answers to the digit with the fewest, at the end",
            _DIGITS,
            of_means("share of right answers to the digit with the fewest, at the end,", _least_right),
            Criterion(">=", 0.85, "fraction"),
        ),
    ),
    published="networks answer the coarse label (poster); how often, by fine class, was not at hand",
)
_UNEVEN = Claim(
    id="kleinman2021/fine_coarse_answers/uneven-at-first",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="After the first epoch some digits are answered right much more often than others, and then no longer.",
    parts=(
        Part(
            "best less worst share of right answers, after the first epoch minus at the end",
            _DIGITS,
            of_means(
                "best less worst share of right answers to a digit, after the first epoch less the same at the end,",
                _spread,
            ),
            Criterion(">=", 0.1, "fraction", fails_at=0.0),
        ),
    ),
    published="not at hand",
)


class FineCoarseAnswers(Figure):
    """Digits, trained on their half: what is answered to each digit along training

    >>> from infoscope.papers.kleinman2021.fine_coarse_answers import FineCoarseAnswers
    >>> [measure.estimator for measure in FineCoarseAnswers().plan("laptop")["answering"].measures]
    ['confusion']
    """

    title = "What is answered to each digit"
    where = "poster, the task of the coarse label"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (_EVERY, _UNEVEN)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        """The plate: some images of each digit, and the half that each is in."""
        side = 8
        return {
            "plate": Computation(
                title="The ten digits, and what is trained on",
                curves=_plate,
                sites=_EXAMPLES,
                at=tuple(float(pixel) for pixel in range(side * side)),
                axis="pixel",
                task="digits",
            )
        }

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plan = digits_plan("rate 0.2", preset, seeds)
        answers = MeasurePlan("confusion", {}, ("output",))
        return {_NETWORK: dataclasses.replace(plan, measures=(answers,))}
