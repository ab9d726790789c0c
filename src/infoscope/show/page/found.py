"""Run folders below some folders, and what a list says of each: from run.json and the heartbeat, no table is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infoscope.core import text, writer_lock
from infoscope.core.errors import InputError
from infoscope.core.folder import EXAMPLES, VERDICTS, RunFolder
from infoscope.core.provenance import fingerprint
from infoscope.show.reading import Shown

DEEPEST = 5  # folders below the one that is served
MOST_FOLDERS = 20_000  # that are looked into
_PLAIN = re.compile(r"[\w.+-]+(/[\w.+-]+)*", re.ASCII)
_AT_WORK = ("created", "running", "training", "measuring", "computing")

Seen = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Found:
    """A run folder: ``id`` is what addresses say, ``name`` what is shown."""

    id: str
    name: str
    path: Path

    def stamp(self) -> Seen:
        """Changes whenever what the run holds does: a writer replaces run.json with each part that it adds."""
        return tuple(_stat(self.path / name) for name in ("run.json", "rows", VERDICTS, EXAMPLES))

    def summary(self, stamp: Seen) -> dict[str, Any]:
        """What the list says; of a folder that cannot be read, why."""
        told = {"id": self.id, "name": self.name, "version": fingerprint(repr(stamp))}
        try:
            return {**told, **_about(Shown(RunFolder.open(self.path)), self.writer_lives())}
        except Exception as reason:  # a stranger's, a damaged one, one that goes away at this moment
            return {**told, "title": self.name, "state": "unreadable", "notice": why(reason)}

    def writer_lives(self) -> bool:
        """Whether somebody writes there now."""
        try:
            return writer_lock.lives(self.path)
        except Exception:  # something else lies where the heartbeat should
            return False


def why(reason: Exception) -> str:
    """Why something is not shown, in a sentence that can be."""
    return text.sentence(str(reason) or type(reason).__name__, 400)


def _stat(path: Path) -> tuple[int, ...]:
    try:
        now = path.stat()
    except OSError:
        return ()
    return now.st_ino, now.st_mtime_ns, now.st_size


def _about(run: Shown, lives: bool) -> dict[str, Any]:
    content = run.manifest()
    state = str(content.get("state") or "")
    if state in _AT_WORK and not lives:
        state = "stopped"
    networks = content.get("networks") or {}
    return {
        "title": str(content.get("title") or run.id),
        "state": state or "unknown",
        "live": lives,
        "figure": str(content.get("figure") or ""),
        "preset": str(content.get("preset") or ""),
        "networks": [str(about.get("title") or name) for name, about in networks.items()],
        "rows": sum(part["rows"] for part in (content.get("parts") or {}).values()),
        "changed": run.manifest_path.stat().st_mtime,
    }


def runs(roots: Sequence[Path]) -> dict[str, Found]:
    """Every run folder at or below ``roots`` by its id, in the order of their names.

    Hidden folders and what lies inside a run are not looked into, and no folder twice.

    Raises
    ------
    InputError: one of ``roots`` is no folder.
    """
    several = len({root.resolve() for root in roots}) > 1
    found: dict[str, Found] = {}
    for root in roots:
        if not root.is_dir():
            raise InputError(f"{root} is no folder, wanted one that holds runs: `infoscope serve runs`")
        for path in _below(root):
            name = path.relative_to(root).as_posix()
            if name == "." or several:
                name = root.resolve().name + ("" if name == "." else f"/{name}")
            id = name if _PLAIN.fullmatch(name) else f"run-{fingerprint(os.fsencode(path).hex())}"
            if id in found:
                id = f"{id}-{fingerprint(os.fsencode(path.resolve()).hex())}"
            found.setdefault(id, Found(id, text.name(name), path))
    return dict(sorted(found.items()))


def _below(root: Path) -> Iterator[Path]:
    waiting, seen = [(root, 0)], set[tuple[int, int]]()
    while waiting and len(seen) < MOST_FOLDERS:
        folder, depth = waiting.pop()
        try:
            where = folder.stat()
            inside = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError:  # not ours to read, or gone
            continue
        if (where.st_dev, where.st_ino) in seen:
            continue
        seen.add((where.st_dev, where.st_ino))
        if any(entry.name == "run.json" for entry in inside):
            yield folder
        elif depth < DEEPEST:
            waiting += [(Path(entry.path), depth + 1) for entry in inside if _a_folder(entry)]


def _a_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:
        return False
