"""Snapshots of our own runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.core import snapshots
from infoscope.core.errors import InputError
from infoscope.record import files
from infoscope.record.trajectories._format import REMEDY, Format, Moment, Selection
from infoscope.record.trajectories._own import is_snapshot

if TYPE_CHECKING:
    import torch


class Snapshot(Format):
    """A snapshot ``step-000000500.safetensors`` of a run of infoscope; the folder of the run may be passed whole.

    Its hash is compared. Members are stacked in it: of a run that trained several, ``entry="2"`` is the third.

    >>> with iscope.watch(torch.nn.Linear(2, 2), torch.ones(8, 2), {}, ["effective_rank"], "mine") as scope:
    ...     scope.step(0)
    >>> from infoscope.record.foreign import checkpoints
    >>> (one,) = checkpoints("mine")
    >>> one.step, list(one.weights())
    (0, ['bias', 'weight'])
    """

    def recognises(self, path: Path) -> bool:
        """Whether a run of ours wrote it."""
        return is_snapshot(path)

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights of one member."""
        tensors, _ = files.load(path, REMEDY)
        members = min((len(tensor) for tensor in tensors.values()), default=0)
        which = selection.entry or "0"
        if selection.weights == "ema" or not which.isdecimal() or int(which) >= members:
            raise InputError(f"{path} holds {members} members, wanted the number of one: pass entry='0'")
        if members > 1 and selection.entry is None:
            raise InputError(f"{path} holds {members} members, wanted one: pass its number, entry='0'")
        return {name: tensor[int(which)] for name, tensor in tensors.items()}

    def moment(self, path: Path) -> Moment:
        """The step and the epoch that it was written with."""
        about = snapshots.metadata(path)
        return Moment(int(about["step"]), float(about["epoch"]))
