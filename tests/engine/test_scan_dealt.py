"""A scan through an engine: the rows of one process to the bit, whoever is killed, and nothing is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.compute as pc
import pytest
import torch
from works import Narrow, mortal_network

import infoscope as iscope
from infoscope.core import writer_lock
from infoscope.core.errors import BusyError, EngineError, InputError
from infoscope.core.folder import RunFolder
from infoscope.engine import job_file
from infoscope.scanning import dealt

X = torch.randn(90, 6, generator=torch.Generator().manual_seed(3))
Y = torch.arange(90) % 3
MEASURES = ["effective_rank", "usable_information(probe=linear, scores=true)"]


def scan(weights, out, build=Narrow, **options):
    return iscope.scan(str(weights), build, X, {"y": Y}, measures=MEASURES, out=out, **options)


def told(run):
    return run.rows.table.drop_columns(["run", "seconds"]).to_pylist()


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_any_number_of_workers_gives_the_rows_of_one_in_their_order(weights, tmp_path):
    alone = scan(weights, tmp_path / "alone")
    runs = [scan(weights, tmp_path / f"{n}", engine="processes", workers=n) for n in (1, 4)]
    runs.append(scan(weights, tmp_path / "here", engine="here"))
    for run in runs:
        assert told(run) == told(alone)
        assert run.folder.shares().to_pylist() == alone.folder.shares().to_pylist()
        assert run.check().faults == run.check().others == ()
        assert not (run.folder.path / "jobs").exists()
        origins = (each.folder.manifest()["networks"]["model"]["checkpoints"] for each in (run, alone))
        assert next(origins) == next(origins)


def test_a_killed_worker_costs_nothing(weights, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("INFOSCOPE_TEST_DIES", str(tmp_path / "mark"))
    run = scan(weights, tmp_path / "run", mortal_network, engine="processes", workers=2)
    assert run.rows.content_hash() == scan(weights, tmp_path / "alone").rows.content_hash()
    assert "was killed (signal 9)" in capfd.readouterr().err


def test_a_killed_scan_goes_on_from_what_its_workers_have_found(weights, tmp_path, monkeypatch):
    code = (
        "import sys, works, test_scan_dealt as t\n"
        "if __name__ == '__main__':\n"
        "    t.scan(sys.argv[1], sys.argv[2], engine='processes', workers=2)\n"
    )
    script, out = tmp_path / "scans.py", tmp_path / "run"
    script.write_text(code)
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    one = subprocess.Popen([sys.executable, script, weights, out], env={**os.environ, "PYTHONPATH": paths})
    while one.poll() is None and not [*(out / "jobs").glob("*.job"), *(out / "rows").glob("part-*")]:
        time.sleep(0.02)
    one.send_signal(signal.SIGKILL)
    one.wait()
    seen = []
    found = job_file.found

    def looked(folder):
        for path, answer in found(folder):
            seen.append(path)
            yield path, answer

    monkeypatch.setattr(job_file, "found", looked)
    deadline = time.monotonic() + 60
    while (out / "heartbeat").exists() and time.monotonic() < deadline:
        try:
            run = scan(weights, out, engine="processes", workers=1)
            break
        except iscope.InfoscopeError:
            time.sleep(0.5)
    assert run.rows.content_hash() == scan(weights, tmp_path / "alone").rows.content_hash()
    assert run.check().faults == run.check().others == ()


def test_one_bad_checkpoint_is_told_and_the_others_are_measured(weights, tmp_path):
    run = scan(weights, tmp_path / "run", steps=[0])
    bad = weights / "step_3.pt"
    content = torch.load(bad, weights_only=True)
    content["model"]["first.weight"] = torch.full((8, 6), float("nan"))
    torch.save(content, bad)
    one = scan(weights, tmp_path / "run", engine="processes", workers=2)
    assert one.rows.unique("step") == [0, 1, 2, 3, 4, 5]
    assert set(one.rows.filter(step=3, site="first").unique("status")) == {"FAILED"}
    assert run.folder.path == one.folder.path


def test_a_checkpoint_that_vanishes_under_a_worker_fails_alone(weights, tmp_path, monkeypatch):
    from infoscope.scanning import checkpoint_scan

    tell = checkpoint_scan._Scanning._tell

    def vanishes(self, folder):
        tell(self, folder)
        (weights / "step_2.pt").unlink()

    monkeypatch.setattr(checkpoint_scan._Scanning, "_tell", vanishes)
    with pytest.raises(EngineError, match=r"step 2 of .*run failed|1 of 6 jobs failed, step 2"):
        scan(weights, tmp_path / "run", engine="here")
    assert sorted(iscope.load(tmp_path / "run").rows.unique("step")) == [0, 1, 3, 4, 5]


def test_what_an_earlier_run_in_the_folder_left_is_not_taken(weights, tmp_path):
    run = scan(weights, tmp_path / "run", steps=[0])
    stranger = job_file.JobAnswer({"of": "another run", "network": "model", "checkpoints": {}}, (run.rows.table,))
    job_file.write(tmp_path / "run" / "jobs" / "old.job", stranger)
    (tmp_path / "run" / "jobs" / "torn.job").write_bytes(b"half")
    before = run.rows.content_hash()
    assert scan(weights, tmp_path / "run", steps=[0]).rows.content_hash() == before
    assert not (tmp_path / "run" / "jobs").exists()


def test_a_merge_that_was_cut_off_is_done_again_and_counts_once(weights, tmp_path):
    run = scan(weights, tmp_path / "run", steps=[0, 1])
    before = run.rows.content_hash(), run.folder.shares().to_pylist()
    rows, shares = run.rows.filter(step=1), run.folder.shares()
    found = dealt.answer(run.folder, "model", rows, shares.filter(pc.equal(shares["step"], 1)))
    job_file.write(dealt.new_file(run.folder, "cut off"), found)  # its rows are in a part, the file is there still
    again = scan(weights, tmp_path / "run", steps=[0, 1])
    assert (again.rows.content_hash(), again.folder.shares().to_pylist()) == before
    assert not (tmp_path / "run" / "jobs").exists()
    assert again.check().faults == again.check().others == ()


def test_a_second_scan_into_the_folder_is_refused(weights, tmp_path):
    scan(weights, tmp_path / "run", steps=[0])
    with RunFolder(tmp_path / "run").writing(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_lock, "_HELD", {})  # as another process sees it
        with pytest.raises(BusyError, match="is writing to"):
            scan(weights, tmp_path / "run", engine="here")


def test_what_cannot_reach_a_worker_is_refused_before_anything_is_made(weights, tmp_path):
    in_memory = {0: Narrow().state_dict()}
    with pytest.raises(InputError, match="in the memory of this process"):
        iscope.scan(in_memory, Narrow, X, {"y": Y}, measures=MEASURES, out=tmp_path / "run", engine="processes")
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="cannot be handed to another process"):
        scan(weights, tmp_path / "run", lambda: Narrow(), engine="processes", workers=1)
