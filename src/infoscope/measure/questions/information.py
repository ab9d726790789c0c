"""The functions a person calls: one question each, answered by any estimator that offers it."""

from __future__ import annotations

from typing import Any

from infoscope.core import grammar
from infoscope.core.estimate import Estimate, Plane
from infoscope.core.shapes import ArrayLike
from infoscope.measure.bases.answering import question


@question
def entropy(t: Any, estimator: str = "kde", *, groups: Any = None, strict: bool = False, **options: Any) -> Estimate:
    """Entropy of the rows of ``t [n, d]`` in nats; the result's ``estimand`` says of what exactly.

    t: NumPy array or torch tensor on any device, rows are samples, 1-D means one column.
    groups: one name (a number or a word) a row: rows of one name belong together, as the tokens of a text or the frames
        of a film do. They are never on both sides of a split, and an interval counts each group once. Of fewer than 10
        groups, or where one holds more than half of the rows, there is no interval (UNDERSAMPLED).
    estimator: ``"kde"`` for h(T + noise) with a certified bracket, ``"binned"`` for H(Bin(T)), or another.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.
    options: the estimator's, e.g. ``noise=0.1`` (a standard deviation), ``noise_variance=0.01``, ``bins=30``.

    Raises
    ------
    UnknownNameError: no such estimator or option. InputError: unusable data or options.
    """
    estimate = grammar.make("estimators", estimator, **options).entropy(t, groups)
    return estimate


@question
def mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    estimator: str = "mixed_ksg",
    *,
    groups: ArrayLike | None = None,
    strict: bool = False,
    calibrate: bool = False,
    **options: Any,
) -> Estimate:
    """I(X;Y) in nats between the rows of ``x [n, d]`` and ``y``.

    y: whole numbers, booleans or words ``[n]`` are class labels; anything else is rows ``[n, e]`` of real numbers.
        Some estimators take only one of the two.
    calibrate: also run the estimator on a matched problem with a known answer (same n, dimensions, spectrum and about
        the estimated strength) and report the bias and the spread found there beside the number, which stays as it is.
    Without groups rows count as samples of their own; where they repeat, with their y, and that decides the answer, it
    is UNRESOLVED. Other arguments and errors as in :func:`entropy`.
    """
    made = grammar.make("estimators", estimator, **options)
    estimate = made.mutual_information(x, y, groups)
    if calibrate:
        from infoscope.measure.calibration import calibrate as calibrated

        estimate = calibrated(made, x, y, estimate)
    return estimate


@question
def conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    estimator: str = "ksg",
    *,
    groups: ArrayLike | None = None,
    strict: bool = False,
    **options: Any,
) -> Estimate:
    """I(X;Y|Z) in nats: what ``y`` says about the rows of ``x [n, d]`` that ``z`` does not say already.

    y, z: class labels ``[n]`` or rows ``[n, e]``; which of them an estimator takes, it says. Other arguments and errors
    as in :func:`entropy`.
    """
    estimate = grammar.make("estimators", estimator, **options).conditional_mutual_information(x, y, z, groups)
    return estimate


@question
def plane(
    t: ArrayLike,
    y: ArrayLike,
    estimator: str = "binned",
    *,
    groups: ArrayLike | None = None,
    strict: bool = False,
    **options: Any,
) -> Plane:
    """One layer's point on the information plane: I(X;T) with every row of ``t [n, d]`` a distinct input, and I(T;Y).

    y: class labels ``[n]``. Both values are in nats. With ``strict`` both must have status OK, which the I(X;T) of a
    binned deterministic network never has (VACUOUS). Other arguments and errors as in :func:`entropy`.
    """
    point = grammar.make("estimators", estimator, **options).plane(t, y, groups)
    return point
