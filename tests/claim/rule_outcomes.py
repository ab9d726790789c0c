"""What rules say of made-up rows, and curves to make them up from."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.judging import Guess, verdicts
from infoscope.core.claim import Outcome, Verdict
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import LOSS, Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.core.units import nats
from infoscope.scanning.plan import PRESETS, NetworkPlan

GUESS = Guess(math.log(2), 0.5)
FITTED = (0.69, 0.3, 0.02, 0.01)  # training loss in nats, from the first recorded epoch to the last
CHANCE = (0.69, 0.693, 0.6925, 0.6931)


def outcomes(figure: Figure, rows: Rows) -> dict[str, Outcome]:
    """The outcome of each claim of ``figure``, of networks that have learned, by the last part of the claim's name."""
    networks = trained_networks(figure).intersection(rows.unique("network"))
    whole = Rows.concat([rows, *(learning_curves(rows, network) for network in networks)])
    found = guarded(figure, whole, networks)
    return {verdict.claim.id.split("/")[-1]: verdict.outcome for verdict in found}


def guarded(figure: Figure, rows: Rows, networks: set[str], preset: str = "laptop", seeds: int = 12) -> list[Verdict]:
    return verdicts(figure, rows, dict.fromkeys(sorted(networks), GUESS), "made-up", preset, seeds)


def trained_networks(figure: Figure) -> set[str]:
    """The networks that ``figure`` trains at some preset; the others are computed."""
    plans = {name: plan for preset in PRESETS for name, plan in figure.plan(preset).items()}
    return {name for name, plan in plans.items() if isinstance(plan, NetworkPlan)}


def learning_curves(rows: Rows, network: str, loss=FITTED, right=1.0) -> Rows:
    """Learning curves for the members of ``network`` at its epochs in ``rows``; test accuracies there are stand.

    loss: from start to end, the same for all members or by member. right: the accuracy at the end, likewise.
    """
    mine = rows.filter(network=network)
    builder = RowsBuilder("made-up")
    splits = ("train",) if len(mine.filter(quantity="accuracy", split="test")) else ("train", "test")
    at = sorted(set(zip(mine.column("step").tolist(), mine.column("epoch").tolist(), strict=True)))
    for member in mine.unique("member"):
        knots = loss[member] if isinstance(loss, dict) else loss
        end = right[member] if isinstance(right, dict) else right
        curve = np.interp(np.linspace(0, len(knots) - 1, len(at)), range(len(knots)), knots)
        for (step, epoch), value in zip(at, curve.tolist(), strict=True):
            accuracy = end if (step, epoch) == at[-1] else 0.5
            place = Place(network, step, "network", -1, "label", "training", member, member, epoch, "train")
            if math.isfinite(value):
                builder.add(place, Estimate(value, Quantity.of("loss", "nats"), "made up", 100))
            else:
                builder.add_failure(place, LOSS, f"loss is {value}: this member diverged", 100)
            for split in splits:
                here = dataclasses.replace(place, split=split)
                builder.add(here, Estimate(accuracy, Quantity.of("accuracy", "fraction"), "made up", 100))
    return builder.rows()


def bits_curve(*values: float) -> np.ndarray:
    return nats(1.0) * np.array(values)


def falling(drop_bits: float) -> np.ndarray:
    """Peaks at epoch 25 at 8 bits, then falls: all of it is done at epoch 400."""
    return bits_curve(5, 6, 7, 8, 8 - drop_bits / 2, 8 - drop_bits, 8 - drop_bits, 8 - drop_bits)


def late(drop_bits: float) -> np.ndarray:
    """Peaks at epoch 2000 at 8 bits and falls until 8000."""
    return bits_curve(1, 2, 3, 4, 5, 6, 8, 8 - drop_bits)
