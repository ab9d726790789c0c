"""Figures that are computed: rows, resumption, verdicts and report without a trained ensemble."""

from __future__ import annotations

import numpy as np
import pytest

import infoscope
from infoscope.claim import running
from infoscope.claim.computation import Computation, Curve
from infoscope.core.errors import RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.core.quantity import INPUT_INFORMATION, Quantity

SNR, EXACT = "saxe2018/minimal_snr", "saxe2018/reparametrisation"


SQUARED = Quantity("loss", "squared error", "Loss", "training")


def ramps(at, seeds, slope):
    """Each member's own line, and one that diverges in the member of seed 1."""
    values = slope * np.array(at)[None] + np.array(seeds)[:, None]
    yield Curve("hidden1", INPUT_INFORMATION, values, "made up", n=5)
    yield Curve("network", SQUARED, np.where(values > 8, np.inf, values), "made up", split="test")


def computation(**changes) -> Computation:
    content = {"at": (0.0, 1.0, 4.0), "seeds": (0, 1, 2), "arguments": {"slope": 2.0}, "updates": 20}
    return Computation("ramps", ramps, ("hidden1",), **{**content, **changes})


def test_rows_place_each_value_at_its_member_step_and_epoch():
    rows = computation().rows("run", "ramps", [0, 2])
    steps, epochs, values = rows.filter(quantity="I(X;T)").curves()
    assert steps.tolist() == [0, 20, 80]
    assert epochs.tolist() == [0, 1, 4]
    assert values.tolist() == [[0, 2, 8], [2, 4, 10]]
    assert rows.unique("seed") == [0, 2]
    assert rows.sites() == ["network", "hidden1"]
    assert rows.unique("axis") == ["epoch"]


def test_another_axis_is_named_in_the_rows_and_counted_in_steps():
    rows = computation(axis="weight w", seeds=(), at=(0.5, 0.7)).rows
    with pytest.raises(AssertionError, match=r"wanted \(1, 2\)"):
        rows("run", "ramps", [0])  # a closed form returns one member, and this one returned none
    rows = computation(axis="weight w", at=(0.5, 0.7)).rows("run", "ramps", [1])
    assert rows.unique("axis") == ["weight w"]
    steps, places, _ = rows.filter(quantity="I(X;T)").curves()
    assert (steps.tolist(), places.tolist()) == ([0, 1], [0.5, 0.7])


def test_a_diverged_member_is_a_row_without_a_value():
    failed = computation().rows("run", "ramps", [0, 1, 2]).filter(status="FAILED")
    assert failed.unique("quantity") == ["loss"]
    assert failed.unique("member") == [1, 2]
    assert "loss is inf: this member diverged" in failed.unique("notes")


def run(out, figure=SNR, seeds=12) -> RunFolder:
    return running.run_figure(figure, "smoke", seeds, out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    """One uninterrupted run, which tests may read but not write to."""
    return run(tmp_path_factory.mktemp("whole"))


def test_a_computed_run_is_an_ordinary_run_without_snapshots(whole):
    manifest = whole.manifest()
    assert manifest["state"] == "done"
    assert manifest["seeds"] == list(range(12))
    assert manifest["data"] == {}
    assert not whole.snapshots_path.exists()
    assert all(about["computed"] for about in manifest["networks"].values())
    assert manifest["networks"]["sgd"]["arguments"]["rate"] == 0.001
    verdicts = whole.verdicts()
    assert [v["preset"] for v in verdicts] == ["smoke"]
    assert all(f["seeds"] == 12 for v in verdicts for f in v["findings"])
    assert infoscope.load(whole.path).claims() == verdicts


def test_the_same_command_again_computes_nothing(whole, tmp_path, monkeypatch):
    first = run(tmp_path)
    monkeypatch.setattr(Computation, "rows", None)
    assert run(tmp_path).rows().content_hash() == first.rows().content_hash() == whole.rows().content_hash()


@pytest.mark.parametrize("write", [3, 5, 6, 9])
def test_interrupted_at_any_write_it_resumes_to_the_same_rows(whole, tmp_path, monkeypatch, interrupt_at, write):
    interrupt_at(write)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    monkeypatch.undo()
    resumed = run(tmp_path)
    assert resumed.rows().content_hash() == whole.rows().content_hash()
    assert resumed.verdicts() == whole.verdicts()


def test_what_was_computed_cannot_be_measured_again(whole):
    with pytest.raises(RunFolderError, match="holds no snapshots of sgd, so there is nothing to measure again"):
        infoscope.load(whole.path).measure("binned", network="sgd")


def test_a_closed_form_is_exact_whatever_seeds_were_asked_for(tmp_path):
    folder = run(tmp_path, EXACT, seeds=7)
    assert folder.manifest()["seeds"] == []
    assert folder.rows().unique("member") == [0]
    assert folder.rows().unique("axis") == ["factor c"]
    report = infoscope.load(folder.path).report().read_text(encoding="utf-8")
    for said in ("Information against factor c", "closed form", "smoke, exact", "Computed exactly, set 2"):
        assert said in report
    assert "seed 0" not in report


def test_computed_curves_beside_a_trained_network_keep_their_own_rows(tmp_path):
    folder = run(tmp_path, "saxe2018/information_bottleneck_bound", seeds=2)
    rows = folder.rows()
    assert rows.unique("network") == ["tanh", "bound", "soft"]
    assert rows.filter(network="bound").unique("estimator") == ["exact"]
    assert folder.manifest()["data"]["boolean12"]
    assert infoscope.load(folder.path).claims() == folder.verdicts()
