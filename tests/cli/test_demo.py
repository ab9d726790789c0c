"""The demo: a report to look at first, verdicts and the report anew after each figure, one progress over all."""

from __future__ import annotations

import pytest

from infoscope import cli, demonstration
from infoscope.core import registry


def test_the_demo_names_figures_that_exist():
    assert {*demonstration.FIRST, *demonstration.THEN, demonstration.MNIST} <= set(registry.entries("figures"))
    assert set(demonstration.THEN) <= set(demonstration.FIRST)


def test_a_first_report_then_verdicts_figure_by_figure(tmp_path, monkeypatch, capfd):
    first, *later = "saxe2018/minimal_model", "saxe2018/reparametrisation", "saxe2018/net_input_bins_minimal"
    monkeypatch.setattr(demonstration, "FIRST", (first, later[0]))
    monkeypatch.setattr(demonstration, "THEN", tuple(later))
    with pytest.raises(SystemExit) as stop:
        cli.main(["demo", "--preset", "smoke", "--out", str(tmp_path)])
    assert not stop.value.code
    out, err = capfd.readouterr()
    said = " ".join(out.split())
    places = [said.index(words) for words in (f"({first}/", "look at this while", *(f"({each}/" for each in later))]
    assert places == sorted(places)
    assert said.count(str(tmp_path / "report.html")) == 4
    assert err.startswith("first the exact answers")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(f'id="saxe2018_{figure.partition("/")[2]}"' in page for figure in (first, *later))


def test_mnist_says_first_what_it_costs(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(demonstration, "FIRST", ())
    with pytest.raises(SystemExit):
        cli.main(["demo", "--mnist", "--out", str(tmp_path)])
    assert "MNIST is asked for, and comes last: " in capfd.readouterr().err.splitlines()[0]
