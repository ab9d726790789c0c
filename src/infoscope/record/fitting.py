"""Weights of another program into a built model: every weight comes from the checkpoint, or nothing is measured.

``save_pretrained`` leaves tied weights out. A name that the model has and the file has not is fine only where the model
itself ties it to one that was loaded: a layer that kept its random beginning gives numbers that look like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.adapter_fitting import fit_adapter
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.conversion import converted, model_of_transformers, reshapes
from infoscope.record.loading import Loaded, cast_constants, load, tensors_of


def fit(
    state: Checkpoint | Mapping[str, torch.Tensor], model: nn.Module, *, dtype: torch.dtype | None = None
) -> Loaded:
    """Load weights into ``model``, in place: afterwards every weight of it is one of ``state``.

    state: a checkpoint, or weights by name. dtype: the floating type of the model from then on; by default each weight
    gets the type that it was stored in. Modes, hooks, ``requires_grad`` and the device stay as they are.

    Raises
    ------
    InputError: the weights are of another architecture (names or shapes), one is missing and tied to none that is
        there, tied ones differ, or the model is quantised, offloaded or without values. The model is untouched then.
    RunFolderError: a file is missing or half-written.
    """
    where = "the weights"
    if isinstance(state, Checkpoint):
        where = str(state.path) if state.path is not None else f"the weights of step {state.step}"
        dtype = state.dtype if dtype is None else dtype
        if state.adapter:
            return fit_adapter(state, model, where, dtype)
        state = state.weights()
    loaded = _loaded(state, model, where, dtype)
    cast_constants(model, loaded.types)
    return loaded


def _loaded(state: Mapping[str, torch.Tensor], model: nn.Module, where: str, dtype: torch.dtype | None) -> Loaded:
    """By equal names, or of a model of transformers by what its installed version makes of the file."""
    held, theirs = tensors_of(model), model_of_transformers(model)
    if theirs is None:
        return load(state, held, where, dtype)
    again = reshapes(theirs)
    try:
        if not again:
            return load(state, held, where, dtype)
    except InputError as reason:
        with suppress(InputError):
            return replace(load(converted(state, theirs, where), held, where, dtype), converted=True)
        raise reason
    return replace(load(converted(state, theirs, where), held, where, dtype), converted=True)
