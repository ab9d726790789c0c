"""The variable whose classes a measure is about, where it can be about one only."""

from __future__ import annotations

from collections.abc import Collection

from infoscope.core.errors import InputError, unknown_name


def one_variable(label: str, names: Collection[str]) -> str:
    """``label``, or the only one of ``names`` where nothing was said.

    Raises
    ------
    InputError: nothing was said and there are several. UnknownNameError: there is none of that name.
    """
    if not label and len(names) != 1:
        raise InputError(
            f"there are {len(names)} variables ({', '.join(names)}), wanted one: say which, e.g. "
            f"label={next(iter(names), 'label')}"
        )
    name = label or next(iter(names))
    if name not in names:
        raise unknown_name("variable", name, names)
    return name
