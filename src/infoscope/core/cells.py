"""Histograms as rows: cells between edges, each called by its upper edge, where other rows have their variable."""

from __future__ import annotations

import math
from collections.abc import Sequence

_UP_TO, _ABOVE = "up to ", "above "


def cell_names(edges: Sequence[float]) -> list[str]:
    """``"up to -0.9"`` … ``"up to 0.9"``, ``"above 0.9"``: each cell by its upper edge, the last by its lower one."""
    return [*(f"{_UP_TO}{edge:g}" for edge in edges), f"{_ABOVE}{edges[-1]:g}"]


def upper_edge(name: str) -> float | None:
    """Where the cell called ``name`` ends; None of what is no cell, such as the variable of a failed row."""
    if name.startswith(_UP_TO):
        return float(name.removeprefix(_UP_TO))
    return math.inf if name.startswith(_ABOVE) else None
