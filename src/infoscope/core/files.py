"""Files written whole or not at all, whoever is killed while writing them."""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infoscope.core.errors import RunFolderError
from infoscope.core.refusals import refusal


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` when the block ends well, and nothing otherwise.

    Raises
    ------
    RunFolderError: when the disk is full; what was written before stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as reason:
        temporary.unlink(missing_ok=True)
        if reason.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunFolderError(
                f"the disk holding {path.parent} is full, {path.name} was not written and nothing before it is lost: "
                "free some space and run the same command again, it goes on from there"
            ) from reason
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def entries(folder: Path, pattern: str = "*") -> list[Path]:
    """What ``folder`` holds that ``pattern`` matches, sorted; nothing where there is no such folder.

    ``Path.glob`` answers "nothing" for a folder that may not be read, too.

    Raises
    ------
    RunFolderError: the folder is there and cannot be read, or is a file.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as reason:
        raise RunFolderError(refusal(reason, folder, writing=False)) from reason
    return [folder / name for name in sorted(fnmatch.filter(names, pattern))]


def numbered(parent: Path, name: str) -> Path:
    """A new, empty folder ``parent/name-1``, ``name-2`` …: one that nobody else gets, whatever runs beside this."""
    taken = [path.name.removeprefix(f"{name}-") for path in parent.glob(f"{name}-*")]
    number = 1 + max((int(text) for text in taken if text.isdecimal()), default=0)
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        with suppress(FileExistsError):
            (parent / f"{name}-{number}").mkdir()
            return parent / f"{name}-{number}"
        number += 1


def write_json(path: Path, content: Any) -> None:
    """``content`` as readable JSON, replaced atomically."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
