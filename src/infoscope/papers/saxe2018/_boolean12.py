"""What the 12-bit figures share: the network of Saxe et al. 2018, its presets, and how a finding is read off rows."""

from __future__ import annotations

import dataclasses
from typing import Any

from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

WIDTHS = (12, 10, 7, 5, 4, 3, 2)
HIDDEN = ("hidden1", "hidden2", "hidden3", "hidden4", "hidden5")
LAYERS = (*HIDDEN, "output")
EPOCHS = {"smoke": 60, "laptop": 8000, "long": 8000, "paper": 8000}
POINTS = {
    "smoke": 12,
    "laptop": 100,
    "long": 100,
    "paper": 400,
}  # of the logarithmic schedule, before rounding to whole epochs
#: What the paper's text says in place of the released code's Adam; the rate is ours.
PLAIN_SGD: dict[str, Any] = {"title": "plain SGD", "optimiser": "sgd", "learning_rate": 0.1}
SEEDS = {"smoke": 3, "laptop": 50, "paper": 50}


def boolean12_plan(
    activation: str,
    preset: Preset,
    seeds: tuple[int, ...],
    measures: tuple[MeasurePlan, ...],
    *,
    widths: tuple[int, ...] = WIDTHS,
    title: str = "",
    gradients: bool = False,
    **changes: Any,
) -> NetworkPlan:
    """12-10-7-5-4-3-2 on the 12-bit task as the released code trains it: Adam, rate 4e-4, batch 256, fan-in init.

    changes: to the recipe. Plans without changes share their training with figures 1A and 1B.
    """
    recipe = Recipe(epochs=EPOCHS[preset], learning_rate=4e-4, batch=256, optimiser="adam")
    recipe = dataclasses.replace(recipe, **changes)
    return NetworkPlan(
        title=f"{'-'.join(map(str, widths))}, {activation}{title and f', {title}'}",
        task="boolean12",
        network=FullyConnected(widths, activation),
        recipe=recipe,
        seeds=seeds,
        epochs=log_spaced(recipe.epochs, POINTS[preset]),
        measures=measures,
        gradients=gradients,
    )


def some_epochs(preset: Preset) -> tuple[int, ...]:
    """Every third of the recorded epochs and the last: for what is slow to measure, or has many values."""
    recorded = log_spaced(EPOCHS[preset], POINTS[preset])
    return tuple(sorted({*recorded[::3], recorded[-1]}))


def relu_bins() -> tuple[MeasurePlan, MeasurePlan]:
    """The bins of figure 1B: hidden layers up to each member's largest recorded activity, the output on [0, 1]."""
    hidden = MeasurePlan("binned", {"bins": 100, "range": "recorded"}, sites=HIDDEN)
    output = MeasurePlan("binned", {"bins": 30, "range": (0.0, 1.0)}, sites=("output",))
    return hidden, output


def tanh_bins() -> MeasurePlan:
    """The bins of figure 1A."""
    return MeasurePlan("binned", {"bins": 30, "range": (-1.0, 1.0)})
