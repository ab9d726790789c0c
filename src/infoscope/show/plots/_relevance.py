"""Which variable networks are trained on, which others they do not need, and in which numbers recipes differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infoscope.core.rows import Rows
from infoscope.core.units import bits

_NUMBERS = ("learning_rate", "batch", "weight_decay")


def trained_on(rows: Rows) -> str:
    """The variable that most rows about training are about; empty where there are none."""
    about = rows.filter(kind="training")
    names = about.unique("variable")
    return max(names, key=lambda name: len(about.filter(variable=name)), default="")


def about_variables(rows: Rows) -> Rows:
    """What these rows say about variables: what is read of them and information, but for that about the input."""
    rows = rows.filter(kind=("usable", "information"))
    return rows.filter(variable=[name for name in rows.unique("variable") if name != "input"])


def others(rows: Rows, relevant: str) -> list[str]:
    """The variables beside ``relevant``; where some are given it, those alone: what is said beyond the relevant."""
    names = [name for name in rows.unique("variable") if name != relevant]
    return [name for name in names if name.endswith(f"|{relevant}")] or names


def differing(recipes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The numbers of a recipe in which networks differ, learning rate first."""
    return [name for name in _NUMBERS if len({recipe.get(name) for recipe in recipes}) > 1]


def ceiling(variable: str, ceilings: Mapping[str, float]) -> float | None:
    """The most to be read in bits, None where unknown; of ``fine|coarse`` the difference, as one decides the other."""
    parts = variable.split("|")
    if any(name not in ceilings for name in parts):
        return None
    return bits(ceilings[parts[0]] - sum(ceilings[name] for name in parts[1:]))
