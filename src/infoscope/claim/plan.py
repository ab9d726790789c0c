"""What a figure wants done, as plain values: they are stored in run.json and read back when more is measured later."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import pydantic

from infoscope.core.errors import RunFolderError
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

Preset = Literal["smoke", "laptop", "paper"]
PRESETS: tuple[Preset, ...] = ("smoke", "laptop", "paper")


@dataclass(frozen=True)
class MeasurePlan:
    """One estimator with its options at some sites; ``"activity"`` is the histogram of :mod:`infoscope.claim.activity`.

    range_recorded: bin between the smallest and largest value each member took at these sites over all recorded
    epochs (train first, then bin), in place of a range known beforehand. epochs: those of the recorded epochs at which
    to measure, for an estimator that is slow or has many values.
    """

    estimator: str
    options: dict[str, Any] = field(default_factory=dict)
    sites: tuple[str, ...] = ()  # none means all
    range_recorded: bool = False
    epochs: tuple[int, ...] = ()  # none means all recorded


@dataclass(frozen=True)
class NetworkPlan:
    """One ensemble: what it is trained on, how, when it is looked at and what is measured.

    evaluate: which rows of the task are measured: all of them, or the first ``evaluate_rows`` of the test split.
    gradients: also measure the gradient's signal-to-noise ratio and the weight norms.
    """

    title: str
    task: str
    network: FullyConnected
    recipe: Recipe
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]  # recorded
    measures: tuple[MeasurePlan, ...]
    evaluate: Literal["all", "test"] = "all"
    evaluate_rows: int | None = None
    gradients: bool = False

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def training(self) -> dict[str, Any]:
        """The part that decides the weights: two plans that agree here have the same trajectory."""
        content = self.to_json()
        return {name: content[name] for name in ("task", "network", "recipe", "seeds", "epochs")}

    @classmethod
    def from_json(cls, content: Any) -> NetworkPlan:
        """Raises RunFolderError, naming the field, when ``content`` is not a plan."""
        try:
            return pydantic.TypeAdapter(cls).validate_python(content)
        except pydantic.ValidationError as reason:
            first = reason.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RunFolderError(
                f"run.json describes a network this infoscope cannot rebuild ({where}: {first['msg']}): "
                "was it edited, or made by another version?"
            ) from reason
