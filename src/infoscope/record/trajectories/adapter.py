"""Adapters of peft: a few weights a step, and the model that they change kept once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.core.errors import InputError
from infoscope.record.trajectories import _folders
from infoscope.record.trajectories._format import Format, Moment, Selection
from infoscope.record.trajectories._tensors import safetensors_of
from infoscope.record.trajectories.huggingface import HOLDS

if TYPE_CHECKING:
    import torch

#: What peft writes beside the weights of an adapter.
CONFIGURATION = "adapter_config.json"
_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


class AdapterFolder(Format):
    """A folder of peft (LoRA and its like): ``adapter_config.json`` and ``adapter_model.safetensors``.

    The weights are those of the adapter. The model that it changes is read once, from where its configuration says.

    >>> from pathlib import Path
    >>> from safetensors.torch import save_file
    >>> Path("checkpoint-9").mkdir()
    >>> _ = Path("checkpoint-9/adapter_config.json").write_text('{"base_model_name_or_path": "EleutherAI/pythia-70m"}')
    >>> save_file({"base_model.model.head.lora_A.weight": torch.ones(1, 2)}, "checkpoint-9/adapter_model.safetensors")
    >>> from infoscope.record.foreign import checkpoints
    >>> (one,) = checkpoints("checkpoint-*")
    >>> one.step, list(one.weights()), str(one.base.path)
    (9, ['base_model.model.head.lora_A.weight'], 'hub:EleutherAI/pythia-70m@main')
    """

    def recognises(self, path: Path) -> bool:
        """Whether an adapter lies in it, or in the one folder that peft made in it, and no whole model."""
        return path.is_dir() and not any((path / name).is_file() for name in HOLDS) and _inside(path) is not None

    def located(self, path: Path) -> Path:
        """The folder that the adapter lies in."""
        return _inside(path) or path

    def paths(self, path: Path) -> list[Path]:
        """The configuration and the weights."""
        folder = self.located(path)
        return [folder / CONFIGURATION, _weights(folder)]

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights of the adapter, named as peft names them."""
        if selection != Selection():
            raise InputError(f"{path} is an adapter, which holds one copy of weights: leave out weights= and entry=")
        found = _weights(self.located(path))
        return safetensors_of(found) if found.suffix == ".safetensors" else _folders.flat(found)

    def moment(self, path: Path) -> Moment:
        """What ``trainer_state.json`` says."""
        return _folders.trainer_moment(path)

    def base(self, path: Path) -> str | None:
        """What its configuration calls the model that it changes."""
        about = _folders.json_of(self.located(path) / CONFIGURATION)
        name, revision = about.get("base_model_name_or_path"), about.get("revision")
        if not isinstance(name, str) or not name:
            return ""
        return f"{name}@{revision}" if isinstance(revision, str) and revision else name


def _inside(path: Path) -> Path | None:
    """The folder with an adapter: itself, or the only one in it, which peft names after an adapter."""
    if _holds(path):
        return path
    found = [each for each in sorted(path.iterdir()) if each.is_dir() and _holds(each)]
    return found[0] if len(found) == 1 else None


def _holds(path: Path) -> bool:
    return (path / CONFIGURATION).is_file() and any((path / name).is_file() for name in _WEIGHTS)


def _weights(folder: Path) -> Path:
    return next((folder / name for name in _WEIGHTS if (folder / name).is_file()), folder / _WEIGHTS[0])
