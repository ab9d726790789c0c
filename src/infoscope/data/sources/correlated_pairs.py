"""Pairs of normal columns, all alike: the problem on which the speed of neighbour searches is compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from infoscope.data.source import Source, SourceFamily
from infoscope.data.sources._laws import Normal, correlated


class CorrelatedPairs(SourceFamily):
    """1, 3, 10 and 25 independent pairs of normal columns correlated by .6 each: from .22 to 5.6 nats.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("correlated-pairs-1x1")
    Source('correlated-pairs-1x1', 1 columns and 1 columns, 0.223144 nats)
    """

    reference: ClassVar[str] = "I(X;Y) = -d/2 ln(1 - rho²); the problem of Kraskov et al. (2004) in d dimensions"

    def sources(self) -> Iterator[Source]:
        for d, tags in (
            (1, ("low-dimensional", "smooth")),
            (3, ("smooth",)),
            (10, ("strong",)),
            (25, ("strong", "high-dimensional")),
        ):
            words = f"{d} pair{'s' * (d > 1)} of normal columns, each correlated by .6"
            law = Normal(correlated(d, d, [0.6] * d), d)
            yield Source(f"correlated-pairs-{d}x{d}", words, law, ("gaussian", "gaussian copula", *tags))
