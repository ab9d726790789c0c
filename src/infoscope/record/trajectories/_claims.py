"""Downloads that processes of a machine share: who works with one holds it, and only what nobody holds is deleted.

A claim is a shared lock of a file beside the downloads, which ends with its process. Where a system or a disk
has no such locks there are no claims, and one process at a time should download there.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_ALL = "all of them"


class Claims:
    """What this process works with, no more than ``most`` downloads: the last ones that it has asked for.

    folder: where the files lie that carry locks.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._held: dict[str, int] = {}  # the latest last
        self._mutex = threading.Lock()

    def take(self, name: str) -> None:
        """Hold ``name``, before it is looked for; waits while somebody deletes it. The oldest claim may go for it."""
        with self._mutex:
            descriptor = self._held.pop(name, None)
            if descriptor is None:
                descriptor = _locked(self._file(name), exclusive=False)
                assert descriptor is not None  # it waits
            self._held[name] = descriptor
            while len(self._held) > self._most:
                _left(self._held.pop(next(iter(self._held))))

    @contextmanager
    def nobody_has(self, names: Iterable[str]) -> Generator[bool]:
        """Whether nobody, this process included, holds any of ``names``; inside nobody can."""
        with ExitStack() as stack:
            free = True
            for name in names:
                descriptor = _locked(self._file(name), exclusive=True, wait=False)
                free = free and descriptor is not None
                stack.callback(_left, descriptor)
            yield free

    @contextmanager
    def one_at_a_time(self) -> Generator[None]:
        """Inside no other process deletes or downloads: two downloads may share files."""
        descriptor = _locked(self._file(_ALL), exclusive=True)
        try:
            yield
        finally:
            _left(descriptor)

    def _file(self, name: str) -> Path:
        return self._folder / f"infoscope-{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"


_ALL_CLAIMS: dict[Path, Claims] = {}
NO_LOCK = -1


def claims(folder: Path, most: int) -> Claims:
    """Those of this process on what lies beside ``folder``, the same ones each time."""
    return _ALL_CLAIMS.setdefault(folder, Claims(folder, most))


def _locked(path: Path, *, exclusive: bool, wait: bool = True) -> int | None:
    """A descriptor that carries the lock, :data:`NO_LOCK` where there are none, None where another has it."""
    if sys.platform == "win32":
        return NO_LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:  # a folder that may only be read
        return NO_LOCK
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a disk without locks
        os.close(descriptor)
        return NO_LOCK
    return descriptor


def _left(descriptor: int | None) -> None:
    if descriptor is not None and descriptor != NO_LOCK:
        with suppress(OSError):
            os.close(descriptor)
