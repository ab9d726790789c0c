"""Results: how each subject did on each source at each n, and the file of them that the package carries."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.benchmark.cases import Subject, ours
from infoscope.benchmark.records import Row
from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic
from infoscope.data.source import all_sources, find_source

TIES = 0.05  # share of repeated rows from which on a problem is one of those whose rows repeat
LOOKED_AT = 300  # rows of a source, to see whether they repeat
SHIPPED = Path(__file__).with_name("results.parquet")
_KEY = b"infoscope.benchmark"


class SourceResult(NamedTuple):
    """How one subject did on one source at one n, over its replicates; errors in nats."""

    who: str
    estimator: str
    options: str
    source: str
    kind: str
    tags: tuple[str, ...]
    dx: int
    dy: int
    truth: float
    n: int
    replicates: int
    error: float | None  # mean absolute, of the answers there were
    bias: float | None
    worst: float | None
    trusted: float  # share of the replicates answered with status OK
    worst_trusted: float | None
    intervals: int  # replicates with an interval for sampling uncertainty
    covered: int  # of those, how many held the truth
    cpu_seconds: float | None  # median
    ties: bool = False  # whether rows of X, or of a real Y, repeat
    made: str = ""  # the commit of the code that answered

    @property
    def subject(self) -> Subject:
        return Subject(self.who, self.estimator, self.options)


def source_results(rows: Iterable[Row]) -> list[SourceResult]:
    """The rows of purpose "sources" with replicates put together."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row["purpose"] == "sources":
            groups[row["who"], row["estimator"], row["options"], row["source"], row["n"]].append(row)
    return [_source_result(group) for group in groups.values()]


def repeated(*arrays: np.ndarray) -> bool:
    """Whether more than :data:`TIES` of the rows of one of ``arrays`` are there more than once."""
    for array in arrays:
        rows = np.ascontiguousarray(array).reshape(len(array), -1)
        _, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        if np.mean(counts[which.ravel()] > 1) > TIES:
            return True
    return False


@cache
def _ties(name: str) -> bool:
    x, y = find_source(name).sample(LOOKED_AT, 0)
    return repeated(x) if y.ndim == 1 else repeated(x, y)


def _source_result(group: Sequence[Row]) -> SourceResult:
    first = group[0]
    answered = [row for row in group if row.get("value") is not None]
    errors = [row["value"] - row["truth"] for row in answered]
    trusted = [error for row, error in zip(answered, errors, strict=True) if row["status"] == "OK"]
    seconds = [row["cpu_seconds"] for row in group if row.get("cpu_seconds") is not None]
    intervals = held(group)
    return SourceResult(
        *(first[name] for name in ("who", "estimator", "options", "source", "kind")),
        tags=find_source(first["source"]).tags,
        **{name: first[name] for name in ("dx", "dy", "truth", "n")},
        replicates=len(group),
        error=float(np.mean(np.abs(errors))) if errors else None,
        bias=float(np.mean(errors)) if errors else None,
        worst=float(np.max(np.abs(errors))) if errors else None,
        trusted=len(trusted) / len(group),
        worst_trusted=float(np.max(np.abs(trusted))) if trusted else None,
        intervals=len(intervals),
        covered=sum(intervals),
        cpu_seconds=float(np.median(seconds)) if seconds else None,
        ties=_ties(first["source"]),
        made=first.get("made", ""),
    )


def held(rows: Iterable[Row]) -> list[bool]:
    """For each interval of sampling uncertainty whether it holds the truth; a certified bracket is no such interval."""
    stated = [row for row in rows if row.get("level") is not None and row["level"] < 1]
    return [row["low"] <= row["truth"] <= row["high"] for row in stated]


def save(found: Sequence[SourceResult], about: dict[str, Any], path: Path = SHIPPED) -> Path:
    """Write ``found`` with ``about`` (preset, versions, machine), replacing the file atomically."""
    table = pa.Table.from_pylist([each._asdict() for each in found])
    table = table.replace_schema_metadata({_KEY: json.dumps(about).encode()})
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return path


def merge(found: Sequence[SourceResult], about: dict[str, Any], path: Path = SHIPPED) -> Path:
    """Write ``found`` over the results in ``path``: those that were not asked again are kept as they were.

    What is kept must still exist (subject and source); ``about["made"]`` says of each commit in the column ``made``
    what was written about it.
    """
    found = [each._replace(made=about.get("commit") or "") for each in found]
    old, before = load(path) if path.exists() else ([], {})
    anew = {_asked(each) for each in found}
    sources, subjects = set(all_sources()), {*ours(), *(each.subject for each in old if each.who == "peer")}
    kept = [t for t in old if _asked(t) not in anew and t.source in sources and t.subject in subjects]
    made = {**before.get("made", {}), about.get("commit") or "": {k: v for k, v in about.items() if k != "made"}}
    used = {each.made for each in (*kept, *found)}
    content = {**about, "made": {commit: one for commit, one in made.items() if commit in used}}
    written = save(sorted((*kept, *found), key=_asked), content, path)
    load.cache_clear()
    return written


def _asked(each: SourceResult) -> tuple[str, str, str, str, int]:
    return each.who, each.estimator, each.options, each.source, each.n


@cache
def load(path: Path = SHIPPED) -> tuple[list[SourceResult], dict[str, Any]]:
    """The results in ``path``, and what was written about them.

    Raises
    ------
    RunFolderError: there are none.
    """
    if not path.exists():
        raise RunFolderError(f"there are no benchmark results at {path}: run `infoscope bench --save-results` first")
    table = pq.ParquetFile(path).read(use_threads=False)  # one thread: see core.parts.read
    about = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    return [SourceResult(**{**row, "tags": tuple(row["tags"])}) for row in table.to_pylist()], about
