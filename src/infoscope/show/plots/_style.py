"""How every figure looks: one colour per site everywhere, explicit domains, one typeface. Plain Vega-Lite 5 dicts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
INK, FAINT = "#1f2328", "#6e7781"

#: From input to output. The smallest distance between any two (CIE76) is 24 for normal sight and for simulated
#: protanopia, deuteranopia and tritanopia; lightness stays between 24 and 67, so that each reads on white.
PALETTE = ("#53236b", "#156bc2", "#00b2d6", "#7fac80", "#c99721", "#82590d", "#72212c", "#b74f87")

#: A tick's own number; the format a symlog or log axis chooses itself reads 0k, 0k, 1k.
PLAIN = "datum.value < 1000 ? format(datum.value, '~g') : format(datum.value, '~s')"

CONFIG: Spec = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 11,
        "titleColor": INK,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "gridColor": "#eaeef2",
        "domainColor": "#8c959f",
        "tickColor": "#8c959f",
        "labelFlush": False,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 150,
        "titleColor": INK,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "offset": 10,
    },
    "title": {
        "color": INK,
        "subtitleColor": FAINT,
        "fontSize": 14,
        "subtitleFontSize": 11,
        "anchor": "start",
        "frame": "group",
        "offset": 10,
        "subtitlePadding": 4,
    },
}


def title(text: str, remarks: Iterable[str], width: int) -> Spec:
    """A title with ``remarks`` under it, wrapped to a figure ``width`` pixels wide."""
    lines = textwrap.wrap("; ".join(remarks), max(24, width // 6))
    return {"text": text, "subtitle": lines}


def nothing(text: str, missing: str, width: int, height: int) -> Spec:
    """A figure that says why it is empty."""
    return {
        "$schema": SCHEMA,
        "title": title(text, (), width),
        "width": width,
        "height": height,
        "config": CONFIG,
        "data": {"values": [{"text": textwrap.wrap(missing, max(24, width // 8))}]},
        "mark": {"type": "text", "fontSize": 12, "color": FAINT, "lineBreak": "\n"},
        "encoding": {"text": {"field": "text"}},
    }


def colours(names: Sequence[str], indices: Sequence[int]) -> Spec:
    """The colour channel of lines called ``names``; ``indices`` are their places from input to output.

    The place fixes the colour, so a site looks the same in each figure of a network. Only when the places do not fit
    the palette are the names coloured by rank, and beyond eight of them colours repeat.
    """
    fits = all(0 <= index < len(PALETTE) for index in indices)
    ranks = indices if fits else range(len(names))
    return {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": list(names), "range": [PALETTE[rank % len(PALETTE)] for rank in ranks]},
        "legend": legend(names),
    }


def shades(count: int) -> list[str]:
    """``count`` colours from dark to light for numbers in order: along viridis without its yellow end."""
    stops = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (190, 190, 30))
    out = []
    for place in np.linspace(0, len(stops) - 1, count) if count > 1 else (1.0,):
        low = min(int(place), len(stops) - 2)
        mixed = (round(a + (place - low) * (b - a)) for a, b in zip(stops[low], stops[low + 1], strict=True))
        out.append("#" + "".join(f"{part:02x}" for part in mixed))
    return out


def legend(names: Sequence[str]) -> Spec:
    """A legend above the figure, in as many columns as fit 320 pixels (a phone)."""
    longest = min(150, 7 * max((len(name) for name in names), default=1))
    return {
        "title": None,
        "orient": "top",
        "direction": "horizontal",
        "columns": max(1, min(len(names), 320 // (longest + 28))),
        "symbolType": "stroke",
        "symbolStrokeWidth": 3,
        "symbolOpacity": 1,
        "symbolSize": 120,
    }


def time_axis(name: str, last: float) -> Spec:
    """Training time on an axis of log(1 + time), labelled with the time itself. ``name`` is ``epoch`` or ``step``."""
    return {
        "field": "time",
        "type": "quantitative",
        "title": f"{name} (spaced as log of {name} + 1)",
        "scale": {"type": "symlog", "constant": 1, "domain": [0, max(1.0, float(last))], "nice": False},
        "axis": {"values": decades(last), "labelExpr": PLAIN, "labelOverlap": True},
    }


def other_axis(name: str, places: np.ndarray) -> Spec:
    """Anything but training time, called ``name``: logarithmic where it spans nearly three decades above zero."""
    low, high = float(places.min()), float(places.max())
    log = low > 0 and high / low >= 500
    return {
        "field": "time",
        "type": "quantitative",
        "title": name,
        "scale": {"type": "log" if log else "linear", "domain": [low, high], "nice": False},
        "axis": log_axis(low, high) if log else {"labelExpr": PLAIN, "tickCount": 6},
    }


def decades(last: float) -> list[float]:
    """0, 1, 10, 100 … up to ``last``, with 2 and 5 between where the range is short, and each number below 8."""
    if last < 8:
        return [float(number) for number in range(1 + math.floor(max(1.0, last)))]
    powers = range(1 + math.ceil(math.log10(max(1.0, last)) + 1e-9))
    marks = (1,) if last > 200 else (1, 2, 5)
    return [0.0] + [float(m * 10**p) for p in powers for m in marks if m * 10**p <= max(1.0, last)]


def log_axis(low: float, high: float) -> Spec:
    """Powers of ten, with more marks between them the shorter the range."""
    powers = range(math.floor(math.log10(low)), 1 + math.ceil(math.log10(high)))
    marks = (1,) if high / low >= 100 else (1, 2, 5) if high / low >= 10 else (1, 1.5, 2, 3, 4, 5, 7)
    return {"values": [short(m * 10.0**p) for p in powers for m in marks], "labelExpr": PLAIN, "labelOverlap": True}


def domain(values: Iterable[float], *, log: bool = False) -> list[float]:
    """An explicit axis range: from zero (or below it) with some air on top; on a log axis from the smallest value."""
    shown = np.asarray([v for v in values if np.isfinite(v)], float)
    if log:
        low, high = (shown.min(), shown.max()) if len(shown) else (0.1, 1.0)
        return [short(low / 1.15), short(high * 1.15)]
    low, high = (min(0.0, shown.min()), shown.max()) if len(shown) else (0.0, 1.0)
    span = (high - low) or 1.0
    return [short(low - 0.03 * span) if low < 0 else 0.0, short(low + 1.05 * span)]


def close_up(values: Iterable[float]) -> list[float] | None:
    """An axis range around values that would fill between a hundredth and a quarter of an axis from zero."""
    shown = np.asarray([v for v in values if np.isfinite(v)], float)
    if not len(shown) or not 0.01 < (span := float(np.ptp(shown))) / max(shown.max(), 1e-300) < 0.25:
        return None
    return [short(shown.min() - 0.1 * span), short(shown.max() + 0.1 * span)]


def faintness(members: int) -> float:
    """The opacity of members' lines: the more of them are drawn, the fainter each, and each to be seen."""
    return max(0.3, min(0.6, 3 / max(1, members)))


def reference(axis: str, label: str, value: float) -> list[Spec]:
    """A level that curves are read against, such as H(X): a thin line across the figure, and what it is."""
    data = {"values": [{"level": short(value), "label": label}]}
    across = "x" if axis == "y" else "y"
    ends = {f"{across}": {"value": 0}, f"{across}2": {"value": "width" if across == "x" else "height"}}
    at = {axis: {"field": "level", "type": "quantitative"}, "color": {"value": FAINT}}
    beside = {"align": "left", "dx": 4, "dy": -6} if axis == "y" else {"align": "right", "dx": -5}
    words: Spec = {"text": {"field": "label"}, across: {"value": 0 if axis == "y" else {"expr": "0.6 * height"}}}
    line = {"type": "rule", "strokeDash": [2, 3], "strokeWidth": 1}
    return [
        {"data": data, "mark": line, "encoding": {**at, **ends}},
        {"data": data, "mark": {"type": "text", "fontSize": 11, **beside}, "encoding": {**at, **words}},
    ]


def short(value: float, digits: int = 5) -> float:
    """A few significant digits: a page holds thousands of these."""
    return float(f"{value:.{digits}g}")
