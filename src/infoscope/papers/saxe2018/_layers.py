"""Findings of several layers taken together: how many of them fall, and their drops in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from infoscope.core.claim import Finding
from infoscope.core.units import shown


def second_largest(drops: Sequence[Finding]) -> Finding:
    """The second largest of ``drops``: at most one layer falls when it does not, at least two when it does.

    Missing where one of them is.
    """
    missing = [each for each in drops if each.value is None]
    if missing:
        return missing[0]
    found = sorted(drops, key=lambda each: each.value or 0.0)[-2]
    return dataclasses.replace(found, name=f"second largest {found.name}")


def in_words(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Every finding with its value, as one note; none where nothing was measured."""
    said = [f"{each.name.rsplit(', ', 1)[-1]} {shown(each.value, each.criterion.unit)}" for each in findings]
    return (f"{findings[0].name.rsplit(', ', 1)[0]}: {', '.join(said)}",) if findings[0].value is not None else ()
