"""Trackers mirror what is measured: names and units that all of them take, steps of their own, and no training ends by
one that breaks; with the real packages, offline, where they are installed."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest
import torch

import infoscope as iscope
from infoscope.core import registry
from infoscope.core.errors import InputError, MissingPackageError, UnknownNameError
from infoscope.core.rows import Rows
from infoscope.core.units import bits
from infoscope.show.mirroring import STEP, Mirror, Names, exported, imported, mirrors


class Keeps:
    def __init__(self):
        self.told, self.ended = [], False

    def log(self, values, step):
        self.told.append((step, dict(values)))

    def finish(self):
        self.ended = True


def watched(out, trackers, steps=(0, 1, 2), after=lambda step: None, **more):
    torch.manual_seed(0)
    model, x = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh()), torch.randn(60, 3)
    y = (x[:, 0] > 0).long()
    with iscope.watch(
        model,
        x,
        {"label": y},
        ["binned(bins=8)"],
        out,
        places=["0", "1"],
        schedule=range(99),
        trackers=trackers,
        **more,
    ) as scope:
        for step in steps:
            scope.step(step)
            after(step)
    return scope.run


def wanted(run, place="1", quantity="I(X;T)"):
    """The steps and the values in bits of one curve of the run."""
    rows = run.rows.filter(site=place, quantity=quantity)
    return rows.column("step").tolist(), [bits(value) for value in rows.column("value")]


NAME = "infoscope/model/binned/I_X_T_bits/1"


def test_numbers_have_names_in_bits_and_members_are_a_mean(make_rows):
    rows = make_rows(members=3, steps=2, training=True, failed=lambda member, step, site: (member, site) == (1, 0))
    told = Keeps()
    sink = Mirror("keeps", lambda run: told)
    for step in rows.unique("step"):
        sink.take(rows.filter(step=step))
    sink.close()
    assert [step for step, _ in told.told] == rows.unique("step")
    assert told.ended
    for step, values in told.told:
        one = rows.filter(step=step, site="hidden1", quantity="I(X;T)")
        assert np.isnan(one.column("value")).sum() == 1
        np.testing.assert_allclose(
            values["infoscope/tanh/binned/I_X_T_bits/hidden1"], bits(np.nanmean(one.column("value")))
        )
        accuracy = rows.filter(step=step, quantity="accuracy", split="test").column("value")
        np.testing.assert_allclose(values["infoscope/tanh/training/accuracy/label/test/network"], accuracy.mean())
        assert all(
            name.isascii() and set(name) <= set(NAME + "abcdefghijklmnopqrstuvwxyzIXTY0123456789_.-/")
            for name in values
        )


def test_options_tell_ways_of_measuring_apart_after_the_first(make_rows):
    kinds = [make_rows(steps=1, training=False, options=lambda *_, n=n: {"bins": n}) for n in (30, 60)]
    values = Names().values(Rows.concat(kinds))
    assert {name.split("/")[2] for name in values} == {"binned", "binned_bins-60"}
    assert len(values) == 12


def test_a_tracker_that_breaks_is_told_once_and_the_training_goes_on(tmp_path):
    class Breaks(Keeps):
        def log(self, values, step):
            if step == 1:
                raise OSError("the network is gone\nand more")
            super().log(values, step)

    broken, whole = Breaks(), Keeps()
    with pytest.warns(
        UserWarning, match="Breaks is told of nothing more, the run folder holds it all: the network is gone$"
    ):
        run = watched(tmp_path / "run", [broken, whole])
    assert [step for step, _ in broken.told] == [0]
    assert [step for step, _ in whole.told] == [0, 1, 2]
    assert run.rows.unique("step") == [0, 1, 2]
    assert run.folder.manifest()["state"] == "done"
    assert not whole.ended  # whoever made it goes on with it


def test_mistakes_are_told_when_a_watch_attaches(tmp_path, monkeypatch):
    with pytest.raises(UnknownNameError, match="wandb"):
        watched(tmp_path / "run", ["wandbb"])
    with pytest.raises(UnknownNameError, match="option of tensorboard named 'folders'"):
        mirrors(["tensorboard(folders=x)"])
    with pytest.raises(InputError, match="a dict arrived where a tracker was wanted"):
        mirrors([{}])
    with pytest.raises(MissingPackageError, match=r"needs no_such_package, which is not installed: pip install"):
        imported("no_such_package")
    monkeypatch.setattr(registry.load("trackers", "wandb"), "package", "no_such_package")
    with pytest.raises(MissingPackageError):
        watched(tmp_path / "run", "wandb")
    assert not (tmp_path / "run" / "run.json").exists()


def test_stored_runs_are_told_as_they_would_have_been_while_watched(tmp_path, monkeypatch):
    told = Keeps()
    run = watched(tmp_path / "run", [told])
    later = Keeps()
    monkeypatch.setattr("infoscope.show.mirroring.mirrors", lambda name: [Mirror(name, lambda run: later)])
    assert exported(run.rows, "anything") == 3
    assert [(step, {**values, STEP: step}) for step, values in later.told] == told.told
    assert later.ended


# ---- with the packages themselves


def test_tensorboard_holds_the_curve(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = watched(tmp_path / "mine", [f"tensorboard(folder={tmp_path / 'logs'})"])
    read = EventAccumulator(str(tmp_path / "logs" / "mine"))
    read.Reload()
    steps, values = wanted(run)
    assert [each.step for each in read.Scalars(NAME)] == steps
    np.testing.assert_allclose([each.value for each in read.Scalars(NAME)], values, rtol=1e-6)
    assert iscope.export(run, to="tensorboard", out=tmp_path / "later") == 3
    again = EventAccumulator(str(tmp_path / "later" / "mine"))
    again.Reload()
    assert [each.value for each in again.Scalars(NAME)] == [each.value for each in read.Scalars(NAME)]


def test_trackio_holds_the_curve_offline(tmp_path, monkeypatch, capfd):
    pytest.importorskip("trackio", reason="trackio is not installed: pip install trackio")
    from trackio import sqlite_storage

    monkeypatch.setattr(sqlite_storage, "TRACKIO_DIR", tmp_path / "trackio")
    run = watched(tmp_path / "mine", ["trackio(project=ours)"])
    logs = sqlite_storage.SQLiteStorage.get_logs("ours", "mine")
    steps, values = wanted(run)
    assert [each[STEP] for each in logs] == steps
    np.testing.assert_allclose([each[NAME] for each in logs], values)


def test_wandb_takes_late_steps_in_a_run_of_the_users_own(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="wandb is not installed: pip install wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    own = wandb.init(project="theirs", mode="offline", dir=str(tmp_path))
    try:
        run = watched(tmp_path / "mine", ["wandb"], after=lambda step: own.log({"loss": 1.0}, step=1000 + step))
        assert wandb.run is own  # it is still theirs
        steps, values = wanted(run)
        assert own.summary[STEP] == steps[-1]
        np.testing.assert_allclose(own.summary[NAME], values[-1])
        assert own.summary["loss"] == 1.0
    finally:
        own.finish()
    assert any(path.suffix == ".wandb" for path in (tmp_path / "wandb").rglob("*"))


def test_a_logger_of_lightning_is_told_beside_its_own_numbers(tmp_path):
    loggers = pytest.importorskip(
        "lightning.pytorch.loggers", reason="lightning is not installed: pip install lightning"
    )
    logger = loggers.CSVLogger(str(tmp_path), name="csv")
    run = watched(tmp_path / "mine", logger)
    logger.save()
    with open(os.path.join(logger.log_dir, "metrics.csv")) as file:
        lines = list(csv.DictReader(file))
    steps, values = wanted(run)
    assert [int(line["step"]) for line in lines] == steps
    np.testing.assert_allclose([float(line[NAME]) for line in lines], values)


def test_a_scan_is_mirrored_as_it_is_stored_and_only_what_is_new(tmp_path):
    torch.manual_seed(0)
    x, told = torch.randn(60, 3), [Keeps(), Keeps()]
    build = lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())  # noqa: E731
    states = {10 * step: build().state_dict() for step in range(3)}

    def scanned(steps, keeps):
        return iscope.scan(
            {step: states[step] for step in steps}, build, x, {"label": (x[:, 0] > 0).long()}, places=["0", "1"],
            measures=["binned(bins=8)"], out=tmp_path / "run", name="Three of them", trackers=[keeps],
        )  # fmt: skip

    scanned((0, 10), told[0])
    run = scanned((0, 10, 20), told[1])
    steps, values = wanted(run)
    assert [step for step, _ in told[0].told] == steps[:2]
    assert [step for step, _ in told[1].told] == steps[2:]
    mirrored = [values[NAME] for keeps in told for _, values in keeps.told]
    np.testing.assert_allclose(mirrored, values)
    assert not any(keeps.ended for keeps in told)  # which are the user's to end
    assert run.folder.manifest()["title"] == "Three of them"
    assert run.folder.manifest()["modules"] == {"model": {"0": "Linear", "1": "Tanh"}}


def test_a_papers_figure_is_mirrored_as_it_is_stored(tmp_path):
    told = Keeps()
    run = iscope.run("saxe2018/minimal_model", "smoke", out=tmp_path, trackers=[told])
    logged = {(step, name) for step, values in told.told for name in values if name != STEP}
    networks = run.rows.unique("network")
    assert {name.split("/")[1] for _, name in logged} == set(networks)
    assert {step for step, _ in logged} == set(run.rows.unique("step"))


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 300])
def test_a_scan_refuses_a_name_that_no_page_can_carry(name, tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4))
    with pytest.raises(InputError, match="the name of a run"):
        iscope.scan({0: model.state_dict()}, lambda: model, torch.randn(60, 3), {}, name=name, out=tmp_path / "run")
