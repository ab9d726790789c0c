"""Curves that run over something else than training: the axis they say, all of their points, nothing that plays."""

from __future__ import annotations

import numpy as np
import pytest
import vl_convert

from infoscope.core.estimate import Estimate
from infoscope.core.older_rows import quantity as known
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.core.units import nats
from infoscope.show.plots.information import information
from infoscope.show.plots.plane import plane
from infoscope.show.report._cards import Column, blocks


def made(places, axis="weight w", quantities=("I(X;T)",), values=None, n=0, members=1, sites=("30 bins",)) -> Rows:
    builder = RowsBuilder("made")
    values = np.linspace(0, 3, len(places)) if values is None else values
    for quantity in quantities:
        for site_index, site in enumerate(sites):
            for member in range(members):
                for step, (place, value) in enumerate(zip(places, values, strict=True)):
                    at = Place(
                        network="unit", step=step, epoch=float(place), site=site, site_index=site_index, member=member,
                        variable="label" if quantity == "I(T;Y)" else "input", estimator="exact", axis=axis,
                    )  # fmt: skip
                    builder.add(at, Estimate(nats(float(value)), known(quantity, "", "nats"), "made up", n))
    return builder.rows()


@pytest.mark.parametrize(
    ("places", "scale"),
    [((0.05, 1.0, 10.0), "linear"), ((-1.0, 0.0, 600.0), "linear"), ((0.01, 1.0, 10.0), "log")],
)
def test_the_axis_has_the_rows_own_name_range_and_a_scale_that_fits(places, scale):
    spec = information(made(places))
    x = spec["encoding"]["x"]
    assert x["title"] == "weight w"
    assert x["scale"]["type"] == scale
    assert x["scale"]["domain"] == [places[0], places[-1]]
    vl_convert.vegalite_to_svg(spec)


def test_a_computed_curve_is_drawn_whole_and_called_what_it_is():
    spec = information(made(np.linspace(0.1, 20, 500)))
    assert len(spec["layer"][-1]["data"]["values"]) == 500
    assert spec["title"]["subtitle"] == ["closed form"]
    assert "step" not in [shown["field"] for shown in spec["layer"][-1]["encoding"]["tooltip"]]


def test_members_of_a_simulation_are_counted_though_nothing_was_sampled():
    said = " ".join(information(made((0, 1, 5), axis="epoch", members=4))["title"]["subtitle"])
    assert "mean of 4 members" in said
    assert "closed form" not in said


def test_a_plane_over_another_axis_stands_still():
    spec = plane(made((0.2, 0.5, 0.9), "target", ("I(X;T)", "I(T;Y)")))
    assert "params" not in spec
    assert "usermeta" not in spec
    assert "step" not in str([part.get("transform") for part in spec["layer"]])
    vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize(
    ("values", "sites", "near"),
    [
        ((10.0, 10.2, 9.9), ("hidden1",), True),
        ((10.0, 10.2, 9.9), ("hidden1", "hidden2"), False),  # lines are compared from zero
        ((10.0, 5.0, 9.9), ("hidden1",), False),
        ((10.0, 10.00001, 10.0), ("hidden1",), False),  # a constant stays one
        ((-0.1, -0.1, -0.1), ("hidden1",), False),
    ],
)
def test_one_line_of_small_changes_is_seen_from_near(values, sites, near):
    low, high = information(made((1, 2, 3), values=values, sites=sites))["encoding"]["y"]["scale"]["domain"]
    assert (low > 0) == near
    assert low <= min(values) + 1e-9
    assert high >= max(values) - 1e-9


def test_the_panel_is_not_along_training():
    rows = made((0.1, 0.2, 5.0))
    (block,) = blocks([Column("made", "unit", "one unit", "", rows)])
    assert [panel.heading for panel in block.panels] == ["Information against weight w"]
    rows = made((0, 2, 5), axis="epoch")
    (block,) = blocks([Column("made", "unit", "one unit", "", rows)])
    assert [panel.heading for panel in block.panels] == ["Information along training"]


def test_information_about_some_of_the_inputs_names_them():
    rows = made((0, 2, 5), axis="epoch")
    table = rows.table.to_pylist()
    builder = RowsBuilder("made")
    for row in table:
        at = Place("unit", row["step"], "hidden1", 0, "relevant inputs", "exact", epoch=row["epoch"])
        builder.add(at, Estimate(row["value"], Quantity.of("I(X;T)", "nats"), "made up", 0))
    both = Rows.concat([rows, builder.rows()])
    assert "“relevant inputs”, I(X;T)" in information(builder.rows())["title"]["text"]
    (block,) = blocks([Column("made", "unit", "one unit", "", both)])
    assert [panel.heading for panel in block.panels] == [
        "Information along training: I(X;T)",
        "Information along training: I(X;T) about “relevant inputs”",
    ]
