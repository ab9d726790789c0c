"""The fixed set of inputs on which representations are read, in the shape a network's ``forward`` takes them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
import torch

from infoscope.core import check
from infoscope.core.errors import InputError

BATCH_SIZE = 1024


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether ``value`` is a mapping, of what nobody knows yet."""
    return isinstance(value, Mapping)


def is_several(value: object) -> TypeGuard[tuple[Any, ...] | list[Any]]:
    """Whether ``value`` is a tuple or list, of what nobody knows yet."""
    return isinstance(value, (tuple, list))


@dataclass(frozen=True)
class Inputs:
    """``args`` and ``kwargs`` of one call on all rows; every tensor has the rows on its first axis."""

    args: tuple[torch.Tensor, ...] = ()
    kwargs: dict[str, torch.Tensor] = field(default_factory=dict[str, torch.Tensor])

    @classmethod
    def of(cls, value: Any, model: torch.nn.Module) -> Inputs:
        """From a tensor or array (``model(x)``), a tuple or list (``model(*x)``) or a mapping (``model(**x)``).

        Real-valued NumPy arrays and tables of other libraries take the dtype of the model's parameters; tensors are
        taken as they are.

        Raises
        ------
        InputError: something that is not a tensor, tensors of unequal length, or fewer than 2 rows.
        """
        if isinstance(value, Inputs):
            return value
        dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.get_default_dtype())
        if is_mapping(value):
            found = cls((), {str(name): _tensor(each, f"inputs[{name!r}]", dtype) for name, each in value.items()})
        elif is_several(value):
            found = cls(tuple(_tensor(each, f"inputs[{i}]", dtype) for i, each in enumerate(value)))
        else:
            found = cls((_tensor(value, "inputs", dtype),))
        lengths = {name: len(tensor) for name, tensor in found.tensors().items()}
        if not lengths:
            raise InputError("inputs is empty, wanted at least one tensor: pass what your model's forward takes")
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise InputError(f"the inputs differ in their number of rows ({told}), wanted the same samples in each")
        if len(found) < 2:
            raise InputError(f"inputs has {len(found)} rows, wanted at least 2: pass the whole evaluation set at once")
        return found

    def __len__(self) -> int:
        return len(next(iter(self.tensors().values())))

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors under the names that ``evaluation.safetensors`` gives them."""
        return {
            **{f"inputs.args.{i}": tensor for i, tensor in enumerate(self.args)},
            **{f"inputs.kwargs.{name}": tensor for name, tensor in self.kwargs.items()},
        }

    def copy(self) -> Inputs:
        """The same values in memory that nobody else writes to."""
        return Inputs(tuple(t.clone() for t in self.args), {name: t.clone() for name, t in self.kwargs.items()})

    def batches(self, batch_size: int, device: torch.device) -> Iterator[tuple[slice, tuple[Any, ...], dict[str, Any]]]:
        """``(rows, args, kwargs)`` of consecutive batches of nearly equal size, copied to ``device``.

        Nearly equal, because a last batch of one row breaks networks that squeeze; copied, because a network whose
        first layer works in place would write into the caller's tensors.
        """
        n = len(self)
        edges = np.linspace(0, n, math.ceil(n / batch_size) + 1).astype(int).tolist()
        for start, stop in itertools.pairwise(edges):
            rows = slice(start, stop)
            args = tuple(t[rows].to(device, copy=True) for t in self.args)
            yield rows, args, {name: t[rows].to(device, copy=True) for name, t in self.kwargs.items()}


def _tensor(value: Any, name: str, dtype: torch.dtype) -> torch.Tensor:
    if not isinstance(value, torch.Tensor) and hasattr(value, "__array__"):  # of NumPy, or a table of another library
        value = check.array(value, name)
        if value.dtype.kind not in "fiub":
            raise InputError(f"{name} has dtype {value.dtype}, wanted numbers: encode it first")
        value = torch.as_tensor(np.array(value, order="C")).to(dtype if value.dtype.kind == "f" else None)
    if not isinstance(value, torch.Tensor):
        raise InputError(
            f"{name} is a {type(value).__name__}, wanted a tensor or an array with one row a sample: give forward's "
            "other arguments default values, or wrap the model"
        )
    if value.ndim == 0:
        raise InputError(f"{name} is a single number, wanted one row a sample on the first axis")
    return value.detach()
