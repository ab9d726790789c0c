"""Who does which job next, and what becomes of a job whose worker is lost. Knows no clock and no process."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable

from infoscope.engine.job import EndedJob, Failure, Job

#: A job that has cost so many workers is not handed to another one.
MOST_LOSSES = 3


class Dealing:
    """Jobs on their way to workers, which are any names.

    A free worker gets a job that is near to its last one, else the first job that nobody is near to, else one of the
    most that are left near somebody: so a checkpoint is loaded by one worker, and by more only at the end.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._near: dict[Hashable, Hashable] = {}  # of each worker what it is near to
        self._running: dict[Hashable, Job] = {}
        self._losses: Counter[Job] = Counter()

    def add(self, job: Job) -> None:
        """One more, behind those that are near to it."""
        self._waiting.setdefault(job.near, deque()).append(job)

    @property
    def waiting(self) -> int:
        """How many jobs nobody does yet."""
        return sum(map(len, self._waiting.values()))

    @property
    def running(self) -> int:
        """How many are being done."""
        return len(self._running)

    def job_of(self, worker: Hashable) -> Job | None:
        """What ``worker`` does."""
        return self._running.get(worker)

    def deal(self, worker: Hashable) -> Job | None:
        """The next job of a worker that is free, if one is left."""
        near = self._nearest(worker)
        if near is _NOTHING:
            return None
        jobs = self._waiting[near]
        job = jobs.popleft()
        if not jobs:
            del self._waiting[near]
        self._near[worker], self._running[worker] = near, job
        return job

    def _nearest(self, worker: Hashable) -> Hashable:
        mine = self._near.get(worker, _NOTHING)
        if mine in self._waiting:
            return mine
        others = Counter(near for other, near in self._near.items() if other != worker)
        free = next((near for near in self._waiting if near is None or not others[near]), _NOTHING)
        if free is not _NOTHING or not self._waiting:
            return free
        return max(self._waiting, key=lambda near: len(self._waiting[near]) / others[near])

    def ended(self, worker: Hashable, failure: Failure | None = None) -> EndedJob:
        """``worker`` is done with its job."""
        return EndedJob(self._running.pop(worker), failure)

    def lost(self, worker: Hashable, how: str) -> EndedJob | None:
        """``worker`` is gone: its job waits again, before the others, or ends where it has cost too many workers."""
        self._near.pop(worker, None)
        job = self._running.pop(worker, None)
        if job is None:
            return None
        self._losses[job] += 1
        if self._losses[job] >= MOST_LOSSES:
            return EndedJob(
                job, Failure(f"its worker {how}, and so did those that had it before ({MOST_LOSSES} in all)")
            )
        rest = self._waiting.pop(job.near, deque[Job]())
        self._waiting = {job.near: deque([job, *rest]), **self._waiting}
        return None

    def drop(self) -> None:
        """Forget all that nobody does yet."""
        self._waiting.clear()


_NOTHING = object()  # in place of what a worker is near to, which may be None
