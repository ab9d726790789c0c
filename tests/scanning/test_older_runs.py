"""Runs that the code of commit 2f3f68c measured: asked for everything they hold, they measure nothing again.

They hold what needs more than a tensor: a recorded range (by plan and by option), the inputs, another network, noisy
replicas, activities. How they were made is told in ``tests/fixtures/2f3f68c/made.txt``.
"""

import json
import shutil
from pathlib import Path

import pytest
from torch import nn

import infoscope
from infoscope.claim.running import measure_network, plan_of
from infoscope.core.quantity import NOISY_ACCURACY
from infoscope.scanning.plan import NetworkPlan

OLD = Path(__file__).parent.parent / "fixtures" / "2f3f68c"
WATCHED = [
    ("binned", {}),
    ("class_distances", {}),
    ("binned", {"bins": 5, "range": "recorded"}),
    ("sliced", {"slices": 20, "with": "input"}),
    ("usable_information", {"folds": 3}),
    ("noisy", {"population": "dataset", "noise": 0.3}),
]


@pytest.fixture
def planned(tmp_path):
    shutil.copytree(OLD / "planned", tmp_path / "planned")
    return infoscope.load(tmp_path / "planned")


@pytest.fixture
def watched(tmp_path):
    shutil.copytree(OLD / "watched", tmp_path / "watched")
    return infoscope.load(tmp_path / "watched")


def model():
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))


def parts(run):
    return sorted(path.name for path in (run.folder.path / "rows").iterdir())


def test_a_plan_of_an_older_run_measures_nothing_again(planned):
    before, rows = parts(planned), planned.rows
    for name in planned.networks:
        measure_network(planned.folder, name, plan_of(planned.folder, name))
    assert parts(planned) == before
    for name in planned.networks:
        asked = [plan.rows(rows, name) for plan in plan_of(planned.folder, name).measures]
        assert all(len(found) for found in asked)
        others = rows.filter(network=name, estimator="training")
        assert sum(map(len, asked)) + len(others) == len(rows.filter(network=name))


@pytest.mark.parametrize(("name", "options"), WATCHED, ids=str)
def test_a_measure_of_an_older_watched_run_measures_nothing_again(watched, name, options):
    before = parts(watched)
    rows = watched.measure(name, model=model, **options)
    assert parts(watched) == before
    assert len(rows)


def test_without_its_rows_an_older_run_is_measured_to_the_same(planned):
    before = planned.rows
    shutil.rmtree(planned.folder.path / "rows")
    for name in planned.networks:
        measure_network(planned.folder, name, plan_of(planned.folder, name))
    key = ("network", "member", "step", "site", "variable", "split", "quantity", "estimator", "options")
    placed = [
        {tuple(row[part] for part in key): row for row in rows.table.to_pylist()} for rows in (before, planned.rows)
    ]
    since = {where for where in placed[1] if NOISY_ACCURACY in where}  # a learning curve that there was not then
    assert set(placed[0]) == set(placed[1]) - since
    for where, row in placed[0].items():
        again = placed[1][where]
        assert again["value"] == pytest.approx(row["value"], rel=1e-5, abs=1e-9), where
        assert [again[part] for part in ("status", "unit", "estimand", "kind")] == [
            row[part] for part in ("status", "unit", "estimand", "kind")
        ]


def test_a_stored_plan_is_read_and_written_in_todays_spelling(planned):
    stored = planned.folder.manifest()["networks"]["plain"]
    assert stored["measures"][0]["range_recorded"]
    plan = NetworkPlan.from_json(stored)
    assert plan.measures[0].options == {"bins": 5, "range": "recorded"}
    assert plan.measures[0].measurement.needs == ("labels", "groups", "recorded range")
    written = json.loads(json.dumps(plan.to_json()))
    assert NetworkPlan.from_json(written) == plan
    assert "range_recorded" not in written["measures"][0]
