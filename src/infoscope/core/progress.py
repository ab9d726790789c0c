"""Progress with the time left: a bar on a terminal or in a notebook, in a log a line every tenth or five minutes.

Below two seconds it is silent. What is no terminal (a file, a pipe, the log of a job on a cluster) gets whole lines.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from infoscope.core.units import time_in_words

QUIET_SECONDS = 2.0
LONG_SECONDS = 10.0  # from which on it is said first what there is to do
OFF = 3.0  # times that a guess of one kind of work may be off as that of another was
LOG_SECONDS = 300.0  # after which a log gets a line in any case
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
        self._printed, self._said = self._tenths(), 0.0
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
            of = self.total or 1.0
            _told_of.reached(self.label, self.done / of if self.total else 1.0, self._first / of)
            return
        elapsed, fresh = time.monotonic() - self._start, self.done - self._first
        self._show(elapsed, elapsed * (self.total - self.done) / fresh if fresh > 0 else 0.0)

    def _show(self, elapsed: float, left: float) -> None:
        if elapsed < QUIET_SECONDS or self._mute or _silent:
            return
        display = _in_notebook()
        if display is not None:
            self._notebook = self._notebook or _NotebookBar(display)
            self._notebook.draw(self.label, min(1.0, self.done / self.total), elapsed, left)
            return
        if self._bar is not None or _on_terminal():  # what rich 13 puts in place of stderr denies being a terminal
            try:
                self._draw(left)
            except (OSError, ValueError, IndexError):  # the window was closed; a half-begun bar cannot be ended
                self._mute, self._bar = True, None
        elif self._tenths() > self._printed or elapsed - self._said >= LOG_SECONDS:
            self._printed, self._said = self._tenths(), elapsed
            share = 100 * self.done / self.total
            say(f"{self.label}: {share:.0f} % after {_duration(elapsed)}, {_duration(left)} left")

    def _draw(self, left: float) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]} left"),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(self.label, total=self.total, left="")
            self._bar.start()
        self._bar.update(self._task, completed=self.done, description=self.label, left=_duration(left))

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

    stages: for each piece the words that the labels of its tasks begin with, or hold, in order, and about how many
    seconds each takes; of an empty one they are said when it begins (:meth:`expect`), and until then it is taken to be
    as long as the others are on average.

    What tasks of one kind (what stands behind the last ``": "`` of their words) take beside what was expected of them
    tells what is left of that kind, so that guesses need only be right beside one another.
    """

    def __init__(self, label: str, stages: Mapping[str, Mapping[str, float]]) -> None:
        self._name, self._pieces = label, list(stages)
        self._stages = {piece: dict(told) for piece, told in stages.items() if told}
        self._about = ""
        self._shares: dict[tuple[str, str], float] = {}
        self._known: dict[str, tuple[float, float]] = {}  # of each kind: seconds expected of what was done, and taken
        self._took: dict[str, float] = {}  # of the pieces that are done, seconds
        self._of_this = 0.0
        super().__init__(label, 1.0)
        self._piece = next(iter(self._pieces), "")
        self._since = self._began = self._start

    @contextmanager
    def piece(self, piece: str) -> Generator[None]:
        """Inside is the work of ``piece``, before which all others come; of one that fails nothing is left to do, and
        one that is interrupted is not done."""
        self._piece, self._began = piece, time.monotonic()
        self._since = self._began
        try:
            yield
        except Exception:
            self._end()
            raise
        self._end()

    def expect(self, stages: Mapping[str, float], about: str = "") -> None:
        """The stages of the present piece, where nothing of it was done yet: see the class.

        about: what there is to do, which is said once, with the time that its beginning leads to expect.
        """
        if not any(piece == self._piece for piece, _ in self._shares):
            self._stages[self._piece] = dict(stages)
        self._about = about

    def foresee(self, piece: str, stages: Mapping[str, float]) -> None:
        """The stages of a piece that is still to come, where it is one and they were not known before."""
        if piece in self._pieces and stages:
            self._stages.setdefault(piece, dict(stages))

    def reached(self, task: str, share: float, first: float = 0.0) -> None:
        """A task of the present piece is done to this share, and was to ``first`` before it began."""
        stages = self._stages.get(self._piece, {})
        begun = [words for words in stages if task.startswith(words)]
        words = max(begun, key=len) if begun else next((words for words in stages if words in task), None)
        now = time.monotonic()
        if words is not None:
            before = self._shares.get((self._piece, words), first)
            kind = _kind(words)
            expected, taken = self._known.get(kind, (0.0, 0.0))
            self._known[kind] = (expected + stages[words] * max(share - before, 0.0), taken + now - self._since)
            for earlier in stages:  # they come in order: what was passed over was done before
                if earlier == words:
                    break
                self._shares[self._piece, earlier] = 1.0
            self._shares[self._piece, words] = max(share, before)
        self._since = now
        self._show_all(now)

    def _end(self) -> None:
        now = time.monotonic()
        self._took[self._piece] = now - self._began
        for words in self._stages.setdefault(self._piece, {}):
            self._shares[self._piece, words] = 1.0
        self._show_all(now)

    @property
    def left(self) -> float:
        """Seconds that the rest is likely to take."""
        expected, taken = (sum(each) for each in zip(*self._known.values(), strict=True)) if self._known else (0.0, 0.0)
        usual = taken / expected if expected > 0 else 1.0

        def rate(kind: str) -> float:
            expected, taken = self._known.get(kind, (0.0, 0.0))
            return taken / expected if expected > 0 else min(max(usual, 1 / OFF), OFF)

        known: dict[str, float] = {}
        for piece in self._pieces:
            if piece in self._stages and piece not in self._took:
                still = {words: 1 - self._shares.get((piece, words), 0.0) for words in self._stages[piece]}
                known[piece] = sum(
                    still[words] * seconds * rate(_kind(words)) for words, seconds in self._stages[piece].items()
                )
        self._of_this = known.get(self._piece, 0.0)
        whole_ones = [*self._took.values()]
        if self._piece in known:
            whole_ones.append(time.monotonic() - self._began + known[self._piece])
        mean = sum(whole_ones) / len(whole_ones) if whole_ones else 0.0
        unknown = [one for one in self._pieces if one not in known and one not in self._took and one != self._piece]
        return sum(known.values()) + mean * len(unknown)

    def _show_all(self, now: float) -> None:
        self.label = self._name if len(self._pieces) < 2 else f"{self._name}, {self._piece}"
        elapsed, left = now - self._start, self.left
        if self._about and elapsed >= QUIET_SECONDS:
            here = now - self._began + self._of_this
            if here >= LONG_SECONDS:
                say(f"infoscope: {self._about}".replace("{time}", time_in_words(here)))
            self._about = ""
        share = 1.0 if left <= 0 else elapsed / (elapsed + left)
        self.done = max(self.done, share)
        self._show(elapsed, left)


def _kind(words: str) -> str:
    return words.rpartition(": ")[2]


@contextmanager
def whole(label: str, stages: Mapping[str, Mapping[str, float]]) -> Generator[Overall]:
    """Inside, there is one progress over all ``stages`` (see :class:`Overall`), and no task shows one of its own.

    Inside another one it is that one, of whose present piece this is the work.
    """
    global _told_of
    if _told_of is not None:
        yield _told_of
        return
    _told_of = Overall(label, stages)
    try:
        yield _told_of
    finally:
        _told_of.close()
        _told_of = None


def over_all() -> bool:
    """Whether what is done here is a part of something that shows its own progress and has said its cost."""
    return _told_of is not None
