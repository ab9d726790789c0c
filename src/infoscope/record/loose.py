"""Values of which nobody knows yet what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether ``value`` is a mapping, of what nobody knows yet."""
    return isinstance(value, Mapping)


def is_several(value: object) -> TypeGuard[tuple[Any, ...] | list[Any]]:
    """Whether ``value`` is a tuple or list, of what nobody knows yet."""
    return isinstance(value, (tuple, list))
