"""What the figures on MNIST share: sizes by preset, training and measures."""

from __future__ import annotations

from typing import Any

from infoscope.core.claim import Criterion
from infoscope.core.units import nats
from infoscope.record.schedule import thinning
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

#: What the control of a claim that nothing falls has to show: that a fall could be seen in these networks.
SEEN_TO_FALL = Criterion(">=", nats(0.1), "nats")
_SIZES: dict[Preset, dict[str, Any]] = {
    "smoke": {"epochs": 4, "train_rows": 1000, "evaluate_rows": 300},
    "laptop": {"epochs": 300, "train_rows": 4000, "evaluate_rows": 2000},
    "long": {"epochs": 600, "rate": 0.1, "train_rows": 4000, "evaluate_rows": 2000},
    "paper": {"epochs": 10_000, "train_rows": None, "evaluate_rows": 10_000},
}
#: At long a snapshot of 1024 units is 3.3 MB, and what falls long after fitting needs none every epoch.
_SPARSE = ((4, 1), (20, 4), (100, 20))


def mnist_plan(
    widths: tuple[int, ...], activation: str, preset: Preset, seeds: tuple[int, ...], *, gradients: bool = False
) -> NetworkPlan:
    """A network on MNIST as the released code trains and measures it: Glorot uniform, SGD at 0.001 (0.1 at long, where
    it learns), batch 128; KDE with noise variance 0.1, and bins of width 0.5."""
    size = _SIZES[preset]
    epochs = size["epochs"]
    return NetworkPlan(
        title=f"{'-'.join(map(str, widths))}, {activation}",
        task="mnist",
        network=FullyConnected(widths, activation, "glorot_uniform"),
        recipe=Recipe(epochs, size.get("rate", 0.001), 128, "sgd", train_rows=size["train_rows"]),
        seeds=seeds,
        epochs=thinning(epochs, _SPARSE) if preset == "long" else thinning(epochs),
        measures=(MeasurePlan("kde", {"noise_variance": 0.1}), MeasurePlan("binned", {"width": 0.5})),
        evaluate="test",
        evaluate_rows=size["evaluate_rows"],
        gradients=gradients,
    )
