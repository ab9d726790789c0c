"""Weights of models of transformers, whose files may name and cut them otherwise than the installed version does.

Pythia's ``embed_out`` is ``lm_head`` in GPT-NeoX of today; the experts of a mixture lie one by one in a file and in one
tensor in the model. transformers itself turns the one into the other, and says what it found no weights for.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.packages import unnoticed
from infoscope.record.weight_names import is_constant, some


def model_of_transformers(model: nn.Module) -> nn.Module | None:
    """The one model of transformers that ``model`` is or wraps; None where there is none, or several."""
    library: Any = sys.modules.get("transformers")  # without which nothing can be a model of it
    if library is None:
        return None
    found: list[tuple[str, nn.Module]] = []
    for name, module in cast("Iterable[tuple[str, nn.Module]]", model.named_modules()):
        if isinstance(module, library.PreTrainedModel) and not any(
            above == "" or name.startswith(f"{above}.") for above, _ in found
        ):
            found.append((name, module))
    return found[0][1] if len(found) == 1 else None


def reshapes(model: nn.Module) -> bool:
    """Whether transformers makes tensors of that model out of several of a file, so that equal names say nothing."""
    try:
        from transformers import conversion_mapping

        return any(
            type(each).__name__ != "WeightRenaming"
            for each in cast("list[object]", conversion_mapping.get_model_conversion_mapping(cast(Any, model)))
        )
    except (ImportError, AttributeError):  # a transformers that converts nothing
        return False


def converted(state: Mapping[str, torch.Tensor], model: nn.Module, where: str) -> dict[str, torch.Tensor]:
    """The weights that ``model`` has after transformers loaded ``state``, by the names of the installed version.

    Raises
    ------
    InputError: it found none for some of the model, or no place for some of the file, or another shape.
    """
    types = {each.dtype for each in state.values() if each.is_floating_point()}
    dtype = types.pop() if len(types) == 1 else torch.float32
    with unnoticed(), _quietly():
        try:
            made, said = cast(Any, _telling_all(type(model))).from_pretrained(
                None,
                config=cast(Any, model).config,
                state_dict=dict(state),
                dtype=dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
        except Exception as reason:  # whatever it makes of a file of something else
            line = next(iter(str(reason).splitlines()), "") or type(reason).__name__
            raise InputError(
                f"{where} cannot be loaded as a {type(model).__name__} ({line}): build the model that was trained"
            ) from reason
    other = [(name, *shapes) for name, *shapes in said.get("mismatched_keys", ())]
    if other:
        name, here, there = other[0]
        raise InputError(
            f"{name} in {where} has shape {tuple(here)}, wanted {tuple(there)}: build the model that was trained"
        )
    own = dict(model.named_buffers())
    gone = sorted(name for name in said.get("missing_keys", ()) if not (name in own and is_constant(name, own[name])))
    if gone:
        raise InputError(
            f"{where} lacks {len(gone)} of the model's weights, which are tied to none that it holds ({some(gone)}), "
            "wanted all of them, since a layer that kept its random beginning would be measured: build the model that "
            "was trained"
        )
    more = sorted(
        name for name in said.get("unexpected_keys", ()) if not (name in state and is_constant(name, state[name]))
    )
    if more or said.get("error_msgs"):
        raise InputError(
            f"{where} holds weights that the model has no place for ({some(more)}), wanted the names of one "
            "architecture: build the model that was trained"
        )
    return cast("dict[str, torch.Tensor]", made.state_dict())


def _telling_all(kind: type[nn.Module]) -> type[nn.Module]:
    """The class, of which nothing that is missing is passed over: some leave whole encoders random without a word."""

    def nothing(model: nn.Module, info: object) -> None:
        """In place of what takes names out of the lists."""

    said: dict[str, Any] = {
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "_adjust_missing_and_unexpected_keys": nothing,
        "_keys_to_ignore_on_load_missing": None,
        "_keys_to_ignore_on_load_unexpected": None,
    }
    return type(kind.__name__, (kind,), said)


@contextmanager
def _quietly() -> Generator[None]:
    """Nothing on the terminal: what is amiss is raised."""
    library: Any = sys.modules["transformers"]
    logging = library.utils.logging
    verbosity, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(50)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
