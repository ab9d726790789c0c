"""Worker processes of one thread each, so that CPU seconds are honest and a hanging answer can be ended."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from infoscope.benchmark.cases import Case
from infoscope.benchmark.judging import blank, judge
from infoscope.benchmark.records import Row
from infoscope.core.processors import one_thread

PATIENCE = 5.0


class _Worker(NamedTuple):
    process: Any
    connection: Connection
    case: Case
    started: float


class Workers:
    """``size`` processes; each answers one case at a time and is ended when that takes more than ``limit`` seconds."""

    def __init__(self, size: int, limit: float) -> None:
        self.size, self.limit = size, limit
        self._idle: list[tuple[Any, Connection]] = []
        self._busy: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in [*self._idle, *((w.process, w.connection) for w in self._busy)]:
            process.kill()
            process.join()
            connection.close()
        self._idle, self._busy = [], []

    @property
    def busy(self) -> int:
        return len(self._busy)

    @property
    def free(self) -> int:
        return self.size - self.busy

    def start(self, case: Case) -> None:
        """Give ``case`` to a free worker."""
        process, connection = self._idle.pop() if self._idle else _new()
        connection.send(case)
        self._busy.append(_Worker(process, connection, case, time.monotonic()))

    def finished(self) -> list[tuple[Case, Row]]:
        """What is done, with its rows; waits some seconds for something, so it may be nothing."""
        deadline = min(w.started for w in self._busy) + self.limit
        ready = wait([w.connection for w in self._busy], min(PATIENCE, max(0.0, deadline - time.monotonic())))
        done = [self._collect(w) for w in list(self._busy) if w.connection in ready]
        late = [w for w in self._busy if time.monotonic() - w.started > self.limit]
        return done + [self._end(w, "TOO LONG", f"no answer in {self.limit:g} s") for w in late]

    def _collect(self, worker: _Worker) -> tuple[Case, Row]:
        try:
            row = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            return self._end(worker, "DIED", f"the process ended with code {worker.process.exitcode}")
        self._busy.remove(worker)
        if isinstance(row, BaseException):
            raise row
        self._idle.append((worker.process, worker.connection))
        return worker.case, row

    def _end(self, worker: _Worker, status: str, words: str) -> tuple[Case, Row]:
        self._busy.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        seconds = time.monotonic() - worker.started
        return worker.case, {**blank(worker.case), "status": status, "notes": words, "busy_seconds": seconds}


def _new() -> tuple[Any, Connection]:
    context = multiprocessing.get_context("spawn")  # a fork would inherit the threads' locks but not the threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    with one_thread():
        process.start()
    theirs.close()
    return process, ours


def _serve(connection: Connection) -> None:
    """A worker's life: answer until the other end is closed. Interrupts are the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            case = connection.recv()
        except EOFError:
            return
        try:
            found: Any = judge(case)
        except Exception as reason:  # a source that cannot be drawn is our defect: the parent raises it
            found = reason
        connection.send(found)
