"""What the figures on MNIST share: sizes by preset, training and measures."""

from __future__ import annotations

from typing import Any

from infoscope.record.schedule import thinning
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

_SIZES: dict[Preset, dict[str, Any]] = {
    "smoke": {"epochs": 4, "train_rows": 1000, "evaluate_rows": 300},
    "laptop": {"epochs": 300, "train_rows": 4000, "evaluate_rows": 2000},
    "paper": {"epochs": 10_000, "train_rows": None, "evaluate_rows": 10_000},
}


def mnist_plan(
    widths: tuple[int, ...], activation: str, preset: Preset, seeds: tuple[int, ...], *, gradients: bool = False
) -> NetworkPlan:
    """A network on MNIST as the released code trains and measures it: Glorot uniform, SGD at 0.001, batch 128; KDE
    with noise variance 0.1, and bins of width 0.5."""
    size = _SIZES[preset]
    return NetworkPlan(
        title=f"{'-'.join(map(str, widths))}, {activation}",
        task="mnist",
        network=FullyConnected(widths, activation, "glorot_uniform"),
        recipe=Recipe(size["epochs"], 0.001, 128, "sgd", train_rows=size["train_rows"]),
        seeds=seeds,
        epochs=thinning(size["epochs"]),
        measures=(MeasurePlan("kde", {"noise_variance": 0.1}), MeasurePlan("binned", {"width": 0.5})),
        evaluate="test",
        evaluate_rows=size["evaluate_rows"],
        gradients=gradients,
    )
