"""An engine by its name, and what it cannot take."""

from __future__ import annotations

import pytest

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError
from infoscope.engine.opening import settings


def test_an_engine_that_is_open_is_taken_as_it_is():
    with iscope.open_engine("processes", workers=3) as engine, iscope.open_engine(engine) as same:
        assert same is engine
        assert engine.workers == 3
    with iscope.open_engine(None) as none:
        assert none is None


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (("process",), UnknownNameError, "did you mean 'processes'"),
        (("processes:10.0.0.1",), InputError, "has no address"),
        (("processes", 0), InputError, "workers"),
        ((None, 2), InputError, "without the name of an engine"),
        (("processes", 1, "slurm.toml"), InputError, "takes no file of settings"),
    ],
)
def test_what_it_cannot_take_is_said(asked, error, words):
    with pytest.raises(error, match=words):
        iscope.open_engine(*asked)


def test_settings_are_read_and_refused(tmp_path):
    path = tmp_path / "slurm.toml"
    path.write_text("partition = 'gpu'\n[more]\na = 1\n")
    assert settings(path) == {"partition": "gpu", "more": {"a": 1}}
    path.write_text("partition: gpu")
    with pytest.raises(InputError, match="is no TOML file"):
        settings(path)
    with pytest.raises(RunFolderError, match="nowhere"):
        settings(tmp_path / "nowhere.toml")
