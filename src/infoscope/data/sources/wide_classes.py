"""X many real columns of which few say something, Y a label: a wide layer and a class at their plainest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from infoscope.data.source import Source, SourceFamily, embedding, transformed
from infoscope.data.sources._mixtures import Components, NormalClasses, WithIdle


class WideClasses(SourceFamily):
    """Normal classes in one or two of 10 to 512 normal columns; truths by quadrature in those that matter.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("wide-classes-10")
    Source('wide-classes-10', 10 columns and labels, 1.000144 nats)
    """

    reference: ClassVar[str] = "columns that are independent of the others and of the label add nothing"

    def sources(self) -> Iterator[Source]:
        pair = NormalClasses(Components(np.array([0.3, 0.7]), np.array([[-1.0], [1.0]]), np.ones((2, 1, 1))))
        angles = 2 * math.pi * np.arange(4) / 4
        corners = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        four = NormalClasses(Components(np.full(4, 0.25), corners, np.stack([np.eye(2)] * 4)))
        plain = Source("", "", WithIdle(four, 1, idle_x=8))
        words = "four normal classes at the corners of a square, hidden by a rotation in 10 columns"
        yield transformed(plain, embedding(10, 10), name="wide-classes-10", words=words, tags=("sparse",))
        tags = ("sparse", "high-dimensional")
        words = "two normal classes of 30% and 70%, 2 standard deviations apart in one of 64 columns"
        yield Source("wide-classes-64", words, WithIdle(pair, 1, idle_x=63), tags)
        words = "four normal classes at the corners of a square, in two of 512 columns"
        yield Source("wide-classes-512", words, WithIdle(four, 1, idle_x=510), tags)
