"""What the checkerboard figures on rate and batch are arms of: one choice of training against another, read twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    ACTIVATIONS,
    EPOCHS,
    IN_WORDS_ACTIVATIONS,
    LEAST_EFFECT,
    SEEDS,
    SMALL,
    TWO,
    checkerboard_plan,
    differences,
    last_hidden,
    told_of_both,
)
from infoscope.papers.kleinman2021._quoted import REGULARISATION
from infoscope.scanning.plan import NetworkPlan, Preset

SITE = last_hidden(SMALL)


class Side(NamedTuple):
    """One choice of training: its network's name after the activation, what it is in words, and its recipe."""

    name: str
    words: str
    recipe: dict[str, Any]


class MatchedSides(NamedTuple):
    """Two sides from the same initial weights: the one that trains longer is read when the other ends, and at its end.

    figure: its id. times: as many epochs does the longer take, a fraction. same: what either reading makes the same, by
    name and in words, the earlier first. sentence: what comes of it.
    """

    figure: str
    longer: Side
    other: Side
    times: tuple[int, int]
    same: dict[str, str]
    sentence: str
    published: str

    def claims(self) -> tuple[Claim, ...]:
        return tuple(self._claim(activation, same) for activation, same in self._readings())

    def plans(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans, epochs = {}, EPOCHS[preset]
        for activation in ACTIVATIONS:
            for side, more in ((self.other, {"probed": ()}), (self.longer, self._longer(epochs))):
                title = f"FC Small, {IN_WORDS_ACTIVATIONS[activation]}, {side.words}"
                how = {"activation": activation, **more, **side.recipe}
                plans[f"{activation}_{side.name}"] = checkerboard_plan(title, preset, seeds, **how)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            f"{activation}-same-{same}": told_of_both(
                rows, TWO, *self._arms(activation), SITE, matched=self._early(same)
            )
            for activation, same in self._readings()
        }

    def _longer(self, epochs: int) -> dict[str, Any]:
        times, over = self.times
        return {"epochs": -(-epochs * times // over), "probed": (epochs,)}

    def _readings(self) -> Iterator[tuple[str, str]]:
        return ((activation, same) for activation in ACTIVATIONS for same in self.same)

    def _early(self, same: str) -> bool:
        return same == next(iter(self.same))

    def _arms(self, activation: str) -> tuple[str, str]:
        return f"{activation}_{self.longer.name}", f"{activation}_{self.other.name}"

    def _claim(self, activation: str, same: str) -> Claim:
        words, network = (self.longer.words, self.other.words), IN_WORDS_ACTIVATIONS[activation]
        parts = differences(TWO, *self._arms(activation), SITE, words, matched=self._early(same))
        return Claim(
            id=f"{self.figure}/{activation}-same-{same}",
            paper="kleinman2021",
            where="abstract; checkerboard task (a re-derivation)",
            sentence=f"After {self.same[same]}, {self.sentence} in a narrow {network} network.",
            parts=parts,
            origin="published",
            quoted=REGULARISATION,
            headline=parts[0].name,
            published=self.published,
            revised=LEAST_EFFECT,
        )


class TwoSides(Figure):
    """Base of the figures that compare two sides."""

    sides: ClassVar[MatchedSides]
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return self.sides.plans(preset, seeds)

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return self.sides.notes(rows)
