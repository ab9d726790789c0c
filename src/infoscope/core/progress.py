"""Progress with the time left: a bar on a terminal, a line every ten per cent in a log, silence below two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

QUIET_SECONDS = 2.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes}:{rest:02d}"


def say(text: str) -> None:
    """Print ``text`` to standard error; what runs does not end because nobody can read it."""
    if sys.stderr is not None:  # print would choose standard output
        with suppress(OSError, ValueError):  # a full disk, a reader who left; a stream that is closed
            print(text, file=sys.stderr, flush=True)


_hushed = False


def hush() -> None:
    """From now on :func:`remark` says nothing: a program reads what this process prints."""
    global _hushed
    _hushed = True


def remark(text: str) -> None:
    """:func:`say` what a person who waits wants to know and no program does."""
    if not _hushed:
        say(text)


def _on_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # closed
        return False


class Progress:
    """One task's progress; made by :func:`progress`, fed through :meth:`advance`."""

    def __init__(self, label: str, total: float, done: float = 0.0) -> None:
        self.label, self.total, self.done = label, total, done
        self._first = done  # what an earlier session did says nothing about this one's speed
        self._start = time.monotonic()
        self._printed = self._tenths()
        self._bar: Any = None
        self._task: Any = None
        self._mute = False

    def _tenths(self) -> int:
        return int(10 * self.done / self.total + 1e-9) if self.total else 10  # a sum of fractions may miss the whole

    def advance(self, amount: float = 1.0) -> None:
        """``amount`` more of the total is done."""
        self.done += amount
        elapsed = time.monotonic() - self._start
        if elapsed < QUIET_SECONDS:
            return
        if self._mute:
            return
        if self._bar is not None or _on_terminal():  # what rich 13 puts in place of stderr denies being a terminal
            try:
                self._draw()
            except (OSError, ValueError, IndexError):  # the window was closed; a half-begun bar cannot be ended
                self._mute, self._bar = True, None
        elif self._tenths() > self._printed:
            self._printed = self._tenths()
            fresh = self.done - self._first
            left = elapsed * (self.total - self.done) / fresh if fresh > 0 else 0.0
            share = 100 * self.done / self.total
            say(f"{self.label}: {share:.0f} % after {_duration(elapsed)}, {_duration(left)} left")

    def _draw(self) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(self.label, total=self.total)
            self._bar.start()
        self._bar.update(self._task, completed=self.done)

    def close(self) -> None:
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.stop()


@contextmanager
def progress(label: str, total: float, done: float = 0.0) -> Generator[Progress]:
    """Show how far ``label`` has come out of ``total`` and how long the rest will take; ``done`` came from earlier."""
    shown = Progress(label, total, done)
    try:
        yield shown
    finally:
        shown.close()
