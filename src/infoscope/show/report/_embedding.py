"""Figures as the page carries them: as wide as their place, each table by its columns, what repeats only once."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from infoscope.show._kept import KeptNumbers
from infoscope.show._renderer import renderer
from infoscope.show.plots._style import SCHEMA, Spec

_TABLE = 8  # rows from which a table is stored by its columns
_SHARED = 40  # characters from which a repeated part is stored once
HEIGHTS = KeptNumbers("heights.json")  # pixels of figures laid out, by what they are without their data


def for_page(spec: Spec) -> tuple[Spec, str]:
    """A figure as wide as its place on the page, without its own title and slider; and its remarks as a caption."""
    spec = copy.deepcopy(spec)
    del spec["$schema"]  # the page's own Vega-Lite may be newer, and would warn of it
    heading = spec.pop("title", {})
    caption = " ".join(heading.get("subtitle", []))
    spec["description"] = f"{heading.get('text', '')}. {caption}"
    spec["width"] = "container"
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    if "params" in spec:  # the page's own slider drives all planes
        last = spec["usermeta"]["recorded"][-1][0]
        spec["params"] = [{"name": "step", "value": last}]
    return spec, caption


def height(spec: Spec) -> int:
    """The pixels from top to bottom of a figure of :func:`for_page`, to keep its place free until it is drawn.

    Axes and legends fix them, and these state their domains: so it is laid out without data, once for all figures that
    differ in nothing else, and at any width, of which no axis or legend here depends.
    """
    left_out = ("autosize", "description", "usermeta")
    bare = {name: part for name, part in _without_data(spec).items() if name not in left_out}
    return HEIGHTS.of(_text({"$schema": SCHEMA, **bare, "width": 440}), _drawn_height)


def _without_data(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_data(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if "datasets" in part:
        part = {**part, "datasets": {name: [] for name in part["datasets"]}}
    if "values" in part.get("data", {}):
        part = {**part, "data": {"values": []}}
    return {name: _without_data(inner) for name, inner in part.items()}


def _drawn_height(spec: str) -> int:
    found = re.search(r'<svg[^>]* height="([0-9.]+)"', renderer().vegalite_to_svg(spec))
    assert found, "vl-convert writes the height of every figure"
    return round(float(found[1]))


def packed(figures: Sequence[Spec]) -> str:
    """All figures as JSON that can stand inside a script element; a NaN would be a defect and raises.

    ``figures`` are they, with ``{"$rows": {name: [value of each row]}}`` in place of long tables, and ``{"$same": i}``
    in place of what is found more than once: it is ``shared[i]``, which may hold such references itself. ``player.js``
    undoes both.
    """
    found = [_by_columns(spec) for spec in figures]
    repeats = _Repeats(found)
    text = _text({"figures": [repeats.once(spec) for spec in found], "shared": repeats.shared})
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _by_columns(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _by_columns(inner) for name, inner in part.items()}
    if not isinstance(part, list):
        return part
    if len(part) >= _TABLE and all(isinstance(row, dict) and row.keys() == part[0].keys() for row in part):
        return {"$rows": {name: [row[name] for row in part] for name in part[0]}}
    return [_by_columns(inner) for inner in part]


class _Repeats:
    """What is found more than once among ``figures``; ``shared`` grows as :meth:`once` puts references in its place."""

    def __init__(self, figures: Sequence[Any]) -> None:
        self.shared: list[Any] = []
        self._places: dict[str, int] = {}
        self._times: Counter[str] = Counter()
        self._texts: dict[int, str] = {}  # of each part by its identity
        for figure in figures:
            self._count(figure)

    def _count(self, part: Any) -> None:
        """The inside of what was found before is not looked at again."""
        text = self._texts[id(part)] = _text(part)
        self._times[text] += 1
        if self._times[text] == 1:
            for inner in _inside(part):
                self._count(inner)

    def once(self, part: Any) -> Any:
        """``part`` with a reference for each part in it that was found more than once."""
        if not isinstance(part, (dict, list)):
            return part
        text = self._texts[id(part)]
        if len(text) < _SHARED:
            return part
        if text in self._places:
            return {"$same": self._places[text]}
        if not _inside(part):
            out = part
        elif isinstance(part, dict):
            out = {name: self.once(inner) for name, inner in part.items()}
        else:
            out = [self.once(inner) for inner in part]
        if self._times[text] == 1:
            return out
        self._places[text] = len(self.shared)
        self.shared.append(out)
        return {"$same": self._places[text]}


def _inside(part: Any) -> list[Any]:
    """The lists and objects right inside one."""
    return [inner for inner in (part.values() if isinstance(part, dict) else part) if isinstance(inner, (dict, list))]


def _text(part: Any) -> str:
    return json.dumps(part, allow_nan=False, separators=(",", ":"))
