"""What jobs have found, in the order of the jobs, whoever was first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from infoscope.core.errors import EngineError
from infoscope.core.progress import say
from infoscope.engine import job_file
from infoscope.engine.engine import Engine
from infoscope.engine.job import EndedJob, Failure, Job
from infoscope.engine.job_file import JobAnswer


def in_order(
    engine: Engine, jobs: Sequence[Job], beat: Callable[[], None] = lambda: None
) -> Iterator[tuple[Job, JobAnswer | Failure]]:
    """Have ``jobs`` done; each with its answer, or with why there is none, after those before it.

    What is ready before its turn waits in its file, where whoever goes on after a kill finds it.
    """
    for job in jobs:
        engine.submit(job)
    ended: dict[Job, EndedJob] = {}
    turn = 0
    for one in engine.results(beat):
        ended[one.job] = one
        while turn < len(jobs) and jobs[turn] in ended:
            _, failure = ended.pop(jobs[turn])
            yield jobs[turn], failure or _answer(jobs[turn])
            turn += 1


def _answer(job: Job) -> JobAnswer | Failure:
    if not job.file.exists():
        return Failure(
            f"its worker says that it is done and {job.file} is not here: put the run where all workers and this "
            "machine see the same files"
        )
    return job_file.read(job.file) or Failure(f"{job.file} is damaged: run the same command again")


def told(failures: Sequence[tuple[Job, Failure]], jobs: int) -> EngineError:
    """The error that says which jobs have failed, after the others were done; the first traceback is printed."""
    job, failure = failures[0]
    if failure.trace:
        say(failure.trace.rstrip())
    if jobs == 1:
        return EngineError(f"{job.name} failed: {failure.sentence}")
    return EngineError(
        f"{len(failures)} of {jobs} jobs failed, {job.name} with: {failure.sentence}; the others are done and stored, "
        "and the same command does these again"
    )
