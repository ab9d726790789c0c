"""Weights on disk: what goes in comes out to the bit, and damage is told in one sentence."""

import errno
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from infoscope.core.errors import DamagedError, InputError, RunFolderError, UnknownNameError
from infoscope.record.trajectory import Trajectory


@pytest.fixture
def trajectory(tmp_path):
    return Trajectory(tmp_path / "snapshots" / "net")


def stacked(members=3):
    return {"0.weight": torch.randn(members, 4, 2), "0.bias": torch.zeros(members, 4), "n": torch.arange(members)}


def test_a_snapshot_comes_back_to_the_bit(trajectory):
    tensors = {**stacked(), "half": torch.randn(3, 2).bfloat16(), "flag": torch.tensor([True, False, True])}
    trajectory.write(12, 0.5, tensors)
    found = trajectory[12]
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert trajectory.epoch(12) == 0.5


@given(steps=st.sets(st.integers(0, 10**12), max_size=6))
def test_steps_are_sorted_however_they_were_written(tmp_path_factory, steps):
    trajectory = Trajectory(tmp_path_factory.mktemp("t"))
    for step in steps:
        trajectory.write(step, step / 7, {"w": torch.tensor([step])})
    assert trajectory.steps == list(trajectory) == sorted(steps)
    assert len(trajectory) == len(steps)
    for step in steps:
        assert step in trajectory
        assert trajectory[step]["w"].item() == step
        assert trajectory.epoch(step) == step / 7


def test_names_sort_as_steps_do_and_half_written_files_are_not_looked_at(trajectory):
    trajectory.write(123, 1.0, stacked())
    assert [path.name for path in trajectory.path.iterdir()] == ["step-000000123.safetensors"]
    (trajectory.path / ".step-000000200.safetensors.ab12.tmp").write_bytes(b"half")
    (trajectory.path / "step-notes.safetensors").write_bytes(b"not ours")
    trajectory.write_state(stacked(), {"epoch": 1})
    assert trajectory.steps == [123]


def test_writing_a_step_again_replaces_it(trajectory):
    trajectory.write(1, 0.0, {"w": torch.zeros(1)})
    trajectory.write(1, 0.0, {"w": torch.ones(1)})
    assert trajectory[1]["w"].item() == 1.0
    assert len(trajectory) == 1


def test_tied_transposed_expanded_and_sliced_tensors_are_stored(trajectory):
    weight = nn.Parameter(torch.randn(3, 5))
    tied = {
        "embed": weight, "head": weight, "transposed": weight.T, "row": weight[1], "expanded": torch.ones(1).expand(4),
        "empty": torch.zeros(0, 2),
    }  # fmt: skip
    trajectory.write(0, 0.0, tied)
    assert all(torch.equal(trajectory[0][name], tensor) for name, tensor in tied.items())


def test_an_unknown_step_lists_the_nearest(trajectory):
    with pytest.raises(UnknownNameError, match="holds no snapshots at all"):
        trajectory[3]
    for step in (0, 1, 10, 100, 1000, 10000):
        trajectory.write(step, 0.0, {"w": torch.zeros(1)})
    with pytest.raises(UnknownNameError, match=r"no snapshot of step 90 .* 1, 10, 100 .*\(6 in all, from 0 to 10000\)"):
        trajectory[90]
    with pytest.raises(UnknownNameError, match="no snapshot of step 11"):
        trajectory.epoch(11)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{}" * 40, lambda b: b[:8]])
def test_a_damaged_file_is_one_sentence(trajectory, damage):
    trajectory.write(5, 0.0, stacked())
    (path,) = trajectory.path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    for read in (trajectory.__getitem__, trajectory.epoch):
        with pytest.raises(
            DamagedError, match=r"step-000000005\.safetensors is damaged .*: restore it from a copy"
        ) as caught:
            read(5)
        assert "\n" not in str(caught.value)


def test_the_state_is_the_last_one_written(trajectory):
    assert trajectory.read_state() is None
    trajectory.write_state({"w": torch.zeros(2)}, {"epoch": 1})
    trajectory.write_state({"w": torch.ones(2)}, {"epoch": 2, "order": [3, 1], "name": "α"})
    tensors, extra = trajectory.read_state()
    assert torch.equal(tensors["w"], torch.ones(2))
    assert extra == {"epoch": 2, "order": [3, 1], "name": "α"}
    (trajectory.path / "state.safetensors").write_bytes(b"\0" * 9)
    with pytest.raises(RunFolderError, match=r"state\.safetensors is damaged"):
        trajectory.read_state()


def test_what_cannot_be_stored_is_refused_by_name(trajectory):
    with pytest.raises(InputError, match="w is a list, wanted a dense tensor"):
        trajectory.write(0, 0.0, {"w": [1.0]})
    with pytest.raises(InputError, match=r"w is a tensor of layout torch\.sparse_coo"):
        trajectory.write(0, 0.0, {"w": torch.eye(2).to_sparse()})
    with pytest.raises(InputError, match="step is -1"):
        trajectory.write(-1, 0.0, stacked())
    assert trajectory.steps == []


def test_a_full_disk_leaves_what_was_there(trajectory, monkeypatch):
    import safetensors.torch
    from safetensors import SafetensorError

    trajectory.write(0, 0.0, stacked())

    def full(tensors, path, metadata):  # what safetensors 0.8 raises on a full tmpfs
        path.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(RunFolderError, match=r"the disk holding .* is full") as caught:
        trajectory.write(1, 0.0, stacked())
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert [path.name for path in trajectory.path.iterdir()] == ["step-000000000.safetensors"]

    def broken(tensors, path, metadata):
        raise SafetensorError("something else")

    monkeypatch.setattr(safetensors.torch, "save_file", broken)
    with pytest.raises(SafetensorError, match="something else"):
        trajectory.write(1, 0.0, stacked())


def test_listing_steps_does_not_import_torch(trajectory):
    trajectory.write(7, 0.0, stacked())
    code = (
        "import sys; from infoscope.record.trajectory import Trajectory; "
        f"assert Trajectory({str(trajectory.path)!r}).steps == [7]; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
