"""How many processors this process may use, which is seldom how many there are."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

#: What says to libraries how many threads they may use: with one, CPU seconds are honest and bits are the same.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMBA", "VECLIB", "NUMEXPR")}


@contextmanager
def one_thread() -> Generator[None]:
    """Processes that are started inside use one thread: libraries read how many they may when they are loaded."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def usable(root: Path = Path("/")) -> int:
    """At least 1: those the scheduler grants (taskset, Slurm), no more than a container's share of time.

    ``PYTHON_CPU_COUNT`` is followed from Python 3.13 on.
    """
    counted: Callable[[], int | None] | None = getattr(os, "process_cpu_count", None)
    if counted is not None:
        granted = counted()
    elif hasattr(os, "sched_getaffinity"):
        granted = len(os.sched_getaffinity(0))
    else:
        granted = os.cpu_count()
    return max(1, math.floor(min(granted or 1, quota(root))))


@cache
def quota(root: Path = Path("/")) -> float:
    """Processors' worth of time that the control groups of this process allow (Linux); infinite where none says."""
    return min([math.inf, *map(_share, group_folders(root, "cpu"))])


def group_folders(root: Path, held: str) -> Iterator[Path]:
    """Of the control groups of this process that hold the processor (``held`` is "cpu") or the "memory", and of those
    above, the tightest of which counts, too."""
    for line in words(root / "proc/self/cgroup", "\n"):
        if line.count(":") < 2:
            continue
        _, kinds, name = line.split(":", 2)
        if kinds and held not in kinds.split(","):  # version 2 says none
            continue
        top = root / "sys/fs/cgroup" / (held if kinds else "")
        group = top / name.strip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top))
        yield top  # in a container the group's own name is of another file system


def _share(folder: Path) -> float:
    given = words(folder / "cpu.max") or [
        *words(folder / "cpu.cfs_quota_us"),
        *words(folder / "cpu.cfs_period_us"),
    ]
    try:
        time, period = map(float, given)
    except ValueError:  # "max", -1 with nothing beside it, or no such file
        return math.inf
    return time / period if time > 0 and period > 0 else math.inf


def words(path: Path, by: str | None = None) -> list[str]:
    """What stands in a file of the system, apart at white space or at ``by``; nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").split(by)
    except OSError:
        return []
