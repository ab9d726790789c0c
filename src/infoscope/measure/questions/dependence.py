"""Measures of dependence that are not information, for comparison with it."""

from __future__ import annotations

from typing import Any

from infoscope.core import grammar
from infoscope.core.estimate import Estimate
from infoscope.core.shapes import ArrayLike
from infoscope.measure.bases.answering import question


@question
def dependence(
    x: ArrayLike,
    y: ArrayLike,
    measure: str = "cka",
    *,
    groups: ArrayLike | None = None,
    strict: bool = False,
    **options: Any,
) -> Estimate:
    """How much the rows of ``x [n, d]`` depend on ``y`` by a measure that is not information: no nats, no bits.

    x, y: rows ``[n, d]`` of NumPy arrays or torch tensors, 1-D means one column; whole numbers, booleans or words
        ``[n]`` are class labels, read as one-hot rows; where nearly every row would be a class of its own, and where
        one is below 0, whole numbers are refused: pass ``x.astype(float)`` for quantities.
    measure: ``"cka"``, ``"hsic"`` or ``"distance_correlation"``.
    groups: one name (a number or a word) a row: rows of one name belong together. They are counted, and permuted whole;
        the value stays as it is.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.
    options: the measure's, e.g. ``kernel="rbf"``; each takes ``permutations=200`` for a p-value in the notes.

    Raises
    ------
    UnknownNameError: no such measure or option. InputError: unusable data or options.
    """
    estimate = grammar.make("dependences", measure, **options).dependence(x, y, groups)
    return estimate
