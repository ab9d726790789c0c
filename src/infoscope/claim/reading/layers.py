"""Findings of several layers taken together: how many of them fall, and their drops in words."""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.part import Statistic
from infoscope.claim.reading.curves import score_finding
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import shown


def second_largest_drop(name: str, criterion: Criterion, *layers: Rows) -> Finding:
    """The second largest of the layers' drops: at most one falls when it does not, at least two when it does.

    Missing where one of them is. The finding's name says which layer it is.
    """
    drops = [score_finding(", ".join((name, *_place(rows))), criterion, rows) for rows in layers]
    missing = [each for each in drops if each.value is None]
    return missing[0] if missing else sorted(drops, key=lambda each: each.value or 0.0)[-2]


def _place(rows: Rows) -> list[str]:
    return [f"{rows.unique('network')[0]} {rows.unique('site')[0]}"] if len(rows) else []


def in_words(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Every finding with its value, as one note; none where nothing was measured."""
    said = [f"{each.name.rsplit(', ', 1)[-1]} {shown(each.value, each.criterion.unit)}" for each in findings]
    return (f"{findings[0].name.rsplit(', ', 1)[0]}: {', '.join(said)}",) if findings[0].value is not None else ()


SECOND_LARGEST_DROP = Statistic(
    "second largest, over the hidden layers, of the drops of {} after the peaks of their mean curves",
    second_largest_drop,
)
