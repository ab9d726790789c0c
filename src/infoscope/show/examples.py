"""The examples that a layer says least and most about, as pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from infoscope.core import text
from infoscope.core.errors import InputError
from infoscope.core.units import bits, shown
from infoscope.show import _png
from infoscope.show.figures import Drawing
from infoscope.show.plots import _style
from infoscope.show.plots._style import Spec

HEADING = "The examples it says least and most about"
COLUMNS, LINES = 8, 2  # pictures beside each other, and lines of them at either end
_SIDE, _ROW, _WORDS = 38, 68, 22  # pixels: of a picture, of a line with what is written under it, of a heading


def examples(table: pa.Table, *, width: int = 460) -> Drawing:
    """A table of ``infoscope examples`` as a figure: the images with the least above, those with the most below.

    Under each is its information in bits (mean over members) and its label.

    Raises
    ------
    InputError: another table, or examples that are no images of one or three channels.
    """
    about = described(table)
    if len(about["shape"]) != 3 or about["shape"][0] not in (1, 3):
        raise InputError(
            f"the examples of {about['network']} have the shape {about['shape'] or 'of plain columns'}, wanted images "
            "of 1 or 3 channels: read the table itself"
        )
    if "pvi" in table.column_names:  # before columns said their unit
        table = table.rename_columns([{"pvi": "pvi_nats"}.get(name, name) for name in table.column_names])
    rows = table.filter(pa.compute.is_valid(table["image"])).to_pylist()  # type: ignore[attr-defined]
    half = min(COLUMNS * LINES, -(-len(rows) // 2))
    ends = (("least", rows[:half]), ("most", rows[len(rows) - min(half, len(rows) - half) :][::-1]))
    cells, headings, top = [], [], 0
    for name, found in ends:
        headings.append({"top": top + _WORDS / 2, "text": f"{name} (label, bits)"})
        cells += [_cell(row, about["shape"], i, top + _WORDS) for i, row in enumerate(found)]
        top += _WORDS + _ROW * -(-len(found) // COLUMNS)
    return Drawing(_drawn(cells, headings, about, width, top))


def described(table: pa.Table) -> Mapping[str, Any]:
    """What a table of examples says about itself: where it was measured, how, and the shape of its images."""
    stored = (table.schema.metadata or {}).get(b"infoscope.examples")
    if stored is None:
        raise InputError("this table holds no examples: make one with `infoscope examples RUN`")
    about = json.loads(stored)
    return {**text.content(about, text.name), "estimand": text.sentence(about["estimand"])}


def _cell(row: Mapping[str, Any], shape: list[int], place: int, top: int) -> Spec:
    label = text.name(str(row["label"]))
    pixels = np.frombuffer(row["image"], np.uint8).reshape(shape)
    return {
        "column": place % COLUMNS + 0.5,
        "top": top + _ROW * (place // COLUMNS) + _SIDE / 2,
        "picture": _png.data_uri(pixels),
        "words": [label, f"{bits(row['pvi_nats']):+.2f}"],
        "row": row["row"],
        "label": label if isinstance(row["label"], str) else row["label"],
        "bits": _style.short(bits(row["pvi_nats"])),
    }


def _drawn(cells: list[Spec], headings: list[Spec], about: Mapping[str, Any], width: int, height: int) -> Spec:
    members = f"mean of {about['members']} members" if about["members"] > 1 else "one member"
    remarks = [
        f"about {about['variable']} at {about['site']}, epoch {about['epoch']:g}, {members}",
        f"in the mean {shown(about['value'], 'nats')}",
        "below zero: read as another class",
    ]
    y = {
        "field": "top",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, height], "reverse": True, "nice": False},
    }
    x = {"field": "column", "type": "quantitative", "axis": None, "scale": {"domain": [0, COLUMNS], "nice": False}}
    tooltip = [{"field": "row", "title": "row of the task"}, {"field": "label"}, {"field": "bits", "format": ".4g"}]
    return {
        "$schema": _style.SCHEMA,
        "title": _style.title(f"{HEADING}: {about['network']}", remarks, width),
        "width": width,
        "height": height,
        "config": _style.CONFIG,
        "layer": [
            {
                "data": {"values": cells},
                "mark": {"type": "image", "width": _SIDE, "height": _SIDE},
                "encoding": {"x": x, "y": y, "url": {"field": "picture"}, "tooltip": tooltip},
            },
            {
                "data": {"values": [{name: cell[name] for name in ("column", "top", "words")} for cell in cells]},
                "mark": {"type": "text", "dy": _SIDE / 2 + 8, "fontSize": 9.5, "lineHeight": 10, "color": _style.INK},
                "encoding": {"x": x, "y": y, "text": {"field": "words"}},
            },
            {
                "data": {"values": headings},
                "mark": {"type": "text", "align": "left", "fontSize": 11, "color": _style.FAINT},
                "encoding": {"x": {"value": 0}, "y": y, "text": {"field": "text"}},
            },
        ],
    }
