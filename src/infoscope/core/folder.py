"""The run folder: one folder holds a run whole, nothing is pickled, every write is atomic.

runs/<id>/run.json                    what was asked for and what was in force; replaced atomically
          heartbeat .writer.lock      who writes here now (``core.writer_lock``)
          snapshots/<network>/…       weights, written by ``record.trajectory``
          rows/part-*.parquet         append-only; written to a temporary name and renamed
          verdicts.json report.html
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.core import writer_lock
from infoscope.core.claim import completed
from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic, sweep, write_json
from infoscope.core.rows import Rows

FORMAT = 1  # of the folder as a whole
#: What a run consists of; run.json last, so that a folder that is half taken away still says that it is a run.
PARTS = ("rows", "snapshots", "examples", "evaluation.safetensors", "verdicts.json", "report.html", "run.json")
SET_ASIDE, GONE = ".replaced-", ".gone"  # names of a run that another one replaces, and of what is left of it


class RunFolder:
    """One run on disk. ``create`` a new one, ``open`` an existing one; either may then be written to."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
    def snapshots_path(self) -> Path:
        return self.path / "snapshots"

    def manifest(self) -> dict[str, Any]:
        """``run.json`` as it stands now."""
        try:
            content = json.loads(self.manifest_path.read_text(encoding="utf-8"))
            written_format = int(content["format"])
        except (ValueError, KeyError, TypeError) as reason:
            raise RunFolderError(
                f"{self.manifest_path} is damaged ({reason}): restore it from a copy, "
                "or start the run again in a new folder"
            ) from reason
        if written_format > FORMAT:
            raise RunFolderError(
                f"{self.path} was written by a newer infoscope (folder format {written_format}, this one reads up to "
                f"{FORMAT}): upgrade with `pip install -U infoscope`"
            )
        return content

    def update(self, changes: dict[str, Any]) -> None:
        """Merge ``changes`` into ``run.json``, atomically."""
        content = self.manifest() if self.manifest_path.exists() else {}
        write_json(self.manifest_path, {**content, **changes})

    def append(self, rows: Rows) -> None:
        """Write one more part. Empty rows write nothing."""
        if not len(rows):
            return
        number = 1 + max((int(p.stem.split("-")[1]) for p in self._parts()), default=-1)
        with atomic(self.path / "rows" / f"part-{number:06d}-{uuid.uuid4().hex[:6]}.parquet") as temporary:
            pq.write_table(rows.table, temporary, compression="zstd")

    def _parts(self) -> list[Path]:
        return sorted((self.path / "rows").glob("part-*.parquet"))

    def rows(self) -> Rows:
        """All rows written so far, each measurement once. Half-written temporaries are not looked at."""
        parts = []
        for path in self._parts():
            try:
                parts.append(Rows(pq.read_table(path)))
            except (pa.ArrowInvalid, OSError) as reason:
                raise RunFolderError(
                    f"{path} is damaged ({str(reason).splitlines()[0]}): delete that file and run the same command "
                    "again, only its rows are measured anew"
                ) from reason
        return Rows.concat(parts).latest()

    def verdicts(self) -> list[dict[str, Any]]:
        """The stored verdicts, or an empty list when nothing was judged."""
        path = self.path / "verdicts.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        except ValueError as reason:
            raise RunFolderError(
                f"{path} is damaged ({reason}): delete it and run `infoscope claims` again"
            ) from reason
        return [completed(verdict) for verdict in found]

    @contextmanager
    def writing(self) -> Iterator[None]:
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
    def replaced(self) -> Iterator[None]:
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
