"""Two processes and one run folder: of each pair that starts together exactly one enters, and who lives stays the one.

    python tests/faults/two_writers.py --pairs 100

prints what was tried, how often, and how often it went wrong; the exit code is 1 where anything did. The short form is
``test_two_writers.py``.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forks import Child, Gate

from infoscope.core.errors import RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.core.writer_lock import HEARTBEAT, STALE_SECONDS, Writer


def without_locks() -> None:
    """From now on this process's file systems have no locks."""
    import fcntl

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    fcntl.flock = flock  # type: ignore[assignment]


def clean(folder: Path) -> None:
    """Nobody was here before."""


def killed(folder: Path) -> None:
    """A writer of this machine was killed here."""

    def die(child: Child) -> None:
        with RunFolder(folder).writing():
            os.kill(os.getpid(), signal.SIGKILL)

    Child(die).wait()
    assert (folder / HEARTBEAT).exists()


def stale(folder: Path) -> None:
    """A writer of another machine was killed here long ago."""
    elsewhere = {**vars(Writer.here()), "host": "elsewhere", "machine": "another"}
    (folder / HEARTBEAT).write_text(json.dumps(elsewhere))
    then = time.time() - 2 * STALE_SECONDS
    os.utime(folder / HEARTBEAT, (then, then))


@contextmanager
def new_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="infoscope-two-writers-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def pair(before: Callable[[Path], None], locks: bool = True, tries: int = 2) -> str:
    """How many of ``tries`` processes that start together enter; those stay in until all have answered."""

    def enter(child: Child) -> None:
        if not locks:
            without_locks()
        start.wait()
        try:
            with RunFolder(folder).writing():
                child.say("in")
                end.wait()
        except RunFolderError as reason:
            child.say("refused" if "is writing to" in str(reason) else str(reason))
            end.wait()

    with new_folder() as folder:
        before(folder)
        start, end = Gate(), Gate()
        children = [Child(enter) for _ in range(tries)]
        start.open()
        said = Counter(child.heard() for child in children)
        end.open()
        codes = [child.wait() for child in children]
        left = [path.name for path in folder.iterdir()]
    if said == {"in": 1, "refused": tries - 1} and not any(codes) and not left:
        return "one"
    return f"{dict(said)}, exit codes {codes}, left {left}"


def relay(locks: bool = True, seconds: float = 1.0, processes: int = 4) -> str:
    """Processes that enter and leave without rest are never two inside, however the lock's file comes and goes."""

    def run(child: Child) -> None:
        if not locks:
            without_locks()
        start.wait()
        entered, together = 0, 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with RunFolder(folder).writing():
                    try:
                        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
                        os.sched_yield()
                        inside.unlink()
                    except FileExistsError:
                        together += 1
                entered += 1
            except RunFolderError as reason:
                if "is writing to" not in str(reason):
                    raise
        child.say(f"{entered} {together}")

    with new_folder() as folder:
        inside = folder / "inside"
        start = Gate()
        children = [Child(run) for _ in range(processes)]
        start.open()
        answers = [child.heard() for child in children]
        codes = [child.wait() for child in children]
    if any(codes):
        return f"exit codes {codes}"
    entered, together = (sum(int(answer.split()[k]) for answer in answers) for k in (0, 1))
    return "one" if entered > processes and not together else f"{together} times two inside, of {entered} entries"


def stopped() -> str:
    """Ctrl-Z for longer than a heartbeat lasts: the writer keeps the folder and goes on."""

    def write(child: Child) -> None:
        with RunFolder(folder).writing():
            child.say("in")
            end.wait()

    with new_folder() as folder:
        end = Gate()
        writer = Child(write)
        writer.heard()
        writer.kill(signal.SIGSTOP)
        then = time.time() - 2 * STALE_SECONDS
        os.utime(folder / HEARTBEAT, (then, then))
        other = entering(folder)
        kept = (folder / HEARTBEAT).exists()
        writer.kill(signal.SIGCONT)
        end.open()
        code = writer.wait()
        after = entering(folder)
    if (other, kept, code, after) == ("refused", True, 0, "in"):
        return "one"
    return f"the other was {other}, heartbeat kept {kept}, the writer ended with {code}, one more was {after}"


def killed_and_followed() -> str:
    """SIGKILL at a random moment around entering; who comes next, on the same machine, enters at once."""

    def write(child: Child) -> None:
        with RunFolder(folder).writing():
            time.sleep(60)

    with new_folder() as folder:
        writer = Child(write)
        time.sleep(random.uniform(0, 0.01))
        writer.kill()
        writer.wait()
        after = entering(folder)
        left = [path.name for path in folder.iterdir()]
    return "one" if after == "in" and not left else f"the next was {after}, left {left}"


def outlived() -> str:
    """A fork of the writer that outlives it, as a worker of a DataLoader may, keeps nothing."""

    def write(child: Child) -> None:
        with RunFolder(folder).writing():
            if not os.fork():
                child.say(str(os.getpid()))  # past what a fork begins with
            time.sleep(60)

    with new_folder() as folder:
        writer = Child(write)
        worker = int(writer.heard())
        before = entering(folder)
        writer.kill()
        writer.wait()
        os.kill(worker, 0)  # lives
        after = entering(folder)
        os.kill(worker, signal.SIGKILL)
    return "one" if (before, after) == ("refused", "in") else f"one more was {before} before and {after} after the kill"


def entering(folder: Path) -> str:
    """What a process that wants in meets."""

    def enter(child: Child) -> None:
        try:
            with RunFolder(folder).writing():
                child.say("in")
        except RunFolderError as reason:
            child.say("refused" if "is writing to" in str(reason) else str(reason))

    child = Child(enter)
    said = child.heard()
    child.wait()
    return said


#: What is tried, in words, and which share of the pairs that were asked for it gets.
TRIALS: dict[str, tuple[Callable[[], str], float]] = {
    "two start together": (lambda: pair(clean), 1),
    "two start together where one was killed": (lambda: pair(killed), 1),
    "two start together where one was killed on another machine": (lambda: pair(stale), 1),
    "two start together, no locks": (lambda: pair(clean, locks=False), 1),
    "two start together where one was killed, no locks": (lambda: pair(killed, locks=False), 1),
    "two start together where one was killed on another machine, no locks": (lambda: pair(stale, locks=False), 1),
    "eight start together": (lambda: pair(clean, tries=8), 0.2),
    "eight start together where one was killed on another machine, no locks": (
        lambda: pair(stale, locks=False, tries=8),
        0.2,
    ),
    "four enter and leave for a second": (relay, 0.1),
    "four enter and leave for a second, no locks": (lambda: relay(locks=False), 0.1),
    "a stopped writer": (stopped, 0.2),
    "a killed writer is followed": (killed_and_followed, 1),
    "a fork outlives the writer": (outlived, 0.2),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20, help="of each kind; of the slower kinds a share of it")
    pairs = parser.parse_args().pairs
    wrong = 0
    for words, (trial, share) in TRIALS.items():
        begun, times = time.monotonic(), max(1, round(pairs * share))
        found = Counter(trial() for _ in range(times))
        bad = times - found.pop("one", 0)
        wrong += bad
        print(f"{words}: {times} tried, {bad} wrong, {time.monotonic() - begun:.1f} s", flush=True)
        for other, count in found.items():
            print(f"    {count} times: {other}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
