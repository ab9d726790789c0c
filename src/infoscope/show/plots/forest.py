"""Scores and effects side by side, each with its interval."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots import _scores, _series, _style
from infoscope.show.plots._style import Spec

heading = "Scores and effects"
order = 0
kinds = ("effect", "score")
by = "site"


def forest(rows: Rows, *, width: int = 460, row_height: int = 34) -> Spec:
    """A dot with its interval over seeds for each site, in bits, and within a site for each set of options.

    ``rows`` are of one network, quantity and split, the first of each when there are several; scores have the zones
    of the verdicts (flat below the lower dashed line, compressing above the upper), effects a line at 0.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("forest", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Scores and effects...')
    """
    rows = _series.one_network(rows)
    held = _series.quantities(rows, kinds)
    if not held:
        return _style.nothing(heading, "nothing to draw: these rows hold no scores and no effects", width, 120)
    rows = rows.filter(quantity=held[0])
    rows = rows.filter(split=rows.unique("split")[0])
    found, lines = _scores.points(rows, by_layer=False)
    text = held[0].capitalize() + f": {rows.unique('split')[0]}"
    if not found:
        return _style.nothing(text, "nothing to draw: no row has a value", width, 120)
    kind, words, _ = _series.quantity(rows)
    sites = [site for _, site in sorted({(point["place"], point["site"]) for point in found})]
    colour, shape = _scores.colours(lines)
    span = _scores.span(found)
    remarks = [f"bars: 95 % interval over {max(point['n'] for point in found)} seeds"]
    if kind == "score":
        remarks.append(f"dashed: flat up to {_scores.FLAT:g} bits, compresses from {_scores.COMPRESSES:g}")
    zero = {"data": {"values": [{"edge": 0}]}, "mark": {"type": "rule", "color": _style.FAINT},
            "encoding": {"x": {"field": "edge", "type": "quantitative"}}}  # fmt: skip
    y = {
        "field": "site",
        "type": "nominal",
        "title": None,
        "scale": {"domain": sites, "paddingInner": 0.25},
        "axis": {"grid": True, "labelLimit": 220, "domain": False, "ticks": False},
    }
    offset = {"field": "line", "type": "nominal", "scale": {"domain": lines}}
    place = {"y": y, "yOffset": offset}
    bars = {"x": _value("low", span, _scores.axis_title(words)), "x2": {"field": "high"}, **place, "color": colour}
    dots = {"x": _value("value", span, _scores.axis_title(words)), **place, "color": colour, "shape": shape,
            "tooltip": _scores.tooltip(("site", "which"), ("line", "measured"))}  # fmt: skip
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(text, remarks, width),
        "width": width,
        "height": row_height * len(sites),
        "config": _style.CONFIG,
        "data": {"values": found},
        "layer": [
            _scores.zones("x", "y") if kind == "score" else zero,
            {"mark": {"type": "rule", "opacity": 0.6}, "encoding": bars},
            {"mark": {"type": "point", "size": 34, "filled": True, "opacity": 1}, "encoding": dots},
        ],
    }


def _value(field: str, span: list[float], title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": span, "nice": False},
        "axis": {"labelExpr": _style.PLAIN, "tickCount": 6},
    }
