"""The benchmark's own table: one row is one answer of one subject to one sample, beside the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from infoscope.benchmark.cases import Case, Subject
from infoscope.core import parts
from infoscope.core.errors import DamagedError, RunFolderError
from infoscope.core.files import contents, write_json
from infoscope.core.progress import say
from infoscope.core.sealed import sealed, unsealed

#: Version 1 called the purpose "sources" tasks, a word of what networks are trained on.
VERSION = "2"
PURPOSES_BEFORE = {"tasks": "sources"}
_text = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("purpose", _text),  # "sources", "coverage" or "headline"
        pa.field("who", _text),  # "ours" or "peer"
        pa.field("estimator", _text),
        pa.field("options", _text),  # JSON
        pa.field("source", _text),
        pa.field("n", pa.int64()),
        pa.field("seed", pa.int64()),
        pa.field("kind", _text),  # of y: "real" or "labels"
        pa.field("dx", pa.int32()),
        pa.field("dy", pa.int32()),
        pa.field("truth", pa.float64()),  # nats, like every value here
        pa.field("value", pa.float64()),  # null when there was no answer
        pa.field("low", pa.float64()),  # the interval, where one was stated
        pa.field("high", pa.float64()),
        pa.field("level", pa.float64()),
        pa.field("interval_kind", _text),
        pa.field("bound", _text),
        pa.field("status", _text),  # of the estimate, or "REFUSED", "BROKEN", "TOO LONG", "DIED"
        pa.field("notes", _text),
        pa.field("cpu_seconds", pa.float64()),
        pa.field("wall_seconds", pa.float64()),
        pa.field("busy_seconds", pa.float64()),  # CPU, with drawing the sample; what the budget counts
        pa.field("code", _text),  # fingerprint of what answered
    ],
    metadata={"infoscope.benchmark.version": VERSION},
)
ROWS, ABOUT = "rows", "bench.json"
Row = dict[str, Any]


def case_of(row: Row) -> Case:
    """The case that a row answers."""
    return Case(
        row["purpose"], Subject(row["who"], row["estimator"], row["options"]), row["source"], row["n"], row["seed"]
    )


def append(folder: Path, rows: Sequence[Row]) -> None:
    """Write one more part of ``folder/rows``, whole or not at all, and list it."""
    if rows:
        path = parts.following(folder / ROWS)
        listed = parts.write(path, pa.Table.from_pylist(list(rows), SCHEMA))
        said = about(folder)
        tell(folder, {**said, "parts": {**said.get("parts", {}), path.name: listed}})


def tell(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``bench.json``, sealed."""
    write_json(folder / ABOUT, sealed(content))


def about(folder: Path) -> dict[str, Any]:
    """What ``bench.json`` says: where the answers came from, and each part with its hash; nothing where there is none.

    Raises
    ------
    RunFolderError: it was changed since it was written, or cannot be read.
    """
    path = folder / ABOUT
    if not path.exists():
        return {}
    try:
        content = json.loads(contents(path))
        return unsealed(content, wanted="parts" in content)
    except (ValueError, TypeError, AttributeError) as reason:
        raise DamagedError(
            f"{path} is damaged ({reason}): delete it and run the same command again, answers are kept"
        ) from reason


def stored(folder: Path) -> list[Row]:
    """Every row written so far; half-written temporaries are not looked at. What was lost is said: it is asked anew.

    Raises
    ------
    RunFolderError: a part that is damaged, cannot be read, or is not of the benchmark.
    """
    rows: list[Row] = []
    listed = about(folder).get("parts", {})
    there = parts.found(folder / ROWS)
    if gone := parts.missing(there, listed):
        say(f"{folder / ROWS}: {', '.join(gone)} went missing, its cases are asked anew")
        listed = {name: each for name, each in listed.items() if name not in gone}
        tell(folder, {**about(folder), "parts": listed})
    advice = "delete that file and run the same command again, only its cases are asked anew"
    for path in there:
        table = parts.read(path, listed.get(path.name), advice)
        if table.column_names != SCHEMA.names:
            raise RunFolderError(
                f"{path} is no part of a benchmark of this infoscope: pass another --out, or delete {folder / ROWS}"
            )
        rows += map(_of_today, table.to_pylist())
    return rows


def _of_today(row: Row) -> Row:
    """A row of any version as one of today's."""
    return {**row, "purpose": PURPOSES_BEFORE.get(row["purpose"], row["purpose"])}
