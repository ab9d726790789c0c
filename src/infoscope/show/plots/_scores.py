"""What figures of compression scores share: rows as points with intervals, their options in words, and the zones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infoscope.core.rows import Rows
from infoscope.core.units import bits
from infoscope.show.plots import _style
from infoscope.show.plots._style import Spec

FLAT, COMPRESSES = 0.3, 0.5  # bits: a layer is flat up to the one and compresses from the other
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")


def points(rows: Rows, by_layer: bool) -> tuple[list[Spec], list[str]]:
    """Each row as ``{line, site, place, at, value, low, high, n}`` in bits, and the lines' names, both in row order.

    A line is one set of options, and of one layer where ``by_layer``.
    A row without a value is left out; one without an interval has ``low`` = ``high`` = ``value``.
    """
    names = ("site", "site_index", "epoch", "value", "low", "high", "n", "options")
    columns = {name: rows.table[name].to_pylist() for name in names}
    sites = columns["site"] if by_layer else [""] * len(rows)
    said = labels(list(dict.fromkeys(zip(columns["options"], sites, strict=True))))
    found = []
    for site, place, at, value, low, high, n, options in zip(*columns.values(), strict=True):
        if value is None:
            continue
        ends = (value, value) if low is None or high is None else (low, high)
        found.append(
            {
                "line": said[options, site if by_layer else ""],
                "site": site,
                "place": place,
                "at": _style.short(at),
                "value": _style.short(bits(value)),
                "low": _style.short(bits(ends[0])),
                "high": _style.short(bits(ends[1])),
                "n": n,
            }
        )
    return found, list(dict.fromkeys(point["line"] for point in found))


def labels(ways: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """For each (options, site): what tells its options from the others', and the site where layers differ."""
    parsed = {way: json.loads(way[0]) for way in ways}
    layers = {site.removesuffix(".linear") for _, site in ways}
    said = {}
    for (options, site), content in parsed.items():
        parts = [words(name, content[name]) for name in content if _tells_apart(name, list(parsed.values()))]
        parts += ["in net input"] if site.endswith(".linear") else []
        parts += [site.removesuffix(".linear")] if len(layers) > 1 else []
        said[options, site] = ", ".join(filter(None, parts)) or site
    return said


def _tells_apart(name: str, options: Sequence[Mapping[str, Any]]) -> bool:
    return len({json.dumps(content.get(name)) for content in options}) > 1


def words(name: str, value: Any) -> str:
    """One option for a reader: ``range [-1.0, 1.0]`` is "on [-1, 1]"."""
    if name == "range":
        return "recorded range" if value == "recorded" else f"on [{value[0]:g}, {value[1]:g}]"
    if name == "form":
        return {"interval": "", "quantiles": "equal mass", "adaptive": "equal levels"}.get(value, str(value))
    if name == "bins":
        return f"bins: {value}"
    return str(value)


def colours(lines: Sequence[str]) -> tuple[Spec, Spec]:
    """The colour and the shape channel of ``lines``: two carriers of one meaning."""
    colour = _style.colours(lines, [round(k * 7 / max(1, len(lines) - 1)) % 8 for k in range(len(lines))])
    shapes = [SHAPES[k % len(SHAPES)] for k in range(len(lines))]
    colour["legend"] = {**colour["legend"], "symbolType": "circle", "symbolStrokeWidth": 1}
    shape = {"field": "line", "type": "nominal", "scale": {"domain": list(lines), "range": shapes}}
    return colour, {**shape, "legend": colour["legend"]}


def span(found: Sequence[Spec]) -> list[float]:
    """The range of the axis of scores: every interval, and the zones in any case."""
    low = min(0.0, *(point["low"] for point in found))
    high = max(2 * COMPRESSES, *(point["high"] for point in found))
    air = 0.04 * (high - low)
    return [_style.short(low - air if low < 0 else 0.0), _style.short(high + air)]


def zones(scores: str, across: str) -> Spec:
    """Dashed lines at the two thresholds, over the whole of ``across``; ``scores`` is the channel of the scores."""
    ends = {across: {"value": 0}, f"{across}2": {"value": "width" if across == "x" else "height"}}
    return {
        "data": {"values": [{"edge": FLAT}, {"edge": COMPRESSES}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": _style.FAINT, "strokeWidth": 1},
        "encoding": {scores: {"field": "edge", "type": "quantitative"}, **ends},
    }


def axis_title(words: str) -> str:
    """What an axis of scores is called that are ``words``."""
    return f"{words[0].lower()}{words[1:]} (bits)"


def tooltip(*fields: tuple[str, str]) -> list[Spec]:
    given = [{"field": field, "title": title} for field, title in fields]
    numbers = [
        {"field": name, "title": title, "format": ".3f"}
        for name, title in (("value", "score (bits)"), ("low", "from"), ("high", "to"))
    ]
    return [*given, *numbers, {"field": "n", "title": "seeds"}]
