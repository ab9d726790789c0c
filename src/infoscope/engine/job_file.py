"""The file of a job: what it says in a line of JSON, then Arrow tables; written whole or not at all, with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from infoscope.core.files import atomic, contents, entries

ENDING = ".job"
_ipc: Any = import_module("pyarrow.ipc")  # has no types


class JobAnswer(NamedTuple):
    """What a job has found: ``about``, which JSON can hold, and tables."""

    about: Mapping[str, Any]
    tables: tuple[pa.Table, ...] = ()

    def write(self, path: Path) -> None:
        """Write it, as :func:`write` does."""
        write(path, self)


class Written(Protocol):
    """What a job has found, which writes itself as one file, whole or not at all: a :class:`JobAnswer`, or another."""

    def write(self, path: Path) -> None: ...


def write(path: Path, answer: JobAnswer) -> None:
    """Write ``answer``, atomically.

    Raises
    ------
    RunFolderError: the disk is full, or the system refused.
    """
    sink = pa.BufferOutputStream()
    for table in answer.tables:
        with _ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    body = sink.getvalue().to_pybytes()
    head = json.dumps({"about": dict(answer.about), "tables": len(answer.tables)}, default=list).encode()
    digest = hashlib.sha256(head + body).hexdigest().encode()
    with atomic(path) as temporary:
        temporary.write_bytes(b"\n".join((digest, head, body)))


def read(path: Path) -> JobAnswer | None:
    """What was written, or None where that is not what lies there."""
    digest, _, rest = contents(path).partition(b"\n")
    head, _, body = rest.partition(b"\n")
    if hashlib.sha256(head + body).hexdigest().encode() != digest:
        return None
    said, source = json.loads(head), pa.BufferReader(body)
    tables: list[pa.Table] = []
    for _ in range(said["tables"]):
        with _ipc.open_stream(source) as stream:
            tables.append(stream.read_all())
    return JobAnswer(said["about"], tuple(tables))


def found(folder: Path) -> Iterator[tuple[Path, JobAnswer | None]]:
    """Every file of a job in ``folder``, in the order of their names, with what it holds."""
    for path in entries(folder, f"*{ENDING}"):
        yield path, read(path)
