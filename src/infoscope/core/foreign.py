"""Arrays of other libraries as NumPy arrays: pandas, polars, pyarrow, xarray, masked arrays, torch's odd tensors.

Whatever is missing is refused with the number of rows, and what is no array with what it is. Nothing is imported: a
value is known by the module of its class.
"""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AnySet
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.shapes import Array as Array
from infoscope.core.shapes import Tensor

if TYPE_CHECKING:
    from typing_extensions import TypeIs

EXACT = 2**53  # whole numbers up to here are float64 numbers
NUMBERS = "fiub"
_MISSING = ("NoneType", "NAType", "NaTType", "MaskedConstant")


def is_tensor(value: Any) -> TypeIs[Tensor]:
    """Whether ``value`` is a torch tensor, answered without importing torch."""
    return of("torch", value, "Tensor")


def array(value: Any, name: str) -> Array:
    """``value`` as a NumPy array of numbers, words or dates, or as a detached tensor when it lives on an accelerator.

    Raises
    ------
    InputError: for what is no array (a sparse matrix, a generator, a dictionary, …), and for values that are missing or
        masked.
    """
    if type(value) is np.ndarray and value.dtype.kind in NUMBERS and value.dtype.itemsize <= 8:
        return value
    return tensor(value, name) if is_tensor(value) else plain(value, name)


def of(library: str, value: Any, *names: str) -> bool:
    """Whether ``value`` is of a class of ``library``, called one of ``names`` where any are given, or of one below."""
    return any(
        base.__module__.partition(".")[0] == library and (not names or base.__name__ in names)
        for base in type(value).__mro__
    )


def an(value: Any) -> str:
    """What ``value`` is, with its article."""
    kind = type(cast(object, value))
    library = kind.__module__.partition(".")[0]
    word = kind.__name__ if library in ("builtins", "__main__") else f"{library}.{kind.__name__}"
    return f"{'an' if word[0] in 'aeioux' else 'a'} {word}"


def complete(gone: Any, name: str) -> None:
    """Refuse values that are not there: ``gone [n, ...]`` says which.

    Raises
    ------
    InputError: saying in how many rows, and which is the first.
    """
    if not (entries := np.atleast_1d(np.asarray(gone, bool))).any():
        return
    several = entries.ndim > 1  # columns, of every member of a stack
    rows = np.asarray(entries.any(axis=-1), bool).ravel() if several else entries
    raise InputError(
        f"{name} is missing in {int(rows.sum())} of {len(rows)} rows (first at row {int(rows.argmax())}), wanted a "
        "value in every row: drop those rows, in the other arguments too"
    )


def tensor(value: Any, name: str) -> Any:
    """A detached torch tensor that holds plain numbers: conjugates resolved, float8 and quantised ones as floats."""
    value = value.detach()
    if value.is_nested or str(value.layout) != "torch.strided":
        how = "to_padded_tensor(0.0)" if value.is_nested else "to_dense()"
        kind = "nested" if value.is_nested else str(value.layout).removeprefix("torch.").removeprefix("_")
        raise InputError(f"{name} is a {kind} tensor, wanted a dense one: pass {name}.{how}")
    if value.device.type == "meta" or type(value).__name__ == "FakeTensor":
        raise InputError(f"{name} is a meta tensor, which holds no numbers, wanted one that does: compute it first")
    try:
        if value.is_quantized:
            value = value.dequantize()
        kind = str(value.dtype).removeprefix("torch.")
        if kind == "bfloat16" or kind.startswith("float8"):  # which NumPy does not know
            value = value.float()
        value = value.resolve_conj().resolve_neg()
        return value.numpy() if value.device.type == "cpu" else value
    except (TypeError, RuntimeError, NotImplementedError) as reason:
        raise InputError(
            f"{name} is a tensor of {value.dtype} that cannot be read ({str(reason).splitlines()[0]}), wanted plain "
            f"numbers: pass {name}.float()"
        ) from reason


def plain(value: Any, name: str) -> np.ndarray:
    """``value``, which is no tensor, as a NumPy array of numbers, words or dates.

    Raises
    ------
    InputError: what is missing or masked, what is no array, and what mixes kinds.
    """
    if of("pandas", value, "DataFrame"):
        return _pandas_frame(value, name)
    if of("pandas", value, "Series", "Index", "ExtensionArray"):
        return _pandas(value, name)
    if of("polars", value, "DataFrame"):
        return beside([_counted(column, name) for column in value.get_columns()], name, value.columns)
    if of("polars", value, "Series"):
        return _counted(value, name)
    if of("pyarrow", value, "Table", "RecordBatch"):
        return beside([_counted(column, name) for column in value.columns], name, value.schema.names)
    if of("pyarrow", value, "Array", "ChunkedArray"):
        return _counted(value, name)
    if of("xarray", value, "DataArray"):
        return plain(value.values, name)
    _refuse(value, name)
    several = cast(Sequence[Any], value) if isinstance(cast(object, value), (list, tuple)) else ()
    if any(isinstance(one, np.ma.MaskedArray) for one in several):
        single = any(one is np.ma.masked for one in several)  # asarray would drop the masks, or make NaN of them
        value = np.array(several, dtype=object) if single else cast(np.ndarray, np.ma.array(several))
    if isinstance(value, np.ma.MaskedArray):
        value = _unmasked(cast(np.ma.MaskedArray, value), name)
    try:
        out: np.ndarray = np.asarray(value)
        if out.dtype.kind in "US" and isinstance(value, (list, tuple)):
            out = np.array(value, dtype=object)  # in which None and NaN are not words yet
    except (ValueError, TypeError, RuntimeError) as reason:
        raise InputError(
            f"{name} could not be read as an array ({str(reason).splitlines()[0]}): pass an array of numbers, one row "
            "a sample"
        ) from reason
    if out.dtype.kind == "O":
        return _objects(out, name, value)
    if out.dtype.kind == "V":
        if cast(Any, out.dtype).name == "bfloat16":
            return out.astype(np.float32)
        raise InputError(
            f"{name} has dtype {out.dtype}, wanted columns of one kind: pass one field, or "
            f"numpy.lib.recfunctions.structured_to_unstructured({name})"
        )
    if out.dtype.kind in "Mm":
        complete(np.isnat(out), name)
    if out.dtype.kind == "f" and out.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            return out.astype(np.float64)
    return out


def _refuse(value: Any, name: str) -> None:
    """What a person may take for an array, and how to make one of it."""
    what = f"{name} is {an(value)}"
    if value is None:
        raise InputError(f"{name} is None, wanted an array with one row a sample: pass the samples")
    if isinstance(value, Mapping) or of("xarray", value, "Dataset"):
        keys = [repr(key) for key in list(cast(Iterable[object], value))[:3]]
        raise InputError(f"{what}, wanted one array: pass one of its values, e.g. {name}[{(keys or ['name'])[0]}]")
    if isinstance(value, AnySet):
        raise InputError(f"{what}, which has no order, wanted one row a sample: pass a list or an array")
    if isinstance(value, (str, bytes)):
        raise InputError(f"{name} is the word {value[:40]!r}, wanted an array with one row a sample: read it first")
    if of("polars", value, "LazyFrame"):
        raise InputError(f"{what}, which holds a query and no rows, wanted columns: pass {name}.collect()")
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise InputError(f"{what}, a sparse matrix, wanted a dense array: pass {name}.toarray()")
    if hasattr(value, "__next__"):
        raise InputError(f"{what}, which can be read only once, wanted an array: pass list({name})")


def _unmasked(value: np.ma.MaskedArray, name: str) -> np.ndarray:
    """The numbers of a masked array that hides none."""
    mask = np.ma.getmaskarray(value)
    if mask.any():
        entries = np.atleast_1d(mask)
        several = entries.ndim > 1  # columns, of every member of a stack
        rows = np.asarray(entries.any(axis=-1), bool).ravel() if several else entries
        which = f"~np.ma.getmaskarray({name})" + (".any(axis=1)" if mask.ndim > 1 else "")
        raise InputError(
            f"{name} is a masked array that hides values in {int(rows.sum())} of {len(rows)} rows (first at row "
            f"{int(rows.argmax())}), wanted all or none of a row: pass only the rows {which}, of the other "
            "arguments too"
        )
    return value.data


def _pandas(column: Any, name: str) -> np.ndarray:
    """A Series or an index of pandas."""
    kind = column.dtype
    if isinstance(kind, np.dtype):
        return plain(column.to_numpy(), name)
    complete(column.isna(), name)
    if type(kind).__name__ == "CategoricalDtype":
        return _categories(kind.categories, np.asarray(column.cat.codes if hasattr(column, "cat") else column.codes))
    number = getattr(kind, "numpy_dtype", None)
    if isinstance(number, np.dtype) and number.kind in NUMBERS:
        return column.to_numpy(dtype=number)
    return plain(np.asarray(column), name)


def _categories(categories: Any, codes: np.ndarray) -> np.ndarray:
    """Whole numbers and booleans as they are; any other category (a real number, an interval, a day) is a word."""
    values = np.asarray(categories)
    if values.dtype.kind not in "iub":
        values = np.array([str(one) for one in categories], dtype=str)
    return values[codes]


def _pandas_frame(frame: Any, name: str) -> np.ndarray:
    kinds = {kind.kind if isinstance(kind, np.dtype) else "O" for kind in frame.dtypes}
    if len(kinds) == 1 and kinds <= set(NUMBERS):
        return frame.to_numpy()
    columns = [_pandas(frame.iloc[:, i], f"{name}[{column!r}]") for i, column in enumerate(frame.columns)]
    return beside(columns, name, list(frame.columns), len(frame))


def _counted(column: Any, name: str) -> np.ndarray:
    """A column of polars or pyarrow."""
    if column.null_count() if callable(column.null_count) else column.null_count:
        complete(column.is_null(), name)
    if of("pyarrow", column):
        if hasattr(column.type, "value_type") and hasattr(column.type, "index_type"):  # a dictionary
            column = column.cast(column.type.value_type)
        return plain(np.asarray(column), name)
    if str(column.dtype).startswith(("Categorical", "Enum")):
        return np.array(column.to_list(), dtype=str)
    return plain(column.to_numpy(), name)


def beside(columns: Sequence[np.ndarray], name: str, names: Sequence[Any], n: int = 0) -> np.ndarray:
    """Columns as one array. Whole numbers too large for float64 that stand beside real numbers lose their smallest."""
    if not columns:
        return np.empty((n, 0))
    kinds = {column.dtype.kind for column in columns}
    if not kinds <= set(NUMBERS) and len(kinds) > 1:
        odd = next(c for c, column in zip(names, columns, strict=True) if column.dtype.kind not in NUMBERS)
        if not kinds <= set("iubUS"):
            raise InputError(
                f"column {odd!r} of {name} holds no numbers and others do, wanted one kind: leave it out, or turn it "
                "into numbers"
            )
        columns = [column.astype(str) for column in columns]
    if "f" in kinds and kinds & set("iu"):
        columns = [floats(column, name, axis=0) if column.dtype.kind in "iu" else column for column in columns]
    return np.column_stack(columns)


def floats(value: np.ndarray, name: str, axis: int = -2, place: bool = False) -> np.ndarray:
    """Whole numbers or booleans as float64 along ``axis``, the rows; without rounding.

    Where a column goes beyond 2**53 its smallest is subtracted first, which no information is changed by. place: where
    the numbers lie matters, so that such a column is refused.

    Raises
    ------
    InputError: a column that spans more than 2**53, or goes beyond it where its place matters.
    """
    if value.dtype.kind in "iu" and value.dtype.itemsize == 8 and value.size:
        low, high = (np.asarray(end(axis=axis, keepdims=True)) for end in (value.min, value.max))
        if int(high.max()) > EXACT or int(low.min()) < -EXACT:
            span = max(b - a for a, b in zip(low.ravel().tolist(), high.ravel().tolist(), strict=True))
            if place or span > EXACT:
                raise InputError(
                    f"{name} holds whole numbers from {int(low.min())} to {int(high.max())}, which float64 would round "
                    f"(beyond 2**53): subtract {name}.min() first, or pass labels as words, {name}.astype(str)"
                )
            value = value - low
    return value.astype(np.float64)


def _objects(values: np.ndarray, name: str, original: Any) -> np.ndarray:
    """An array of Python objects as numbers, words or dates, where all of them are."""
    if values.ndim == 0:
        raise InputError(
            f"{name} is {an(original)}, wanted an array of numbers or words, one row a sample: pass numpy.array(...)"
        )
    flat = values.ravel()
    kinds = set(map(type, flat))
    gone = np.array([type(one).__name__ in _MISSING for one in flat], bool)
    words = any(issubclass(kind, str) for kind in kinds)
    if words:
        gone |= np.array([isinstance(one, float) and one != one for one in flat])
    complete(np.reshape(gone, values.shape), name)
    if all(issubclass(kind, str) for kind in kinds):
        return values.astype(str)
    if all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return values.astype(bool)
    if all(issubclass(kind, (numbers.Integral, np.bool_)) for kind in kinds):
        try:
            return values.astype(np.int64)
        except OverflowError as reason:
            raise InputError(
                f"{name} holds whole numbers beyond 64 bits, wanted smaller ones: subtract the smallest, or pass "
                "labels as words"
            ) from reason
    if all(issubclass(kind, (numbers.Real, np.bool_, Decimal, Fraction)) for kind in kinds):
        return values.astype(np.float64)
    if all(issubclass(kind, (datetime.date, np.datetime64)) for kind in kinds):
        days: list[Any] = [np.datetime64(_naive(one)) for one in flat]
        return np.reshape(np.array(days), values.shape)
    if all(kind.__name__ in ("Interval", "Period") for kind in kinds):
        return values.astype(str)
    if values.ndim == 1 and all(hasattr(kind, "__len__") and not issubclass(kind, (str, Mapping)) for kind in kinds):
        return _stacked(flat, name)
    found = sorted(kind.__name__ for kind in kinds)
    raise InputError(
        f"{name} has dtype object and holds {' and '.join(found[:4])}, wanted real numbers, or words, in every row: "
        "convert it first"
    )


def _naive(moment: Any) -> Any:
    """A date without its zone, in universal time."""
    if isinstance(moment, datetime.datetime) and moment.tzinfo is not None:
        return moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return moment


def _stacked(rows: np.ndarray, name: str) -> np.ndarray:
    """A column that holds a list of numbers in every row, as columns."""
    parts = [np.asarray(array(row, f"{name}[{i}]")) for i, row in enumerate(rows)]
    shapes = {part.shape for part in parts}
    if len(shapes) != 1:
        raise InputError(
            f"{name} could not be read as an array (rows of {len(shapes)} shapes): pass an array of numbers, one row a "
            "sample"
        )
    return np.stack(parts)


def index_of(value: Any) -> Any:
    """The names that an object of pandas or xarray gives its rows, or None."""
    if of("pandas", value, "DataFrame", "Series"):
        return np.asarray(value.index)
    if of("xarray", value, "DataArray") and value.dims and value.dims[0] in value.indexes:
        return np.asarray(value.indexes[value.dims[0]])
    return None


def same_order(arguments: Mapping[str, Any]) -> None:
    """Refuse two arguments whose rows bear the same names in another order.

    Rows belong together by place everywhere, so that such a pair would be shuffled without a word.
    """
    named = [(name, index) for name, value in arguments.items() if (index := index_of(value)) is not None]
    for (name, index), (other, against) in pairwise(named):
        if len(index) != len(against) or np.array_equal(index, against):
            continue
        try:
            alike = np.array_equal(np.sort(index), np.sort(against))
        except TypeError:
            alike = sorted(map(str, index)) == sorted(map(str, against))
        if alike:
            raise InputError(
                f"{name} and {other} have the same index in another order, wanted rows that belong together at the "
                f"same place: bring {other} into the order of {name} (pandas: {other}.loc[{name}.index]), or pass "
                "arrays without an index if place is what pairs them"
            )
