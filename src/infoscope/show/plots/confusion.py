"""What a network answers to each class along training: the share of each answer, as colour."""

from __future__ import annotations

import json
import re
from typing import Any

from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._series import Line
from infoscope.show.plots._style import Spec

heading = "What is answered along training"
order = 4
kinds = ("confusion",)
by = "variable"

_MOST_HIGH = 600  # pixels of all rows together


def confusion(rows: Rows, *, width: int = 460, row_height: int = 18) -> Spec:
    """The share of each class's rows that get each answer, against log(1 + epoch): a row a class and answer.

    Mean of members; classes under one another, their answers in order. Of two answers the second says it all, so only
    that is drawn. ``rows`` are of one network; of several sites or series the first is drawn and named.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("confusion", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('What is answered along training')
    """
    rows = _series.one_quantity(_series.one_network(rows), kinds)
    rows, remarks = _series.first(rows, "site", "estimator", "split")
    series = _series.read(rows, by)
    named = sorted(((_in_order(line.name), line) for line in series.lines), key=lambda each: each[0])
    answers = {key[-1] for key, _ in named}
    lines = [line for key, line in named if answers != {0, 1} or key[-1] == 1]
    data = [cell for place, line in enumerate(lines) for cell in _strip(line, place)]
    if not data:
        missing = "; ".join(["nothing to draw: these rows hold no answers", *series.remarks])
        return _style.nothing(heading, missing, width, row_height * 3)
    steps = _series.widest(lines)
    remarks += _series.said(series, 0, min(steps, _series.MOST_STEPS), steps)
    names = [line.name for line in lines]
    words = _series.quantity(rows)[1]
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(_series.titled(words, rows), remarks, width),
        "width": width,
        "height": min(row_height * len(lines), max(_MOST_HIGH, 6 * len(lines))),
        "config": _style.CONFIG,
        "datasets": {"cells": data},
        "data": {"name": "cells"},
        "transform": [
            {"calculate": "datum.place + 1", "as": "below"},
            {"calculate": f"{json.dumps(names)}[datum.place]", "as": "class"},
        ],
        "mark": {"type": "rect", "clip": True},
        "encoding": {
            "x": _style.time_axis(series.clock, series.last),
            "x2": {"field": "until"},
            "y": _vertical(names),
            "y2": {"field": "below"},
            "color": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, 1], "scheme": "blueorange"},
                "legend": {
                    "title": "share of the class's rows", "orient": "bottom", "direction": "horizontal",
                    "gradientLength": 200, "gradientThickness": 8, "format": ".0%", "values": [0, 0.5, 1],
                },
            },
            "tooltip": [
                {"field": "class"},
                {"field": "at", "title": series.clock, "format": ",~r"},
                {"field": "share", "format": ".1%"},
            ],
        },
    }  # fmt: skip


def _in_order(name: str) -> tuple[Any, ...]:
    """``"digit 10, answer 1"`` behind ``"digit 9, answer 1"``; names of another form by themselves."""
    found = re.fullmatch(r"(.*) (\d+), answer (\d+)", name, re.DOTALL)
    return (found[1], int(found[2]), int(found[3])) if found else (name, -1, -1)


def _strip(line: Line, place: int) -> list[Spec]:
    """One row's cells; each reaches half way, as drawn, to its neighbours in time."""
    kept = _series.thin(line.steps)
    times, share = line.times[kept], line.mean()[kept].tolist()
    out: list[Spec] = []
    for at, start, until, value in zip(times.tolist(), *_series.reaches(times), share, strict=True):
        if value == value:  # which NaN is not
            ends = {"time": _style.short(start), "until": _style.short(until), "at": _style.short(at)}
            out.append({**ends, "place": place, "share": _style.short(value, 3)})
    return out


def _vertical(names: list[str]) -> Spec:
    every = max(1, len(names) // 40)
    values = [place + 0.5 for place in range(0, len(names), every)]
    return {
        "field": "place",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, len(names)], "reverse": True, "nice": False},
        "axis": {
            "values": values,
            "labelExpr": f"{json.dumps(names[::every])}[indexof({json.dumps(values)}, datum.value)]",
            "grid": False,
            "ticks": False,
            "domain": False,
            "labelLimit": 150,
        },
    }
