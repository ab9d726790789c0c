"""Variables of an evaluation set: a label a sample, a position or a word, and how they reach the rows of a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from infoscope.core import check, text
from infoscope.core.errors import InputError
from infoscope.core.measurement import Measurement
from infoscope.record.inputs import IGNORED, is_mapping
from infoscope.record.layout import WHOLE, Chosen

MISSING = -1  # in place of a label
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


def checked(variables: Any, n: int) -> dict[str, Variable]:
    """Variables by name, each as :meth:`Variable.of` takes it.

    Raises
    ------
    InputError: no mapping, the name ``"input"`` or one that no figure can carry, or labels that cannot be used.
    """
    if not is_mapping(variables):
        raise InputError(f"variables is a {type(variables).__name__}, wanted labels by name: pass {{'label': labels}}")
    if "input" in variables:
        raise InputError("a variable is named 'input', which is the name of the input itself: give it another name")
    names = {name: text.checked(str(name), "the name of a variable") for name in variables}
    return {names[name]: Variable.of(values, n, f"variables[{name!r}]") for name, values in variables.items()}


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
