"""What one way of leaving weights behind answers, whoever asks; and the refusals that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infoscope.core.errors import InfoscopeError
from infoscope.core.refusals import unreadable

if TYPE_CHECKING:  # listing checkpoints must not import torch
    import torch

Copy = Literal["raw", "ema"]

#: What to do about a file of another program that cannot be read.
REMEDY = "write that checkpoint again or restore it from a copy, or leave it out"


@dataclass(frozen=True)
class Selection:
    """Which of the copies of weights in a file is wanted.

    weights: "raw", those that were trained, or "ema", their moving average. entry: the dotted name of the mapping that
    holds them, e.g. "teacher.state_dict", where there are several.
    """

    weights: Copy = "raw"
    entry: str | None = None


@dataclass(frozen=True)
class Moment:
    """When a checkpoint was written, as it says itself: ``step`` in updates, ``epoch``; None where it says nothing."""

    step: int | None = None
    epoch: float | None = None


class Format:
    """One way in which a program leaves weights behind. Objects hold nothing: everything is asked with a path.

    At most one format recognises a path. Nothing that a file holds is ever run.
    """

    #: ``scheme:`` before a text names checkpoints that do not lie on this disk; "" for files and folders.
    scheme: str = ""
    #: Whether :meth:`moment` reads no more than a header.
    quick: bool = True

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` is, by its name and by what lies in it, a checkpoint of this format. Reads no tensor."""
        raise NotImplementedError

    def located(self, path: Path) -> Path:
        """Where the checkpoint lies on this disk, brought there first if need be."""
        return path

    def fetch(self, path: Path) -> None:
        """Begin to bring it here, for who asks for it soon, and return at once; nothing where it lies on this disk."""

    def identity(self, path: Path) -> str:
        """A name that is another one where the weights are others, told without bringing them here; "" where there is
        none, and they must be read.
        """
        del path
        return ""

    def listed(self, spec: str) -> list[str]:
        """What the text after ``scheme:`` names, each to be called ``scheme:…`` again; their names say the steps."""
        raise NotImplementedError

    def paths(self, path: Path) -> list[Path]:
        """The files that the weights lie in, all of which are there.

        Raises
        ------
        RunFolderError: a file that belongs to it is missing. InputError: weights of this kind are not read.
        """
        return [path]

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights by name, on the CPU, as they were stored; memory-mapped where that is possible.

        Raises
        ------
        RunFolderError: a file is missing or damaged. InputError: it holds no weights, or not those wanted.
        """
        raise NotImplementedError

    def moment(self, path: Path) -> Moment:
        """When it was written, as it says itself."""
        del path
        return Moment()

    def base(self, path: Path) -> str | None:
        """Of an adapter the model that it changes, a folder or a name on the hub ("" where it says none)."""
        del path
        return None


def damaged(path: Path, reason: BaseException) -> InfoscopeError:
    """The refusal of a file that is missing, may not be read, or is half-written."""
    return unreadable(path, reason, REMEDY)
