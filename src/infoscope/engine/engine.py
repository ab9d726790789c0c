"""What every engine offers, and the pool of workers that most of them are."""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infoscope.core.errors import EngineError
from infoscope.core.progress import say
from infoscope.engine.dealing import Dealing
from infoscope.engine.job import EndedJob, Failure, Job, Packing

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE = 2.0  # seconds after which who waits for results may do something else


class Engine(abc.ABC):
    """Runs jobs somewhere. ``with`` it: at the end of the block nothing of it runs any more.

    address: where a cluster listens. workers: how many jobs are done at a time. settings: of the engine's own, out of a
    file.
    """

    takes_address = False
    takes_settings = False

    def __init__(self, workers: int, address: str | None, settings: Mapping[str, Any]) -> None:
        self.workers, self.address, self.settings = workers, address, settings

    @abc.abstractmethod
    def submit(self, job: Job) -> None:
        """Have ``job`` done, once :meth:`results` is asked for."""

    @abc.abstractmethod
    def results(self, beat: Callable[[], None] = lambda: None) -> Iterator[EndedJob]:
        """Each job that was submitted as it ends, in no order; more may be submitted meanwhile.

        beat: called now and then while there is nothing to tell.

        Raises
        ------
        EngineError: workers cannot be had, or are lost before they have done anything.
        """

    @abc.abstractmethod
    def cancel(self) -> None:
        """Begin nothing more, and end what runs. A job that is cut off has no file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Event:
    """What a pool has seen: a worker that is done with its job, or that is gone.

    failure: why its job has no answer, if it has none. lost: how the worker went, if it did ("was killed by signal 9").
    """

    def __init__(self, worker: Hashable, failure: Failure | None = None, lost: str = "") -> None:
        self.worker, self.failure, self.lost = worker, failure, lost


class Pool(Engine):
    """An engine of workers that are begun when there is something to do and kept; who derives from it says how."""

    #: Whether a worker that has nothing to do may keep another from beginning, as where both want one processor.
    scarce = False

    def __init__(self, workers: int, address: str | None, settings: Mapping[str, Any]) -> None:
        super().__init__(workers, address, settings)
        self._dealing, self._idle = Dealing(), list[Hashable]()
        self.packing = Packing(workers)
        self._gone_at_once = 0  # workers that were lost since one has ended a job

    @abc.abstractmethod
    def _begin(self) -> Hashable:
        """A new worker."""

    @abc.abstractmethod
    def _hand(self, worker: Hashable, job: Job) -> None:
        """Have ``worker`` do ``job``."""

    @abc.abstractmethod
    def _events(self, busy: Sequence[Hashable]) -> Sequence[Event]:
        """What has happened to workers that are busy; waits up to :data:`PATIENCE` for something."""

    @abc.abstractmethod
    def _end(self, worker: Hashable) -> None:
        """End a worker, whatever it does; one that is gone already, too."""

    def submit(self, job: Job) -> None:
        self._dealing.add(job)

    def results(self, beat: Callable[[], None] = lambda: None) -> Iterator[EndedJob]:
        busy: list[Hashable] = []
        try:
            while self._dealing.waiting or busy:
                busy += self._dealt(len(busy))
                events = self._events(busy)
                beat()
                if self.scarce and not events and not self._dealing.waiting:
                    self._end_idle()  # what is busy may not have begun for want of their place
                for event in events:
                    busy.remove(event.worker)
                    ended = self._seen(event)
                    if ended is not None:
                        yield ended
        finally:
            for worker in busy:  # of one who listens no more
                self._dealing.lost(worker, "was ended")
                self._end(worker)

    def _dealt(self, busy: int) -> list[Hashable]:
        """Hand a job to every worker that is free, or that may be begun; those workers."""
        found: list[Hashable] = []
        while self._dealing.waiting and busy + len(found) < self.workers:
            worker = self._idle.pop() if self._idle else self._begin()
            job = self._dealing.deal(worker)
            assert job is not None
            found.append(worker)
            self._hand(worker, job)
        return found

    def _seen(self, event: Event) -> EndedJob | None:
        if not event.lost:
            self._gone_at_once = 0
            self._idle.append(event.worker)
            return self._dealing.ended(event.worker, event.failure)
        self._end(event.worker)
        self._gone_at_once += 1
        job = self._dealing.job_of(event.worker)
        ended = self._dealing.lost(event.worker, event.lost)
        if self._gone_at_once > 2 * self.workers + 1:
            raise EngineError(
                f"{self._gone_at_once} workers were lost one after the other and none has done a job, the last one "
                f"{event.lost}: look at what they print, take fewer workers where memory is short, or leave the engine "
                "out to see what goes wrong"
            )
        if job is not None and ended is None:
            say(f"infoscope: the worker that had {job.name} {event.lost}; another one does it again")
        return ended

    def _end_idle(self) -> None:
        while self._idle:
            self._end(self._idle.pop())

    def cancel(self) -> None:
        self._dealing.drop()
        self._end_idle()
        self.packing.over()
