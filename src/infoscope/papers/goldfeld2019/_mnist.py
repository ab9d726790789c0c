"""What the figures on MNIST share: the networks, their training and its size by preset."""

from __future__ import annotations

from typing import Any

from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.recipe import Recipe

DETERMINISTIC, NOISY = "deterministic", "noise_01"
#: By name: what is done to the hidden layers in training.
NETWORKS: dict[str, dict[str, Any]] = {
    DETERMINISTIC: {},
    "noise_005": {"noise": 0.05},
    NOISY: {"noise": 0.1},
    "noise_02": {"noise": 0.2},
    "noise_05": {"noise": 0.5},
    "dropout": {"dropout": 0.2},
}
LAYERS = ("conv1.map", "conv2.map", "features")
_SIZES: dict[Preset, dict[str, Any]] = {
    "smoke": {"epochs": 1, "train_rows": 300, "evaluate_rows": 200},
    "laptop": {"epochs": 8, "train_rows": 3000, "evaluate_rows": 3000},
    "long": {"epochs": 5, "train_rows": None, "evaluate_rows": 10_000},
    "paper": {"epochs": 128, "train_rows": None, "evaluate_rows": 10_000},
}
_RECORDED = (0, 1, 3, 8, 20, 40, 80, 128)


def recorded(preset: Preset) -> tuple[int, ...]:
    """The epochs at which the networks are looked at."""
    end = _SIZES[preset]["epochs"]
    return (*(epoch for epoch in _RECORDED if epoch < end), end)


def mnist_plan(
    name: str,
    preset: Preset,
    seeds: tuple[int, ...],
    measures: tuple[MeasurePlan, ...],
    evaluate_rows: int | None = None,
) -> NetworkPlan:
    """The network called ``name`` as the figures train it: SGD with momentum 0.9 at 0.01, batch 32.

    evaluate_rows: of the test images, in place of the preset's number.
    """
    size = _SIZES[preset]
    how = ", ".join(f"{what} {value}" for what, value in NETWORKS[name].items()) or "no noise"
    recipe = Recipe(size["epochs"], 0.01, 32, "sgd", train_rows=size["train_rows"], momentum=0.9)
    return NetworkPlan(
        title=f"two convolutions and 128 units, {how}",
        task="mnist",
        network=Convolutional("small_cnn", (1, 28, 28), 10, **NETWORKS[name]),
        recipe=recipe,
        seeds=seeds,
        epochs=recorded(preset),
        measures=measures,
        evaluate="test",
        evaluate_rows=evaluate_rows or size["evaluate_rows"],
    )
