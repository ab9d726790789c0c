"""CB6: do smaller batches discard more of the irrelevant colour?

Paper: SGD with small batches helps to reach minimal sufficient representations (abstract). Our sentences: at the end of
training the last hidden layer of a network trained with batch 512 holds more about colour than that of one trained with
batch 32 from the same initial weights, for as many epochs, and for as many updates.

    infoscope run kleinman2021/checkerboard_batch --preset laptop

Deviations: the networks, probes and deviations are those of kleinman2021/checkerboard (narrow ones). An epoch is 282
updates with batch 32 and 18 with batch 512, so the large batch trains for 470 epochs and is compared with the 30 epochs
of the small one at epoch 30 and at epoch 470 (8460 updates in both, at the same rate: as much rate times updates, too).
Seeds that have not solved the task in either arm of a comparison are left out of both and counted; after as many epochs
that may be most. Hardware: 2 CPU cores. smoke: seconds (2 and 32 epochs; too short for a verdict). laptop: 24 seeds,
about 2 minutes; paper: 50 seeds.

The thresholds were fixed before the first run of this code, after a pilot with 8 seeds that saw no effect beyond the
number of updates. A re-derivation: the paper's own batch sizes were not at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    ACTIVATIONS,
    BATCH,
    EPOCHS,
    IN_WORDS_ACTIVATIONS,
    SEEDS,
    SMALL,
    TWO,
    checkerboard_plan,
    differences,
    last_hidden,
    told_of_both,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_LARGE = 512
_UPDATES = {BATCH: 282, _LARGE: 18}  # an epoch of 9000 trials
_MATCHED = {"epochs": "as many epochs", "updates": "as many updates"}


_SITE = last_hidden(SMALL)


_BATCHES = (f"batch {_LARGE}", f"batch {BATCH}")


def _arms(activation: str) -> tuple[str, str]:
    return f"{activation}_large", f"{activation}_small"


def _claim(activation: str, matched: str) -> Claim:
    parts = differences(TWO, *_arms(activation), _SITE, _BATCHES, matched=matched == "epochs")
    return Claim(
        id=f"kleinman2021/checkerboard_batch/{activation}-same-{matched}",
        paper="kleinman2021",
        where="abstract; checkerboard task (a re-derivation)",
        sentence=f"After {_MATCHED[matched]}, small batches leave less about colour in a narrow "
        f"{IN_WORDS_ACTIVATIONS[activation]} network.",
        parts=parts,
        headline=parts[0].name,
        published="small batches help SGD to reach minimal sufficient representations",
    )


class CheckerboardBatch(Figure):
    """Colour with small and large batches, the same epochs or the same updates (CB6)"""

    title = "Batch size and what is discarded"
    where = "abstract; checkerboard task"
    seeds = SEEDS
    claims = tuple(_claim(activation, matched) for activation in ACTIVATIONS for matched in _MATCHED)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for activation in ACTIVATIONS:
            words, short = IN_WORDS_ACTIVATIONS[activation], EPOCHS[preset]
            plans[f"{activation}_small"] = checkerboard_plan(
                f"FC Small, {words}, batch {BATCH}", preset, seeds, activation=activation, probed=()
            )
            plans[f"{activation}_large"] = checkerboard_plan(
                f"FC Small, {words}, batch {_LARGE}",
                preset,
                seeds,
                activation=activation,
                epochs=-(-short * _UPDATES[BATCH] // _UPDATES[_LARGE]),
                probed=(short,),
                batch=_LARGE,
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
