"""Controls stand under the curve that they are controls of, and how well labels are named beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import infoscope
from infoscope.show.figures import figure
from infoscope.show.report import _cards, write_report


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    inputs, labels = torch.randn(120, 4), torch.arange(120) % 2
    inputs[:, 0] += labels
    measures = ["usable_information(scores=true, controls=shuffled)", "usable_information"]
    out = tmp_path_factory.mktemp("controls") / "run"
    with infoscope.watch(
        model, inputs, {"label": labels, "other": labels // 2 + 1}, measures, out, places=["0", "1"]
    ) as scope:
        for step in (0, 1, 2):
            scope.step(step)
    return scope.run


def lines(spec):
    return {row["line"] for layer in spec["layer"] for row in layer["data"]["values"] if "line" in row}


def test_the_curve_and_its_controls_are_lines_of_one_figure(run):
    spec = figure("controls", run.rows.filter(variable="label")).spec
    assert spec["title"]["text"] == "What is read, and its controls: label at 1, model"
    assert lines(spec) == {"I(T;Y)", "I(T;Y) shuffled"}
    there = figure("controls", run.rows, site="0").spec
    assert there["title"]["text"].endswith("label at 0, model")
    nothing = figure("controls", run.rows.filter(kind="usable")).spec
    assert "these rows hold no control" in str(nothing)


def test_what_names_labels_is_drawn_in_its_own_unit(run):
    panels = figure("naming", run.rows.filter(variable="label")).spec["hconcat"]
    titles = [panel["title"]["text"] for panel in panels]
    assert titles[0].startswith("Accuracy of the probe")
    assert panels[1]["encoding"]["y"]["title"].endswith("(fraction)")


def test_the_report_draws_controls_where_there_are_some_and_no_other_way_of_measuring_changes(run):
    (section,) = _cards.sections([run.folder], [run.rows])
    by_plot = [{panel.plot for panel in block.panels} for block in section.blocks]
    assert [("controls" in plots, "naming" in plots) for plots in by_plot].count((True, True)) == 1
    assert [("controls" in plots, "naming" in plots) for plots in by_plot].count((False, False)) == len(by_plot) - 1
    page = write_report([run.folder], run.folder.path / "report.html").read_text(encoding="utf-8")
    assert "What is read, and its controls" in page
    assert "What probes can read" in page


def test_no_card_is_there_to_say_that_it_is_empty(run):
    whole = run.rows
    for rows in (whole, whole.filter(quantity=["I(T;Y)", "usual_accuracy", "probe_accuracy"])):
        (section,) = _cards.sections([run.folder], [rows])
        panels = [panel for block in section.blocks for panel in block.panels]
        assert ("controls" in {panel.plot for panel in panels}) == (rows is whole)
        assert not [panel.plot for panel in panels for card in panel.cards if "nothing to draw" in str(card.spec)]


def test_rows_of_controls_say_what_they_are(run):
    rows = run.rows.filter(kind="control")
    assert set(rows.unique("quantity")) == {"usual_accuracy", "I(T;Y) shuffled", "shuffled_accuracy"}
    assert np.isfinite(rows.column("value")).all()
