"""Progress with the time left: a bar on a terminal or in a notebook, a line every ten per cent in a log.

Below two seconds it is silent. What is no terminal (a file, a pipe, the log of a job on a cluster) gets whole lines.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import accumulate
from typing import Any

QUIET_SECONDS = 2.0
NOTEBOOK_SECONDS = 0.2  # between two pictures of a bar in a notebook
_silent = False
_told_of: Overall | None = None  # what takes the place of every task's own progress


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes}:{rest:02d}"


@contextmanager
def silent() -> Generator[None]:
    """Inside, neither progress nor what is said beside it is printed."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


def say(text: str) -> None:
    """Print ``text`` to standard error; what runs does not end because nobody can read it."""
    if not _silent and sys.stderr is not None:  # print would choose standard output
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


def _in_notebook() -> Any:
    """IPython's ``display`` where a notebook shows what it is given, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if not shell or "ZMQ" not in type(shell).__name__:
        return None
    return import_module("IPython.display").display


class _NotebookBar:
    """One bar in the output of a cell, drawn over itself: no widgets are needed, and none are left behind."""

    def __init__(self, display: Any) -> None:
        self._display, self._handle, self._drawn = display, None, -1.0

    def draw(self, label: str, share: float, elapsed: float, left: float) -> None:
        now = time.monotonic()
        if self._handle is not None and share < 1 - 1e-9 and now - self._drawn < NOTEBOOK_SECONDS:
            return
        self._drawn = now
        told = f"{share:.0%} after {_duration(elapsed)}, {_duration(left)} left"
        content = {
            "text/plain": f"{label}: {told}",
            "text/html": f'<div>{html.escape(label)} <progress value="{share:.4f}" max="1"></progress> {told}</div>',
        }
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


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
        self._notebook: _NotebookBar | None = None

    def _tenths(self) -> int:
        return int(10 * self.done / self.total + 1e-9) if self.total else 10  # a sum of fractions may miss the whole

    def advance(self, amount: float = 1.0) -> None:
        """``amount`` more of the total is done."""
        self.done += amount
        if _told_of is not None and _told_of is not self:
            _told_of.reached(self.label, self.done / self.total if self.total else 1.0)
            return
        elapsed = time.monotonic() - self._start
        if elapsed < QUIET_SECONDS or self._mute or _silent:
            return
        fresh = self.done - self._first
        left = elapsed * (self.total - self.done) / fresh if fresh > 0 else 0.0
        display = _in_notebook()
        if display is not None:
            self._notebook = self._notebook or _NotebookBar(display)
            self._notebook.draw(self.label, min(1.0, self.done / self.total), elapsed, left)
            return
        if self._bar is not None or _on_terminal():  # what rich 13 puts in place of stderr denies being a terminal
            try:
                self._draw()
            except (OSError, ValueError, IndexError):  # the window was closed; a half-begun bar cannot be ended
                self._mute, self._bar = True, None
        elif self._tenths() > self._printed:
            self._printed = self._tenths()
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
        self._bar.update(self._task, completed=self.done, description=self.label)

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


class Overall(Progress):
    """One progress over several pieces of work whose tasks have progress of their own, which it takes the place of.

    stages: for each piece the words that are in the labels of its tasks, in order, and about how many seconds each
    takes beside the others. What no stage names counts as nothing.
    """

    def __init__(self, label: str, stages: Mapping[str, Mapping[str, float]]) -> None:
        self._name, self._stages = label, stages
        self._ends = dict(zip(stages, accumulate(sum(each.values()) for each in stages.values()), strict=True))
        super().__init__(label, sum(sum(each.values()) for each in stages.values()))
        self._piece = next(iter(stages), "")

    def begin(self, piece: str) -> None:
        """All before ``piece`` is done."""
        self._piece = piece
        self._to(self._ends[piece] - sum(self._stages[piece].values()))

    def reached(self, task: str, share: float) -> None:
        """A task of the present piece is done to this share."""
        stages = list(self._stages[self._piece].items())
        place = next((i for i, (words, _) in enumerate(stages) if words in task), None)
        if place is not None:
            still = sum(seconds for _, seconds in stages[place:])
            self.label = f"{self._name}, {self._piece}"
            self._to(self._ends[self._piece] - still + share * stages[place][1])

    def end(self) -> None:
        """The present piece is done."""
        self.label = f"{self._name}, {self._piece}"
        self._to(self._ends[self._piece])

    def _to(self, done: float) -> None:
        if done > self.done:
            self.advance(done - self.done)


@contextmanager
def whole(label: str, stages: Mapping[str, Mapping[str, float]]) -> Generator[Overall]:
    """Inside, there is one progress over all ``stages`` (see :class:`Overall`), and no task shows one of its own."""
    global _told_of
    before, _told_of = _told_of, Overall(label, stages)
    try:
        yield _told_of
    finally:
        _told_of.close()
        _told_of = before
