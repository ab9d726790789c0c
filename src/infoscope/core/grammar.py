"""Options of an estimator, a probe or a measure of dependence: its fields, from text where a command line gave them."""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from infoscope.core import registry
from infoscope.core.errors import InputError, unknown_name

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "none"}
_EXAMPLES = {int: "30", float: "0.1", bool: "true", str: "name"}
LARGEST = 10**7  # of a whole number, but for those below
MOST = {
    "seed": None,
    "alphabet": None,  # of which only the logarithm is taken
    "bins": 10**6,
    "permutations": 10**6,
    "slices": 10**5,
    "hidden": 2**16,
    "width": 2**16,
    "offsets": 10**4,
    "starts": 10**4,
    "components": 10**4,
    "networks": 10**3,
    "parts": 10**3,
    "depth": 100,
}
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _branches(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def words(hint: Any) -> str:
    """What a field of this type takes, in words."""
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(value) for value in get_args(hint))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if get_origin(parts[0]) is Literal:
            return f"one or several of {', '.join(map(repr, get_args(parts[0])))} (a,b,…)"
        number = _WORDS[parts[0]].removeprefix("a ")
        return f"several different {number}s (a,b,…)" if parts[-1] is Ellipsis else f"{len(parts)} {number}s (a,b)"
    branches = _branches(hint)
    return _WORDS[hint] if len(branches) == 1 else " or ".join(words(branch) for branch in branches)


def example(hint: Any) -> str:
    """A value of this type, as it is typed on a command line."""
    hint = _branches(hint)[0]
    if get_origin(hint) is Literal:
        return str(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return ",".join(example(part) for part in get_args(hint) if part is not Ellipsis)
    return _EXAMPLES[hint]


def _scalar(value: Any, hint: Any) -> Any:
    """``value`` as ``hint``, or ValueError."""
    if hint is type(None):
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            return None
    elif hint is bool:
        if isinstance(value, (bool, np.bool_)):
            return bool(cast(object, value))
        if isinstance(value, str) and value.lower() in _TRUTHS:
            return _TRUTHS[value.lower()]
    elif hint is int:
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            return int(cast(int, value))
        if isinstance(value, str):
            return int(value)
    elif hint is float:
        if isinstance(value, (int, float, np.integer, np.floating, str)) and not isinstance(value, bool):
            return float(cast(float | str, value))
    elif hint is str and isinstance(value, str):
        return value
    raise ValueError


def _convert(value: Any, hint: Any) -> Any:
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        raise ValueError
    if get_origin(hint) is not tuple:
        return _scalar(value, hint)
    parts = get_args(hint)
    values = value.removesuffix(",").split(",") if isinstance(value, str) else value
    several = cast(Collection[Any], values) if isinstance(values, (list, tuple, np.ndarray)) else ()
    if len(several) == 0:
        raise ValueError
    any_number = parts[-1] is Ellipsis
    kinds = [parts[0]] * len(several) if any_number else list(parts)
    if len(kinds) != len(several):
        raise ValueError
    converted = tuple(_convert(one, kind) for one, kind in zip(several, kinds, strict=True))
    if any_number and len(set(converted)) < len(converted):
        raise ValueError  # equal values would give rows that nothing tells apart
    return converted


def coerce(value: Any, hint: Any, name: str) -> Any:
    """``value``, perhaps text from a command line or a list from JSON, as the field type ``hint``.

    Raises
    ------
    InputError: naming the option, what arrived, and what the field takes.
    """
    for branch in _branches(hint):
        try:
            return _convert(value, branch)
        except ValueError:
            continue
    short = name.split()[0]
    raise InputError(f"option {name} is {value!r}, wanted {words(hint)}, e.g. {short}={example(hint)}")


def _affordable(value: Any, option: str, of: str) -> None:
    """Refuse a whole number so large that memory or patience would end before the answer comes."""
    most = MOST.get(option, LARGEST)
    for one in cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,):
        if isinstance(one, int) and not isinstance(one, bool) and most is not None and one > most:
            raise InputError(
                f"option {option} of {of} is {one}, wanted at most {most}: more needs too much memory or time"
            )


_hints = cache(get_type_hints)


def plain(value: Any) -> Any:
    """An option's value as JSON knows it."""
    return list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class WithOptions:
    """Base of what a registry holds as a frozen dataclass in a file of its own: the fields are the options."""

    def __post_init__(self) -> None:
        hints = _hints(type(self))
        for field in dataclasses.fields(self):
            value = coerce(getattr(self, field.name), hints[field.name], f"{field.name} of {self.id}")
            _affordable(value, field.name, self.id)
            object.__setattr__(self, field.name, value)
        self._check()

    @property
    def id(self) -> str:
        """The file stem."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @property
    def options(self) -> dict[str, Any]:
        """The options in force, as plain JSON values."""
        return {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @property
    def spelled(self) -> str:
        """The text that makes it again, wherever a name is taken: ``"binned(bins=30,60)"``; defaults are left out."""
        fields = dataclasses.fields(self)
        said = {field.name: getattr(self, field.name) for field in fields if getattr(self, field.name) != field.default}
        return spelled(self.id, said)

    def _check(self) -> None:
        """Refuse options that make no sense together or out of range; fields have their types already."""


def written(text: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """``(name, options)`` of a name that may carry options itself, ``"binned(bins=30,60, range=-1,1)"``; ``options``,
    which came beside the name, win.

    An option may be a name with options in its turn: ``"usable_information(probe=mlp(hidden=32), folds=3)"``.

    Raises
    ------
    InputError: parentheses that hold something else, or an option twice.
    """
    name, opened, inside = text.partition("(") if isinstance(cast(object, text), str) else (text, "", "")
    if not opened:
        return text, options
    said: dict[str, Any] = {}
    for part in _parts(inside.strip().removesuffix(")")):
        key, _, value = (word.strip() for word in part.partition("="))
        if not (key and value and inside.rstrip().endswith(")") and value.count("(") == value.count(")")):
            raise InputError(f"{text!r} arrived, wanted a name with options such as 'mlp(hidden=32, steps=300)'")
        if key in said:
            raise InputError(f"the option {key} of {name.strip()} is said twice in {text!r}: leave one out")
        said[key] = value
    return name.strip(), {**said, **options}


def spelled(name: str, options: Mapping[str, Any]) -> str:
    """``name`` with ``options`` as one text, which :func:`written` reads back: ``"binned(bins=30,60)"``."""
    said = ", ".join(f"{option}={_text(value)}" for option, value in options.items())
    return f"{name}({said})" if said else name


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        several = cast(Sequence[Any], value)
        return ",".join(map(_text, several)) + "," * (len(several) == 1)  # one of several is not one alone
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _parts(text: str) -> list[str]:
    """What stands between the commas before a next ``key=``; those in parentheses belong to an option's own options."""
    parts, depth = [""], 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth and re.match(r"\s*\w+\s*=", text[at + 1 :]):
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def make(kind: str, name: str, /, **options: Any) -> Any:
    """The entry of ``kind`` called ``name`` with ``options``, which may be text from a command line (``bins="30,60"``).

    ``name`` may carry options itself, as in :func:`written`.

    Raises
    ------
    UnknownNameError: for an entry or option that does not exist, with the near names.
    InputError: for an option of the wrong type or out of range.
    """
    name, options = written(name, options)
    entry = registry.load(kind, name)
    known = [field.name for field in dataclasses.fields(entry)]
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    return entry(**options)
