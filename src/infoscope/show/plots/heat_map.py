"""One quantity at every layer and step."""

from __future__ import annotations

import json

import numpy as np

from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _series, _style
from infoscope.show.plots._series import Bundle
from infoscope.show.plots._style import Spec

heading = "Layers along training"
order = 3
kinds = ("usable", "information", "entropy", "differential entropy")
reported = ("usable",)
by = "site"
least = 4


def heat_map(rows: Rows, *, width: int = 460, row_height: int = 30) -> Spec:
    """A quantity as colour: one row a site, from input to output downwards, against log(1 + epoch).

    Mean of members, in the unit shown (bits for information); ``rows`` are of one network, of several series the first
    is drawn and named. What is below zero has the colour of zero.

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
    sites = [line.name for line in series.lines]
    data = [cell for place, line in enumerate(series.lines) for cell in _strip(line, place)]
    if not data:
        missing = "; ".join(["nothing to draw: these rows hold no information of a layer", *series.remarks])
        return _style.nothing(heading, missing, width, row_height * 3)
    steps = _series.widest(series.lines)
    remarks += _series.said(series, 0, min(steps, _series.MOST_STEPS), steps)
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
            {"calculate": f"{json.dumps(sites)}[datum.place]", "as": "site"},
        ],
        "mark": {"type": "rect", "clip": True},
        "encoding": {
            "x": _style.time_axis(series.clock, series.last) if series.training else _other(series),
            "x2": {"field": "until"},
            "y": _vertical(sites),
            "y2": {"field": "below"},
            "color": _colour(data, _over_time.label(rows, series.unit)),
            "tooltip": [
                {"field": "site"},
                {"field": "at", "title": series.clock, "format": ",~r"},
                {"field": "value", "title": f"mean ({series.unit})", "format": ".4g"},
            ],
        },
    }


def _strip(line: _series.Line, place: int) -> list[Spec]:
    """One site's cells; each reaches half way, as drawn, to its neighbours in time."""
    mean = line.mean()
    kept = [i for i in _series.thin(line.steps).tolist() if np.isfinite(mean[i])]
    times = line.times[kept]
    starts, ends = _series.reaches(times)
    return [
        {
            "place": place,
            "time": _style.short(start),
            "until": _style.short(end),
            "at": at,
            "value": _style.short(value),
        }
        for start, end, at, value in zip(starts, ends, times.tolist(), mean[kept].tolist(), strict=True)
    ]


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
            "labelLimit": 130,
        },
    }


def _colour(data: list[Spec], title: str) -> Spec:
    """From zero up; white is nothing."""
    largest = max(0.0, *(cell["value"] for cell in data)) or 1.0
    return {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, _style.short(largest)], "scheme": "magma", "reverse": True, "clamp": True},
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
