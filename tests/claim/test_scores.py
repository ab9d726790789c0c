"""Scores as rows: which rows make a sweep, what they say, and that appending them twice changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.claim.scores import append_derived, sweeps
from infoscope.claim.statistics import compression
from infoscope.core.estimate import Status
from infoscope.core.folder import RunFolder
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text

CURVE = np.array([1.0, 2, 3, 4, 3.5, 3, 2.5, 2])


def width_rows(made_up, *widths):
    for width in widths:
        made_up.series(
            "tanh", "hidden1", "I(X;T)", CURVE * width, options=options_text({"form": "width", "width": width})
        )
    return made_up.rows()


def test_several_values_of_an_option_make_a_sweep_in_their_order(made_up):
    rows = width_rows(made_up, 0.5, 0.07, 0.2)
    found = sweeps(rows)
    assert found.column("epoch").tolist() == [0.07, 0.2, 0.5]
    assert found.unique("quantity") == ["compression by bin width"]
    assert found.unique("axis") == ["bin width"]
    assert found.unique("options") == ['{"estimator":"binned","form":"width"}']
    curves = rows.filter(options='{"form":"width","width":0.5}').curves()[2]
    wanted = compression(curves)
    assert found.column("value")[2] == wanted.value
    assert (found.column("low")[2], found.column("high")[2]) == wanted.interval
    assert found.column("n").tolist() == [12, 12, 12]


def test_two_values_or_no_number_are_no_sweep(made_up):
    width_rows(made_up, 0.5, 0.07)
    made_up.series("tanh", "hidden1", "I(X;T)", CURVE, options='{"form":"exact"}')
    made_up.series("tanh", "hidden2", "I(X;T)", CURVE, options='{"bins":30,"range":"recorded"}')
    made_up.series("tanh", "hidden3", "I(X;T)", CURVE, options='{"bins":60,"range":"recorded"}')
    assert len(sweeps(made_up.rows())) == 0
    assert len(sweeps(RowsBuilder("empty").rows())) == 0


def test_ceilings_diverged_members_and_a_single_seed_are_said(made_up):
    for width in (0.5, 1.0, 2.0):
        text = options_text({"form": "width", "width": width})
        made_up.series("tanh", "hidden1", "I(X;T)", CURVE, options=text, status=Status.SATURATED)
        made_up.series("tanh", "hidden2", "I(X;T)", CURVE, options=text, members=1)
    builder = RowsBuilder("made-up")
    place = Place("tanh", 0, "hidden1", 0, "input", "binned", member=77, options=text)
    builder.add_failure(place, INPUT_INFORMATION, "NaN", 4096)
    found = sweeps(Rows.concat([made_up.rows(), builder.rows()]))
    first, second, third = found.filter(site="hidden1").column("notes")
    assert first == second == "100% of the values are at their ceiling"
    assert third.endswith("1 of 13 members left out: values are missing")
    assert found.filter(site="hidden2").unique("notes") == ["one seed, so no interval"]
    assert np.isnan(found.filter(site="hidden2").column("low")).all()


def test_derived_rows_are_appended_once_and_new_ones_beside_them(made_up, tmp_path):
    folder = RunFolder.create(tmp_path / "made-up", {})
    derived = sweeps(width_rows(made_up, 0.5, 0.07, 1.0))
    with folder.writing():
        append_derived(folder, derived)
        append_derived(folder, derived)
        assert len(list((folder.path / "rows").iterdir())) == 1
        more = sweeps(width_rows(type(made_up)(), 0.5, 0.07, 0.2, 1.0))
        append_derived(folder, more)
    kept = folder.rows().filter(estimator="score")
    assert sorted(kept.column("epoch")) == pytest.approx([0.07, 0.2, 0.5, 1.0])


def test_a_sweep_that_grows_keeps_its_places_where_its_scores_are_alike(made_up, tmp_path):
    """Curves at their ceiling score 0 at every width: then the place alone tells an old row from a new one."""
    folder = RunFolder.create(tmp_path / "made-up", {})
    for widths in ((0.1, 0.5, 1.0), (0.1, 0.2, 0.5, 1.0)):
        rows = type(made_up)()
        for width in widths:
            text = options_text({"form": "width", "width": width})
            rows.series("tanh", "hidden1", "I(X;T)", np.full(8, 3.0), options=text, spread=0.0)
        append_derived(folder, sweeps(rows.rows()))
    kept = folder.rows()
    assert sorted(kept.column("epoch")) == pytest.approx([0.1, 0.2, 0.5, 1.0])
    assert set(kept.column("value")) == {0.0}


def test_a_run_stores_the_scores_of_its_sweep_once(tmp_path):
    from infoscope.claim import running

    folder = running.run_figure("saxe2018/estimator_sweep", "smoke", 2, tmp_path)
    parts = sorted(path.name for path in (folder.path / "rows").iterdir())
    scores = folder.rows().filter(estimator="score")
    assert len(scores) == 2 * (4 * 12 + 8)
    assert sorted(set(scores.column("site").tolist())) == ["hidden5", "hidden5.linear"]
    running.run_figure("saxe2018/estimator_sweep", "smoke", 2, tmp_path)
    assert sorted(path.name for path in (folder.path / "rows").iterdir()) == parts
