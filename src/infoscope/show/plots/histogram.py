"""Histograms along training: of activities, of distances within and between classes, of cosines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from infoscope.core.cells import upper_edge
from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._series import Bundle
from infoscope.show.plots._style import Spec

heading = "Histograms along training"
order = 5
kinds = ("share",)
by = "variable"

_GAP = 2  # cells left free below each site
_LEAST = 5e-4  # a smaller share would be drawn as white


def histogram(rows: Rows, *, width: int = 460, height: int = 90) -> Spec:
    """The share of each site's activities, distances or cosines in each cell, against log(1 + epoch): a strip a site.

    A cell is the rows' variable, called by its upper edge (``"up to 0.9"``, ``"above 0.9"`` for the last); cells are
    drawn equally high; the share is the mean of members. ``height`` is that of one strip. ``rows`` are of one network;
    of several quantities or series the first is drawn.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("histogram", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Histograms along training...')
    """
    rows = _series.one_quantity(_series.one_network(rows), kinds)
    what = _series.quantity(rows)[1].lower() if len(rows) else ""
    rows, remarks = _series.first(rows, "estimator", "split")
    edges = {name: edge for name in rows.unique("variable") if (edge := upper_edge(name)) is not None}
    cells = sorted(edges, key=edges.__getitem__, reverse=True)  # as drawn from the top
    strips = {site: _series.read(rows.filter(site=site), by) for site in rows.sites()}
    refused = [f"{site}: {remark}" for site, strip in strips.items() for remark in strip.remarks]
    data = [row for place, strip in enumerate(strips.values()) for row in _strip(strip, cells, place)]
    if not data:
        missing = "; ".join(["nothing to draw: these rows hold no histogram", *refused])
        return _style.nothing(heading, missing, width, height)
    whole = next(iter(strips.values()))
    steps = _series.widest(whole.lines)
    remarks += _series.said(replace(whole, remarks=refused), 0, min(steps, _series.MOST_STEPS), steps)
    period = len(cells) + _GAP
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(_series.titled(f"{what.capitalize()} along training", rows), remarks, width),
        "width": width,
        "height": height * len(strips),
        "config": _style.CONFIG,
        "datasets": {"cells": data},
        "data": {"name": "cells"},
        "transform": [
            {"calculate": f"datum.site + datum.cell / {period}", "as": "low"},
            {"calculate": f"datum.site + (datum.cell + 1) / {period}", "as": "high"},
            {"calculate": f"{json.dumps(list(strips))}[datum.site]", "as": "site name"},
            {"calculate": f"{json.dumps(cells)}[datum.cell]", "as": "cell name"},
        ],
        "mark": {"type": "rect", "clip": True},
        "encoding": {
            "x": _style.time_axis(whole.clock, whole.last),
            "x2": {"field": "until"},
            "y": _vertical(list(strips), cells),
            "y2": {"field": "high"},
            "color": _colour(max(row["share"] for row in data), what),
            "tooltip": [
                {"field": "site name", "title": "site"},
                {"field": "cell name", "title": what},
                {"field": "at", "title": whole.clock, "format": ",~r"},
                {"field": "share", "format": ".1%"},
            ],
        },
    }


def _strip(strip: Bundle, cells: list[str], place: int) -> list[Spec]:
    """What one site's cells hold, but for the empty. Each reaches half way, as drawn, to its neighbours in time."""
    out: list[Spec] = []
    for line in (line for line in strip.lines if line.name in cells):
        kept = _series.thin(line.steps)
        times, share = line.times[kept], line.mean()[kept].tolist()
        where = {"site": place, "cell": cells.index(line.name)}
        for at, start, until, value in zip(times.tolist(), *_series.reaches(times), share, strict=True):
            if value >= _LEAST:  # which NaN is not
                ends = {"time": _style.short(start), "until": _style.short(until), "at": _style.short(at)}
                out.append({**ends, **where, "share": _style.short(value, 3)})
    return out


def _vertical(sites: list[str], cells: list[str]) -> Spec:
    """One unit a site, from input to output downwards; the first, middle and last cell of each strip are named."""
    labels: dict[float, str] = {}
    for place, site in enumerate(sites):
        for index in sorted({0, len(cells) // 2, len(cells) - 1}):
            words = f"{site}, {cells[index]}" if index == 0 else cells[index]
            labels[_style.short(place + (index + 0.5) / (len(cells) + _GAP))] = words
    return {
        "field": "low",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, len(sites)], "reverse": True, "nice": False},
        "axis": {
            "values": list(labels),
            "labelExpr": f"{json.dumps(list(labels.values()))}[indexof({list(labels)}, datum.value)]",
            "grid": False,
            "ticks": False,
            "domain": False,
            "labelLimit": 130,
        },
    }


def _colour(largest: float, what: str) -> Spec:
    """The square root of a share, so that a hundredth and a fifth can both be told from nothing."""
    legend: dict[str, Any] = {
        "title": f"share of the {what}",
        "orient": "bottom",
        "direction": "horizontal",
        "gradientLength": 200,
        "gradientThickness": 8,
        "format": ".0%",
        "values": [value for value in (0.01, 0.05, 0.2, 0.5, 1.0) if value <= largest],
    }
    scale = {"type": "sqrt", "domain": [0, largest], "scheme": "magma", "reverse": True}
    return {"field": "share", "type": "quantitative", "scale": scale, "legend": legend}
