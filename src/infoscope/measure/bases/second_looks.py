"""What an estimate of information is held against: ranks of the columns, the entropy of the labels, infinity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.shapes import AnyArray, AnyRows, RowsOrLabels
from infoscope.measure.intervals import jackknife
from infoscope.measure.neighbours.marginals import even
from infoscope.measure.symbols.labels import CEILING


def unless_few_decide(estimate: Estimate, hook: Callable[..., Estimate], x: AnyRows, y: RowsOrLabels) -> Estimate:
    """The estimate; UNRESOLVED where few rows make the width of a column and normal scores of its ranks say otherwise.

    Information is the same of either (a column is mapped one to one), so what changes is what those rows decided.
    """
    found = [even(v) if v.ndim > 1 else (v, ()) for v in (x, y)]
    if not any(wide for _, wide in found):
        return estimate
    ranked = hook(*(values for values, _ in found))
    if jackknife.overlap(estimate, ranked):
        return estimate
    note = (
        f"few rows make the standard deviation of a column: {estimate.value:.3g} nats as it is, {ranked.value:.3g} "
        "nats by ranks of it; look for outliers and codes for missing values"
    )
    return estimate.doubted(Doubt(Status.UNRESOLVED, note))


def under_the_labels(estimate: Estimate, y: RowsOrLabels) -> Estimate:
    """The estimate, with a note where it exceeds H(Y); UNDERSAMPLED where its interval does so too."""
    p = np.bincount(y) / len(y)
    most = float(-(p[p > 0] @ np.log(p[p > 0])))
    if estimate.value <= most + 1e-9:
        return estimate
    low = estimate.interval[0] if estimate.interval else estimate.value * CEILING
    note = f"above H(Y) = {most:.4g} nats, which no information about these labels exceeds: read it as H(Y)"
    return estimate.doubted(Doubt(Status.UNDERSAMPLED if low > most else Status.OK, note))


def short_of_infinite(estimate: Estimate, x: AnyRows, y: RowsOrLabels) -> Estimate:
    """The estimate; SATURATED where a column of y is a linear function of one of x, which makes I(X;Y) infinite."""
    if estimate.status is not Status.OK or not _share_a_column(x, y):
        return estimate
    note = "a column of y is a linear function of a column of x: of real numbers they share infinitely much"
    return estimate.doubted(Doubt(Status.SATURATED, note))


def _share_a_column(x: AnyArray, y: AnyArray) -> bool:
    """Whether a column of y is a linear function of one of x, and takes more values than a few."""
    first = slice(64)  # enough to rule nearly every pair out
    some, others = (_standardised(check.on_cpu(v[first])) for v in (x, y))
    for i, j in np.argwhere(np.abs(some.T @ others) > 1 - 1e-12).tolist():
        column = check.on_cpu(x[:, [i]])
        a, b = _standardised(column), _standardised(check.on_cpu(y[:, [j]]))
        if abs(float(a[:, 0] @ b[:, 0])) > 1 - 1e-12 and len(np.unique(column)) > len(x) // 2:
            return True
    return False


def _standardised(v: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and norm 1, in float64; constant ones are 0."""
    v = v.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        v = v / np.maximum(np.abs(v).max(axis=0), np.finfo(np.float64).tiny)
    v = v - v.mean(axis=0)
    return v / np.maximum(np.sqrt((v * v).sum(axis=0)), np.finfo(np.float64).tiny)
