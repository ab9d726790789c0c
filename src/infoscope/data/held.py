"""Tasks that are loaded once for all who hold them: a run asks for its data a dozen times, and arrays are read-only."""

from __future__ import annotations

import os
from weakref import WeakValueDictionary

from infoscope.data import Task, task
from infoscope.data._files import VARIABLE

_HELD: WeakValueDictionary[tuple[str, str | None], Task] = WeakValueDictionary()


def held(name: str) -> Task:
    """The task called ``name`` without options, the very one that somebody still holds; raises as :func:`task` does."""
    key = name, os.environ.get(VARIABLE)
    found = _HELD.get(key)
    if found is None:
        found = _HELD[key] = task(name)
    return found
