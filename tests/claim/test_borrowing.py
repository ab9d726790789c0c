"""What a run takes over from its neighbours: the networks and rows that it would have made itself, or nothing."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infoscope.claim import running
from infoscope.claim.borrowing import SEVERAL, Neighbours
from infoscope.core.folder import RunFolder
from infoscope.core.rows import TRAINING, Rows
from infoscope.record.evaluated import RowsThere
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.plan import NetworkPlan
from infoscope.scanning.recorded_ranges import RecordedRanges
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.activations import TRAINED_ALIKE
from infoscope.train.trainers._compiled_loop import CODES

SEEDS = 2


def run(out: Path, figure: str) -> RunFolder:
    return running.run_figure(f"saxe2018/{figure}", "smoke", SEEDS, out)


@pytest.fixture(scope="module")
def tanh(tmp_path_factory) -> RunFolder:
    """Figure 1A, which tests may read but not write to."""
    return run(tmp_path_factory.mktemp("lender"), "tanh")


@pytest.fixture
def lender(tanh, tmp_path) -> RunFolder:
    """The same in the folder of the test."""
    return RunFolder.open(shutil.copytree(tanh.path, tmp_path / tanh.id))


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> RunFolder:
    """A run without neighbours, in which the networks of figure 1A are measured by its bins and by others."""
    return run(tmp_path_factory.mktemp("alone"), "sigmoid")


@pytest.fixture
def measured(monkeypatch) -> list[str]:
    """The estimators that measured a place at a step, one entry a time."""
    seen: list[str] = []
    find = RowsThere.measured

    def watched(there, measurement, *others):
        seen.append(measurement.id)
        return find(there, measurement, *others)

    monkeypatch.setattr(RowsThere, "measured", watched)
    return seen


def test_rows_that_a_neighbour_measured_are_those_that_are_measured_alone(alone, lender, measured, capsys):
    folder = run(lender.path.parent, "sigmoid")
    assert folder.rows().content_hash() == alone.rows().content_hash()
    assert folder.verdicts() == alone.verdicts()
    (told,) = folder.manifest()["borrowed rows"].items()
    plan = running.plan_of(folder, "tanh")
    steps, sites, rows_a_step = len(plan.epochs), 6, (6 * 2 + 4) * SEEDS  # two variables; four curves
    assert told == ("tanh", {lender.id: (steps - 1) * rows_a_step}), "one step is measured here, to compare"
    assert len(measured) == (2 * steps + 1) * sites
    assert f"rows taken over from {lender.id}" in capsys.readouterr().err
    assert set(folder.rows().unique("run")) == {folder.id}


def test_what_a_neighbour_has_trained_is_no_training_to_wait_for(lender, monkeypatch):
    told = []
    find = running.expected
    monkeypatch.setattr(running, "expected", lambda *of, **how: told.append(find(*of, **how)) or told[-1])
    here = run(lender.path.parent, "compression_time")
    assert here.manifest()["borrowed"] == {"tanh": lender.id}
    assert [stage for stage in told[0].stages if "training" in stage] == []
    assert "epochs" not in told[0].about


def test_several_neighbours_lend_to_one(lender):
    beside = run(lender.path.parent, "machine_precision")
    plans = [running.plan_of(folder, "tanh") for folder in (lender, beside)]
    plan = dataclasses.replace(plans[0], measures=(*plans[0].measures, *plans[1].measures))
    content = {name: value for name, value in beside.manifest().items() if name in ("data", "measured with")}
    both = RunFolder.create(lender.path.parent / "both", {"networks": {"net": plan.to_json()}, **content})
    with both.writing():
        running.train_network(both, "net", plan)
        running.measure_network(both, "net", plan, neighbours=Neighbours(both))
    assert set(both.manifest()["borrowed rows"]["net"]) == {lender.id, beside.id}
    for folder in (lender, beside):
        estimators = {"training", "binned"}
        theirs = folder.rows().filter(network="tanh", estimator=estimators)
        ours = both.rows().filter(estimator=estimators, options=theirs.unique("options"))
        assert ours.placed(folder.id, "tanh").content_hash() == theirs.content_hash()


def _another_value(lender: RunFolder) -> None:
    """Whole rows that say something else."""
    table = lender.rows().table
    at = table.schema.get_field_index("value")
    other = table.set_column(at, table.schema.field(at), pa.array(np.nextafter(table["value"].to_numpy(), 9.0)))
    for path in lender.rows_path.glob("*.parquet"):
        lender.unlist_part(path.name)
        path.unlink()
    lender.append(Rows(other))


def test_rows_that_are_others_are_measured_here(alone, lender, capsys):
    _another_value(lender)
    folder = run(lender.path.parent, "sigmoid")
    assert "borrowed rows" not in folder.manifest()
    assert f"{lender.id} measured the same networks and came to other rows" in capsys.readouterr().err
    assert folder.rows().content_hash() == alone.rows().content_hash()


def test_a_run_that_other_code_went_on_with_lends_no_rows(lender):
    lender.update({"measured with": "0" * 12})
    run(lender.path.parent, "tanh")
    assert lender.manifest()["measured with"] == SEVERAL


def _asked(lender: RunFolder, **changes) -> dict[str, Rows]:
    """What ``lender`` has for the plan of its own network with ``changes``, asked by a run that is like it."""
    plan = dataclasses.replace(running.plan_of(lender, "tanh"), **changes)
    return _lent(lender, plan, {name: lender.manifest()[name] for name in ("data", "measured with")})


def _lent(lender: RunFolder, plan: NetworkPlan, content: dict[str, Any]) -> dict[str, Rows]:
    """What ``lender`` has for ``plan``, asked by a run whose ``run.json`` says ``content`` of data and code."""
    other = RunFolder.create(lender.path.parent / "other", {"networks": {"net": plan.to_json()}, **content})
    replay = EnsembleReplay(other, "net", plan)
    return Neighbours(other).rows("net", plan, Rows.concat([]), replay.named)


@pytest.mark.parametrize(
    "differs", [{"measured with": "0" * 12}, {"measured with": SEVERAL}, {"data": {"boolean12": {"inputs": "0"}}}]
)
def test_rows_of_other_code_or_data_are_not_lent(lender, differs):
    plan, content = running.plan_of(lender, "tanh"), lender.manifest()
    lender.update(differs)
    assert _lent(lender, plan, {name: content[name] for name in ("data", "measured with")}) == {}


def test_only_the_same_is_lent(lender):
    bins = MeasurePlan("binned", {"bins": 30, "range": (-1.0, 1.0)}, ("hidden2",), (0, 5))
    (found,) = _asked(lender, measures=(bins, MeasurePlan("binned", {"bins": 31}))).values()
    assert set(zip(found.column("site").tolist(), found.column("epoch").tolist(), strict=True)) >= {("hidden2", 5.0)}
    assert set(found.filter(estimator="binned").unique("site")) == {"hidden2"}
    assert set(found.filter(estimator="binned").column("epoch").tolist()) <= {0.0, 5.0}
    assert found.filter(estimator="binned").unique("options") == ['{"bins":30,"form":"interval","range":[-1.0,1.0]}']
    assert found.unique("network") == ["net"]


def test_gradients_that_were_not_measured_are_not_lent(lender):
    (found,) = _asked(lender, gradients=True).values()
    assert TRAINING not in found.unique("estimator")


@pytest.mark.parametrize("changes", [{"evaluate": "test"}, {"evaluate_rows": 100}, {"seeds": (0, 2)}])
def test_rows_of_other_samples_or_networks_are_not_lent(lender, changes):
    assert _asked(lender, **changes) == {}


def test_a_range_over_other_sites_is_another_range(tmp_path):
    relu = run(tmp_path, "relu")
    hidden = running.plan_of(relu, "relu").measures[0]
    plan = dataclasses.replace(
        running.plan_of(relu, "relu"), measures=(dataclasses.replace(hidden, sites=("hidden1",)),)
    )
    found = Neighbours(relu).rows("net", plan, Rows.concat([]), EnsembleReplay(relu, "relu", plan).named)
    assert set(found[relu.id].unique("estimator")) == {TRAINING}


def test_networks_that_are_one_under_two_names_are_trained_once(alone, tanh):
    assert alone.manifest()["borrowed"] == {"tanh": alone.id}
    assert all(CODES[name] == CODES[other] for name, other in TRAINED_ALIKE.items())
    for network in ("scaled_sigmoid", "tanh"):
        found, trained = Trajectory.of(alone, network), Trajectory.of(tanh, "tanh")
        assert found.listed == trained.listed


def test_ranges_of_several_plans_are_found_in_one_pass(tanh, monkeypatch):
    replay = EnsembleReplay(tanh, "tanh", running.plan_of(tanh, "tanh"))
    steps, seen = replay.trajectory.steps, list[int]()
    find = replay.representations
    monkeypatch.setattr(replay, "representations", lambda step, sites: (seen.append(step), find(step, sites))[1])
    ranges = RecordedRanges(replay)
    wanted = [("hidden1", "hidden2"), ("hidden2.linear",)]
    for sites in wanted:
        ranges.ask(sites)
    for sites in wanted:
        values = [np.asarray(t) for step in steps for t in find(step, sites).values()]
        low, high = ranges.of(sites)
        np.testing.assert_array_equal(low, np.min([t.min((1, 2)) for t in values], axis=0))
        np.testing.assert_array_equal(high, np.max([t.max((1, 2)) for t in values], axis=0))
    assert seen == steps
