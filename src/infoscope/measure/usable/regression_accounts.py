"""Usable information about quantities: probes say a Gaussian around what they expect (Xu et al. 2020, section 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike, TensorRows
from infoscope.measure.usable import accounts
from infoscope.measure.usable.accounts import Account, Usable
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.readings import Expected, ProbeSplit

#: Of :meth:`infoscope.measure.bases.probe.Probe.expect`.
Expect = Callable[[TensorRows, np.ndarray, Sequence[ProbeSplit], int], list[Expected]]
LARGE = 400  # powers of two beyond which a column is divided by its size: its square would be no number
RIGHT = "a probe names y to within rounding: of real numbers that is infinitely much information"
EXACT = 1e-4  # of the standard deviation of y: nearer than this it is the weight decay that is measured


@dataclass(frozen=True)
class QuantityAccount:
    """The account of a question about quantities; ``exact`` where a probe names them to within rounding."""

    account: Account
    exact: bool


def quantities(y: ArrayLike, n: int, name: str = "y") -> np.ndarray:
    """Real numbers ``[n, e]`` in float64.

    Raises
    ------
    InputError: words, NaN or infinity, or another number of rows.
    """
    rows = check.representation(y, name)
    if len(rows) != n:
        raise InputError(f"{name} has {len(rows)} rows for {n} of z, wanted as many: pass the same samples to both")
    return np.asarray(check.on_cpu(rows), np.float64)


def answered(
    expect: Expect, z: TensorRows, y: np.ndarray, deal: Deal, quantity: Quantity, estimand: str, seed: int
) -> Usable:
    """What probes read of quantities ``y [n, e]`` in ``z [n, d]``: zero, DEGENERATE, where either is constant, and
    SATURATED where they are named to within rounding."""
    why = "y is constant" if (y == y[0]).all() else "z is constant"
    if why == "y is constant" or not bool((z != z[0]).any()):
        scored = sum(len(split.scored) for split in deal.splits)
        return accounts.nothing(scored, quantity, estimand, Doubt(Status.DEGENERATE, why))
    found = read(expect, z, y, deal.splits, seed)
    estimate = accounts.estimate(found.account, quantity, estimand, deal)
    return estimate.doubted(Doubt(Status.SATURATED, RIGHT)) if found.exact else estimate


def read(expect: Expect, z: TensorRows, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> QuantityAccount:
    """What a probe saves of the cost of ``y [n, e]`` over the null probe, a Gaussian that ignores ``z [n, d]``.

    expect: fits the probe.
    The columns of y are taken to be independent given z. Each spread is that of the validation rows around what a
    probe fitted to the training rows expects, scaled by the best slope there between 0, which is the null probe, and 1:
    the optional ignorance of quantities. With v validation rows choosing both costs about 1/v nats a column.
    """
    scored = np.concatenate([split.scored for split in splits])
    y, shift = _sized(y)
    base, loss, train, exact = [], [], [], False
    found = expect(z, y, splits, seed)
    for split, means in zip(splits, found, strict=True):
        known = y[split.known]
        mean, sd = known.mean(0), known.std(0)
        sd = np.where(sd > 0, sd, 1.0)
        slope, spread = _chosen(means, y[split.validation], mean, sd)
        exact |= bool((spread <= EXACT * sd).any())
        base.append(shift + _cost(y[split.scored] - mean, sd))
        loss.append(shift + _cost(y[split.scored] - mean - slope * (means.scored - mean), spread))
        train.append(shift + _cost(known - mean - slope * (means.known - mean), spread).mean())
    order = np.argsort(scored, kind="stable")
    account = Account(
        np.concatenate(base)[order],
        np.concatenate(loss)[order],
        float(np.mean(train)),
        all(means.converged for means in found),
        0.0,
        None,
        tuple(means.chosen for means in found),
    )
    return QuantityAccount(account, exact)


def _sized(y: np.ndarray) -> tuple[np.ndarray, float]:
    """Columns whose squares are numbers, and what their densities' logarithms are short of for it, in nats."""
    power = np.frexp(np.abs(y).max(axis=0))[1]
    power = np.where(np.abs(power) > LARGE, power, 0)
    return np.ldexp(y, -power), float(power.sum()) * math.log(2)


def _chosen(means: Expected, y: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and spread of each column on the validation rows ``y [v, e]``."""
    expected, actual = means.validation - mean, y - mean
    size = np.square(expected).sum(0)
    slope = np.clip((expected * actual).sum(0) / np.where(size > 0, size, 1.0), 0.0, 1.0)
    spread = np.sqrt(np.square(actual - slope * expected).mean(0))
    return slope, np.where(slope > 0, np.maximum(spread, EXACT * sd), sd)


def _cost(error: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """-ln of a Gaussian density, summed over columns, for each row."""
    return (0.5 * np.square(error / spread) + np.log(spread) + 0.5 * math.log(2 * math.pi)).sum(1)
