"""The information plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.show.plots import _references, _series, _style
from infoscope.show.plots._series import Bundle, Line
from infoscope.show.plots._style import INK, Spec

heading = "Information plane"
order = 1
kinds = ("information",)
axes = ("I(X;T)", "I(T;Y)")
by = "site"

_NEVER = 2**53 - 1  # no step comes after the last
_STILL = 3  # of the layers, those that no parameter moves: members, path, points


def plane(rows: Rows, *, ceilings: Mapping[str, float] | None = None, width: int = 460, height: int = 340) -> Spec:
    """I(T;Y) against I(X;T), both in bits: one line per site, its points the fuller the later, members as faint lines.

    Its parameter ``step`` (an optimiser step) marks each site where it was last recorded at or before that step and
    joins the sites of that step from input to output; in a notebook a slider moves it. ``rows`` are of one network;
    of several series the first is drawn and named. A member without both values at a step is left out there. A curve
    over another axis than training has no parameter. ceilings: the entropies known of the task, in nats by variable:
    H(X), H(Y) and log n are drawn as levels.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("plane", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Information plane...')
    """
    rows = _series.one_network(rows)
    y_rows, remarks = _series.first(
        rows.filter(quantity=LABEL_INFORMATION, kind=kinds), "estimator", "variable", "split"
    )
    at = {name: tuple(y_rows.unique(name)) for name in ("estimator", "split", "options")}
    x_rows = rows.filter(quantity=INPUT_INFORMATION, **at)
    x, y = _series.read(x_rows), _series.read(y_rows)
    pairs = [(a, b) for a in x.lines for b in y.lines if a.name == b.name]
    points = [_series.paired(a, b) for a, b in pairs]
    if not any(np.isfinite(p.mean()).any() for pair in points for p in pair):
        missing = "; ".join(["nothing to draw: no site has both I(X;T) and I(T;Y)", *x.remarks, *y.remarks])
        return _style.nothing(heading, missing, width, height)
    variable = y_rows.unique("variable")[0]
    data = _data(points)
    steps = _series.widest(a for a, _ in points)
    drawn = len({row["member"] for row in data["members"]})
    remarks += _series.said(x, drawn, min(steps, _series.MOST_STEPS), steps) + y.remarks
    layers = _layers(points, x, _series.quoted(variable or "label"), drawn)
    levels: list[Spec] = []
    reach: dict[str, list[float]] = {}
    for axis, of in (("x", x_rows), ("y", y_rows)):
        largest = max(row[axis] for row in data["means"])
        across, far = _references.within(_references.levels(of, ceilings), largest)
        remarks += far
        reach[axis] = list(across.values())
        levels += [part for name, value in across.items() for part in _style.reference(axis, name, value)]
    moving: Spec = {}
    if x.training:
        moving["usermeta"] = {"recorded": [[row["step"], row["time"]] for row in data["recorded"]], "clock": x.clock}
        moving["params"] = _parameters([row["step"] for row in data["recorded"]])
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(_series.titled(heading, y_rows), remarks, width),
        "width": width,
        "height": height,
        "config": _style.CONFIG,
        **moving,
        "datasets": data,
        "encoding": _axes(data, _series.quoted(variable or "label"), reach),
        "layer": [*levels, *(layers if x.training else layers[:_STILL])],
    }


def _data(points: list[tuple[Line, Line]]) -> dict[str, list[Spec]]:
    means: list[Spec] = []
    members: list[Spec] = []
    recorded: dict[int, float] = {}
    for x, y in points:
        mean_x, mean_y = x.mean(), y.mean()
        at: list[int] = [i for i in _series.thin(x.steps).tolist() if np.isfinite(mean_x[i])]
        for i, after in zip(at, [*at[1:], None], strict=True):
            until = _NEVER if after is None else int(x.steps[after])
            step, time = int(x.steps[i]), _style.short(x.times[i])
            row = {"line": x.name, "place": x.index, "step": step, "until": until, "time": time}
            means.append({**row, **_point(mean_x[i], mean_y[i])})
            recorded[step] = time
        for member in _series.drawn_members(len(x.values)):
            kept = [i for i in at if np.isfinite(x.values[member, i])]
            faint = {"line": x.name, "member": int(x.members[member])}
            members += [{**faint, **_point(x.values[member, i], y.values[member, i], 4)} for i in kept]
    ordered = sorted(recorded.items())
    marks = [
        {"step": step, "until": after, "time": time}
        for (step, time), after in zip(ordered, [s for s, _ in ordered[1:]] + [_NEVER], strict=True)
    ]
    return {"means": means, "members": members, "recorded": marks}


def _point(x: float, y: float, digits: int = 5) -> Spec:
    return {"x": _style.short(x, digits), "y": _style.short(y, digits)}


def _parameters(steps: list[int]) -> list[Spec]:
    last = len(steps) - 1
    bind = {"input": "range", "min": 0, "max": last, "step": 1, "name": "recorded step "}
    return [
        {"name": "position", "value": last, "bind": bind},
        {"name": "step", "expr": f"{steps}[position]"},
    ]


def _axes(data: dict[str, list[Spec]], variable: str, reach: Mapping[str, list[float]]) -> Spec:
    out: Spec = {}
    for axis, words in (("x", "I(X;T) (bits)"), ("y", f"I(T;Y) about {variable} (bits)")):
        values = [row[axis] for name in ("means", "members") for row in data[name]] + reach[axis]
        out[axis] = {
            "field": axis,
            "type": "quantitative",
            "title": words,
            "scale": {"domain": _style.domain(values), "nice": False},
            "axis": {"tickCount": 6, "labelExpr": _style.PLAIN},
        }
    return out


def _layers(points: list[tuple[Line, Line]], series: Bundle, variable: str, drawn: int) -> list[Spec]:
    lines = [x for x, _ in points]
    colour = _style.colours([line.name for line in lines], [line.index for line in lines])
    now = [{"filter": "datum.step <= step && step < datum.until"}]
    path: Spec = {"type": "line", "clip": True, "interpolate": "linear"}
    tooltip = [
        {"field": "line", "title": "site"},
        {"field": "time", "title": series.clock, "format": ",~r"},
        {"field": "step", "format": ",d"},
        {"field": "x", "title": "I(X;T) (bits)", "format": ".4g"},
        {"field": "y", "title": f"I(T;Y) about {variable} (bits)", "format": ".4g"},
    ]
    along = {"field": "time", "type": "quantitative"}
    return [
        {
            "data": {"name": "members"},
            "mark": {**path, "opacity": _style.faintness(drawn), "strokeWidth": 0.8},
            "encoding": {"color": colour, "detail": {"field": "member"}, "order": {"value": None}},  # as they come
        },
        {
            "data": {"name": "means"},
            "mark": {**path, "opacity": 1, "strokeWidth": 1.8},
            "encoding": {"color": colour, "order": along},
        },
        {
            "data": {"name": "means"},
            "mark": {"type": "circle", "clip": True, "size": 34, "opacity": 1, "stroke": "white", "strokeWidth": 0.5},
            "encoding": {"fill": colour, "opacity": _by_time(series), "tooltip": tooltip},
        },
        {
            "data": {"name": "means"},
            "transform": now,
            "mark": {**path, "strokeWidth": 1.2, "color": INK, "opacity": 0.8},
            "encoding": {"order": {"field": "place", "type": "quantitative"}},
        },
        {
            "data": {"name": "means"},
            "transform": now,
            "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1, "stroke": INK, "strokeWidth": 1.2},
            "encoding": {"color": colour, "tooltip": tooltip},
        },
        *_clock_face(series.clock, now),
    ]


def _by_time(series: Bundle) -> Spec:
    last = max(1.0, series.last)
    return {
        "field": "time",
        "type": "quantitative",
        "scale": {"type": "symlog", "constant": 1, "domain": [0, last], "range": [0.08, 1]},
        "legend": {
            "title": series.clock,
            "orient": "bottom",
            "direction": "horizontal",
            "symbolType": "circle",
            "symbolSize": 60,
            "symbolFillColor": INK,
            "symbolStrokeWidth": 0,
            "values": _style.decades(last),
            "labelExpr": _style.PLAIN,
        },
    }


def _clock_face(clock: str, now: list[Spec]) -> list[Spec]:
    """The marked epoch, written in the corner where the plane is empty: much about X, nothing about Y. On a white edge,
    since the line at H(X) may pass behind it."""
    text: Any = {"expr": f"'{clock} ' + format(datum.time, ',~r')"}
    mark = {"type": "text", "align": "right", "dx": -6, "dy": -10, "fontSize": 13, "text": text}
    at = {"x": {"value": "width"}, "y": {"value": "height"}}
    return [
        {"data": {"name": "recorded"}, "transform": now, "mark": {**mark, **how}, "encoding": at}
        for how in ({"color": "white", "stroke": "white", "strokeWidth": 5}, {"color": INK})
    ]
