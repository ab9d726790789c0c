"""One quantity at every layer and step."""

from __future__ import annotations

import json

import numpy as np

from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _series, _style
from infoscope.show.plots._series import Bundle
from infoscope.show.plots._style import Spec

heading = "Layers along training"
order = 2
kinds = ("usable", "information", "entropy", "differential entropy")
reported = ("usable",)
by = "site"
least = 4
_MOST_HIGH = 600  # pixels of all rows together


def heat_map(rows: Rows, *, width: int = 460, row_height: int = 30) -> Spec:
    """A quantity as colour: one row a site, from input to output downwards, against log(1 + epoch).

    Mean of members, in the unit shown (bits for information); ``rows`` are of one network, of several series the first
    is drawn and named. What is below zero has the colour of zero. A dot marks a cell whose interval (of one member) or
    whose 10th to 90th percentile (of several) reaches zero; each cell tells it when it is pointed at. Colours begin
    above zero where all of the quantity lies in a band far above it, never narrower than its intervals.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("heat_map", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Information about label, ...')
    """
    rows = _series.one_quantity(_series.one_network(rows), kinds)
    rows, remarks = _series.first(rows, "estimator", "variable", "split")
    series = _series.read(rows)
    sites, shared = _series.short([line.name for line in series.lines])
    data = [cell for place, line in enumerate(series.lines) for cell in _strip(line, place)]
    row_height = min(row_height, max(_MOST_HIGH // max(len(sites), 1), 14))
    if not data:
        missing = "; ".join(["nothing to draw: these rows hold no information of a layer", *series.remarks])
        return _style.nothing(heading, missing, width, row_height * 3)
    steps = _series.widest(series.lines)
    remarks += [*shared, *_series.said(series, 0, min(steps, _series.MOST_STEPS), steps)]
    halves = [(cell["high"] - cell["low"]) / 2 for cell in data if "high" in cell]
    begin = _least([cell["value"] for cell in data], max(halves, default=0.0))
    if begin:
        remarks.append(f"colours begin at {begin:.3g}, not at 0")
    dots = [cell for cell in data if cell.get("low", 1.0) <= 0]
    if halves:
        what = "10th to 90th percentile of members" if series.members > 1 else series.interval_kind or "interval"
        ends = list(dict.fromkeys(f"{half:.2g}" for half in (min(halves), max(halves))))
        remarks.append(f"± {' to '.join(ends)} ({what})")
    if dots:
        remarks.append("a dot: it reaches 0")
    across, down = _style.time_axis(series.clock, series.last) if series.training else _other(series), _vertical(sites)
    tooltip = [
        {"field": "site"},
        {"field": "at", "title": series.clock, "format": ",~r"},
        {"field": "value", "title": f"mean ({series.unit})", "format": ".4g"},
        *([{"field": end, "format": ".4g"} for end in ("low", "high")] if halves else []),
    ]
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "clip": True},
            "encoding": {"x2": {"field": "until"}, "y2": {"field": "below"}, "tooltip": tooltip},
        }
    ]
    if dots:
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.low) && datum.low <= 0"}],
                "mark": {"type": "point", "filled": True, "size": 12, "opacity": 0.7, "clip": True},
                "encoding": {
                    "x": {**across, "field": "at"},
                    "y": {**down, "field": "middle"},
                    "color": {"value": "#444"},
                    "tooltip": tooltip,
                },
            }
        )
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(_series.titled(_over_time.worded(rows), rows), remarks, width),
        "width": width,
        "height": row_height * len(sites),
        "config": _style.CONFIG,
        "datasets": {"cells": data},
        "data": {"name": "cells"},
        "transform": [
            {"calculate": "datum.place + 1", "as": "below"},
            {"calculate": "datum.place + 0.5", "as": "middle"},
            {"calculate": f"{json.dumps([line.name for line in series.lines])}[datum.place]", "as": "site"},
        ],
        "encoding": {
            "x": across,
            "y": down,
            "color": _colour(data, _over_time.label(rows, series.unit), begin),
        },
        "layer": layers,
    }


def _least(values: list[float], half: float) -> float:
    """Where colours begin: at zero, unless everything lies above half of the largest; then a quarter of the span below
    the least, and so far below the largest that the intervals fit in."""
    low, high = min(values), max(values)
    if low <= high / 2:
        return 0.0
    begin = min(low - (high - low) / 4, high - 4 * half)
    return _style.short(begin) if begin > 0 else 0.0


def _strip(line: _series.Line, place: int) -> list[Spec]:
    """One site's cells; each reaches half way, as drawn, to its neighbours in time."""
    mean = line.mean()
    low, high = _over_time.band(line)
    kept = [i for i in _series.thin(line.steps).tolist() if np.isfinite(mean[i])]
    times = line.times[kept]
    starts, ends = _series.reaches(times)
    cells: list[Spec] = []
    for i, start, end in zip(kept, starts, ends, strict=True):
        cell: Spec = {
            "place": place,
            "time": _style.short(start),
            "until": _style.short(end),
            "at": float(line.times[i]),
            "value": _style.short(float(mean[i])),
        }
        if np.isfinite(low[i]) and np.isfinite(high[i]):
            cell |= {"low": _style.short(float(low[i])), "high": _style.short(float(high[i]))}
        cells.append(cell)
    return cells


def _other(series: Bundle) -> Spec:
    return _style.other_axis(series.clock, np.concatenate([line.times for line in series.lines]))


def _vertical(sites: list[str]) -> Spec:
    middles = [place + 0.5 for place in range(len(sites))]
    return {
        "field": "place",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, len(sites)], "reverse": True, "nice": False},
        "axis": {
            "values": middles,
            "labelExpr": f"{json.dumps(sites)}[indexof({middles}, datum.value)]",
            "grid": False,
            "ticks": False,
            "domain": False,
            "labelLimit": 150,
        },
    }


def _colour(data: list[Spec], title: str, least: float) -> Spec:
    """From ``least`` up; where that is zero, white is nothing."""
    largest = max(0.0, *(cell["value"] for cell in data)) or 1.0
    return {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [least, _style.short(largest)], "scheme": "magma", "reverse": True, "clamp": True},
        "legend": {
            "title": title,
            "orient": "bottom",
            "direction": "horizontal",
            "gradientLength": 200,
            "gradientThickness": 8,
            "tickCount": 5,
            "labelExpr": _style.PLAIN,
        },
    }
