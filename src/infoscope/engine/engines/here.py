"""Jobs one after the other in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infoscope.core.progress import silent
from infoscope.engine.engine import Engine
from infoscope.engine.job import EndedJob, Failure, Job


class InThisProcess(Engine):
    """This process, one job after the other, with all of its threads.

    >>> for step in (0, 100):
    ...     torch.save(torch.nn.Linear(3, 2).state_dict(), f"step-{step}.pt")
    >>> x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    >>> asked = {"measures": ["effective_rank"], "out": "run", "engine": "here"}
    >>> run = iscope.scan("step-*.pt", lambda: torch.nn.Linear(3, 2), x, {"y": x[:, 0] > 0}, **asked)
    >>> run.rows.unique("step")
    [0, 100]
    """

    def __init__(self, workers: int, address: str | None, settings: Mapping[str, Any]) -> None:
        super().__init__(1, address, settings)
        self._jobs: deque[Job] = deque()
        self._work: Any = None
        self._do: Any = None

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def results(self, beat: Callable[[], None] = lambda: None) -> Iterator[EndedJob]:
        while self._jobs:
            job = self._jobs.popleft()
            beat()
            yield EndedJob(job, self._performed(job))

    def _performed(self, job: Job) -> Failure | None:
        try:
            with silent():
                if job.work is not self._work:
                    self._do = None
                    self._do, self._work = job.work.begin(), job.work
                self._do(job.argument).write(job.file)
        except Exception as reason:
            return Failure.of(reason)
        return None

    def cancel(self) -> None:
        self._jobs.clear()
        self._work = self._do = None
