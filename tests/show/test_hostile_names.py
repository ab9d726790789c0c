"""Text of strangers in rows, run.json and verdicts: no abort, no traceback, and what cannot be drawn says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hostile_names import look

from infoscope.core import text
from infoscope.core.registry import Entry
from infoscope.core.rows import Rows
from infoscope.show.figures import figure
from infoscope.show.plots.information import information
from infoscope.show.reading import Shown, cleaned
from infoscope.show.report import write_figures, write_report

pytestmark = pytest.mark.timeout(600)  # the program takes half a minute of one core
PROGRAM = Path(__file__).parent.parent / "faults" / "hostile_names.py"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """The runs and reports of the short form of the program, which a renderer that aborts would have ended."""
    folder = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--short", "--keep", str(folder)], capture_output=True, text=True, timeout=580
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (folder / "told.json").write_text(done.stdout.splitlines()[-1])
    return folder


def test_every_plot_draws_text_of_strangers(hostile):
    told = json.loads((hostile / "told.json").read_text())
    assert told["drawn"] >= 25
    assert told["refused"] <= 1
    assert told["reports"] == 3
    assert told["files"] == 4


def test_figures_stay_inside_their_folder(hostile):
    assert {path.name for path in hostile.iterdir() if path.is_dir()} == {"all", "every", "long", "few", "drawn"}
    assert all(path.is_file() and path.suffix in (".png", ".svg") for path in (hostile / "drawn").iterdir())


@pytest.mark.parametrize("run", ["all", "every", "long"])
def test_pages_hold_no_character_that_cannot_be_shown(hostile, run):
    page = (hostile / run / "report.html").read_text(encoding="utf-8")
    strangers = page[: page.index("<!--\nVega")] if "<!--\nVega" in page else page
    assert text.drawable(strangers) == strangers
    assert "<script>window.hit" not in page
    assert "<img src=x" not in page
    assert "this figure could not be drawn: <" not in strangers


def test_a_browser_draws_every_figure_runs_nothing_and_asks_for_nothing(browser, hostile):
    seen: dict[str, Any] = {"scripts": 0, "requests": [], "said": [], "dialogs": 0, "figures": 0, "undrawn": 0}
    for run in ("all", "every"):
        look(browser.new_page(viewport={"width": 1280, "height": 900}), hostile / run / "report.html", seen)
    assert seen.pop("figures") > 80
    assert seen == {"scripts": 0, "requests": [], "said": [], "dialogs": 0, "undrawn": 0}


def test_rows_that_are_well_are_the_very_same(make_rows):
    rows = make_rows()
    assert cleaned(rows) is rows


def test_two_names_that_look_the_same_stay_two_series(make_rows):
    rows = make_rows(sites=("hid\x07den", "hid\x08den", "output"), training=False)
    names = cleaned(rows).sites()
    assert names == [text.name("hid\x07den"), text.name("hid\x08den"), "output"]
    assert len(set(names)) == 3
    spec = figure("information", rows).spec
    assert all(name in json.dumps(spec) for name in names)
    assert "\\u0007" not in json.dumps(spec)


def test_a_site_is_asked_for_by_its_own_name(make_rows, read_rows):
    rows = read_rows(("high",), sites=("hid\x07den", "output"))
    assert text.name("hid\x07den") in figure("variables", rows, site="hid\x07den").spec["title"]["text"]


def test_options_and_names_of_networks_are_cleaned_alike_everywhere(make_run, make_rows):
    options = {"bins": 3, "variables": ["lab\x07el"]}
    rows = make_rows("ta\x07nh", options=lambda estimator, site: options)
    folder = make_run("run", rows, networks={"ta\x07nh": {"title": "A\u202enet", "recipe": {"rate": 0.1}}})
    shown = Shown(folder)
    assert list(shown.manifest()["networks"]) == shown.rows().unique("network") == [text.name("ta\x07nh")]
    assert shown.manifest()["networks"][text.name("ta\x07nh")]["title"] == "Anet"
    stored = json.loads(shown.rows().filter(estimator="binned").unique("options")[0])
    assert stored == {"bins": 3, "variables": [text.name("lab\x07el")]}


def broken(rows, **_):
    raise ZeroDivisionError("a plot's own mistake")


def unlaid(rows, **options):
    return {**information(rows, **options), "mark": "no such mark", "layer": 3}


@pytest.mark.parametrize(
    ("plot", "said"),
    [(broken, "ZeroDivisionError: a plot&#39;s own mistake"), (unlaid, "ValueError: Vega-Lite to SVG conversion")],
)
def test_a_figure_that_cannot_be_drawn_is_told_in_its_place(monkeypatch, make_run, make_rows, tmp_path, plot, said):
    loads = Entry.load
    monkeypatch.setattr(Entry, "load", lambda entry: plot if entry.id == "information" else loads(entry))
    run = make_run("run", make_rows(members=1, steps=3))
    page = write_report([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count(f'<p class="notice">this figure could not be drawn: {said}') == 2
    assert "Information plane" in page
    with pytest.warns(UserWarning, match=r"run-tanh-binned-information-.* could not be drawn: ") as told:
        written = write_figures([run], tmp_path / "figures")
    assert len(told) == 2
    assert any("plane" in path.name for path in written)
    assert not any("information" in path.name for path in written if path.suffix == ".png")


def test_examples_of_something_else_are_told_in_their_place(make_run, make_rows, tmp_path):
    run = make_run("run", make_rows(members=1, steps=3))
    run.store_examples("label.parquet", pa.table({"row": [1]}))
    page = write_report([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "this figure could not be drawn: label.parquet: this table holds no examples" in page


def test_figures_of_two_networks_whose_names_are_one_as_files_are_two(make_run, make_rows, tmp_path):
    run = make_run("run", Rows.concat([make_rows(name, members=1, steps=3) for name in ("a/b", "a_b")]))
    written = write_figures([run], tmp_path / "figures")
    assert len(set(written)) == len(written)
    assert sum(path.name.endswith("-2.png") for path in written) == len(written) / 4


def test_verdicts_with_words_that_nobody_knows_are_shown(make_run, make_rows, store_as_before, tmp_path):
    run = make_run("run", make_rows(members=1, steps=3), judged=True)
    verdicts = run.verdicts()
    verdicts[0]["outcome"] = verdicts[0]["findings"][0]["outcome"] = "wonder\x07ful"
    store_as_before(run, verdicts)
    page = write_report([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<span aria-hidden="true">–</span> 1 wonderful' in page
