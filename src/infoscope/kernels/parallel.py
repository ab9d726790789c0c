"""Threads over independent jobs, with torch held to one thread inside each of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from infoscope.core import processors

WORTH_SECONDS = 0.01  # less work than this is not worth waking threads for
_MOST = 1024  # threads; only as many are started as jobs are waiting
_pool: ThreadPoolExecutor | None = None


def cores(seconds: float = float("inf")) -> int:
    """How many threads ``seconds`` of work deserve: one when it is tiny, else ``NUMBA_NUM_THREADS`` or all usable."""
    if seconds < WORTH_SECONDS:
        return 1
    told = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, int(told)) if told.isdigit() else processors.usable()


def _forget() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # its threads do not survive a fork


def _helpers() -> ThreadPoolExecutor:
    """The threads of this process, kept between calls."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(_MOST, "infoscope")
    return _pool


def _limit(threads: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)  # OpenMP's and MKL's settings belong to the calling thread


@contextmanager
def _restored() -> Iterator[None]:
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 1
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def run(jobs: Sequence[Callable[[], Any]], threads: int, inside: int = 1) -> list[Any]:
    """The result of each job, in order, whatever the number of ``threads``; torch's thread count is left as it was.

    inside: torch's threads in each job. The calling thread works, too, and waits for no job that another has not begun,
    so a job may call this again. The first error ends it, as soon as the jobs that have begun are done.
    """
    with _restored():
        _limit(inside)
        if min(threads, len(jobs)) <= 1:
            return [job() for job in jobs]
        waiting = iter(enumerate(jobs))  # one that threads share: `next` of it holds the interpreter's lock
        found: list[Any] = [None] * len(jobs)

        def help_out() -> None:
            _limit(inside)
            for place, job in waiting:
                found[place] = job()

        helping = [_helpers().submit(help_out) for _ in range(min(threads, len(jobs)) - 1)]
        try:
            help_out()
        finally:
            for _ in waiting:
                pass  # after an error nobody begins another
            wait([one for one in helping if not one.cancel()])
        for one in helping:
            if not one.cancelled():
                one.result()
        return found
