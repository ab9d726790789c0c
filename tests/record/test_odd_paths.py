"""Weights lie in files of any name that the system takes."""

import os
import sys
from pathlib import Path

import pytest
import torch

from infoscope.record.files import save
from infoscope.record.trajectory import Trajectory


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="this system takes no file name that is not UTF-8")
def test_a_trajectory_in_a_folder_whose_name_is_not_utf8(tmp_path):
    trajectory = Trajectory(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    trajectory.write(3, 1.0, {"weight": torch.eye(2)})
    assert trajectory.steps == [3]
    assert torch.equal(trajectory[3]["weight"], torch.eye(2))
    assert [path.name for path in trajectory.path.iterdir()] == ["step-000000003.safetensors"]


def test_snapshots_have_the_mode_of_other_files(tmp_path):
    (tmp_path / "plain").write_text("")
    save({"weight": torch.eye(2)}, tmp_path / "a.safetensors", {})
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode
