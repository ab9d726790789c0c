"""Pictures of the examples that a layer says least and most about."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pyarrow as pa
import pytest
import vl_convert

from infoscope.core.errors import InputError
from infoscope.core.units import nats
from infoscope.show import _png
from infoscope.show.examples import COLUMNS, LINES, examples
from infoscope.show.report import write_report


def made(shape=(1, 8, 8), rows=40, kept=16) -> pa.Table:
    """Examples whose information grows from -1 bit to 1 bit, as `infoscope examples` writes them."""
    pvi = np.linspace(nats(-1), nats(1), rows)
    pixels = np.random.default_rng(0).integers(0, 256, (rows, *shape), dtype=np.uint8)
    images = [pixels[i].tobytes() if i < kept or i >= rows - kept else None for i in range(rows)]
    about = {"network": "tanh", "site": "hidden1", "step": 70, "epoch": 7.0, "variable": "label", "probe": "linear",
             "estimand": "usable by linear softmax probes", "members": 3, "value": 0.0, "split": "test",
             "shape": list(shape)}  # fmt: skip
    table = pa.table({
        "row": np.arange(rows) + 100, "label": np.arange(rows) % 10, "pvi_nats": pvi, "spread_nats": np.full(rows, 0.1),
        "image": pa.array(images, pa.binary()),
    })  # fmt: skip
    return table.replace_schema_metadata({"infoscope.examples": json.dumps(about)})


def cells(figure):
    return figure.spec["layer"][0]["data"]["values"]


def test_a_png_holds_the_pixels():
    pixels = np.random.default_rng(1).integers(0, 256, (3, 60, 50), dtype=np.uint8)
    uri = _png.data_uri(pixels)
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert content[16:24] == (50).to_bytes(4, "big") + (60).to_bytes(4, "big")
    start = content.index(b"IDAT")
    body = zlib.decompress(content[start + 4 : start + 4 + int.from_bytes(content[start - 4 : start], "big")])
    lines = np.frombuffer(body, np.uint8).reshape(60, 1 + 3 * 50)[:, 1:].reshape(60, 50, 3)
    np.testing.assert_array_equal(lines.transpose(2, 0, 1), pixels)


def test_a_small_image_is_repeated_and_not_blurred():
    content = base64.b64decode(_png.data_uri(np.zeros((1, 8, 8), np.uint8)).partition(",")[2])
    assert int.from_bytes(content[16:20], "big") == 48


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
def test_least_come_first_and_most_from_the_top(shape):
    figure = examples(made(shape))
    found = cells(figure)
    assert len(found) == 2 * COLUMNS * LINES
    assert [cell["row"] for cell in found[:3]] == [100, 101, 102]
    assert [cell["row"] for cell in found[COLUMNS * LINES :][:2]] == [139, 138]
    assert found[0]["words"] == ["0", "-1.00"]
    assert found[-1]["bits"] > found[0]["bits"]
    assert "about label at hidden1, epoch 7, mean of 3 members" in " ".join(figure.spec["title"]["subtitle"])
    svg = vl_convert.vegalite_to_svg(json.dumps(figure.spec, allow_nan=False))
    assert svg.count("<image") == len(found)


def test_few_examples_are_shown_once():
    rows = [cell["row"] for cell in cells(examples(made(rows=7)))]
    assert sorted(rows) == list(range(100, 107))


def test_what_is_no_image_is_refused():
    about = json.loads((made().schema.metadata or {})[b"infoscope.examples"])
    table = made().replace_schema_metadata({"infoscope.examples": json.dumps({**about, "shape": []})})
    with pytest.raises(InputError, match=r"have the shape of plain columns, wanted images of 1 or 3 channels"):
        examples(table)
    with pytest.raises(InputError, match=r"this table holds no examples: make one with `infoscope examples RUN`"):
        examples(pa.table({"row": [1]}))


def test_the_report_shows_the_examples_that_a_run_folder_holds(make_run, make_rows, tmp_path):
    run = make_run("seen", make_rows(members=1, steps=2, run="seen"))
    run.store_examples("one.parquet", made())
    page = write_report([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The examples it says least and most about: about label at hidden1, step 70" in page
    assert page.count("data:image/png;base64,") >= 2 * COLUMNS * LINES
