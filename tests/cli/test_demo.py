"""The demo: a report to look at first, verdicts and the report anew after each figure, one progress over all."""

from __future__ import annotations

import re

import pytest

from infoscope import cli
from infoscope.cli import demo
from infoscope.core import registry


def test_the_demo_names_figures_that_exist():
    assert {*demo.FIRST, *demo.STAGES, demo.MNIST} <= set(registry.entries("figures"))
    assert set(demo.STAGES) == demo.TRAINED


def test_a_first_report_then_verdicts_figure_by_figure(tmp_path, capfd):
    with pytest.raises(SystemExit) as stop:
        cli.main(["demo", "--preset", "smoke", "--out", str(tmp_path)])
    assert not stop.value.code
    out, err = capfd.readouterr()
    said = " ".join(out.split())
    looked, tanh, relu = (said.index(words) for words in ("look at this", "saxe2018/tanh/", "saxe2018/relu/"))
    assert said.index("saxe2018/minimal_model/tanh-falls") < looked < tanh < relu
    assert said.count(f"{tmp_path.name}/report.html") == 3
    assert "the exact answers" in err
    assert all(
        re.match(r"(first|demo|first look), .*: \\d+ % after", line) for line in err.splitlines()[1:] if "%" in line
    )
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(figure.partition("/")[2] in page for figure in demo.FIRST)
