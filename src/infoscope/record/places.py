"""Places: where in a network a representation is read, and which of them a pattern names.

How a place is written, and what is read there, stands in :mod:`infoscope.record.address`; a place with all of that said
is a *site*: the text that rows carry. :mod:`infoscope.record.gathering` reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

import torch
from torch import nn

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.record import processes
from infoscope.record.address import HEAD, INPUT, Address
from infoscope.record.elements import heads, ways
from infoscope.record.gathering import NOT_CALLED, hooks, rows_chosen, tensor_at
from infoscope.record.inputs import BATCH_SIZE, Inputs, run_forward
from infoscope.record.modules import addressed, hookable, submodules
from infoscope.record.untouched import device_of, untouched


@dataclass(frozen=True)
class _Spot:
    """A place of a pattern at one call: its way in full, and its dtype, or why it cannot be read."""

    element: tuple[str, ...]
    outcome: torch.dtype | InputError


@dataclass(frozen=True)
class _Call:
    """One call of a module: what it returns as one row a sample, and what each pattern finds there."""

    module: str
    outcome: torch.dtype | InputError
    spots: Mapping[int, Sequence[_Spot]]


def resolve(
    model: nn.Module,
    patterns: str | Iterable[str] | None = None,
    inputs: Any = None,
    batch_size: int = BATCH_SIZE,
    *,
    deep: bool = False,
) -> list[str]:
    """The sites that ``patterns`` (places or globs such as ``"blocks.*.mlp@tokens"``) name, each once.

    ``*`` stands for one level of the dotted name and ``**`` for any number; with ``deep`` a ``*`` crosses dots too.

    With ``inputs`` the network runs once on their first batch: sites come in the order of their calls, globs and the
    default take only places that can be read, and repeated calls get their numbers. Without, they come in the order of
    definition. No patterns means every leaf module (one without submodules) whose output is real-valued.

    Raises
    ------
    InputError: a named place that cannot be read (the message says why), or nothing that can.
    UnknownNameError: a pattern that matches nothing; the message lists near names.
    """
    return sites_and_order(model, patterns, inputs, batch_size, deep=deep)[0]


def sites_and_order(
    model: nn.Module,
    patterns: str | Iterable[str] | None = None,
    inputs: Any = None,
    batch_size: int = BATCH_SIZE,
    *,
    deep: bool = False,
) -> tuple[list[str], list[str]]:
    """What :func:`resolve` returns, and every module or call that could be named, from input to output."""
    model = hookable(model)
    modules = submodules(model)
    wanted = _wanted(patterns, model, modules)
    if inputs is None:
        calls = [_Call(name, torch.float32, _unseen(name, wanted, deep)) for name in modules]
    else:
        calls = _observe(model, Inputs.of(inputs, model), modules, batch_size, wanted, deep)
    names = _numbered(calls)
    read = [name for name, call in zip(names, calls, strict=True) if isinstance(call.outcome, torch.dtype)]
    if patterns is None:
        leaves = {name for name, m in modules.items() if not cast(Any, m)._modules.keys() - {"parametrizations"}}
        sites = [
            name
            for name, call in zip(names, calls, strict=True)
            if call.module in leaves and isinstance(call.outcome, torch.dtype) and call.outcome.is_floating_point
        ]
        order = read
    else:
        found = _found(names, calls, wanted, deep)
        for i, pattern in enumerate(wanted):
            if not any(number == i for number, _, _ in found):
                raise _why_not(pattern, names, calls, i, modules, deep)
        sites = list(dict.fromkeys(site for _, _, site in found))
        named = {name for _, name, _ in found} | set(read)
        order = [name for name in names if name in named]
    if not sites:
        raise InputError(
            f"no submodule of {type(model).__name__} gives one row a sample: make the place to look at a submodule "
            "(nn.Identity will do), or pass places=['output']"
        )
    return sites, order


def _wanted(patterns: str | Iterable[str] | None, model: nn.Module, modules: Mapping[str, nn.Module]) -> list[Address]:
    if patterns is None:
        return []
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    if not wanted:
        raise InputError("places is empty, wanted names or globs of submodules, or None for every leaf module")
    return [addressed(pattern, model, modules) for pattern in wanted]


def _unseen(name: str, wanted: Sequence[Address], deep: bool) -> dict[int, list[_Spot]]:
    """What the patterns find at a module that was not run."""
    return {i: [_Spot(each.element, torch.float32)] for i, each in enumerate(wanted) if matches(name, each.plain, deep)}


def _found(
    names: Sequence[str], calls: Sequence[_Call], wanted: Sequence[Address], deep: bool
) -> list[tuple[int, str, str]]:
    """Number of the pattern, module or call, and site, for all that can be read, from input to output."""
    return [
        (i, name, str(wanted[i].called(name, spot.element)))
        for name, call in zip(names, calls, strict=True)
        for i, spots in call.spots.items()
        for spot in spots
        if matches(name, wanted[i].plain, deep) and isinstance(spot.outcome, torch.dtype)
    ]


def _numbered(calls: Sequence[_Call]) -> list[str]:
    """The name of each call: that of its module, with a number where there are several."""
    total, so_far = Counter(call.module for call in calls), Counter[str]()
    names: list[str] = []
    for call in calls:
        so_far[call.module] += 1
        names.append(call.module if total[call.module] == 1 else f"{call.module}#{so_far[call.module]}")
    return names


def _observe(
    model: nn.Module,
    inputs: Inputs,
    modules: Mapping[str, nn.Module],
    batch_size: int,
    wanted: Sequence[Address],
    deep: bool,
) -> list[_Call]:
    """Every call of one forward in order, with what can be read there."""
    processes.whole(model)
    samples, args, kwargs = next(inputs.batches(check.count(batch_size, "batch_size"), device_of(model)))
    calls: list[_Call] = []
    given_to: dict[str, list[dict[int, list[_Spot]]]] = {}

    def dtype(value: Any, address: Address, site: str) -> torch.dtype | InputError:
        try:
            t = tensor_at(value, address, site, samples, modules, model)
            rows_chosen(address, inputs, t, site)
        except InputError as reason:
            return reason
        return t.dtype

    def spots(name: str, value: Any, of_input: bool) -> dict[int, list[_Spot]]:
        found: dict[int, list[_Spot]] = {}
        for i, pattern in enumerate(wanted):
            if pattern.of_input == of_input and matches(name, pattern.module, deep):
                found[i] = [
                    _Spot(each.element, dtype(value, each, str(each)))
                    for each in _in_full(pattern.called(name, pattern.element), value, modules, model)
                ]
        return found

    def note_input(name: str, given: Mapping[str, Any]) -> None:
        given_to.setdefault(name, []).append(spots(name, given, of_input=True))

    def note(name: str, output: Any) -> None:
        before = given_to[name].pop() if given_to.get(name) else {}
        calls.append(_Call(name, dtype(output, Address(name), name), {**before, **spots(name, output, of_input=False)}))

    hooked = {name: any(each.of_input for each in wanted) for name in modules}
    with untouched(model), hooks(modules, hooked, note_input, note):
        run_forward(model, args, kwargs)
    return calls


def _in_full(address: Address, value: Any, modules: Mapping[str, nn.Module], root: nn.Module) -> list[Address]:
    """The places that an address with ``*`` in its element means in this value; itself where it has none."""
    if "*" not in address.element:
        return [address]
    before = (INPUT,) if address.of_input else ()
    try:
        every = [(*before, *way) for way, _ in ways(value, address.way)]
        if address.head is None:
            behind = [()]
        else:
            numbers = range(heads(modules, address.module, root)) if address.head == "*" else [address.head]
            behind = [(HEAD, str(number)) for number in numbers]
    except InputError:
        return [address]
    return [address.called(address.plain, (*way, *head)) for way in every for head in behind]


def matches(name: str, pattern: str, deep: bool = False) -> bool:
    """Whether the module or call ``name`` is meant: ``*`` is one level, ``**`` any depth, as ``*`` is with ``deep``."""
    either = (name, re.sub(r"#[1-9][0-9]*$", "", name))
    if pattern in either:
        return True
    if deep:
        return any(fnmatchcase(each, pattern) for each in either)
    parts = re.split(r"(\*\*|\*|\?|\[[^]]+\])", pattern)
    signs = {"**": ".*", "*": "[^.]*", "?": "[^.]"}
    classes = {part: part.replace("[!", "[^") for part in parts if part.startswith("[") and part.endswith("]")}
    written = re.compile("".join({**signs, **classes}.get(part, re.escape(part)) for part in parts))
    return any(written.fullmatch(each) for each in either)


def _why_not(
    pattern: Address, names: Sequence[str], calls: Sequence[_Call], i: int, modules: Mapping[str, nn.Module], deep: bool
) -> Exception:
    for name, call in zip(names, calls, strict=True):
        if matches(name, pattern.plain, deep):
            for spot in call.spots.get(i, ()):
                if isinstance(spot.outcome, InputError):
                    return spot.outcome
    if any(matches(name, pattern.module, deep) for name in modules):
        return InputError(f"the site {str(pattern)!r} {NOT_CALLED}")
    return unknown_name("place", str(pattern), modules)
