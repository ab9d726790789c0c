"""Columns of files, for the command line: ``a.npy``, ``a.npz:name``, ``t.parquet:col1,col2``, ``t.csv:col``, ``a.pt``.

Tables of text may be separated by commas, semicolons (with decimal commas) or tabs, as their first line says. A cell
that is empty is refused in columns of words as in columns of numbers.
"""

from __future__ import annotations

import csv
import errno
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infoscope.core.errors import InputError, unknown_name
from infoscope.core.files import atomic
from infoscope.core.refusals import os_error, refusal

LARGEST, RATIO = 1 << 30, 100  # bytes, and times its size in the archive, beyond which a member is not unpacked
FEW = 0.1  # share of the rows of a column that may be no numbers before it is taken for words
NOT_TAKEN = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".ckpt"), "a file that can run code when it is opened"),
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "a spreadsheet"),
    **dict.fromkeys((".h5", ".hdf5", ".mat", ".feather", ".arrow", ".json", ".zarr"), "of another kind"),
}
TENSORS = (".pt", ".pth", ".safetensors")
_NAMED = re.compile(
    r"(?P<path>.*\.(?:npy|npz|parquet|csv|tsv|pt|pth|safetensors))(?::(?P<parts>.*))?", re.IGNORECASE | re.DOTALL
)


def read(name: str, fill: int | None = None) -> np.ndarray:
    """The array that ``name`` names: ``[n]`` or ``[n, d]`` numbers, or ``[n]`` words.

    Several columns of a table stand side by side; a column that holds a list of numbers in every row is as wide as
    the list. With ``fill`` lists of unlike lengths are padded with it on the right, and words in lists are numbered in
    the order of the alphabet. Nothing pickled is ever opened.

    Raises
    ------
    InputError: another kind of file, none there, one that cannot be read, or columns that do not go together.
    UnknownNameError: no such array or column in it.
    """
    path, parts = _named(name)
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
    if kind in TENSORS:
        return _from_tensors(path, parts)
    return _from_table(path, parts, kind, fill)


def array_names(name: str) -> list[str]:
    """The names of the arrays in an archive, ``a.npz``."""
    path, _ = _named(name)
    opened = _opened(path)
    if isinstance(opened, np.ndarray):
        raise InputError(f"{path} is one array, wanted an archive: rename it to {path.with_suffix('.npy')}")
    with opened as archive:
        return list(archive.files)


def column_names(name: str) -> list[str]:
    """The columns of a parquet file that ``t.parquet:col1,col2`` names."""
    import pyarrow as pa
    from pyarrow import parquet

    path, parts = _named(name)
    try:
        with path.open("rb") as file:
            return _wanted(path, parts, parquet.ParquetFile(file).schema_arrow.names)
    except (pa.ArrowException, OSError) as reason:
        raise _unreadable(path, reason) from reason


def _named(name: str) -> tuple[Path, str | None]:
    """The file that ``name`` names, which is there, and what of it."""
    named = _NAMED.fullmatch(name)
    if named is None:
        kind = Path(name.partition(":")[0]).suffix.lower()
        if kind in NOT_TAKEN:
            raise InputError(
                f"{name!r} is {NOT_TAKEN[kind]}, which is not taken: save what you ask for as a.npy or t.csv"
            )
        raise InputError(
            f"{name!r} names no columns, wanted a.npy, a.npz:name, t.parquet:col1,col2, t.csv:col1,col2, a.pt or "
            "a.safetensors:name: save the data as one of these"
        )
    path, parts = Path(named["path"]), named["parts"]
    if not path.is_file():
        raise InputError(f"there is no file {path}: check the name, or give the whole path")
    return path, parts


def writable(path: Path) -> Path:
    """``path`` when :func:`write` can write it.

    Raises
    ------
    InputError: another kind of file than .npy, .csv and .parquet, no folder to put it in, or one that takes none.
    """
    if path.suffix.lower() not in (".npy", ".csv", ".parquet"):
        raise InputError(f"{path} is no kind of file that can be written, wanted .npy, .csv or .parquet")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}: make it first")
    if path.is_dir():
        raise InputError(refusal(OSError(errno.EISDIR, ""), path, writing=True))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(refusal(OSError(errno.EACCES, ""), path, writing=True))
    return path


def write(path: Path, table: Mapping[str, np.ndarray], name: str) -> None:
    """Columns ``[n]`` by name, in the kind of file that ``path`` names; a .npy file holds the one called ``name``."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    kind = writable(path).suffix.lower()
    with atomic(path) as temporary, open(temporary, "wb") as file:
        if kind == ".npy":
            np.save(file, table[name])
        else:
            (csv.write_csv if kind == ".csv" else parquet.write_table)(pa.table(dict(table)), file)


def _opened(path: Path) -> Any:
    try:
        _as_long_as_it_says(path)
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as reason:
        if isinstance(reason, InputError):
            raise
        raise _unreadable(path, reason) from reason


def _as_long_as_it_says(path: Path) -> None:
    """Refuse an array whose header promises more than the file holds, before memory is asked for."""
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            return
        file.seek(0)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        said, held = math.prod(shape) * dtype.itemsize, path.stat().st_size - file.tell()
    if said > held and not dtype.hasobject:
        raise InputError(f"{path} says that it holds {said} bytes of numbers and holds {held}: save it again")


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
            stored = {one.filename.removesuffix(".npy"): one for one in archive.zip.infolist()}[name]
            if stored.file_size > max(LARGEST, RATIO * stored.compress_size):
                raise InputError(
                    f"{name!r} in {path} takes {stored.compress_size} bytes there and {stored.file_size} unpacked, "
                    "which is not done unasked: save it with numpy.save if that is right"
                )
            array = archive[name]
        if not isinstance(array, np.ndarray):
            raise InputError(f"{name!r} in {path} is no array, wanted one that numpy.savez wrote")
        return array
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as reason:
        if isinstance(reason, InputError):
            raise
        raise _unreadable(path, reason) from reason


def _from_tensors(path: Path, name: str | None) -> np.ndarray:
    """One tensor of a file of torch (a tensor, or tensors by name, also inside mappings) or of safetensors.

    Nothing that lies in the file is run: torch is asked for weights only.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path) if path.suffix.lower() == ".safetensors" else _tensors_of_torch(path)
    except (RuntimeError, SafetensorError, ValueError, OSError, EOFError, MemoryError, KeyError) as reason:
        raise _unreadable(path, reason) from reason
    known = dict(_by_name(found))
    if name is None and len(known) == 1:
        (name,) = known
    if name is None:
        raise InputError(f"{path} holds {len(known)} tensors, wanted one: {_asked(path, list(known))}")
    if name not in known:
        raise unknown_name(f"tensor in {path}", name, known)
    tensor = known[name].detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _tensors_of_torch(path: Path) -> Any:
    import pickle
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle that no torch wrote, which is refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} holds more than tensors, which could run code when it is opened, so it is not: save the tensors "
            "alone, torch.save(tensor, 'a.pt')"
        ) from None


def _by_name(found: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor with its name, that of a mapping inside a mapping after a point."""
    if isinstance(found, Mapping):
        for key, inner in found.items():
            yield from _by_name(inner, f"{name}.{key}" if name else str(key))
    elif hasattr(found, "detach"):
        yield name or "tensor", found


def _unreadable(path: Path, reason: Exception) -> InputError:
    if "pickle" in str(reason):
        return InputError(
            f"{path} holds Python objects or is no NumPy file, and pickled data can run code, so it is not opened: "
            "save the array as numbers with numpy.save"
        )
    refused = os_error(reason)
    if refused is not None:
        return InputError(refusal(refused, path, writing=False))
    words = "it says that it holds more than there is memory for" if isinstance(reason, MemoryError) else str(reason)
    return InputError(f"{path} cannot be read ({words.splitlines()[0] if words else 'it is cut short'}): save it again")


def _from_table(path: Path, names: str | None, kind: str, fill: int | None) -> np.ndarray:
    import pyarrow as pa

    try:
        if kind == ".parquet":
            from pyarrow import parquet

            with path.open("rb") as file:  # by its own name Arrow opens none that is not UTF-8
                opened = parquet.ParquetFile(file)
                known = opened.schema_arrow.names
                wanted = _wanted(path, names, known)
                _as_large_as_its_file(path, opened.metadata, len(wanted))
                table = opened.read(columns=wanted, use_threads=False)
            columns = None
        else:
            separator, known = _header(path)
            table = _text(path, separator, wanted := _wanted(path, names, known))
            columns = [_typed(table[name], name, path, separator) for name in wanted]
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error, MemoryError) as reason:
        raise _unreadable(path, reason) from reason
    if columns is None:
        columns = [_column(table[name], name, path, fill) for name in wanted]
    if len(columns) == 1:
        return columns[0]
    words = [name for name, column in zip(wanted, columns, strict=True) if column.dtype.kind == "U"]
    if words and len(words) < len(wanted):
        raise InputError(
            f"of the columns {', '.join(wanted)} of {path} {', '.join(words)} hold words and the others do not, "
            "wanted one kind: name them apart"
        )
    return np.column_stack(columns)


def _header(path: Path) -> tuple[str, list[str]]:
    """What separates the cells of a table of text, and the names of its columns, by its first line.

    Raises
    ------
    InputError: an empty file, or a first line with several kinds of separators outside quotes.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        bare = re.sub(r'"[^"]*"', "", first)
        found = [mark for mark in (",", ";", "\t") if mark in bare]
        if len(found) > 1:
            marks = " and ".join(repr(mark) for mark in found)
            raise InputError(
                f"the first line of {path} holds {marks}: did you mean a {found[-1]!r}-separated file? Save it with "
                "one kind of separator, or put names that hold the other into quotes"
            )
        separator = found[0] if found else ","
        file.seek(0)
        names = next(csv.reader(file, delimiter=separator), [])
    if not names:
        raise InputError(f"{path} is empty, wanted a first line with the names of the columns")
    return separator, names


def _text(path: Path, separator: str, wanted: Sequence[str]) -> Any:
    """The ``wanted`` columns as they are written; what is empty is null."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    with path.open("rb") as file:  # by its own name Arrow opens none that is not UTF-8
        return arrow.read_csv(
            file,
            arrow.ReadOptions(use_threads=False),
            arrow.ParseOptions(delimiter=separator),
            arrow.ConvertOptions(
                include_columns=list(dict.fromkeys(wanted)),
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=True,
            ),
        )


def _as_large_as_its_file(path: Path, metadata: Any, columns: int) -> None:
    """Refuse a table whose columns take far more memory than its file, before they are read."""
    asked, held = 8 * metadata.num_rows * columns, path.stat().st_size
    if asked > max(LARGEST, RATIO * held):
        raise InputError(
            f"{path} takes {held} bytes there and {columns} of its columns {asked} as numbers, which is not done "
            "unasked: write fewer rows, or save the columns with numpy.save if that is right"
        )


def _typed(column: Any, name: str, path: Path, separator: str) -> np.ndarray:
    """Words as whole numbers, real numbers or truths where all of them are; ``01`` and ``1`` are two words."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute  # whose functions are made when it is imported

    if column.null_count:
        return _column(column, name, path)  # which refuses it
    column = pc.utf8_trim_whitespace(column)
    if set(pc.unique(pc.utf8_lower(column)).to_pylist()) <= {"true", "false"}:
        return np.array(pc.equal(pc.utf8_lower(column), "true").to_pylist(), dtype=bool)
    if pc.any(pc.match_substring_regex(column, r"^[+-]?0\d+$")).as_py():
        return np.array(column.to_pylist(), dtype=str)
    if separator != ",":
        column = pc.replace_substring_regex(column, r"^([+-]?\d+),(\d+)$", r"\1.\2")
    if pc.all(pc.match_substring_regex(column, r"^[+-]?\d+$")).as_py():
        for kind in (pa.int64(), pa.uint64()):
            try:
                return pc.cast(pc.replace_substring_regex(column, r"^\+", ""), kind).to_numpy()
            except pa.ArrowInvalid:
                continue
        return np.array(column.to_pylist(), dtype=str)
    try:
        return pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        words = np.array(column.to_pylist(), dtype=str)
    numbers = np.array([_is_number(word) for word in words])
    if numbers.mean() >= 1 - FEW and len(words) > 1:
        row = int((~numbers).argmax())
        raise InputError(
            f"column {name!r} of {path} holds {str(words[row])!r} in row {row} and numbers in {int(numbers.sum())} of "
            f"{len(words)} rows, wanted one kind: drop or mend those rows"
        )
    for mark in (";", "\t", ","):
        parts = {tuple(map(_is_number, word.split(mark))) for word in np.unique(words)}
        if len(parts) == 1 and len(*parts) > 1 and all(*parts):
            told = "a decimal comma, or several columns" if mark == "," else f"a {mark!r}-separated file"
            raise InputError(
                f"column {name!r} of {path} holds {str(words[0])!r}: did you mean {told}? Name every column in the "
                "first line, and write numbers with a point"
            )
    return words


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _wanted(path: Path, names: str | None, known: Sequence[str]) -> list[str]:
    if names is None and len(known) == 1:
        return list(known)
    if not names:
        raise InputError(f"{path} holds {len(known)} columns, wanted some of them: {_asked(path, known)}")
    wanted = [names] if names in known else [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise unknown_name(f"column in {path}", name, known)
        if known.count(name) > 1:
            raise InputError(f"{path} holds {known.count(name)} columns named {name!r}: rename all but one")
    return wanted


def _asked(path: Path, known: Sequence[str]) -> str:
    shown = ", ".join(known[:20]) + (f" … ({len(known)} in all)" if len(known) > 20 else "")
    return f"write it like {path}:{known[0]} (there are: {shown})" if known else "it is empty"


def _padded(rows: list[list[Any]], fill: int) -> np.ndarray:
    """Lists as rows of one length, ended with ``fill``; words in them as numbers."""
    flat = [value for row in rows for value in row]
    if flat and isinstance(flat[0], str):
        numbers = {word: number for number, word in enumerate(sorted(set(flat)))}
        rows = [[numbers[word] for word in row] for row in rows]
    length = max(map(len, rows), default=0)
    return np.array([[*row, *[fill] * (length - len(row))] for row in rows])


def _column(column: Any, name: str, path: Path, fill: int | None = None) -> np.ndarray:
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
        if fill is not None:
            return _padded(rows, fill)
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
