"""A plate of images: some of each fine class, the coarse classes beside one another."""

from __future__ import annotations

import json

import numpy as np

from infoscope.core.rows import Rows
from infoscope.show.plots import _series, _style
from infoscope.show.plots._style import Spec

heading = "Images of each class"
order = 0
kinds = ("picture",)
by = "variable"

_GAP = 1  # pixels between images
_LABEL = 14  # pixels for the name of a class before its images
_COLOURS = ("#2166ac", "#b35806", "#1b7837", "#762a83")  # of coarse classes, as often as needed


def plate(rows: Rows, *, width: int = 620) -> Spec:
    """Grey images, a row a fine class, those of each coarse class in a block of its own colour.

    A site of the rows is an example, a variable a class behind its coarse one (``"below five: digit 0"``), and the axis
    counts an image's pixels, line by line; options say the ``width`` of an image. ``rows`` are of one network; of
    several members the first is drawn.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("plate", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Images of each class')
    """
    rows = _series.one_quantity(_series.one_network(rows), kinds)
    said = {name: json.loads(rows.filter(variable=name).unique("options")[0]) for name in rows.unique("variable")}
    across = {each.get("width") for each in said.values()}
    side = across.pop() if len(across) == 1 else None
    if not isinstance(side, int) or side < 1:
        return _style.nothing(heading, "nothing to draw: these rows hold no images of one width", width, 120)
    rows = rows.filter(member=rows.unique("member")[0])
    blocks: dict[str, list[str]] = {}
    for name in said:
        blocks.setdefault(name.rpartition(": ")[0], []).append(name)
    block = _LABEL + len(rows.sites()) * (side + _GAP)
    pixels: list[Spec] = []
    names: list[Spec] = []
    high = 1
    for column, variables in enumerate(blocks.values()):
        for row, name in enumerate(variables):
            names.append({"column": column, "row": row, "class": name.rpartition(": ")[2]})
            for place, example in enumerate(rows.sites()):
                mine = rows.filter(variable=name, site=example)
                grey = mine.column("value")[np.argsort(mine.column("epoch"), kind="stable")].tolist()
                high = max(high, -(-len(grey) // side))
                left = column * block + _LABEL + place * (side + _GAP)
                pixels += [
                    {"x": left + k % side, "y": k // side, "row": row, "grey": _style.short(float(value), 2)}
                    for k, value in enumerate(grey)
                ]
    down, tall = high + _GAP, max(map(len, blocks.values()))
    frames = [
        {"left": i * block, "right": (i + 1) * block, "bottom": down * len(blocks[name]), "coarse": name}
        for i, name in enumerate(blocks)
    ]
    whole = len(blocks) * block
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, whole], "nice": False}}
    y: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [-_GAP, down * tall], "reverse": True}}
    y["scale"]["nice"] = False
    colours = [_COLOURS[k % len(_COLOURS)] for k in range(len(blocks))]
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(heading, ["a block for each class that is trained on"], width),
        "width": width,
        "height": round(width * (down * tall + _GAP) / whole),
        "config": _style.CONFIG,
        "datasets": {"pixels": pixels, "frames": frames, "names": names},
        "layer": [
            {
                "data": {"name": "frames"},
                "transform": [{"calculate": f"-{_GAP}", "as": "top"}],
                "mark": {"type": "rect"},
                "encoding": {
                    "x": {**x, "field": "left"},
                    "x2": {"field": "right"},
                    "y": {**y, "field": "top"},
                    "y2": {"field": "bottom"},
                    "color": {
                        "field": "coarse",
                        "type": "nominal",
                        "scale": {"domain": list(blocks), "range": colours},
                        "legend": {"title": None, "orient": "top"},
                    },
                },
            },
            {
                "data": {"name": "names"},
                "transform": [
                    {"calculate": f"datum.column * {block} + 1", "as": "left"},
                    {"calculate": f"datum.row * {down} + {high / 2}", "as": "middle"},
                ],
                "mark": {"type": "text", "align": "left", "baseline": "middle", "color": "white", "limit": 60},
                "encoding": {
                    "x": {**x, "field": "left"},
                    "y": {**y, "field": "middle"},
                    "text": {"field": "class"},
                },
            },
            {
                "data": {"name": "pixels"},
                "transform": [
                    {"calculate": "datum.x + 1", "as": "right"},
                    {"calculate": f"datum.y + datum.row * {down}", "as": "top"},
                    {"calculate": f"datum.y + datum.row * {down} + 1", "as": "bottom"},
                ],
                "mark": {"type": "rect"},
                "encoding": {
                    "x": {**x, "field": "x"},
                    "x2": {"field": "right"},
                    "y": {**y, "field": "top"},
                    "y2": {"field": "bottom"},
                    "fill": {
                        "field": "grey",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1], "range": ["#000000", "#ffffff"]},
                        "legend": None,
                    },
                },
            },
        ],
    }
