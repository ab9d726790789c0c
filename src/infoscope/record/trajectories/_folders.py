"""What folders of several programs have in common: a list of shards, and what a trainer says beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core.errors import DamagedError
from infoscope.record.trajectories._format import REMEDY, Moment, damaged
from infoscope.record.trajectories._tensors import safetensors_of, saved_by_torch

if TYPE_CHECKING:
    import torch


def json_of(path: Path) -> dict[str, Any]:
    """What a JSON file holds.

    Raises
    ------
    RunFolderError: it is missing or no JSON.
    """
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise damaged(path, reason) from reason
    if not isinstance(found, dict):
        raise damaged(path, ValueError(f"it holds a {type(found).__name__} in place of names"))
    return cast("dict[str, Any]", found)


def trainer_moment(folder: Path) -> Moment:
    """What ``trainer_state.json`` of ``Trainer`` says of the step and the epoch; nothing where there is none."""
    path = folder / "trainer_state.json"
    if not path.is_file():
        return Moment()
    state = json_of(path)
    step, epoch = state.get("global_step"), state.get("epoch")
    return Moment(step if isinstance(step, int) else None, float(epoch) if isinstance(epoch, (int, float)) else None)


def shards_of(index: Path) -> dict[str, list[str]]:
    """By shard the names of the tensors that an index file says lie in it; all shards are there.

    Raises
    ------
    RunFolderError: the index is damaged, or a shard is missing.
    """
    listed: object = json_of(index).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise damaged(index, ValueError("it lists no weights"))
    shards: dict[str, list[str]] = {}
    for name, shard in cast("dict[str, object]", listed).items():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise damaged(index, ValueError(f"it names the shard {shard!r}, which is no file beside it"))
        shards.setdefault(shard, []).append(name)
    gone = [shard for shard in sorted(shards) if not (index.parent / shard).is_file()]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise DamagedError(
            f"{index.parent / gone[0]}{more} is missing, one of {len(shards)} shards that {index.name} lists: {REMEDY}"
        )
    return shards


def sharded(index: Path) -> dict[str, torch.Tensor]:
    """The tensors that an index file lists, out of its shards.

    Raises
    ------
    RunFolderError: a shard is missing or half-written, or lacks a tensor that it is said to hold.
    """
    found: dict[str, torch.Tensor] = {}
    for shard, names in shards_of(index).items():
        path = index.parent / shard
        held = safetensors_of(path) if path.suffix == ".safetensors" else flat(path)
        lacking = [name for name in names if name not in held]
        if lacking:
            raise damaged(path, ValueError(f"it lacks {lacking[0]}, which {index.name} says lies in it"))
        found.update((name, held[name]) for name in names)
    return found


def flat(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file of torch that holds nothing but a state_dict."""
    from infoscope.record.trajectories._entries import weights_of
    from infoscope.record.trajectories._format import Selection

    return weights_of(saved_by_torch(path), path, Selection())
