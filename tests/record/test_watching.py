"""The public ``watch``: its arguments, its folder, second runs of the same script, and the run that it hands back."""

import inspect
import os
import subprocess
import sys
import threading
import typing

import numpy as np
import pytest
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError
from infoscope.core.files import numbered
from infoscope.record.watch import Watch


@pytest.fixture
def watch(inputs, labels, tmp_path, monkeypatch):
    """``watch(**options)`` with everything it needs filled in, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))

    def make(**options):
        return iscope.watch(model, inputs, {"label": labels}, **{"measures": ["binned"], **options})

    return make


def recorded(scope, *steps):
    with scope:
        for step in steps:
            scope.step(step)
    return scope.run


def test_its_arguments_are_seen_have_types_and_are_those_of_the_class_behind_it():
    seen = inspect.signature(iscope.watch).parameters
    behind = inspect.signature(Watch.__init__).parameters
    assert {*behind, "measures", "out", "trackers"} - {"self", "measurements", "folder", "sinks"} == set(seen)
    for name in set(behind) & set(seen):
        assert seen[name].default == behind[name].default
    assert set(typing.get_type_hints(iscope.watch)) == {*seen, "return"}
    for name in seen:
        assert f" {name}: " in iscope.watch.__doc__
    assert "else ``binned`` and ``kde``" in iscope.watch.__doc__
    assert seen["measures"].default is None


def test_a_wrong_argument_is_answered_with_the_near_ones(watch):
    with pytest.raises(UnknownNameError, match="there is no argument of watch named 'placess': did you mean 'places'"):
        watch(placess=["1"])
    with pytest.raises(InputError, match=r"measures is 'binned', wanted several: pass \['binned'\]"):
        watch(measures="binned")


def test_the_run_is_at_hand_inside_the_block_and_after_it(watch):
    scope = watch(schedule=range(3))
    with pytest.raises(InputError, match="the run has no folder yet"):
        _ = scope.run
    with scope:
        scope.step(0)
        assert scope.run.rows.unique("step") == [0]
        scope.step(1)
    assert isinstance(scope.run, iscope.Run)
    assert scope.run.rows.unique("step") == [0, 1]
    assert scope.run.folder.path == scope.path


def test_a_run_measured_inside_its_own_watch_stays_locked_for_others(watch, tmp_path):
    enter = "import sys, infoscope; infoscope.load(sys.argv[1]).folder.writing().__enter__()"
    with watch(out="mine", schedule=range(3)) as scope:
        scope.step(0)
        measured = scope.run.measure("effective_rank", model=lambda: scope._model)
        assert measured.unique("step") == [0]
        other = subprocess.run([sys.executable, "-c", enter, "mine"], capture_output=True, text=True, timeout=120)
        assert f"process {os.getpid()} on" in other.stderr
        assert "is writing to mine since" in other.stderr
        scope.step(1)
    assert scope.run.rows.filter(estimator="binned").unique("step") == [0, 1]
    assert not {"heartbeat", ".writer.lock"} & {path.name for path in (tmp_path / "mine").iterdir()}


def test_without_a_folder_each_watch_gets_a_new_one_and_says_so(watch, capsys):
    for number in (1, 2, 3):
        run = recorded(watch(), 0)
        assert str(run.folder.path) == os.path.join("runs", f"watched-{number}")
        assert capsys.readouterr().err == f"infoscope: recording into {run.folder.path}\n"
    assert recorded(watch(), 0).rows.unique("run") == ["watched-4"]


def test_watches_that_begin_at_once_get_folders_of_their_own(tmp_path):
    script = "import sys; from pathlib import Path; from infoscope.core.files import numbered\n"
    script += "print(*(numbered(Path(sys.argv[1]), 'a') for _ in range(20)))"
    command = [sys.executable, "-c", script, str(tmp_path / "new")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [name for process in both for name in process.communicate()[0].split()]
    threads = [threading.Thread(target=lambda: found.append(str(numbered(tmp_path / "new", "a")))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(str(tmp_path / "new" / f"a-{i}") for i in range(1, 61))


def test_a_folder_that_holds_a_run_names_the_three_ways_on(watch):
    recorded(watch(out="mine"), 0)
    words = "mine already holds a run: pass resume=True to go on with it, overwrite=True to replace it, or another"
    with pytest.raises(RunFolderError, match=words), watch(out="mine"):
        pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resume": True}, "resume=True arrived without the folder of a run: pass out="),
        ({"overwrite": True}, "overwrite=True arrived without the folder of a run: pass out="),
        ({"resume": True, "overwrite": True, "out": "mine"}, "resume and overwrite arrived, wanted one of them"),
    ],
)
def test_ways_on_that_mean_nothing_are_refused(watch, options, words):
    with pytest.raises(InputError, match=words):
        watch(**options)


def test_overwriting_replaces_the_run_and_nothing_else_once_the_new_one_begins(watch, tmp_path):
    first = recorded(watch(out="mine", schedule=range(9)), 0, 1, 2)
    first.report()
    (tmp_path / "mine" / "notes.txt").write_text("of the user")
    (tmp_path / "mine" / "rows" / "more.txt").write_text("in the way")
    scope = watch(out="mine", overwrite=True, schedule=range(9))
    assert first.rows.unique("step") == [0, 1, 2]  # attached, not begun
    second = recorded(scope, 5)
    assert second.rows.unique("step") == [5]
    assert second.trajectory.steps == [5]
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        "run.json", "rows", "snapshots", "evaluation.safetensors", "notes.txt",
    }  # fmt: skip
    assert recorded(watch(out="new", overwrite=True), 0).rows.unique("step") == [0]  # nothing there to replace


def test_what_is_no_run_or_is_being_written_is_not_overwritten(watch, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text('{"format": 1}')
    with pytest.raises(RunFolderError, match="is of no run of infoscope"), watch(out="other", overwrite=True):
        pass
    recorded(watch(out="mine"), 0)
    (tmp_path / "mine" / "heartbeat").write_text("1 elsewhere")
    with pytest.raises(RunFolderError, match="process 1 on elsewhere is writing"), watch(out="mine", overwrite=True):
        pass
    assert len(iscope.load("mine").rows)


def test_a_run_that_cannot_begin_leaves_the_old_one(watch, monkeypatch):
    before = recorded(watch(out="mine"), 0).rows.content_hash()

    def full(*_args):
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr("infoscope.record.watch.RunFolder.create", full)
        with pytest.raises(OSError, match="no space"), watch(out="mine", overwrite=True):
            pass
    run = iscope.load("mine")
    assert run.rows.content_hash() == before
    assert run.trajectory.steps == [0]
    assert {path.name for path in run.folder.path.iterdir()} == {
        "run.json", "rows", "snapshots", "evaluation.safetensors",
    }  # fmt: skip


def test_a_warning_names_the_line_of_the_loop(watch):
    scope = watch(out="mine")
    scope._model[2].weight.data[0, 0] = np.nan
    with scope, pytest.warns(UserWarning, match="was refused at step 0") as told:
        scope.step(0)
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": None}, "the id of .* is None, wanted the word that its rows carry"),
        ({"options": ["a"]}, r"the options of mine are \['a'\], wanted plain values by name"),
        ({"options": {"a": object()}}, "the options of mine are {'a': <object"),
        ({"measure": lambda t: []}, r"measure of mine cannot be called \(too many positional arguments\)"),
        ({"measure": None}, "is no measurement, wanted objects with id, options and measure"),
    ],
)
def test_a_measurement_of_ones_own_is_checked_when_attached(watch, changes, words):
    class Mine:
        id, options = "mine", {}
        measure = staticmethod(lambda t, variables: [[]])

    mine = Mine()
    for name, value in changes.items():
        setattr(mine, name, value)
    with pytest.raises(InputError, match=words):
        watch(measures=[mine])
    with pytest.raises(InputError, match=r"Mine is a class, wanted objects .* pass one made of it, Mine\(…\)"):
        watch(measures=[Mine])
