"""The trajectory of a run that scanned checkpoints: others wrote them, and the run refers to them by size and hash."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core import turns
from infoscope.core.errors import DamagedError, RunFolderError, UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.manifest import equal_steps
from infoscope.record.checkpoint import Checkpoint, format_of
from infoscope.record.foreign import Where, checkpoints

if TYPE_CHECKING:  # listing steps must not import torch
    import torch

#: What a network of a scanned run says in run.json: how its checkpoints are read, and what each of them is.
READ, ORIGINS = "read", "checkpoints"


@dataclass(frozen=True)
class ReadAs:
    """How the checkpoints of a run are read: the arguments of :func:`infoscope.record.foreign.checkpoints`."""

    weights: str = "raw"
    entry: str | None = None
    dtype: str | None = None
    base: str | None = None

    def checkpoints(self, source: Any, steps: Iterable[int] | None = None) -> list[Checkpoint]:
        """Those that ``source`` names, in the order of their steps."""
        return checkpoints(
            source, weights=cast(Any, self.weights), entry=self.entry, dtype=self.dtype, steps=steps, base=self.base
        )

    def to_json(self) -> dict[str, Any]:
        """What run.json says of it."""
        return dataclasses.asdict(self)


class ReferredTrajectory:
    """The checkpoints that a run refers to, in the order of their steps; ``trajectory[step]`` is ``{name: tensor [1,
    ...]}`` on the CPU, as :class:`~infoscope.record.trajectory.Trajectory` gives its own.

    given: those of a scan that goes on now; without them the steps are those that the run has read before.
    """

    def __init__(self, run: RunFolder, network: str, given: Sequence[Checkpoint] = ()) -> None:
        self._run, self._network = run, network
        self._given = {one.step: one for one in given}

    @property
    def origins(self) -> dict[int, dict[str, Any]]:
        """What the run says of each checkpoint that it has read, by step."""
        about = self._run.manifest()["networks"][self._network]
        return {int(step): origin for step, origin in sorted(about[ORIGINS].items(), key=lambda item: int(item[0]))}

    @property
    def steps(self) -> list[int]:
        """In order."""
        return sorted(self._given or self.origins)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[int]:
        return iter(self.steps)

    def __contains__(self, step: object) -> bool:
        return step in (self._given or self.origins)

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """The weights after ``step`` updates.

        Raises
        ------
        UnknownNameError: no checkpoint of that step. RunFolderError: it is gone, damaged, or another one by now.
        """
        return {name: tensor[None] for name, tensor in self.checkpoint(step).weights().items()}

    def epoch(self, step: int) -> float:
        """The epoch of a checkpoint; 0 where nobody says it."""
        said = self._given[step].epoch if step in self._given else self._origin(step)["epoch"]
        return 0.0 if said is None else float(said)

    def checkpoint(self, step: int) -> Checkpoint:
        """The checkpoint of a step, which holds the weights that the run has read there before, if it has.

        Raises
        ------
        UnknownNameError: no checkpoint of that step. RunFolderError: it is gone, damaged, or another one by now.
        """
        one = self._given[step] if step in self._given else self._found(step)
        recorded = self.origins.get(step)
        if recorded is not None and one.weights_hash != recorded["hash"]:
            raise RunFolderError(
                f"{one} holds other weights than {self._run.path} has read of step {step}: bring those back, or scan "
                "into another folder"
            )
        return one

    def verify(self) -> None:
        """See that every checkpoint is there, and that none has changed since it was read.

        Files of the same size and time are taken for the same, and a revision on the hub of the same commit; of others
        the weights are read.

        Raises
        ------
        RunFolderError: one is gone, damaged, or another one by now.
        """
        for step, origin in self.origins.items():
            if self._given and step not in self._given:
                continue
            one = self._given[step] if step in self._given else self._found(step)
            if not _is(one, origin) and (not origin["files"] or _files(one) != origin["files"]):
                self.checkpoint(step)

    def record(self, one: Checkpoint) -> None:
        """Say in run.json what a checkpoint is that is about to be measured, or where it lies by now.

        The one that is likely to be read next is brought here meanwhile.
        """
        networks = self._run.manifest()["networks"]
        about = networks[self._network]
        there = about[ORIGINS].get(str(one.step))
        said = {"path": self._said(one), "kind": one.kind, "epoch": one.epoch}
        if there is None or not _is(one, there) or any(there[key] != value for key, value in said.items()):
            origin = {
                **said,
                "files": _files(one),
                "bytes": sum(file.size for file in one.files()),
                "hash": one.weights_hash,
                **({"identity": identity} if (identity := one.identity) else {}),
            }
            if origin != there:
                listed = {**about[ORIGINS], str(one.step): origin}
                self._run.update({"networks": {**networks, self._network: {**about, ORIGINS: listed}}})
        self._fetch_behind(one.step)

    def _fetch_behind(self, step: int) -> None:
        """Of several workers each has one, so that this one's next is as many further on."""
        origins = self.origins
        unread = [one for other, one in sorted(self._given.items()) if other > step and other not in origins]
        for one in unread[turns.workers() - 1 :][:1]:
            if one.path is not None:
                format_of(one.kind).fetch(one.path)

    @property
    def equal(self) -> list[tuple[int, ...]]:
        """The steps at which the same weights lie, each group in order."""
        return equal_steps(self._run.manifest()["networks"][self._network])

    def _origin(self, step: int) -> dict[str, Any]:
        origins = self.origins
        if step not in origins:
            near = sorted(sorted(origins, key=lambda other: abs(other - step))[:4])
            raise UnknownNameError(
                f"there is no checkpoint of step {step} in {self._run.path}: the nearest are "
                f"{', '.join(map(str, near)) or 'none'} ({len(origins)} in all)"
            )
        return origins[step]

    def _found(self, step: int) -> Checkpoint:
        """The checkpoint that the run refers to, where it says that it lies."""
        said, origin = self._run.manifest()["networks"][self._network][READ], self._origin(step)
        if origin["path"] is None:
            raise RunFolderError(
                f"the weights of step {step} were handed to the scan in memory, so only you have them: scan them again "
                f"with out={str(self._run.path)!r} and further measures in another folder"
            )
        where: Where = origin["path"]
        if not format_of(origin["kind"]).scheme:
            where = Path(os.path.normpath(self._run.path / where))
            if not where.exists():
                raise DamagedError(
                    f"{where} is gone, the checkpoint of step {step} that {self._run.path} refers to: bring it back, "
                    "or scan the checkpoints where they are now into the same folder"
                )
        (one,) = ReadAs(**said).checkpoints({step: where})
        return dataclasses.replace(one, epoch=origin["epoch"])

    def _said(self, one: Checkpoint) -> str | None:
        """Where a checkpoint lies, seen from the run's folder: so both can be moved together."""
        if one.path is None or format_of(one.kind).scheme:
            return None if one.path is None else str(one.path)
        try:
            return Path(os.path.relpath(one.path.resolve(), self._run.path.resolve())).as_posix()
        except ValueError:  # another drive
            return str(one.path.resolve())


def _is(one: Checkpoint, origin: Mapping[str, Any]) -> bool:
    """Whether ``one`` is what a run has read as ``origin``, by what its format tells of it without reading it."""
    return bool(origin.get("identity")) and one.identity == origin["identity"]


def _files(one: Checkpoint) -> dict[str, list[int]]:
    """Size and time of change of each file of a checkpoint, by name."""
    found: dict[str, list[int]] = {}
    for file in one.files():
        about = file.path.stat()
        found[file.path.name] = [about.st_size, about.st_mtime_ns]
    return found
