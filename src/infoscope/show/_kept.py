"""What the renderer found that hangs on nothing but what it was given: kept in the user's cache folder.

A process that writes a report bundles a script for a second, and lays out each figure for an eighth of one; the next
process reads both. Whatever is damaged, of another release of the renderer or cannot be written is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import platformdirs

from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic

MOST = 4000  # numbers that are kept, those that were found last


def kept(name: str, asked: str, make: Callable[[str], str]) -> str:
    """What ``make`` returns of ``asked``, or did in an earlier process under this ``name``."""
    name = f"{_digest(asked)[:12]}-{name}"
    text = _read(name)
    if text is None:
        text = make(asked)
        _write(name, text)
    return text


class KeptNumbers:
    """A whole number for each text, all in one file under ``name``."""

    def __init__(self, name: str) -> None:
        self._name, self._fresh = name, False

    @cached_property
    def _known(self) -> dict[str, int]:
        return _numbers(self._name)

    def of(self, text: str, make: Callable[[str], int]) -> int:
        """What ``make`` returns of ``text``, or did in an earlier process."""
        key = _digest(text)[:32]
        if key not in self._known:
            self._known[key], self._fresh = make(text), True
        return self._known[key]

    def keep(self) -> None:
        """Write what is new, beside what other processes have written meanwhile."""
        if self._fresh:
            together = {**_numbers(self._name), **self._known}
            _write(self._name, json.dumps(dict(list(together.items())[-MOST:])))
            self._fresh = False


def _numbers(name: str) -> dict[str, int]:
    """By the beginning of the hash of each text."""
    return json.loads(_read(name) or "{}")


def _read(name: str) -> str | None:
    """The text under this name where it is whole: its first line is the hash of the rest."""
    with suppress(OSError, UnicodeDecodeError):
        digest, _, text = _path(name).read_text(encoding="utf-8").partition("\n")
        return text if digest == _digest(text) else None
    return None


def _write(name: str, text: str) -> None:
    with suppress(RunFolderError, OSError), atomic(_path(name), lasting=False) as temporary:
        temporary.write_text(f"{_digest(text)}\n{text}", encoding="utf-8")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _path(name: str) -> Path:
    return platformdirs.user_cache_path("infoscope") / "drawn" / f"{_release()}-{name}"


@cache
def _release() -> str:
    return version("vl-convert-python")
