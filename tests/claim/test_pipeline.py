"""A figure from nothing to verdicts, killed anywhere, measured again without training."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import infoscope
from infoscope.claim import running, trainings
from infoscope.core.errors import DataMissingError, InputError, RunFolderError, UnknownNameError
from infoscope.core.estimate import Status
from infoscope.core.files import write_json
from infoscope.core.folder import RunFolder
from infoscope.core.sealed import sealed
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.plan import NetworkPlan
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Beginning, Recipe
from infoscope.train.statistics import performance
from infoscope.train.training import train

TANH, SEEDS = "saxe2018/tanh", 2


def run(out: Path, figure: str = TANH, seeds: int = SEEDS) -> RunFolder:
    return running.run_figure(figure, "smoke", seeds, out)


def snapshots(folder: RunFolder) -> dict[tuple, bytes]:
    """Every stored number to the bit. (The files may differ: safetensors writes its header in any order.)"""
    found = {}
    for network in folder.manifest()["networks"]:
        trajectory = infoscope.load(folder.path).trajectory_of(network)
        for step in trajectory:
            for name, tensor in trajectory[step].items():
                found[network, step, trajectory.epoch(step), name] = tensor.numpy().tobytes()
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    """One uninterrupted run, which tests may read but not write to."""
    return run(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def copy(whole, tmp_path) -> RunFolder:
    """A run of its own for a test that writes to it."""
    return RunFolder.open(shutil.copytree(whole.path, tmp_path / whole.id))


def begun_like(whole: RunFolder, out: Path) -> None:
    """A run that has its layout already, and nothing else."""
    content = {name: value for name, value in whole.manifest().items() if name not in ("parts", "snapshots", "judged")}
    write_json(out / whole.id / "run.json", sealed({**content, "state": "created"}))


def test_a_run_holds_every_site_member_step_and_curve(whole):
    rows = whole.rows()
    plan = running.plan_of(whole, "tanh")
    assert rows.sites() == ["network", *plan.network.layers]
    binned = rows.filter(estimator="binned")
    assert sorted(binned.unique("step")) == [13 * epoch for epoch in plan.epochs]  # 3277 rows are 13 batches of 256
    assert len(binned) == len(plan.epochs) * 6 * SEEDS * 2
    assert set(binned.unique("quantity")) == {"I(X;T)", "I(T;Y)"}
    assert set(binned.unique("status")) <= {"VACUOUS", "SATURATED", "OK", "DEGENERATE"}
    curves = rows.filter(estimator="training")
    assert {(q, s) for q in ("loss", "accuracy") for s in ("train", "test")} == set(
        zip(curves.column("quantity").tolist(), curves.column("split").tolist(), strict=True)
    )
    manifest = whole.manifest()
    assert manifest["state"] == "done"
    assert manifest["preset"] == "smoke"
    assert manifest["data"]["boolean12"]
    assert manifest["versions"]["torch"]
    assert [verdict["preset"] for verdict in whole.verdicts()] == ["smoke"]


def test_rows_agree_with_the_public_function_on_recomputed_activations(whole):
    import torch

    task = infoscope.task("boolean12")
    loaded = infoscope.load(whole.path)
    plan = running.plan_of(whole, "tanh")
    step = loaded.trajectory.steps[-1]
    module = plan.network.module(loaded.trajectory[step], member=1)
    t = module[0](torch.tensor(task.inputs)).detach()
    wanted = infoscope.plane(t, task.variables["label"], estimator="binned", bins=30, range=(-1, 1))
    found = loaded.rows.filter(step=step, site="hidden1", member=1, estimator="binned")
    assert found.filter(quantity="I(X;T)").column("value")[0] == pytest.approx(wanted.xt.value)
    assert found.filter(quantity="I(T;Y)").column("value")[0] == pytest.approx(wanted.ty.value)


def test_the_same_command_again_changes_nothing(whole, tmp_path):
    begun_like(whole, tmp_path)
    folder = run(tmp_path)  # a second run in full: the same seeds give the same bits
    parts = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*.parquet")}
    again = run(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in again.path.rglob("*.parquet")} == parts
    assert again.rows().content_hash() == whole.rows().content_hash() == folder.rows().content_hash()


def test_a_finished_run_recomputes_no_activations(tmp_path, monkeypatch):
    """Not even for ReLU's bins, whose range takes the whole trajectory to know."""
    before = run(tmp_path, "saxe2018/relu").rows().content_hash()
    monkeypatch.setattr(running.EnsembleReplay, "representations", None)
    assert run(tmp_path, "saxe2018/relu").rows().content_hash() == before


@pytest.mark.parametrize("write", [2, 3, 7, 14, 20, 27, 28, 29, 30, 31])
def test_interrupted_at_any_write_a_run_resumes_to_the_same_bits(whole, tmp_path, monkeypatch, interrupt_at, write):
    """Ctrl-C in the middle of the ``write``-th atomic write: run.json, a snapshot, a part of the rows, the verdicts."""
    begun_like(whole, tmp_path)
    reached = interrupt_at(write)
    monkeypatch.setattr(trainings, "STATE_SECONDS", 0.0)  # store the trainer's state at every visit
    try:
        run(tmp_path)
        reached_the_end = True
    except KeyboardInterrupt:
        reached_the_end = False
    assert reached_the_end != reached()
    monkeypatch.undo()
    resumed = run(tmp_path)
    assert resumed.rows().content_hash() == whole.rows().content_hash()
    assert snapshots(resumed) == snapshots(whole)
    assert not list(resumed.path.rglob("*.tmp"))
    assert not list(resumed.path.rglob("state.safetensors"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL to be killed by")
@pytest.mark.parametrize("written", [1, 6])
def test_killed_without_warning_a_run_resumes_to_the_same_bits(whole, tmp_path, written):
    begun_like(whole, tmp_path)
    arguments = f"{TANH!r}, 'smoke', {SEEDS}, Path({str(tmp_path)!r})"
    code = f"from pathlib import Path; from infoscope.claim.running import run_figure; run_figure({arguments})"
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while len(list(tmp_path.rglob("step-*.safetensors"))) < written and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.wait()
    resumed = run(tmp_path)
    assert resumed.rows().content_hash() == whole.rows().content_hash()
    assert snapshots(resumed) == snapshots(whole)


def test_another_run_in_the_same_folder_is_refused(copy, tmp_path):
    with pytest.raises(RunFolderError, match=r"holds a run with other arguments.*pass another --out"):
        run(tmp_path, seeds=3)


def as_the_first_release_wrote_it(folder: RunFolder) -> None:
    """Leave out of run.json every field that the first release did not have: of a plan, and all lists and hashes."""
    known = {
        "plan": "title task network recipe seeds epochs measures evaluate evaluate_rows gradients sites",
        "network": "widths activation initialisation sd",
        "recipe": "epochs learning_rate batch optimiser train_fraction train_rows",
        "measures": "estimator options sites range_recorded epochs",
    }

    def old(content: dict, part: str) -> dict:
        return {key: value for key, value in content.items() if key in known[part].split()}

    networks = {}
    for name, content in folder.manifest()["networks"].items():
        plan = old(content, "plan")
        measures = [old(each, "measures") for each in plan["measures"]]
        parts = {part: old(plan[part], part) for part in ("network", "recipe")}
        networks[name] = {**plan, **parts, "measures": measures}
    rest = {name: value for name, value in folder.manifest().items() if name not in ("parts", "snapshots", "judged")}
    write_json(folder.manifest_path, {**rest, "format": 1, "networks": networks, "fingerprint": "0" * 12})


def test_a_run_older_than_a_field_of_its_plan_is_opened_and_goes_on_to_the_same_bits(copy, whole):
    as_the_first_release_wrote_it(copy)
    assert "momentum" not in copy.manifest()["networks"]["tanh"]["recipe"]
    for last in sorted(copy.snapshots_path.rglob("step-*.safetensors"))[-2:]:
        last.unlink()
    shutil.rmtree(copy.path / "rows")
    resumed = run(copy.path.parent)
    assert resumed.path == copy.path
    assert resumed.rows().content_hash() == whole.rows().content_hash()
    assert snapshots(resumed) == snapshots(whole)


def test_a_run_without_hashes_is_judged_with_a_note_and_lends_nothing(copy, tmp_path):
    as_the_first_release_wrote_it(copy)
    (verdict,) = infoscope.load(copy.path).claims()
    assert running.UNRECORDED in verdict["notes"]
    assert "borrowed" not in run(tmp_path, "saxe2018/machine_precision").manifest()


@pytest.mark.parametrize("device", ["nonsense", "meta:7", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_before_anything_is_made(tmp_path, device):
    with pytest.raises(InputError, match=f"device '{device}' cannot be used.*pass --device cpu"):
        running.run_figure(TANH, "smoke", SEEDS, tmp_path, device)
    assert not list(tmp_path.iterdir())


def test_a_second_writer_is_refused(copy, tmp_path):
    (copy.path / "heartbeat").write_text("1 elsewhere")
    with pytest.raises(RunFolderError, match="process 1 on elsewhere is writing to"):
        run(tmp_path)


def test_gradient_noise_is_that_of_shuffled_minibatches(whole):
    """Rows in counting order would make minibatches of neighbours, and a first layer far noisier than in training."""
    replay = running.EnsembleReplay(whole, "tanh", running.plan_of(whole, "tanh"))
    rows = replay.minibatches
    assert (np.sort(rows, axis=1) == np.sort(replay.ensemble.train, axis=1)).all()
    means = rows[:, :256].mean(1)  # of 3277 rows spread over 0..4095: 2047.5 within six standard errors
    assert (abs(means - 2047.5) < 6 * 4096 / 12**0.5 / 16).all()


def test_networks_run_again_on_a_device_hold_the_same_there_and_are_measured_there(copy, elsewhere):
    plan = running.plan_of(copy, "tanh")
    here, there = (running.EnsembleReplay(copy, "tanh", plan, where) for where in ("cpu", elsewhere))
    step = here.trajectory.steps[-1]
    found = there.representations(step, ["hidden1", "output"])
    for site, t in here.representations(step, ["hidden1", "output"]).items():
        assert found[site].device.type == elsewhere
        torch.testing.assert_close(found[site].cpu(), t, rtol=0, atol=1e-5)
    of = infoscope.load(copy.path)
    options = {"noise_variance": 0.1, "places": "hidden1"}
    measured = of.measure("kde", device=elsewhere, **options).column("value")
    again = of.measure("kde", **{**options, "noise_variance": 0.1000001}).column("value")  # as rows of their own
    np.testing.assert_allclose(measured, again, atol=1e-4)


def test_relu_bins_reach_the_largest_recorded_activity_of_each_member(tmp_path):
    folder = run(tmp_path, "saxe2018/relu")
    hidden = folder.rows().filter(estimator="binned", site="hidden2")
    assert hidden.unique("options") == ['{"bins":100,"range":"recorded"}']
    assert hidden.unique("estimand")[0].startswith("H(Bin(T)), 100 bins on this member's recorded range")
    replay = running.EnsembleReplay(folder, "relu", running.plan_of(folder, "relu"))
    sites = [site for site in replay.sites if site != "output"]
    high = max(float(replay.representations(s)[site][1].max()) for s in replay.trajectory.steps for site in sites)
    assert any(f"range [0, {high:.4g}]" in note for note in hidden.filter(member=1).unique("notes"))


def test_networks_that_a_neighbour_trained_are_borrowed(whole, tmp_path, capsys):
    lender = RunFolder.open(shutil.copytree(whole.path, tmp_path / whole.id))
    folder = run(tmp_path, "saxe2018/machine_precision")
    assert folder.manifest()["borrowed"] == {"tanh": lender.id}
    assert f"tanh: taken over from {lender.id}, which trained the same networks (" in capsys.readouterr().err
    assert folder.listed_snapshots("tanh") == lender.listed_snapshots("tanh")
    assert snapshots(folder) == snapshots(lender)
    first = next(folder.snapshots_path.rglob("step-*.safetensors"))
    assert first.stat().st_nlink == 1, "damage in one folder is not damage in both"
    shutil.rmtree(lender.path)  # the borrower does not depend on it
    assert len(infoscope.load(folder.path).measure("binned", places=["output"], bins=4))


def _weights_of_zero(lender: RunFolder) -> None:
    """Every file is whole and says its own hash: only the list of the run knows better."""
    trajectory = Trajectory(lender.snapshots_path / "tanh")
    for step in trajectory:
        zeros = {name: torch.zeros_like(tensor) for name, tensor in trajectory[step].items()}
        trajectory.write(step, trajectory.epoch(step), zeros)


def _weights_of_zero_listed(lender: RunFolder) -> None:
    """The list agrees: only that the networks do not begin as ours would says it."""
    _weights_of_zero(lender)
    lender.update({"snapshots": {}})


def _other_steps(lender: RunFolder) -> None:
    trajectory = Trajectory(lender.snapshots_path / "tanh")
    for number, step in enumerate(trajectory.steps[1:], 1):
        trajectory.file(step).rename(trajectory.file(number))
    lender.update({"snapshots": {}})


def _other_names(lender: RunFolder) -> None:
    trajectory = Trajectory(lender.snapshots_path / "tanh")
    for step in trajectory:
        renamed = {f"{name}_": tensor for name, tensor in trajectory[step].items()}
        trajectory.write(step, trajectory.epoch(step), renamed)
    lender.update({"snapshots": {}})


def _one_member_less(lender: RunFolder) -> None:
    trajectory = Trajectory(lender.snapshots_path / "tanh")
    for step in trajectory:
        trajectory.write(step, trajectory.epoch(step), {name: t[:1] for name, t in trajectory[step].items()})
    lender.update({"snapshots": {}})


HARMS = {
    "incomplete": lambda lender: sorted(lender.snapshots_path.rglob("step-*.safetensors"))[3].unlink(),
    "damaged": lambda lender: lender.manifest_path.write_text("{"),
    "not done": lambda lender: lender.update({"state": "measuring"}),
    "weights of zero": _weights_of_zero,
    "weights of zero, listed": _weights_of_zero_listed,
    "other steps": _other_steps,
    "other names": _other_names,
    "one member less": _one_member_less,
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_a_neighbour_does_not_have_is_trained(whole, tmp_path, harm):
    HARMS[harm](RunFolder.open(shutil.copytree(whole.path, tmp_path / whole.id)))
    folder = run(tmp_path, "saxe2018/machine_precision")
    assert "borrowed" not in folder.manifest()
    assert infoscope.load(folder.path).trajectory.steps == infoscope.load(whole.path).trajectory.steps


def test_networks_of_other_seeds_are_trained(whole, tmp_path):
    shutil.copytree(whole.path, tmp_path / whole.id)
    folder = run(tmp_path, "saxe2018/machine_precision", seeds=3)
    assert "borrowed" not in folder.manifest()
    assert len(infoscope.load(folder.path).trajectory) == len(running.plan_of(folder, "tanh").epochs)


def test_measuring_again_needs_no_training(copy, monkeypatch):
    monkeypatch.setattr(running, "train_network", None)
    loaded = infoscope.load(copy.path)
    rows = loaded.measure("kde", places=["hidden5"], noise_variance=0.1)
    assert rows.unique("site") == ["hidden5"]
    assert len(rows) == len(loaded.trajectory) * SEEDS * 2
    assert (rows.column("low") <= rows.column("high")).all()
    before = len(loaded.rows)
    loaded.measure("kde", places=["hidden5"], noise_variance=0.1)
    assert len(loaded.rows) == before
    several = loaded.measure("binned", places=["hidden5"], bins=(15, 60))
    assert len(several.unique("options")) == 2
    before = len(loaded.rows)
    loaded.measure("binned", places=["hidden5"], bins=(15, 60))
    assert len(loaded.rows) == before


def test_three_values_of_an_option_leave_a_sweep_that_the_report_draws(copy):
    loaded = infoscope.load(copy.path)
    loaded.measure("binned", places=["hidden5"], bins=8)
    assert not len(loaded.rows.filter(estimator="score"))
    loaded.measure("binned", places=["hidden5"], bins=120)
    assert set(loaded.rows.filter(estimator="score").column("epoch")) == {8.0, 30.0, 120.0}  # 30 are the figure's own
    loaded.measure("kde", places=["hidden5"], noise_variance="0.01,0.1,1")
    found = loaded.rows.filter(estimator="score", axis="noise variance")
    assert found.column("epoch").tolist() == [0.01, 0.1, 1.0]
    assert found.unique("site") == ["hidden5"]
    before = loaded.rows.content_hash()
    loaded.measure("kde", places=["hidden5"], noise_variance="0.01,0.1,1")
    loaded.claims()
    assert loaded.rows.content_hash() == before
    text = loaded.report().read_text(encoding="utf-8")
    assert "Verdict by the way of measuring" in text


def test_a_watched_run_has_sweeps_too(tmp_path):
    import torch

    def model():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))

    watched, inputs = model(), torch.randn(64, 3)
    with infoscope.watch(watched, inputs, {"label": torch.arange(64) % 2}, out=tmp_path / "run") as scope:
        for step in range(4):
            scope.step(step)
            with torch.no_grad():
                watched[0].weight *= 2.0
    loaded = infoscope.load(tmp_path / "run")
    loaded.measure("binned", places=["1"], model=model, bins=(4, 16))
    found = loaded.rows.filter(estimator="score")
    assert found.column("epoch").tolist() == [4.0, 16.0, 30.0]
    assert all(note.endswith("one seed, so no interval") for note in found.column("notes"))
    assert "Verdict by the way of measuring" in loaded.report().read_text(encoding="utf-8")


def test_bins_over_the_recorded_range_can_be_asked_for(tmp_path):
    """With the bins of figure 1B they are those of figure 1B, and need no measuring."""
    folder = run(tmp_path, "saxe2018/relu")
    loaded = infoscope.load(folder.path)
    hidden = [f"hidden{i}" for i in range(1, 6)]
    before = loaded.rows.content_hash()
    same = loaded.measure("binned", places=hidden, range="recorded", bins=100)
    assert loaded.rows.content_hash() == before
    assert same.unique("options") == ['{"bins":100,"range":"recorded"}']
    loaded.measure("binned", places=hidden, range="recorded", bins="15,30")
    assert set(loaded.rows.filter(estimator="score").column("epoch")) == {15.0, 30.0, 100.0}
    with pytest.raises(InputError, match="recorded range came with form, wanted bins and nothing else"):
        loaded.measure("binned", range="recorded", form="quantiles")
    with pytest.raises(InputError, match="bins"):
        loaded.measure("binned", range="recorded", bins="many")


def test_a_measure_taken_later_does_not_touch_the_verdicts(copy):
    loaded, before = infoscope.load(copy.path), copy.verdicts()
    loaded.measure("binned", bins=5)
    assert loaded.claims() == before


def test_measuring_what_is_not_there_is_refused(whole):
    loaded = infoscope.load(whole.path)
    with pytest.raises(UnknownNameError, match=r"site of network tanh named 'hiden1'.*did you mean 'hidden1'"):
        loaded.measure("binned", places=["hiden1"])
    with pytest.raises(UnknownNameError, match="estimator"):
        loaded.measure("bined")
    with pytest.raises(UnknownNameError, match="network"):
        loaded.measure("binned", network="relu")
    with pytest.raises(InputError, match="name and its options"):
        loaded.measure(object())  # type: ignore[arg-type]


def test_a_diverged_member_costs_its_own_rows_only(copy):
    trajectory = infoscope.load(copy.path).trajectory
    step = trajectory.steps[-1]
    broken = trajectory[step]
    broken["hidden3.linear.weight"][0] = float("nan")
    trajectory.write(step, trajectory.epoch(step), broken)
    rows = infoscope.load(copy.path).measure("binned", places=["hidden3"], bins=10).filter(step=step)
    failed = rows.filter(status=Status.FAILED.name)
    assert failed.unique("member") == [0]
    assert "NaN or infinity in 4096 of 4096 rows" in failed.unique("notes")[0]
    assert np.isfinite(rows.filter(member=1).column("value")).all()


def test_a_diverged_member_keeps_its_recorded_range_and_its_neighbours_theirs(tmp_path):
    from infoscope.scanning.one_pass import measure
    from infoscope.scanning.plan import MeasurePlan

    folder = run(tmp_path, "saxe2018/relu")
    replay = running.EnsembleReplay(folder, "relu", running.plan_of(folder, "relu"))
    step = replay.trajectory.steps[-1]
    broken = replay.trajectory[step]
    broken["hidden1.linear.weight"][0] = float("inf")
    replay.trajectory.write(step, replay.trajectory.epoch(step), broken)
    measure(folder, "relu", replay, [MeasurePlan("binned", {"bins": 50, "range": "recorded"}, ("hidden1",))], "again")
    rows = folder.rows().filter(site="hidden1", options='{"bins":50,"range":"recorded"}')
    assert rows.filter(status="FAILED").unique("member") == [0]
    assert rows.filter(status="FAILED").unique("step") == [step]
    assert len(rows.filter(member=1, quantity="I(X;T)")) == len(replay.trajectory)


def test_a_run_from_a_newer_version_is_refused(copy):
    copy.update({"format": 99})
    with pytest.raises(RunFolderError, match=r"newer infoscope .*upgrade with"):
        infoscope.load(copy.path)


def test_an_edited_recipe_is_refused_by_field(copy):
    networks = copy.manifest()["networks"]
    networks["tanh"]["recipe"]["epochs"] = "many"
    copy.update({"networks": networks})
    with pytest.raises(RunFolderError, match=r"recipe\.epochs"):
        infoscope.load(copy.path).measure("binned", bins=10)


def test_without_its_data_a_figure_says_so_and_nothing_breaks(tmp_path, monkeypatch):
    def missing(name):
        raise DataMissingError(f"the file of {name} is not on disk: put it into FOLDER, or into /scratch/alice/cache")

    monkeypatch.setattr(running, "load_task", missing)
    folder = run(tmp_path, "saxe2018/mnist")
    assert folder.verdicts() == []  # what was not run is not judged
    assert folder.manifest()["state"] == "no data"
    assert folder.manifest()["left out"] > 0
    assert folder.manifest()["missing"].endswith("put it into FOLDER, or into …/cache")


def test_the_mnist_figure_runs_on_the_real_digits(real_data, tmp_path):
    folder = run(tmp_path, "saxe2018/mnist", seeds=1)
    rows = folder.rows()
    assert rows.unique("network") == ["tanh", "relu"]
    kde = rows.filter(estimator="kde", quantity="I(X;T)")
    assert (kde.column("low") <= kde.column("high") + 1e-6).all()
    assert (kde.column("high") <= np.log(300) + 1e-3).all()
    accuracy = rows.filter(network="relu", quantity="accuracy", split="train").curves()[2]
    assert accuracy[0, -1] > accuracy[0, 0]
    assert {verdict["claim"]["id"].split("/")[-1] for verdict in folder.verdicts()} == {
        "relu-no-compression", "snr-falls", "norms-grow", "bounds",
    }  # fmt: skip


def test_a_beginning_s_data_come_from_the_task(tmp_path):
    """Trained to tell the colour first, and the direction from then on."""
    network = FullyConnected((4, 10, 5, 2))
    recipe = Recipe(12, 0.05, 32, "sgd", beginning=Beginning(6, labels="colour"))
    plan = NetworkPlan("colour first", "checkerboard", network, recipe, (0, 1, 2), (0, 6, 12), ())
    replay = running.EnsembleReplay(RunFolder(tmp_path), "network", plan)
    ensemble, colour = replay.ensemble, replay.task.variables["colour"]
    assert ensemble.first_x is None
    np.testing.assert_array_equal(ensemble.first_y, colour)
    accuracies = []
    for state in train(ensemble, plan.epochs):
        rows, x = torch.from_numpy(ensemble.train), torch.from_numpy(ensemble.x.copy())
        for y in (colour, ensemble.y):
            found = performance(network, state.parameters, x, torch.tensor(y, dtype=torch.long), rows)
            accuracies.append(float(found.accuracy.median()))
    assert accuracies[2:] == [pytest.approx(a, abs=0.07) for a in (0.95, 0.5, 0.5, 0.95)]
    assert NetworkPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
