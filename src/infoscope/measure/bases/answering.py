"""What every question of :mod:`infoscope.measure.questions` shares: its clock, and whether it answers when in doubt."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from infoscope.core.estimate import Estimate

Ask = TypeVar("Ask", bound=Callable[..., Any])


def question(ask: Ask) -> Ask:
    """``ask``, which holds no clock and does not read its argument ``strict``.

    An estimate, and each of a tuple of them, says the seconds of the whole question; a point, and estimates by name,
    say what each had its share of.

    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK, of
        whichever of several estimates comes first. ``ask`` returns an estimate, a point, a tuple of estimates, or
        estimates by name, and says ``strict: bool = False`` among its arguments so that it can be seen there.
    """

    @functools.wraps(ask)
    def asked(*arguments: Any, strict: bool = False, **named: Any) -> Any:
        start = time.perf_counter()
        found = ask(*arguments, **named)
        seconds = time.perf_counter() - start
        if isinstance(found, Estimate):
            found = dataclasses.replace(found, seconds=seconds)
        elif isinstance(found, tuple):
            found = type(found)(*(dataclasses.replace(one, seconds=seconds) for one in found))
        return _trusted(found) if strict else found

    return cast(Ask, asked)


def _trusted(found: Any) -> Any:
    several = found.values() if isinstance(found, Mapping) else found if isinstance(found, tuple) else (found,)
    for one in several:
        one.trusted()
    return found
