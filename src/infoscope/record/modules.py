"""The modules of a user's network by their names, whatever wraps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.address import Address
from infoscope.record.untouched import named_modules

ROOT = "output"


def unwrap(model: nn.Module) -> nn.Module:
    """The user's own module inside ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel``.

    Hooks on a compiled module are silently ignored once it has run (pytorch#117758), hence our own eager forward.
    """
    while True:
        if isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
            model = inner
        elif isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = cast(Any, model).module
        else:
            return model


def as_module(model: object) -> nn.Module:
    """``model``, when it is one.

    Raises
    ------
    InputError: it is no ``torch.nn.Module``, or weights of it have no values.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"model is a {type(model).__name__}, wanted a torch.nn.Module")
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_meta:
            raise InputError(
                f"{name} of {type(model).__name__} is without values (on the meta device), as in an offloaded network, "
                "wanted all weights in memory: load it there whole"
            )
    return model


def hookable(model: object) -> nn.Module:
    """The user's own module, when hooks can listen to all of it.

    Raises
    ------
    InputError: it is no module, without values or shapes, or holds scripted modules.
    """
    model = unwrap(as_module(model))
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise InputError("model holds a ScriptModule, which takes no hooks: pass the module it was scripted from")
    if any(nn.parameter.is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        raise InputError("model has lazy parameters without a shape: run one batch through it first")
    return model


def submodules(model: nn.Module) -> dict[str, nn.Module]:
    """Every submodule by its name, without what a wrapper puts before it; the parts of a parametrization
    (``spectral_norm``) are weights, not places."""
    found = {name: module for name, module in named_modules(model) if "parametrizations" not in name.split(".")}
    prefix, root = wrapped_in(model), found.pop("")
    named = {name.removeprefix(prefix): module for name, module in found.items()}
    if len(named) < len(found):  # the wrapper has a module of the same name
        named = found
    return {**named, ROOT: root} if ROOT not in named else named


def kinds(model: nn.Module, sites: Iterable[str]) -> dict[str, str]:
    """The class of each site that a ``Sequential`` calls by a number, which says nothing to who reads a figure."""
    modules = submodules(unwrap(model))
    return {
        site: type(modules[site]).__name__
        for site in sites
        if site in modules and isinstance(modules.get(site.rpartition(".")[0] or ROOT), nn.Sequential)
    }


def wrapped_in(model: nn.Module) -> str:
    """What stands before the names of a network's own modules where peft wraps it, or an average of its weights."""
    kinds = {kind.__name__ for kind in type(model).__mro__}  # by name: who uses them has imported them
    if "PeftModel" in kinds:
        tuner = {kind.__name__ for kind in type(getattr(model, "base_model", None)).__mro__}
        return "base_model.model." if "BaseTuner" in tuner else "base_model."
    return "module." if "AveragedModel" in kinds else ""


def addressed(text: str, model: nn.Module, modules: Mapping[str, nn.Module]) -> Address:
    """The place that ``text`` names in ``model``, with or without what a wrapper puts before it."""
    return Address.parse(text if text in modules else text.removeprefix(wrapped_in(model)), modules)
