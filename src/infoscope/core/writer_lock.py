"""One writer a run folder: a kernel lock where there is one, and a heartbeat that says who writes and that they live.

The kernel's lock ends with the process that took it, however that ends, and lasts as long as it lives, however slow it
is. The heartbeat names the writer, and stands in for the lock between machines and on file systems without locks:
there, a writer whose last sign of life is older than a minute is given up. Why so: ``docs/decisions``, 0019.
"""

from __future__ import annotations

import datetime
import errno
import hashlib
import json
import os
import re
import socket
import stat
import sys
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple, NoReturn

from infoscope.core.errors import BusyError, RunFolderError
from infoscope.core.files import atomic
from infoscope.core.refusals import refusal

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK, HEARTBEAT = ".writer.lock", "heartbeat"  # both are there while somebody writes; the first is empty
STALE_SECONDS = 60.0  # a heartbeat older than this, or further in the future, says nothing of who lives
BEAT_SECONDS = 2.0  # the most that a beat is put off, so that one a training step costs nothing
LONGEST = 4096  # bytes of a heartbeat that are read
_BUSY = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
#: How a file system says that it has no locks; the last two of ones that want more of the descriptor than they gave.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EBADF}


@dataclass(frozen=True)
class Writer:
    """What a heartbeat says of its writer; all but the first two are empty in one of infoscope 0.1.

    since: when it began to write, UTC. token: random, of this one time. machine: the boot of a kernel, which containers
    share and machines of one name do not. namespace: where its process number counts. started: when its process did,
    in the kernel's own count, so that a number given out again is not taken for it.
    """

    process: int
    host: str
    since: str = ""
    token: str = ""
    machine: str = ""
    namespace: str = ""
    started: str = ""

    @classmethod
    def here(cls) -> Writer:
        """This process, from now on."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        pid = os.getpid()
        return cls(pid, socket.gethostname(), now, uuid.uuid4().hex, _machine(), _namespace(), _started(pid) or "")

    @classmethod
    def read(cls, content: bytes) -> Writer | None:
        """The writer that a heartbeat names, or None where it is none of ours."""
        text = content.decode("utf-8", errors="replace")
        if old := re.fullmatch(r"(\d{1,10}) (\S+)", text):
            return cls(int(old[1]), old[2])
        try:
            found = json.loads(text)
            writer = cls(**{field.name: found[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if type(writer.process) is not int or not 0 < writer.process < 2**32:
            return None
        return writer if all(isinstance(value, str) for value in list(asdict(writer).values())[1:]) else None

    def content(self) -> bytes:
        """What a heartbeat holds."""
        return json.dumps(asdict(self)).encode()

    def alive(self) -> bool | None:
        """Whether that very process lives; None where it cannot be seen from here."""
        if not self.token:
            return _answers(self.process) if self.host == socket.gethostname() else None
        here = _machine(), _namespace()
        if not all((*here, self.started)) or (self.machine, self.namespace) != here:
            return None
        started = _started(self.process)
        if started is None and _answers(self.process):
            return None  # /proc may hide the processes of others
        return started == self.started

    def __str__(self) -> str:
        host = "".join(c if c.isprintable() else "?" for c in self.host[:100])
        return f"process {self.process} on {host}"


class _Heartbeat(NamedTuple):
    """A heartbeat as it lies there."""

    content: bytes
    written: int  # nanoseconds
    writer: Writer | None


@dataclass
class _Hold:
    """A folder that this process writes to."""

    process: int
    lock: int | None  # the descriptor that carries the kernel's lock
    heartbeat: Path
    writer: Writer
    entries: int = 0
    beaten: float = 0.0


_HELD: dict[tuple[int, int], _Hold] = {}  # by the folder itself, whatever path leads there
_mutex = threading.RLock()


@contextmanager
def held(folder: Path) -> Generator[bool]:
    """Hold ``folder``, which is made where it is not there, as its one writer; True for the outermost entry.

    A process may enter again what it holds, from any thread and by any path; what it forks holds nothing. Nobody waits.

    Raises
    ------
    RunFolderError: another living process writes here, the folder cannot be written to, or what lies under our names
        is none of ours.
    """
    with _mutex:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            key = _key(folder)
            outermost = key not in _HELD
            hold = _HELD.setdefault(key, _enter(folder)) if outermost else _HELD[key]
        except OSError as reason:
            raise RunFolderError(refusal(reason, writing=True)) from reason
        hold.entries += 1
    try:
        yield outermost
    finally:
        with _mutex:
            if hold.process == os.getpid():
                hold.entries -= 1
                if not hold.entries:
                    del _HELD[key]
                    _leave(hold)


def beat(folder: Path) -> None:
    """Say that the writer lives, where this process is that; now and then, whatever number of times it is called."""
    try:
        hold = _HELD.get(_key(folder))
    except OSError:  # someone cleared the folder up
        return
    if hold is None or time.monotonic() - hold.beaten < BEAT_SECONDS:
        return
    hold.beaten = time.monotonic()
    with suppress(OSError):  # the folder may have become read-only: that is for what writes to it to say
        os.utime(hold.heartbeat)


def lives(folder: Path) -> bool:
    """Whether somebody writes to the run folder now, as far as can be seen from here; takes no lock.

    Raises
    ------
    RunFolderError: something else lies where the heartbeat should.
    """
    there = _read(folder / HEARTBEAT)
    if there is None:
        return False
    alive = there.writer.alive() if there.writer is not None else None
    return abs(time.time() - there.written / 1e9) < STALE_SECONDS if alive is None else alive


def _key(folder: Path) -> tuple[int, int]:
    found = os.stat(folder)
    return found.st_dev, found.st_ino


def _enter(folder: Path) -> _Hold:
    descriptor, locked = _lock(folder)
    try:
        heartbeat, writer = folder / HEARTBEAT, Writer.here()
        there = _read(heartbeat)
        if there is None:
            _write(heartbeat, writer)
        else:
            now = _now(descriptor)
            _may_pass(folder, there, now, locked)
            _take_over(heartbeat, there, now, writer)
    except BaseException:
        _unlock(descriptor, locked, folder)
        raise
    if not locked:
        os.close(descriptor)
    return _Hold(os.getpid(), descriptor if locked else None, heartbeat, writer, beaten=time.monotonic())


def _leave(hold: _Hold) -> None:
    with suppress(OSError, RunFolderError):
        if hold.lock is None:
            hold.heartbeat.with_name(LOCK).unlink(missing_ok=True)  # it locked nobody out
        there = _read(hold.heartbeat)
        if there is not None and there.writer == hold.writer:
            hold.heartbeat.unlink()
    if hold.lock is not None:
        _unlock(hold.lock, True, hold.heartbeat.parent)


def _may_pass(folder: Path, there: _Heartbeat, now: float, locked: bool) -> None:
    """Refuse where the writer of that heartbeat may live; ``locked``: the kernel has nobody else who holds the lock."""
    writer, age = there.writer, abs(now - there.written / 1e9)
    young = age < STALE_SECONDS
    if writer is None:
        if young and not locked:
            _refuse(folder, None, age)
        return
    alive = writer.alive()
    if alive is None:
        alive = young and not (locked and writer.machine and writer.machine == _machine())
    elif writer.process == os.getpid():
        alive = False  # this process, which could not delete it on leaving
    elif locked or not writer.token:
        alive = alive and young  # the kernel says no; believed but for an older infoscope, or a lock file deleted
    if alive:
        _refuse(folder, writer, age)


def _refuse(folder: Path, writer: Writer | None, age: float | None = None) -> NoReturn:
    """age: of the heartbeat, where that alone is what speaks for the writer."""
    who = f"{writer or 'another process'} is writing to {folder}"
    since = f" since {writer.since}" if writer and re.fullmatch(r"[\d :UTC-]{1,30}", writer.since) else ""
    if age is None:
        raise BusyError(f"{who}{since}: wait for it, or stop it and run this again")
    raise BusyError(
        f"{who}{since}, by its sign of life of {age:.0f} s ago: wait for it, or stop it and run this again; if it is "
        f"gone, wait {max(1, STALE_SECONDS - age):.0f} s or delete {folder / HEARTBEAT}"
    )


def _busy(folder: Path) -> NoReturn:
    """Refuse because the kernel has a holder, who is named where the heartbeat is theirs already."""
    there = _read(folder / HEARTBEAT)
    writer = there.writer if there is not None else None
    _refuse(folder, None if writer is None or writer.alive() is False else writer)


def _open(path: Path) -> int:
    """The file that carries the lock, made where it is not there; a link is not followed."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        try:
            descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        except PermissionError:
            if not path.exists():
                raise
            descriptor = os.open(path, flags & ~os.O_RDWR | os.O_RDONLY)  # a colleague's: locks the same
    except OSError as reason:
        if reason.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO) or path.is_dir():
            _odd(path, reason)
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        _odd(path, None)
    return descriptor


def _odd(path: Path, reason: OSError | None) -> NoReturn:
    raise RunFolderError(
        f"{path} is a folder, a link or a device, wanted a plain file, by which the one writer holds the folder: "
        "look at what it is and move it away"
    ) from reason


def _lock(folder: Path) -> tuple[int, bool]:
    """The open lock file, and whether the kernel's lock on it is ours: the file system has none, else.

    The last writer deletes the file while it holds the lock, so a lock taken on a file that is no longer the one of
    that name locks nobody out, and is taken again. Should a network's cache hide that, the heartbeat, which only one
    can write, still keeps the second out.
    """
    while True:
        descriptor = _open(folder / LOCK)
        try:
            locked = _locked(descriptor)
            if locked is None:
                _busy(folder)
            if not locked or _same(descriptor, folder / LOCK):
                return descriptor, locked
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _locked(descriptor: int) -> bool | None:
    """Take the kernel's lock: True where it is ours, None where it is another's, False where there is none."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        if reason.errno in _BUSY:
            return None
        if reason.errno in _NO_LOCKS:
            return False
        raise
    return True


def _same(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _unlock(descriptor: int, ours: bool, folder: Path) -> None:
    """Close the lock file, which goes first where the folder is ours."""
    path = folder / LOCK
    with suppress(OSError):  # a name that stays locks nobody out
        if ours and sys.platform != "win32" and _same(descriptor, path):
            path.unlink()
    with suppress(OSError):  # for a copy of the descriptor too, which a library may have forked off unseen
        if ours and sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        elif ours and sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
    with suppress(OSError):  # Windows deletes no open file, and so never another's
        if ours and sys.platform == "win32":
            path.unlink()


def _now(descriptor: int) -> float:
    """The time by the clock of whoever keeps the files, which may be another machine."""
    if os.utime in os.supports_fd:
        with suppress(OSError):
            os.utime(descriptor)
            return os.fstat(descriptor).st_mtime
    return time.time()


def _read(heartbeat: Path) -> _Heartbeat | None:
    """The heartbeat, or None where there is none."""
    try:
        found = os.lstat(heartbeat)
        if not stat.S_ISREG(found.st_mode):
            _odd(heartbeat, None)
        with open(heartbeat, "rb") as file:
            content = file.read(LONGEST)
    except FileNotFoundError:
        return None
    return _Heartbeat(content, found.st_mtime_ns, Writer.read(content))


def _take_over(heartbeat: Path, seen: _Heartbeat, now: float, writer: Writer) -> None:
    """Write over the heartbeat of one who is given up, and not over that of one who has come since.

    Who makes the file that is named after that very heartbeat may write over it, if it is still there.
    """
    turn = heartbeat.with_name(f".{HEARTBEAT}.{hashlib.sha256(seen.content).hexdigest()[:8]}.tmp")
    try:
        _write(turn, writer)
    except RunFolderError:  # another's, or left by one who was killed at this very moment
        other = _read(turn)
        alive = other.writer.alive() if other is not None and other.writer is not None else None
        if alive or (alive is None and other is not None and abs(now - other.written / 1e9) < STALE_SECONDS):
            raise
        turn.unlink(missing_ok=True)
        _write(turn, writer)
    try:
        there = _read(heartbeat)
        if there != seen:
            _refuse(heartbeat.parent, there.writer if there else None)
        with atomic(heartbeat) as temporary:
            temporary.write_bytes(writer.content())
    finally:
        turn.unlink(missing_ok=True)


def _write(heartbeat: Path, writer: Writer) -> None:
    """Write the heartbeat, which only one can where several try."""
    try:
        descriptor = os.open(heartbeat, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except FileExistsError:
        there = _read(heartbeat)
        _refuse(heartbeat.parent, there.writer if there else None)
    try:
        with open(descriptor, "wb") as file:
            file.write(writer.content())
    except BaseException:
        heartbeat.unlink(missing_ok=True)
        raise


def _line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""  # no Linux, or none that lets us look


def _machine() -> str:
    return _line("/proc/sys/kernel/random/boot_id")


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process started, in ticks of the kernel; empty where it is dead and unburied, None where not there."""
    after_name = _line(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(after_name) < 20:
        return None
    return "" if after_name[0] in "ZXx" else after_name[19]


def _answers(pid: int) -> bool | None:
    """Whether a process of this number lives; None where asking would be a signal."""
    if sys.platform == "win32":
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _in_child() -> None:
    """A forked process holds nothing: the descriptors that it got of its parent's locks are closed, not unlocked."""
    global _mutex
    _mutex = threading.RLock()
    for hold in _HELD.values():
        if hold.lock is not None:
            with suppress(OSError):
                os.close(hold.lock)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    # no fork while another thread is between taking a lock and noting it
    os.register_at_fork(
        before=lambda: _mutex.acquire(), after_in_parent=lambda: _mutex.release(), after_in_child=_in_child
    )
