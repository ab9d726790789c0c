"""All that a network holds, so that what a forward changed of it can be put back in place."""

from __future__ import annotations

import operator
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils.data import DataLoader, Dataset

_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None)})
# Code; and what lies beside a network's state, which a forward only reads and which may be large.
_NOT_STATE = (
    type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType,
    Dataset, DataLoader, torch.optim.Optimizer, np.memmap,
)  # fmt: skip
_COMMON = frozenset({dict, OrderedDict, list, set, tuple, torch.Tensor, nn.Parameter})  # told apart by type alone: fast
_NO_OBJECT: tuple[type[Any], ...] = (nn.Module, dict, list, set, deque, tuple, torch.Tensor, np.ndarray)

Held = tuple[Callable[[], None] | None, Iterable[Any]]  # how to put one thing back, and what is in it


class ModelState:
    """What ``model`` holds at this moment; :meth:`restore` puts it back, in the same objects and the same order.

    Held are, for each module: its class and its attributes, among which torch keeps parameters, buffers, submodules and
    every table of hooks; the dicts, lists, sets and deques in attributes, and in one another; the attributes of other
    objects found there (a config), though not of objects in those; tensors and arrays found there with their values,
    tensor hooks and ``requires_grad``; modules found there that ``model.modules()`` does not name; and torch's hooks
    for all modules. Not held are datasets, loaders and optimizers, closures, and what lies outside the network.

    values: False holds only what is bound to which name; nothing is copied, and no number restored.
    """

    def __init__(self, model: nn.Module, values: bool = True) -> None:
        self._values = values
        tables = {name: found for name, found in vars(torch_module).items() if name.startswith("_global_")}
        flags = {name: found for name, found in tables.items() if not isinstance(found, dict)}
        self._undo: list[Callable[[], None]] = [partial(torch_module.__dict__.update, flags)]
        seen: dict[int, tuple[Any, int]] = {}  # holds what it has seen: an id is one object's only while that lives
        waiting: list[tuple[object, int]] = [(model, 0), *((each, 1) for each in tables.values())]
        while waiting:
            value, depth = waiting.pop()  # depth 1: inside an object, whose own objects are not held
            kind = type(value)
            if kind in _PLAIN:
                continue
            if kind not in _COMMON:
                if isinstance(value, _NOT_STATE):
                    continue
                depth = 0 if isinstance(value, nn.Module) else depth
                if depth > 0 and not isinstance(value, _NO_OBJECT):
                    continue
            before = seen[id(value)][1] if id(value) in seen else 2
            if before <= depth:
                continue
            undo, inside = self._held(value)
            seen[id(value)] = value, depth
            if undo is not None and before == 2:
                self._undo.append(undo)
            if kind not in _COMMON and not isinstance(value, _NO_OBJECT):
                depth = 1
            waiting += [(each, depth) for each in inside]
        self._seen = seen

    def restore(self) -> None:
        """Put everything back; a tensor that did not change is not written to."""
        broken: Exception | None = None
        for undo in self._undo:
            try:
                undo()
            except Exception as error:  # the rest is put back all the same
                broken = broken or error
        if broken is not None:
            raise broken

    def _held(self, value: Any) -> Held:
        if isinstance(value, dict):
            table = cast("dict[Any, Any]", value)
            return partial(_put_back_dict, table, dict(table)), _not_plain(table.values())
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray):
            held = self._values and value.flags.writeable
            return (partial(np.copyto, value, cast(Any, value).copy()) if held else None), ()
        if isinstance(value, (list, deque)):
            items = cast("list[Any] | deque[Any]", value)
            return partial(_put_back_sequence, items, list(items)), _not_plain(items)
        if isinstance(value, set):
            members = cast("set[Any]", value)
            return partial(_put_back_set, members, set(members)), _not_plain(members)
        if isinstance(value, tuple):
            return None, _not_plain(cast("tuple[Any, ...]", value))
        attributes = _attributes(value)
        return partial(_put_back_object, value, type(value), attributes, dict(attributes)), attributes.values()

    def _tensor(self, tensor: torch.Tensor) -> Held:
        attributes = _attributes(tensor)
        hooks = {name: getattr(tensor, name, None) for name in ("_backward_hooks", "_post_accumulate_grad_hooks")}
        memory = value = None
        # a wrapper (a quantised weight, say) has no memory of its own: its parts are among its attributes
        if self._values and tensor.layout is torch.strided and not tensor.is_meta and not _is_wrapper(tensor):
            memory, value = tensor.data, tensor.detach().clone()
        gradient = tensor.grad if tensor.is_leaf else None
        undo = partial(
            _put_back_tensor, tensor, attributes, dict(attributes), hooks, tensor.requires_grad, gradient, memory, value
        )
        return undo, (*attributes.values(), *hooks.values())


def _attributes(value: Any) -> dict[str, Any]:
    """The dict of an object's attributes itself; an empty one of its own where it has none."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _is_wrapper(tensor: torch.Tensor) -> bool:
    return hasattr(tensor, "__tensor_flatten__")


def _not_plain(values: Collection[Any]) -> Iterable[Any]:
    return () if not values or {type(value) for value in values} <= _PLAIN else values


def _put_back_dict(now: dict[Any, Any], before: dict[Any, Any]) -> None:
    if len(now) != len(before) or not all(map(operator.is_, now, before)):
        # not a subclass's own methods, which may do more
        kind: Any = OrderedDict if isinstance(now, OrderedDict) else dict
        kind.clear(now)
        for key, value in before.items():
            kind.__setitem__(now, key, value)
    elif not all(map(operator.is_, now.values(), before.values())):
        kind = dict
        for key, value in before.items():
            kind.__setitem__(now, key, value)  # an existing key: the order of an OrderedDict stays


def _put_back_sequence(now: Any, before: list[Any]) -> None:
    if len(now) == len(before) and all(map(operator.is_, now, before)):
        return
    if isinstance(now, list):
        kind: Any = list
        kind.__setitem__(now, slice(None), before)
    else:
        kind = deque
        kind.clear(now)
        kind.extend(now, before)


def _put_back_set(now: set[Any], before: set[Any]) -> None:
    if {id(each) for each in now} != {id(each) for each in before}:
        kind: Any = set
        kind.clear(now)
        kind.update(now, before)


def _put_back_object(value: Any, kind: type, now: dict[str, Any], before: dict[str, Any]) -> None:
    if type(value) is not kind:  # as parametrizations do
        object.__setattr__(value, "__class__", kind)
    _put_back_dict(now, before)


def _put_back_tensor(
    tensor: torch.Tensor,
    now: dict[str, Any],
    attributes: dict[str, Any],
    hooks: dict[str, Any],
    requires_grad: bool,
    gradient: torch.Tensor | None,
    memory: torch.Tensor | None,
    value: torch.Tensor | None,
) -> None:
    _put_back_dict(now, attributes)
    for name, table in hooks.items():
        if getattr(tensor, name, None) is not table:
            setattr(tensor, name, table)
    if tensor.is_leaf:
        if tensor.requires_grad != requires_grad:
            tensor.requires_grad_(requires_grad)
        if tensor.grad is not gradient:
            tensor.grad = gradient
    if memory is None or value is None:
        return
    if tensor.data_ptr() != memory.data_ptr():  # weight.data = renormalised(weight.data)
        tensor.data = memory
    if not torch.equal(memory, value):  # e.g. nn.Embedding(max_norm=...) rescales its weight in place
        memory.copy_(value)
