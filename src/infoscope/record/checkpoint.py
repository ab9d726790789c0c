"""A checkpoint: the weights that a training left at one step, whoever wrote them, read when they are asked for."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.record.files import weights_hash
from infoscope.record.trajectories._format import Format, Selection, damaged

if TYPE_CHECKING:  # listing checkpoints must not import torch
    import torch

#: The kind of a checkpoint whose weights a function returns, or that were handed in.
IN_MEMORY = "in memory"
_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class WeightsFile:
    """One file that weights lie in: ``path``, and ``size`` in bytes."""

    path: Path
    size: int

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its content, read once.

        Raises
        ------
        RunFolderError: it is gone, or cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as reason:
            raise damaged(self.path, reason) from reason
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights of a network after ``step`` updates.

    epoch: None where nobody says it. path: the file or folder, or its name on the hub; None where the weights do not
    lie on a disk. kind: the name of the file under ``record/trajectories`` that reads it. dtype: what the weights are
    to be measured in, None for the type they were stored in. adapter: whether they are only what an adapter adds; then
    ``base`` is the model that it changes, None for the one that is built.
    """

    step: int
    epoch: float | None
    path: Path | None
    kind: str
    selection: Selection = field(default_factory=Selection)
    dtype: torch.dtype | None = None
    adapter: bool = False
    base: Checkpoint | None = None
    made: Callable[[], Mapping[str, torch.Tensor]] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"step {self.step}" + (f" ({self.path})" if self.path is not None else "")

    def weights(self) -> dict[str, torch.Tensor]:
        """The weights by name as they were stored, on the CPU; read anew at each call, memory-mapped where possible.

        They may share memory with a file or with what a function of the user's returned: copy before writing to them.

        Raises
        ------
        RunFolderError: a file is missing, half-written, or may not be read.
        InputError: it holds no weights, or could not be read without running what it holds.
        """
        if self.made is not None:
            return _named(self.made(), f"what was passed for step {self.step}")
        assert self.path is not None
        return _named(format_of(self.kind).read(self.path, self.selection), str(self.path))

    @cached_property
    def weights_hash(self) -> str:
        """SHA-256 over names, types, shapes and values; of an adapter its own alone. Reads the weights once."""
        return weights_hash(self.weights())

    @property
    def identity(self) -> str:
        """As its format tells it without reading them: equal only where the weights are; "" where unknown."""
        return "" if self.path is None else format_of(self.kind).identity(self.path)

    def anywhere(self) -> Checkpoint:
        """The same for another process: its path does not depend on the folder that somebody is in.

        Raises
        ------
        InputError: its weights are in the memory of this one.
        """
        if self.path is None:
            raise InputError(
                f"the weights of {self} are in the memory of this process, which no worker of an engine can reach: "
                "save them to files and pass their paths, or leave engine= out"
            )
        path = self.path if format_of(self.kind).scheme else self.path.absolute()
        base = None if self.base is None or self.base.path is None else self.base.anywhere()
        return dataclasses.replace(self, path=path, base=base)

    def files(self) -> list[WeightsFile]:
        """The files that the weights lie in, with their sizes; none of weights in memory. Brings none here.

        Raises
        ------
        RunFolderError: one is missing.
        """
        if self.path is None:
            return []
        try:
            return [WeightsFile(path, path.stat().st_size) for path in format_of(self.kind).paths(self.path)]
        except OSError as reason:
            raise damaged(self.path, reason) from reason

    def folder(self) -> Path | None:
        """The folder in which a description of the model may lie beside the weights; None of weights in memory."""
        if self.path is None:
            return None
        there = format_of(self.kind).located(self.path)
        return there if there.is_dir() else there.parent


def format_of(kind: str) -> Format:
    """The reader of one kind of checkpoint.

    Raises
    ------
    UnknownNameError: no such kind.
    """
    return cast(Format, registry.load("trajectories", kind)())


def equal_steps(checkpoints: Iterable[Checkpoint]) -> list[tuple[int, ...]]:
    """The steps at which the same weights lie, each group in order; what lies once is not in it.

    A step that is a copy of another draws a jump in a curve that no training made. Every checkpoint is read once.
    """
    steps: dict[str, list[int]] = {}
    for one in checkpoints:
        steps.setdefault(one.weights_hash, []).append(one.step)
    return [tuple(sorted(same)) for same in steps.values() if len(same) > 1]


def _named(weights: object, where: str) -> dict[str, torch.Tensor]:
    """Weights that can be loaded: dense tensors with values, on the CPU.

    Raises
    ------
    InputError: another thing arrived.
    """
    import torch

    if not isinstance(weights, Mapping) or not weights:
        what = _what(cast(object, weights))
        raise InputError(f"{where} holds {what}, wanted weights by name: return model.state_dict()")
    found: dict[str, torch.Tensor] = {}
    for name, tensor in cast(Mapping[Any, Any], weights).items():
        if not isinstance(tensor, torch.Tensor) or not isinstance(name, str):
            if isinstance(name, str) and name.endswith("_extra_state"):
                continue
            raise InputError(
                f"{name} in {where} is a {type(tensor).__name__}, wanted a tensor: return model.state_dict()"
            )
        if (why := unusable(tensor)) is not None:
            raise InputError(f"{name} in {where} is {why}, wanted a dense tensor of numbers: {_REMEDIES[why]}")
        found[name] = tensor.detach().cpu()
    return found


_REMEDIES = {
    "quantised": "save the weights in a floating type",
    "without values (on the meta device)": "save the weights after they are loaded",
    "sharded over processes": "save it whole, or as a folder of torch.distributed.checkpoint",
    "sparse or nested": "save it dense",
    "without a shape yet": "save it after a first forward",
}


def unusable(tensor: torch.Tensor) -> str | None:
    """Why the numbers of a tensor cannot be taken as they are, in words; None where they can."""
    if type(tensor).__name__ in ("UninitializedParameter", "UninitializedBuffer"):
        return "without a shape yet"
    if type(tensor).__name__ == "DTensor":
        return "sharded over processes"
    if tensor.is_quantized or hasattr(tensor, "__tensor_flatten__") or hasattr(tensor, "quant_state"):
        return "quantised"
    if tensor.device.type == "meta":
        return "without values (on the meta device)"
    if tensor.is_nested or str(tensor.layout) != "torch.strided":
        return "sparse or nested"
    return None


def _what(thing: object) -> str:
    return "nothing" if isinstance(thing, Mapping) or thing is None else f"a {type(thing).__name__}"
