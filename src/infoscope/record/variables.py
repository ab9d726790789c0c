"""Variables of an evaluation set: a label a sample, a position or a word, and how they reach the rows of a place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from infoscope.core import check, text
from infoscope.core.errors import InputError
from infoscope.core.measurement import Measurement
from infoscope.core.progress import say
from infoscope.record.inputs import IGNORED, Inputs
from infoscope.record.layout import WHOLE, Chosen, SampleLayout
from infoscope.record.loose import is_mapping, is_several

MISSING = -1  # in place of a label
MOST_COLUMNS = 32  # of several variables that come as one array
Per = Literal["sample", "position", "word"]


@dataclass(frozen=True, eq=False)
class Variable:
    """Class labels numbered from 0, :data:`MISSING` where there is none: ``[n]`` one a sample, ``[n, positions]`` one a
    position (a token, a cell of a map), ``[n, words]`` one a word. Or quantities, float64 numbers, NaN where there is
    none, which only measurements that need quantities are given."""

    values: np.ndarray
    per: Per = "sample"

    @classmethod
    def of(cls, values: Any, n: int, name: str) -> Variable:
        """From numbers or words ``[n]`` or ``[n, positions]``; -100 stands where there is no label.

        Real numbers that are not all whole cannot be labels and are quantities, NaN where there is none.

        Raises
        ------
        InputError: labels that cannot be used, or none at all.
        """
        if isinstance(values, Variable):
            return values
        array = cast(Any, check.on_cpu(check.array(values, name)) if values is not None else None)
        if array is not None and (real := _quantities(array, n, name)) is not None:
            return cls(real, "sample" if real.ndim == 1 else "position")
        if array is None or array.ndim < 2 or array.shape[1:] == (1,):
            return cls(_numbered(values if array is None else array, n, name))
        if array.ndim > 3 or len(array) != n:
            raise InputError(
                f"{name} has shape {array.shape} for {n} samples, wanted labels [n], or [n, positions] for one a token"
            )
        flat = array.reshape(n, -1)
        numbered = cast(Any, _numbered(flat.reshape(-1), int(flat.size), name))
        return cls(numbered.reshape(flat.shape), "position")

    @property
    def classes(self) -> int:
        """How many different labels there are; 1 of quantities."""
        return 1 if is_quantity(self.values) else int(self.values.max()) + 1

    def at(self, chosen: Chosen, words: np.ndarray | None = None) -> np.ndarray | None:
        """The label ``[N]`` of each row; None where it is not about such rows. words: of each position."""
        if self.per == "sample":
            return self.values[chosen.sample]
        if (chosen.position == WHOLE).any():
            return None
        if self.per == "position":
            if chosen.positions != self.values.shape[1]:
                return None
            return self.values[chosen.sample, chosen.position]
        word = chosen.word
        if word is None:
            if words is None or words.shape[1] != chosen.positions:
                return None
            word = words[chosen.sample, chosen.position]
        there = (word >= 0) & (word < self.values.shape[1])
        missing = np.nan if is_quantity(self.values) else MISSING
        return np.where(there, self.values[chosen.sample, np.where(there, word, 0)], missing)


def is_quantity(values: np.ndarray) -> bool:
    """Whether these are quantities, not labels."""
    return values.dtype.kind == "f"


def known(values: np.ndarray) -> np.ndarray:
    """Where there is a label, or a quantity."""
    return ~np.isnan(values) if is_quantity(values) else values != MISSING


def read_by(measurement: Measurement, values: Mapping[str, np.ndarray]) -> list[str]:
    """The names of those that a measurement is given: quantities if it needs them, else labels."""
    wanted = "quantities" in measurement.needs
    return [name for name, each in values.items() if is_quantity(each) == wanted]


def _quantities(array: np.ndarray, n: int, name: str) -> np.ndarray | None:
    """Real numbers ``[n]`` or ``[n, positions]`` that cannot be labels, in float64; None where they can."""
    if array.dtype.kind != "f" or array.ndim not in (1, 2, 3) or len(array) != n:
        return None
    there = array[~np.isnan(array)]
    if not len(there) or bool((there == np.round(there)).all()):
        return None
    if not np.isfinite(there).all():
        raise InputError(f"{name} holds infinity, wanted finite numbers: NaN stands where there is none")
    found = array.astype(np.float64)
    rest = found.size // n
    return np.reshape(found, n) if rest == 1 else np.reshape(found, (n, rest))


def _numbered(values: Any, n: int, name: str) -> np.ndarray:
    """Labels ``[n]`` numbered from 0 in the order of their values, :data:`MISSING` where -100 stood."""
    if getattr(getattr(values, "dtype", None), "kind", "") not in "if" or len(values) != n:
        return check.labels(values, n, name)
    missing = np.asarray(values) == IGNORED
    if not missing.any():
        return check.labels(values, n, name)
    if missing.all():
        raise InputError(f"{name} is {IGNORED} everywhere, which stands for no label: wanted some")
    known = check.labels(np.asarray(values)[~missing], int((~missing).sum()), name)
    found = np.full(n, MISSING, np.int32)
    found[~missing] = known
    return found


def checked(variables: Any, n: int, inputs: Inputs | None = None) -> dict[str, Variable]:
    """Variables by name, each as :meth:`Variable.of` takes it.

    With the inputs that they are about, labels may also be one a word (lists of the words' labels, or ``[n, words]``),
    lists of different lengths, and several of two classes at once: ``[n, k]`` of 0 and 1, which become ``name.0``,
    ``name.1`` … where k is no number of positions.

    Raises
    ------
    InputError: no mapping, the name ``"input"`` or one that no figure can carry, or labels that cannot be used.
    """
    if not is_mapping(variables):
        raise InputError(f"variables is a {type(variables).__name__}, wanted labels by name: pass {{'label': labels}}")
    if "input" in variables:
        raise InputError("a variable is named 'input', which is the name of the input itself: give it another name")
    names = {name: text.checked(str(name), "the name of a variable") for name in variables}
    found: dict[str, Variable] = {}
    for name, values in variables.items():
        said = f"variables[{name!r}]"
        if inputs is None or isinstance(values, Variable):
            found[names[name]] = Variable.of(values, n, said)
            continue
        listed = _listed(values, inputs.layout, said)
        several = None if listed is not None else _several(values, n, said, inputs)
        if listed is not None:
            found[names[name]] = listed
        elif several is not None:
            if inputs.layout.masks:
                say(
                    f"infoscope: {said} is [{n}, {len(several)}] of 0 and 1 and samples have other numbers of "
                    f"positions, so it is {len(several)} variables a sample, {names[name]}.0 and so on; labels of "
                    "tokens are one a position"
                )
            found.update({f"{names[name]}.{i}": one for i, one in enumerate(several)})
        else:
            found[names[name]] = Variable.of(values, n, said)
    return found


def _listed(values: Any, layout: SampleLayout, name: str) -> Variable | None:
    """Labels that are lists of different lengths, or one a word; None for others."""
    ragged = is_several(values) and len(values) == layout.n and all(is_several(each) for each in values)
    array: Any = None if ragged or values is None else check.on_cpu(check.array(values, name))
    if not ragged and (array is None or array.ndim != 2 or len(array) != layout.n or array.shape[1] == 1):
        return None
    rows: Any = values if array is None else array
    labels: list[list[Any]] = [list(each) for each in rows]
    lengths = np.array([len(each) for each in labels])
    words = layout.words
    counts = None if words is None else np.asarray(words.max(axis=1, initial=-1)) + 1
    seqs = {mask.shape[1] for mask in layout.masks.values()} | (set[int]() if words is None else {words.shape[1]})
    if len(set(lengths.tolist())) == 1 and (counts is None or int(lengths[0]) in seqs or (lengths < counts).any()):
        return None
    if counts is not None and (lengths >= counts).all():
        there: Any = np.arange(int(lengths.max()))[None] < lengths[:, None]
        return _laid(labels, there, "word", name)
    for mask in layout.masks.values():
        if (lengths == mask.sum(axis=1)).all():
            return _laid(labels, mask, "position", name)
    told = "" if counts is None else f", nor as words {_few(counts)}"
    of_masks = "".join(f" ({key} leaves {_few(mask.sum(axis=1))})" for key, mask in layout.masks.items())
    raise InputError(
        f"{name} has {_few(lengths)} labels for the first samples, which are not as many as positions{of_masks}{told}: "
        f"give one a position, {IGNORED} where there is none, or one a word with word_ids beside the inputs"
    )


def _few(numbers: np.ndarray) -> str:
    return ", ".join(map(str, numbers[:3].tolist()))


def _laid(labels: list[list[Any]], there: np.ndarray, per: Per, name: str) -> Variable:
    """Lists of labels, or of quantities, on the True of ``there [n, …]``, in order; None or -100 for none."""
    flat = [each for one in labels for each in one]
    known = np.array([not (each is None or isinstance(each, str)) and each == IGNORED for each in flat], bool)
    known = ~known & np.array([each is not None for each in flat], bool)
    if not known.any():
        raise InputError(f"{name} has no label in any sample, wanted some")
    kept = np.asarray([each for each, one in zip(flat, known, strict=True) if one])
    if (real := _quantities(kept, len(kept), name)) is not None:
        spread = np.full(len(flat), np.nan)
        spread[known] = real
        quantities = np.full(there.shape, np.nan)
        quantities[there] = spread
        return Variable(quantities, per)
    numbers = np.full(len(flat), MISSING, np.int32)
    numbers[known] = check.labels(kept, len(kept), name)
    found = np.full(there.shape, MISSING, np.int32)
    found[there] = numbers
    return Variable(found, per)


def _several(values: Any, n: int, name: str, inputs: Inputs) -> list[Variable] | None:
    """Variables of two classes from the columns of ``[n, k]`` of 0 and 1; None where that is not what they are.

    Raises
    ------
    InputError: it may as well be something else.
    """
    array: Any = None if values is None else check.on_cpu(check.array(values, name))
    if array is None or array.ndim != 2 or len(array) != n or not 1 < array.shape[1] <= MOST_COLUMNS:
        return None
    if array.dtype.kind not in "fiub" or not np.isin(array, (0, 1)).all():
        return None
    k = int(array.shape[1])
    if k in _positions(inputs):
        return None
    if (array.sum(axis=1) == 1).all():
        raise InputError(
            f"{name} is [{n}, {k}] with a single 1 in each row, one variable of {k} classes or {k} of two: pass "
            "y.argmax(1) for the one, or y[:, 0], y[:, 1] … by names of their own for the others"
        )
    return [Variable.of(array[:, i].astype(np.int64), n, f"{name} column {i}") for i in range(k)]


def _positions(inputs: Inputs) -> set[int]:
    """How many positions a sample may have, as far as the inputs show it."""
    found = {mask.shape[1] for mask in inputs.layout.masks.values()}
    for tensor in inputs.tensors().values():
        shape = tensor.shape if not inputs.time_first else (tensor.shape[1], tensor.shape[0], *tensor.shape[2:])
        if len(shape) == 2 and not tensor.is_floating_point():
            found.add(shape[1])
        elif len(shape) > 2:
            found |= {shape[1], math.prod(shape[2:])}
    return found


def reach(variables: Mapping[str, Variable], sites: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Refuse a variable that none of the ``sites``, with the labels of their rows by variable, has rows for.

    Raises
    ------
    InputError: which one, and what its rows would be.
    """
    for name, variable in variables.items():
        if variable.per != "sample" and not any(name in there for there in sites.values()):
            shape = list(variable.values.shape)
            raise InputError(
                f"the variable {name!r} is {shape}, one label a {variable.per}, and no place has such rows: read "
                f"{'words' if variable.per == 'word' else 'tokens'}, as in 'transformer.h.*@"
                f"{'words' if variable.per == 'word' else 'tokens'}', of as many positions"
            )
