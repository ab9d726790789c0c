"""Folders of DeepSpeed ZeRO, which hold slices that only DeepSpeed puts together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infoscope.core.errors import InputError
from infoscope.record.trajectories._format import Format, Selection
from infoscope.record.trajectories.huggingface import HOLDS

if TYPE_CHECKING:
    import torch


class ZeroFolder(Format):
    """A folder of DeepSpeed ZeRO: refused, with the conversion that makes a file which can be read.

    >>> from pathlib import Path
    >>> Path("checkpoint-9/global_step9").mkdir(parents=True)
    >>> Path("checkpoint-9/global_step9/zero_pp_rank_0_mp_rank_00_model_states.pt").touch()
    >>> from infoscope.record.foreign import checkpoints
    >>> try:
    ...     checkpoints("checkpoint-9")
    ... except iscope.InfoscopeError as reason:
    ...     print(reason)
    checkpoint-9 holds slices of DeepSpeed ZeRO, wanted whole weights: convert it with the zero_to_fp32.py that ...
    """

    def recognises(self, path: Path) -> bool:
        """Whether slices lie in it or in its ``global_stepN``, and no whole weights."""
        if not path.is_dir() or any((path / name).is_file() for name in HOLDS):
            return False
        return any(
            next(path.glob(f"{inside}{name}"), None) is not None
            for inside in ("", "global_step*/", "checkpoint/")  # DeepSpeed, Trainer, Lightning
            for name in ("zero_pp_rank_*", "mp_rank_*_model_states.pt", "*_optim_states.pt")
        )

    def paths(self, path: Path) -> list[Path]:
        """Refused."""
        raise InputError(
            f"{path} holds slices of DeepSpeed ZeRO, wanted whole weights: convert it with the zero_to_fp32.py that "
            f"DeepSpeed puts there, python zero_to_fp32.py {path} {path}/whole, and pass that folder"
        )

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """Refused."""
        del selection
        self.paths(path)
        raise AssertionError
