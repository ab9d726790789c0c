"""Folders of ``save_pretrained`` and ``Trainer``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.core.errors import InputError
from infoscope.record.trajectories import _folders
from infoscope.record.trajectories._format import Format, Moment, Selection
from infoscope.record.trajectories._tensors import safetensors_of

if TYPE_CHECKING:
    import torch

#: In the order in which transformers looks for them.
HOLDS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


class HuggingFaceFolder(Format):
    """A folder that ``save_pretrained`` or ``Trainer`` wrote (``checkpoint-500``), in one file or in shards.

    >>> from pathlib import Path
    >>> from safetensors.torch import save_file
    >>> from infoscope.record.foreign import checkpoints
    >>> for step in (9, 10):
    ...     Path(f"checkpoint-{step}").mkdir()
    ...     save_file({"weight": torch.full((2,), step)}, f"checkpoint-{step}/model.safetensors")
    >>> [one.step for one in checkpoints("checkpoint-*")]
    [9, 10]
    """

    def recognises(self, path: Path) -> bool:
        """Whether one of the four files of weights lies in it."""
        return path.is_dir() and any((path / name).is_file() for name in HOLDS)

    def paths(self, path: Path) -> list[Path]:
        """The one file, or the index and its shards."""
        found = _chosen(path)
        if found.suffix != ".json":
            return [found]
        return [found, *(path / shard for shard in sorted(_folders.shards_of(found)))]

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights, out of all shards."""
        if selection != Selection():
            raise InputError(
                f"{path} is a folder of transformers, which holds one copy of the weights: leave out weights= "
                "and entry="
            )
        found = _chosen(path)
        if found.suffix == ".json":
            return _folders.sharded(found)
        return safetensors_of(found) if found.suffix == ".safetensors" else _folders.flat(found)

    def moment(self, path: Path) -> Moment:
        """What ``trainer_state.json`` says."""
        return _folders.trainer_moment(path)


def _chosen(path: Path) -> Path:
    return next(path / name for name in HOLDS if (path / name).is_file())
