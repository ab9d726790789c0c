"""Figures against training time: means, bands, units and log axes."""

from __future__ import annotations

import numpy as np
import pytest
import vl_convert

from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, RowsBuilder
from infoscope.core.units import NATS_PER_BIT
from infoscope.show.plots.curves import curves
from infoscope.show.plots.dynamics import dynamics
from infoscope.show.plots.information import information


def layer(spec, kind):
    return next(part for part in spec["layer"] if part["mark"]["type"] == kind)


def of(part, line, field="value"):
    return [row[field] for row in part["data"]["values"] if row["line"] == line]


def test_the_band_is_the_middle_of_the_members_and_the_line_their_mean(make_rows):
    rows = make_rows(members=9).filter(quantity="I(X;T)")
    spec = information(rows)
    values = rows.filter(site="output").curves()[2] / NATS_PER_BIT
    low, high = np.percentile(values, [10, 90], axis=0)
    np.testing.assert_allclose(of(layer(spec, "area"), "output"), low, rtol=1e-4)
    np.testing.assert_allclose(of(layer(spec, "area"), "output", "high"), high, rtol=1e-4)
    np.testing.assert_allclose(of(layer(spec, "line"), "output"), values.mean(axis=0), rtol=1e-4)
    assert "band: 10th to 90th percentile of members" in " ".join(spec["title"]["subtitle"])


def test_one_member_shows_its_certified_bracket_in_bits(make_rows):
    rows = make_rows(members=1, estimators=("kde",)).filter(quantity="I(T;Y)")
    spec = information(rows)
    low = rows.filter(site="output").curves("low")[2][0] / NATS_PER_BIT
    np.testing.assert_allclose(of(layer(spec, "area"), "output"), low, rtol=1e-4)
    assert "band: certified bracket" in " ".join(spec["title"]["subtitle"])
    assert spec["encoding"]["y"]["title"] == "I(T;Y) (bits)"


def test_loss_is_in_bits_and_accuracy_a_fraction(make_rows):
    rows = make_rows()
    loss, accuracy = curves(rows)["hconcat"]
    mean_line = loss["layer"][-1]
    wanted = rows.filter(quantity="loss", split="test").curves()[2].mean(axis=0) / NATS_PER_BIT
    np.testing.assert_allclose(of(mean_line, "test"), wanted, rtol=1e-4)
    assert loss["encoding"]["y"]["title"] == "loss (bits)"
    assert accuracy["encoding"]["y"]["title"] == "accuracy (fraction)"


def test_members_are_faint_lines_under_the_learning_curve(make_rows):
    loss = curves(make_rows(members=4))["hconcat"][0]
    faint = loss["layer"][0]
    assert faint["mark"]["opacity"] == 0.6
    assert (
        curves(make_rows(members=30))["hconcat"][0]["layer"][0]["mark"]["opacity"] == 0.3
    )  # more of them, fainter each
    assert {row["member"] for row in faint["data"]["values"]} == {0, 1, 2, 3}


def test_dynamics_have_two_log_axes(make_rows):
    snr, norm = dynamics(make_rows())["hconcat"]
    for spec in (snr, norm):
        assert spec["encoding"]["y"]["scale"]["type"] == "log"
        assert spec["encoding"]["x"]["scale"]["type"] == "symlog"
        assert spec["encoding"]["y"]["scale"]["domain"][0] > 0


def test_what_a_log_axis_cannot_show_is_counted():
    builder = RowsBuilder("made")
    for step, value in enumerate((0.0, 1.0, 2.0)):
        at = Place(
            network="a", step=step, site="layer", site_index=0, variable="", estimator="training", epoch=float(step)
        )
        builder.add(at, Estimate(value, Quantity.of("weight_norm", "norm"), "norm", 1))
    spec = dynamics(builder.rows())
    assert "1 values of 0 or less cannot be shown on a log axis" in " ".join(spec["title"]["subtitle"])
    assert of(layer(spec, "line"), "layer") == [1.0, 2.0]
    vl_convert.vegalite_to_svg(spec)


def test_negative_estimates_are_on_the_axis():
    builder = RowsBuilder("made")
    for step, value in enumerate((-0.5, 0.2)):
        at = Place(
            network="a", step=step, site="layer", site_index=0, variable="input", estimator="ksg", epoch=float(step)
        )
        builder.add(at, Estimate(value, Quantity.of("I(X;T)", "nats"), "Kraskov", 64))
    assert information(builder.rows())["encoding"]["y"]["scale"]["domain"][0] == pytest.approx(
        -0.5 / NATS_PER_BIT, rel=0.1
    )


def test_ticks_are_epochs_themselves(make_rows):
    svg = vl_convert.vegalite_to_svg(information(make_rows(steps=11).filter(quantity="I(X;T)")))
    for tick in ("0", "1", "10", "100", "1k"):
        assert f">{tick}</text>" in svg
