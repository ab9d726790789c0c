"""Lines against training time or another axis: what the learning-curve, information and dynamics figures share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._series import Line, Series
from infoscope.show.plots._style import Spec

_WORDS = {
    "I(X;T)": "Information about the input, I(X;T)",
    "H(T)": "Entropy, H(T)",
    "gradient_snr": "Gradient signal-to-noise ratio",
}
_DASHES = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3])


def over_time(rows: Rows, quantities: tuple[str, ...], heading: str, size: tuple[int, int], **look: Any) -> Spec:
    """One panel per quantity that the rows hold, side by side; an empty figure with its reason when they hold none."""
    rows = _series.one_network(rows)
    held = [q for q in quantities if len(rows.filter(quantity=q))]
    panels = [_panel(rows.filter(quantity=q), q, size, **look) for q in held]
    if not panels:
        missing = f"nothing to draw: these rows hold no {' and no '.join(quantities)}"
        return _style.nothing(heading, missing, *size)
    if len(panels) == 1:
        return panels[0]
    for panel in panels:
        del panel["$schema"], panel["config"]
    return {"$schema": _style.SCHEMA, "config": _style.CONFIG, "spacing": 40, "hconcat": panels}


def _panel(
    rows: Rows, quantity: str, size: tuple[int, int], *, by: str = "site", log: bool = False, faint: bool = False
) -> Spec:
    rows, remarks = _series.first(rows, "estimator", "variable", *(() if by == "split" else ("split",)))
    series = _series.read(rows, by)
    if log:
        series = _positive(series)
    means, bands, members = _values(series, faint)
    shown = [v for row in (*means, *bands, *members) for v in (row["value"], row.get("high", row["value"]))]
    heading = _series.titled(_heading(rows, quantity), rows)
    if not shown:
        return _style.nothing(heading, "; ".join(["nothing to draw", *series.remarks]), *size)
    near = _style.close_up(shown) if len(series.lines) == 1 and not log else None
    span = near or _style.domain(shown, log=log)
    steps = _series.widest(series.lines)
    most = _series.MOST_STEPS if series.training else steps
    notes = _series.said(series, len({row["member"] for row in members}), min(steps, most), steps)
    if bands:
        what = "10th to 90th percentile of members" if series.members > 1 else series.interval_kind
        notes.insert(1, f"band: {what or 'interval'}")
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(heading, remarks + notes, size[0]),
        "width": size[0],
        "height": size[1],
        "config": _style.CONFIG,
        "encoding": {
            "x": _horizontal(series),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": _label(rows, quantity, series.unit),
                "scale": {"type": "log" if log else "linear", "domain": span, "nice": False},
                "axis": _style.log_axis(*span) if log else {"labelExpr": _style.PLAIN, "tickCount": 5},
            },
            "color": _style.colours([line.name for line in series.lines], [line.index for line in series.lines]),
        },
        "layer": _layers(means, bands, members, series, by),
    }


def _horizontal(series: Series) -> Spec:
    if series.training:
        return _style.time_axis(series.clock, series.last)
    return _style.other_axis(series.clock, np.concatenate([line.times for line in series.lines]))


def _heading(rows: Rows, quantity: str) -> str:
    """The quantity in words, and the variable it is about."""
    variable = rows.unique("variable")[0]
    if quantity == "I(T;Y)" or (quantity == "I(X;T)" and variable != "input"):
        return f"Information about {variable or 'the label'}, {quantity}"
    return _WORDS.get(quantity, quantity.replace("_", " ").capitalize())


def _label(rows: Rows, quantity: str, unit: str) -> str:
    """The vertical axis's title, with the unit where it has one of its own."""
    words = quantity if quantity.startswith(("I(", "H(")) else _heading(rows, quantity).lower()
    return f"{words} ({unit})" if unit in ("bits", "fraction") else words


def _positive(series: Series) -> Series:
    """Without values of zero or less, which a log axis cannot show; how many there were is said."""
    dropped = sum(int((line.values <= 0).sum()) for line in series.lines)
    lines = [
        replace(line, values=kept[0], low=kept[1], high=kept[2])
        for line in series.lines
        for kept in [[np.where(a > 0, a, np.nan) for a in (line.values, line.low, line.high)]]
    ]
    remark = f"{dropped} values of 0 or less cannot be shown on a log axis"
    return replace(series, lines=lines, remarks=series.remarks + ([remark] if dropped else []))


def _values(series: Series, faint: bool) -> tuple[list[Spec], list[Spec], list[Spec]]:
    """The data of the means, of the band, and of the faint members."""
    means: list[Spec] = []
    bands: list[Spec] = []
    members: list[Spec] = []
    for line in series.lines:
        at = _series.thin(line.steps) if series.training else np.arange(len(line.steps))
        low, high = _band(line)
        _extend(means, line, at, line.mean(), step=True)
        if faint and series.members > 1:
            for member in _series.drawn_members(len(line.values)):
                _extend(members, line, at, line.values[member], member=int(line.members[member]))
        else:
            _extend(bands, line, at, low, high)
    return means, bands, members


def _band(line: Line) -> tuple[np.ndarray, np.ndarray]:
    if len(line.values) > 1:
        return _series.percentiles(line.values, 10, 90)
    return line.low[0], line.high[0]


def _extend(
    out: list[Spec],
    line: Line,
    at: np.ndarray,
    value: np.ndarray,
    high: np.ndarray | None = None,
    member: int | None = None,
    step: bool = False,
) -> None:
    places: list[int] = at.tolist()
    for i in places:
        if not np.isfinite(value[i]) or (high is not None and not np.isfinite(high[i])):
            continue
        digits = 4 if member is not None else 5
        row: Spec = {"line": line.name, "time": _style.short(line.times[i]), "value": _style.short(value[i], digits)}
        if high is not None:
            row["high"] = _style.short(high[i])
        if member is not None:
            row["member"] = member
        if step:
            row["step"] = int(line.steps[i])
        out.append(row)


def _layers(means: list[Spec], bands: list[Spec], members: list[Spec], series: Series, by: str) -> list[Spec]:
    layers: list[Spec] = []
    if bands:
        mark = {"type": "area", "clip": True, "opacity": 0.16, "line": False}
        layers.append({"data": {"values": bands}, "mark": mark, "encoding": {"y2": {"field": "high"}}})
    if members:
        drawn = len({row["member"] for row in members})
        mark = {"type": "line", "clip": True, "opacity": _style.faintness(drawn), "strokeWidth": 0.8}
        layers.append({"data": {"values": members}, "mark": mark, "encoding": {"detail": {"field": "member"}}})
    few = _series.widest(series.lines) <= 12
    mark = {"type": "line", "clip": not few, "strokeWidth": 2, "point": {"size": 28, "opacity": 1} if few else False}
    encoding: Spec = {
        "tooltip": [
            {"field": "line", "title": by},
            {"field": "time", "title": series.clock, "format": ",~r" if series.training else ".4~g"},
            *([{"field": "step", "format": ",d"}] if series.training else []),
            {"field": "value", "title": f"mean ({series.unit})", "format": ".4g"},
        ]
    }
    if by == "split":
        names = [line.name for line in series.lines]
        dashes = [_DASHES[i % len(_DASHES)] for i in range(len(names))]
        encoding["strokeDash"] = {
            "field": "line",
            "type": "nominal",
            "scale": {"domain": names, "range": dashes},
            "legend": _style.legend(names),
        }
    return [*layers, {"data": {"values": means}, "mark": mark, "encoding": encoding}]
