from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from infoscope.data.source import Source, SourceFamily
from infoscope.data.sources._laws import Normal, correlated


class ToySource(SourceFamily):
    """One pair of normal columns correlated by .5."""

    reference: ClassVar[str] = "I(X;Y) = -1/2 ln(1 - rho²)"

    def sources(self) -> Iterator[Source]:
        law = Normal(correlated(1, 1, [0.5]), 1)
        tags = ("gaussian", "gaussian copula", "low-dimensional", "smooth")
        yield Source("toy-pair", "one pair of normal columns correlated by .5", law, tags)
