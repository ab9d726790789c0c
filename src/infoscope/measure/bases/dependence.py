"""What every measure of dependence is: a frozen set of options that turns two sets of rows into one number.

These are for comparison with information, and are *not* information: no unit, no data-processing inequality in nats.
A new one is a file in this folder with one frozen dataclass derived from :class:`Dependence`; its fields are its
options, and ``_sums`` and ``_value`` say what it is.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost, affordable
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import AnyRows, Array, ArrayLike, Beside
from infoscope.kernels import draws
from infoscope.kernels.devices import read_there, together
from infoscope.kernels.scaling import unit
from infoscope.measure.bases.estimator import is_labels
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.pairs import on_torch
from infoscope.measure.pairs.centred_products import Moments
from infoscope.measure.symbols.labels import CEILING

LARGEST = 1 << 27  # numbers of one-hot rows: a gigabyte
LEAST = 4  # rows: the unbiased forms divide by n - 3
#: Where the biased form exceeds the unbiased one by more than this share of full dependence, its bias is spoken of.
BIASED = 0.05
SPREAD = 3.0  # standard deviations of what rows without dependence give


@dataclass(frozen=True)
class Dependence(grammar.WithOptions):
    """Base of every measure of dependence.

    Facts, literals in the class body: ``quantity``, in ``"ratio"`` or ``"norm"``; ``invariant``,
    what leaves it unchanged, out of ``"rotation"`` (orthogonal maps of x and of y), ``"scale"`` (of x or y by one
    factor) and ``"shift"``. Every one is symmetric in x and y and blind to the order of the rows.

    permutations: how many times the rows of y are shuffled for a p-value, reported among the notes with the values met
    where there is no dependence; 0 for none. seed: of the shuffles.
    """

    quantity: ClassVar[Quantity]
    invariant: ClassVar[tuple[str, ...]] = ()

    permutations: int = dataclasses.field(default=0, kw_only=True)
    seed: int = dataclasses.field(default=0, kw_only=True)

    def cost(self, n: int, d: int, k: int) -> Cost:
        """An honest guess for ``n`` rows whose x and y have ``d`` columns together; ``k`` is not looked at."""
        times, blocks = 1 + self.permutations, 1 + min(16, 1 + n // 256)
        return Cost(1e-3 + times * n * n * (2e-9 + 2e-11 * d), 1e6 + 2.2e6 * blocks + 700.0 * n + 40.0 * n * d)

    def __post_init__(self) -> None:
        super().__post_init__()
        check.count(self.permutations, "permutations", 0)
        check.count(self.seed, "seed", 0)

    def dependence(self, x: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Estimate:
        """Between the rows of ``x [n, d]`` and ``y``: rows ``[n, e]`` or class labels ``[n]`` (as one-hot rows).

        groups: one name ``[n]`` a row, of those that belong together; they are counted, and permuted whole.
        """
        check.paired(x=x, y=y)
        x, y = _rows(x, "x"), _rows(y, "y")
        n = len(x)
        if len(y) != n:
            raise InputError(f"x has {n} rows and y has {len(y)}, wanted as many: pass the same samples to both")
        if n < LEAST:
            raise InputError(f"x has {n} rows, wanted at least {LEAST}: pass more samples")
        affordable(self, n, x.shape[1] + y.shape[1], 1)
        grouped = None if groups is None else Groups.of(groups, n)
        (x, size_x), (y, size_y) = map(_unit, together(x, y))
        if 0 in (size_x, size_y):
            value, doubts = 0.0, [Doubt(Status.DEGENERATE, f"{'x' if size_x == 0 else 'y'} is constant")]
        else:
            moments = self._moments(x, y)
            scale = self._scale(size_x, size_y)
            value = scale * self._value(moments)
            doubts = self._doubts(moments, n if grouped is None else grouped.count)
            doubts += map(remark, self._null(x, y, value, scale, grouped))
        estimand = f"{self._words()}: a measure of dependence, not information"
        groups_in_it = None if grouped is None else grouped.count
        return Estimate(value, self._symbol(), estimand, n, groups=groups_in_it).doubted(*doubts)

    def _null(self, x: AnyRows, y: Beside, value: float, scale: float, groups: Groups | None) -> tuple[str, ...]:
        if not self.permutations:
            return ()
        if groups is not None and (groups.sizes != groups.sizes[0]).any():
            return ("no p-value: groups of several sizes cannot take each other's place",)
        rng = draws.stream(self.seed)
        met = np.empty(self.permutations)
        for k in range(self.permutations):
            if groups is None:
                order = np.argsort(rng.random_raw(len(y)), kind="stable")
            else:
                rows = np.argsort(groups.ids, kind="stable").reshape(groups.count, -1)
                order = np.empty(len(y), np.int64)
                order[rows] = rows[np.argsort(rng.random_raw(groups.count), kind="stable")]
            met[k] = scale * self._value(self._moments(x, y[order]))
        p = (1 + int((met >= value).sum())) / (1 + self.permutations)
        top, what = np.quantile(met, 0.95), "y" if groups is None else f"{groups.count} groups of y"
        dealt = f"{self.permutations} permutations of {what}"
        return (f"without dependence ({dealt}): mean {met.mean():.4g}, 95 % below {top:.4g}; p = {p:.3g}",)

    def _doubts(self, moments: Moments, count: int) -> list[Doubt]:
        """UNDERSAMPLED where ``count`` rows or groups give as much without dependence, or a biased form is mostly bias.

        Without dependence the unbiased form, normalised, has the standard deviation √(2 / n(n - 3)) whatever x and y
        are (the variance of a degenerate U-statistic; Székely & Rizzo 2013 for many columns). DEGENERATE where all
        pairs are alike to a kernel. UNRESOLVED where bias makes a tenth of full dependence, though not most of it.
        """
        for which, name in (("kk", "x"), ("ll", "y")):
            if moments.covariance(which, unbiased=True) <= 0:
                same = f"the kernel of {name} finds every pair of rows as alike as any other"
                return [Doubt(Status.DEGENERATE, same)]
        aligned = moments.alignment(unbiased=True)
        spread = math.sqrt(2 / (count * (count - 3))) if count >= LEAST else 1.0
        if spread > BIASED and aligned <= SPREAD * spread:
            words = f"normalised and without bias it is {aligned:.2g}, and so few rows without dependence give as much"
            return [Doubt(Status.UNDERSAMPLED, f"{words} as {SPREAD * spread:.2g}")]
        if self._unbiased():
            return []
        biased, unbiased = (self._shown(a) for a in (moments.alignment(unbiased=False), aligned))
        words = f"normalised, the biased form is {biased:.3g} and the unbiased one {unbiased:.3g}"
        if biased - unbiased > max(BIASED, unbiased):
            return [Doubt(Status.UNDERSAMPLED, words)]
        return [Doubt(Status.UNRESOLVED, words)] if biased - unbiased > 2 * BIASED else []

    def _shown(self, alignment: float) -> float:
        """An alignment of the biased form on the scale of the value."""
        return alignment

    def _symbol(self) -> Quantity:
        return self.quantity

    def _scale(self, size_x: float, size_y: float) -> float:
        """What the value of rows of root-mean-square distance 1 is multiplied by for rows of these sizes."""
        return 1.0

    def _unbiased(self) -> bool:
        """Whether the options ask for the unbiased form."""
        raise NotImplementedError

    def _moments(self, x: AnyRows, y: Beside) -> Moments:
        """The sums over pairs, for centred rows of root-mean-square distance 1, both where they lie."""
        raise NotImplementedError

    def _value(self, moments: Moments) -> float:
        raise NotImplementedError

    def _words(self) -> str:
        """What it is, with the options that matter."""
        raise NotImplementedError


def _unit(x: Array) -> tuple[Array, float]:
    return on_torch.unit(x) if check.is_tensor(x) else unit(x)


def _rows(value: ArrayLike, name: str) -> Array:
    """``value`` as rows ``[n, d]``: labels become one-hot."""
    if is_labels(value, name):
        n = len(check.array(value, name))
        if n < 2:
            raise InputError(f"{name} has {n} row{'s' * (n != 1)}, wanted at least 2: pass more samples")
        if (numbers := check.on_cpu(check.array(value, name))).dtype.kind == "i" and n and numbers.min() < 0:
            raise InputError(
                f"{name} holds whole numbers, some below 0, and labels have none: pass {name}.astype(float) if its "
                "numbers are quantities"
            )
        return _onehot(check.labels(value, n, name), name)
    rows = check.representation(value, name)
    return read_there(rows) if check.is_tensor(rows) else rows


def _onehot(labels: np.ndarray, name: str) -> np.ndarray:
    """Rows ``[n, k]`` for labels ``[n]`` in 0..k-1, where there are classes to speak of."""
    n, counts = len(labels), np.bincount(labels)
    k, p = len(counts), counts / n
    if -float(p @ np.log(p)) >= CEILING * math.log(n) or n * k > LARGEST:
        what = "one row each" if k == n else f"{n / k:.3g} rows each"
        raise InputError(
            f"{name} is {k} classes of {what}, wanted fewer: pass {name}.astype(float) if its numbers are quantities, "
            "or coarser labels"
        )
    return (labels[:, None] == np.arange(k)).astype(np.float64)
