"""A torch device that stands in for an accelerator: it computes on the CPU and refuses what CUDA refuses.

Its tensors are none of NumPy's, do not mix with tensors of the CPU, and say that they lie on ``standin:0``; so all that
asks where a tensor lies goes the way that it goes on a card, and forgetting to move one fails here as it fails there.
What it cannot show: rounding, memory and speed of a card.
"""

from __future__ import annotations

import functools
from typing import Any

import torch

NAME = "standin"
_aten = torch.ops.aten
_copies = {_aten.copy_.default, _aten._copy_from.default, _aten._to_copy.default}
#: Indices may lie on the CPU, whatever is indexed.
_indexing = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index"}


class StandIn(torch.Tensor):
    """A tensor of the device; ``held`` is the one of the CPU that holds its numbers."""

    held: torch.Tensor
    brought = 0  # numbers that copies have brought to the CPU, in all
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> StandIn:
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            device=torch.device(NAME, 0), requires_grad=False,
        )  # fmt: skip
        made.held = held
        return made

    @property
    def data(self) -> torch.Tensor:
        return self.detach()

    @data.setter
    def data(self, other: StandIn) -> None:
        torch.Tensor.data.__set__(self, other)
        self.held = other.held

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError(f"can't convert {NAME}:0 device type tensor to numpy. Use Tensor.cpu() first")

    def tolist(self) -> Any:
        return self.held.tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"{self.held!r} on {NAME}:0"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        plain: list[torch.Tensor] = []
        originals: dict[int, StandIn] = {}

        def held(one: Any) -> Any:
            if isinstance(one, StandIn):
                originals[id(one.held)] = one
                return one.held
            if isinstance(one, torch.Tensor):
                plain.append(one)
            elif isinstance(one, (list, tuple)):
                return type(one)([held(each) for each in one])
            return one

        here = [held(one) for one in args]
        named = {name: held(one) for name, one in kwargs.items()}
        if func not in _copies:
            _refuse_mixed(func, args, plain)
        to_cpu = func in _copies and func is not _aten._to_copy.default and not isinstance(args[0], StandIn)
        if named.get("device") is not None:
            to_cpu = torch.device(named["device"]).type != NAME
            named["device"] = torch.device("cpu")

        def there(one: Any) -> Any:
            if isinstance(one, torch.Tensor):
                StandIn.brought += one.numel() if to_cpu else 0
                return originals[id(one)] if id(one) in originals else one if to_cpu else StandIn(one)
            return type(one)([there(each) for each in one]) if isinstance(one, (list, tuple)) else one

        return there(func(*here, **named))


def _refuse_mixed(func: Any, args: Any, plain: list[torch.Tensor]) -> None:
    """What CUDA says where tensors lie in two places; a number is at home everywhere."""
    if func._schema.name in _indexing:
        plain = [one for one in (args[0], *args[2:3]) if isinstance(one, torch.Tensor) and type(one) is not StandIn]
    if any(one.ndim for one in plain):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {NAME}:0 and cpu! "
            f"({func._schema.name})"
        )


class _Module:
    """What ``torch.standin`` is. Random numbers are drawn on the CPU, and nobody is to find the device by himself."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return False

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        pass

    def get_rng_state(self, device: Any = None) -> torch.Tensor:
        return torch.zeros(0, dtype=torch.uint8)

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:
        pass


@functools.cache
def stand_in() -> str:
    """The name of the device, which torch knows from now on.

    Raises
    ------
    ImportError: this torch cannot be given devices that are written in Python.
    """
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    _setup_privateuseone_for_python_backend(NAME, _Module())
    library = torch.library.Library("aten", "IMPL")

    def empty(
        size: Any, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None,
        memory_format: Any = None,
    ) -> StandIn:  # fmt: skip
        return StandIn(torch.empty(size, dtype=dtype, memory_format=memory_format or torch.contiguous_format))

    def strided(
        size: Any, stride: Any, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None
    ) -> StandIn:
        return StandIn(torch.empty_strided(size, stride, dtype=dtype))

    def copied(source: Any, target: Any, non_blocking: bool = False) -> Any:
        source, into = (one.held if isinstance(one, StandIn) else one for one in (source, target))
        into.copy_(source)
        return target

    for name, program in (("empty.memory_format", empty), ("empty_strided", strided), ("_copy_from", copied)):
        library.impl(name, program, "PrivateUse1")
    _kept.append(library)
    return NAME


_kept: list[Any] = []  # what is registered goes with the library that registered it
