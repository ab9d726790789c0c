"""Files that ``torch.save`` wrote, Lightning's among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.record.trajectories._entries import moment_of, weights_of
from infoscope.record.trajectories._format import Format, Moment, Selection
from infoscope.record.trajectories._tensors import saved_by_torch

if TYPE_CHECKING:
    import torch

_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")


class TorchFile(Format):
    """A ``.pt``, ``.pth``, ``.bin`` or ``.ckpt`` file that ``torch.save``, Lightning or a loop of one's own wrote.

    The tensors are read and nothing is run, also where the file holds classes, losses or NumPy scalars beside them.

    >>> torch.save({"step": 500, "model": {"weight": torch.ones(2)}}, "newest.pt")
    >>> from infoscope.record.foreign import checkpoints
    >>> (one,) = checkpoints("newest.pt")
    >>> one.step, one.weights()
    (500, {'weight': tensor([1., 1.])})
    """

    quick = False

    def recognises(self, path: Path) -> bool:
        """Whether it is a file of that ending."""
        return path.suffix in _SUFFIXES and path.is_file()

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights in the entry that holds them."""
        return weights_of(saved_by_torch(path), path, selection)

    def moment(self, path: Path) -> Moment:
        """What its entries ``global_step``, ``step``, ``iter`` … and ``epoch`` say."""
        return moment_of(saved_by_torch(path))
