"""The run folder: one folder holds a run whole, nothing is pickled, every write is atomic.

runs/<id>/run.json                    what was asked for and what was in force, and what the folder holds: each part
                                      and snapshot with its hashes; sealed, replaced atomically
          heartbeat .writer.lock      who writes here now (``core.writer_lock``)
          snapshots/<network>/…       weights, written by ``record.trajectory``
          rows/part-*.parquet         append-only; written to a temporary name and renamed
          shares/part-*.parquet       what groups of rows add to some of them, in the same manner
          verdicts.json report.html

What is written is renamed first and listed then: something whole that is not listed yet counts, something listed that
is missing or changed is told.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from infoscope.core import claim, manifest, parts, shares, snapshots, writer_lock
from infoscope.core.errors import DamagedError, RunFolderError
from infoscope.core.files import contents, entries, sweep, synced, write_json
from infoscope.core.measurement import Shares
from infoscope.core.rows import Place, Rows
from infoscope.core.sealed import sealed, unsealed

FORMAT = 2  # of the folder as a whole; 2 lists its parts and snapshots with their hashes
MANY_PARTS = 16  # more than so many are merged into one when a run ends
DAMAGED = "damaged"  # the folder that a repair moves damaged files into
EXAMPLES = "examples"  # the folder of tables of examples, and the key of the hash in each
JOBS = "jobs"  # the folder of what workers have found and the writer has not taken yet, while an engine is at work
PROBES = "probes"  # the folder of fitted probes, each of which says its own hash
EVALUATION, VERDICTS, REPORT = "evaluation.safetensors", "verdicts.json", "report.html"
#: What a run consists of; run.json last, so that a folder that is half taken away still says that it is a run.
PARTS = ("rows", "shares", JOBS, "snapshots", EXAMPLES, PROBES, EVALUATION, VERDICTS, REPORT, DAMAGED, "run.json")
_LISTS = {"rows": "parts", "shares": "shares"}  # of a folder of parts, the field of run.json that lists them
SET_ASIDE, GONE = ".replaced-", ".gone"  # names of a run that another one replaces, and of what is left of it


class Sink(Protocol):
    """Where rows also go as they come, beside the run folder: a mirror, never the truth."""

    def take(self, rows: Rows) -> None:
        """The rows of a step, or of several."""
        ...

    def close(self) -> None:
        """There are no more; the one who made the session says so."""
        ...


class RunFolder:
    """One run on disk. ``create`` a new one, ``open`` an existing one; either may then be written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sinks: Sequence[Sink] = ()  # who else is told of rows that are appended here, a part at a time
        self._read: tuple[tuple[int, ...], dict[str, Any]] | None = None  # run.json as it was read, and which that was

    @classmethod
    def create(cls, path: str | Path, manifest: dict[str, Any]) -> RunFolder:
        """A new run folder with its ``run.json``; the folder may exist but must not hold another run."""
        folder = cls(Path(path))
        if folder.manifest_path.exists():
            raise RunFolderError(f"{path} already holds a run: pass another --out, or open that run to go on with it")
        if folder.path.exists() and not folder.path.is_dir():
            raise RunFolderError(f"{path} is a file, wanted a folder for the run: pass another --out")
        folder.update({"format": FORMAT, "id": folder.path.name, **manifest})
        return folder

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run folder.

        Raises
        ------
        RunFolderError: no such folder, no or a broken ``run.json``, or one from a newer infoscope.
        """
        folder = cls(Path(path))
        if not folder.path.is_dir():
            raise RunFolderError(
                f"there is no run folder at {path}: `infoscope run …` or `infoscope.watch(…)` makes one"
            )
        if not folder.manifest_path.exists():
            raise RunFolderError(
                f"{path} holds no run.json, so it is not a run folder: pass the folder that holds run.json"
            )
        folder.manifest()
        return folder

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def manifest_path(self) -> Path:
        return self.path / "run.json"

    @property
    def rows_path(self) -> Path:
        return self.path / "rows"

    @property
    def shares_path(self) -> Path:
        return self.path / "shares"

    @property
    def snapshots_path(self) -> Path:
        return self.path / "snapshots"

    def manifest(self) -> dict[str, Any]:
        """``run.json`` as it stands now, without its seal; what lies deeper than its fields is to be read only.

        Raises
        ------
        RunFolderError: it was changed since it was written, is of a newer infoscope, or cannot be read.
        """
        try:
            now = self.manifest_path.stat()
            which = (now.st_ino, now.st_mtime_ns, now.st_size)  # a replaced file is another one
        except OSError:
            which = ()
        if self._read is None or not which or self._read[0] != which:
            self._read = which, self._manifest()
        return dict(self._read[1])

    def _manifest(self) -> dict[str, Any]:
        try:
            content = json.loads(contents(self.manifest_path))
            written_format = int(content["format"])
            if written_format <= FORMAT:
                content = unsealed(content, wanted=written_format >= 2)
                manifest.validate(content)
        except (ValueError, KeyError, TypeError) as reason:
            raise RunFolderError(
                f"{self.manifest_path} is damaged or was edited ({reason}): restore it from a copy, "
                "or start the run again in a new folder"
            ) from reason
        if written_format > FORMAT:
            raise RunFolderError(
                f"{self.path} was written by a newer infoscope (folder format {written_format}, this one reads up to "
                f"{FORMAT}): upgrade with `pip install -U infoscope`"
            )
        return content

    def update(self, changes: dict[str, Any]) -> None:
        """Merge ``changes`` into ``run.json``, atomically, and list the snapshots that have come since."""
        content = {**(self.manifest() if self.manifest_path.exists() else {}), **changes}
        if content["format"] >= 2:
            content["snapshots"] = self._all_snapshots(content.get("snapshots", {}))
        self._write(content)

    def _write(self, content: dict[str, Any]) -> None:
        if not content.get("snapshots", True):
            del content["snapshots"]
        write_json(self.manifest_path, sealed(content) if content["format"] >= 2 else content)

    @property
    def recorded(self) -> bool:
        """Whether the run lists what it holds; one that infoscope 0.1 made does not."""
        return self.manifest()["format"] >= 2

    def append(self, rows: Rows) -> None:
        """Write one more part, then tell the sinks of it. Empty rows write nothing."""
        if len(rows):
            self._append(self.rows_path, rows.table)
            for sink in self.sinks:
                sink.take(rows)

    def append_shares(self, placed: Sequence[tuple[Place, str, Shares]]) -> None:
        """Write what groups add to estimates of the quantities named, at these places; of none nothing is written."""
        if placed:
            self._append(self.shares_path, shares.table_of(placed))

    def append_answers(self, rows: Rows, of_shares: Sequence[pa.Table]) -> None:
        """Write one more part, as workers found it, with the shares that belong to its rows; these go first."""
        found = shares.together(of_shares)
        if found.num_rows:
            self._append(self.shares_path, found)
        self.append(rows)

    def _append(self, folder: Path, table: pa.Table, instead_of: Sequence[Path] = ()) -> None:
        path = parts.following(folder)
        self._list(path, parts.write(path, table), instead_of)
        for one in instead_of:
            one.unlink()

    def _list(self, path: Path, listed: parts.Listed, instead_of: Sequence[Path] = ()) -> None:
        """List a part that was written: first renamed, then listed, so that a kill in between loses nothing."""
        if self.recorded:
            gone, of = {one.name for one in instead_of}, path.parent.name
            kept = {name: about for name, about in self.listed_parts(of).items() if name not in gone}
            self.update({_LISTS[of]: {**kept, path.name: listed}})

    def unlist_part(self, name: str, of: str = "rows") -> None:
        """Take a part off the list: its rows are lost, and to be measured anew."""
        listed = self.listed_parts(of)
        if name in listed:
            self.update({_LISTS[of]: {one: about for one, about in listed.items() if one != name}})

    def listed_parts(self, of: str = "rows") -> dict[str, parts.Listed]:
        """What ``run.json`` says of the parts of its rows, or of its ``"shares"``, by name."""
        return self.manifest().get(_LISTS[of], {})

    def rows(self) -> Rows:
        """All rows written so far, each measurement once. Half-written temporaries are not looked at.

        Raises
        ------
        RunFolderError: a part that is listed is missing, or one is damaged or cannot be read.
        """
        while True:
            listed = self.listed_parts()
            try:
                return self._rows(listed)
            except DamagedError:
                if self.listed_parts() == listed:
                    raise  # else a writer merged its parts meanwhile

    def _rows(self, listed: Mapping[str, parts.Listed]) -> Rows:
        found: list[Rows] = []
        for path, table in parts.tables(self.rows_path, listed, self.advice):
            try:
                found.append(Rows.stored(table))
            except RunFolderError as reason:
                raise RunFolderError(f"{path} does not hold rows: {reason}") from reason
        return Rows.concat(found).latest()

    def shares(self) -> pa.Table:
        """What groups add to estimates, :data:`infoscope.core.shares.SCHEMA`, each estimate once.

        Raises
        ------
        RunFolderError: a part that is listed is missing, or one is damaged or cannot be read.
        """
        while True:
            listed = self.listed_parts("shares")
            try:
                found = parts.tables(self.shares_path, listed, self.advice)
                return shares.together([shares.stored(table) for _, table in found])
            except DamagedError:
                if self.listed_parts("shares") == listed:
                    raise  # else a writer merged its parts meanwhile

    @property
    def advice(self) -> str:
        """What to do about a part or a snapshot that is missing or damaged."""
        if self.manifest().get("figure"):
            return f"`infoscope check {self.path} --repair` makes it anew"
        return f"a copy brings it back, and `infoscope check {self.path} --repair --accept-loss` goes on without it"

    def merge_parts(self) -> None:
        """Make one part of many; killed in between, the folder holds the same rows all the same."""
        for folder in (self.rows_path, self.shares_path):
            old = parts.found(folder)
            if len(old) > MANY_PARTS:
                self._append(folder, self.shares() if folder == self.shares_path else self.rows().table, old)

    def listed_snapshots(self, network: str) -> dict[int, snapshots.Stamp] | None:
        """What ``run.json`` says of the snapshots of ``network``, by step; None where it keeps no list."""
        content = self.manifest()
        if content["format"] < 2:
            return None
        return {int(step): stamp for step, stamp in content.get("snapshots", {}).get(network, {}).items()}

    def listed_snapshot(self, network: str, step: int) -> snapshots.Stamp | None:
        """What ``run.json`` says of one snapshot; None where it says nothing."""
        return self.manifest().get("snapshots", {}).get(network, {}).get(str(step))

    def unlist_snapshot(self, network: str, step: int) -> None:
        """Take a snapshot off the list, before another one of that step is written."""
        listed = self.manifest().get("snapshots", {})
        if str(step) in listed.get(network, {}):
            rest = {other: stamp for other, stamp in listed[network].items() if other != str(step)}
            self._write({**self.manifest(), "snapshots": {**listed, network: rest}})  # its file is there still

    def _all_snapshots(self, listed: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """``listed``, and what has come since and says of itself what it is."""
        found = {network: dict(stamps) for network, stamps in listed.items()}
        for folder in entries(self.snapshots_path):
            stamps = found.setdefault(folder.name, {})
            new = [(step, path) for step, path in snapshots.found(folder).items() if str(step) not in stamps]
            for step, path in new:
                with suppress(OSError, ValueError):  # whoever reads it is told
                    if stamp := snapshots.stamp(snapshots.metadata(path)):
                        stamps[str(step)] = stamp
            if new:
                synced(folder)  # nothing is listed that a power cut could take away
        return {network: stamps for network, stamps in found.items() if stamps}

    def store_examples(self, name: str, table: pa.Table) -> Path:
        """Write a table of examples, in place of an older one of that name; it says its own hash. Returns where."""
        path = self.path / EXAMPLES / name
        parts.write(path, parts.self_hashed(table, EXAMPLES))
        return path

    def examples(self) -> Iterator[tuple[Path, Callable[[], pa.Table]]]:
        """The tables of examples by name: where each lies, and what reads it.

        Raises
        ------
        RunFolderError: the folder, or a table when it is read, cannot be read or is damaged.
        """
        for path in entries(self.path / EXAMPLES, "*.parquet"):
            yield path, partial(self._examples, path)

    def _examples(self, path: Path) -> pa.Table:
        advice = "delete it and run `infoscope examples` again"
        table = parts.read(path, None, advice)
        if not parts.holds(table, EXAMPLES, wanted=self.recorded):
            raise DamagedError(f"{path} is damaged (its hash is not that of what was written): {advice}")
        return table

    def verdicts(self) -> list[dict[str, Any]]:
        """The stored verdicts, or an empty list when nothing was judged.

        Raises
        ------
        RunFolderError: they are missing, cannot be read, or say something else than was written or than their findings
            come to.
        """
        path, content = self.path / VERDICTS, self.manifest()
        wanted = content.get("judged", 0)
        if not path.exists() and not wanted:
            return []
        try:
            found = [unsealed(each, wanted=content["format"] >= 2) for each in json.loads(contents(path))]
            completed = [claim.completed(each) for each in found]
            for verdict in completed if content["format"] >= 2 else ():
                claim.check_outcome(verdict)
        except (ValueError, KeyError, TypeError, AttributeError) as reason:
            raise DamagedError(
                f"{path} is damaged or was edited ({reason}): run `infoscope claims {self.path}`, which judges anew"
            ) from reason
        if len(completed) < wanted:
            raise DamagedError(
                f"{path} holds {len(completed)} verdicts, and {wanted} were written: "
                f"run `infoscope claims {self.path}`, which judges anew"
            )
        return completed

    def store_verdicts(self, found: Sequence[dict[str, Any]]) -> None:
        """Write ``verdicts.json``: the verdicts as plain values, each sealed."""
        write_json(self.path / VERDICTS, [sealed(each) for each in found])
        if self.recorded and self.manifest().get("judged") != len(found):
            self.update({"judged": len(found)})

    @contextmanager
    def writing(self) -> Generator[None]:
        """Hold the folder as its one writer; call :meth:`beat` now and then while inside.

        Re-entrant in one process, by any path and in any thread. What killed writers left half done goes first.

        Raises
        ------
        RunFolderError: when another living process writes here, or the folder cannot be written to.
        """
        with writer_lock.held(self.path) as outermost:
            if outermost:
                self._put_back()
                sweep(self.path)
            yield

    @contextmanager
    def replaced(self) -> Generator[None]:
        """Take the run that lies here away: for good when the block, which begins another one, ends well.

        Nothing but the parts of a run is touched, whatever else lies in the folder. Where there is no run, nothing is.
        Killed in between, the next writer puts the old run back where no new one has begun.

        Raises
        ------
        RunFolderError: ``run.json`` is not one of infoscope's, or another living process writes here.
        """
        if not self.manifest_path.exists() and not self._aside():
            yield
            return
        if self.manifest_path.exists() and "networks" not in self.manifest():
            raise RunFolderError(
                f"{self.manifest_path} is of no run of infoscope, so it is not replaced: pass another folder"
            )
        with self.writing():
            aside = self.path / f"{SET_ASIDE}{uuid.uuid4().hex[:8]}"
            aside.mkdir()
            for part in PARTS:
                if (self.path / part).exists():
                    (self.path / part).rename(aside / part)
            try:
                yield
            except BaseException:
                self._returned(aside)  # what the block had begun was not whole
                raise
            _removed(aside)

    def beat(self) -> None:
        """Say that the writer lives; costs next to nothing, and does nothing outside of :meth:`writing`."""
        writer_lock.beat(self.path)

    def _aside(self) -> list[Path]:
        """What a killed :meth:`replaced` left: runs set aside."""
        found = sorted(self.path.glob(f"{SET_ASIDE}*"))
        return [path for path in found if path.is_dir() and not path.is_symlink()]

    def _put_back(self) -> None:
        """Undo what a killed :meth:`replaced` began, or end it where the new run stands."""
        for aside in self._aside():
            set_aside_whole = (aside / "run.json").exists()  # run.json goes last, and comes last
            if aside.suffix == GONE or (set_aside_whole and self.manifest_path.exists()):
                _removed(aside)
            else:
                self._returned(aside)

    def _returned(self, aside: Path) -> None:
        """The run set aside takes its place again: over what lies there, where all of it had been set aside."""
        whole = (aside / "run.json").exists()
        if whole:
            self.manifest_path.unlink(missing_ok=True)  # first: a kill in the middle must not make a new run of it
        for part in PARTS:
            here = self.path / part
            if (aside / part).exists() and (whole or not here.exists()):
                if here.is_dir():
                    shutil.rmtree(here)
                (aside / part).replace(here)
        with suppress(OSError):  # something else is in it, which is not ours to remove
            aside.rmdir()


def _removed(aside: Path) -> None:
    """Remove a run set aside; a name says so first, since half of it could be taken for one half set aside."""
    gone = aside if aside.suffix == GONE else aside.rename(aside.with_name(f"{aside.name}{GONE}"))
    shutil.rmtree(gone)
