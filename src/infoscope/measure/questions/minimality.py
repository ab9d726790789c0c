"""What a representation still lets a family of readers tell apart among inputs of one class (Dubois et al. 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import USABLE_INFORMATION
from infoscope.core.shapes import ArrayLike
from infoscope.kernels import draws
from infoscope.measure.bases import probe as _base
from infoscope.measure.bases.answering import question
from infoscope.measure.bases.probe import Probe
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.student import standard_errors
from infoscope.measure.intervals.uncertainties import RANDOM_LABELINGS
from infoscope.measure.usable.accounts import shannon
from infoscope.measure.usable.readings import ProbeSplit, Target


class _Fitted(ProbeSplit):
    """The same rows for everything: what is chosen is chosen by the fit itself."""

    @property
    def known(self) -> np.ndarray:  # type: ignore[override]
        return self.train


@question
def minimality(
    z: ArrayLike,
    y: ArrayLike,
    probe: str = "linear",
    *,
    labelings: int = 8,
    groups: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> Estimate:
    """Nats that probes of one family find in rows ``z [n, d]`` about arbitrary labels within the classes ``y [n]``.

    Zero says that z is V-minimal: to this family all inputs of one class look the same, and nothing of x beyond y is
    left to read. ln 2 says that every row can be told from every other of its class.

    Each of ``labelings`` marks half of the rows of every class at random, a function N of the input that has nothing to
    do with y, and the value is the mean of H(N|Y) - mean -ln q(n|z) over the very rows that q was fitted to (Dubois et
    al. 2020: arbitrary labels within the classes of a sample). Held-out rows would say
    nothing, since no probe can foresee a random mark; fitted rows say how much of it the family can tie to z. So all
    that a probe chooses, it chooses by the fit itself, and the value depends on n: with d columns a linear family finds
    about d/2n nats in any rows that differ, and more rows leave less. Compare representations of the same rows.

    groups: which rows belong together, a name ``[n]`` a row: rows of one group and class bear one mark, as copies of
        one input must, N being a function of the input.
    probe, options: as in :func:`infoscope.usable_information`, but no nearest neighbours. seed: draws the labelings and
    initial weights. The interval is Student's t over labelings.

    Raises
    ------
    InputError: unusable data or options. UnknownNameError: no such probe or option.
    """
    check.paired(z=z, y=y, groups=groups)
    z = check.representation(z, "z")
    n, classes = len(z), check.labels(y, len(z))
    count, seed = check.count(labelings, "labelings", 2, 10**4), check.count(seed, "seed", 0)
    together = None if groups is None else Groups.of(groups, n)
    units = np.arange(n) if together is None else np.unique([together.ids, classes], axis=1, return_inverse=True)[1]
    units = units.reshape(-1)  # what bears one mark
    sizes = np.bincount(classes[np.unique(units, return_index=True)[1]])
    if sizes.max() < 2:
        what = "rows" if together is None else "groups"
        raise InputError(f"y has {len(sizes)} classes for {n} rows, wanted at least two {what} in one of them")
    reader: Probe = grammar.make("probes", probe, **options)
    rows_of = _base.tensor(z)
    if reader.remembers:
        raise InputError(f"{reader.id} holds the fitted rows themselves, wanted a family fitted to them, e.g. linear")
    estimand = f"usable by {reader.words} of {count} random labelings within classes, on the fitted rows"
    quantity = USABLE_INFORMATION.called("I_u(Z;N|Y)")
    if not bool((rows_of != rows_of[0]).any()):
        return Estimate(0.0, quantity, estimand, n).doubted(Doubt(Status.DEGENERATE, "z is constant"))
    random = draws.labels(seed)
    targets = [Target(_halves(classes, units, random), 2) for _ in range(count)]
    rows = np.arange(n)
    (readings,) = reader.read(rows_of[None], targets, [_Fitted(rows, rows, rows)], seed)
    values = np.array(
        [_entropy(classes, target.y) - reading.train for target, (reading,) in zip(targets, readings, strict=True)]
    )
    half = standard_errors(count - 1) * float(values.std(ddof=1)) / count**0.5
    value, converged = float(values.mean()), all(reading.converged for (reading,) in readings)
    found = Estimate(value, quantity, estimand, n, groups=None if together is None else together.count)
    found = found.within((value - half, value + half), RANDOM_LABELINGS)
    return found if converged else found.doubted(Doubt(Status.NOT_CONVERGED))


def _halves(classes: np.ndarray, units: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Marks ``[n]`` of 0 and 1, each on half of the ``units [n]`` of every class, to within one."""
    first = np.unique(units, return_index=True)[1]
    marks = np.empty(len(first), np.int64)
    for c in range(int(classes.max()) + 1):
        own = random.permutation(np.flatnonzero(classes[first] == c))
        marks[own] = np.arange(len(own)) % 2
    return marks[units]


def _entropy(classes: np.ndarray, marks: np.ndarray) -> float:
    """H(N|Y) of the marks as they are, in nats."""
    table = np.bincount(2 * classes + marks, minlength=2 * (int(classes.max()) + 1)).reshape(-1, 2)
    return sum(float(row.sum()) * shannon(row / row.sum()) for row in table if row.sum()) / len(classes)
