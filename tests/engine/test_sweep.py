"""A sweep: every training in a run of its own, what is done skipped, a failure told, the rest gone on with."""

from __future__ import annotations

import json

import pytest
from trainings import forgets, train

import infoscope as iscope
from infoscope.cli import main
from infoscope.core.errors import BusyError, InputError, RunFolderError
from infoscope.core.folder import RunFolder


@pytest.fixture
def marks(tmp_path, monkeypatch):
    monkeypatch.setenv("INFOSCOPE_TEST_MARKS", str(tmp_path))
    return tmp_path


def called(marks):
    return (marks / "called").read_text().splitlines() if (marks / "called").exists() else []


def outcomes(found):
    return [(one.network, one.seed, one.outcome) for one in found.trainings]


def test_each_training_is_a_member_of_its_network_and_what_is_done_is_not_done_again(marks):
    asked = {"seeds": [3, 5], "parameters": {"width": [2, 4]}, "out": marks / "sweep"}
    first = iscope.sweep(train, **asked)
    assert outcomes(first) == [
        ("width=2", 3, "ran"), ("width=2", 5, "ran"), ("width=4", 3, "ran"), ("width=4", 5, "ran")
    ]  # fmt: skip
    rows = first.joined.rows
    assert rows.unique("network") == ["width=2", "width=4"]
    assert [(one["network"], one["member"], one["seed"]) for one in first.joined.members] == [
        ("width=2", 0, 3), ("width=2", 1, 5), ("width=4", 0, 3), ("width=4", 1, 5)
    ]  # fmt: skip
    more = iscope.sweep(train, **{**asked, "seeds": [3, 5, 7]})
    assert [outcome for *_, outcome in outcomes(more)] == ["done", "done", "ran"] * 2
    assert len(called(marks)) == 6
    assert len(more.joined.rows) == len(rows) * 3 // 2


def test_a_training_is_the_same_whoever_does_it_and_after_whatever(marks):
    asked = {"seeds": 3, "parameters": {"width": [2, 4]}}
    here = iscope.sweep(train, **asked, out=marks / "here")
    there = iscope.sweep(train, **asked, out=marks / "there", engine="processes", workers=2)
    assert outcomes(there) == outcomes(here)
    assert there.joined.rows.content_hash() == here.joined.rows.content_hash()


def test_a_failure_ends_no_other_and_is_tried_again(marks):
    asked = {"seeds": 2, "parameters": {"width": [13, 2]}, "out": marks / "sweep"}
    found = iscope.sweep(train, **asked)
    assert [one.outcome for one in found.trainings] == ["failed", "failed", "ran", "ran"]
    assert found.of("failed")[0].reason.startswith("ValueError: thirteen units bring bad luck (trainings.py, line")
    assert "Traceback" in (marks / "sweep" / "failed" / "width=13-seed0.txt").read_text()
    (marks / "mended").touch()
    assert [one.outcome for one in iscope.sweep(train, **asked).trainings] == ["ran", "ran", "done", "done"]
    assert list((marks / "sweep" / "failed").iterdir()) == []


def test_a_run_that_was_cut_off_is_trained_again_from_its_start(marks):
    found = iscope.sweep(train, seeds=1, out=marks / "sweep")
    whole = found.runs[0].rows.content_hash()
    (marks / "sweep" / "jobs" / "model-seed0.job").unlink()
    found.runs[0].folder.update({"state": "running"})
    again = iscope.sweep(train, seeds=1, out=marks / "sweep")
    assert outcomes(again) == [("model", 0, "ran")]
    assert again.runs[0].rows.content_hash() == whole


def test_a_function_that_records_nothing_is_told_so(marks):
    (one,) = iscope.sweep(forgets, seeds=1, out=marks / "sweep").trainings
    assert "recorded nothing: use the watch that it is handed" in one.reason


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"seeds": []}, "at least one, each once"),
        ({"seeds": [1, 1]}, "at least one, each once"),
        ({"parameters": {"seed": [1]}}, "which the sweep hands over itself"),
        ({"parameters": {"rate": 0.1}}, "wanted several, each once"),
        ({"parameters": {"rate": [0.1, 0.1]}}, "wanted several, each once"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_runs(marks, asked, words):
    with pytest.raises(InputError, match=words):
        iscope.sweep(train, out=marks / "sweep", **asked)
    assert called(marks) == []


def test_two_sweeps_into_one_folder_and_a_sweep_into_a_run(marks):
    from infoscope.core import writer_lock

    iscope.sweep(train, seeds=1, out=marks / "sweep")
    with pytest.raises(RunFolderError, match="holds a run, and a sweep is a folder of runs"):
        iscope.sweep(train, seeds=1, out=marks / "sweep" / "model-seed0")
    with RunFolder(marks / "sweep").writing(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_lock, "_HELD", {})  # as another process sees it
        with pytest.raises(BusyError, match="is writing to"):
            iscope.sweep(train, seeds=1, out=marks / "sweep")


def test_the_command_prints_a_table_and_fails_where_a_training_did(marks, capsys):
    asked = ["trainings:train", "--seeds", "1", "--parameter", "width=13,2", "--out", str(marks / "sweep")]
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *asked])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert "1 failed, 1 ran" in printed.out
    assert "1 of 2 trainings are not done" in printed.err
    (marks / "mended").touch()
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *asked, "--json"])
    assert not ended.value.code
    content = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in content["trainings"]] == ["ran", "done"]
