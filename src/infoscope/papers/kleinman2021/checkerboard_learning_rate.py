"""CB5: does a higher learning rate discard more of the irrelevant colour?

Paper: SGD with a high learning rate helps to reach minimal sufficient representations (abstract). Our sentences: at
the end of training the last hidden layer of a network trained at rate 0.005 holds more about colour than that of one
trained at rate 0.05 from the same initial weights, for as many epochs, and for as much rate times updates.

    infoscope run kleinman2021/checkerboard_learning_rate --preset laptop

Deviations: the networks, probes and deviations are those of kleinman2021/checkerboard (narrow ones). The low rate
trains for 300 epochs and is compared with the 30 epochs of the high rate at epoch 30 (which are as many updates, too)
and at epoch 300. Seeds that have not solved the task in either arm of a comparison are left out of both and counted.
Hardware: 2 CPU cores. smoke: seconds (2 and 20 epochs; too short for a verdict). laptop: 24 seeds, about 2 minutes;
paper: 50 seeds.

The thresholds were fixed before the first run of this code, after a pilot that was inconclusive (0.06 bits, standard
error 0.05, ReLU, same epochs, MLP probe). A re-derivation: the paper's own grid of rates was not at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    ACTIVATIONS,
    EPOCHS,
    IN_WORDS_ACTIVATIONS,
    RATE,
    SEEDS,
    SMALL,
    TWO,
    checkerboard_plan,
    differences,
    last_hidden,
    told_of_both,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_TIMES = 10  # lower
_MATCHED = {"epochs": "as many epochs and updates", "rate-times-updates": "as much rate times updates"}


_SITE = last_hidden(SMALL)


_RATES = (f"rate {RATE / _TIMES:g}", f"rate {RATE:g}")


def _arms(activation: str) -> tuple[str, str]:
    return f"{activation}_low", f"{activation}_high"


def _claim(activation: str, matched: str) -> Claim:
    parts = differences(TWO, *_arms(activation), _SITE, _RATES, matched=matched == "epochs")
    return Claim(
        id=f"kleinman2021/checkerboard_learning_rate/{activation}-same-{matched}",
        paper="kleinman2021",
        where="abstract; checkerboard task (a re-derivation)",
        sentence=f"After {_MATCHED[matched]}, a high learning rate leaves less about colour in a narrow "
        f"{IN_WORDS_ACTIVATIONS[activation]} network.",
        parts=parts,
        headline=parts[0].name,
        published="a high learning rate helps SGD to reach minimal sufficient representations",
    )


class CheckerboardLearningRate(Figure):
    """Colour at a high and a low learning rate, the same epochs or the same rate times updates (CB5)"""

    title = "Learning rate and what is discarded"
    where = "abstract; checkerboard task"
    seeds = SEEDS
    claims = tuple(_claim(activation, matched) for activation in ACTIVATIONS for matched in _MATCHED)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for activation in ACTIVATIONS:
            words, short = IN_WORDS_ACTIVATIONS[activation], EPOCHS[preset]
            plans[f"{activation}_high"] = checkerboard_plan(
                f"FC Small, {words}, rate {RATE}", preset, seeds, activation=activation, probed=()
            )
            plans[f"{activation}_low"] = checkerboard_plan(
                f"FC Small, {words}, rate {RATE / _TIMES}",
                preset,
                seeds,
                activation=activation,
                epochs=_TIMES * short,
                probed=(short,),
                learning_rate=RATE / _TIMES,
            )
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            f"{activation}-same-{matched}": told_of_both(
                rows, TWO, *_arms(activation), _SITE, matched=matched == "epochs"
            )
            for activation in ACTIVATIONS
            for matched in _MATCHED
        }
