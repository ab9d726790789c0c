"""Files of safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.core import snapshots
from infoscope.core.errors import InputError
from infoscope.record.trajectories._entries import averaged
from infoscope.record.trajectories._format import Format, Moment, Selection
from infoscope.record.trajectories._own import is_snapshot
from infoscope.record.trajectories._tensors import safetensors_of

if TYPE_CHECKING:
    import torch


class SafetensorsFile(Format):
    """A ``.safetensors`` file, such as ``model-500.safetensors``, memory-mapped.

    >>> from safetensors.torch import save_file
    >>> save_file({"weight": torch.ones(2)}, "model-500.safetensors")
    >>> from infoscope.record.foreign import checkpoints
    >>> (one,) = checkpoints("model-*.safetensors")
    >>> one.step, one.weights()
    (500, {'weight': tensor([1., 1.])})
    """

    def recognises(self, path: Path) -> bool:
        """Whether it is a file of that ending, and no snapshot of a run of ours."""
        return path.suffix == ".safetensors" and path.is_file() and not is_snapshot(path)

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """Its tensors; of an average or an entry those whose names begin with it."""
        found = safetensors_of(path)
        if selection.entry is None and selection.weights == "raw":
            return found
        if selection.entry is None:
            own = averaged(found)
        else:
            begin = f"{selection.entry}."
            own = {name.removeprefix(begin): each for name, each in found.items() if name.startswith(begin)}
        if own:
            return own
        what = "moving average" if selection.entry is None else f"entry {selection.entry!r}"
        raise InputError(f"{path} holds no {what}, wanted names that begin with it: pass weights='raw'")

    def moment(self, path: Path) -> Moment:
        """What its metadata say."""
        try:
            about = snapshots.metadata(path)
            step, epoch = about.get("step", about.get("global_step", "")), about.get("epoch", "")
            return Moment(int(step) if step.isdecimal() else None, float(epoch) if epoch else None)
        except (OSError, ValueError):  # damage is told when it is read
            return Moment()
