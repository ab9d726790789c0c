"""Jobs in processes of this machine, of one thread each."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Hashable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, cast

from infoscope.core.processors import one_thread
from infoscope.engine.engine import PATIENCE, Event, Pool
from infoscope.engine.job import Failure, Job, JobWorker

_ENOUGH = 5.0  # seconds for a worker to end when it is asked to


class Processes(Pool):
    """Processes of this machine, one thread each, by default as many as it has cores.

    What they are handed is pickled: functions and classes by their names in a module. A script that opens this engine
    has its work under ``if __name__ == "__main__":``, since every process reads it.

    >>> import functools
    >>> for step in (0, 100):
    ...     torch.save(torch.nn.Linear(3, 2).state_dict(), f"step-{step}.pt")
    >>> x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    >>> asked = {"measures": ["effective_rank"], "out": "run", "engine": "processes", "workers": 2}
    >>> run = iscope.scan("step-*.pt", functools.partial(torch.nn.Linear, 3, 2), x, {"y": x[:, 0] > 0}, **asked)
    >>> run.rows.unique("step")
    [0, 100]
    """

    def _begin(self) -> Hashable:
        return _Process.begun()

    def _hand(self, worker: Hashable, job: Job) -> None:
        connection = cast("_Process", worker).connection
        packed = self.packing.packed(job)
        with suppress(OSError):  # it is gone already, which its end of the connection says next
            connection.send(packed)

    def _events(self, busy: Sequence[Hashable]) -> Sequence[Event]:
        by_connection = {one.connection: one for one in cast("Sequence[_Process]", busy)}
        return [by_connection[cast(Connection, each)].event() for each in wait(list(by_connection), PATIENCE)]

    def _end(self, worker: Hashable) -> None:
        cast("_Process", worker).end()


class _Process(NamedTuple):
    """A process at work, and our end of the connection to it."""

    process: Any
    connection: Connection

    @classmethod
    def begun(cls) -> _Process:
        context = multiprocessing.get_context("spawn")  # a fork would inherit the threads' locks but not the threads
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,))
        with one_thread():
            process.start()
        theirs.close()
        return cls(process, ours)

    def event(self) -> Event:
        """What it says, or that it says nothing more."""
        try:
            return Event(self, cast("Failure | None", self.connection.recv()))
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            if code == -signal.SIGKILL:
                how = "was killed (signal 9), which is what happens where memory runs out"
            else:
                how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            return Event(self, lost=how)

    def end(self) -> None:
        self.process.kill()
        self.process.join(_ENOUGH)
        self.connection.close()

    def __hash__(self) -> int:
        return hash(id(self.process))

    def __eq__(self, other: object) -> bool:
        return self is other


def _serve(connection: Connection) -> None:
    """A worker's life: do jobs until the other end is closed. Interrupts are the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = JobWorker()
    while True:
        try:
            packed, argument, file = connection.recv()
        except EOFError:
            return
        failure = worker.perform(packed, argument, file)
        try:
            connection.send(failure)
        except OSError:  # the other end was killed; the file of the job is there, and the next one finds it
            return
