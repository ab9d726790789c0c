"""Columns of files, for the command line: ``a.npy``, ``a.npz:name``, ``t.parquet:col1,col2``, ``t.csv:col``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infoscope.core.errors import InputError, unknown_name

_NAMED = re.compile(r"(?P<path>.*\.(?:npy|npz|parquet|csv))(?::(?P<parts>.*))?", re.IGNORECASE | re.DOTALL)


def read(name: str) -> np.ndarray:
    """The array that ``name`` names: ``[n]`` or ``[n, d]`` numbers, or ``[n]`` words.

    Several columns of a table stand side by side; a column that holds a list of numbers in every row is as wide as
    the list. Nothing pickled is ever opened.

    Raises
    ------
    InputError: another kind of file, none there, one that cannot be read, or columns that do not go together.
    UnknownNameError: no such array or column in it.
    """
    named = _NAMED.fullmatch(name)
    if named is None:
        raise InputError(
            f"{name!r} names no columns, wanted a.npy, a.npz:name, t.parquet:col1,col2 or t.csv:col1,col2: "
            "save the data as one of these"
        )
    path, parts = Path(named["path"]), named["parts"]
    if not path.is_file():
        raise InputError(f"there is no file {path}: check the name, or give the whole path")
    kind = path.suffix.lower()
    if kind == ".npy":
        if parts is not None:
            raise InputError(f"{name!r} asks for a part of {path}, which holds one array: leave out ':{parts}'")
        array = _opened(path)
        if not isinstance(array, np.ndarray):
            raise InputError(
                f"{path} is an archive of arrays, wanted one array: rename it to {path.with_suffix('.npz')}"
            )
        return array
    if kind == ".npz":
        return _from_archive(path, parts)
    return _from_table(path, parts, kind)


def writable(path: Path) -> Path:
    """``path`` when :func:`write` can write it.

    Raises
    ------
    InputError: another kind of file than .npy, .csv and .parquet, or no folder to put it in.
    """
    if path.suffix.lower() not in (".npy", ".csv", ".parquet"):
        raise InputError(f"{path} is no kind of file that can be written, wanted .npy, .csv or .parquet")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}: make it first")
    return path


def write(path: Path, table: Mapping[str, np.ndarray], name: str) -> None:
    """Columns ``[n]`` by name, in the kind of file that ``path`` names; a .npy file holds the one called ``name``."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    if writable(path).suffix.lower() == ".npy":
        np.save(path, table[name])
        return
    (csv.write_csv if path.suffix.lower() == ".csv" else parquet.write_table)(pa.table(dict(table)), path)


def _opened(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as reason:
        raise _unreadable(path, reason) from reason


def _from_archive(path: Path, name: str | None) -> np.ndarray:
    import zipfile

    opened = _opened(path)
    if isinstance(opened, np.ndarray):
        raise InputError(f"{path} is one array, wanted an archive: rename it to {path.with_suffix('.npy')}")
    try:
        with opened as archive:
            if name is None and len(archive.files) == 1:
                (name,) = archive.files
            if name is None:
                raise InputError(f"{path} holds {len(archive.files)} arrays, wanted one: {_asked(path, archive.files)}")
            if name not in archive.files:
                raise unknown_name(f"array in {path}", name, archive.files)
            return archive[name]
    except (ValueError, zipfile.BadZipFile) as reason:
        if isinstance(reason, InputError):
            raise
        raise _unreadable(path, reason) from reason


def _unreadable(path: Path, reason: Exception) -> InputError:
    if "pickle" in str(reason):
        return InputError(
            f"{path} holds Python objects or is no NumPy file, and pickled data can run code, so it is not opened: "
            "save the array as numbers with numpy.save"
        )
    return InputError(f"{path} cannot be read ({str(reason).splitlines()[0]}): save it again")


def _from_table(path: Path, names: str | None, kind: str) -> np.ndarray:
    import pyarrow as pa

    try:
        if kind == ".parquet":
            from pyarrow import parquet

            known = parquet.read_schema(path).names
            table = parquet.read_table(path, columns=(wanted := _wanted(path, names, known)), use_threads=False)
        else:
            from pyarrow import csv

            table = csv.read_csv(path, csv.ReadOptions(use_threads=False))
            wanted = _wanted(path, names, table.column_names)
    except (pa.ArrowInvalid, OSError) as reason:
        raise _unreadable(path, reason) from reason
    columns = [_column(table[name], name, path) for name in wanted]
    if len(columns) == 1:
        return columns[0]
    words = [name for name, column in zip(wanted, columns, strict=True) if column.dtype.kind == "U"]
    if words and len(words) < len(wanted):
        raise InputError(
            f"of the columns {', '.join(wanted)} of {path} {', '.join(words)} hold words and the others do not, "
            "wanted one kind: name them apart"
        )
    return np.column_stack(columns)


def _wanted(path: Path, names: str | None, known: Sequence[str]) -> list[str]:
    if names is None and len(known) == 1:
        return list(known)
    if not names:
        raise InputError(f"{path} holds {len(known)} columns, wanted some of them: {_asked(path, known)}")
    wanted = [names] if names in known else [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise unknown_name(f"column in {path}", name, known)
    return wanted


def _asked(path: Path, known: Sequence[str]) -> str:
    shown = ", ".join(known[:20]) + (f" … ({len(known)} in all)" if len(known) > 20 else "")
    return f"write it like {path}:{known[0]} (there are: {shown})" if known else "it is empty"


def _column(column: Any, name: str, path: Path) -> np.ndarray:
    """One column as an array: numbers, words, or a list of numbers in every row as several columns."""
    import pyarrow as pa

    if column.null_count:
        raise InputError(f"column {name!r} of {path} is empty in {column.null_count} rows: drop or fill those rows")
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        rows = column.to_pylist()
        lengths = {len(row) for row in rows}
        if len(lengths) != 1:
            raise InputError(f"column {name!r} of {path} holds lists of {len(lengths)} lengths, wanted one length")
        return np.array(rows)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(column.to_pylist(), dtype=str)
    if pa.types.is_decimal(kind):
        column, kind = column.cast(pa.float64()), pa.float64()
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise InputError(f"column {name!r} of {path} holds {kind}, wanted numbers or words: convert it first")
    return column.to_numpy()
