"""Shares: what each group of rows adds to an estimate, kept beside its row, so that groups can be drawn anew later.

One line an estimate, placed as its row is; the sums and the numbers of rows of its groups stand in two lists, always in
the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infoscope.core.errors import RunFolderError
from infoscope.core.measurement import Shares
from infoscope.core.rows import KEY, Place

VERSION = 1
_text = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("network", _text),
        pa.field("member", pa.int32()),
        pa.field("step", pa.int64()),
        pa.field("site", _text),
        pa.field("variable", _text),
        pa.field("split", _text),
        pa.field("quantity", _text),
        pa.field("estimator", _text),
        pa.field("options", _text),
        pa.field("site_index", pa.int32()),
        pa.field("epoch", pa.float64()),
        pa.field("sums", pa.list_(pa.float64())),  # nats
        pa.field("counts", pa.list_(pa.int64())),  # rows
    ],
    metadata={"infoscope.shares.version": str(VERSION)},
)


def table_of(placed: Sequence[tuple[Place, str, Shares]]) -> pa.Table:
    """The lines of estimates of the quantities named, at these places."""
    names = [name for name in SCHEMA.names if name not in ("quantity", "sums", "counts")]
    columns: dict[str, list[Any]] = {name: [getattr(place, name) for place, _, _ in placed] for name in names}
    columns["quantity"] = [quantity for _, quantity, _ in placed]
    columns["sums"] = [shares.sums.tolist() for _, _, shares in placed]
    columns["counts"] = [shares.counts.tolist() for _, _, shares in placed]
    arrays: list[pa.Array] = []
    for field in SCHEMA:
        values = columns[field.name]
        text = field.type == _text
        arrays.append(pa.array(values, pa.string()).dictionary_encode() if text else pa.array(values, field.type))
    return pa.table(arrays, schema=SCHEMA)


def stored(table: pa.Table) -> pa.Table:
    """A table from a file, where anything may stand.

    Raises
    ------
    RunFolderError: it is of a newer infoscope, or holds no shares.
    """
    version = int((table.schema.metadata or {}).get(b"infoscope.shares.version", b"0"))
    if version > VERSION:
        raise RunFolderError(
            f"these shares have schema version {version}, this infoscope reads up to {VERSION}: upgrade with "
            "`pip install -U infoscope`"
        )
    for field in SCHEMA:
        if field.name not in table.schema.names or table[field.name].type != field.type:
            raise RunFolderError(f"this table is not shares of infoscope: the column {field.name} is not as wanted")
    return table.select(SCHEMA.names)


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """All lines, each estimate once: of those that agree on what places a row the last one."""
    if not tables:
        return SCHEMA.empty_table()
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    numbered = table.select(KEY).append_column("at", pa.array(np.arange(table.num_rows)))
    keep = numbered.group_by(list(KEY), use_threads=False).aggregate([("at", "max")])["at_max"].to_numpy()
    return table.take(np.sort(keep))


def among(table: pa.Table, **where: Sequence[str]) -> pa.Table:
    """The lines whose columns hold one of the given texts."""
    for name, wanted in where.items():
        table = table.filter(pc.is_in(table[name].cast(pa.string()), pa.array(list(wanted), pa.string())))
    return table
