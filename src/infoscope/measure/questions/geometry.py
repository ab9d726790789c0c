"""Measures of the geometry of a representation, which are not information but often explain it."""

from __future__ import annotations

from typing import Any

from infoscope.core import grammar
from infoscope.core.estimate import Estimate
from infoscope.core.shapes import ArrayLike
from infoscope.measure.bases.answering import question


@question
def geometry(
    t: ArrayLike,
    y: ArrayLike | None = None,
    measure: str = "class_distances",
    *,
    groups: ArrayLike | None = None,
    strict: bool = False,
    **options: Any,
) -> dict[str, Estimate]:
    """How the rows of ``t [n, d]`` lie in space, by a measure that is not information: its quantities by name.

    t: rows of a NumPy array or torch tensor, 1-D means one column. y: class labels ``[n]``, another representation of
        the same inputs ``[n, e]``, or nothing, as the measure asks for.
    measure: ``"class_distances"``, ``"binned_entropy"``, ``"cosine_similarity"``, ``"cluster_count"``,
        ``"neural_collapse"``, ``"effective_rank"``, ``"participation_ratio"``, ``"intrinsic_dimension"`` or another.
    groups: one name (a number or a word) a row: rows of one name belong together, as the tokens of a text do. They
        decide every interval over rows; numbers without one stay as they are and say how many groups there were.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.
    options: the measure's, e.g. ``width=0.01``.

    Raises
    ------
    UnknownNameError: no such measure or option. InputError: unusable data or options. MissingPackageError: a measure
        that stands on a package which is not installed.
    """
    found = grammar.make("geometries", measure, **options).geometry(t, y, groups)
    return found
