"""Tasks: inputs with named variables and a split, loaded by name."""

from __future__ import annotations

import inspect
from typing import Any

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.data.definition import Definition, Split, Task

__all__ = ["Definition", "Split", "Task", "task"]


def task(name: str, **options: Any) -> Task:
    """Load a task by name; ``infoscope list tasks`` shows the names, their sizes and licences.

    Raises
    ------
    UnknownNameError: no task of that name (the near ones are listed). InputError: an option it does not take.
    DataMissingError: its files are neither on disk nor to be downloaded.
    """
    definition: Definition = registry.load("tasks", name)()
    taken = list(inspect.signature(definition.load).parameters)
    unknown = sorted(set(options) - set(taken))
    if unknown:
        raise InputError(f"task {name!r} has no option {unknown[0]!r}, it takes: {', '.join(taken) or 'none'}")
    return definition.load(**options)
