"""Searches that several measurements of the same rows have in common, such as variants of one formula, made once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager

import numpy as np

ROOM = 256e6  # bytes of rows and answers that are held at most; what is beyond is searched for again

_answers: dict[Hashable, list[tuple[np.ndarray, np.ndarray]]] = {}
_users, _held = 0, 0.0


@contextmanager
def kept() -> Generator[None]:
    """Inside, :func:`once` remembers what it was asked; re-entrant, and for all threads of the process."""
    global _users, _held
    _users += 1
    try:
        yield
    finally:
        _users -= 1
        if not _users:
            _answers.clear()
            _held = 0.0


def once(rows: np.ndarray, asked: Hashable, search: Callable[[], np.ndarray]) -> np.ndarray:
    """What ``search`` finds of ``rows [n, d]``; inside :func:`kept` only the first time that ``asked`` is asked of
    equal rows. The answer is not to be written to.
    """
    global _held
    if not _users:
        return search()
    key = (asked, rows.shape, rows[0].tobytes(), rows[-1].tobytes())
    for others, answer in tuple(_answers.get(key, ())):
        if np.array_equal(others, rows):
            return answer
    answer = search()
    if _held + rows.nbytes + answer.nbytes <= ROOM:
        _held += rows.nbytes + answer.nbytes
        _answers.setdefault(key, []).append((rows, answer))
    return answer
