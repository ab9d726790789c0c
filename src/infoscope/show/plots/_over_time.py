"""Lines against training time or another axis: what the learning-curve, information and dynamics figures share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from infoscope.core.estimate import BRACKET
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import Rows
from infoscope.show.plots import _references, _series, _style
from infoscope.show.plots._series import Bundle, Line
from infoscope.show.plots._style import Spec

_FEW = 3  # lines whose bands can be told apart by their colour
_LONG = 40  # characters of an axis title that a figure of usual height has no room for
_IN_SYMBOLS = ("information", "entropy", "differential entropy")  # kinds that a reader knows by their formulas
_DASHES = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3])


def over_time(rows: Rows, kinds: tuple[str, ...], heading: str, size: tuple[int, int], **look: Any) -> Spec:
    """A panel for each quantity of these kinds that the rows hold, side by side; with none an empty figure."""
    rows = _series.one_network(rows)
    held = _series.quantities(rows, kinds)
    panels = [_panel(rows.filter(quantity=quantity), size, **look) for quantity in held]
    if not panels:
        missing = f"nothing to draw: these rows hold no quantity of the kind {' or '.join(kinds)}"
        return _style.nothing(heading, missing, *size)
    if len(panels) == 1:
        return panels[0]
    for panel in panels:
        del panel["$schema"], panel["config"]
    return {"$schema": _style.SCHEMA, "config": _style.CONFIG, "spacing": 40, "hconcat": panels}


def _panel(
    rows: Rows,
    size: tuple[int, int],
    *,
    by: str = "site",
    log: bool = False,
    faint: bool = False,
    known: Mapping[str, float] | None = None,
) -> Spec:
    rows, remarks = _series.first(rows, "estimator", "variable", *(() if by == "split" else ("split",)))
    series = _series.read(rows, by)
    heading = _series.titled(worded(rows), rows)
    levels = _references.levels(rows, known)
    return lines(series, heading, label(rows, series.unit), remarks, size, by, log=log, faint=faint, references=levels)


def lines(
    series: Bundle,
    heading: str,
    words: str,
    remarks: list[str],
    size: tuple[int, int],
    by: str,
    *,
    log: bool = False,
    faint: bool = False,
    ceilings: Mapping[str, float] | None = None,
    references: Mapping[str, float] | None = None,
) -> Spec:
    """The means of ``series`` with bands, or with faint members.

    ceilings: a dashed level for lines by name. references: levels for all of them, by what they are called.
    """
    if log:
        series = _positive(series)
    means, bands, members = _values(series, faint)
    levels: list[Spec] = [{"line": name, "value": _style.short(level)} for name, level in (ceilings or {}).items()]
    brackets = _brackets(series)
    drawn = (*means, *bands, *members, *brackets)
    shown = [v for row in drawn for v in (row["value"], row.get("high", row["value"]))]
    if not shown:
        return _style.nothing(heading, "; ".join(["nothing to draw", *series.remarks]), *size)
    across, far = _references.within(references or {}, max(shown))
    near = _style.close_up(shown) if len(series.lines) == 1 and not log and not levels and not across else None
    span = near or _style.domain([*shown, *(level["value"] for level in levels), *across.values()], log=log)
    steps = _series.widest(series.lines)
    most = _series.MOST_STEPS if series.training else steps
    notes = _series.said(series, len({row["member"] for row in members}), min(steps, most), steps)
    if bands:
        what = "10th to 90th percentile of members" if series.members > 1 else series.interval_kind
        notes.insert(1, f"band: {what or 'interval'}")
    if brackets:
        notes.insert(1, "dotted: mean bracket")
    if levels:
        notes.insert(1, "dashed: the most there can be to read")
    notes += far
    layers = _layers(means, bands, members, series, by)
    for name, value in across.items():
        layers[:0] = _style.reference("y", name, value)
    if levels:
        mark = {"type": "rule", "strokeDash": [5, 3], "strokeWidth": 1.2, "opacity": 0.7}
        layers.insert(
            0, {"data": {"values": levels}, "mark": mark, "encoding": {"x": {"value": 0}, "x2": {"value": "width"}}}
        )
    if brackets:
        mark = {"type": "line", "strokeDash": [1.5, 2.5], "strokeWidth": 1.4, "clip": True}
        layers.insert(0, {"data": {"values": brackets}, "mark": mark, "encoding": {"detail": {"field": "end"}}})
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
                "title": words,
                "scale": {"type": "log" if log else "linear", "domain": span, "nice": False},
                "axis": _style.log_axis(*span) if log else {"labelExpr": _style.PLAIN, "tickCount": 5},
            },
            "color": _style.colours([line.name for line in series.lines], [line.index for line in series.lines]),
        },
        "layer": layers,
    }


def _horizontal(series: Bundle) -> Spec:
    if series.training:
        return _style.time_axis(series.clock, series.last)
    return _style.other_axis(series.clock, np.concatenate([line.times for line in series.lines]))


def worded(rows: Rows) -> str:
    """The rows' one quantity in words, and the variable it is about."""
    (kind, words, quantity), variable = _series.quantity(rows), rows.unique("variable")[0]
    if kind == "usable" and quantity.startswith("I"):  # else it is what a code of the labels takes, and says so
        return f"Usable information about {_series.quoted(variable)}"
    if kind == "information" and (quantity != INPUT_INFORMATION or variable != "input"):
        words = f"Information about {_series.quoted(variable) or 'the label'}"
    return f"{words}, {quantity}" if kind in _IN_SYMBOLS else words


def symbol(rows: Rows) -> str:
    """The rows' one quantity as it is written: what probes can use is no I(T;Y)."""
    kind, _, quantity = _series.quantity(rows)
    return quantity.replace("I(", "I_u(", 1) if kind == "usable" else quantity


def label(rows: Rows, unit: str) -> str:
    """The vertical axis's title, with the unit where it has one of its own."""
    words = worded(rows).lower()
    if _series.quantity(rows)[0] in (*_IN_SYMBOLS, "usable") or len(words) > _LONG:
        words = _series.worded(symbol(rows))
    return f"{words} ({unit})" if unit in ("bits", "fraction") else words


def _positive(series: Bundle) -> Bundle:
    """Without values of zero or less, which a log axis cannot show; how many there were is said."""
    dropped = sum(int((line.values <= 0).sum()) for line in series.lines)
    lines = [
        replace(line, values=kept[0], low=kept[1], high=kept[2])
        for line in series.lines
        for kept in [[np.where(a > 0, a, np.nan) for a in (line.values, line.low, line.high)]]
    ]
    remark = f"{dropped} values of 0 or less cannot be shown on a log axis"
    return replace(series, lines=lines, remarks=series.remarks + ([remark] if dropped else []))


def _values(series: Bundle, faint: bool) -> tuple[list[Spec], list[Spec], list[Spec]]:
    """The data of the means, of the band, and of the faint members."""
    means: list[Spec] = []
    bands: list[Spec] = []
    members: list[Spec] = []
    for line in series.lines:
        at = _series.thin(line.steps) if series.training else np.arange(len(line.steps))
        low, high = band(line)
        _extend(means, line, at, line.mean(), step=True)
        if faint and series.members > 1:
            for member in _series.drawn_members(len(line.values)):
                _extend(members, line, at, line.values[member], member=int(line.members[member]))
        else:
            _extend(bands, line, at, low, high)
    return means, bands, members


def _brackets(series: Bundle) -> list[Spec]:
    """Both ends of the mean bracket of several members, where values are bracketed: it holds their mean."""
    out: list[Spec] = []
    if series.members > 1 and series.interval_kind == BRACKET:
        for line in series.lines:
            at = _series.thin(line.steps) if series.training else np.arange(len(line.steps))
            for end, values in (("low", line.low), ("high", line.high)):
                ends: list[Spec] = []
                _extend(ends, line, at, _series.mean(values))
                out += [{**row, "end": end} for row in ends]
    return out


def band(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Low and high ``[steps]``: percentiles of several members, the interval of one."""
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


def _layers(means: list[Spec], bands: list[Spec], members: list[Spec], series: Bundle, by: str) -> list[Spec]:
    layers: list[Spec] = []
    if bands:
        names, places = [line.name for line in series.lines], [line.index for line in series.lines]
        edge = _style.colours(names, places)  # where many lie over each other, their edges tell them apart
        inside = 0.16 if len(names) <= _FEW else 0.05
        mark = {
            "type": "area",
            "clip": True,
            "opacity": 1,
            "fillOpacity": inside,
            "strokeOpacity": 0.55,
            "strokeWidth": 0.8,
        }
        layers.append({"data": {"values": bands}, "mark": mark, "encoding": {"y2": {"field": "high"}, "stroke": edge}})
    if members:
        drawn = len({row["member"] for row in members})
        mark = {"type": "line", "clip": True, "opacity": _style.faintness(drawn), "strokeWidth": 1}
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
