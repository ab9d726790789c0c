"""What a figure wants done, as plain values: they are stored in run.json and read back when more is measured later."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic

from infoscope.core import registry
from infoscope.core.errors import RunFolderError, UnknownNameError
from infoscope.scanning.measure_plan import MeasurePlan, completed
from infoscope.train.network import Network
from infoscope.train.recipe import Recipe

Preset = Literal["smoke", "laptop", "long", "paper"]
PRESETS: tuple[Preset, ...] = ("smoke", "laptop", "long", "paper")


@dataclass(frozen=True)
class NetworkPlan:
    """One ensemble: what it is trained on, how, when it is looked at and what is measured.

    evaluate: which rows of the task are measured: all of them, or those of the test or the training split (of a task
    with a published split); of these the first ``evaluate_rows``.
    gradients: also measure the gradient's signal-to-noise ratio and the weight norms.
    trained_on: the variable of the task that is trained on; empty means the task's own choice.
    """

    title: str
    task: str
    network: pydantic.InstanceOf[Network]
    recipe: Recipe
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]  # recorded
    measures: tuple[Annotated[MeasurePlan, pydantic.BeforeValidator(completed)], ...]
    evaluate: Literal["all", "test", "train"] = "all"
    evaluate_rows: int | None = None
    gradients: bool = False
    trained_on: str = ""

    def to_json(self) -> dict[str, Any]:
        content = dataclasses.asdict(self)
        return {**content, "network": {"kind": self.network.kind, **content["network"]}}

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
            network = _network(content["network"])
            return _adapter(cls).validate_python({**content, "network": network})
        except pydantic.ValidationError as reason:
            first = reason.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            why = f"{where}: {first['msg']}"
        except UnknownNameError as reason:
            why = str(reason)
        except (KeyError, TypeError):
            why = "it says no network"
        raise RunFolderError(
            f"run.json describes a network this infoscope cannot rebuild ({why}): was it edited, or made by another "
            "version?"
        )


#: A network without a kind was stored before 0.2, when there were two: by the field that only one of them had.
_KIND_OF_FIELD = {"widths": "fully_connected", "architecture": "convolutional"}


def _network(content: Mapping[str, Any]) -> Network:
    """A network from what is stored of it."""
    fields = dict(content)
    kind = fields.pop("kind", None) or next((k for field, k in _KIND_OF_FIELD.items() if field in fields), "")
    return _adapter(registry.load("networks", kind)).validate_python(fields)


@functools.cache
def _adapter(kind: type[Any]) -> pydantic.TypeAdapter[Any]:
    """What reads ``kind`` from its fields, which takes milliseconds to make."""
    return pydantic.TypeAdapter(kind)
