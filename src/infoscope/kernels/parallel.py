"""Threads over independent jobs, with torch held to one thread inside each of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

WORTH_SECONDS = 0.01  # less work than this is done before threads have started


def cores(seconds: float = float("inf")) -> int:
    """How many threads ``seconds`` of work deserve: one when it is tiny, else all cores or ``NUMBA_NUM_THREADS``."""
    if seconds < WORTH_SECONDS:
        return 1
    import numba

    return int(numba.config.NUMBA_NUM_THREADS) or os.cpu_count() or 1  # type: ignore[attr-defined]


def _alone() -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)  # OpenMP's and MKL's settings belong to the calling thread


@contextmanager
def _restored() -> Iterator[None]:
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 1
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def run(jobs: Sequence[Callable[[], Any]], threads: int) -> list[Any]:
    """The result of each job, in order, whatever the number of ``threads``; torch's thread count is left as it was."""
    with _restored():
        if min(threads, len(jobs)) <= 1:
            _alone()
            return [job() for job in jobs]
        # Not kept between calls: a pool's threads would not survive a fork.
        with ThreadPoolExecutor(min(threads, len(jobs)), "infoscope", initializer=_alone) as pool:
            return [future.result() for future in [pool.submit(job) for job in jobs]]
