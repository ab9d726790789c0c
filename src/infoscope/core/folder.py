"""The run folder: one folder holds a run whole, nothing is pickled, every write is atomic.

runs/<id>/run.json                    what was asked for and what was in force; replaced atomically
          heartbeat                   who writes here now; its age says whether they live
          snapshots/<network>/…       weights, written by ``record.trajectory``
          rows/part-*.parquet         append-only; written to a temporary name and renamed
          verdicts.json report.html
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.core.claim import completed
from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic, write_json
from infoscope.core.rows import Rows

FORMAT = 1  # of the folder as a whole
#: What a run consists of; run.json last, so that a folder that is half taken away still says that it is a run.
PARTS = ("rows", "snapshots", "examples", "evaluation.safetensors", "verdicts.json", "report.html", "run.json")
STALE_SECONDS = 60.0  # a heartbeat older than this belongs to a dead process


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

        Raises
        ------
        RunFolderError: when another living process writes here.
        """
        heartbeat = self.path / "heartbeat"
        if heartbeat.exists() and time.time() - heartbeat.stat().st_mtime < STALE_SECONDS:
            pid, _, host = heartbeat.read_text(encoding="utf-8").partition(" ")
            if pid != str(os.getpid()) and (host != socket.gethostname() or _alive(pid)):
                raise RunFolderError(
                    f"process {pid} on {host} is writing to {self.path}: wait for it, or stop it and run this again"
                )
        with atomic(heartbeat) as temporary:  # a killed writer must not leave half a name
            temporary.write_text(f"{os.getpid()} {socket.gethostname()}", encoding="utf-8")
        try:
            yield
        finally:
            heartbeat.unlink(missing_ok=True)

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """Take the run that lies here away: for good when the block, which begins another one, ends well.

        Nothing but the parts of a run is touched, whatever else lies in the folder. Where there is no run, nothing is.

        Raises
        ------
        RunFolderError: ``run.json`` is not one of infoscope's, or another living process writes here.
        """
        if not self.manifest_path.exists():
            yield
            return
        if "networks" not in self.manifest():
            raise RunFolderError(
                f"{self.manifest_path} is of no run of infoscope, so it is not replaced: pass another folder"
            )
        aside = self.path / f".replaced-{uuid.uuid4().hex[:8]}"
        with self.writing():
            aside.mkdir()
            for part in PARTS:
                if (self.path / part).exists():
                    (self.path / part).rename(aside / part)
        try:
            yield
        except BaseException:
            for part in PARTS:
                if (aside / part).exists():
                    (aside / part).replace(self.path / part)  # what the block had begun was not whole
            aside.rmdir()
            raise
        shutil.rmtree(aside)

    def beat(self) -> None:
        """Say that the writer lives."""
        with suppress(FileNotFoundError):  # someone cleared the folder up; the run itself is whole
            os.utime(self.path / "heartbeat")


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
