"""What a watched loop leaves behind, when it records, and how it goes on."""

import json
import os

import numpy as np
import pytest
import torch
from torch import nn

from infoscope.core.errors import InputError, RunFolderError, UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.rows import options_text
from infoscope.record import evaluation
from infoscope.record.gathering import representations
from infoscope.record.schedule import every
from infoscope.record.trajectory import Trajectory
from infoscope.record.watch import Watch


@pytest.fixture
def model(everything):
    torch.manual_seed(0)
    return everything()


@pytest.fixture
def watch(model, inputs, labels, spread, tmp_path):
    """``watch(**options)`` with everything it needs filled in."""

    def make(**options):
        given = {"model": model, "inputs": inputs, "variables": {"label": labels}, "measurements": [spread]}
        return Watch(**{**given, "folder": tmp_path / "run", **options})

    return make


def shift(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)


def test_rows_snapshots_evaluation_set_and_manifest_are_left(watch, model, spread, inputs, labels, tmp_path):
    with watch(places=["body.*", "head"], schedule=(0, 2), steps_per_epoch=4) as scope:
        assert scope.sites == ["body.0", "body.1", "head"]
        for step in range(4):
            scope.step(step)
            shift(model)
    assert spread.seen == [(1, 32, 4), (1, 32, 4), (1, 32, 3)] * 2  # one member
    assert scope.seconds > 0
    folder = RunFolder.open(tmp_path / "run")
    rows = folder.rows()
    assert len(rows) == 2 * 3 * 2
    assert rows.sites() == ["body.0", "body.1", "head"]
    assert rows.unique("step") == [0, 2]
    assert rows.unique("epoch") == [0.0, 0.5]
    assert (rows.unique("network"), rows.unique("seed"), rows.unique("run")) == (["model"], [0], ["run"])
    assert (rows.unique("estimator"), rows.unique("options")) == (["spread"], ['{"scale":1.0}'])
    manifest = folder.manifest()
    assert manifest["title"] == "watched Everything"
    (network,) = manifest["networks"].values()
    assert network["sites"] == scope.sites
    assert network["title"] == "Everything"
    assert network["recipe"]["watched"].endswith(".Everything")
    assert network["task"] == "watched"
    assert set(manifest["modules"]["model"]) == {"body.0", "body.1"}  # of a Sequential, which says numbers
    assert manifest["modules"]["model"]["body.0"] == type(model.body[0]).__name__
    assert manifest["seeds"] == [0]
    assert manifest["state"] == "done"
    assert manifest["versions"]["torch"]
    assert not (folder.path / "heartbeat").exists()

    stored = evaluation.load(folder.path)
    assert torch.equal(stored.inputs.as_given, inputs)
    assert stored.variables["label"].values.tolist() == labels.tolist()


def test_a_measure_taken_later_from_the_snapshots_is_the_one_taken_then(watch, model, everything, spread, tmp_path):
    with watch(schedule=every(2)) as scope:
        for step in range(5):
            scope.step(step)
            shift(model)
    stored = evaluation.load(tmp_path / "run")
    inputs, variables = stored.inputs.as_given, {name: each.values for name, each in stored.variables.items()}
    trajectory = Trajectory(tmp_path / "run" / "snapshots" / "model")
    rows = RunFolder.open(tmp_path / "run").rows()
    assert trajectory.steps == [0, 2, 4]
    again = everything()
    for step in trajectory:
        assert all(tensor.shape[0] == 1 for tensor in trajectory[step].values())
        again.load_state_dict({name: tensor[0] for name, tensor in trajectory[step].items()})
        for site, t in representations(again, inputs, scope.sites).items():
            (found,) = spread.measure(t[None], variables)
            then = rows.filter(step=step, site=site)
            assert [m.estimate.value for m in found] == then.column("value").tolist()


def one_step_and_then(watching, reason):
    with watching as scope:
        scope.step(0)
        raise reason


def test_the_run_is_flushed_and_marked_when_the_loop_breaks(watch, tmp_path):
    for number, reason in enumerate((RuntimeError("the loop broke"), KeyboardInterrupt())):
        path = tmp_path / str(number)
        with pytest.raises(type(reason)):
            one_step_and_then(watch(folder=path), reason)
        folder = RunFolder.open(path)
        assert folder.manifest()["state"] == "interrupted"
        assert folder.rows().unique("step") == [0]
        assert not (path / "heartbeat").exists()


def test_an_interruption_while_measuring_leaves_no_half_of_a_step(watch, spread, model, tmp_path, monkeypatch):
    measure, calls = spread.measure, []

    def interrupted(t, variables):
        calls.append(1)
        if len(calls) == 14:  # in the middle of the second step
            raise KeyboardInterrupt
        return measure(t, variables)

    monkeypatch.setattr(spread, "measure", interrupted)
    with watch() as scope:
        scope.step(0)
        with pytest.raises(KeyboardInterrupt):
            scope.step(1)
    assert RunFolder.open(tmp_path / "run").rows().unique("step") == [0]
    assert all(not m._forward_hooks for m in model.modules())
    with watch(resume=True) as scope:
        scope.step(1)
    assert RunFolder.open(tmp_path / "run").rows().unique("step") == [0, 1]


def test_rows_reach_the_disk_while_the_loop_runs(watch, tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("infoscope.record.watch.time.monotonic", lambda: now[0])
    with watch(schedule=(0, 1)) as scope:
        folder = RunFolder.open(tmp_path / "run")
        assert folder.manifest()["state"] == "running"
        scope.step(0)
        assert len(folder.rows()) == 0
        now[0] += 11
        os.utime(folder.path / "heartbeat", (0, 0))
        scope.step(7)  # not a step to record, but time to write
        assert (folder.path / "heartbeat").stat().st_mtime > 0
        assert folder.rows().unique("step") == [0]
        scope.step(1)
    assert folder.rows().filter(site="head", variable="input").column("step").tolist() == [0, 1]
    assert len(list((folder.path / "rows").iterdir())) == 2


def test_a_second_watch_into_the_folder_needs_resume_and_then_writes_no_row_twice(watch, model, tmp_path):
    with watch(schedule=every(1), resume=True) as scope:  # nothing there yet: a new run
        scope.step(0)
        scope.step(1)
    with pytest.raises(RunFolderError, match=r"run already holds a run: pass resume=True to go on with it"):
        watch().__enter__()
    before = RunFolder.open(tmp_path / "run").rows().content_hash()
    shift(model)
    with watch(schedule=every(1), resume=True) as scope:
        scope.step(0)
        scope.step(1)
    rows = RunFolder.open(tmp_path / "run").rows()
    assert rows.content_hash() == before
    with watch(schedule=every(1), resume=True) as scope:
        for step in (1, 2, 2):
            scope.step(step, epoch=step / 10)
    rows = RunFolder.open(tmp_path / "run").rows()
    assert rows.filter(site="head", variable="label").column("step").tolist() == [0, 1, 2]
    assert rows.unique("epoch") == [0.0, 0.2]


def test_a_measurement_of_several_values_gives_a_row_of_each_and_is_resumed_like_any(watch, spread, tmp_path):
    class Both:
        """Two scales at once, each estimate with the options that give it alone."""

        id = "spread"

        def __init__(self, *scales):
            self.options = {"scale": scales}

        def measure(self, t, variables):
            each = [type(spread)(scale=scale) for scale in self.options["scale"]]
            return [[m._replace(options=one.options) for one in each for m in one.measure(t, variables)[0]]]

    for steps in ((0, 1), (1, 2)):
        with watch(measurements=[Both(1.0, 3.0)], places="head", resume=True) as scope:
            for step in steps:
                scope.step(step)
    rows = RunFolder.open(tmp_path / "run").rows().filter(variable="label")
    one, three = (rows.filter(options=options_text({"scale": scale})) for scale in (1.0, 3.0))
    assert one.column("step").tolist() == three.column("step").tolist() == [0, 1, 2]
    np.testing.assert_allclose(three.column("value"), 3 * one.column("value"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": torch.zeros(32, 6)}, "other evaluation"),
        ({"variables": {"label": [0, 1] * 16}}, "other evaluation"),
        ({"places": "head"}, "other networks"),
        ({"measurements": []}, "other measures"),
    ],
)
def test_a_run_of_something_else_is_not_gone_on_with(watch, changes, words):
    with watch():
        pass
    with pytest.raises(
        RunFolderError, match=f"holds a run with {words}, so it cannot be gone on with: attach with the same"
    ):
        watch(resume=True, **changes).__enter__()


def test_another_process_that_writes_is_respected(watch, tmp_path):
    with watch():
        pass
    (tmp_path / "run" / "heartbeat").write_text("1 elsewhere")
    with pytest.raises(RunFolderError, match="process 1 on elsewhere is writing"):
        watch(resume=True).__enter__()


def test_snapshots_alone_and_measurements_alone(watch, tmp_path, inputs):
    with watch(folder=tmp_path / "weights", measurements=[]) as scope:
        scope.step(0)
    folder = RunFolder.open(tmp_path / "weights")
    assert len(folder.rows()) == 0
    written = Trajectory(folder.snapshots_path / "model")
    assert written.steps == [0]
    with watch(folder=tmp_path / "weights", measurements=[], resume=True) as scope:
        scope.step(0)
        scope.step(1)
    assert written.steps == [0, 1]
    with watch(folder=tmp_path / "rows", snapshots=False) as scope:
        scope.step(0)
    assert not (tmp_path / "rows" / "snapshots").exists()
    assert RunFolder.open(tmp_path / "rows").rows().unique("step") == [0]


def test_the_evaluation_set_does_not_follow_what_the_loop_does_to_its_tensors(watch, inputs, tmp_path):
    with watch(schedule=(0, 1)) as scope:
        scope.step(0)
        inputs.zero_()
        scope.step(1)
    first, second = (RunFolder.open(tmp_path / "run").rows().filter(step=s).column("value") for s in (0, 1))
    assert np.array_equal(first, second)


def test_inputs_by_name_and_by_position_are_stored_as_they_were_given(spread, labels, tmp_path):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, a, b):
            return self.linear(a + b)

    a, b = torch.randn(32, 2), torch.randn(32, 2)
    for number, given in enumerate(((a, b), {"b": b, "a": a})):
        with Watch(Two(), given, {"label": labels}, [spread], tmp_path / str(number)) as scope:
            scope.step(0)
        stored = evaluation.load(tmp_path / str(number)).inputs.as_given
        assert type(stored) is type(given)
        pairs = zip(given, stored, strict=True) if isinstance(given, tuple) else [(given[k], stored[k]) for k in given]
        assert all(torch.equal(x, y) for x, y in pairs)
    with pytest.raises(RunFolderError, match=r"holds no evaluation\.safetensors"):
        evaluation.load(tmp_path)


def test_the_default_schedule_thins_out_and_steps_may_be_numpy_or_torch_integers(watch, tmp_path):
    with watch(places="head") as scope:
        for step in range(40):
            scope.step(np.int64(step) if step % 2 else torch.tensor(step))
    assert RunFolder.open(tmp_path / "run").rows().unique("step") == [
        *range(12),
        13,
        14,
        16,
        18,
        20,
        22,
        25,
        28,
        32,
        35,
    ]


def test_a_step_that_is_not_due_runs_nothing(watch, model, spread, tmp_path):
    with watch(schedule=every(10**9)) as scope:
        model.register_forward_hook(lambda *_: pytest.fail("the network was run"))
        for step in range(1, 100):
            scope.step(step)
    assert spread.seen == []
    assert len(RunFolder.open(tmp_path / "run").rows()) == 0
    assert scope.seconds == 0.0


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"places": "haed"}, UnknownNameError, "no place named 'haed': did you mean 'head'"),
        ({"variables": {"label": [0, 1]}}, InputError, r"variables\['label'\] has 2 labels for 32 rows"),
        ({"variables": {"label": [-1] * 32}}, InputError, "holds the label -1"),
        ({"variables": [0, 1]}, InputError, r"variables is a list, wanted labels by name: pass \{'label': labels\}"),
        ({"variables": {"input": [0] * 32}}, InputError, "a variable is named 'input'"),
        (
            {"variables": {"a\nb": [0] * 32}},
            InputError,
            r"the name of a variable is 'a\\nb', with the character '\\n' at 1",
        ),
        ({"variables": {"n" * 201: [0] * 32}}, InputError, r"the name of a variable has 201 characters .* at most 200"),
        ({"model": len}, InputError, "model is a builtin_function_or_method, wanted a torch"),
        ({"inputs": torch.zeros(1, 6)}, InputError, "inputs has 1 rows, wanted at least 2"),
        ({"measurements": ["binned"]}, InputError, "'binned' is no measurement, wanted objects with id, options"),
        ({"measurements": [], "snapshots": False}, InputError, "there is nothing to record"),
        ({"schedule": 100}, InputError, r"schedule is 100, wanted a container of steps: .*every\(100\)"),
        ({"schedule": "all"}, InputError, "schedule is 'all'"),
        ({"steps_per_epoch": 0}, InputError, "steps_per_epoch is 0"),
        ({"batch_size": 0}, InputError, "batch_size is 0"),
    ],
)
def test_attaching_is_strict_and_leaves_no_folder(watch, tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        watch(**changes)
    assert not (tmp_path / "run").exists()


def test_the_same_measurement_twice_is_refused_but_other_options_are_not(watch, spread):
    with pytest.raises(InputError, match="two measurements have the same estimator and options"):
        watch(measurements=[spread, spread])
    assert watch(measurements=[spread, type(spread)(scale=2.0)])


def test_a_step_must_be_a_whole_number_inside_the_with_block(watch):
    scope = watch()
    with pytest.raises(InputError, match="step 0 came outside the watch: call it inside"):
        scope.step(0)
    with scope, pytest.raises(InputError, match=r"step is 1\.5, wanted a whole number"):
        scope.step(1.5)
    with pytest.raises(InputError, match="step 1 came outside the watch"):
        scope.step(1)


def test_a_damaged_run_is_told_when_resuming_and_the_folder_is_released(watch, tmp_path):
    with watch() as scope:
        scope.step(0)
    (part,) = (tmp_path / "run" / "rows").iterdir()
    part.write_bytes(b"half")
    with pytest.raises(RunFolderError, match="is damaged"):
        watch(resume=True).__enter__()
    assert not (tmp_path / "run" / "heartbeat").exists()
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(RunFolderError, match="was written by a newer infoscope"):
        watch(resume=True).__enter__()


def test_what_a_state_dict_installs_is_gone_too(inputs, labels, spread, tmp_path):
    class Marking(nn.Linear):
        def state_dict(self, *args, **kwargs):
            self.calls = 1
            self.register_forward_hook(lambda *_: None)
            return super().state_dict(*args, **kwargs)

    model = Marking(6, 3)
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
        scope.step(0)
    assert "calls" not in model.__dict__
    assert not model._forward_hooks
    assert len(scope._trajectory.steps) == 1


def test_a_submodule_that_no_figure_can_name_is_refused(watch, tmp_path):
    model = torch.nn.Sequential()
    model.add_module("hid\u2028den", torch.nn.Linear(6, 3))
    with pytest.raises(InputError, match=r"the name of a submodule is 'hid\\u2028den', with the character"):
        watch(model=model)
    assert not (tmp_path / "run").exists()
