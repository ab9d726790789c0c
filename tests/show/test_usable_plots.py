"""Figures of what probes can read: several variables, layers against time, and the plane of what is relevant."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import vl_convert

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.rows import Rows
from infoscope.core.units import NATS_PER_BIT, nats
from infoscope.show.plots import _series
from infoscope.show.plots.heat_map import _least, heat_map
from infoscope.show.plots.information import information
from infoscope.show.plots.relevance_plane import relevance_plane
from infoscope.show.plots.variables import variables

CEILINGS = {"coarse": nats(1.0), "fine": nats(3.0)}
RECIPES = {"slow": {"learning_rate": 0.01, "batch": None}, "fast": {"learning_rate": 0.5, "batch": 32}}


def drawn(spec) -> str:
    return vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))


def written(spec) -> str:
    """The words of a drawing, whichever way its renderer folds them into lines."""
    return " ".join(re.sub("<[^>]*>", " ", drawn(spec)).split())


def said(spec) -> str:
    return " ".join(spec["title"]["subtitle"])


@pytest.fixture(scope="module")
def one(read_rows):
    return read_rows(("fast",))


def test_each_variable_is_a_line_with_its_entropy_where_that_is_known(one):
    spec = variables(one, site="hidden1", ceilings=CEILINGS)
    levels, _, line = spec["layer"]
    names = spec["encoding"]["color"]["scale"]["domain"]
    assert names == ["fine", "coarse", "fine given coarse", "colour"]
    known = {row["line"]: row["value"] for row in levels["data"]["values"]}
    assert known == {"coarse": 1.0, "fine": 3.0, "fine given coarse": 2.0}
    mean = [row["value"] for row in line["data"]["values"] if row["line"] == "fine given coarse"]
    wanted = one.filter(site="hidden1", variable="fine|coarse").curves()[2].mean(0) / NATS_PER_BIT
    np.testing.assert_allclose(mean, wanted, rtol=1e-4)
    assert spec["encoding"]["y"]["title"] == "I_u(T;Y) (bits)"
    assert spec["encoding"]["y"]["scale"]["domain"][1] > 3
    assert "dashed: the most there can be to read" in said(spec)
    drawn(spec)


def test_variables_are_read_at_the_last_layer_before_the_output(one):
    assert variables(one)["title"]["text"] == "What can be read of each variable at hidden2: fast"
    assert "no information about variables at nowhere" in written(variables(one, site="nowhere"))


def test_two_readings_of_one_variable_are_two_lines(read_rows):
    rows = read_rows(("fast",), members=1, steps=2)
    direct = rows.filter(variable="colour").table.to_pandas().assign(variable="coarse")
    import pyarrow as pa

    both = Rows.concat([rows, Rows(pa.Table.from_pandas(direct, schema=rows.table.schema, preserve_index=False))])
    names = variables(both)["encoding"]["color"]["scale"]["domain"]
    assert {"coarse, I_u(T;coarse)", "coarse, I(T;Y)"} <= set(names)


def test_the_heat_map_has_a_row_a_site_and_zero_as_its_least_colour(one):
    spec = heat_map(one.filter(variable="fine"))
    cells = spec["datasets"]["cells"]
    wanted = one.filter(variable="fine", site="output").curves()[2].mean(0) / NATS_PER_BIT
    np.testing.assert_allclose([cell["value"] for cell in cells if cell["place"] == 2], wanted, rtol=1e-4)
    assert spec["encoding"]["color"]["scale"]["domain"][0] == 0
    assert spec["title"]["text"] == "Usable information about fine: fast"
    svg = drawn(spec)
    assert all(f">{site}<" in svg for site in ("hidden1", "hidden2", "output"))
    assert heat_map(one)["title"]["text"] == "Usable information about colour: fast"  # I(T;Y) comes first


def test_the_heat_map_tells_its_intervals_and_marks_what_reaches_zero(one):
    rows = one.filter(variable="fine", member=0)
    cells = heat_map(rows)["datasets"]["cells"]
    assert all(cell["low"] <= cell["value"] <= cell["high"] for cell in cells if "low" in cell)
    spec = heat_map(rows)
    reaching = [cell for cell in cells if cell.get("low", 1) <= 0]
    assert ("a dot: it reaches 0" in said(spec)) == bool(reaching) == (len(spec["layer"]) == 2)


def test_colours_begin_above_zero_where_all_lies_far_above_it():
    assert _least([0.1, 0.9], 0.01) == 0
    assert _least([0.8, 0.9], 0.01) == pytest.approx(0.775)
    assert _least([0.88, 0.9], 0.1) == pytest.approx(0.5)  # intervals fit in
    assert _least([0.8, 0.9], 1.0) == 0


def test_sites_are_short_where_they_share_a_beginning_and_a_rule():
    blocks = ["transformer.h.0@tokens(8)", "transformer.h.11@tokens(8)", "transformer.ln_f@tokens(8)"]
    assert _series.short(blocks) == (["h.0", "h.11", "ln_f"], ["places in transformer", "rows by @tokens(8)"])
    assert _series.short(["hidden1", "output"]) == (["hidden1", "output"], [])
    mixed = ["transformer.h.0@tokens", "transformer.h.0@mean"]
    assert _series.short(mixed)[0] == ["0@tokens", "0@mean"]
    assert _series.short(["a.very.long.name.of.a.module"]) == (["….name.of.a.module"], [])


def test_a_conditional_is_named_in_words(one):
    spec = information(one.filter(quantity="I_u(T;fine|coarse)"))
    assert spec["title"]["text"] == "Usable information about fine given coarse: fast"
    assert spec["encoding"]["y"]["title"] == "I_u(T;fine|coarse) (bits)"


def test_the_plane_has_a_path_a_network_from_first_to_last(read_rows):
    rows = read_rows(members=4)
    spec = relevance_plane(rows, recipes=RECIPES, colour="learning_rate", ceilings=CEILINGS)
    means, marks = spec["datasets"]["means"], spec["datasets"]["marks"]
    for axis, variable in (("x", "fine|coarse"), ("y", "coarse")):
        wanted = rows.filter(network="fast", site="hidden2", variable=variable).curves()[2].mean(0) / NATS_PER_BIT
        np.testing.assert_allclose([row[axis] for row in means if row["network"] == "fast"], wanted, rtol=1e-4)
    assert [(row["network"], row["end"], row["time"]) for row in marks] == [
        ("slow", "first", 0.0), ("slow", "last", 31.0), ("fast", "first", 0.0), ("fast", "last", 31.0)
    ]  # fmt: skip
    assert len(spec["datasets"]["ends"]) == 8
    colour = spec["layer"][-1]["encoding"]["color"]
    assert colour["scale"]["domain"] == ["0.01", "0.5"]
    assert colour["legend"]["title"] == "learning rate"
    assert spec["encoding"]["x"]["title"] == "I_u(T;fine|coarse) (bits)"
    drawn(spec)


@pytest.mark.parametrize("count", [2, 8, 9, 24])
def test_no_two_networks_of_a_plane_look_alike(read_rows, count):
    rows = Rows.concat([read_rows(networks=(f"network{i}",), steps=2) for i in range(count)])
    spec = relevance_plane(rows)
    path = next(layer for layer in spec["layer"] if layer.get("data") == {"name": "means"})["encoding"]
    dashes = path["strokeDash"]["scale"]["range"] if count > 8 else [[1, 0]] * count
    looks = [(shade, *dash) for shade, dash in zip(path["color"]["scale"]["range"], dashes, strict=True)]
    assert len(set(looks)) == count
    assert path["color"]["legend"]["symbolLimit"] == 0  # all are named
    assert all(f"network{i}" in drawn(spec) for i in range(count))


def test_the_plane_takes_another_variable_site_and_colour(read_rows):
    rows = read_rows()
    spec = relevance_plane(rows, irrelevant="colour", site="output", recipes=RECIPES, colour="batch")
    assert spec["layer"][-1]["encoding"]["color"]["scale"]["domain"] == ["32", "all rows"]
    assert spec["encoding"]["x"]["title"] == "I_u(T;colour) (bits)"
    by_name = relevance_plane(rows)["layer"][-1]["encoding"]["color"]
    assert by_name["scale"]["domain"] == ["slow", "fast"]
    assert "no information about a variable beside" in written(relevance_plane(rows.filter(variable="coarse")))


def test_the_plane_refuses_what_it_cannot_place(read_rows):
    rows = read_rows(steps=2)
    with pytest.raises(UnknownNameError, match="colur"):
        relevance_plane(rows, irrelevant="colur")
    with pytest.raises(UnknownNameError, match="hidden3"):
        relevance_plane(rows, site="hidden3")
    with pytest.raises(InputError, match="recipes has none for network 'slow'"):
        relevance_plane(rows, colour="learning_rate")
    with pytest.raises(InputError, match="these rows hold 2 runs"):
        relevance_plane(Rows.concat([rows, read_rows(run="other", steps=2)]))


@pytest.mark.parametrize("size", [{"members": 1, "steps": 1}, {"members": 30, "steps": 40}])
def test_few_and_many_rows_are_drawn(read_rows, size):
    rows = read_rows(**size)
    for spec in (relevance_plane(rows), variables(rows.filter(network="fast")), heat_map(rows.filter(network="fast"))):
        assert "nothing to draw" not in drawn(spec)


def test_a_control_that_is_trained_on_another_variable_is_not_in_the_plane(make_run, read_rows):
    from infoscope.show.report._cards import sections

    control = read_rows(("control",), run="read", steps=3, trained="fine")
    run = make_run("read", Rows.concat([read_rows(run="read", steps=3), control]))
    (section,) = sections([run], [run.rows()])
    plane = next(p for block in section.blocks for p in block.panels if p.plot == "relevance_plane")
    spec = plane.cards[0].spec
    assert spec is not None
    assert {row["network"] for row in spec["datasets"]["means"]} == {"slow", "fast"}


def test_the_report_draws_them_once_a_run_or_once_a_network(make_run, read_rows, tmp_path):
    from infoscope.show.report._cards import sections

    networks = {name: {"title": name, "task": "made", "recipe": recipe} for name, recipe in RECIPES.items()}
    run = make_run("read", read_rows(run="read", steps=3), networks=networks, ceilings={"made": CEILINGS})
    (section,) = sections([run], [run.rows()])
    panels = [panel for block in section.blocks for panel in block.panels]
    counts = {name: [len(p.cards) for p in panels if p.plot == name] for name in {panel.plot for panel in panels}}
    assert counts == {
        "relevance_plane": [2], "variables": [2, 2, 2], "information": [2, 2, 2, 2], "curves": [2],
    }  # fmt: skip
    plane = next(panel for panel in panels if panel.plot == "relevance_plane")
    assert [card.column.title for card in plane.cards] == ["by learning rate", "by batch"]
    at = next(panel for panel in panels if panel.plot == "variables")
    assert at.heading == "What can be read of each variable: at hidden1 on test"
    assert "dashed: the most there can be to read" in said(at.cards[0].spec)
