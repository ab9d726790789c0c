"""A trajectory on disk: a network's weights along training, one safetensors file a recorded step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoscope.core import check
from infoscope.core.errors import UnknownNameError
from infoscope.record import files

if TYPE_CHECKING:  # listing steps must not import torch
    import torch


class Trajectory:
    """The snapshots in one folder: ``trajectory[step]`` is ``{name: tensor [members, ...]}`` on the CPU.

    Names are those of the network's ``state_dict``; every tensor has the members stacked on a leading axis. Iterating
    gives the recorded steps in order, ``len`` counts them.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def write(self, step: int, epoch: float, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write one snapshot, atomically; a snapshot of the same step is replaced.

        Raises
        ------
        InputError: ``step`` is below 0, or ``tensors`` holds something else than dense tensors.
        RunFolderError: the disk is full.
        """
        check.count(step, "step", 0)
        files.save(tensors, self._file(step), {"step": str(int(step)), "epoch": repr(float(epoch))})

    @property
    def steps(self) -> list[int]:
        """The recorded steps, in order. Half-written files are not looked at."""
        found = (path.stem.removeprefix("step-") for path in self.path.glob("step-*.safetensors"))
        return sorted(int(digits) for digits in found if digits.isdecimal())

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[int]:
        return iter(self.steps)

    def __contains__(self, step: object) -> bool:
        return isinstance(step, int) and self._file(step).exists()

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """The snapshot taken after ``step`` updates.

        Raises
        ------
        UnknownNameError: no snapshot of that step; the message lists the nearest ones.
        RunFolderError: its file is damaged.
        """
        return files.load(self._existing(step))[0]

    def epoch(self, step: int) -> float:
        """The epoch at which the snapshot of ``step`` was taken (raises as ``trajectory[step]`` does)."""
        path = self._existing(step)
        with files.readable(path) as file:
            return float(file.metadata()["epoch"])

    def write_state(self, tensors: Mapping[str, torch.Tensor], extra: Mapping[str, Any]) -> None:
        """Replace the one stored trainer state, atomically. ``extra`` is anything JSON can hold."""
        files.save(tensors, self._state, {"extra": json.dumps(dict(extra))})

    def read_state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """What :meth:`write_state` stored last, or None when it never did.

        Raises
        ------
        RunFolderError: its file is damaged.
        """
        if not self._state.exists():
            return None
        tensors, metadata = files.load(self._state)
        return tensors, json.loads(metadata["extra"])

    def drop_state(self) -> None:
        """Delete the stored trainer state: the training it belongs to is complete."""
        self._state.unlink(missing_ok=True)

    @property
    def _state(self) -> Path:
        return self.path / "state.safetensors"

    def _file(self, step: int) -> Path:
        return self.path / f"step-{step:09d}.safetensors"

    def _existing(self, step: int) -> Path:
        if isinstance(step, int) and self._file(step).exists():
            return self._file(step)
        steps = self.steps
        if not steps:
            raise UnknownNameError(f"there is no snapshot of step {step} in {self.path}: it holds no snapshots at all")
        near = sorted(sorted(steps, key=lambda s: abs(s - step))[:4])
        raise UnknownNameError(
            f"there is no snapshot of step {step} in {self.path}: the nearest are {', '.join(map(str, near))} "
            f"({len(steps)} in all, from {steps[0]} to {steps[-1]})"
        )
