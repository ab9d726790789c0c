"""Files of a run that were changed or lost since: told by every reader, judged by none, made anew where they can be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import infoscope
from infoscope.claim import running
from infoscope.claim.repairing import repair
from infoscope.core.errors import DamagedError, RunFolderError
from infoscope.core.files import write_json
from infoscope.core.folder import DAMAGED, RunFolder
from infoscope.core.sealed import sealed
from infoscope.record import checking
from infoscope.record.trajectory import STATE, Trajectory

FIXTURES = Path(__file__).parent.parent / "fixtures" / "2f3f68c"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    """One run of a figure, which tests may read but not write to."""
    return running.run_figure("saxe2018/tanh", "smoke", 2, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def run(whole, tmp_path) -> RunFolder:
    """A run of its own for a test that writes to it."""
    return RunFolder.open(shutil.copytree(whole.path, tmp_path / whole.id))


def go_on(run: RunFolder) -> RunFolder:
    """What ``infoscope run`` does, called again."""
    return running.run_figure("saxe2018/tanh", "smoke", 2, run.path.parent)


def flip(path: Path) -> None:
    """One bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def a_part(run: RunFolder) -> Path:
    return sorted(run.rows_path.iterdir())[0]


def a_snapshot(run: RunFolder) -> Path:
    return sorted((run.snapshots_path / "tanh").iterdir())[5]


READERS: dict[str, Callable[[RunFolder], object]] = {
    "claims": lambda run: infoscope.load(run.path).claims(),
    "report": lambda run: infoscope.load(run.path).report(),
    "measure": lambda run: infoscope.load(run.path).measure("binned", bins=4),
    "rows": lambda run: infoscope.load(run.path).rows,
    "run": go_on,
}


def contents(run: RunFolder) -> dict[str, bytes]:
    return {str(path.relative_to(run.path)): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("harm", [flip, Path.unlink])
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_believes_what_is_left_of_damaged_rows_or_writes_anything(run, reader, harm):
    harm(a_part(run))
    before = contents(run)
    with pytest.raises(DamagedError, match=rf"{run.rows_path}/part-.* is (damaged|missing)"):
        READERS[reader](run)
    there = contents(run)
    there.pop("run.json"), before.pop("run.json")  # `run` says there that it has begun
    assert there == before


def read_all(run: RunFolder) -> object:
    trajectory = infoscope.load(run.path).trajectory
    return [trajectory[step] for step in trajectory]


@pytest.mark.parametrize("harm", [flip, Path.unlink])
@pytest.mark.parametrize("reader", [READERS["measure"], read_all])
def test_nobody_measures_damaged_weights(run, reader, harm):
    harm(a_snapshot(run))
    before = contents(run)
    with pytest.raises(DamagedError, match=rf"{run.snapshots_path}/tanh/step-.* is (damaged|missing)"):
        reader(run)
    assert contents(run) == before, "not even the steps before it"


@pytest.mark.parametrize("harm", [flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_the_same_command_trains_a_lost_snapshot_anew_to_the_same_bits(run, whole, harm, capsys):
    steps = infoscope.load(whole.path).trajectory.steps
    path = a_snapshot(run)
    harm(path)
    go_on(run)
    assert "training anew, for 1 lost or damaged snapshots" in capsys.readouterr().err
    assert path.exists()
    assert run.listed_snapshots("tanh") == whole.listed_snapshots("tanh")
    assert infoscope.load(run.path).trajectory.whole() == steps
    assert run.rows().content_hash() == whole.rows().content_hash()
    assert not infoscope.load(run.path).check().faults


def test_a_damaged_state_of_the_trainer_costs_time_only(run, whole, capsys):
    trajectory = Trajectory.of(run, "tanh")
    trajectory.write_state({"parameters.w": torch.zeros(3)}, {"epoch": 3, "layout": [1, 1]})
    flip(trajectory.path / STATE)
    a_snapshot(run).unlink()
    go_on(run)
    assert f"{STATE} is damaged" in capsys.readouterr().err
    assert run.listed_snapshots("tanh") == whole.listed_snapshots("tanh")
    assert not (trajectory.path / STATE).exists()


def test_weights_that_come_out_otherwise_are_not_taken_for_the_lost_ones(run):
    """As on another machine: the list remembers weights that training here does not give."""
    manifest = run.manifest()
    path = a_snapshot(run)
    step = str(int(path.stem.removeprefix("step-")))
    manifest["snapshots"]["tanh"][step]["weights"] = "0" * 64
    write_json(run.manifest_path, sealed(manifest))
    path.unlink()
    with pytest.raises(RunFolderError, match=f"training anew gave other weights at step {step} than those that"):
        go_on(run)
    assert not path.exists()


@pytest.mark.parametrize("harm", [flip, Path.unlink])
@pytest.mark.parametrize("what", ["rows", "snapshots", "verdicts.json", "all"])
def test_a_repair_makes_anew_what_a_figure_is_made_of(run, whole, what, harm):
    lost = {"rows": [a_part(run)], "snapshots": [a_snapshot(run)], "verdicts.json": [run.path / "verdicts.json"]}
    for kind, paths in lost.items():
        for path in paths if what in (kind, "all") else ():
            harm(path)
    found = infoscope.load(run.path).check()
    assert len(found.faults) == (3 if what == "all" else 1)
    assert all(each.lost for each in found.faults)
    mended = infoscope.load(run.path).check(repair=True)
    assert not mended.faults
    assert sorted(mended.remade) == sorted(str(each.path) for each in found.faults)
    assert mended.lost == ()
    assert run.rows().content_hash() == whole.rows().content_hash()
    assert run.listed_snapshots("tanh") == whole.listed_snapshots("tanh")
    assert run.verdicts() == whole.verdicts()
    aside = [path for path in (run.path / DAMAGED).rglob("*") if path.is_file()]
    assert len(aside) == (len(found.faults) if harm is flip else 0)


def test_a_repair_says_which_rows_nobody_but_the_user_can_ask_for_again(run):
    """Merged into one part, rows of the figure's plan and a measure taken later are lost together."""
    extra = infoscope.load(run.path).measure("binned", bins=4, places=["output"])
    for path in run.rows_path.iterdir():
        flip(path)
    mended = infoscope.load(run.path).check(repair=True)
    assert not mended.faults
    (said,) = mended.lost
    assert said.startswith(f"up to {len(extra)} rows that were measured beyond the figure's own plan")
    assert infoscope.load(run.path).check().lost == (said,), "and the run remembers"


def test_nothing_is_repaired_while_something_cannot_be_read(run, monkeypatch):
    a_snapshot(run).unlink()
    locked = a_part(run)
    real = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    found = repair(run)
    assert sorted(each.lost for each in found.faults) == [False, True]
    assert found.remade == ()
    assert locked.exists()


@pytest.fixture
def watched(tmp_path) -> RunFolder:
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), torch.randn(40, 4)
    with infoscope.watch(
        model, x, {"label": np.arange(40) % 2}, ["binned"], tmp_path / "w", schedule=range(4)
    ) as scope:
        for step in range(4):
            scope.step(step)
    return RunFolder(tmp_path / "w")


@pytest.mark.parametrize("what", ["snapshot", "part"])
def test_what_of_a_watched_run_cannot_be_made_anew_stays_told_until_the_loss_is_accepted(watched, what):
    path = Trajectory.of(watched, "model").file(2) if what == "snapshot" else a_part(watched)
    rows = len(watched.rows())
    flip(path)
    for found in (watched_check(watched), watched_check(watched, repair=True)):
        assert [each.path for each in found.faults] == [path]
    gone_on = watched_check(watched, repair=True, accept_loss=True)
    assert not gone_on.faults
    (said,) = gone_on.lost
    assert said == str(path.relative_to(watched.path)) + (f" with {rows} rows" if what == "part" else "")
    assert (watched.path / DAMAGED / path.relative_to(watched.path)).exists()
    again = infoscope.load(watched.path)
    assert len(again.trajectory) == (3 if what == "snapshot" else 4)
    assert again.check().lost == (said,)


def watched_check(run: RunFolder, **how: bool) -> checking.Checked:
    return infoscope.load(run.path).check(**how)


def test_check_counts_every_file_and_names_what_is_not_of_the_run(run):
    (run.path / "notes.txt").write_text("mine")
    (run.rows_path / "part-000000-abcdef (conflicted copy).parquet").write_bytes(b"a copying tool's")
    infoscope.load(run.path).examples("label", figure=None)
    found = checking.checked(run)
    assert not found.faults
    assert not found.unrecorded
    assert {path.name for path in found.others} == {"notes.txt", "part-000000-abcdef (conflicted copy).parquet"}
    parts, shots = len(run.listed_parts()), len(run.listed_snapshots("tanh") or ())
    assert found.whole == 1 + parts + shots + 1 + 1  # run.json, verdicts.json, examples
    json.dumps(found.to_json())
    (examples,) = (run.path / "examples").iterdir()
    flip(examples)
    assert [each.path for each in checking.checked(run).faults] == [examples]
    with pytest.raises(DamagedError, match=examples.name):
        infoscope.load(run.path).report()


@pytest.mark.parametrize("name", ["planned", "watched"])
def test_a_run_made_before_files_had_hashes_is_not_recorded(tmp_path, name):
    folder = RunFolder.open(shutil.copytree(FIXTURES / name, tmp_path / name))
    found = checking.checked(folder)
    assert not found.faults
    assert found.whole == 0
    assert len(found.unrecorded) == len([path for path in folder.path.rglob("*") if path.is_file()])


@pytest.mark.parametrize("where", ["outcome", "said", "finding", "value"])
def test_a_verdict_that_was_edited_with_its_seal_is_held_against_its_findings(run, where):
    run.store_verdicts(run.verdicts())
    assert run.verdicts()
    (stored,) = json.loads((run.path / "verdicts.json").read_text())
    changes = {"outcome": {"outcome": "reproduced"}, "said": {"said": "reproduced"}}.get(where, {})
    stored = {**stored, **changes, "reason": stored["reason"] if where in changes else ""}
    if where == "finding":
        stored["findings"][0]["outcome"] = "fails" if stored["findings"][0]["outcome"] != "fails" else "holds"
    if where == "value":
        stored["findings"][0]["value"], stored["findings"][0]["interval"] = 1e9, None
    write_json(run.path / "verdicts.json", [sealed(stored)])
    with pytest.raises(RunFolderError, match=r"verdicts\.json is damaged or was edited \(.*says .*come"):
        run.verdicts()
    infoscope.load(run.path).claims()
    assert run.verdicts()[0]["outcome"] == "not testable here"


def test_accepting_a_loss_without_repairing_is_no_command(run):
    with pytest.raises(ValueError, match="accept_loss arrived without repair=True"):
        infoscope.load(run.path).check(accept_loss=True)
