"""What the 12-bit figures share: the network of Saxe et al. 2018, its presets, and how a finding is read off rows."""

from __future__ import annotations

from infoscope.claim.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.record.schedule import log_spaced
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

WIDTHS = (12, 10, 7, 5, 4, 3, 2)
EPOCHS = {"smoke": 60, "laptop": 8000, "paper": 8000}
POINTS = {"smoke": 12, "laptop": 100, "paper": 400}  # of the logarithmic schedule, before rounding to whole epochs
SEEDS = {"smoke": 3, "laptop": 16, "paper": 50}


def boolean12_plan(
    activation: str, preset: Preset, seeds: tuple[int, ...], measures: tuple[MeasurePlan, ...]
) -> NetworkPlan:
    """12-10-7-5-4-3-2 on the 12-bit task as the released code trains it: Adam, rate 4e-4, batch 256, fan-in init."""
    return NetworkPlan(
        title=f"12-10-7-5-4-3-2, {activation}",
        task="boolean12",
        network=FullyConnected(WIDTHS, activation),
        recipe=Recipe(epochs=EPOCHS[preset], learning_rate=4e-4, batch=256, optimiser="adam"),
        seeds=seeds,
        epochs=log_spaced(EPOCHS[preset], POINTS[preset]),
        measures=measures,
    )
