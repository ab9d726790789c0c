"""The verdict as a function of how it was measured."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots import _scores, _series, _style
from infoscope.show.plots._style import Spec

heading = "Verdict by the way of measuring"
order = 0
kinds = ("swept score",)
by = "site"


def sweep(rows: Rows, *, width: int = 460, height: int = 280) -> Spec:
    """The compression score in bits against the option that was swept, with its interval over seeds.

    One line for each other option (where the bins lie) and layer; ``rows`` are of one network and one quantity, its
    first when there are several. Below the lower dashed line a layer is flat, above the upper it compresses.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("sweep", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Verdict by the way of measuring...')
    """
    rows = _series.one_network(rows)
    held = _series.quantities(rows, kinds)
    if not held:
        return _style.nothing(heading, "nothing to draw: these rows hold no compression scores", width, height)
    rows = rows.filter(quantity=held[0])
    found, lines = _scores.points(rows, by_layer=True)
    text = f"Compression score: {rows.unique('network')[0]}"
    if not found:
        return _style.nothing(text, "nothing to draw: no score has a value", width, height)
    colour, shape = _scores.colours(lines)
    places = rows.column("epoch")
    low, high = places.min() / 1.2, places.max() * 1.2
    axis = {
        "field": "at",
        "type": "quantitative",
        "title": rows.unique("axis")[0],
        "scale": {"type": "log", "domain": [_style.short(low), _style.short(high)], "nice": False},
        "axis": _style.log_axis(low, high),
    }
    remarks = [
        f"bars: 95 % interval over {max(point['n'] for point in found)} seeds",
        f"dashed: flat up to {_scores.FLAT:g} bits, compresses from {_scores.COMPRESSES:g}",
    ]
    bars = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, "color": colour}
    tooltip = _scores.tooltip(("line", "measured"), ("at", rows.unique("axis")[0]))
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(text, remarks, width),
        "width": width,
        "height": height,
        "config": _style.CONFIG,
        "data": {"values": found},
        "encoding": {"x": axis, "y": _value(_scores.span(found), _scores.axis_title(_series.quantity(rows)[1]))},
        "layer": [
            _scores.zones("y", "x"),
            {"mark": {"type": "rule", "opacity": 0.5}, "encoding": bars},
            {"mark": {"type": "line", "clip": True, "strokeWidth": 1.5}, "encoding": {"color": colour}},
            {
                "mark": {"type": "point", "size": 34, "filled": True, "opacity": 1},
                "encoding": {"color": colour, "shape": shape, "tooltip": tooltip},
            },
        ],
    }


def _value(span: list[float], title: str) -> Spec:
    return {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "scale": {"domain": span, "nice": False},
        "axis": {"labelExpr": _style.PLAIN, "tickCount": 6},
    }
