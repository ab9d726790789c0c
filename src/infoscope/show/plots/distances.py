"""Distances within and between classes along training."""

from __future__ import annotations

import numpy as np

from infoscope.core.quantity import CLASS_DISTANCES
from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._series import Bundle, Line
from infoscope.show.plots._style import Spec

heading = "Distances within and between classes"
order = 3
kinds = ("distance",)
by = "quantity"
panels = ("site", "variable", "split")

_PAIRS = {"within classes": "within", "between classes": "between"}
_PLACES = (4, 0)  # of the two kinds of pairs in the palette
_FANS = ((5, 95, 0.14), (25, 75, 0.26))


def distances(rows: Rows, *, site: str = "", width: int = 460, height: int = 240) -> Spec:
    """Distances within and between classes at one site against log(1 + epoch): medians, halves, and 5 % to 95 %.

    Means over members of each quantile, in the units of the layer. ``rows`` are of one network; ``site`` is the last
    one before the output where none is named; of several series the first is drawn and named.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("distances", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Distances within and between classes...')
    """
    rows = _series.one_network(rows).filter(kind=kinds)
    chosen = site or rows.last_hidden_site()
    rows, remarks = _series.first(rows.filter(site=chosen), "estimator", "variable", "split")
    found = {line.name: line for line in _series.read(rows, by).lines} if len(rows) else {}
    series = _series.read(rows, by) if found else None
    if series is None or not any(np.isfinite(line.mean()).any() for line in found.values()):
        missing = f"nothing to draw: these rows hold no distances{f' at {site}' if site else ''}"
        return _style.nothing(heading, "; ".join([missing, *(series.remarks if series else ())]), width, height)
    means, fans = _data(found, series)
    steps = _series.widest(series.lines)
    notes = _series.said(series, 0, min(steps, _series.MOST_STEPS), steps)
    notes.insert(1, "bands: half of all pairs, and 90 %")
    span = _style.domain([v for row in (*means, *fans) for v in (row["value"], row.get("high", row["value"]))])
    mark = {"type": "area", "clip": True, "line": False}
    few = steps <= 12
    line = {"type": "line", "clip": not few, "strokeWidth": 2, "point": {"size": 28, "opacity": 1} if few else False}
    opacity = {"field": "opacity", "type": "quantitative", "scale": None, "legend": None}
    variable = rows.unique("variable")[0]
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(f"{heading} at {chosen}: {rows.unique('network')[0]}", remarks + notes, width),
        "width": width,
        "height": height,
        "config": _style.CONFIG,
        "encoding": {
            "x": _style.time_axis(series.clock, series.last) if series.training else _other(series),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": f"distance between rows, classes of {variable}",
                "scale": {"domain": span, "nice": False},
                "axis": {"labelExpr": _style.PLAIN, "tickCount": 5},
            },
            "color": _style.colours(list(_PAIRS), _PLACES),
        },
        "layer": [
            {
                "data": {"values": fans},
                "mark": mark,
                "encoding": {"y2": {"field": "high"}, "opacity": opacity, "detail": {"field": "opacity"}},
            },
            {"data": {"values": means}, "mark": line, "encoding": {"tooltip": _tooltip(series)}},
        ],
    }


def _data(found: dict[str, Line], series: Bundle) -> tuple[list[Spec], list[Spec]]:
    means: list[Spec] = []
    fans: list[Spec] = []
    for name, which in _PAIRS.items():
        median = found.get(CLASS_DISTANCES[which, 50])
        at: list[int] = [] if median is None else _series.thin(median.steps).tolist()
        if median is not None:
            means += _rows(name, median, at)
        for low, high, opacity in _FANS:
            ends = [found.get(CLASS_DISTANCES[which, percent]) for percent in (low, high)]
            if median is None or ends[0] is None or ends[1] is None:
                continue
            above = ends[1].mean()
            for row, i in zip(_rows(name, ends[0], at, finite=False), at, strict=True):
                if np.isfinite(row["value"]) and np.isfinite(above[i]):
                    fans.append({**row, "high": _style.short(above[i]), "opacity": opacity})
    return means, fans


def _rows(name: str, line: Line, at: list[int], finite: bool = True) -> list[Spec]:
    mean = line.mean()
    kept = [i for i in at if np.isfinite(mean[i])] if finite else at
    return [
        {"line": name, "time": _style.short(line.times[i]), "value": _style.short(mean[i]), "step": int(line.steps[i])}
        for i in kept
    ]


def _other(series: Bundle) -> Spec:
    return _style.other_axis(series.clock, np.concatenate([line.times for line in series.lines]))


def _tooltip(series: Bundle) -> list[Spec]:
    return [
        {"field": "line", "title": "pairs"},
        {"field": "time", "title": series.clock, "format": ",~r"},
        {"field": "value", "title": "median", "format": ".4g"},
    ]
