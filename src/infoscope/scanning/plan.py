"""What a figure wants done, as plain values: they are stored in run.json and read back when more is measured later."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic

from infoscope.core.errors import RunFolderError
from infoscope.scanning.measure_plan import MeasurePlan, completed
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

Preset = Literal["smoke", "laptop", "paper"]
PRESETS: tuple[Preset, ...] = ("smoke", "laptop", "paper")


@dataclass(frozen=True)
class NetworkPlan:
    """One ensemble: what it is trained on, how, when it is looked at and what is measured.

    evaluate: which rows of the task are measured: all of them, or the first ``evaluate_rows`` of the test or the
    training split (of a task with a published split).
    gradients: also measure the gradient's signal-to-noise ratio and the weight norms.
    trained_on: the variable of the task that is trained on; empty means the task's own choice.
    """

    title: str
    task: str
    network: FullyConnected | Convolutional  # told apart by the field without a default: widths, architecture
    recipe: Recipe
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]  # recorded
    measures: tuple[Annotated[MeasurePlan, pydantic.BeforeValidator(completed)], ...]
    evaluate: Literal["all", "test", "train"] = "all"
    evaluate_rows: int | None = None
    gradients: bool = False
    trained_on: str = ""

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def training(self) -> dict[str, Any]:
        """The part that decides the weights: two plans that agree here have the same trajectory."""
        content = self.to_json()
        decides = {name: content[name] for name in ("task", "network", "recipe", "seeds", "epochs", "trained_on")}
        return {**decides, "all_measured": self.evaluate == "all"}  # then each member draws a split of its own

    @classmethod
    def from_json(cls, content: Any) -> NetworkPlan:
        """A plan from run.json; a field that was added since has its default, so old runs stay what they were.

        Raises
        ------
        RunFolderError: ``content`` is no plan; the message names the field.
        """
        try:
            return pydantic.TypeAdapter(cls).validate_python(content)
        except pydantic.ValidationError as reason:
            first = reason.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RunFolderError(
                f"run.json describes a network this infoscope cannot rebuild ({where}: {first['msg']}): "
                "was it edited, or made by another version?"
            ) from reason
