"""Nothing to find: X and Y independent, of several kinds and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from infoscope.data.source import Source, SourceFamily, half_cube, transformed
from infoscope.data.sources._laws import Normal, Table
from infoscope.data.sources._mixtures import Components, NormalClasses, WithIdle


class Independent(SourceFamily):
    """Independent X and Y: normal columns, long tails, labels, symbols; the information is 0.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("independent-1x1")
    Source('independent-1x1', 1 columns and 1 columns, 0.000000 nats)
    """

    reference: ClassVar[str] = "I(X;Y) = 0"

    def sources(self) -> Iterator[Source]:
        for d, tags in ((1, _EASY), (3, _EASY), (10, ()), (25, ("high-dimensional",))):
            words = f"{d} and {d} independent normal columns"
            tags = ("independent", "gaussian", "gaussian copula", *tags)
            yield Source(f"independent-{d}x{d}", words, Normal(np.eye(2 * d), d), tags)
        base = Source("independent", "", Normal(np.eye(4), 2))
        words = "2 and 2 independent columns with long tails"
        tags = ("independent", "gaussian copula", "low-dimensional")
        yield transformed(base, half_cube(), half_cube(), name="independent-long-tails", words=words, tags=tags)
        same = NormalClasses(Components(np.array([0.5, 0.3, 0.2]), np.zeros((3, 2)), np.stack([np.eye(2)] * 3)))
        yield Source(
            "independent-labels-2", "2 normal columns, 3 classes, independent", same, ("independent", "labels")
        )
        words = "30 normal columns, 3 classes, independent"
        yield Source("independent-labels-30", words, WithIdle(same, idle_x=28), ("independent", "high-dimensional"))
        table = np.outer([0.4, 0.3, 0.2, 0.1], [0.6, 0.3, 0.1])
        yield Source(
            "independent-symbols", "4 symbols and 3 labels, independent", Table(table), ("independent", "discrete")
        )


_EASY = ("low-dimensional", "smooth")
