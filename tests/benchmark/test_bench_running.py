"""A benchmark shares its time fairly, survives being killed, and judges whatever an estimator does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infoscope.benchmark import judging, records, running, workers
from infoscope.benchmark.cases import BenchPreset, Case, Plan, Subject, fingerprint, plan, rung
from infoscope.benchmark.judging import blank, judge
from infoscope.benchmark.running import Here, run
from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import INFORMATION
from infoscope.data.source import all_sources

SOURCES = ("bivariate-normal", "swiss-roll", "bivariate-uniform")
FAST, SLOW = Subject("ours", "binned"), Subject("ours", "kde")


def planned(budget, subjects=(FAST, SLOW), sizes=(100, 200), replicates=4, purpose="sources"):
    """Each subject on three sources at two n."""
    found = [
        Case(purpose, subject, source, n, seed)
        for subject in subjects
        for n in sizes
        for seed in range(replicates)
        for source in SOURCES
    ]
    return Plan(BenchPreset(sizes, replicates, 0, 0, {purpose: budget}), tuple(found))


def costing(costs, asked=None, **more):
    """Answers that cost ``costs[subject] * n / 100`` seconds; those asked are listed in ``asked``."""

    def judged(case):
        if asked is not None:
            asked.append(case)
        row = blank(case)
        cost = costs[case.subject] * case.n / 100
        return {**row, "value": row["truth"], "status": "OK", "cpu_seconds": cost, "busy_seconds": cost, **more}

    return Here(judged)


# --- one case ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def answering(monkeypatch):
    """``answering(function)``: whoever is asked answers with ``function(x, y)``."""

    def use(function):
        class Answerer:
            mutual_information = staticmethod(function)

        monkeypatch.setattr(Subject, "make", lambda self: Answerer())
        monkeypatch.setattr(judging, "_warm", set())

    return use


CASE = Case("sources", FAST, "bivariate-normal", 300, 5)


def test_an_answer_is_put_beside_the_truth(answering):
    sizes = []

    def answer(x, y):
        sizes.append(len(x))
        return Estimate(
            0.4, INFORMATION, "t", len(x), interval=(0.3, 0.5), interval_kind="k", level=0.95, bound="lower",
            doubts=(Doubt(Status.SATURATED, "a"), Doubt(Status.OK, "b")),
        )  # fmt: skip

    answering(answer)
    row = judge(CASE)
    assert sizes == [judging.WARMING_ROWS, 300], "warmed up on few rows, then asked"
    assert row["truth"] == pytest.approx(-0.5 * np.log(1 - 0.75**2))
    assert (row["value"], row["low"], row["high"], row["level"], row["bound"]) == (0.4, 0.3, 0.5, 0.95, "lower")
    assert (row["status"], row["notes"], row["interval_kind"]) == ("SATURATED", "a; b", "k")
    assert row["busy_seconds"] >= row["cpu_seconds"] >= 0
    assert records.case_of(row) == CASE
    judge(CASE._replace(seed=6))
    assert sizes == [judging.WARMING_ROWS, 300, 300], "warm is warm"


def test_a_number_is_an_answer_and_an_infinite_one_is_broken(answering):
    answering(lambda x, y: np.float64(0.25))
    assert (judge(CASE)["value"], judge(CASE)["status"]) == (0.25, "OK")
    answering(lambda x, y: -np.inf)
    assert (judge(CASE).get("value"), judge(CASE)["status"], judge(CASE)["notes"]) == (
        None,
        "BROKEN",
        "the answer was -inf",
    )


@pytest.mark.parametrize(("error", "status"), [(InputError("too few rows"), "REFUSED"), (IndexError("9"), "BROKEN")])
def test_what_is_raised_becomes_a_status(answering, error, status):
    def fail(x, y):
        raise error

    answering(fail)
    row = judge(CASE)
    assert row.get("value") is None
    assert row["status"] == status
    assert str(error) in row["notes"]


def test_labels_are_passed_as_labels_and_a_real_estimator_is_judged():
    source = next(case.source for case in plan("smoke", ["kde"]).cases)
    row = judge(Case("sources", SLOW, source, 200, 0))
    assert row["kind"] == "labels"
    assert np.isfinite(row["value"])
    assert row["code"] == fingerprint("ours", SLOW.name)


# --- many -------------------------------------------------------------------------------------------------------------


def test_without_a_budget_everything_is_answered_and_stored(tmp_path):
    whole = planned(None)
    rows = run(whole, tmp_path, costing({FAST: 1, SLOW: 100}))
    assert {records.case_of(row) for row in rows} == set(whole.cases)
    stored = records.stored(tmp_path)
    assert {records.case_of(row) for row in stored} == set(whole.cases)
    assert pq.read_schema(next((tmp_path / "rows").iterdir())).equals(records.SCHEMA)
    assert (tmp_path / "bench.json").exists()
    assert not (tmp_path / "heartbeat").exists()


def test_answers_of_version_1_are_answers_of_today(tmp_path, monkeypatch):
    """There a sample of a source was asked for the purpose "tasks"."""
    whole = planned(None)
    rows = run(whole, tmp_path / "new", costing({FAST: 1, SLOW: 1}))
    with monkeypatch.context() as before:
        before.setattr(records, "SCHEMA", records.SCHEMA.with_metadata({"infoscope.benchmark.version": "1"}))
        records.append(tmp_path / "old", [{**row, "purpose": "tasks"} for row in rows])
    assert records.stored(tmp_path / "old") == (stored := records.stored(tmp_path / "new"))
    asked = []
    assert run(whole, tmp_path / "old", costing({FAST: 1, SLOW: 1}, asked)) == stored
    assert asked == [], "nothing is asked anew"


def test_the_budget_is_shared_so_that_the_fast_finish_and_the_slow_get_the_rest(tmp_path):
    rows = run(planned(60.0), tmp_path, costing({FAST: 0.1, SLOW: 5.0}))
    answers = Counter((row["estimator"], row["n"]) for row in rows)
    assert answers["binned", 100] == answers["binned", 200] == 12
    spent = {n: answers["kde", n] * 5 * n / 100 for n in (100, 200)}
    assert spent[100] == pytest.approx(spent[200], abs=15.0), "one answer of each apart"
    assert 40 < sum(row["busy_seconds"] for row in rows) <= 60
    first = [row for row in rows if row["estimator"] == "kde" and row["n"] == 100][:3]
    assert {row["source"] for row in first} == set(SOURCES), "a cut list has met every source first"


def test_the_slow_meet_narrow_and_wide_problems_alike(tmp_path):
    """Of many narrow problems and two wide ones, last in the plan, a third of the time meets some of each."""
    narrow = [s.name for s in all_sources().values() if rung(s) == ("labels", 0) and "discrete" not in s.tags]
    wide = ["wide-classes-64", "wide-classes-512"]
    cases = tuple(Case("sources", SLOW, source, 100, 0) for source in (*narrow, *wide))
    rows = run(Plan(BenchPreset((100,), 1, 0, 0, {"sources": 6.0}), cases), tmp_path, costing({SLOW: 1.0}))
    met = [row["source"] for row in rows]
    assert len(narrow) >= 12
    assert len(met) == 6
    assert set(wide) <= set(met)


def test_an_answer_that_will_not_fit_is_not_begun(tmp_path):
    asked = []
    run(planned(30.0, (SLOW,), (100, 10000)), tmp_path, costing({SLOW: 1.0}, asked))
    assert Counter(case.n for case in asked) == {100: 12}, "a hundred seconds were foreseen from n = 100"


def test_a_run_goes_on_where_it_was_stopped(tmp_path):
    asked = []

    class Killed(Exception):
        pass

    def judged(case):
        if len(asked) == 7:
            raise Killed
        asked.append(case)
        row = blank(case)
        return {**row, "value": 1.0, "status": "OK", "cpu_seconds": 1.0, "busy_seconds": 1.0}

    with pytest.raises(Killed):
        run(planned(None), tmp_path, Here(judged))
    assert len(records.stored(tmp_path)) == 7
    again = []
    rows = run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}, again))
    assert len(rows) == 48
    assert not set(asked) & set(again)
    more = []
    run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}, more))
    assert more == []


def test_what_was_spent_before_a_stop_counts(tmp_path):
    run(planned(20.0), tmp_path, costing({FAST: 1, SLOW: 1}))
    asked = []
    run(planned(20.0), tmp_path, costing({FAST: 1, SLOW: 1}, asked))
    assert asked == []


def test_answers_of_changed_code_are_asked_again(tmp_path):
    run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}, code="another"))
    asked = []
    rows = run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}, asked))
    assert len(asked) == len(rows) == 48
    assert "another" not in {row["code"] for row in rows}


def test_coverage_ends_for_who_states_no_interval(tmp_path):
    asked = []
    run(planned(None, (FAST,), (100,), 20, "coverage"), tmp_path / "none", costing({FAST: 1}, asked))
    assert len(asked) == running.TRIED
    asked = []
    run(planned(None, (FAST,), (100,), 20, "coverage"), tmp_path / "some", costing({FAST: 1}, asked, level=0.95))
    assert len(asked) == 60


def test_a_damaged_or_foreign_part_is_spoken_of(tmp_path):
    run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}))
    part = next((tmp_path / "rows").iterdir())
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(RunFolderError, match=r"is damaged .*delete that file and run the same command again"):
        run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}))
    pq.write_table(pa.table({"a": [1]}), part)
    with pytest.raises(RunFolderError, match="is damaged"):
        records.stored(tmp_path)
    (tmp_path / "bench.json").unlink()
    with pytest.raises(RunFolderError, match="is no part of a benchmark of this infoscope"):
        records.stored(tmp_path)


def test_a_changed_bit_of_an_answer_is_told_and_a_lost_part_is_asked_anew(tmp_path, capsys):
    asked = run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}))
    (part,) = (tmp_path / "rows").iterdir()
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 4
    part.write_bytes(content)
    with pytest.raises(RunFolderError, match=rf"{part.name} is damaged \(its SHA-256"):
        records.stored(tmp_path)
    part.unlink()
    again = run(planned(None), tmp_path, costing({FAST: 1, SLOW: 1}))
    assert f"{part.name} went missing, its cases are asked anew" in capsys.readouterr().err
    assert {records.case_of(row) for row in again} == {records.case_of(row) for row in asked}
    about = tmp_path / "bench.json"
    about.write_text(about.read_text().replace('"rows": ', '"rows": 1'))
    with pytest.raises(RunFolderError, match=r"bench\.json is damaged .*answers are kept"):
        records.stored(tmp_path)


# --- processes --------------------------------------------------------------------------------------------------------


def test_two_processes_answer_as_this_one_does_and_leave_the_environment_alone(tmp_path):
    small = planned(None, (FAST,), (100,), 2)
    before = dict(os.environ)
    with workers.Workers(2, 60.0) as pool:
        rows = run(small, tmp_path, pool)
    assert dict(os.environ) == before
    here = {case: judge(case)["value"] for case in small.cases}
    assert {records.case_of(row): row["value"] for row in rows} == here


def test_a_process_that_dies_or_hangs_is_a_result():
    with workers.Workers(1, 60.0) as pool:
        pool.start(CASE)
        pool._busy[0].process.kill()
        found = []
        while not found:
            found = pool.finished()
        ((case, row),) = found
        assert (case, row["status"], row.get("value")) == (CASE, "DIED", None)
        assert row["notes"] == f"the process ended with code -{signal.SIGKILL.value}"
        assert pool.busy == 0

    with workers.Workers(1, 0.01) as pool:  # nothing can be imported in a hundredth of a second
        pool.start(CASE)
        found = []
        while not found:
            found = pool.finished()
        assert found[0][1]["status"] == "TOO LONG"
        assert found[0][1]["notes"] == "no answer in 0.01 s"


def test_a_bench_killed_without_warning_goes_on(tmp_path):
    command = [
        sys.executable, "-m", "infoscope", "bench", "--preset", "smoke", "--estimator", "binned", "--estimator",
        "scipy_tree", "--sizes", "100", "--out", str(tmp_path),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 60
    while not (tmp_path / "heartbeat").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["answers"] == found["planned"] > 0
    assert not list((tmp_path / "rows").glob(".*"))
