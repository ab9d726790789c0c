"""Few patterns far apart, which bins, moderate noise and neighbours all tell from each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from scipy.linalg import hadamard

from infoscope.data.source import Source, SourceFamily
from infoscope.data.sources._laws import Table, binary_entropy


class Patterns(SourceFamily):
    """Rows of +-1 in 32 columns, at mutual distance 8 (Hadamard codes), each with a label through a channel.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("patterns-copied")
    Source('patterns-copied', 32 columns and labels, 1.386294 nats)
    """

    reference: ClassVar[str] = "I(X;Y) is that of the table of patterns and classes"

    def sources(self) -> Iterator[Source]:
        yield _source("patterns-independent", "4 patterns, 3 classes, independent", np.ones((4, 3)), 0.0, "independent")
        yield _source("patterns-copied", "4 patterns, each a class", np.eye(4), math.log(4), "deterministic label")
        table = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
        yield _source("patterns-two-a-class", "4 patterns, two a class", table, math.log(2), "deterministic label")
        words = "2 patterns, the class flipped in 10%"
        closed = math.log(2) - binary_entropy(0.1)
        yield _source("patterns-flipped", words, np.array([[0.9, 0.1], [0.1, 0.9]]), closed)
        words = "a pattern of 89% and another of 11%, of 86% and 14% as classes"
        yield _source("patterns-unequal", words, np.array([[30, 1], [0, 4]]), None)


def _source(name: str, words: str, table: np.ndarray, closed: float | None, *tags: str) -> Source:
    codes = hadamard(32)[1 : len(table) + 1].astype(np.float64)
    law = Table(table / table.sum(), codes, closed)
    return Source(name, words, law, ("patterns", "representation-like", *tags))
