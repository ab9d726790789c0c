"""Checks at the public boundary. Every refusal says what arrived, what was wanted and what to do.

Arrays may be NumPy arrays, columns and tables of other libraries, anything ``numpy.asarray`` takes, or torch tensors on
any device; every one of them enters by :func:`array`. A tensor on the CPU is viewed as a NumPy array without a copy; a
tensor on another device stays where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from infoscope.core import foreign
from infoscope.core.errors import InputError
from infoscope.core.foreign import Array as Array
from infoscope.core.foreign import array as array
from infoscope.core.foreign import is_tensor as is_tensor

TYPICAL = 64  # rows from which it is seen how far apart the numbers of a column are
LOOKED_AT = 2**22  # numbers of which it is seen at once whether they are finite
TOLD = 160  # letters of what torch says of a device
ROUNDING = float(np.finfo(np.float64).eps)


def paired(**arguments: Any) -> None:
    """Refuse arguments whose rows have the same names (an index of pandas, a coordinate of xarray) in another order."""
    if any(type(value) is not np.ndarray for value in arguments.values()):
        foreign.same_order(arguments)


def on_cpu(value: Any) -> np.ndarray:
    """``value`` as a NumPy array: a tensor comes to this machine's memory, anything else is taken as it lies."""
    return np.asarray(value.cpu() if is_tensor(value) else value)


def representation(value: Any, name: str = "t", *, stacked: bool = False, place: bool = False) -> Array:
    """Real-valued rows ``[n, d]`` (``[m, n, d]`` with ``stacked``), finite, in float32 or float64, at least 2 rows.

    One-dimensional input means one column. Integers and booleans become float64, float16 becomes float32. A column of
    whole numbers beyond 2**53, which float64 would round, loses its smallest first; ``place``: it matters where numbers
    lie, so that such a column is refused.

    Raises
    ------
    InputError: for complex, object or text data, another number of axes, fewer than 2 rows, no columns, a value that is
        NaN or infinite, or whole numbers that span more than 2**53.
    """
    return _checked(array(value, name), name, stacked, place)


def alike(first: Any, second: Any, names: tuple[str, str]) -> tuple[Array, Array]:
    """Two representations ``[n, d]`` and ``[m, d]`` of the same columns, such as rows to fit to and rows to score."""
    one, two = (array(value, name) for value, name in zip((first, second), names, strict=True))
    kinds = ["" if is_tensor(part) else part.dtype.kind for part in (one, two)]
    together = all(kind in "iu" for kind in kinds) and "" not in kinds and np.result_type(one, two).kind in "iu"
    one, two = (part[:, None] if part.ndim == 1 else part for part in (one, two))
    if together and one.ndim == two.ndim == 2 and one.shape[1] == two.shape[1] and len(one) and len(two):
        both = foreign.floats(np.concatenate([one, two]), " and ".join(names))  # the same smallest for both
        one, two = both[: len(one)], both[len(one) :]
    # Where the smallest cannot be the same for both, none is subtracted.
    return _checked(one, names[0], False, True), _checked(two, names[1], False, True)


def _checked(out: Array, name: str, stacked: bool, place: bool) -> Array:
    if out.ndim == 1 and not stacked:
        out = out[:, None]
    axes = "[members, rows, features]" if stacked else "[rows, features]"
    if out.ndim != (3 if stacked else 2):
        flat = f"{name}.reshape(len({name}), -1)"
        if out.ndim == 3 and not stacked:
            raise InputError(
                f"{name} has shape {tuple(out.shape)}, wanted {axes}: if the middle axis counts tokens or steps with "
                f"labels of their own, pass each as a row, {name}.reshape(-1, {name}.shape[-1]), with "
                f"groups=np.repeat(np.arange(len({name})), {name}.shape[1]); if a sample is one row, flatten: {flat}"
            )
        raise InputError(
            f"{name} has shape {tuple(out.shape)}, wanted {axes}: flatten what lies behind the row axis, e.g. {flat}"
        )
    if is_tensor(out) and not (out.is_floating_point() or out.is_complex()):
        device = out.device
        out = _real(out.cpu().numpy(), name, place)
        if device.type != "mps":  # which has no float64
            import torch

            out = torch.as_tensor(out).to(device)
    if is_tensor(out):
        import torch

        if out.is_complex():
            raise InputError(f"{name} has dtype {out.dtype}, wanted real numbers: take .abs() or stack .real and .imag")
        out = out if out.dtype in (torch.float32, torch.float64) else out.float()
        finite = all(bool(part.isfinite().all()) for part in _parts(out))
    else:
        out = _real(out, name, place)
        finite = all(bool(np.isfinite(part).all()) for part in _parts(out))
    n, d = out.shape[-2:]
    if n < 2:
        raise InputError(f"{name} has {n} row{'s' * (n != 1)}, wanted at least 2: pass more samples")
    if d < 1:
        raise InputError(f"{name} has no columns, wanted at least 1: pass a representation with features")
    if not finite:
        bad = ~np.isfinite(on_cpu(out))
        rows = int(bad.any(axis=-1).sum())
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"{name} holds NaN or infinity in {rows} of {bad.shape[-2] * (bad.shape[0] if stacked else 1)} rows "
            f"(first at index {first}), wanted finite numbers: drop those rows or find where the network diverged"
        )
    return out


def _parts(out: Array) -> Iterator[Any]:
    """Stretches of the rows ``[n, d]`` or ``[m, n, d]``, so that what is asked of all numbers is not held of all."""
    step = max(1, LOOKED_AT // max(1, out.shape[-1]))
    for one in out if out.ndim == 3 else [out]:
        for start in range(0, len(one), step):
            yield one[start : start + step]


def _real(out: np.ndarray, name: str, place: bool) -> np.ndarray:
    """Real numbers in float32 or float64."""
    kind = out.dtype.kind
    if kind in "iub":
        return foreign.floats(out, name, -2, place)
    if kind == "f":
        return out if out.dtype in (np.dtype(np.float32), np.dtype(np.float64)) else out.astype(np.float32)
    what = f"{name} has dtype {out.dtype}, wanted real numbers"
    if kind == "c":
        raise InputError(f"{what}: take .abs() or stack .real and .imag")
    if kind in "Mm":
        raise InputError(
            f"{what}: pass ({name} - {name}.min()) / numpy.timedelta64(1, 's') where it is a quantity, "
            f"{name}.astype(str) where every moment is a class"
        )
    if kind in "US":
        raise InputError(f"{what}: convert it to float first{_first_word(out)}")
    raise InputError(f"{what}: convert it to float first")


def _first_word(out: np.ndarray) -> str:
    """Where the first entry stands that cannot be read as a number."""
    for place in cast(Iterator[tuple[int, ...]], np.ndindex(out.shape)):
        try:
            float(out[place])
        except ValueError:
            return f" (row {place[0]} holds {str(out[place])[:40]!r}, which is no number)"
    return ""


def resolved(z: Array, name: str) -> None:
    """Refuse rows ``[n, d]``, checked, with a number beside which float64 cannot tell the others of its column apart.

    Raises
    ------
    InputError: naming the column and the number.
    """
    rows = np.asarray(on_cpu(z[:: max(1, len(z) // TYPICAL)]), np.float64) / 2  # so that no difference overflows
    low, high = (z.amin(0), z.amax(0)) if is_tensor(z) else (z.min(axis=0), z.max(axis=0))
    low, high = (np.asarray(on_cpu(end), np.float64) / 2 for end in (low, high))
    middle = np.median(rows, axis=0)
    largest = np.maximum(high - middle, middle - low)
    apart = np.abs(rows - middle)
    apart[apart == 0] = np.inf
    typical = np.sort(apart, axis=0)[: max(1, len(rows) // 4)].max(axis=0)  # of the quarter that differs least
    lost = np.flatnonzero((typical < np.inf) & (typical < largest * ROUNDING))
    if len(lost):
        column = np.asarray(on_cpu(z[:, int(lost[0])]))
        row = int(np.abs(column).argmax())
        raise InputError(
            f"{name} holds {column[row]:.3g} in row {row}, column {lost[0]}, beside which float64 cannot tell the "
            "other rows apart: drop that row, or clip the column"
        )


def meant_as_labels(value: Any, name: str) -> bool:
    """Whether one column that is neither of whole numbers nor of words can be labels where nothing else is wanted:
    whole numbers held as real ones, dates, or what :func:`labels` has better words for than that it is real (complex,
    NaN).
    """
    out = on_cpu(array(value, name))
    if out.ndim != 1 and out.shape[1:] != (1,):
        return False
    return out.dtype.kind in "cMm" or (
        out.dtype.kind == "f" and bool(((out == np.round(out)) | ~np.isfinite(out)).all())
    )


def labels(value: Any, n: int, name: str = "y", instead: str = "") -> np.ndarray:
    """Integer class labels ``[n]``, renumbered 0..k-1 in the order of their values.

    instead: what else can be done where real numbers arrive, for the refusal.

    Raises
    ------
    InputError: for another length than ``n``, more than one column, real-valued labels or negative class indices.
    """
    if value is None:
        raise InputError(f"{name} is None, wanted one class label a row: pass the labels of the samples")
    out = on_cpu(array(value, name))
    if out.ndim == 2 and out.shape[1] == 1:
        out = out[:, 0]
    if out.ndim != 1:
        raise InputError(
            f"{name} has shape {tuple(out.shape)}, wanted one class index per row: {_what_to_do(out, name)}"
        )
    if len(out) != n:
        raise InputError(
            f"{name} has {len(out)} labels for {n} rows, wanted one label a row: pass the same samples to both"
        )
    if out.dtype.kind == "f":
        bad = ~np.isfinite(out)
        if bad.any():
            raise InputError(
                f"{name} holds NaN or infinity in {int(bad.sum())} of {len(out)} rows (first at row {bad.argmax()}), "
                "wanted a class for every row: drop those rows, in the representation too"
            )
        if (out != np.round(out)).any():
            otherwise = f", or {instead}" if instead else ""
            raise InputError(
                f"{name} holds real numbers, wanted class indices: bin it first or pass integer labels{otherwise}"
            )
        out = out.astype(np.int64)
    if out.dtype.kind in "iu":
        if len(out) and out.min() < 0:
            raise InputError(
                f"{name} holds the label {out.min()}, wanted labels of 0 or more: drop or renumber those rows, "
                f"or pass {name}.astype(float) where real numbers are taken and these are quantities"
            )
    elif out.dtype.kind not in "bUSMm":  # of dates each is a class
        raise InputError(f"{name} has dtype {out.dtype}, wanted class indices: convert it to integers first")
    return np.unique(out, return_inverse=True)[1].ravel().astype(np.int32)


def _what_to_do(labels: np.ndarray, name: str) -> str:
    """Advice for labels of several axes: one-hot rows, several variables, or one label a token."""
    if labels.ndim == 2 and labels.dtype.kind in "fiub":
        marks = (labels == 0) | (labels == 1)
        if marks.all() and (labels.sum(axis=1) == 1).all():
            return f"its rows are one-hot, pass {name}.argmax(1)"
        if marks.all():
            return f"its columns are marks of which several may hold, so each is a variable of its own: {name}[:, 0] …"
    if labels.ndim == 2:
        return (
            f"if a row is a sequence of tokens, pass each token as a row: z.reshape(-1, z.shape[-1]), "
            f"{name}.reshape(-1) and groups=np.repeat(np.arange(len({name})), {name}.shape[1]); if its columns are "
            f"variables, one at a time: {name}[:, 0] …"
        )
    return "pass one variable at a time, one label a row"


def names(value: Any, n: int, name: str = "groups") -> np.ndarray:
    """Which of G names ``[n]`` each row bears, numbered 0..G-1 as they first appear: numbers or words, one a row.

    Raises
    ------
    InputError: for another length than ``n``, more than one column, or a name that is missing.
    """
    out = on_cpu(array(value, name))
    if out.ndim == 2 and out.shape[1] == 1:
        out = out[:, 0]
    if out.ndim != 1 or len(out) != n:
        raise InputError(
            f"{name} has shape {tuple(out.shape)} for {n} rows, wanted one name (a number or a word) a row: "
            "rows of one name belong together"
        )
    if out.dtype.kind == "f" and not np.isfinite(out).all():
        bad = ~np.isfinite(out)
        raise InputError(
            f"{name} holds NaN or infinity in {int(bad.sum())} of {n} rows (first at row {bad.argmax()}), wanted a "
            "name for every row: give rows that belong to none a name of their own"
        )
    if out.dtype.kind not in "fiubUSM":
        raise InputError(f"{name} has dtype {out.dtype}, wanted numbers or words: convert it first")
    _, first, inverse = np.unique(out, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    return number[inverse.ravel()]


def symbols(value: Any, name: str = "x") -> np.ndarray:
    """Whole numbers ``[n, d]`` for rows of symbols: whole numbers, booleans or words, renumbered in each column.

    Raises
    ------
    InputError: for another number of axes, no columns, or numbers that are not whole.
    """
    out = array(value, name)
    if is_tensor(out):
        out = out.cpu().numpy()
    if out.ndim == 1:
        out = out[:, None]
    if out.ndim != 2:
        raise InputError(f"{name} has shape {tuple(out.shape)}, wanted [rows, columns] of symbols")
    if out.shape[1] < 1:
        raise InputError(f"{name} has no columns, wanted at least 1: pass the symbols of each row")
    if out.dtype.kind == "f":
        bad = ~np.isfinite(out)
        if bad.any():
            raise InputError(
                f"{name} holds NaN or infinity in {int(bad.any(axis=1).sum())} of {len(out)} rows, wanted symbols: "
                "drop those rows"
            )
        if (out != np.round(out)).any():
            raise InputError(
                f"{name} holds real numbers, wanted symbols (whole numbers or words): bin {name} first, or use an "
                "estimator for real numbers (infoscope choose names one)"
            )
    elif out.dtype.kind not in "iubUS":
        raise InputError(f"{name} has dtype {out.dtype}, wanted symbols (whole numbers or words): convert it first")
    columns = [np.unique(out[:, d], return_inverse=True)[1].ravel() for d in range(out.shape[1])]
    return np.stack(columns, axis=1).astype(np.int64)


def positive(value: float, name: str) -> float:
    """``value`` when it is a finite number above zero."""
    if (
        not isinstance(cast(object, value), (int, float, np.integer, np.floating))
        or not np.isfinite(value)
        or value <= 0
    ):
        raise InputError(f"{name} is {value!r}, wanted a number above 0")
    return float(value)


def between(value: float, low: float, high: float, name: str) -> float:
    """``value`` when it is a number from ``low`` to ``high``."""
    if not low <= positive(value, name) <= high:
        raise InputError(f"{name} is {value!r}, wanted a number from {low:g} to {high:g}")
    return float(value)


def count(value: int, name: str, least: int = 1, most: int | None = None) -> int:
    """``value`` when it is a whole number of at least ``least``, and at most ``most`` where that is said."""
    if isinstance(value, bool) or not isinstance(cast(object, value), (int, np.integer)) or value < least:
        raise InputError(f"{name} is {value!r}, wanted a whole number of at least {least}")
    if most is not None and value > most:
        raise InputError(f"{name} is {value!r}, wanted at most {most}: more needs too much memory or time")
    return int(value)


def device(value: Any) -> str:
    """The name of a device that torch can compute on here.

    Raises
    ------
    InputError: there is none of that name, or torch cannot reach it.
    """
    import torch

    name = str(value)
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, NotImplementedError) as reason:  # a torch built without CUDA asserts
        first = str(reason).splitlines()[0].split(". ")[0]
        first = f"{first[:TOLD]}…" if len(first) > TOLD else first
        raise InputError(
            f"device {name!r} cannot be used ({first}): pass --device cpu, or fix torch's build"
        ) from reason
    return name


def path(value: Any, name: str) -> Path:
    """``value`` when it names a file or a folder."""
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise InputError(f"{name} is {foreign.an(value)}, wanted the name of a folder, e.g. 'runs/mine'")
    return Path(cast(str | os.PathLike[str], value))


def choice(value: str, known: Iterable[str], name: str) -> str:
    """``value`` when it is one of ``known``."""
    known = tuple(known)
    if value not in known:
        raise InputError(f"{name} is {value!r}, wanted one of {', '.join(map(repr, known))}")
    return value
