"""Who gets which job: what is near first, what nobody has next, and lost ones again before the others."""

from __future__ import annotations

from pathlib import Path

from works import Squares

from infoscope.engine.dealing import MOST_LOSSES, Dealing
from infoscope.engine.job import Job

WORK = Squares(Path("begun"))


def dealing(*near):
    found = Dealing()
    for number, place in enumerate(near):
        found.add(Job(f"{number}", WORK, number, Path(f"{number}.job"), near=place))
    return found


def names(found, *workers):
    return [job.name if (job := found.deal(worker)) else None for worker in workers]


def test_without_anything_near_jobs_go_in_their_order():
    found = dealing(None, None, None)
    assert names(found, "a", "b", "a", "b") == ["0", "1", "2", None]


def test_a_worker_stays_with_what_it_has_loaded_and_others_take_what_nobody_has():
    found = dealing("one", "one", "one", "two", "two")
    assert names(found, "a", "b") == ["0", "3"]
    found.ended("a")
    found.ended("b")
    assert names(found, "b", "a") == ["4", "1"]


def test_at_the_end_they_help_where_most_is_left():
    found = dealing("one", "one", "one", "two")
    assert names(found, "a", "b") == ["0", "3"]
    found.ended("b")
    assert names(found, "b") == ["1"]


def test_a_lost_job_comes_before_the_others_and_ends_after_some_losses():
    found = dealing("one", "two", "two")
    for attempt in range(1, MOST_LOSSES + 1):
        worker = f"worker {attempt}"
        assert names(found, worker) == ["0"]
        ended = found.lost(worker, "was killed")
        assert (ended is None) == (attempt < MOST_LOSSES)
    assert ended is not None
    assert ended.failure is not None
    assert "was killed" in ended.failure.sentence
    assert (found.waiting, found.running) == (2, 0)
    assert found.lost("worker 9", "was killed") is None
