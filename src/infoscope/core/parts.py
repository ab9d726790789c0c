"""Tables in Parquet files that are only ever added, and what is believed of one that is read.

Pages carry checksums, which are verified; the list that a journal keeps of its parts, with the size and the SHA-256 of
each, also sees a changed footer, and a part that is gone.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.core.errors import DamagedError
from infoscope.core.files import atomic, contents, entries
from infoscope.core.sealed import SEAL

NAMES = re.compile(r"part-(?:(\d{6,})-)?[0-9a-f]{6,32}\.parquet")


class Listed(TypedDict):
    """What a list says of one part."""

    bytes: int
    sha256: str
    rows: int


def write(path: Path, table: pa.Table) -> Listed:
    """Write ``table``, whole or not at all, with checksums of its pages; returns what to list of it.

    Raises
    ------
    RunFolderError: the disk is full, or the system refused.
    """
    with atomic(path) as temporary:
        buffer = pa.BufferOutputStream()  # Arrow itself opens no path that is not UTF-8
        pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        content = buffer.getvalue().to_pybytes()
        temporary.write_bytes(content)
    return _listed(content, table.num_rows)


def _listed(content: bytes, rows: int) -> Listed:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "rows": rows}


def read(path: Path, listed: Listed | None, advice: str) -> pa.Table:
    """The table in ``path``, as it was written.

    listed: what its list says of it, None where there is none. advice: what to do about a damaged one.

    Raises
    ------
    RunFolderError: the file is missing or holds something else than was written (DamagedError), or cannot be opened.
    """
    content = contents(path)
    if listed is not None:
        there = _listed(content, listed["rows"])
        if there["bytes"] != listed["bytes"]:
            raise _damaged(path, f"{there['bytes']} bytes, and {listed['bytes']} were written", advice)
        if there["sha256"] != listed["sha256"]:
            raise _damaged(path, "its SHA-256 is not that of what was written", advice)
    try:
        # one thread, and not pq.read_table, which starts a pool of Arrow's whatever it is told: a process that has one
        # and loaded torch first may abort at its exit
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)  # pyright: ignore[reportCallIssue]  # types lack it
        table = file.read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as reason:  # a name in the footer may not even be text
        raise _damaged(path, str(reason).splitlines()[0], advice) from reason
    return table


def _damaged(path: Path, why: str, advice: str) -> DamagedError:
    return DamagedError(f"{path} is damaged ({why}): {advice}")


def found(folder: Path) -> list[Path]:
    """The parts in ``folder``, in the order in which they were written; none where there is no such folder.

    Half-written temporaries and whatever else lies there are not among them.

    Raises
    ------
    RunFolderError: the folder cannot be listed.
    """
    return [path for path in entries(folder) if NAMES.fullmatch(path.name)]


def following(folder: Path) -> Path:
    """A new name behind those of all parts in ``folder``."""
    numbers = (NAMES.fullmatch(path.name) for path in found(folder))
    last = max((int(one[1]) for one in numbers if one and one[1]), default=-1)
    return folder / f"part-{last + 1:06d}-{uuid.uuid4().hex[:6]}.parquet"


def tables(folder: Path, listed: Mapping[str, Listed], advice: str) -> Iterator[tuple[Path, pa.Table]]:
    """Every part in ``folder`` in order, with its path: those that are listed, and others that are whole.

    Raises
    ------
    RunFolderError: one that is listed is gone, or one is damaged (DamagedError), or one cannot be read.
    """
    there = found(folder)
    if gone := missing(there, listed):
        raise DamagedError(f"{folder / gone[0]} is missing{_more(gone)}: {advice}")
    for path in there:
        yield path, read(path, listed.get(path.name), advice)


def missing(there: list[Path], listed: Mapping[str, Listed]) -> list[str]:
    """The names of the parts that are listed and not ``there``."""
    return sorted(set(listed) - {path.name for path in there})


def _more(names: list[str]) -> str:
    return f", and {len(names) - 1} more that were written" if len(names) > 1 else ", though it was written"


def self_hashed(table: pa.Table, key: str) -> pa.Table:
    """``table`` with its own hash in its metadata, named after ``key``: for a file that is replaced and in no list."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), f"{key}.{SEAL}": _hash(table, key)})


def holds(table: pa.Table, key: str, *, wanted: bool) -> bool:
    """Whether the columns and the metadata of ``table`` are those that were hashed.

    wanted: False takes a table without a hash as it is, since an infoscope before 0.2 wrote it.
    """
    stored = (table.schema.metadata or {}).get(f"{key}.{SEAL}".encode())
    return not wanted if stored is None else stored.decode("ascii", "replace") == _hash(table, key)


def _hash(table: pa.Table, key: str) -> str:
    digest = hashlib.sha256()
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    for name, value in sorted(metadata.items()):
        if name != f"{key}.{SEAL}".encode():
            digest.update(repr((name, value)).encode())
    for name in table.column_names:
        digest.update(repr((name, str(table[name].type), table[name].to_pylist())).encode())
    return digest.hexdigest()
