"""Folders of torch.distributed.checkpoint: FSDP, FSDP2, torchtitan, Lightning and Accelerate."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core.errors import DamagedError, InputError
from infoscope.record.trajectories import _folders
from infoscope.record.trajectories._entries import moment_of, weights_of
from infoscope.record.trajectories._format import REMEDY, Format, Moment, Selection, damaged
from infoscope.record.trajectories._tensors import saved_by_torch

if TYPE_CHECKING:
    import torch


class DistributedFolder(Format):
    """A folder with ``.metadata`` and ``.distcp`` files that torch.distributed.checkpoint wrote, from any number of
    processes; read in one, without a process group.

    >>> import warnings
    >>> from torch.distributed import checkpoint
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # that there is one process
    ...     _ = checkpoint.save({"model": {"weight": torch.ones(2)}}, checkpoint_id="step-500")
    >>> from infoscope.record.foreign import checkpoints
    >>> (one,) = checkpoints("step-*")
    >>> one.step, one.weights()
    (500, {'weight': tensor([1., 1.])})
    """

    def recognises(self, path: Path) -> bool:
        """Whether such a description lies in it, or in the folder that Accelerate makes in a checkpoint."""
        return path.is_dir() and _inside(path) is not None

    def paths(self, path: Path) -> list[Path]:
        """The description and the files that it names."""
        from infoscope.record.trajectories import _metadata

        folder = _inside(path) or path
        names = _metadata.files_of(_metadata.described(folder))
        gone = [name for name in names if not (folder / name).is_file()]
        if gone:
            raise DamagedError(f"{folder / gone[0]} is missing, one of {len(names)} files of that checkpoint: {REMEDY}")
        return [folder / ".metadata", *(folder / name for name in names)]

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights, each put together from its pieces; no state of an optimiser is read."""
        import torch
        from torch.distributed.checkpoint import state_dict_loader
        from torch.distributed.checkpoint.api import CheckpointException

        from infoscope.record.trajectories import _metadata

        self.paths(path)
        folder = _inside(path) or path
        about = _metadata.described(folder)
        described = cast("dict[str, Any]", about.state_dict_metadata)
        planned = cast("dict[str, tuple[object, ...]]", about.planner_data or {})
        names: dict[int, str] = {}
        nested: dict[str, Any] = {}
        for name, each in described.items():
            if not hasattr(each, "properties"):
                continue
            empty = torch.empty(each.size, dtype=each.properties.dtype, device="meta")
            names[id(empty)] = name
            _placed(nested, planned.get(name, (name,)), empty)
        wanted = weights_of(nested, folder, selection)
        full = {names[id(empty)]: torch.empty_like(empty, device="cpu") for empty in wanted.values()}
        load = cast("Callable[..., None]", cast(Any, state_dict_loader).load)
        options = {"no_dist": True} if "no_dist" in inspect.signature(load).parameters else {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there is one process
                load(full, storage_reader=_metadata.Reader(folder, about), **options)
        except (
            Exception,
            CheckpointException,
        ) as reason:  # torch wraps what each file's reader raised in one of its own
            inner = next((each for each in _within(reason) if isinstance(each, OSError)), reason)
            raise damaged(folder / ".metadata", ValueError(f"its files do not hold what it says, {inner}")) from reason
        return {name: full[names[id(empty)]] for name, empty in wanted.items()}

    def moment(self, path: Path) -> Moment:
        """What ``meta.pt`` of Lightning or ``trainer_state.json`` beside it says."""
        if (path / "meta.pt").is_file():
            return moment_of(saved_by_torch(path / "meta.pt"))
        return _folders.trainer_moment(path)


def _inside(path: Path) -> Path | None:
    """The folder with the description: itself, or the one that Accelerate calls pytorch_model_fsdp_0."""
    folders = [path, *sorted(path.glob("pytorch_model_fsdp_*"))]
    return next((each for each in folders if (each / ".metadata").is_file()), None)


def _placed(nested: dict[str, Any], place: Iterable[object], tensor: torch.Tensor) -> None:
    """Put a tensor where its name in a nested state says."""
    here: Any = nested
    words = [str(word) for word in place]
    for word in words[:-1]:
        inside = here.setdefault(word, {})
        if not isinstance(inside, dict):
            raise InputError(f"{'.'.join(words)} is described twice, wanted one tensor of that name")
        here = cast("dict[str, Any]", inside)
    here[words[-1]] = tensor


def _within(reason: BaseException) -> list[BaseException]:
    """What torch gathered of several ranks in one exception."""
    found: list[BaseException] = [reason]
    failures = cast("dict[int, Any]", getattr(reason, "failures", {}))
    return found + [each[0] if isinstance(each, tuple) else each for each in failures.values()]
