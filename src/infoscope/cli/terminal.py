"""The terminal, or what stands in its place: printing to it never ends a command, and being asked to end is Ctrl-C."""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import signal
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

ERRORS = "infoscope.near"  # how a character is printed that the encoding of the terminal lacks
_NEAR = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "≈": "~",
    "±": "+-",
    "×": "x",
    "·": "*",
    "−": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "─": "-",
    "│": "|",
    "╭": "+",
    "╮": "+",
    "╰": "+",
    "╯": "+",
}


def near(reason: UnicodeError) -> tuple[str | bytes, int]:
    """For a character that cannot be encoded what comes near: ``>=`` for ≥, o for ö, else its number.

    A byte of a file name that is no text is printed as that byte, so that the name can be copied.
    """
    if not isinstance(reason, UnicodeEncodeError):
        raise reason
    character, after = reason.object[reason.start], reason.start + 1
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), after
    plain = _NEAR.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or character.encode("ascii", "backslashreplace").decode(), after


codecs.register_error(ERRORS, near)  # pyright: ignore[reportArgumentType]


class _Unfailing(io.RawIOBase):
    """A file by its number, to which writing never fails: what first refused is kept, and all after it is dropped."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.refused: OSError | None = None

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        whole = bytes(data)
        while self.refused is None:
            try:
                return os.write(self._number, whole)
            except BlockingIOError:  # a terminal shared with a program that does not wait
                select.select([], [self._number], [])
            except OSError as reason:
                self.refused = reason
        return len(whole)


@contextmanager
def printing() -> Iterator[list[_Unfailing]]:
    """Standard output and error to which every text can be printed, whatever they are; what became of each."""
    _open_closed()
    before = sys.stdout, sys.stderr
    opened = [_unfailing(stream) for stream in before]
    sys.stdout, sys.stderr = (stream for stream, _ in opened)
    try:
        yield [raw for _, raw in opened]
    finally:
        for stream, _ in opened:
            with suppress(ValueError):  # closed by somebody
                stream.flush()
        sys.stdout, sys.stderr = before


def _open_closed() -> None:
    """Give the standard files that are closed to nobody; else the next file opened is what libraries print into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _unfailing(stream: TextIO | None) -> tuple[TextIO, _Unfailing]:
    number = os.open(os.devnull, os.O_WRONLY) if stream is None else -1
    encoding = "utf-8"
    if isinstance(stream, io.TextIOWrapper):
        stream.flush()
        encoding = stream.encoding
        raw = getattr(stream.buffer, "raw", stream.buffer)
        if not isinstance(raw, io.FileIO):  # a test's, a notebook's, the console of Windows
            stream.reconfigure(errors=ERRORS)
            return stream, _Unfailing(-1)
        number = raw.fileno()
    elif stream is not None:
        return stream, _Unfailing(-1)
    file = _Unfailing(number)
    buffered = io.BufferedWriter(file)
    return io.TextIOWrapper(buffered, encoding, ERRORS, line_buffering=file.isatty() or stream is sys.stderr), file


def not_printed(outcome: _Unfailing) -> OSError | None:
    """Why standard output took no more, but for a reader who had enough, as of ``infoscope list | head``."""
    return None if outcome.refused is None or outcome.refused.errno == errno.EPIPE else outcome.refused


class Ended(KeyboardInterrupt):
    """Another program asks this one to end, with the signal ``number``: a queue whose time is over, a closed window."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP raise :class:`Ended`, so that all ends as after Ctrl-C; a second one ends at once."""
    owner, before = os.getpid(), {}

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != owner:  # a worker that inherited this
            os.kill(os.getpid(), number)
            return
        raise Ended(number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
