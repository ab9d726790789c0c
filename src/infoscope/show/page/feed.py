"""What changed in the runs, numbered: whoever was away asks for what came after the number that they have seen."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infoscope.show.page.found import Found, Seen, runs

LOOK_SECONDS = 1.0  # between two looks at the folders
SEARCH_SECONDS = 3.0  # between two searches for new ones


@dataclass
class _Known:
    number: int
    stamp: Seen
    lives: bool
    summary: dict[str, Any]


class Feed:
    """The list of runs and its changes. ``mark`` is what a reader hands back to go on from there."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._boot = secrets.token_hex(4)  # numbers of another server mean nothing here
        self._number = 0
        self._found: dict[str, Found] = {}
        self._known: dict[str, _Known] = {}
        self._gone: dict[str, int] = {}
        self._looked = self._searched = float("-inf")
        self._lock = threading.Lock()

    def runs(self) -> dict[str, Found]:
        """The run folders by id, as of a moment ago."""
        self.look()
        return self._found

    def look(self) -> None:
        """Look at the folders, unless somebody just did."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < LOOK_SECONDS / 2:
                return
            if now - self._searched >= SEARCH_SECONDS:
                self._found, self._searched = runs(self._roots), now
            for found in self._found.values():
                self._look_at(found)
            for id in self._known.keys() - self._found.keys():
                del self._known[id]
                self._number += 1
                self._gone[id] = self._number
            self._looked = time.monotonic()

    def _look_at(self, found: Found) -> None:
        before, stamp, lives = self._known.get(found.id), found.stamp(), found.writer_lives()
        if before is None or (before.stamp, before.lives) != (stamp, lives):
            summary = found.summary(stamp)
            if before is None or before.summary != summary:
                self._number += 1
            self._known[found.id] = _Known(self._number, stamp, lives, summary)
            self._gone.pop(found.id, None)

    def since(self, mark: str) -> dict[str, Any] | None:
        """What changed after ``mark``: ``runs``, those ``gone``, whether it is ``all`` there is, and the new ``mark``.

        None where nothing did. A mark of another server, or none, gets all.
        """
        with self._lock:
            boot, _, number = mark.partition("-")
            whole = boot != self._boot or not number.isdecimal()
            after = -1 if whole else int(number)
            changed = [known.summary for known in self._known.values() if known.number > after]
            gone = [id for id, when in self._gone.items() if when > after]
            if not whole and not changed and not gone:
                return None
            return {"all": whole, "runs": changed, "gone": gone, "mark": f"{self._boot}-{self._number}"}
