"""The benchmark of estimators as one picture: how far off each is on each family of sources."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from infoscope.core import text
from infoscope.core.errors import InputError
from infoscope.show.figures import Drawing
from infoscope.show.plots import _style
from infoscope.show.plots._style import Spec

HEADING = "How far off estimators are"
LEAST, MOST = 1e-3, 3.0  # nats: what is outside has the colour of the end


def benchmark(lines: Sequence[Mapping[str, Any]], n: int | None = None, *, row_height: int = 19) -> Drawing:
    """Median absolute error in nats as colour: estimators downwards, best first, peers marked; families across.

    lines: those of ``infoscope bench --json`` under ``"families"``. n: rows a sample; the largest there is by default.
    A cell says on how many sources; where an estimator has no answer there is none.

    Raises
    ------
    InputError: no lines, or none of this n.
    """
    lines = text.content(lines, text.name)
    sizes = sorted({line["n"] for line in lines})
    if not sizes or n not in (None, *sizes):
        raise InputError(f"there are results for n = {', '.join(map(str, sizes)) or 'nothing'}, wanted n = {n}")
    rows = n or sizes[-1]
    cells = [
        {
            "family": line["family"].replace("_", " "),
            "estimator": line["label"] + (" (peer)" if line["who"] == "peer" else ""),
            "error": _style.short(line["median_error"], 3),
            "worst": _style.short(line["worst_error"], 3),
            "sources": line["sources"],
            "words": f"{line['median_error']:.2g}" if line["median_error"] >= LEAST else "0",
        }
        for line in lines
        if line["n"] == rows
    ]
    return Drawing(_drawn(cells, rows, row_height))


def _drawn(cells: list[Spec], n: int, row_height: int) -> Spec:
    of: dict[str, list[float]] = {}
    for cell in cells:
        of.setdefault(cell["estimator"], []).append(cell["error"])
    estimators = sorted(of, key=lambda name: (-len(of[name]), statistics.median(of[name])))
    families = sorted({cell["family"] for cell in cells})
    width = 54 * len(families)
    remarks = [f"median absolute error in nats over the sources of a family, {n:,} rows a sample",
               "not everyone answered all of them",
               "first those that answer on most families, then by error", "no cell: no answer at all"]  # fmt: skip
    scale = {"type": "log", "domain": [LEAST, MOST], "clamp": True, "scheme": "viridis", "reverse": True}
    x = {"field": "family", "type": "nominal", "title": None, "scale": {"domain": families},
         "axis": {"orient": "top", "labelAngle": -35, "domain": False, "ticks": False, "labelLimit": 120}}  # fmt: skip
    y = {"field": "estimator", "type": "nominal", "title": None, "scale": {"domain": estimators},
         "axis": {"domain": False, "ticks": False, "labelLimit": 180}}  # fmt: skip
    legend = {"title": "error (nats)", "orient": "bottom", "direction": "horizontal", "gradientLength": 200,
              "gradientThickness": 8, "values": [0.001, 0.01, 0.1, 1], "format": "~g"}  # fmt: skip
    tooltip = [{"field": name} for name in ("estimator", "family", "sources", "error", "worst")]
    ink = {"condition": {"test": "datum.error > 0.04", "value": "white"}, "value": _style.INK}
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(f"{HEADING}, n = {n:,}", remarks, width + 120),
        "width": width,
        "height": row_height * len(estimators),
        "config": _style.CONFIG,
        "data": {"values": cells},
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
        "layer": [
            {"mark": {"type": "rect", "stroke": "white"},
             "encoding": {"color": {"field": "error", "type": "quantitative", "scale": scale, "legend": legend}}},
            {"mark": {"type": "text", "fontSize": 9.5}, "encoding": {"text": {"field": "words"}, "color": ink}},
        ],
    }  # fmt: skip
