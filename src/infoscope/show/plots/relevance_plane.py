"""What networks keep of the variable they are trained on, and of one they do not need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from infoscope.core.errors import InputError, unknown_name
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.show.plots import _relevance, _series, _style
from infoscope.show.plots._series import Line
from infoscope.show.plots._style import Spec

heading = "Relevant against irrelevant information"
order = 1
kinds = ("usable", "information")
reported = ("usable",)
by = "network"

_DASHES = ([1, 0], [5, 3], [1.5, 2.5])  # of the first networks that the palette has a colour for, the next, ...


def relevance_plane(
    rows: Rows,
    *,
    relevant: str = "",
    irrelevant: str = "",
    site: str = "",
    recipes: Mapping[str, Mapping[str, Any]] | None = None,
    colour: str = "",
    ceilings: Mapping[str, float] | None = None,
    width: int = 460,
    height: int = 340,
) -> Spec:
    """Information about the relevant variable against that about another, in bits: one path for each network.

    A path is the mean over members, from an open circle (the first recorded step) to a filled one (the last); small
    dots are each member's last. ``rows`` are of one run and any number of networks.

    relevant: the variable trained on, by default the one that the rows' accuracy or loss is about. irrelevant: by
        default the first other one, a conditional ("fine|coarse") before others. site: the last before the output.
    recipes: what each network was trained with, by name. colour: the number of the recipe that colours the paths, such
        as ``"learning_rate"`` or ``"batch"``; without it each network has a colour of its own.
    ceilings: the most there is to read, in nats by variable, drawn as dashed lines.

    Raises
    ------
    InputError: for rows of more than one run, or recipes without ``colour``. UnknownNameError: for a variable or site
        that the rows do not have.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("relevance_plane", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Relevant against irrelevant information...')
    """
    if len(runs := rows.unique("run")) > 1:
        raise InputError(f"these rows hold {len(runs)} runs ({', '.join(runs[:6])}), a plot shows one: filter(run=…)")
    trained = _relevance.trained_on(rows)
    rows = _relevance.about_variables(rows)
    names = rows.unique("variable")
    relevant = relevant or (trained if trained in names else names[-1] if names else "")
    others = _relevance.others(rows, relevant)
    if not irrelevant and not others:
        missing = "nothing to draw: these rows hold no information about a variable beside the one trained on"
        return _style.nothing(heading, missing, width, height)
    irrelevant = irrelevant or others[0]
    for name in (relevant, irrelevant):
        if name not in names:
            raise unknown_name("variable of these rows", name, names)
    sites = rows.sites()
    site = site or rows.last_hidden_site()
    if site not in sites:
        raise unknown_name("site of these rows", site, sites)
    rows, remarks = _series.first(rows.filter(site=site), "estimator", "split")
    found = {name: _path(rows.filter(network=name), irrelevant, relevant) for name in rows.unique("network")}
    found = {name: path for name, path in found.items() if path is not None}
    if not found:
        missing = f"nothing to draw: no network has both {_series.about(irrelevant)} and {relevant} at {site}"
        return _style.nothing(heading, missing, width, height)
    kinds = {name: _value_of(name, recipes or {}, colour) for name in found}
    data = _data(found, kinds)
    unit = ("I_u(T;{})" if "usable" in rows.unique("kind") else "I(T;{})") + " (bits)"
    words = unit.format(irrelevant), unit.format(relevant)
    members = {len(x.members) for x, _ in found.values()}
    counted = f"mean of {max(members)} members" if max(members) > 1 else "one member"
    remarks = [f"{len(found)} networks" if len(found) > 1 else next(iter(found)), counted, *remarks]
    remarks.append("from the open circle (first recorded step) to the filled one (last)")
    if data["ends"]:
        remarks.append("dots: where each member ends")
    most = {axis: _relevance.ceiling(name, ceilings or {}) for axis, name in (("x", irrelevant), ("y", relevant))}
    levels = {axis: level for axis, level in most.items() if level is not None}
    if levels:
        remarks.append("dashed: the most there can be to read")
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(f"{heading} at {site}", remarks, width),
        "width": width,
        "height": height,
        "config": _style.CONFIG,
        "datasets": data,
        "encoding": _axes(data, words, levels),
        "layer": [*_levels(levels), *_layers(_colour(kinds, colour), words)],
    }


def _path(rows: Rows, irrelevant: str, relevant: str) -> tuple[Line, Line] | None:
    """One network's means at the steps that have both, and its members; None where there are none."""
    x_rows, y_rows = rows.filter(variable=irrelevant), rows.filter(variable=relevant)
    if not len(x_rows) or not len(y_rows):
        return None
    x_rows, y_rows = _one_quantity(x_rows, ""), _one_quantity(y_rows, x_rows.unique("quantity")[0])
    x, y = _series.paired(*(_series.read(part).lines[0] for part in (x_rows, y_rows)))
    return (x, y) if np.isfinite(x.mean()).any() else None


def _one_quantity(rows: Rows, beside: str) -> Rows:
    """Of one variable: the chain's part where ``beside`` is another part of it, else what was read directly."""
    held = rows.unique("quantity")
    parts = [name for name in held if name != LABEL_INFORMATION]
    of_parts = beside not in ("", LABEL_INFORMATION) or LABEL_INFORMATION not in held
    return rows.filter(quantity=parts[0] if parts and of_parts else LABEL_INFORMATION)


def _value_of(network: str, recipes: Mapping[str, Mapping[str, Any]], colour: str) -> str:
    """What decides a network's colour, as text."""
    if not colour:
        return network
    if network not in recipes or colour not in recipes[network]:
        raise InputError(f"colour is {colour!r}, and recipes has none for network {network!r}: pass recipes that do")
    value = recipes[network][colour]
    return f"{value:g}" if isinstance(value, (int, float)) else "all rows" if value is None else str(value)


def _data(found: Mapping[str, tuple[Line, Line]], kinds: Mapping[str, str]) -> dict[str, list[Spec]]:
    means: list[Spec] = []
    marks: list[Spec] = []
    ends: list[Spec] = []
    for name, (x, y) in found.items():
        mean_x, mean_y = x.mean(), y.mean()
        at: list[int] = [i for i in _series.thin(x.steps).tolist() if np.isfinite(mean_x[i])]
        path = [
            {"network": name, "kind": kinds[name], "step": int(x.steps[i]), "time": _style.short(x.times[i]),
             "x": _style.short(mean_x[i]), "y": _style.short(mean_y[i])}
            for i in at
        ]  # fmt: skip
        means += path
        marks += [{**path[0], "end": "first"}, {**path[-1], "end": "last"}]
        if len(x.values) > 1:
            last: list[list[float]] = np.stack([x.values[:, at[-1]], y.values[:, at[-1]]], 1).tolist()
            shown = [(a, b) for a, b in last if np.isfinite(a)]
            ends += [{"kind": kinds[name], "x": _style.short(a), "y": _style.short(b)} for a, b in shown]
    return {"means": means, "marks": marks, "ends": ends}


def _axes(data: dict[str, list[Spec]], words: tuple[str, str], levels: Mapping[str, float]) -> Spec:
    out: Spec = {}
    for axis, title in zip(("x", "y"), words, strict=True):
        values = [row[axis] for rows in data.values() for row in rows] + [levels.get(axis, 0.0)]
        out[axis] = {
            "field": axis,
            "type": "quantitative",
            "title": title,
            "scale": {"domain": _style.domain(values), "nice": False},
            "axis": {"tickCount": 6, "labelExpr": _style.PLAIN},
        }
    return out


def _levels(levels: Mapping[str, float]) -> list[Spec]:
    mark = {"type": "rule", "strokeDash": [5, 3], "color": _style.FAINT}
    out = []
    for axis, level in levels.items():
        across, ends = ("y", "height") if axis == "x" else ("x", "width")
        place = {across: {"value": 0}, f"{across}2": {"value": ends}}
        out.append({"data": {"values": [{axis: _style.short(level)}]}, "mark": mark, "encoding": place})
    return out


def _colour(kinds: Mapping[str, str], colour: str) -> Spec:
    """One colour for each kind: of networks by name, of a number from its smallest value to its largest."""
    order = list(dict.fromkeys(kinds.values()))
    if colour:
        order.sort(key=lambda text: float(text) if text != "all rows" else np.inf)
        shades = _style.shades(len(order))
    else:
        shades = [_style.PALETTE[i % len(_style.PALETTE)] for i in range(len(order))]
    legend = {**_style.legend(order), "title": colour.replace("_", " ") or None, "symbolLimit": 0}
    scale = {"domain": order, "range": shades}
    return {"field": "kind", "type": "nominal", "scale": scale, "legend": legend}


def _dashes(colour: Spec) -> Spec:
    """Lines of networks beyond the palette's colours are dashed, so that no two look alike among 24."""
    order = colour["scale"]["domain"]
    rounds = [_DASHES[i // len(_style.PALETTE) % len(_DASHES)] for i in range(len(order))]
    return {**colour, "scale": {"domain": order, "range": rounds}}


def _layers(colour: Spec, words: tuple[str, str]) -> list[Spec]:
    along = {"field": "time", "type": "quantitative"}
    tooltip = [
        {"field": "network"},
        {"field": "kind", "title": colour["legend"]["title"] or "network"},
        {"field": "time", "title": "at", "format": ",~r"},
        {"field": "x", "title": words[0], "format": ".4g"},
        {"field": "y", "title": words[1], "format": ".4g"},
    ]
    detail = {"field": "network"}
    lines = {"color": colour, "detail": detail, "order": along}
    if len(colour["scale"]["domain"]) > len(set(colour["scale"]["range"])):
        lines["strokeDash"] = _dashes(colour)
    line = {"type": "line", "clip": True, "strokeWidth": 1.8, "opacity": 0.8}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1, "strokeWidth": 1.8}
    return [
        {
            "data": {"name": "ends"},
            "mark": {"type": "circle", "clip": True, "size": 14, "opacity": 0.5},
            "encoding": {"color": colour},
        },
        {"data": {"name": "means"}, "mark": line, "encoding": lines},
        {
            "data": {"name": "marks"},
            "transform": [{"filter": "datum.end === 'first'"}],
            "mark": {**point, "fill": "white"},
            "encoding": {"stroke": colour, "detail": detail, "tooltip": tooltip},
        },
        {
            "data": {"name": "marks"},
            "transform": [{"filter": "datum.end === 'last'"}],
            "mark": point,
            "encoding": {"color": colour, "detail": detail, "tooltip": tooltip},
        },
    ]
