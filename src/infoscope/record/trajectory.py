"""A trajectory on disk: a network's weights along training, one safetensors file a recorded step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoscope.core import check, snapshots
from infoscope.core.errors import DamagedError, RunFolderError, UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.refusals import unreadable
from infoscope.record import files

if TYPE_CHECKING:  # listing steps must not import torch
    import torch

STATE = "state.safetensors"  # of the trainer, beside the snapshots


class Trajectory:
    """The snapshots in one folder: ``trajectory[step]`` is ``{name: tensor [members, ...]}`` on the CPU.

    Names are those of the network's ``state_dict``; every tensor has the members stacked on a leading axis. Iterating
    gives the recorded steps in order, ``len`` counts them.
    """

    def __init__(self, path: str | Path, run: RunFolder | None = None) -> None:
        self.path, self._run = Path(path), run

    @classmethod
    def of(cls, run: RunFolder, network: str) -> Trajectory:
        """The snapshots of one network of a run, held against what the run lists of them."""
        return cls(run.snapshots_path / network, run)

    def write(self, step: int, epoch: float, tensors: Mapping[str, torch.Tensor]) -> snapshots.Stamp:
        """Write one snapshot, atomically; a snapshot of the same step is replaced. Returns its hashes.

        Raises
        ------
        InputError: ``step`` is below 0, or ``tensors`` holds something else than dense tensors.
        RunFolderError: the disk is full.
        """
        check.count(step, "step", 0)
        if self._run is not None:
            self._run.unlist_snapshot(self.path.name, int(step))  # first, so that a kill in between is no damage
        about = {"step": str(int(step)), "epoch": repr(float(epoch))}
        return files.save(
            tensors, self.file(step), about, lasting=self._run is None
        )  # a run makes it last as it lists it

    @property
    def listed(self) -> dict[int, snapshots.Stamp] | None:
        """The hashes that the run lists, by step; None without a run, and of a run that keeps no list."""
        return None if self._run is None else self._run.listed_snapshots(self.path.name)

    def _stamp(self, step: int) -> snapshots.Stamp | None:
        return None if self._run is None else self._run.listed_snapshot(self.path.name, step)

    @property
    def steps(self) -> list[int]:
        """The recorded steps, in order. Half-written files are not looked at.

        Raises
        ------
        RunFolderError: a snapshot that the run lists is gone, or the folder cannot be read.
        """
        there = list(snapshots.found(self.path))
        if gone := sorted(set(self.listed or ()) - set(there)):
            more = f", and {len(gone) - 1} more" if len(gone) > 1 else ""
            raise DamagedError(f"{self.file(gone[0])} is missing, though it was written{more}: {self._advice}")
        return there

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[int]:
        return iter(self.steps)

    def __contains__(self, step: object) -> bool:
        return isinstance(step, int) and self.file(step).exists()

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """The snapshot taken after ``step`` updates.

        Raises
        ------
        UnknownNameError: no snapshot of that step; the message lists the nearest ones.
        RunFolderError: its file is missing or damaged, or of another step.
        """
        self._existing(step)
        return self.load(step)

    def load(self, step: int) -> dict[str, torch.Tensor]:
        """The same, of a step that the run lists or that is there.

        Raises
        ------
        RunFolderError: its file is missing or damaged, or of another step.
        """
        path, listed = self.file(step), self._stamp(step)
        if listed is not None and not path.exists():
            raise DamagedError(f"{path} is missing, though it was written: {self._advice}")
        hashed = self._run is not None and self._run.recorded
        tensors, metadata = files.load(path, self._advice, listed, hashed=hashed)
        if metadata.get("step") != str(step):
            raise unreadable(path, ValueError(f"it is the snapshot of step {metadata.get('step')}"), self._advice)
        return tensors

    def whole(self) -> list[int]:
        """The steps whose snapshots are there and as they were written; every one is read.

        Raises
        ------
        RunFolderError: one cannot be read, so that nobody knows.
        """
        found: list[int] = []
        for step in snapshots.found(self.path):
            with suppress(DamagedError):
                self.load(step)
                found.append(step)
        return found

    def verify(self) -> None:
        """Read every snapshot, before anything is measured of one.

        Raises
        ------
        RunFolderError: one is missing or damaged, or cannot be read.
        """
        for step in self.steps:
            self.load(step)

    def keep(self, step: int, epoch: float, tensors: Mapping[str, torch.Tensor], *, there: bool) -> None:
        """Write a snapshot that training has come to, or see that the one that is ``there`` has the same weights.

        Raises
        ------
        RunFolderError: other weights were recorded at that step, there or in the list of the run.
        """
        stamp = self._stamp(step)
        if stamp is None and there:
            stamp = files.load(self.file(step), self._advice)[1]
        if stamp is not None and (recorded := stamp.get(snapshots.WEIGHTS)) is not None:
            found = files.weights_hash({name: tensor.detach().cpu() for name, tensor in tensors.items()})
            if found != recorded:
                raise RunFolderError(
                    f"training anew gave other weights at step {step} than those that {self.file(step)} was written "
                    "with, so the lost snapshots cannot be made again here: restore them from a copy, train on the "
                    "machine and with the versions that run.json names, or run the figure into another --out"
                )
        if not there:
            self.write(step, epoch, tensors)

    def epoch(self, step: int) -> float:
        """The epoch at which the snapshot of ``step`` was taken (raises as ``trajectory[step]`` does)."""
        path = self._existing(step)
        with files.readable(path, self._advice) as file:
            metadata: dict[str, str] = file.metadata() or {}
            stamp, listed = snapshots.stamp(metadata), self._stamp(step)
            if listed is not None and stamp != listed:
                raise ValueError("it is another one than its run lists")
            return float(metadata["epoch"])

    @property
    def _advice(self) -> str:
        if self._run is None:
            return "restore it from a copy, the others are whole"
        return self._run.advice

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
        tensors, metadata = files.load(self._state, "delete it, and training goes on from the start")
        return tensors, json.loads(metadata["extra"])

    def drop_state(self) -> None:
        """Delete the stored trainer state: the training it belongs to is complete."""
        self._state.unlink(missing_ok=True)

    @property
    def _state(self) -> Path:
        return self.path / STATE

    def file(self, step: int) -> Path:
        """Where the snapshot of ``step`` lies."""
        return self.path / f"step-{step:09d}.safetensors"

    def _existing(self, step: int) -> Path:
        if step in self:
            return self.file(step)
        steps = self.steps
        if not steps:
            raise UnknownNameError(f"there is no snapshot of step {step} in {self.path}: it holds no snapshots at all")
        near = sorted(sorted(steps, key=lambda s: abs(s - step))[:4])
        raise UnknownNameError(
            f"there is no snapshot of step {step} in {self.path}: the nearest are {', '.join(map(str, near))} "
            f"({len(steps)} in all, from {steps[0]} to {steps[-1]})"
        )
