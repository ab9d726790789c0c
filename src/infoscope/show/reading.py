"""What is stored as figures and pages read it: all text of rows, run.json and verdicts passes here and is cleaned."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from infoscope.core import text
from infoscope.core.folder import RunFolder
from infoscope.core.privacy import shareable, stored_command
from infoscope.core.rows import SCHEMA, Rows, options_text

_SENTENCES = ("notes", "estimand")  # the other columns of text hold names


class Shown(RunFolder):
    """A run folder whose text can stand in a figure and on a page, whoever wrote it (see :mod:`infoscope.core.text`).

    A name that had to be cleaned is marked, so that two that look the same then stay two. Of what an older infoscope
    stored no secret, home or path is shown (see :mod:`infoscope.core.privacy`).
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder.path)
        self._folder = folder

    @property
    def id(self) -> str:
        return text.name(self._folder.id)

    @cached_property
    def _shown(self) -> dict[str, Any]:
        stored = self._folder.manifest()
        shown = text.content(stored, lambda said: shareable(text.sentence(said)))
        if isinstance(told := stored.get("command"), str):
            shown["command"] = stored_command(text.sentence(told))
        return shown

    def manifest(self) -> dict[str, Any]:
        return self._shown

    @cached_property
    def _cleaned(self) -> Rows:
        return cleaned(self._folder.rows())

    def rows(self) -> Rows:
        return self._cleaned

    def told_rows(self) -> Rows:
        """The rows as a page tells them: a site that a ``Sequential`` calls by a number is told with its class."""
        told: dict[str, set[str]] = {}
        for sites in self.manifest().get("modules", {}).values():
            for site, kind in sites.items():
                told.setdefault(site, set()).add(f"{site} {kind}")
        clear = {site: words.pop() for site, words in told.items() if len(words) == 1}
        table = self.rows().table
        column = _column(table["site"], lambda site: clear.get(site, site))
        return (
            self.rows()
            if column is None
            else Rows(table.set_column(table.column_names.index("site"), SCHEMA.field("site"), column))
        )

    def examples(self) -> Iterator[tuple[Path, Callable[[], pa.Table]]]:
        return self._folder.examples()

    def verdicts(self) -> list[dict[str, Any]]:
        return text.content(self._folder.verdicts())


def cleaned(rows: Rows) -> Rows:
    """``rows`` with text that can be drawn; the very same where all of it can."""
    table = rows.table
    for place, name in enumerate(table.schema.names):
        if name in SCHEMA.names and pa.types.is_dictionary(SCHEMA.field(name).type):
            clean = _options if name == "options" else _sentence if name in _SENTENCES else text.name
            column = _column(table[name], cache(clean))
            if column is not None:
                table = table.set_column(place, SCHEMA.field(name), column)
    return rows if table is rows.table else Rows(table)


def _column(column: pa.ChunkedArray, clean: Callable[[str], str]) -> pa.ChunkedArray | None:
    """A column of text through ``clean``, which sees each word of a chunk once; None where that changes nothing."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    chunks, changed = [], False
    for chunk in column.chunks:
        words = chunk.dictionary.to_pylist()
        shown = [word if word is None else clean(word) for word in words]
        changed |= shown != words
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, pa.array(shown, pa.string())))
    return pa.chunked_array(chunks, SCHEMA.field("options").type) if changed else None


def _sentence(stored: str) -> str:
    return shareable(text.sentence(stored))


def _options(stored: str) -> str:
    """Options as JSON whose text can be drawn; what is no mapping in JSON is one option."""
    try:
        found = json.loads(stored)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return options_text({"options": text.name(stored)})
    shown = text.content(found, text.name)
    return stored if shown == found else options_text(shown)
