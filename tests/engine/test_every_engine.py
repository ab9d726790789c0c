"""What holds of every engine: a job is one file, its work begins once a worker, failures are told and end no other."""

from __future__ import annotations

import pytest
from opened_engines import opened
from works import Mortal, Slow, Squares

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.engine import job_file
from infoscope.engine.in_order import in_order
from infoscope.engine.job import Failure, Job

ENGINES = list(registry.entries("engines"))
APART = [name for name in ENGINES if name != "here"]


def jobs_of(work, numbers, folder):
    return [Job(f"number {n}", work, n, folder / "run" / "jobs" / f"{n}.job") for n in numbers]


@pytest.fixture(params=ENGINES)
def engine(request, tmp_path):
    with opened(request.param, tmp_path) as engine:
        yield engine


@pytest.fixture(params=APART)
def apart(request, tmp_path):
    with opened(request.param, tmp_path) as engine:
        yield engine


def test_a_job_is_one_file_and_comes_in_its_turn(engine, tmp_path):
    jobs = jobs_of(Squares(tmp_path / "begun"), range(6), tmp_path)
    found = list(in_order(engine, jobs))
    assert [job for job, _ in found] == jobs
    assert [answer.about["square"] for _, answer in found] == [0, 1, 4, 9, 16, 25]
    assert [answer.tables[0].num_rows for _, answer in found] == list(range(6))
    assert sorted(path.name for path, _ in job_file.found(tmp_path / "run" / "jobs")) == [f"{n}.job" for n in range(6)]
    begun = (tmp_path / "begun").read_text().split()
    assert len(begun) == len({answer.about["process"] for _, answer in found})


def test_a_failure_is_told_and_the_others_are_done(engine, tmp_path):
    jobs = jobs_of(Squares(tmp_path / "begun", fails=1, breaks=2), range(4), tmp_path)
    first, refused, broken, last = (found for _, found in in_order(engine, jobs))
    assert (first.about["square"], last.about["square"]) == (0, 9)
    assert refused == Failure("1 arrived, wanted another number")
    assert broken.sentence.startswith("ZeroDivisionError: ")
    assert "works.py, line" in broken.sentence
    assert "Traceback" in broken.trace
    assert not jobs[1].file.exists()


def test_a_second_work_follows_the_first_in_the_same_workers(engine, tmp_path):
    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        done = [found.about["square"] for _, found in in_order(engine, jobs_of(Squares(folder / "b"), [3], folder))]
        assert done == [9]


def test_the_job_of_a_lost_worker_runs_again(apart, tmp_path):
    jobs = jobs_of(Mortal(tmp_path / "deaths", deadly=1, times=1), range(4), tmp_path)
    assert [found.about["square"] for _, found in in_order(apart, jobs)] == [0, 1, 4, 9]
    assert (tmp_path / "deaths").read_text() == "x"


def test_a_job_that_costs_worker_after_worker_is_told(apart, tmp_path):
    jobs = jobs_of(Mortal(tmp_path / "deaths", deadly=1, times=99), range(3), tmp_path)
    found = [found for _, found in in_order(apart, jobs)]
    assert (found[0].about["square"], found[2].about["square"]) == (0, 4)
    assert isinstance(found[1], Failure)
    assert (tmp_path / "deaths").read_text() == "xxx"


def test_what_cannot_be_pickled_is_refused_in_a_sentence(apart, tmp_path):
    with pytest.raises(InputError, match="cannot be handed to another process"):
        list(in_order(apart, jobs_of(Squares(tmp_path / "begun"), [(n for n in range(3))], tmp_path)))


def test_who_listens_no_more_ends_what_runs(apart, tmp_path):
    jobs = jobs_of(Slow(tmp_path), range(2), tmp_path)
    for job in jobs:
        apart.submit(job)

    class EnoughError(Exception):
        pass

    def beat():
        if list(tmp_path.glob("begun-*")):
            raise EnoughError

    with pytest.raises(EnoughError):
        list(apart.results(beat))
    apart.cancel()
    assert not list(tmp_path.glob("run/jobs/*.job"))
    assert list(apart.results()) == []
