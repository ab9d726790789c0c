"""A scan in shards, dealt to the workers of an engine: each job is a shard of samples of one checkpoint.

A shard's states are one file in the folder of jobs; when all files of a step are there, a last job makes rows of them,
which are taken into the run, and the files go. So going on after a kill is a listing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress

from infoscope.core.files import entries
from infoscope.core.folder import JOBS, RunFolder
from infoscope.core.progress import LONG_SECONDS, progress, say
from infoscope.core.provenance import fingerprint
from infoscope.core.units import counted, time_in_words
from infoscope.engine import job_file
from infoscope.engine.engine import Engine
from infoscope.engine.engines.here import InThisProcess
from infoscope.engine.in_order import told
from infoscope.engine.job import EndedJob, Failure, Job
from infoscope.engine.job_file import JobAnswer
from infoscope.scanning.dealt import Taking, identity, new_file
from infoscope.scanning.one_pass import steps_missing
from infoscope.scanning.replay import Replay
from infoscope.scanning.shard_states import ShardPiece, ShardWork

ENDING = ".state"


def scan_in_shards(engine: Engine | None, folder: RunFolder, replay: Replay, work: ShardWork, label: str) -> None:
    """Append rows of all plans of ``work`` at every step that lacks them.

    replay: of the same network, here. engine: who does it; None for this process, with all of its threads.

    Raises
    ------
    EngineError: jobs failed, after the others were done; or workers cannot be had.
    """
    steps = steps_missing(folder, work.network, replay, work.plans, None, folder.rows())
    with nullcontext(engine) if engine is not None else InThisProcess(1, None, {}) as there:
        _ShardedScan(there, folder, work, steps).carry_out(label, len(replay.trajectory.steps))


class _ShardedScan:
    def __init__(self, engine: Engine, folder: RunFolder, work: ShardWork, steps: Sequence[int]) -> None:
        self._engine, self._folder, self._work, self._steps = engine, folder, work, steps
        jobs = folder.path / JOBS
        of = fingerprint([identity(folder), work.asked])
        self._states = {
            step: tuple((jobs / f"{of}-{step}-{shard.number}{ENDING}").absolute() for shard in work.shards)
            for step in steps
        }
        wanted = {path for paths in self._states.values() for path in paths}
        for path in entries(jobs, f"*{ENDING}"):  # of steps whose rows are there, or of another cut
            if path.absolute() not in wanted:
                path.unlink(missing_ok=True)
        self._left = {step: {path for path in paths if not path.exists()} for step, paths in self._states.items()}
        self._taking = Taking(folder)
        self._answers: dict[int, JobAnswer] = {}
        self._failures: dict[int, tuple[Job, Failure]] = {}
        self._waiting, self._taken = list(steps), list[int]()  # steps whose rows are not taken yet; not stored yet
        self._begun, self._told = time.perf_counter(), False

    def carry_out(self, label: str, total: int) -> None:
        shards = len(self._work.shards)
        todo = sum(map(len, self._left.values())) + len(self._steps)
        try:
            with progress(label, total * (shards + 1), total * (shards + 1) - todo) as shown:
                for job in self._jobs():
                    self._engine.submit(job)
                for one in self._engine.results(self._folder.beat):
                    todo -= 1
                    self._ended(one)
                    self._tell(todo)
                    shown.advance()
        finally:
            self._flush()
        if self._failures:
            raise told(list(self._failures.values()), len(self._steps))

    def _jobs(self) -> Iterator[Job]:
        for step in self._steps:
            if not self._left[step]:
                yield self._reading(step)
            for shard, path in zip(self._work.shards, self._states[step], strict=True):
                if path in self._left[step]:
                    name = f"shard {shard.number + 1} of {len(self._work.shards)} of step {step} of {self._folder.path}"
                    yield Job(name, self._work, ShardPiece(step, shard.number), path, near=step)

    def _reading(self, step: int) -> Job:
        """The job that makes rows of all shards of a step."""
        file = new_file(self._folder, self._work.asked, step)
        name = f"the rows of step {step} of {self._folder.path}"
        return Job(name, self._work, ShardPiece(step, states=self._states[step]), file, near=step)

    def _ended(self, one: EndedJob) -> None:
        job, step = one.job, one.job.argument.step
        failure = one.failure
        if failure is None and job.argument.states:
            answer = job_file.read(job.file) if job.file.exists() else None
            if answer is None:
                failure = Failure(f"{job.file} is damaged: run the same command again")
            else:
                self._answers[step] = answer
        elif failure is None:
            self._left[step].discard(job.file)
            if not self._left[step] and step not in self._failures:
                self._engine.submit(self._reading(step))
        if failure is not None:
            self._failures.setdefault(step, (job, failure))
        self._take()

    def _take(self) -> None:
        """Take rows into the run in the order of the steps."""
        while self._waiting and (self._waiting[0] in self._answers or self._waiting[0] in self._failures):
            step = self._waiting.pop(0)
            if step in self._answers:
                file = new_file(self._folder, self._work.asked, step)
                self._taking.take((file, self._answers.pop(step)))
                self._taken.append(step)
        if self._taking.due:
            self._flush()

    def _flush(self) -> None:
        """Store what was taken, then let the states that it was made of go."""
        self._taking.flush()
        while self._taken:
            for path in self._states[self._taken.pop()]:
                path.unlink(missing_ok=True)
        with suppress(OSError):
            (self._folder.path / JOBS).rmdir()

    def _tell(self, todo: int) -> None:
        """After the first shard, what the others are likely to take, where that is long."""
        if self._told:
            return
        self._told, took = True, time.perf_counter() - self._begun
        left = took * todo / self._engine.workers
        if left >= LONG_SECONDS:
            say(
                f"infoscope: as the first of {counted(todo + 1, 'job')} took {time_in_words(took)}, about "
                f"{time_in_words(left)} more with {counted(self._engine.workers, 'worker')}"
            )
