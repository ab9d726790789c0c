"""Training in several processes: which of them records, what cannot be read in one alone, and how long it may take."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import distributed, nn

from infoscope.core.errors import InputError
from infoscope.record.untouched import named_modules

SHARE = 0.25  # of a process group's time-out: a recorded step that takes more is told

_SHARED_OUT = "ds_tensor"  # what ZeRO-3 of DeepSpeed puts on a parameter of which each process holds a part
_SHARDED = ("FullyShardedDataParallel", "FSDPModule")  # FSDP, and what fully_shard makes of a module


def count() -> int:
    """How many processes train together, as torch.distributed has them; 1 where it is not set up."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def records() -> bool:
    """Whether this process is the one that records: the first, or the only one."""
    return count() == 1 or distributed.get_rank() == 0


def whole(model: nn.Module) -> None:
    """Refuse a network whose weights are spread over processes: a forward in one alone would wait for ever.

    Raises
    ------
    InputError: FSDP, ``fully_shard``, ZeRO-3 of DeepSpeed, or parameters that are DTensors (tensor parallelism).
    """
    # by name: importing FSDP and DTensor takes seconds, and whoever uses them has done it
    for name, module in named_modules(model):
        kind = next((each.__name__ for each in type(module).__mro__ if each.__name__ in _SHARDED), None)
        if kind is None and any(type(each).__name__ == "DTensor" for each in cast(Any, module)._parameters.values()):
            kind = "DTensor"
        if kind is None and any(hasattr(each, _SHARED_OUT) for each in cast(Any, module)._parameters.values()):
            kind = "ZeRO-3 of DeepSpeed"
        if kind is not None:
            raise InputError(
                f"model is sharded over processes ({kind} at {name or 'the whole network'!r}), so a forward in one of "
                "them would wait for the others for ever: gather its full state_dict in all processes, load it into a "
                "plain copy of the network, and pass that copy"
            )


def timeout() -> float | None:
    """Seconds that the other processes wait for this one before the job breaks; None for one process, or unknown."""
    if count() == 1:
        return None
    try:
        group = cast(Any, distributed.distributed_c10d)._get_default_group()
        found = [group._get_backend(torch.device(kind)).options._timeout for kind in group._device_types]
        return min(each.total_seconds() for each in found)
    except (AttributeError, RuntimeError, TypeError, ValueError):  # another torch, or a backend without that option
        return None


def too_slow(seconds: float, limit: float | None) -> str | None:
    """What to say of a recorded step that has taken ``seconds``, when that is more than ``SHARE`` of ``limit``."""
    if limit is None or seconds <= SHARE * limit:
        return None
    return (
        f"a recorded step has taken {seconds:.3g} s so far, and the other processes give up after {limit:.3g} s: pass "
        "fewer rows, sites or measures, or a longer timeout to init_process_group"
    )
