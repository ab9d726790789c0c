"""Jobs in an array of Slurm."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from infoscope.core.errors import EngineError, InputError
from infoscope.core.processors import one_thread
from infoscope.core.progress import say
from infoscope.engine.dealing import MOST_LOSSES
from infoscope.engine.engine import PATIENCE, Engine
from infoscope.engine.job import EndedJob, Failure, Job, JobWorker, Packing
from infoscope.engine.packages import package

#: Tasks of an array for each that runs at a time, so that at the end none waits long for the others.
TASKS_A_WORKER = 4
_ENDING = 10.0  # seconds for tasks on this machine to end when they are asked to
_HOURS = 24 * 60  # minutes that a task may take where no setting says it


class Slurm(Engine):
    """An array of Slurm, as many tasks at a time as there are workers, through submitit.

    A file of settings says the rest: ``partition``, ``account``, ``time`` (minutes, or ``"4:00:00"``), ``memory`` (GB a
    task), ``cpus`` a task, a table ``[sbatch]`` of what else sbatch takes, and ``cluster = "local"`` to try it without
    Slurm. A task that comes to its time limit is queued again and goes on with the jobs that have no file yet; logs lie
    beside the run, in RUN-slurm.

    >>> import functools, pathlib
    >>> for step in (0, 100):
    ...     torch.save(torch.nn.Linear(3, 2).state_dict(), f"step-{step}.pt")
    >>> _ = pathlib.Path("slurm.toml").write_text("cluster = 'local'")
    >>> x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    >>> asked = {"measures": ["effective_rank"], "out": "run", "engine": "slurm", "engine_config": "slurm.toml"}
    >>> run = iscope.scan("step-*.pt", functools.partial(torch.nn.Linear, 3, 2), x, {"y": x[:, 0] > 0}, **asked)
    >>> run.rows.unique("step")
    [0, 100]
    """

    package = "submitit"
    takes_settings = True

    def __init__(self, workers: int, address: str | None, settings: Mapping[str, Any]) -> None:
        super().__init__(workers, address, settings)
        self._submitit = package("submitit", "the engine slurm", "slurm")
        self._parameters, self._cluster = _parameters(settings, workers)
        self._packing = Packing(workers, package("cloudpickle", "the engine slurm", "slurm").dumps, spread=True)
        self._waiting: list[Job] = []
        self._tasks: list[_ArrayTask] = []
        self._losses: Counter[Job] = Counter()

    def submit(self, job: Job) -> None:
        self._waiting.append(job)

    def results(self, beat: Callable[[], None] = lambda: None) -> Iterator[EndedJob]:
        while self._waiting or any(one.left for one in self._tasks):
            if self._waiting:
                self._send(self._waiting)
                self._waiting = []
            beat()
            ended = self._looked()
            yield from ended
            if not ended and not self._waiting:
                time.sleep(PATIENCE / 2)

    def _send(self, jobs: Sequence[Job]) -> None:
        """Deal ``jobs`` to the tasks of a new array, neighbours to the same one."""
        count = min(len(jobs), TASKS_A_WORKER * self.workers)
        ends = [len(jobs) * number // count for number in range(count + 1)]
        shares = [list(jobs[start:end]) for start, end in itertools.pairwise(ends)]
        packed = [_Share([self._packing.packed(job) for job in share]) for share in shares]
        run = jobs[0].file.parent.parent
        logs = run.with_name(f"{run.name}-slurm")
        try:
            executor = self._submitit.AutoExecutor(folder=logs / "%j", cluster=self._cluster)
            executor.update_parameters(**self._parameters)
            with one_thread(), executor.batch():
                tasks = [executor.submit(share) for share in packed]
        except (OSError, RuntimeError, ValueError, self._submitit.core.utils.FailedJobError) as reason:
            first = next((line for line in str(reason).splitlines() if line.strip()), type(reason).__name__)
            raise EngineError(
                f"Slurm did not take the jobs ({first}): look at the file of settings, and whether sbatch is here"
            ) from reason
        self._tasks += [_ArrayTask(task, share) for task, share in zip(tasks, shares, strict=True)]
        if self._cluster != "local":
            say(f"infoscope: {len(tasks)} tasks of Slurm, {self.workers} at a time; logs in {logs}")

    def _looked(self) -> list[EndedJob]:
        """What has ended since the last look."""
        found: list[EndedJob] = []
        there = {
            path for folder in {job.file.parent for one in self._tasks for job in one.left} for path in _in(folder)
        }
        for one in list(self._tasks):
            over = one.task.done()  # before the files are looked for, so that none of its files is missed
            done = [job for job in one.left if job.file in there or (over and job.file.exists())]
            found += [EndedJob(job) for job in done]
            one.left[:] = [job for job in one.left if job not in done]
            if over:
                self._tasks.remove(one)
                found += self._after(one)
        return found

    def _after(self, one: _ArrayTask) -> list[EndedJob]:
        """What becomes of the jobs of a task that is over and left some without a file."""
        failures = one.failures()
        found = [EndedJob(job, failures[str(job.file)]) for job in one.left if str(job.file) in failures]
        again = [job for job in one.left if str(job.file) not in failures]
        if again:
            guilty = again[0]  # jobs are done in order, so it is the one that the task was lost with
            self._losses[guilty] += 1
            if self._losses[guilty] >= MOST_LOSSES:
                why = f"its task ended without it {MOST_LOSSES} times ({one.last_words()})"
                found.append(EndedJob(guilty, Failure(why)))
                again = again[1:]
            else:
                say(f"infoscope: the task that had {guilty.name} ended without it; another one does it again")
        self._waiting += again
        return found

    def cancel(self) -> None:
        self._waiting = []
        for one in self._tasks:
            with suppress(Exception):  # of a task that is over by now
                one.task.cancel()
        until = time.monotonic() + (_ENDING if self._cluster == "local" else 0.0)
        while time.monotonic() < until and not all(one.task.done() for one in self._tasks):
            time.sleep(PATIENCE / 20)
        self._tasks = []
        self._packing.over()


class _Share:
    """What one task of an array does; submitit calls :meth:`checkpoint` when its time is over, and queues it again.

    jobs: the arguments of :meth:`infoscope.engine.job.JobWorker.perform`, job by job.
    """

    def __init__(self, jobs: list[tuple[bytes, bytes, str]]) -> None:
        self.jobs = jobs

    def __call__(self) -> dict[str, Failure]:
        """Do the jobs that have no file yet; the failures by file."""
        worker, failures = JobWorker(), dict[str, Failure]()
        for packed, argument, file in self.jobs:
            if not Path(file).exists():
                failure = worker.perform(packed, argument, file)
                if failure is not None:
                    failures[file] = failure
        return failures

    def checkpoint(self) -> Any:
        """The same again: what is done has its file."""
        submitit = package("submitit", "the engine slurm", "slurm")
        return submitit.helpers.DelayedSubmission(self)


class _ArrayTask(NamedTuple):
    """A task of an array and those of its jobs that nothing was heard of yet."""

    task: Any
    left: list[Job]

    def failures(self) -> dict[str, Failure]:
        """By file, where the task came to its end."""
        try:
            return self.task.result()
        except Exception:  # it was lost, in whatever way
            return {}

    def last_words(self) -> str:
        """The last line that it has printed."""
        said = [line.strip() for line in (self.task.stderr() or "").splitlines() if line.strip()]
        return f"the last line of its log: {said[-1]}" if said else "its log is empty"


def _parameters(settings: Mapping[str, Any], workers: int) -> tuple[dict[str, Any], str | None]:
    """What submitit is told, and of which cluster.

    Raises
    ------
    InputError: a setting that there is not, or of another kind.
    """
    known = {"partition", "account", "time", "memory", "cpus", "cluster", "sbatch"}
    if unknown := sorted(set(settings) - known):
        raise InputError(
            f"the setting {unknown[0]!r} arrived, wanted one of {', '.join(sorted(known))}: options of sbatch "
            "stand in a table [sbatch]"
        )
    found: dict[str, Any] = {
        "name": "infoscope",
        "timeout_min": _minutes(settings.get("time", _HOURS)),
        "cpus_per_task": settings.get("cpus", 1),
        "slurm_array_parallelism": workers,
        **{f"slurm_{name}": settings[name] for name in ("partition", "account") if name in settings},
        **({"mem_gb": settings["memory"]} if "memory" in settings else {}),
        **({"slurm_additional_parameters": dict(settings["sbatch"])} if "sbatch" in settings else {}),
    }
    for name in ("memory", "cpus"):
        if name in settings and not isinstance(settings[name], (int, float)):
            raise InputError(f"the setting {name} is {settings[name]!r}, wanted a number: write {name} = 8")
    return found, settings.get("cluster")


def _minutes(time: object) -> int:
    """``90`` or ``"1:30:00"``, hours, minutes and seconds."""
    if isinstance(time, int) and time > 0:
        return time
    parts = str(time).split(":")
    if len(parts) == 3 and all(part.isdecimal() for part in parts):
        hours, minutes, seconds = map(int, parts)
        return max(1, 60 * hours + minutes + (seconds > 0))
    raise InputError(f"the setting time is {time!r}, wanted minutes or hours:minutes:seconds: write time = '4:00:00'")


def _in(folder: Path) -> Iterator[Path]:
    with suppress(OSError):  # nobody has made it yet
        yield from (folder / name for name in os.listdir(folder))
