"""What every question of :mod:`infoscope.measure.questions` shares: whether a doubtful answer is given at all."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

Ask = TypeVar("Ask", bound=Callable[..., Any])


def question(ask: Ask) -> Ask:
    """``ask``, whose argument ``strict`` is read here and nowhere else.

    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK, of
        whichever of several estimates comes first. ``ask`` returns an estimate, a point, a tuple of estimates, or
        estimates by name, and says ``strict: bool = False`` among its arguments so that it can be seen there.
    """

    @functools.wraps(ask)
    def asked(*arguments: Any, strict: bool = False, **named: Any) -> Any:
        found = ask(*arguments, **named)
        return _trusted(found) if strict else found

    return cast(Ask, asked)


def _trusted(found: Any) -> Any:
    several = found.values() if isinstance(found, Mapping) else found if isinstance(found, tuple) else (found,)
    for one in several:
        one.trusted()
    return found
