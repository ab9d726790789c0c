"""Laws behind maps that leave the information alone: other scales, rotations, subspaces, spirals, long tails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from infoscope.data.source import (
    Source,
    SourceFamily,
    embedding,
    half_cube,
    scaling,
    spiral,
    standardisation,
    transformed,
)
from infoscope.data.sources._laws import Normal, correlated
from infoscope.data.sources._mixtures import Components, NormalClasses


class Disguises(SourceFamily):
    """Normal laws and classes in another scale, rotated, in a subspace, on a spiral or with long tails.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("scaled-pair")
    Source('scaled-pair', 1 columns and 1 columns, 0.830366 nats)
    """

    reference: ClassVar[str] = "I(f(X);g(Y)) = I(X;Y) for injective f and g"

    def sources(self) -> Iterator[Source]:
        pair = Source("normal-pair", "two normal columns correlated by .9", Normal(correlated(1, 1, [0.9]), 1), _EASY)
        yield transformed(
            pair, scaling(1e-6), name="scaled-pair", words="X a millionth of Y in scale; correlated by .9"
        )
        two = Source(
            "", "2 and 2 normal columns correlated by .8 and .5", Normal(correlated(2, 2, [0.8, 0.5]), 2), _EASY
        )
        words = "2 and 2 normal columns, of scales from 1e-5 to 1e3"
        yield transformed(two, scaling(1e-5, 1.0), scaling(1e3, 1e-2), name="scaled-columns", words=words)
        turned = embedding(2, 2, seed=1), embedding(2, 2, seed=2)
        words = "2 and 2 normal columns, each pair rotated"
        yield transformed(two, *turned, name="rotated-columns", words=words, tags=_EASY)
        for d in (10, 50):
            words = f"2 and 2 normal columns in planes of {d} and {d} dimensions"
            tags = ("singular", *(("high-dimensional",) if d > 10 else ()))
            maps = embedding(2, d, seed=1), embedding(2, d, seed=2)
            yield transformed(two, *maps, name=f"embedded-{d}x{d}", words=words, tags=tags)
        words = "2 and 2 normal columns, each pair on a spiral"
        yield transformed(two, spiral(0, 1, 0.3), spiral(0, 1, 0.3), name="spiral-columns", words=words)
        words = "X = z |z|^5/4 with z normal and correlated by .9 with Y, all brought to unit variance"
        tailed = transformed(transformed(pair, half_cube(), words="X longer tails"), half_cube(), name="longer-tails")
        unit = standardisation(tailed, "x")
        yield transformed(tailed, unit, name="longer-tails", words=words, tags=("gaussian copula",))
        classes = NormalClasses(
            Components(np.full(3, 1 / 3), np.array([[0.0, 0.0], [2.5, 0.0], [0.0, 2.5]]), np.stack([np.eye(2)] * 3))
        )
        three = Source("three-classes", "three normal classes in the plane", classes, ("labels",))
        words = "three normal classes, turned into a spiral"
        yield transformed(three, spiral(0, 1, 0.3), name="spiral-classes", words=words, tags=("spiral",))
        words = "three normal classes, one column a thousandth of the other in scale"
        yield transformed(three, scaling(1.0, 1e-3), name="scaled-classes", words=words)
        words = "three normal classes in a plane of 20 dimensions"
        tags = ("singular", "representation-like", "high-dimensional")
        yield transformed(three, embedding(2, 20), name="embedded-classes-20", words=words, tags=tags)


_EASY = ("gaussian", "gaussian copula", "low-dimensional", "smooth")
