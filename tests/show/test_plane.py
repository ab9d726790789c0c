"""The information plane: values in bits, means over all members, the step parameter."""

from __future__ import annotations

import numpy as np
import pytest
import vl_convert

from infoscope.core.rows import Rows
from infoscope.core.units import NATS_PER_BIT
from infoscope.show.plots._series import alike, thin
from infoscope.show.plots.plane import plane


def points(spec, site):
    return [row for row in spec["datasets"]["means"] if row["line"] == site]


def test_points_are_the_means_over_members_in_bits(make_rows):
    rows = make_rows(members=5)
    spec = plane(rows)
    for site in rows.filter(estimator="binned").sites():
        for axis, quantity in (("x", "I(X;T)"), ("y", "I(T;Y)")):
            values = rows.filter(site=site, quantity=quantity).curves()[2]
            wanted = values.mean(axis=0) / NATS_PER_BIT
            np.testing.assert_allclose([p[axis] for p in points(spec, site)], wanted, rtol=1e-4)


def test_the_mean_uses_all_members_though_twelve_are_drawn(many_rows):
    spec = plane(many_rows)
    assert "faint lines: 12 of them" in " ".join(spec["title"]["subtitle"])
    steps, _, values = many_rows.filter(quantity="I(X;T)").curves()
    at = {int(step): i for i, step in enumerate(steps)}
    means = values.mean(axis=0) / NATS_PER_BIT
    for point in points(spec, "output"):
        assert point["x"] == pytest.approx(means[at[point["step"]]], rel=1e-4)


def test_a_member_that_failed_at_a_step_is_left_out_of_both_coordinates_there(make_rows):
    rows = make_rows(members=4, failed=lambda member, step, site: member == 0)
    spec = plane(rows)
    values = rows.filter(site="hidden1", quantity="I(X;T)").curves()[2][1:]
    np.testing.assert_allclose([p["x"] for p in points(spec, "hidden1")], values.mean(axis=0) / NATS_PER_BIT, rtol=1e-4)
    assert {row["member"] for row in spec["datasets"]["members"]} == {1, 2, 3}


def test_each_step_marks_every_site_once(make_rows):
    spec = plane(make_rows())
    recorded = [step for step, _ in spec["usermeta"]["recorded"]]
    assert recorded == [0, 10, 30, 70, 150, 310]
    for now in (0, 5, 10, 309, 310, 99999):
        marked = [p["line"] for p in spec["datasets"]["means"] if p["step"] <= now < p["until"]]
        assert marked == ["hidden1", "hidden2", "output"]


def test_the_position_slider_moves_the_step_that_is_marked(make_rows):
    spec = plane(make_rows())
    position, step = spec["params"]
    assert (position["name"], step["name"]) == ("position", "step")
    assert position["bind"]["max"] == position["value"] == 5
    position["value"] = 0
    first = vl_convert.vegalite_to_svg(spec)
    position["value"] = 5
    last = vl_convert.vegalite_to_svg(spec)
    assert "epoch 0<" in first
    assert "epoch 31<" in last
    assert "epoch 31<" not in first


def test_a_loop_without_epochs_is_drawn_against_steps(make_rows):
    spec = plane(make_rows(epochs=False))
    assert spec["usermeta"]["clock"] == "step"
    assert "step 310<" in vl_convert.vegalite_to_svg(spec)


def test_of_several_series_the_first_is_drawn_and_named(make_rows):
    spec = plane(make_rows(estimators=("kde", "binned"), training=False))
    said = " ".join(spec["title"]["subtitle"])
    assert "the first of several series: estimator kde, variable label, split all" in said


def test_of_several_ways_to_measure_the_first_is_told_by_what_is_its_own(make_rows):
    ways = ({"bins": bins, "probe": "linear"} for bins in (30, 100))
    each = [make_rows(training=False, options=lambda estimator, site, way=way: way) for way in ways]
    said = " ".join(plane(Rows.concat(each))["title"]["subtitle"])
    assert "bins 30" in said
    assert "{" not in said
    assert "linear" not in said


def test_an_output_with_bins_of_its_own_belongs_to_the_series_of_the_hidden_layers(make_rows):
    own = make_rows(training=False, options=lambda estimator, site: {"bins": 30 if site == "output" else 100})
    (series,) = alike(own)
    assert series.sites() == ["hidden1", "hidden2", "output"]
    assert {row["line"] for row in plane(own)["datasets"]["means"]} == {"hidden1", "hidden2", "output"}


def test_the_same_sites_measured_twice_are_two_series(make_rows):
    coarse = make_rows(training=False, options=lambda *_: {"bins": 10})
    fine = make_rows(training=False, options=lambda *_: {"bins": 100})
    first, second = alike(type(fine).concat([coarse, fine]))
    assert first.unique("options") == ['{"bins":10}']
    assert second.unique("options") == ['{"bins":100}']


def test_thinning_keeps_the_ends_and_spaces_by_log():
    steps = np.arange(0, 10_000, 7)
    kept = steps[thin(steps)]
    assert len(kept) <= 80
    assert kept[0] == steps[0]
    assert kept[-1] == steps[-1]
    assert (np.diff(np.log1p(kept[20:])) < 0.3).all()
    assert (thin(steps[:80]) == np.arange(80)).all()
