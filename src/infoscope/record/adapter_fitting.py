"""Adapters of peft into a model that has a place for them; the weights that they change are loaded once."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.loading import Loaded, cast_constants, load, tensors_of
from infoscope.record.packages import optional, unnoticed
from infoscope.record.weight_names import some

#: Words that peft puts into the names of what it changes.
_LAYERS = frozenset({"base_layer", "original_module"})
#: Of AdaLoRA: the rank that it was built with, which peft keeps as a weight and stores nowhere.
_RANKS = ".ranknum."
_bases: weakref.WeakKeyDictionary[nn.Module, tuple[str, torch.dtype | None]] = weakref.WeakKeyDictionary()


def fit_adapter(state: Checkpoint, model: nn.Module, where: str, dtype: torch.dtype | None) -> Loaded:
    """Load an adapter into ``model``, and once for each model the weights that it changes.

    Raises
    ------
    InputError: the model has no place for an adapter, or for another one. MissingPackageError: peft is not installed.
    """
    adapted = _adapted(model, where)
    given = state.weights()
    own = _own(adapted, given)
    if own.keys() != given.keys():
        gone, more = sorted(own.keys() - given.keys()), sorted(given.keys() - own.keys())
        what = f"lacks {some(gone)}" if gone else f"holds {some(more)}, which the model has no place for"
        raise InputError(
            f"{where} {what}, wanted the adapter of the model: build it with the {state.folder()}/adapter_config.json"
        )
    types: set[torch.dtype] = set()
    if state.base is not None:
        types |= _with_base(state.base, adapted, {id(each) for each in own.values()}, dtype)
    parts = {id(each) for each in tensors_of(adapted).values()}
    if all(id(each) in parts for each in own.values()):
        types |= set(load(given, own, where, dtype).types)
    else:  # what peft stores is made of its weights, as prompts are
        _by_peft(given, own, adapted, where)
        types |= {each.dtype for each in own.values() if each.is_floating_point()}
    cast_constants(model, types)
    return Loaded("", "", {}, (), tuple(sorted(types, key=str)))


def _adapted(model: nn.Module, where: str) -> nn.Module:
    """The part of ``model`` that peft made."""
    peft = optional("peft", where)
    found = next((each for each in model.modules() if isinstance(each, peft.PeftModel)), None)
    if found is None:
        raise InputError(
            f"{where} is an adapter and {type(model).__name__} has no place for one, wanted a model that peft made: "
            "build peft.get_peft_model(base, peft.PeftConfig.from_pretrained(folder))"
        )
    return found


def _own(adapted: nn.Module, given: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of the active adapter, the objects themselves, by the names that peft stores."""
    peft: Any = optional("peft", "an adapter")
    objects = {each.data_ptr(): each for each in tensors_of(adapted).values()}
    tried: list[dict[str, torch.Tensor]] = []
    for embeddings in (False, True):  # which peft stores too where they were trained
        named = cast(
            "dict[str, torch.Tensor]",
            peft.get_peft_model_state_dict(
                adapted, adapter_name=cast(Any, adapted).active_adapter, save_embedding_layers=embeddings
            ),
        )
        tried.append({name: objects.get(each.data_ptr(), each) for name, each in named.items()})
    return next((each for each in tried if each.keys() == given.keys()), tried[0])


def _by_peft(
    given: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor], adapted: nn.Module, where: str
) -> None:
    """Let peft load an adapter, and see that it has: what it stores now is what was given."""
    peft: Any = optional("peft", where)
    for name, each in given.items():
        if each.shape != own[name].shape:
            raise InputError(
                f"{name} in {where} has shape {tuple(each.shape)}, wanted {tuple(own[name].shape)}: build the model "
                "that was trained"
            )
    with unnoticed():
        peft.set_peft_model_state_dict(adapted, dict(given), adapter_name=cast(Any, adapted).active_adapter)
    for name, each in _own(adapted, given).items():
        if not torch.equal(each.detach().cpu(), given[name].to(each.dtype)):
            raise InputError(f"{name} in {where} cannot be loaded into this adapter of peft: pass the merged weights")


def _with_base(base: Checkpoint, adapted: nn.Module, own: set[int], dtype: torch.dtype | None) -> set[torch.dtype]:
    """Load what the adapter changes, unless it is there; the types that it was loaded in."""
    named = tensors_of(adapted).items()
    held = {name: each for name, each in named if id(each) not in own and _RANKS not in f".{name}."}
    wanted = (str(base.path), dtype)
    if _bases.get(adapted) != wanted:
        _bases.pop(adapted, None)
        load(base.weights(), held, str(base.path), dtype, _LAYERS)
        _bases[adapted] = wanted
    return {each.dtype for each in held.values() if each.is_floating_point()}
