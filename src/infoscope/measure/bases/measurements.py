"""Whatever can be measured along a trajectory, by name: estimators, and measures of geometry."""

from __future__ import annotations

from typing import Any

from infoscope.core import grammar, registry
from infoscope.core.errors import unknown_name
from infoscope.core.grammar import written as written
from infoscope.core.measurement import Measurement

KINDS = ("estimators", "geometries")


def make_measurement(name: str, **options: Any) -> Measurement:
    """The estimator or measure of geometry called ``name`` with ``options``, which may be text from a command line.

    ``name`` may carry options itself: ``"binned(bins=100)"``.

    Raises
    ------
    UnknownNameError: for a name or option that does not exist, with the near names.
    InputError: for an option of the wrong type or out of range.
    """
    name, options = grammar.written(name, options)
    kinds = {known: kind for kind in KINDS for known in registry.entries(kind)}
    if name not in kinds:
        raise unknown_name("estimator or geometry", name, kinds)
    return grammar.make(kinds[name], name, options)
