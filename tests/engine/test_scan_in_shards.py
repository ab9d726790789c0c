"""A scan in shards: rows are the same whoever reads how many of them, and to rounding those of all rows at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from works import Narrow, mortal_network

import infoscope as iscope
from infoscope.core import writer_lock
from infoscope.core.errors import BusyError, EngineError, InputError, RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.record import files
from infoscope.scanning import cut, shard_plan, sharded

N = 2400
X = torch.randn(N, 6, generator=torch.Generator().manual_seed(3))
NOISE = torch.randn(N, generator=torch.Generator().manual_seed(4))
Y = (X[:, 0] + 0.7 * NOISE > 0).long() + 2 * (X[:, 1] > 1).long()
SOME = torch.where(torch.arange(N) % 3 == 0, -100, (X[:, 2] > 0).long())  # a third of the rows has no label
MEASURES = ["effective_rank", "participation_ratio", "neural_collapse", "one_pass"]
USABLE = "usable_information(probe=linear, scores=true)"


def scan(weights, out, shards=64, build=Narrow, **options):
    asked = {
        "measures": ["effective_rank"], "sample": 600, "batch_size": 50, "steps": [0, 1],
        "places": ["first", "head"], **options,
    }  # fmt: skip
    return iscope.scan(str(weights), build, X, {"y": Y, "some": SOME}, out=out, shards=shards, **asked)


def told(run):
    return run.rows.table.drop_columns(["run", "seconds"]).to_pylist()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Blocks of 150 rows, so that a few rows are many shards; one thread, as workers have."""
    monkeypatch.setattr(cut, "ROWS", 150)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def alone(weights, tmp_path):
    """All rows of a checkpoint in one shard."""
    return scan(weights, tmp_path / "alone", shards=1)


def test_any_number_of_shards_gives_the_same_rows(weights, tmp_path):
    asked = {"measures": [*MEASURES, USABLE], "steps": [0]}
    runs = [scan(weights, tmp_path / f"{n}", shards=n, **asked) for n in (1, 5, 64)]
    for run in runs:
        assert told(run) == told(runs[0])
        assert run.folder.shares().to_pylist() == runs[0].folder.shares().to_pylist()
        assert run.folder.shares().num_rows
        assert run.check().faults == run.check().others == ()
        assert not (run.folder.path / "jobs").exists()
        assert run.folder.manifest()["evaluation"] == runs[0].folder.manifest()["evaluation"]


def test_it_says_what_measures_of_all_rows_say(weights, tmp_path):
    key = ("step", "site", "variable", "quantity", "estimator")
    held, shards = (told(scan(weights, tmp_path / f"{n}", n, measures=MEASURES, steps=[0])) for n in (0, 8))
    all_rows = {tuple(row[name] for name in key): row for row in held}
    assert set(all_rows) == {tuple(row[name] for name in key) for row in shards}
    for row in shards:
        other = all_rows[tuple(row[name] for name in key)]
        if row["quantity"] in ("nc1_variability", "nearest_mean_error", "I_d(T;Y)"):  # of other rows, and they say so
            assert "sampled" in row["estimand"] or "over rows" in row["estimand"] or "scored on 600" in row["estimand"]
            continue
        assert row["value"] == pytest.approx(other["value"], rel=2e-5, abs=1e-12)
        assert (row["n"], row["status"]) == (other["n"], other["status"])
    assert {row["n"] for row in shards if row["variable"] == "some"} == {int((SOME >= 0).sum())}


def test_rows_that_are_sampled_are_read_as_all_are_or_say_that_they_may_not(weights, tmp_path):
    options = {"measures": [USABLE], "places": ["first"], "steps": [0]}
    held, alone = (
        {row["variable"]: row for row in told(scan(weights, tmp_path / f"{n}", n, **options)) if row["unit"] == "nats"}
        for n in (0, 8)
    )
    for variable in ("y", "some"):
        less = held[variable]["value"] - alone[variable]["value"]
        assert alone[variable]["low"] < held[variable]["value"] < alone[variable]["high"]
        assert abs(less) < 0.01 or alone[variable]["status"] == "UNRESOLVED"
        assert "600 of" in alone[variable]["estimand"]


def test_any_number_of_workers_gives_the_rows_of_one(alone, weights, tmp_path):
    for workers, shards in ((2, 64), (4, 3)):
        run = scan(weights, tmp_path / f"{workers}", shards, engine="processes", workers=workers)
        assert told(run) == told(alone)
        assert not (run.folder.path / "jobs").exists()


def test_a_killed_worker_costs_nothing(alone, weights, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("INFOSCOPE_TEST_DIES", str(tmp_path / "mark"))
    run = scan(weights, tmp_path / "run", 4, mortal_network, engine="processes", workers=1)
    assert run.rows.content_hash() == alone.rows.content_hash()
    assert "was killed (signal 9)" in capfd.readouterr().err


def test_a_killed_scan_goes_on_with_the_shards_that_are_there(alone, weights, tmp_path):
    code = (
        "import sys, test_scan_in_shards as t\n"
        "t.cut.ROWS = 150\n"
        "t.torch.set_num_threads(1)\n"
        "t.scan(sys.argv[1], sys.argv[2])\n"
    )
    script, out = tmp_path / "scans.py", tmp_path / "run"
    script.write_text(code)
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    one = subprocess.Popen([sys.executable, script, weights, out], env={**os.environ, "PYTHONPATH": paths})
    while one.poll() is None and len([*(out / "jobs").glob("*.state")]) < 3:
        time.sleep(0.01)
    one.send_signal(signal.SIGKILL)
    one.wait()
    there = {path.name for path in (out / "jobs").glob("*.state")}
    assert 3 <= len(there) < 32
    dealt = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharded, "Job", lambda *one, **more: dealt.append(one[3].name) or sharded_job(*one, **more))
        run = scan(weights, out)
    assert not there & set(dealt)
    assert told(run) == told(alone)
    assert run.check().faults == run.check().others == ()


sharded_job = sharded.Job


def test_a_shard_that_is_damaged_or_of_other_columns_is_told_and_read_anew(alone, weights, tmp_path, monkeypatch):
    def stopped(self, step):
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:  # when all shards of the first step are there
        patch.setattr(sharded._ShardedScan, "_reading", stopped)
        with pytest.raises(KeyboardInterrupt):
            scan(weights, out, 4)
    first, second, *_ = sorted((out / "jobs").glob("*-0-*.state"))
    tensors, about = files.load(second, "")
    kept = {name: text for name, text in about.items() if name in ("shard", "states")}
    states = json.loads(kept["states"])
    states[0]["columns"] = {"first": 7}
    files.save(tensors, second, {**kept, "states": json.dumps(states)})
    with pytest.raises(EngineError, match=r"-0-1.state is no shard of this scan .*which reads that shard anew"):
        scan(weights, out, 4)
    assert sorted(iscope.load(out).rows.unique("step")) == [1]  # the other step is done all the same
    first.write_bytes(first.read_bytes()[:-3])
    with pytest.raises(EngineError, match=r"-0-0.state (is|cannot) .*which reads that shard anew"):
        scan(weights, out, 4)
    assert {row["step"]: row for row in told(scan(weights, out, 4))}.keys() == {0, 1}
    assert iscope.load(out).rows.content_hash() == alone.rows.content_hash()


def test_shards_of_weights_that_have_changed_meanwhile_are_told_and_read_anew(weights, tmp_path):
    def stopped(self, step):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharded._ShardedScan, "_reading", stopped)
        with pytest.raises(KeyboardInterrupt):
            scan(weights, tmp_path / "run", 4, steps=[0])
    torch.save({"model": Narrow().state_dict(), "step": 0}, weights / "step_0.pt")
    with pytest.raises(
        EngineError, match=r"-0-0.state \(and 3 more\) is of other weights than .* reads that shard anew"
    ):
        scan(weights, tmp_path / "run", 4, steps=[0])
    now = scan(weights, tmp_path / "run", 4, steps=[0])
    assert told(now) == told(scan(weights, tmp_path / "fresh", 2, steps=[0]))


def test_shards_of_another_cut_or_of_steps_that_are_done_go(alone, weights, tmp_path):
    jobs = alone.folder.path / "jobs"
    jobs.mkdir()
    (jobs / "0123456789-0-3.state").write_bytes(b"of another cut")
    before = told(alone)
    assert told(scan(weights, alone.folder.path, shards=64)) == before
    assert not jobs.exists()


def test_a_checkpoint_that_vanishes_fails_alone(weights, tmp_path, monkeypatch):
    from infoscope.scanning import checkpoint_scan

    tell = checkpoint_scan._Scanning._tell

    def vanishes(self, folder):
        tell(self, folder)
        (weights / "step_0.pt").unlink()

    monkeypatch.setattr(checkpoint_scan._Scanning, "_tell", vanishes)
    with pytest.raises(EngineError, match=r"1 of 2 jobs failed, shard 1 of 2 of step 0 of .*run"):
        scan(weights, tmp_path / "run", 2, measures=["effective_rank"])
    assert sorted(iscope.load(tmp_path / "run").rows.unique("step")) == [1]


def test_rows_that_are_no_numbers_fail_and_nothing_else_does(weights, tmp_path):
    bad = weights / "step_0.pt"
    content = torch.load(bad, weights_only=True)
    content["model"]["head.weight"] = torch.full((3, 8), float("nan"))
    torch.save(content, bad)
    run = scan(weights, tmp_path / "run", 8)
    failed = run.rows.filter(status="FAILED")
    assert (failed.unique("step"), failed.unique("site")) == ([0], ["head"])
    assert "NaN" in failed.column("notes")[0]
    assert len(failed) == len(run.rows.filter(step=1, site="head"))


def test_a_second_scan_into_the_folder_is_refused(alone, weights):
    with RunFolder(alone.folder.path).writing(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_lock, "_HELD", {})  # as another process sees it
        with pytest.raises(BusyError, match="is writing to"):
            scan(weights, alone.folder.path)


def test_what_cannot_be_read_in_shards_is_refused_before_anything_is_made(alone, weights, tmp_path):
    for measure in ("binned", "usable_information(probe=mlp)", "usable_information(controls=shuffled)"):
        with pytest.raises(InputError, match=r"cannot be read of rows that are gone: in shards measure usable_"):
            scan(weights, tmp_path / "run", measures=[measure])
    with iscope.memory_budget("1kB"), pytest.raises(InputError, match=r"one pass over 2 places .*@sketch\(256\)"):
        scan(weights, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    for other in ({"shards": 0}, {"shards": 2, "sample": 999}):
        with pytest.raises(RunFolderError, match=r"a scan with other way to hold rows \(shards, sample\)"):
            scan(weights, alone.folder.path, **other)


def test_shards_are_taken_where_rows_would_not_fit(alone, weights, tmp_path, capsys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_plan.memory, "budget", lambda: 3e4)
        run = scan(weights, tmp_path / "run", shards=None)
        assert "16 shards of one pass" in capsys.readouterr().err
        binned = scan(weights, tmp_path / "binned", shards=None, measures=["binned"], steps=[0])
    assert told(run) == told(alone)
    assert "one_pass" not in binned.folder.manifest()["networks"]["model"]["recipe"]
    said = capsys.readouterr().err
    assert "the rows of a checkpoint take 0.11 MB and there are 0.1 MB; they cannot be read in shards, since " in said
    again = scan(weights, tmp_path / "run", shards=None, steps=[0, 1, 2])  # the run says how it is read
    assert sorted(again.rows.unique("step")) == [0, 1, 2]
