"""Inside the loop nothing that goes wrong with recording may stop a training: it is told once and kept as a row."""

import errno
import warnings

import pytest
import torch
from torch import nn

from infoscope.core.folder import RunFolder
from infoscope.measure.bases.measurements import make_measurement
from infoscope.record.trajectory import Trajectory
from infoscope.record.watch import Watch


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))


def test_nan_activations_become_failed_rows_and_the_rest_goes_on(model, inputs, labels, spread, tmp_path):
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run", schedule=range(4)) as scope:
        scope.step(0)
        weight = model[2].weight.detach().clone()
        model[2].weight.data[0, 0] = torch.nan
        with pytest.warns(UserWarning, match="spread was refused at step 1, site 2: t holds NaN or infinity"):
            scope.step(1)
        scope.step(2)  # told once: a second warning would be an error here
        model[2].weight.data.copy_(weight)
        scope.step(3)
    rows = RunFolder.open(tmp_path / "run").rows()
    failed = rows.filter(status="FAILED")
    assert failed.unique("site") == ["2"]
    assert failed.unique("step") == [1, 2]
    assert set(zip(failed.unique("variable"), failed.unique("quantity"), strict=True)) == {
        ("input", "I(X;T)"),
        ("label", "I(T;Y)"),
    }
    assert all("drop those rows or find where the network diverged" in note for note in failed.unique("notes"))
    assert failed.table["value"].null_count == len(failed) == 4
    assert failed.unique("n") == [32]
    assert len(rows) == 4 * 3 * 2
    assert set(rows.filter(step=3).unique("status")) == {"OK"}


def test_a_forward_that_breaks_fails_every_site_of_that_step(model, inputs, labels, spread, tmp_path):
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
        model[1] = nn.Linear(7, 7)  # the user changes the network half-way
        with pytest.warns(UserWarning, match="was refused at step 0, site 0: RuntimeError: mat1 and mat2 shapes"):
            scope.step(0)
        model[1] = nn.Tanh()
        scope.step(1)
    rows = RunFolder.open(tmp_path / "run").rows()
    assert rows.filter(step=0).unique("status") == ["FAILED"]
    assert rows.filter(step=0).unique("site") == ["0", "1", "2"]
    assert rows.filter(step=1).unique("status") == ["OK"]


def full_disk(*_args, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_while_snapshots_are_written_stops_the_recording_not_the_training(
    model, inputs, labels, spread, tmp_path, monkeypatch
):
    trained = []
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run", schedule=range(9)) as scope:
        for step in range(6):
            if step == 2:
                monkeypatch.setattr("safetensors.torch.save_file", full_disk)
                with pytest.warns(UserWarning, match="stopped at step 2 and the training goes on: the disk holding"):
                    scope.step(step)
            else:
                scope.step(step)
            trained.append(step)
    assert trained == list(range(6))
    folder = RunFolder.open(tmp_path / "run")
    assert folder.rows().unique("step") == Trajectory(folder.snapshots_path / "model").steps == [0, 1]
    assert folder.manifest()["state"] == "interrupted"
    monkeypatch.undo()
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run", schedule=range(9), resume=True) as scope:
        for step in range(4):
            scope.step(step)
    assert folder.rows().filter(site="0", variable="input").column("step").tolist() == [0, 1, 2, 3]
    assert folder.manifest()["state"] == "done"


def test_a_disk_that_fills_while_rows_are_written_keeps_them_until_the_end(
    model, inputs, labels, spread, tmp_path, monkeypatch
):
    monkeypatch.setattr("infoscope.core.session.FLUSH_SECONDS", 0.0)
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
        scope.step(0)
        with monkeypatch.context() as patch:
            patch.setattr("infoscope.core.parts.pq.write_table", full_disk)
            with pytest.warns(UserWarning, match=r"stopped at step 1 .*part-000001-\w+\.parquet was not written"):
                scope.step(1)
            scope.step(2)
    folder = RunFolder.open(tmp_path / "run")
    assert folder.rows().unique("step") == [0, 1]  # space was there again on the way out
    assert folder.manifest()["state"] == "interrupted"


def test_a_disk_that_stays_full_is_told_once_and_hides_no_error_of_the_loop(
    model, inputs, labels, spread, tmp_path, monkeypatch
):
    def loop():
        with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
            monkeypatch.setattr("infoscope.core.files.os.replace", full_disk)
            for step in range(5):
                scope.step(step)
            raise ZeroDivisionError

    with pytest.warns(UserWarning, match="infoscope") as told, pytest.raises(ZeroDivisionError):
        loop()
    assert len(told) == 1
    assert "stopped at step 0 and the training goes on: the disk holding" in str(told[0].message)
    assert "\n" not in str(told[0].message)
    assert not (tmp_path / "run" / "heartbeat").exists()


def test_weights_that_cannot_be_stored_stop_the_recording_not_the_training(model, inputs, labels, spread, tmp_path):
    model.register_buffer("sparse", torch.eye(3).to_sparse())
    with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
        with pytest.warns(UserWarning, match="sparse is a tensor of layout torch.sparse_coo"):
            scope.step(0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scope.step(1)
    assert len(RunFolder.open(tmp_path / "run").rows()) == 0


def test_a_measurement_that_fails_first_keeps_its_quantities_and_units(model, inputs, labels, tmp_path):
    """Of the fault that drew effective rank in bits: the first row had failed, and failed rows all said nats."""
    measures = [make_measurement(name) for name in ("effective_rank", "participation_ratio", "kde")]
    weight = model[0].weight.detach().clone()
    model[0].weight.data[:] = torch.nan
    with Watch(model, inputs, {"label": labels}, measures, tmp_path / "run", schedule=range(2), places=["0"]) as scope:
        with pytest.warns(UserWarning, match="was refused at step 0"):
            scope.step(0)
        model[0].weight.data.copy_(weight)
        scope.step(1)
    rows = RunFolder.open(tmp_path / "run").rows()
    assert set(rows.filter(status="FAILED").unique("step")) == {0}
    for measure in measures:
        series = rows.filter(estimator=measure.id, variable="input")
        failed, there = series.filter(step=0), series.filter(step=1)
        assert failed.unique("quantity") == there.unique("quantity")
        assert failed.unique("unit") == there.unique("unit")
