"""Histograms as rows: cells between edges, each called by its upper edge."""

from __future__ import annotations

from collections.abc import Sequence


def cell_names(edges: Sequence[float]) -> list[str]:
    """``"up to -0.9"`` … ``"up to 0.9"``, ``"above 0.9"``: each cell by its upper edge, the last by its lower one."""
    return [*(f"up to {edge:g}" for edge in edges), f"above {edges[-1]:g}"]
