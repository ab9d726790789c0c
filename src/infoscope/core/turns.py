"""Workers that share the memory of one machine: who takes more than a share of it measures while no other does.

Nothing is refused to a worker that would not be refused to one process alone. Why so: ``docs/decisions``, 0050.
"""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infoscope.core import memory, processors

if sys.platform != "win32":
    import fcntl

_LOCKS = sys.platform != "win32"  # that end with the process that holds them, and of which many can hold one kind
_shared: Shared | None = None
_entered = 0  # turns of this process that are not over


class Shared(NamedTuple):
    """What workers of one engine are told of the memory they share.

    said: the budget in bytes; None for what the machine has to give. workers: how many may work at a time. key: tells
    them from those of other engines. spread: perhaps over several machines, with a processor for each.
    """

    said: float | None
    workers: int
    key: str
    spread: bool

    @property
    def beside(self) -> int:
        """How many at most work on this machine."""
        return min(self.workers, processors.usable()) if self.spread else self.workers

    @property
    def path(self) -> Path:
        """The empty file of this machine whose lock they take."""
        return Path(tempfile.gettempdir(), f"infoscope-{self.key}.memory")


def new_key() -> str:
    """What tells the workers of an engine from all others."""
    return uuid.uuid4().hex[:12]


@contextmanager
def sharing(shared: Shared) -> Generator[None]:
    """Inside, this process is one of several workers: the budget is theirs in common."""
    global _shared
    before, _shared = _shared, shared
    said = shared.said
    if said is not None and not _LOCKS:
        said /= shared.beside
    try:
        with memory.memory_budget(said):
            yield
    finally:
        _shared = before


def workers() -> int:
    """How many do such work at a time as this process does."""
    return 1 if _shared is None else _shared.workers


def alone() -> bool:
    """Whether no other worker has a share of the memory."""
    return _shared is None or not _LOCKS or _shared.beside < 2


@contextmanager
def turn(count: float) -> Generator[None]:
    """Inside, ``count`` bytes may be taken: beside others where that is no more than this worker's share, else alone.

    It waits for those before it. A worker that is killed inside gives its turn back.
    """
    global _entered
    if alone() or _entered or (memory.said() is None and count < memory.SMALL):
        yield
        return
    assert _shared is not None
    most = _shared.path
    # whoever waits holds the gate, so that those who need little do not pass for ever one who needs much
    gate, room = _opened(most.with_suffix(".gate")), _opened(most)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        much = count > memory.budget() / _shared.beside
        fcntl.flock(room, fcntl.LOCK_EX if much else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        _entered += 1
        try:
            yield
        finally:
            _entered -= 1
    finally:
        os.close(gate)
        os.close(room)


def over(shared: Shared) -> None:
    """The workers have ended: nothing of theirs stays on this machine."""
    for path in (shared.path, shared.path.with_suffix(".gate")):
        path.unlink(missing_ok=True)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
