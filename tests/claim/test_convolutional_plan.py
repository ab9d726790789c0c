"""A convolutional network through a run folder: trained, killed and gone on with, measured at its sites."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import infoscope
from infoscope.claim import running
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.plan import MeasurePlan, NetworkPlan
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.recipe import Recipe

NETWORK = Convolutional("small_resnet", (1, 8, 8), 2, width=4, noise=0.05)
RECIPE = Recipe(3, 0.05, 32, "sgd", train_rows=96, momentum=0.9, weight_decay=1e-3, augmentation=("crop",))
MEASURES = (MeasurePlan("binned", {"bins": 10}, ("block1", "block3.map", "features")),)
PLAN = NetworkPlan("small ResNet", "digits", NETWORK, RECIPE, (0, 1), (0, 1, 3), MEASURES, "all", 120, gradients=True)


def run(out):
    """A run of :data:`PLAN`, or what is missing of it."""
    folder = running.open_or_create(out, "a/b", SimpleNamespace(title="t", where="w"), "smoke", {"net": PLAN})  # type: ignore[arg-type]
    with folder.writing():
        running.train_network(folder, "net", running.plan_of(folder, "net"))
        running.measure_network(folder, "net", running.plan_of(folder, "net"))
    return infoscope.load(folder.path)


def test_a_convolutional_run_is_measured_at_its_sites_and_resumes_to_the_same_bits(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole" / "run")
    rows = whole.rows.to_pandas()
    steps = [0, 3, 9]
    binned = rows[rows.estimator == "binned"]
    assert set(binned.site) == {"block1", "block3.map", "features"}
    assert dict(zip(binned.site, binned.site_index, strict=True)) == {"block1": 0, "block3.map": 2, "features": 3}
    assert sorted(set(binned.step)) == steps
    assert len(binned) == 3 * 3 * 2 * 3  # sites, steps, members; the input and two variables
    snr = rows[rows.quantity == "gradient_snr"]
    assert dict(zip(snr.site, snr.site_index, strict=True)) == {"block1": 0, "block2": 1, "block3": 2, "output": 4}
    write = Trajectory.write

    def killed(self, step, *rest):
        if step == 3:
            raise KeyboardInterrupt
        return write(self, step, *rest)

    monkeypatch.setattr(Trajectory, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed" / "run")
    monkeypatch.setattr(Trajectory, "write", write)
    again = run(tmp_path / "killed" / "run")
    for step in steps:
        wanted, found = whole.trajectory_of("net")[step], again.trajectory_of("net")[step]
        assert {k: v.numpy().tobytes() for k, v in wanted.items()} == {k: v.numpy().tobytes() for k, v in found.items()}
