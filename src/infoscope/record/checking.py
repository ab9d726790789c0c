"""Whether everything in a run folder is as it was written, file by file; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infoscope.core import parts, shares, snapshots, writer_lock
from infoscope.core.errors import DamagedError, InfoscopeError
from infoscope.core.files import entries
from infoscope.core.folder import EVALUATION, PARTS, PROBES, VERDICTS, RunFolder
from infoscope.core.rows import Rows
from infoscope.record import evaluation, files
from infoscope.record.trajectory import STATE, Trajectory


@dataclass(frozen=True)
class Fault:
    """A file that is not as it was written.

    lost: it is missing or damaged; else it could not be read, and may be whole. rows: how many rows went with it.
    """

    path: Path
    sentence: str
    lost: bool
    rows: int = 0


@dataclass(frozen=True)
class Checked:
    """What :func:`checked` found: ``whole`` counts the files that are as they were written.

    unrecorded: files that say and of which is said nothing to hold them against, since an infoscope before 0.2 wrote
    them. others: what lies in the folder and is not of the run. lost: losses that were accepted, as the run records
    them. remade: what a repair made anew.
    """

    whole: int
    faults: tuple[Fault, ...]
    unrecorded: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    lost: tuple[str, ...] = ()
    remade: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "whole": self.whole,
            "faults": [{"path": str(each.path), "sentence": each.sentence} for each in self.faults],
            "not recorded": list(map(str, self.unrecorded)),
            "others": list(map(str, self.others)),
            "lost": list(self.lost),
            "remade": list(self.remade),
        }


@dataclass
class _Tally:
    whole: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])
    unrecorded: list[Path] = field(default_factory=list[Path])

    def look(self, path: Path, read: Callable[[], bool], rows: int = 0) -> None:
        """Count ``path`` by what ``read`` does: it returns whether there was something to hold it against."""
        try:
            recorded = read()
        except InfoscopeError as reason:
            self.faults.append(Fault(path, str(reason), isinstance(reason, DamagedError), rows))
        else:
            self.whole += recorded
            self.unrecorded += [] if recorded else [path]


def checked(folder: RunFolder) -> Checked:
    """Every file of a run, read whole and held against what is recorded of it.

    Raises
    ------
    RunFolderError: ``run.json`` is damaged, or a folder cannot be listed.
    """
    manifest, tally = folder.manifest(), _Tally()
    tally.look(folder.manifest_path, lambda: folder.recorded)
    _parts(folder, folder.rows_path, tally, Rows.stored)
    _parts(folder, folder.shares_path, tally, shares.stored)
    for network in sorted({*manifest.get("snapshots", {}), *(path.name for path in entries(folder.snapshots_path))}):
        _snapshots(folder, network, tally)
    for path in entries(folder.path / PROBES, "*.safetensors"):
        tally.look(path, lambda path=path: bool(files.load(path, "delete it, or fit the probe anew", hashed=True)))
    if (path := folder.path / EVALUATION).exists() or "evaluation" in manifest:
        tally.look(path, lambda: _evaluation(path, folder.recorded))
    for path, table in folder.examples():
        tally.look(path, lambda table=table: bool(table()) and folder.recorded)
    if (path := folder.path / VERDICTS).exists() or manifest.get("judged"):
        tally.look(path, lambda: _verdicts(folder))
    return Checked(
        tally.whole,
        tuple(tally.faults),
        tuple(tally.unrecorded),
        tuple(_others(folder)),
        tuple(manifest.get("lost", ())),
    )


def _parts(folder: RunFolder, path: Path, tally: _Tally, believed: Callable[[Any], object]) -> None:
    """The parts of rows, or of shares, in ``path``; ``believed`` takes the table of one."""
    listed, there = folder.listed_parts(path.name), {each.name for each in parts.found(path)}
    for name in sorted({*listed, *there}):
        part, about = path / name, listed.get(name)

        def read(part: Path = part, about: parts.Listed | None = about) -> bool:
            if about is not None and not part.exists():
                raise DamagedError(f"{part} is missing, though it was written: {folder.advice}")
            believed(parts.read(part, about, folder.advice))
            return about is not None

        tally.look(part, read, about["rows"] if about else 0)


def _snapshots(folder: RunFolder, network: str, tally: _Tally) -> None:
    trajectory = Trajectory.of(folder, network)
    listed = trajectory.listed
    for step in sorted({*(listed or ()), *snapshots.found(trajectory.path)}):

        def read(step: int = step) -> bool:
            trajectory.load(step)
            return step in (listed or ())

        tally.look(trajectory.file(step), read)
    if (path := trajectory.path / STATE).exists():
        tally.look(path, lambda: bool(trajectory.read_state()) and folder.recorded)


def _evaluation(path: Path, hashed: bool) -> bool:
    files.load(path, evaluation.RESTORE, hashed=hashed)
    return hashed


def _verdicts(folder: RunFolder) -> bool:
    folder.verdicts()
    return folder.recorded


def _others(folder: RunFolder) -> Iterator[Path]:
    """What nobody of infoscope put there, or what somebody's copying tool made of it."""
    for path in entries(folder.path):
        if path.name not in {*PARTS, writer_lock.LOCK, writer_lock.HEARTBEAT}:
            yield path
    for path in (*entries(folder.rows_path), *entries(folder.shares_path)):
        if not parts.NAMES.fullmatch(path.name):
            yield path
    for network in entries(folder.snapshots_path):
        for path in entries(network):
            if snapshots.step_of(path) is None and path.name != STATE:
                yield path
