"""A run folder as a worker sees it: it reads, and what it writes is kept until the one writer of the run takes it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from infoscope.core import shares
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Shares
from infoscope.core.rows import Place, Rows


class WorkersView(RunFolder):
    """The run at ``path``; its rows are those that it held when they were first asked for.

    Snapshots are files of their own, and those go into the folder. The one writer of the run, who holds its lock, waits
    for the worker meanwhile.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._changes: dict[str, Any] = {}
        self._found: list[Rows] = []
        self._found_shares: list[pa.Table] = []

    def manifest(self) -> dict[str, Any]:
        return {**super().manifest(), **self._changes}

    def update(self, changes: dict[str, Any]) -> None:
        self._changes.update(changes)

    def append(self, rows: Rows) -> None:
        self._found.append(rows)

    def append_shares(self, placed: Sequence[tuple[Place, str, Shares]]) -> None:
        if placed:
            self._found_shares.append(shares.table_of(placed))

    def rows(self) -> Rows:
        return self._there

    @cached_property
    def _there(self) -> Rows:
        return super().rows()

    @contextmanager
    def writing(self) -> Generator[None]:
        yield

    def beat(self) -> None:
        """Nothing: the one writer says that it lives."""

    def taken(self) -> tuple[Rows, pa.Table]:
        """The rows and the shares that were written since this was last asked."""
        found = Rows.concat(self._found), shares.together(self._found_shares)
        self._found, self._found_shares = [], []
        return found
