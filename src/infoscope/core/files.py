"""Files written whole or not at all, whoever is killed while writing them."""

from __future__ import annotations

import errno
import fnmatch
import glob
import json
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infoscope.core.errors import InfoscopeError, RunFolderError
from infoscope.core.refusals import os_error, refusal, unreadable

#: Temporary files: of :func:`atomic` with the process that writes them, of releases before without, of safetensors.
_TEMPORARY = re.compile(r"\..+\.(?:([0-9a-f]+)-)?[0-9a-f]{8}\.tmp|\.tmp[0-9A-Za-z]{6}")
_DAY = 86400.0
_at_work: set[Path] = set()  # temporary files of this process


@contextmanager
def atomic(path: Path, *, lasting: bool = True) -> Generator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` when the block ends well, and nothing otherwise.

    lasting: also after a power cut; False leaves that to :func:`synced`, for many files in one folder.

    Raises
    ------
    RunFolderError: the operating system refuses: permission, a full disk, a limit, a folder of that name …; what was
    written before stays as it was.
    """
    path = Path(path)
    if path.name in ("", ".."):
        raise RunFolderError(refusal(OSError(errno.EISDIR, ""), path, writing=True))
    if "\0" in str(path):
        raise RunFolderError(f"{str(path)!r} cannot be written (no name may hold a zero byte): name another path")
    temporary = path.with_name(f".{path.name[:48]}.{os.getpid():x}-{uuid.uuid4().hex[:8]}.tmp")
    _at_work.add(temporary)
    try:
        made = _made(path.parent)
        with open(temporary, "xb") as first:  # refused here, and in Python's own words, and not by a library
            mode = stat.S_IMODE(os.fstat(first.fileno()).st_mode)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        if stat.S_IMODE(temporary.stat().st_mode) != mode:  # some libraries put a file of their own there
            temporary.chmod(mode)
        os.replace(temporary, path)
        for folder in (path.parent, *made) if lasting else made:
            synced(folder)
    except BaseException as reason:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        refused = os_error(reason) if isinstance(reason, Exception) else None
        if refused is None or isinstance(reason, InfoscopeError):
            raise
        raise RunFolderError(_not_written(path, temporary, refused)) from refused
    finally:
        _at_work.discard(temporary)


def _not_written(path: Path, temporary: Path, reason: OSError) -> str:
    if reason.errno in (errno.ENOSPC, errno.EDQUOT):
        full = "is full" if reason.errno == errno.ENOSPC else "takes no more of you (your quota is used up)"
        return (
            f"the disk holding {path.parent} {full}, {path.name} was not written and nothing before it is lost: "
            "free some space and run the same command again, it goes on from there"
        )
    theirs = reason.filename is not None and Path(os.fsdecode(reason.filename)) not in (path, temporary)
    return refusal(reason, None if theirs else path, writing=True)


def _made(folder: Path) -> list[Path]:
    """Make ``folder`` and those above it; the folders that got a new one, nearest first."""
    above: list[Path] = []
    for one in (folder, *folder.parents):
        if one.exists():
            break
        above.append(one.parent)
    folder.mkdir(parents=True, exist_ok=True)
    return above


def synced(folder: Path) -> None:
    """Make the names in ``folder`` last: without this a power cut may lose a rename.

    Windows has no such call, and some network shares refuse it.
    """
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def sweep(folder: Path) -> list[Path]:
    """Delete the temporary files below ``folder`` that dead writers left; what was deleted.

    For the one writer of a run folder. Those of a living process stay for a day, since another may write a report.
    """
    return _swept(Path(place) / name for place, _, names in os.walk(folder) for name in names)


def sweep_beside(path: Path) -> list[Path]:
    """Delete the temporary files that dead writers of ``path`` itself left beside it; what was deleted."""
    try:
        beside = entries(path.parent)
    except RunFolderError:  # may be written to and not listed
        return []
    return _swept(one for one in beside if one.name.startswith(f".{path.name[:48]}."))


def _swept(paths: Iterable[Path]) -> list[Path]:
    swept: list[Path] = []
    for path in paths:
        found = _TEMPORARY.fullmatch(path.name)
        if found is None or path in _at_work or (found[1] and _at_work_elsewhere(path, int(found[1], 16))):
            continue
        with suppress(OSError):
            path.unlink()
            swept.append(path)
    return sorted(swept)


def _at_work_elsewhere(path: Path, process: int) -> bool:
    if process == os.getpid() or os.name != "posix":  # elsewhere os.kill would end the process
        return False
    try:
        os.kill(process, 0)
        return time.time() - path.stat().st_mtime < _DAY
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False


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


_CLONE = 0x40049409  # FICLONE of Linux: the copy shares its blocks until either is written to


def clone(source: Path, target: Path) -> None:
    """A copy of ``source``, atomically, which shares no damage with it; it takes no room where the file system can."""
    with atomic(target) as temporary, open(source, "rb") as read, open(temporary, "wb") as written:
        try:
            import fcntl

            fcntl.ioctl(written.fileno(), _CLONE, read.fileno())
        except (ImportError, OSError):  # another system, or a file system that cannot
            shutil.copyfileobj(read, written)


def contents(path: Path) -> bytes:
    """The bytes of ``path``.

    Raises
    ------
    RunFolderError: it is missing, or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as reason:
        raise unreadable(path, reason, "restore it from a copy") from reason


def numbered(parent: Path, name: str) -> Path:
    """A new, empty folder ``parent/name-1``, ``name-2`` …: one that nobody else gets, whatever runs beside this.

    Raises
    ------
    RunFolderError: ``parent`` cannot be read or made, or nothing can be put into it.
    """
    taken = [path.name.removeprefix(f"{name}-") for path in entries(parent, f"{glob.escape(name)}-*")]
    number = 1 + max((int(text) for text in taken if text.isdecimal()), default=0)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            with suppress(FileExistsError):
                (parent / f"{name}-{number}").mkdir()
                return parent / f"{name}-{number}"
            number += 1
    except OSError as reason:
        raise RunFolderError(refusal(reason, writing=True)) from reason


def write_json(path: Path, content: Any) -> None:
    """``content`` as readable JSON, replaced atomically."""
    with atomic(path) as temporary:
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        temporary.write_bytes(
            text.encode("utf-8", "backslashreplace")
        )  # of a path that is not UTF-8: as JSON writes it
