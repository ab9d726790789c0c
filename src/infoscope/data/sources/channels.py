"""Discrete channels: few symbols in, few labels out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from infoscope.data.source import Source, SourceFamily
from infoscope.data.sources._laws import Table, binary_entropy, integral


class Channels(SourceFamily):
    """Symbols through channels: binary symmetric, erasure, rare events, copies, parity, quantised Gaussian.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("bsc-0.1")
    Source('bsc-0.1', 1 columns and labels, 0.368064 nats)
    """

    reference: ClassVar[str] = "Cover, Thomas: Elements of Information Theory (2006), chapters 2 and 7"

    def sources(self) -> Iterator[Source]:
        ln2 = math.log(2)
        for flip in (0.1, 0.3):
            table = np.array([[1 - flip, flip], [flip, 1 - flip]]) / 2
            words = f"a fair bit through a binary symmetric channel that flips {flip:.0%}"
            yield _source(f"bsc-{flip}", words, Table(table, closed=ln2 - binary_entropy(flip)))
        erased = 0.3
        table = np.array([[1 - erased, 0, erased], [0, 1 - erased, erased]]) / 2
        words = "a fair bit through a channel that erases 30%"
        yield _source("erasure-0.3", words, Table(table, closed=(1 - erased) * ln2))
        k, wrong = 8, 0.2
        table = np.full((k, k), wrong / (k - 1) / k)
        np.fill_diagonal(table, (1 - wrong) / k)
        words = "8 symbols, 20% of them replaced by one of the 7 others"
        closed = math.log(k) - binary_entropy(wrong) - wrong * math.log(k - 1)
        yield _source("symmetric-8", words, Table(table, closed=closed))
        rare, missed = 0.02, 0.25
        table = np.array([[1 - rare, 0.0], [rare * missed, rare * (1 - missed)]])
        words = "an event of 2%, a quarter of which goes unseen"
        closed = binary_entropy(rare * (1 - missed)) - rare * binary_entropy(missed)
        yield _source("rare-event", words, Table(table, closed=closed))
        words = "5 symbols and Y = X"
        yield _source("copy-5", words, Table(np.eye(5) / 5, closed=math.log(5)), "deterministic label")
        flip = 0.05
        codes = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        same, other = (1 - flip) / 4, flip / 4
        table = np.array([[same, other], [other, same], [other, same], [same, other]])
        words = "two fair bits and their parity, flipped 5%: neither bit alone says anything"
        yield _source("parity", words, Table(table, codes, closed=ln2 - binary_entropy(flip)))
        law = _QuantisedNormal.of(0.8, (-1.0, 0.0, 1.0))
        words = "normal X and Y correlated by .8, both cut at -1, 0 and 1"
        yield _source("quantised-normal", words, law)


def _source(name: str, words: str, law: Table, *tags: str) -> Source:
    return Source(name, words, law, ("discrete", *tags))


@dataclass(frozen=True, eq=False)
class _QuantisedNormal(Table):
    """Two standard normal columns correlated by ``rho``, both cut at ``edges``."""

    rho: float = 0.0
    edges: tuple[float, ...] = ()

    @staticmethod
    def of(rho: float, edges: tuple[float, ...]) -> _QuantisedNormal:
        """Cells by integrating P(Y in cell | x) over each cell of X."""
        spread = math.sqrt(1 - rho**2)
        ends = (-12.0, *edges, 12.0)

        def cell(a: float, b: float, c: float, d: float) -> float:
            def at(x: float) -> float:
                inside = ndtr((d - rho * x) / spread) - ndtr((c - rho * x) / spread)
                return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * inside

            return integral(at, a, b)

        cuts = list(itertools.pairwise(ends))
        return _QuantisedNormal(np.array([[cell(*x, *y) for y in cuts] for x in cuts]), rho=rho, edges=edges)

    def information_again(self) -> float:
        """Cells from Plackett's identity: P(X < h, Y < k) = P(h) P(k) + integral of the joint density over rho."""
        ends = (-np.inf, *self.edges, np.inf)

        def below(h: float, k: float) -> float:
            if math.isinf(h) or math.isinf(k):
                return float(ndtr(min(h, k)))

            def density(r: float) -> float:
                s = 1 - r * r
                return math.exp(-(h * h - 2 * r * h * k + k * k) / (2 * s)) / (2 * math.pi * math.sqrt(s))

            return float(ndtr(h) * ndtr(k)) + integral(density, 0.0, self.rho)

        cumulated = np.array([[below(h, k) for k in ends] for h in ends])
        return Table(np.diff(np.diff(cumulated, axis=0), axis=1)).information_again()
