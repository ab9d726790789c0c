"""Rows: the one table. A row is one estimate, placed: run, network, member, step, site, variable, estimator.

Plots, claims, reports and a user's notebook all read this table and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infoscope.core import markup, older_rows
from infoscope.core.errors import InputError, MissingPackageError, RunFolderError
from infoscope.core.estimate import Estimate, Status
from infoscope.core.quantity import Quantity
from infoscope.core.units import shown

_IN_A_NOTEBOOK = 10  # rows that a cell of a notebook shows
VERSION = 4  # 2 added the column "axis", 3 "resampled" and "groups", 4 "kind" and "words"
_text = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("run", _text),
        pa.field("network", _text),  # name of the ensemble inside the run
        pa.field("member", pa.int32()),  # index on the member axis
        pa.field("seed", pa.int64()),
        pa.field("step", pa.int64()),  # optimiser updates done
        pa.field("epoch", pa.float64()),  # or the place on another ``axis``
        pa.field("site", _text),
        pa.field("site_index", pa.int32()),  # order of the sites from input to output
        pa.field("variable", _text),  # "input", "label", …
        pa.field("split", _text),  # which rows were measured: "all", "train", "test", …
        pa.field("quantity", _text),  # "I(X;T)", "loss", …
        pa.field("estimator", _text),
        pa.field("options", _text),  # JSON of the estimator's options in force
        pa.field("value", pa.float64()),  # null only when status is FAILED
        pa.field("unit", _text),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("level", pa.float64()),
        pa.field("interval_kind", _text),
        pa.field("bound", _text),
        pa.field("n", pa.int64()),
        pa.field("estimand", _text),
        pa.field("status", _text),
        pa.field("notes", _text),
        pa.field("seconds", pa.float64()),
        pa.field("axis", _text),  # what ``epoch`` counts: "epoch", or what a computed curve runs over ("weight w")
        pa.field("resampled", _text),  # what the interval takes to be drawn anew: "rows", "groups", …
        pa.field("groups", pa.int64()),  # how many groups of rows that belong together; null where rows are independent
        pa.field("kind", _text),  # of the quantity, one of ``core.quantity.KINDS``: what a plot asks for
        pa.field("words", _text),  # what the quantity is, for a heading
    ],
    metadata={"infoscope.rows.version": str(VERSION)},
)
#: Columns that a row may have nothing in.
NULLABLE = frozenset({"value", "low", "high", "level", "interval_kind", "resampled", "groups"})
TRAINING = "training"  # stands for an estimator in rows that training itself gives
#: What places a row; two rows that agree on all of these are the same measurement.
KEY = ("network", "member", "step", "site", "variable", "split", "quantity", "estimator", "options")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an estimate was taken; the half of a row that an :class:`Estimate` does not know."""

    network: str
    step: int
    site: str
    site_index: int
    variable: str
    estimator: str
    member: int = 0
    seed: int = 0
    epoch: float = 0.0
    split: str = "all"
    options: str = "{}"
    axis: str = "epoch"


def last_hidden_site(sites: Sequence[str]) -> str:
    """The last of ``sites``, from input to output, before the output; ``"output"`` where there is no other."""
    return next((site for site in reversed(sites) if site != "output"), "output")


def options_text(options: Mapping[str, Any]) -> str:
    """An estimator's options as the canonical JSON that rows carry."""
    return json.dumps(options, sort_keys=True, separators=(",", ":"), default=list)


def options_in_words(texts: list[str]) -> list[str]:
    """For each of several options (JSON), what tells it from the others: ``"width 0.1"``.

    Of a probe with its own options the name alone, where that tells it apart.
    """
    parsed = [json.loads(text) for text in texts]
    names = list(dict.fromkeys(name for options in parsed for name in options))
    apart = [name for name in names if len({json.dumps(options.get(name)) for options in parsed}) > 1]
    said = {name: [_option_in_words(name, options.get(name)) for options in parsed] for name in apart}
    for name, values in said.items():
        short = [value.partition("(")[0] for value in values]  # probe linear(weight_decay=0.01): probe linear
        said[name] = short if len(set(short)) == len(set(values)) else values
    return [", ".join(said[name][i] for name in apart if said[name][i]) or "as usual" for i in range(len(parsed))]


def _option_in_words(name: str, value: Any) -> str:
    """``width 0.1``, ``variables fine, coarse``, ``shuffled``; nothing of what is left out or false."""
    if value is None or value is False or value == "":
        return ""
    if value is True:
        return name
    if isinstance(value, list):
        return f"{name} {', '.join(map(str, cast(list[Any], value)))}"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


#: Columns that hold what an estimate says by the same name.
_AS_THEY_ARE = ("value", "level", "interval_kind", "bound", "n", "estimand", "seconds", "resampled", "groups")


class _Refused(NamedTuple):
    """What stands in a row in place of an estimate that there is not."""

    quantity: Quantity
    notes: tuple[str, ...]
    n: int
    value: None = None
    interval: None = None
    level: None = None
    interval_kind: None = None
    bound: str = "none"
    estimand: str = ""
    status: Status = Status.FAILED
    seconds: float = 0.0
    resampled: None = None
    groups: None = None


class RowsBuilder:
    """Collects placed estimates; ``rows()`` freezes what was collected, column by column."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._places: list[Place] = []
        self._found: list[Estimate | _Refused] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, place: Place, estimate: Estimate) -> None:
        self._places.append(place)
        self._found.append(estimate)

    def add_failure(self, place: Place, quantity: Quantity, reason: str, n: int) -> None:
        """A measurement that was refused: a row without a value, so that the gap can be seen and explained.

        ``quantity`` is the one that the value would have had.
        """
        self._places.append(place)
        self._found.append(_Refused(quantity, (reason,), n))

    def rows(self) -> Rows:
        found = self._found
        intervals = [one.interval or (None, None) for one in found]
        columns: dict[str, list[Any]] = {
            "run": [self.run] * len(found),
            **{name: list(map(attrgetter(name), self._places)) for name in Place.__slots__},
            **{name: list(map(attrgetter(name), found)) for name in _AS_THEY_ARE},
            "quantity": [str(one.quantity) for one in found],
            "unit": [one.quantity.unit for one in found],
            "kind": [one.quantity.kind for one in found],
            "words": [one.quantity.words for one in found],
            "low": [low for low, _ in intervals],
            "high": [high for _, high in intervals],
            "status": [one.status.name for one in found],
            "notes": ["; ".join(one.notes) for one in found],
        }
        arrays: list[pa.Array] = []
        for field in SCHEMA:
            column = columns[field.name]
            if field.type == _text:
                arrays.append(pa.array(column, pa.string()).dictionary_encode())
            else:
                arrays.append(pa.array(column, field.type))
        return Rows(pa.table(arrays, schema=SCHEMA))


def _both(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


class Rows:
    """An immutable view on an Arrow table with :data:`SCHEMA`."""

    def __init__(self, table: pa.Table) -> None:
        version = int((table.schema.metadata or {}).get(b"infoscope.rows.version", b"0"))
        if version > VERSION:
            raise RunFolderError(
                f"these rows have schema version {version}, this infoscope reads up to {VERSION}: "
                "upgrade with `pip install -U infoscope`"
            )
        if 0 < version < VERSION:
            table = older_rows.completed(table, SCHEMA)
        missing = set(SCHEMA.names) - set(table.schema.names)
        if missing:
            raise RunFolderError(f"this table is not infoscope rows: it lacks the columns {', '.join(sorted(missing))}")
        self.table = table

    @classmethod
    def stored(cls, table: pa.Table) -> Rows:
        """Rows from a file, where anything may stand; columns of somebody else are left out.

        Raises
        ------
        RunFolderError: rows that nobody wrote: a column of another type, without what places them, or with a status
            that there is not.
        """
        rows = cls(cls(table).table.select(SCHEMA.names))
        for field in SCHEMA:
            column = rows.table[field.name]
            if column.type != field.type:
                raise RunFolderError(
                    f"this table is not infoscope rows: {field.name} is {column.type}, wanted {field.type}"
                )
            if column.null_count and field.name not in NULLABLE:
                raise RunFolderError(f"this table is not infoscope rows: {field.name} is missing in some")
        if unknown := set(rows.unique("status")) - set(Status.__members__):
            raise RunFolderError(f"this table is not infoscope rows: the status {min(unknown)!r} is none")
        return rows

    @classmethod
    def concat(cls, parts: Iterable[Rows]) -> Rows:
        """All parts as one table, in order; nothing is dropped, and no part at all gives an empty table."""
        tables = [part.table for part in parts]
        if not tables:
            return cls(SCHEMA.empty_table())
        return cls(pa.concat_tables(tables).unify_dictionaries().combine_chunks())

    def latest(self) -> Rows:
        """These rows of one run without repeats: of rows that agree on :data:`KEY` the last one, in its place."""
        numbered = self.table.select(KEY).append_column("at", pa.array(np.arange(len(self))))
        # one thread: with torch loaded first, a process that let Arrow start its pool here may abort at exit
        keep = numbered.group_by(list(KEY), use_threads=False).aggregate([("at", "max")])["at_max"].to_numpy()
        return self if len(keep) == len(self) else Rows(self.table.take(np.sort(keep)))

    def placed(self, run: str, network: str) -> Rows:
        """The same rows as those of another run's network."""
        table = self.table
        for name, value in (("run", run), ("network", network)):
            column = pa.array([value] * len(self), pa.string()).dictionary_encode()
            table = table.set_column(table.column_names.index(name), SCHEMA.field(name), column)
        return Rows(table)

    def __len__(self) -> int:
        return self.table.num_rows

    def __repr__(self) -> str:
        return f"Rows({len(self)} rows: {', '.join(f'{k}={len(self.unique(k))}' for k in ('network', 'site', 'step'))})"

    def _repr_html_(self) -> str:
        names = ("network", "member", "step", "site", "variable", "quantity", "estimator")
        lines: list[list[Any]] = []
        for row in self.table.slice(0, _IN_A_NOTEBOOK).to_pylist():
            value = shown(row["value"], row["unit"], _both(row["low"], row["high"]))
            lines.append([*(row[name] for name in names), value, row["status"]])
        more = len(self) - len(lines)
        return markup.table([*names, "value", "status"], lines) + markup.faint(
            f"{len(self):,} rows" + (f", the first {len(lines)} of them; .to_pandas() has all" if more else "")
        )

    def filter(self, **where: Any) -> Rows:
        """Rows whose columns equal the given values; a tuple, list or set means any of its values."""
        keep: pa.ChunkedArray | None = None
        for name, wanted in where.items():
            if name not in SCHEMA.names:
                raise InputError(f"rows have no column {name!r}, they have: {', '.join(SCHEMA.names)}")
            several = isinstance(wanted, (tuple, list, set, frozenset))
            mask = _among(self.table[name], list(cast(Iterable[Any], wanted)) if several else [wanted])
            keep = mask if keep is None else pc.and_(keep, mask)
        return self if keep is None else Rows(self.table.filter(keep))

    def unique(self, name: str) -> list[Any]:
        """The distinct values of one column, in order of first appearance."""
        column = self.table[name]
        return (column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column).unique().to_pylist()

    def distinct(self, *names: str) -> list[tuple[str, ...]]:
        """The combinations of these text columns, in order of first appearance."""
        if not len(self):
            return []
        table = pa.table({name: self.table[name].cast(pa.string()) for name in names})
        groups = table.group_by(list(names), use_threads=False).aggregate([])
        return list(zip(*(groups[name].to_pylist() for name in names), strict=True))

    def column(self, name: str) -> np.ndarray:
        """One column as a NumPy array; a missing value becomes NaN."""
        column = self.table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        return column.to_numpy(zero_copy_only=False)

    def unit(self) -> str:
        """The unit of these rows' values; of rows without any, what they would have had; ``""`` without rows.

        A failed row decides nothing beside others: before schema 3 it said nats, whatever had failed.
        """
        units, failed = self.column("unit"), self.column("status") == Status.FAILED.name
        there = units[~failed] if not failed.all() else units
        return str(there[0]) if len(there) else ""

    def sites(self) -> list[str]:
        """The site names from input to output."""
        pairs = set(zip(self.column("site_index").tolist(), self.column("site").tolist(), strict=True))
        return [site for _, site in sorted(pairs)]

    def last_hidden_site(self) -> str:
        """The last site before the output; ``"output"`` where there is no other."""
        return last_hidden_site(self.sites())

    def curves(self, value: str = "value") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """These rows as curves over training: ``(steps [s], epochs [s], values [members, s])``.

        The rows must be of one series (one run, network, site, quantity, estimator …). What was never measured is NaN,
        and so is the differential entropy of a constant, which is minus infinity and stored as a DEGENERATE 0.
        """
        for name in ("run", "network", "site", "variable", "split", "quantity", "estimator", "options"):
            if len(self.unique(name)) > 1:
                raise InputError(
                    f"a curve wants one {name}, these rows hold {self.unique(name)}: filter({name}=…) first"
                )
        steps, at = np.unique(self.column("step"), return_inverse=True)
        members, who = np.unique(self.column("member"), return_inverse=True)
        values = np.full((len(members), len(steps)), np.nan)
        values[who, at] = np.where(self._minus_infinite(), np.nan, self.column(value))
        epochs = np.zeros(len(steps))
        epochs[at] = self.column("epoch")
        return steps, epochs, values

    def _minus_infinite(self) -> np.ndarray:
        """Which rows are the differential entropy of a representation that is constant.

        Other entropies and informations of a constant are 0.
        """
        constant = _among(self.table["status"], [Status.DEGENERATE.name])
        return pc.and_(constant, _among(self.table["kind"], ["differential entropy"])).to_numpy()

    def content_hash(self) -> str:
        """SHA-256 over the rows of one run in key order, without the run's name and how long each row took.

        Equal for a run that was killed and resumed and its twin that was not; what a quantity is called in words
        follows from the row, and is left out too, so that a run which an older infoscope began is no exception.
        """
        table = self.table.drop_columns(["run", "seconds", "kind", "words"])
        plain = table.cast(
            pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema])
        ).sort_by([(name, "ascending") for name in KEY])
        digest = hashlib.sha256()
        for name in plain.column_names:
            digest.update(name.encode())
            digest.update(repr(plain[name].to_pylist()).encode())
        return digest.hexdigest()

    def to_pandas(self) -> Any:
        """A pandas DataFrame (needs pandas)."""
        try:
            # pandas ships no types, and the table asks for it itself
            import pandas  # noqa: F401  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport]
        except ImportError as reason:
            raise MissingPackageError("to_pandas needs pandas: pip install 'infoscope[notebook]'") from reason
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """A polars DataFrame (needs polars)."""
        try:
            import polars
        except ImportError as reason:
            raise MissingPackageError("to_polars needs polars: pip install 'infoscope[notebook]'") from reason
        # its signature names pandas, which ships no types
        return polars.from_arrow(self.table)  # pyright: ignore[reportUnknownMemberType]


def _among(column: pa.ChunkedArray, wanted: list[Any]) -> pa.ChunkedArray:
    """Which entries of ``column`` are one of ``wanted``; of text only the few distinct words are compared."""
    if not pa.types.is_dictionary(column.type):
        return pc.is_in(column, pa.array(wanted, column.type))
    chunks: list[pa.Array] = []
    for chunk in column.chunks:
        codes = pc.indices_nonzero(pc.is_in(chunk.dictionary, pa.array(wanted, pa.string())))
        chunks.append(pc.is_in(chunk.indices, codes.cast(chunk.indices.type)))
    return pa.chunked_array(chunks, pa.bool_())
