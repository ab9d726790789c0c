"""The levels that information is read against: H(X), H(Y), and log n, above which no number of this many rows goes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import Rows
from infoscope.core.units import bits
from infoscope.show.plots import _series

_NEAR = 1.01  # two levels that are one to the eye
_REACH = 1.8  # times the largest value: how far an axis is drawn out to show a level


def levels(rows: Rows, ceilings: Mapping[str, float] | None) -> dict[str, float]:
    """What bounds the rows' one quantity, in bits by its name: ``{"H(X) = log n": 12.0}``.

    ceilings: the entropies that are known of the task, in nats by variable. None of what is no information.
    """
    if not len(rows):
        return {}
    kind, _, quantity = _series.quantity(rows)
    variable = rows.unique("variable")[0] or "label"
    known = ceilings or {}
    if kind == "usable":
        return {f"H({variable})": bits(known[variable])} if known.get(variable) else {}
    if kind != "information":
        return {}
    if quantity != INPUT_INFORMATION:
        return {f"H({variable})": bits(known[variable])} if known.get(variable) else {}
    n = max(rows.unique("n"), default=0)
    found = {"H(X)": bits(known.get("input", 0.0)), f"log n, n = {n:,}": bits(math.log(n)) if n > 1 else 0.0}
    found = {name: value for name, value in found.items() if value > 0}
    if len(found) == 2 and max(found.values()) < _NEAR * min(found.values()):
        return {"H(X) = log n": max(found.values())}
    return found


def within(found: Mapping[str, float], largest: float) -> tuple[dict[str, float], list[str]]:
    """Those levels that an axis up to ``largest`` can be drawn out to, and remarks that name the others."""
    near = {name: value for name, value in found.items() if value <= _REACH * largest}
    far = [f"{name} is {value:.3g} bits" for name, value in found.items() if name not in near]
    return near, far
