"""What the operating system refuses, told as one sentence: what, where, why and what to do."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from infoscope.core.errors import DamagedError, RunFolderError

_ELSEWHERE = "or work elsewhere: run and report take --out, and a copy of a run folder can be measured and judged"
_ROOM = "free some space and run the same command again, it goes on from there"
#: By errno: why the operating system refuses, what to do about a write, what about a read.
_REFUSALS: dict[int, tuple[str, str, str]] = {
    errno.EACCES: ("permission is denied", f"make it writable for you, {_ELSEWHERE}", "ask its owner to let you read"),
    errno.EPERM: ("it is not permitted", f"make it writable for you, {_ELSEWHERE}", "ask its owner to let you read"),
    errno.EROFS: (
        "the file system is read-only",
        f"mount it writable, {_ELSEWHERE}",
        "mount it so that it can be read",
    ),
    errno.ENOENT: ("there is no such file or folder", "make the folder first", "name one that is there"),
    errno.ENOTDIR: ("a part of that path is a file", "name a path through folders", "name a path through folders"),
    errno.EISDIR: ("it is a folder", "name a file, or take that folder away", "name a file"),
    errno.EEXIST: ("a file is in the way", "name another path, or take that file away", "name another path"),
    errno.ENOTEMPTY: ("a folder is in the way", "name another path, or take that folder away", "name another path"),
    errno.ENAMETOOLONG: ("its name is too long", "name a shorter path", "name a shorter path"),
    errno.ELOOP: ("its links lead in a circle", "name a path that ends", "name a path that ends"),
    errno.ENOSPC: ("the disk is full", _ROOM, _ROOM),
    errno.EDQUOT: ("your quota on that disk is used up", _ROOM, _ROOM),
    errno.EFBIG: ("the file would pass the limit on file sizes", "raise it (ulimit -f), or ask for less", "raise it"),
    errno.EIO: ("the disk or the network failed", "look at the disk and try again", "look at the disk and try again"),
    errno.ESTALE: ("the network share was lost", "mount it again and try again", "mount it again and try again"),
    errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n)", "raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open", "close some programs", "close some programs"),
    errno.ENOMEM: ("memory is short", "close some programs, or ask for less", "close some programs, or ask for less"),
    errno.EBUSY: ("another program holds it", "close that program and try again", "close that program and try again"),
    errno.EINVAL: ("the file system does not take it", "name another path", "name another path"),
}
_NO_MEMORY = re.compile(
    r"[Cc]annot allocate memory|can't allocate memory|failed to map segment|can't start new thread|out of memory"
)
_HIDDEN_NUMBER = re.compile(r"(?:os error|[Ee]rrno) (\d+)")  # as safetensors and Arrow tell it inside their own text


def os_error(reason: BaseException) -> OSError | None:
    """``reason`` as an ``OSError`` that has a number, also one that a library hid in its own exception's text."""
    if isinstance(reason, OSError) and reason.errno is not None:
        return reason
    hidden = _HIDDEN_NUMBER.search(str(reason))
    if hidden is None:
        return None
    found = OSError(int(hidden[1]), os.strerror(int(hidden[1])))
    found.__cause__ = reason
    return found


def refusal(reason: OSError, path: str | Path | None = None, *, writing: bool | None = None) -> str:
    """What the operating system refused, where and what to do, as one sentence; ``path`` in place of the one it names.

    Works for every ``OSError``: one that is not known here is told in the system's own words. Where nobody knows
    whether it was ``writing``, a file that is there and may not be read was read.
    """
    named = path if path is not None else reason.filename
    where = "a file" if named is None or isinstance(named, int) else os.fsdecode(named)
    verb = "opened" if writing is None else "written" if writing else "read"
    if writing is None:
        writing = named is None or os.access(named, os.R_OK) or not os.path.lexists(named)
    why, write, read = _REFUSALS.get(
        reason.errno or 0, (reason.strerror or str(reason) or type(reason).__name__, "try again", "try again")
    )
    return f"{where} cannot be {verb} ({why}): {write if writing else read}"


def unreadable(path: Path, reason: BaseException, remedy: str) -> RunFolderError:
    """The error for a file of a run that was not read, for one of three reasons: not let, not there, or damaged.

    reason: what the reader raised; some name the wrong one, so the file is opened here once more. remedy: what to do
    about a file that can be read and is damaged; one that is whole is never told to be deleted.
    """
    refused = os_error(reason)
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as found:
        refused = found
    if refused is None or refused.errno is None:
        return DamagedError(f"{path} is damaged ({_first_line(reason)}): {remedy}")
    if refused.errno == errno.ENOENT:
        return DamagedError(f"{path} is missing: put it back from a copy, or run the same command again to make it")
    return RunFolderError(refusal(refused, path, writing=False))


def _first_line(reason: BaseException) -> str:
    return next(iter(str(reason).splitlines()), "") or type(reason).__name__


def out_of_memory(reason: BaseException) -> str | None:
    """What in ``reason``, or in what caused it, says that memory was refused: Python, torch, the linker; else None."""
    cause: BaseException | None = reason
    while cause is not None:
        refused = isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM)
        if refused or (isinstance(cause, (ImportError, RuntimeError, OSError)) and _NO_MEMORY.search(str(cause))):
            return _first_line(cause)
        cause = cause.__cause__ or cause.__context__
    return None
