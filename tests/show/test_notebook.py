"""What a notebook shows: runs, rows, estimates, verdicts and figures, whoever named what is in them."""

import numpy as np
import pytest

import infoscope as iscope
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Rows
from infoscope.runs import Run
from infoscope.show.notebook import Verdicts


def test_an_estimate_shows_its_number_and_why_it_is_doubted():
    of = Quantity("I(X;T)", "nats", "Information about the input", "information")
    shown = Estimate(
        np.log(2), of, "H(<Bin>)", 64, doubts=(Doubt(Status.VACUOUS, f"{np.log(2):.6g} nats of bins"),)
    )._repr_html_()
    assert "<strong>I(X;T) = 1 bits</strong>" in shown
    assert "H(&lt;Bin&gt;), n = 64" in shown
    assert f"VACUOUS: {Status.VACUOUS.sentence}" in shown
    assert "1 bits of bins" in shown


def test_rows_show_the_first_of_them_and_how_many_there_are(make_rows):
    rows = make_rows()
    shown = rows._repr_html_()
    assert shown.count("<tr>") == 11
    assert f"{len(rows):,} rows, the first 10 of them" in shown
    assert " bits" in shown
    assert "0 rows" in Rows.concat([])._repr_html_()


def test_a_run_shows_what_was_found_and_its_verdicts(full_run):
    run = Run(full_run)
    shown = run._repr_html_()
    assert "<strong>A made-up run</strong>" in shown
    assert "falls most at" in shown
    assert "✓ reproduced" in shown
    assert "Late layers &lt;compress&gt;." in shown
    assert isinstance(run.verdicts, list)
    assert "not testable here" in run.verdicts._repr_html_()
    assert "no verdicts" in Verdicts()._repr_html_()


def test_a_comparison_shows_its_table_and_what_was_found(make_run, make_rows):
    runs = [make_run(name, make_rows(), title="<b>") for name in ("one", "two")]
    found = iscope.compare(*(run.path for run in runs))
    shown = found._repr_html_()
    assert shown.count("<tr>") == 1 + len(found.differences)
    assert "surely there (all at once, 5 %, Holm)" in shown
    assert repr(found) == f"Comparison(one and two: {len(found.differences)} differences, 0 surely there; print it)"


def test_names_of_a_stranger_are_escaped(make_run, make_rows):
    run = Run(make_run("run", make_rows("a<script>", members=1, steps=2), title="<img onerror=x>"))
    for shown in (run._repr_html_(), run.rows._repr_html_()):
        assert not {"<script>", "<img"} & {shown[i : i + 8] for i in range(len(shown))}


def test_a_run_draws_its_figures(full_run, tmp_path):
    run = Run(full_run)
    drawn = run.figure("plane", "tanh")
    bundle = drawn._repr_mimebundle_()
    assert list(bundle) == ["application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"]
    assert bundle["image/svg+xml"].startswith("<svg")
    assert drawn.save(tmp_path / "plane.pdf").read_bytes().startswith(b"%PDF")
    kde = run.figure("information", "3-2-2, relu", rows=run.rows.filter(estimator="kde"))
    assert "kde" in str(kde.spec["hconcat"][0]["title"])
    with pytest.raises(InputError, match="2 networks"):
        run.figure("plane")
    with pytest.raises(UnknownNameError, match="did you mean 'plane'"):
        run.figure("plan", "tanh")
    with pytest.raises(InputError, match="has no option 'hight'"):
        run.figure("plane", "tanh", hight=3)


def test_levels_that_are_known_are_drawn(make_run, make_rows):
    known = {"networks": {"tanh": {"task": "made"}}, "ceilings": {"made": {"input": np.log(4096), "label": np.log(2)}}}
    run = Run(make_run("run", make_rows(), **known))
    labels = [row["label"] for part in run.figure("plane").spec["layer"] for row in part["data"].get("values", ())]
    assert set(labels) == {"H(X)", "log n, n = 64", "H(label)"}
    without = run.figure("plane", ceilings={})
    assert "H(label)" not in str(without.spec["layer"])


def test_a_watch_has_a_name_and_the_entropy_of_its_labels(tmp_path):
    import torch

    inputs = torch.randn(40, 3)
    labels = np.arange(40) % 4
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 4))
    with iscope.watch(model, inputs, {"label": labels}, ["binned"], tmp_path / "run", name="My first <net>") as scope:
        scope.step(0)
    manifest = scope.run.folder.manifest()
    assert manifest["title"] == "My first <net>"
    assert manifest["ceilings"]["watched"]["label"] == pytest.approx(np.log(4))
    page = scope.run.report().read_text(encoding="utf-8")
    assert "<h1>My first &lt;net&gt;</h1>" in page
    assert 'class="notice"' not in page.split("<noscript>")[0]
    with pytest.raises(InputError, match="the name of a run"):
        iscope.watch(model, inputs, {"label": labels}, ["binned"], tmp_path / "other", name="a\x1b[2J")
