"""Workers of one machine share its memory: together they never hold more than the budget, and refuse no more than one
process does."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pytest
from opened_engines import opened
from test_every_engine import APART
from works import Takes

import infoscope as iscope
from infoscope.core import turns
from infoscope.core.measurement import Measurement
from infoscope.core.turns import Shared, sharing
from infoscope.engine.in_order import in_order
from infoscope.engine.job import Job

BUDGET = 1000.0


def left_behind():
    return set(Path(tempfile.gettempdir()).glob("infoscope-*.memory")) | set(
        Path(tempfile.gettempdir()).glob("infoscope-*.gate")
    )


def held(log: Path) -> list[float]:
    """What all workers together held, after each word of theirs."""
    return list(itertools.accumulate(float(line) for line in log.read_text().split()))


def take(engine, work, amounts, folder):
    jobs = [Job(f"{n}", work, amount, folder / "run" / "jobs" / f"{n}.job") for n, amount in enumerate(amounts)]
    return [found for _, found in in_order(engine, jobs)]


@pytest.mark.parametrize("name", APART)
def test_together_they_hold_no_more_than_the_budget(name, tmp_path):
    amounts = [900.0, 50.0, 1000.0, 333.0, 300.0, 700.0, 10.0, 500.0, 333.0, 990.0, 120.0]
    before = left_behind()
    with opened(name, tmp_path, 3) as engine, iscope.memory_budget(BUDGET):
        found = take(engine, Takes(tmp_path / "log"), amounts, tmp_path)
    assert [answer.about["budget"] for answer in found] == [BUDGET] * len(amounts)
    assert max(held(tmp_path / "log")) <= BUDGET
    assert held(tmp_path / "log")[-1] == 0
    assert left_behind() <= before


def test_shares_are_taken_side_by_side(tmp_path):
    with opened("processes", tmp_path, 2) as engine, iscope.memory_budget(BUDGET):
        take(engine, Takes(tmp_path / "log", company=500.0), [500.0, 499.0], tmp_path)
    assert max(held(tmp_path / "log")) == 999


def test_who_is_killed_gives_its_turn_back(tmp_path):
    amounts = [900.0, 901.0, 902.0, 100.0]
    with opened("processes", tmp_path, 2) as engine, iscope.memory_budget(BUDGET):
        found = take(engine, Takes(tmp_path / "log", dies=901.0), amounts, tmp_path)
    assert [answer.about["budget"] for answer in found] == [BUDGET] * 4
    assert (tmp_path / "log").read_text().count("+901.0") == 2


def test_one_worker_waits_for_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "_opened", None)
    with sharing(Shared(BUDGET, 1, "alone", False)), turns.turn(2 * BUDGET):
        pass


def test_on_several_machines_each_worker_has_a_processor(monkeypatch):
    monkeypatch.setattr(turns.processors, "usable", lambda: 4)
    assert Shared(BUDGET, 32, "k", spread=True).beside == 4
    assert Shared(BUDGET, 3, "k", spread=True).beside == 3
    assert Shared(BUDGET, 32, "k", spread=False).beside == 32


def test_without_locks_each_has_a_share(monkeypatch):
    monkeypatch.setattr(turns, "_LOCKS", False)
    with sharing(Shared(BUDGET, 4, "k", spread=False)), turns.turn(BUDGET):
        assert turns.memory.budget() == BUDGET / 4


def test_a_turn_inside_a_turn_is_the_same_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shared = Shared(BUDGET, 2, "twice", spread=False)
    with sharing(shared), turns.turn(900.0), turns.turn(10.0), turns.turn(901.0):
        pass
    turns.over(shared)
    assert not list(tmp_path.iterdir())


def test_every_measurement_of_a_worker_takes_a_turn(monkeypatch):
    """Asked with what it says itself that it takes at most."""
    asked = []

    class Costly(Measurement):
        id, options = "costly", {}

        def cost(self, n, d, k):
            return type("Cost", (), {"seconds": 0.0, "bytes": 1e6 * n + 1e3 * d + k})()

        def measure(self, t, variables, given=None):
            return [[]]

    monkeypatch.setattr(turns, "turn", lambda count: asked.append(count) or turns.memory.memory_budget(None))
    t, y = iscope.task("boolean12").inputs[None, :7, :5], {"y": iscope.task("boolean12").variables["label"][:7] * 0 + 3}
    from infoscope.core.measurement import measured

    measured(Costly(), t, y)
    with sharing(Shared(BUDGET, 2, "k", spread=False)):
        measured(Costly(), t, y)
    assert asked == [0.0, 7e6 + 5e3 + 4]
