"""The benchmark's own table: one row is one answer of one subject to one sample, beside the truth."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.benchmark.cases import Case, Subject
from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic

_text = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("purpose", _text),  # "tasks", "coverage" or "headline"
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
    metadata={"infoscope.benchmark.version": "1"},
)
Row = dict[str, Any]


def case_of(row: Row) -> Case:
    """The case that a row answers."""
    return Case(
        row["purpose"], Subject(row["who"], row["estimator"], row["options"]), row["source"], row["n"], row["seed"]
    )


def append(folder: Path, rows: Sequence[Row]) -> None:
    """Write one more part of ``folder/rows``, whole or not at all."""
    if rows:
        with atomic(folder / "rows" / f"part-{uuid.uuid4().hex}.parquet") as temporary:
            pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), temporary, compression="zstd")


def stored(folder: Path) -> list[Row]:
    """Every row written so far; half-written temporaries are not looked at.

    Raises
    ------
    RunFolderError: a part that is damaged, or not of the benchmark.
    """
    rows: list[Row] = []
    for path in sorted((folder / "rows").glob("part-*.parquet")):
        try:
            table = pq.read_table(path, use_threads=False)
        except (pa.ArrowInvalid, OSError) as reason:
            raise RunFolderError(
                f"{path} is damaged ({str(reason).splitlines()[0]}): delete that file and run the same command again, "
                "only its cases are asked anew"
            ) from reason
        if table.column_names != SCHEMA.names:
            raise RunFolderError(
                f"{path} is no part of a benchmark of this infoscope: pass another --out, or delete {folder / 'rows'}"
            )
        rows += table.to_pylist()
    return rows
