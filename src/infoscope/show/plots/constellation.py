"""The points of a layer, two units at a time, along training, each with the ball that noise makes of it."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np

from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._style import Spec

heading = "Constellation"
order = 2
kinds = ("point",)
by = "variable"
panels = ("site",)

_TIMES = 5  # at most, side by side
_AIR = 0.04  # of a square, between what is drawn and its frame
_GAP = 0.06  # of a square, to the next one
_LABEL = 0.13  # of a square, for the time above the first line
_LEAST = 1.3  # pixels of a radius that can be seen


def constellation(rows: Rows, *, width: int = 620) -> Spec:
    """Points of each class, a column of squares for each of up to five times and a line of them for each two units.

    Around each point a ball with the standard deviation of the network's noise as its radius, where the rows' options
    say one that can be seen: inputs whose balls overlap are one to whoever reads the noisy layer. All squares have the
    same scale. ``rows`` are of one network; of several members, sites or series the first is drawn and named.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("constellation", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Constellation...')
    """
    rows, remarks = _series.first(_series.one_network(rows).filter(kind=kinds), "site", "estimator", "split")
    if not len(rows):
        return _style.nothing(heading, "nothing to draw: these rows hold no points", width, 120)
    member = rows.unique("member")[0]
    others = len(rows.unique("member")) - 1
    rows = rows.filter(member=member)
    kept = _times(rows)
    units = rows.unique("quantity")
    pairs = list(combinations(range(len(units)), 2)) or [(0, 0)]
    points = {step: _points(rows.filter(step=step), units) for step in kept}
    every = np.concatenate([coordinates for _, coordinates in points.values()])
    low, span = float(every.min()), float(np.ptp(every)) or 1.0
    noise = float(json.loads(rows.unique("options")[0]).get("noise", 0.0))
    data: list[Spec] = []
    frames: list[Spec] = []
    for column, (step, (classes, coordinates)) in enumerate(points.items()):
        at = (coordinates - low) / span * (1 - 2 * _AIR) + _AIR
        for line, (first, second) in enumerate(pairs):
            left, bottom = column * (1 + _GAP), _LABEL + line * (1 + _GAP) + 1
            named = "" if line else kept[step]
            frames.append({"left": left, "right": left + 1, "bottom": bottom, "top": bottom - 1, "named": named})
            data += [
                {"x": _style.short(left + a, 4), "y": _style.short(bottom - b, 4), "line": name}
                for name, a, b in zip(classes, at[:, first].tolist(), at[:, second].tolist(), strict=True)
            ]
    across, down = len(points) * (1 + _GAP) - _GAP, _LABEL + len(pairs) * (1 + _GAP) - _GAP
    radius = noise / span * (1 - 2 * _AIR) / across  # of the figure's width
    remarks += [f"seed {rows.unique('seed')[0]}, the first of {others + 1} members"] if others else []
    lines = ", then ".join(f"{first + 1} and {second + 1}" for first, second in pairs)
    remarks.append(f"units {lines}; squares from {low:.3g} to {low + span:.3g}")
    if noise:
        seen = radius * width >= _LEAST
        remarks.append(
            f"balls: noise with a standard deviation of {noise:g}"
            if seen
            else f"noise of {noise:g} is a ball smaller than a point"
        )
    names = list(dict.fromkeys(row["line"] for row in data))
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, across], "nice": False}}
    y: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, down], "nice": False, "reverse": True}}
    place: Spec = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "color": _colours(names)}
    framed: Spec = {"x": {**x, "field": "left"}, "y": {**y, "field": "top"}}
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(f"{heading} of {rows.unique('site')[0]}: {rows.unique('network')[0]}", remarks, width),
        "width": width,
        "height": round(width * down / across),
        "config": _style.CONFIG,
        "datasets": {"points": data, "frames": frames},
        "layer": [
            {
                "data": {"name": "frames"},
                "mark": {"type": "rect", "fill": None, "stroke": "#d0d7de"},
                "encoding": {**framed, "x2": {"field": "right"}, "y2": {"field": "bottom"}},
            },
            {
                "data": {"name": "frames"},
                "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -3, "fontSize": 10, "limit": 150},
                "encoding": {**framed, "text": {"field": "named"}},
            },
            *([_balls(radius, place)] if noise and radius * width >= _LEAST else []),
            {
                "data": {"name": "points"},
                "mark": {"type": "circle", "size": 5, "opacity": 0.9},
                "encoding": place,
            },
        ],
    }


def _balls(radius: float, place: Spec) -> Spec:
    """Circles of ``radius`` of the figure's width, which a page may stretch."""
    size = {"expr": f"pow(2 * {_style.short(radius)} * width, 2)"}  # a circle's size is its diameter squared
    mark = {"type": "point", "shape": "circle", "size": size, "filled": True, "opacity": 0.18, "clip": True}
    return {"data": {"name": "points"}, "mark": mark, "encoding": place}


def _times(rows: Rows) -> dict[int, str]:
    """Of the recorded steps, those that are drawn and what each is called: evenly spaced in their order."""
    steps = sorted(rows.unique("step"))
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(_TIMES, len(steps))).round().astype(int)).tolist()
    clock = rows.unique("axis")[0]
    return {steps[place]: f"{clock} {rows.filter(step=steps[place]).column('epoch')[0]:g}" for place in chosen}


def _points(rows: Rows, units: list[Any]) -> tuple[list[str], np.ndarray]:
    """The class of each point, and its coordinates ``[points, units]``; one that misses a number is left out."""
    found = rows.unique("variable")
    where = {name: place for place, name in enumerate(found)}
    at = np.full((len(found), len(units)), np.nan)
    for column, unit in enumerate(units):
        mine = rows.filter(quantity=unit)
        at[[where[name] for name in mine.column("variable").tolist()], column] = mine.column("value")
    whole = np.flatnonzero(np.isfinite(at).all(axis=1))
    return [found[place].rpartition(", point ")[0] for place in whole.tolist()], at[whole]


def _colours(names: list[str]) -> Spec:
    """Places in the palette that lie far apart, one a class; a dot in the legend."""
    channel = _style.colours(names, [(1, 4, 2, 6, 0, 7, 3, 5)[place % 8] for place in range(len(names))])
    dot = {"symbolType": "circle", "symbolSize": 60, "symbolStrokeWidth": 0, "symbolOpacity": 1}
    return {**channel, "legend": {**channel["legend"], **dot}}
