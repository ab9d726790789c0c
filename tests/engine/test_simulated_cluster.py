"""The scheduler under a clock that only counts: 150 checkpoints × 64 shards × 16 workers, of which nodes die."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path

import pytest

from infoscope.core.errors import EngineError
from infoscope.core.progress import silent

BENCH = Path(__file__).resolve().parents[2] / "bench" / "simulated_cluster.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("infoscope_bench_simulated_cluster", BENCH)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_deaths_a_checkpoint_is_loaded_once_but_at_the_end(bench):
    told = bench.simulated(bench.Cluster())
    assert (told.done, told.failures, told.deaths) == (150 * 64, (), 0)
    assert 150 <= told.loads <= 150 + 2 * 16
    ideal = 150 * (64 * 30 + 60) / 16 / 3600
    assert told.hours < 1.02 * ideal


def test_with_nodes_that_die_no_job_is_lost_and_little_time(bench):
    cluster = dataclasses.replace(bench.Cluster(), between_deaths=2 * 3600.0)
    with silent():
        told = bench.simulated(cluster)
    assert (told.done, told.failures) == (150 * 64, ())
    assert told.deaths >= 16
    without = bench.simulated(bench.Cluster())
    each = cluster.job * 4 / 3 + 2 * cluster.load + cluster.start  # what a death can cost: a job, two loads, a start
    assert (told.hours - without.hours) * 3600 * cluster.workers < 1.5 * told.deaths * each


def test_a_cluster_that_dies_faster_than_it_works_is_given_up(bench):
    cluster = dataclasses.replace(bench.Cluster(), checkpoints=2, shards=8, job=1e6, between_deaths=60.0)
    with silent(), pytest.raises(EngineError, match="workers were lost one after the other"):
        bench.simulated(cluster)
