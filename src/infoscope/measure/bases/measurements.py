"""Whatever can be measured along a trajectory, by name: estimators, measures of geometry, and what needs more."""

from __future__ import annotations

from typing import Any

from infoscope.core import grammar, registry
from infoscope.core.errors import unknown_name
from infoscope.core.grammar import written as written
from infoscope.core.measurement import Measurement
from infoscope.core.registry import Entry

CONTEXTUAL = "contextual"
KINDS = ("estimators", "geometries", CONTEXTUAL)


def known() -> dict[str, Entry]:
    """What has a name of its own; the rest of ``measure/contextual`` is asked for by an option of another's."""
    return {name: entry for kind in KINDS for name, entry in registry.entries(kind).items() if not _asked_by(entry)}


def make_measurement(name: str, **options: Any) -> Measurement:
    """The measurement called ``name`` with ``options``, which may be text from a command line.

    ``name`` may carry options itself: ``"binned(bins=100)"``. An option may ask for another measurement around the one
    that is named: ``"sliced(with=input)"``, ``"binned(range=recorded)"``.

    Raises
    ------
    UnknownNameError: for a name or option that does not exist, with the near names.
    InputError: for an option of the wrong type or out of range.
    """
    name, options = grammar.written(name, options)
    words = {(option, value) for option, value in options.items() if isinstance(value, str)}
    for entry in registry.entries(CONTEXTUAL).values():
        asked = _asked_by(entry)
        if asked in words:
            return entry.load().around(name, {option: value for option, value in options.items() if option != asked[0]})
    entries = known()
    if name not in entries:
        raise unknown_name("estimator or geometry", name, entries)
    return grammar.make(entries[name].kind, name, **options)


def _asked_by(entry: Entry) -> Any:
    """The option and its value that ask for ``entry`` around another measurement, or None."""
    return entry.facts.get("asked_by")
