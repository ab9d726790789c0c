"""Slurm, by submitit's executor on this machine: settings, the time limit, and what Slurm is told."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from works import Slow

import infoscope as iscope
from infoscope.core.errors import EngineError, InputError
from infoscope.engine.engines.slurm import _parameters
from infoscope.engine.job import Job

needs_submitit = pytest.mark.skipif(
    find_spec("submitit") is None, reason="submitit is not installed, by which arrays go"
)


def test_settings_become_what_sbatch_takes():
    told, cluster = _parameters(
        {"partition": "gpu", "account": "mine", "time": "1:30:00", "memory": 16, "sbatch": {"qos": "low"}}, 8
    )
    assert cluster is None
    assert told == {
        "name": "infoscope",
        "timeout_min": 90,
        "cpus_per_task": 1,
        "mem_gb": 16,
        "slurm_array_parallelism": 8,
        "slurm_partition": "gpu",
        "slurm_account": "mine",
        "slurm_additional_parameters": {"qos": "low"},
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"queue": "gpu"}, "the setting 'queue' arrived, wanted one of account, cluster"),
        ({"time": "soon"}, "the setting time is 'soon', wanted minutes or hours:minutes:seconds"),
        ({"memory": "16GB"}, "the setting memory is '16GB', wanted a number"),
    ],
)
def test_a_setting_that_there_is_not_is_told(settings, words):
    with pytest.raises(InputError, match=words):
        _parameters(settings, 1)


@needs_submitit
@pytest.mark.timeout(600)
def test_a_task_at_its_time_limit_is_queued_again_and_goes_on(tmp_path):
    from submitit.local.local import LocalJobEnvironment

    settings = tmp_path / "slurm.toml"
    settings.write_text("cluster = 'local'\ntime = 5\n")
    work = Slow(tmp_path, 4.0)
    jobs = [Job(f"number {n}", work, n, tmp_path / "run" / "jobs" / f"{n}.job") for n in range(2)]
    begun = tmp_path / "begun-0"
    with iscope.open_engine("slurm", 1, settings) as engine:
        for job in jobs:
            engine.submit(job)
        first: list[str] = []

        def beat():
            if not first and begun.exists() and begun.read_text():
                first.append(begun.read_text())
                os.kill(int(first[0]), LocalJobEnvironment._usr_sig())  # as Slurm does before the time is over

        assert [one.failure for one in engine.results(beat)] == [None, None]
    assert first
    assert begun.read_text() != first[0], "the job that was cut off was done again, by another process"
    assert list((tmp_path / "run-slurm").rglob("*_log.out"))


@needs_submitit
def test_without_slurm_on_this_machine_the_jobs_are_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = tmp_path / "slurm.toml"
    settings.write_text("cluster = 'slurm'\n")
    with iscope.open_engine("slurm", 1, settings) as engine:
        engine.submit(Job("number 0", Slow(tmp_path), 0, tmp_path / "run" / "jobs" / "0.job"))
        with pytest.raises(EngineError, match="Slurm did not take the jobs"):
            list(engine.results())
