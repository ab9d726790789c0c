"""Weights written into the tensors of a model, in place, after everything that could be wrong was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.checkpoint import unusable
from infoscope.record.weight_names import Key, groups_of, matched, some, ties_of


@dataclass(frozen=True)
class Loaded:
    """What it took to load weights into a model.

    stripped, added: the beginning of the file's names that was taken off, and what was put there instead. tied: names
    that the file lacks, by the name that the model ties each to. left_out: names of the file that the model has not,
    outside of what was loaded. types: the floating types that the weights were loaded in.
    converted: whether transformers turned the weights of the file into those of its installed version.
    """

    stripped: str
    added: str
    tied: dict[str, str]
    left_out: tuple[str, ...]
    types: tuple[torch.dtype, ...]
    converted: bool = False

    @property
    def dtype(self) -> str:
        """The floating types that the weights were loaded in, e.g. "bfloat16", in words."""
        return ", ".join(sorted(str(each).removeprefix("torch.") for each in self.types))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, a sentence each; none where the names agreed."""
        found: list[str] = []
        if self.stripped or self.added:
            put = f", {self.added!r} put there" if self.added else ""
            found.append(f"names of weights: {self.stripped!r} taken off{put}")
        if self.converted:
            found.append("weights turned by transformers into those of its installed version")
        if self.left_out:
            found.append(f"weights left out, which the model has no place for: {some(self.left_out)}")
        return tuple(found)


def load(
    state: Mapping[str, torch.Tensor],
    held: Mapping[str, torch.Tensor],
    where: str,
    dtype: torch.dtype | None,
    wrappers: frozenset[str] = frozenset(),
) -> Loaded:
    """Write ``state`` into the tensors ``held`` of a model, every one of which gets a value, or none.

    wrappers: words in names to be looked through, beside those that always are. where: what a refusal calls ``state``.

    Raises
    ------
    InputError: names, shapes or kinds of numbers do not agree, or tied tensors differ.
    """
    match = matched(state, held, where, wrappers)
    _same_shapes(match.pairs, state, held, where)
    groups = groups_of(held)
    chosen = _one_each(match.pairs, groups, state, where)
    _put(chosen, groups, state, held, dtype)
    if ties_of(groups_of(held)) != ties_of(groups):
        raise InputError(f"weights that the model ties are no longer so after loading {where}: load it into a new one")
    loaded = set(match.pairs.values())
    tied = {
        name: next(other for other in names if other in loaded)
        for names in groups.values()
        for name in names
        if name not in loaded and any(other in loaded for other in names)
    }
    types = sorted({held[name].dtype for name in loaded if held[name].is_floating_point()}, key=str)
    return Loaded(match.stripped, match.added, tied, match.left_out, tuple(types))


def tensors_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters and buffers that ``state_dict`` names, the objects themselves.

    Raises
    ------
    InputError: one of them cannot be loaded into.
    """
    named: dict[str, torch.Tensor] = {}
    modules = dict(cast("Iterable[tuple[str, nn.Module]]", model.named_modules(remove_duplicate=False)))
    for name, each in model.named_parameters(remove_duplicate=False):
        named[name] = each
    for name, each in model.named_buffers(remove_duplicate=False):
        above, _, own = name.rpartition(".")
        if own not in transient(modules[above]):
            named[name] = each
    for name, each in named.items():
        why = unusable(each)
        if why is None and isinstance(each, nn.Parameter) and not each.is_floating_point() and not each.is_complex():
            why = "quantised"
        if why is not None:
            raise InputError(
                f"{name} of {type(model).__name__} is {why}, wanted weights that can be loaded into: build the model "
                "in a floating type, whole and on one device"
            )
    if not named:
        raise InputError(f"{type(model).__name__} has no weights, wanted the network that was trained: build that")
    return named


def transient(module: nn.Module) -> set[str]:
    """The buffers of a module that ``state_dict`` leaves out."""
    return cast("set[str]", getattr(module, "_non_persistent_buffers_set", set[str]()))


def _same_shapes(
    pairs: Mapping[str, str], given: Mapping[str, torch.Tensor], held: Mapping[str, torch.Tensor], where: str
) -> None:
    for theirs, ours in pairs.items():
        here, there = given[theirs], held[ours]
        if (why := unusable(here)) is not None:
            raise InputError(f"{theirs} in {where} is {why}, wanted a dense tensor of numbers")
        if here.shape != there.shape:
            raise InputError(
                f"{theirs} in {where} has shape {tuple(here.shape)}, wanted {tuple(there.shape)} as {ours} of the "
                "model: build the model that was trained"
            )
        if here.is_floating_point() != there.is_floating_point() or here.is_complex() != there.is_complex():
            kinds = (str(each.dtype).removeprefix("torch.") for each in (here, there))
            raise InputError(
                f"{theirs} in {where} is {' and wanted as '.join(kinds)}: quantised weights are not read, save them in "
                "a floating type"
            )


def _one_each(
    pairs: Mapping[str, str], groups: Mapping[Key, Sequence[str]], given: Mapping[str, torch.Tensor], where: str
) -> dict[Key, str]:
    """By place of values the file's name that is loaded into it; tied names that are there must hold the same."""
    theirs = {ours: name for name, ours in pairs.items()}
    chosen: dict[Key, str] = {}
    for key, names in groups.items():
        there = [theirs[name] for name in names if name in theirs]
        for other in there[1:]:
            if not torch.equal(given[there[0]], given[other]):
                raise InputError(
                    f"{there[0]} and {other} differ in {where}, and the model ties them: build it untied, as it was "
                    "trained"
                )
        if there:
            chosen[key] = there[0]
    return chosen


@torch.no_grad()
def _put(
    chosen: Mapping[Key, str],
    groups: Mapping[Key, Sequence[str]],
    given: Mapping[str, torch.Tensor],
    held: Mapping[str, torch.Tensor],
    dtype: torch.dtype | None,
) -> None:
    """Write the values: into the same memory where the type stays, so that what shares it goes on sharing it."""
    for key, name in chosen.items():
        value = given[name]
        tensors = {id(held[each]): held[each] for each in groups[key]}.values()
        first = next(iter(tensors))
        wanted = dtype if dtype is not None and value.is_floating_point() else value.dtype
        if first.dtype == wanted:
            first.data.copy_(value)
            continue
        made = value.to(device=first.device, dtype=wanted, copy=True)
        for tensor in tensors:
            tensor.data = made


def cast_constants(model: nn.Module, types: Iterable[torch.dtype]) -> None:
    """Buffers that no file stores, in the one type of the weights; transformers keeps its own as they were built."""
    floating = {each for each in types if each.is_floating_point}
    if len(floating) != 1:
        return
    (dtype,) = floating
    for module in model.modules():
        if any(kind.__module__.startswith("transformers.") for kind in type(module).__mro__):
            continue
        buffers = dict(module.named_buffers(recurse=False))
        for name in transient(module) & buffers.keys():
            if buffers[name].is_floating_point() and buffers[name].dtype != dtype:
                setattr(module, name, buffers[name].to(dtype))
