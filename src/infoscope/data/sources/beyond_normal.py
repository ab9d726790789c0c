"""The 40 laws of the Beyond-Normal benchmark, re-derived from their definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from infoscope.data.source import (
    Source,
    SourceFamily,
    asinh,
    bimodal,
    half_cube,
    normal_cdf,
    spiral,
    swiss_roll,
    transformed,
    wiggly,
)
from infoscope.data.sources._laws import AdditiveUniform, Normal, StudentT, correlated

# The first-order tags of a law that neighbours, copulas and small critics all can do.
_EASY = ("gaussian copula", "low-dimensional", "smooth")


class BeyondNormal(SourceFamily):
    """The 40 laws of Beyond Normal: Gaussian and Student laws behind maps that leave the information alone.

    The laws are those that the benchmark samples. It rescales columns to unit variance inside its estimators, so that
    is left to the estimator here too (:func:`infoscope.data.source.standardisation` does it to a source).

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("bivariate-normal")
    Source('bivariate-normal', 1 columns and 1 columns, 0.413339 nats)
    """

    reference: ClassVar[str] = "Czyż, Grabowski, Vogt, Beerenwinkel, Marx: Beyond Normal (NeurIPS 2023)"

    def sources(self) -> Iterator[Source]:
        yield from self._one_dimensional()
        for d in (2, 3, 5, 25, 50):
            law = Normal(0.5 + 0.5 * np.eye(2 * d), d)
            words = f"{d} and {d} normal columns, every pair correlated by .5"
            yield Source(f"dense-{d}x{d}", words, law, ("gaussian", *_reach(d), *_high(d)))
        sparse = {d: self._sparse(d) for d in (2, 3, 5, 25)}
        yield from sparse.values()
        students = {(d, dof): self._student(d, dof) for d, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))}
        yield from students.values()
        for d in (3, 5, 25):
            yield from self._mapped(sparse[d], d)
        for key in ((2, 1), (3, 2), (5, 2)):
            base = students[key]
            yield transformed(base, asinh(), asinh(), name=f"asinh-{base.name}", tags=())

    def _one_dimensional(self) -> Iterator[Source]:
        words = "two normal columns correlated by .75"
        base = Source("bivariate-normal", words, Normal(correlated(1, 1, [0.75]), 1), ("gaussian", *_EASY))
        uniform = transformed(base, normal_cdf(), normal_cdf(), name="bivariate-uniform", tags=_EASY)
        yield base
        yield uniform
        for half in (0.1, 0.75):
            words = f"X uniform on [0, 1], Y = X + uniform noise on [-{half}, {half}]"
            tags = ("sharp", "low-dimensional") if half > 0.5 else ("sharp",)
            yield Source(f"additive-noise-{half}", words, AdditiveUniform(half), tags)
        yield transformed(
            base,
            bimodal(0.3, 0.0, 5.0),
            bimodal(0.5, -1.0, 3.0),
            name="bimodal",
            tags=("gaussian copula", "low-dimensional", "clustered"),
        )
        to_x = wiggly([(0.4, 1.0, 0.0), (0.2, 1.7, 1.0), (0.03, 3.3, -2.5)])
        to_y = wiggly([(-0.4, 0.4, 0.0), (0.17, 1.3, 3.5), (0.02, 4.3, -2.5)])
        yield transformed(base, to_x, to_y, name="wiggly", tags=_EASY)
        yield transformed(base, half_cube(), half_cube(), name="half-cube", tags=_EASY)
        student = self._student(1, 1)
        yield student
        yield transformed(student, asinh(), asinh(), name=f"asinh-{student.name}", tags=("low-dimensional",))
        words = "X, uniform, rolled up in the plane; Y uniform; normal copula of correlation .75"
        tags = ("curved", "singular", "low-dimensional")
        yield transformed(uniform, swiss_roll(), name="swiss-roll", words=words, tags=tags)

    def _sparse(self, d: int) -> Source:
        words = f"{d} and {d} normal columns, two pairs correlated by .8, the rest independent"
        tags = ("gaussian", *_reach(d), *(("sparse",) if d > 2 else ()), *_high(d))
        return Source(f"sparse-{d}x{d}", words, Normal(correlated(d, d, [0.8, 0.8]), d), tags)

    def _student(self, d: int, dof: int) -> Source:
        words = f"Student's law of {dof} degree{'s' * (dof > 1)} of freedom in {d} and {d} uncorrelated columns"
        return Source(f"student-{d}x{d}-dof-{dof}", words, StudentT(np.eye(2 * d), d, dof), ("heavy-tailed",))

    def _mapped(self, base: Source, d: int) -> Iterator[Source]:
        tags = ("gaussian copula", "sparse", *_high(d))
        uniform = transformed(base, normal_cdf(), normal_cdf(), name=f"normal-cdf-{base.name}", tags=tags)
        yield uniform
        yield transformed(base, half_cube(), half_cube(), name=f"half-cube-{base.name}", tags=tags)
        for start in (base, uniform):
            turned = spiral(0, 1, 1 / d), spiral(1, 2, 1 / d)
            yield transformed(start, *turned, name=f"spiral-{start.name}", tags=("spiral", "sparse", *_high(d)))


def _reach(d: int) -> tuple[str, ...]:
    return _EASY if d <= 2 else ("gaussian copula",)


def _high(d: int) -> tuple[str, ...]:
    return ("high-dimensional",) if 2 * d > 20 else ()
