"""The tensor that a place means among what a module returns or is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.loose import is_mapping, is_several

#: Where networks say how many attention heads they have, themselves or in their ``config``.
HEADS = ("num_heads", "num_attention_heads", "n_heads", "n_head", "encoder_attention_heads")


def _parts(value: Any) -> Mapping[str, Any]:
    """What can be named in ``value``: of a mapping its entries, of a tuple its numbers, and its named fields."""
    found: dict[str, Any] = {}
    if is_mapping(value):
        found.update({str(name): each for name, each in value.items()})
        value = tuple(found.values())
    if is_several(value):
        found.update({str(i): each for i, each in enumerate(value)})
        for name in cast(Sequence[str], getattr(value, "_fields", ())):
            found[name] = getattr(value, name)
    return found


def ways(value: Any, pattern: Sequence[str], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every way into ``value`` that ``pattern`` names, where ``*`` stands for any tensor's part, with what is there.

    Raises
    ------
    InputError: a part that is not there; says which are.
    """
    if not pattern:
        yield before, value
        return
    parts, first = _parts(value), pattern[0]
    if first == "*":
        names = [str(i) for i in range(len(value))] if is_several(value) else list(parts)
        found: list[tuple[tuple[str, ...], Any]] = []
        for i, name in enumerate(names):
            try:
                found += ways(parts[name], pattern[1:], (*before, name))
            except InputError:  # of several some may not have what follows
                if not found and i == len(names) - 1:
                    raise
        yield from found
        return
    if first not in parts and is_several(value) and first.startswith("-") and first[1:].isdigit():
        first = str(len(value) + int(first))  # from the end
    if first not in parts:
        there = f"it holds {', '.join(parts)}" if parts else f"it is a {type(value).__name__} without parts"
        raise InputError(f"there is no {'.'.join((*before, pattern[0]))!r} in it: {there}")
    yield from ways(parts[first], pattern[1:], (*before, first))


def element(value: Any) -> Any:
    """The tensor that ``value`` is: of several the first that is no single number (a loss stands before the states)."""
    if is_mapping(value):
        value = tuple(value.values())
    if is_several(value) and value:
        return next((each for each in value if not (isinstance(each, torch.Tensor) and each.ndim == 0)), value[0])
    return value


def given(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a module is called with, by number and by name; what is given by name counts on behind."""
    by_number = {str(i): each for i, each in enumerate((*args, *kwargs.values()))}
    return {**by_number, **kwargs}


def heads(modules: Mapping[str, nn.Module], name: str, root: nn.Module) -> int:
    """How many attention heads the module has, or the nearest one around it.

    Raises
    ------
    InputError: none says so.
    """
    parts = name.split(".")
    around = [modules.get(".".join(parts[:depth])) for depth in range(len(parts), 0, -1)]
    for module in (*around, root):
        for owner in (module, getattr(module, "config", None)):
            for word in HEADS:
                number = getattr(owner, word, None)
                if isinstance(number, int) and number > 0:
                    return number
    raise InputError(
        f"nothing around {name!r} says how many attention heads there are ({', '.join(HEADS)}): name the whole place, "
        "without head"
    )


def of_head(t: torch.Tensor, head: int, count: int, site: str) -> torch.Tensor:
    """The share of one head in the last axis.

    Raises
    ------
    InputError: no such head, or an axis that cannot be shared out.
    """
    if t.shape[-1] % count or not 0 <= head < count:
        raise InputError(
            f"the place {site!r} has {t.shape[-1]} columns for {count} heads, numbered from 0: there is no head {head}"
        )
    width = t.shape[-1] // count
    return t[..., head * width : (head + 1) * width]
