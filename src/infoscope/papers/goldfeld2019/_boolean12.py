"""What the noisy 12-bit figures share: the network as the released code trains it, and when it is looked at."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from infoscope.papers.saxe2018._boolean12 import WIDTHS
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

NOISE = 0.005
EPOCHS = {"smoke": 8, "laptop": 9999, "long": 9999, "paper": 9999}
REPLICAS = {"smoke": 16, "laptop": 512, "long": 512, "paper": 1024}
#: Of the 84 recorded epochs every so many is measured, and the last.
EVERY = {"smoke": 8, "laptop": 3, "long": 3, "paper": 1}
#: Rows that are measured: all 4096 patterns, or the first.
ROWS = {"smoke": 512, "laptop": None, "long": None, "paper": None}


def recorded(preset: Preset) -> tuple[int, ...]:
    """The 84 epochs of the released code: the distinct roundings of 100 logarithmically spaced ones from 1 to 9999."""
    epochs = np.unique(np.round(np.logspace(0, np.log10(9999), 100)).astype(int)).tolist()
    return tuple(epoch for epoch in epochs if epoch <= EPOCHS[preset])


def measured(preset: Preset) -> tuple[int, ...]:
    epochs = recorded(preset)
    return tuple(sorted({*epochs[:: EVERY[preset]], epochs[-1]}))


def propagation(preset: Preset, noise: float = NOISE) -> MeasurePlan:
    """The network's own information by noisy forwards: all 4096 inputs there are, 0.02 nats (at smoke 0.1)."""
    tolerance = 0.1 if preset == "smoke" else 0.02
    options = {"noise": noise, "population": "dataset", "tolerance": tolerance, "replicas": REPLICAS[preset]}
    return MeasurePlan("noisy", options, epochs=measured(preset))


def constellation(preset: Preset, site: str, noise: float = NOISE) -> MeasurePlan:
    """200 points of one layer early, at a first peak, a trough and a second peak of its I(X;T), and at the end."""
    wanted = {1, 26, 72, 509, recorded(preset)[-1]}
    epochs = tuple(epoch for epoch in recorded(preset) if epoch in wanted)
    return MeasurePlan("constellation", {"noise": noise}, sites=(site,), epochs=epochs)


def noisy12_plan(
    preset: Preset, seeds: tuple[int, ...], measures: tuple[MeasurePlan, ...], title: str = "", **changes: Any
) -> NetworkPlan:
    """12-10-7-5-4-3-2, tanh with noise of standard deviation 0.005, torch's own initialisation, Adam 4e-4, batch 256.

    changes: to the recipe.
    """
    recipe = Recipe(epochs=10_000, learning_rate=4e-4, batch=256, optimiser="adam")
    return NetworkPlan(
        title=f"{'-'.join(map(str, WIDTHS))}, tanh, noise {NOISE:g}{title and f', {title}'}",
        task="boolean12",
        network=FullyConnected(WIDTHS, "tanh", initialisation="uniform_fan_in", noise=NOISE),
        recipe=dataclasses.replace(recipe, **changes),
        seeds=seeds,
        epochs=recorded(preset),
        measures=measures,
        evaluate_rows=ROWS[preset],
    )
