"""How well probes name labels: how often they are right, how well they rank (AUROC), what share of H(Y) they read.

All of it is of the readings that usable information is made of: every row is named by a probe that never saw it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infoscope.measure.intervals.groups import Groups, Scatter, scatter
from infoscope.measure.intervals.student import standard_errors
from infoscope.measure.usable.readings import ProbeSplit, Target


@dataclass(frozen=True)
class Named:
    """What each scored row adds to how well it is named, ``[n]`` each in the order of the rows.

    right: whether the likeliest class is the row's own, 1 or 0; among classes that are equally likely the first counts.
    usual: the same of the class that most of the rows have which a probe knows, whatever the representation says.
    ranked: what the row adds to the AUROC, which is the mean: that of two classes, or the mean over classes of each
    against the rest; only rows of one split are compared, so that a probe that says nothing has 1/2. Empty where no two
    scored rows have different classes.
    """

    right: np.ndarray
    usual: np.ndarray
    ranked: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, k: int, splits: Sequence[ProbeSplit], log_q: Sequence[np.ndarray]) -> Named:
        """Of classes ``y [n]`` in 0..k-1, and ln of their probabilities ``[scored rows, k]`` for each split."""
        right = [said.argmax(1) == y[split.scored] for split, said in zip(splits, log_q, strict=True)]
        ranked = _ranked([y[split.scored] for split in splits], k, log_q)
        return cls(
            _in_order(splits, right).astype(float),
            _usual(y, k, splits),
            _in_order(splits, [ranked]) if len(ranked) else ranked,
        )

    @classmethod
    def blind(cls, target: Target, splits: Sequence[ProbeSplit]) -> Named:
        """Of the null probe, which ignores the representation: it names the usual class, and all rows rank alike.

        Said without a probability for each row and class, of which a label for each row has as many as there are pairs.
        """
        usual, labels = _usual(target.y, target.k, splits), [target.y[split.scored] for split in splits]
        compared = any(len(y) and (y != y[0]).any() for y in labels)
        return cls(usual, usual, np.full(len(usual) if compared else 0, 0.5))


def _usual(y: np.ndarray, k: int, splits: Sequence[ProbeSplit]) -> np.ndarray:
    """Whether each scored row is of the class that most of the rows have which its probe knows, 1 or 0."""
    known = [np.bincount(y[split.known], minlength=k).argmax() for split in splits]
    return _in_order(splits, [y[split.scored] == most for split, most in zip(splits, known, strict=True)]).astype(float)


def _in_order(splits: Sequence[ProbeSplit], values: Sequence[np.ndarray]) -> np.ndarray:
    """``values`` of scored rows, which come split by split, in the order of the rows."""
    return np.concatenate(values)[np.argsort(np.concatenate([split.scored for split in splits]), kind="stable")]


@dataclass(frozen=True)
class Proportion:
    """A mean of numbers in 0..1, or a difference of two, and its 95 % interval, None where groups leave none."""

    value: float
    interval: tuple[float, float] | None

    @classmethod
    def of(cls, contributions: np.ndarray, groups: Groups | None, refused: bool, more: float) -> Proportion:
        """The mean of ``contributions [n]`` and Wilson's interval, with as many rows as would scatter like the mean.

        groups: those of the rows. refused: they leave no interval. more: times the variance of what is scored, for what
        a fit to other rows would change. Where nothing scatters, all rows being named right, groups count as rows.
        """
        p, n = float(contributions.mean()), len(contributions)
        if refused:
            return cls(p, None)
        spread = scatter(contributions, groups)
        return cls(p, _wilson(p, spread, n, n if groups is None else groups.count, more))

    @classmethod
    def less(cls, one: np.ndarray, other: np.ndarray, groups: Groups | None, refused: bool, more: float) -> Proportion:
        """The mean of ``one [n]`` less that of ``other [n]``, of the same rows, and Student's interval."""
        difference = one - other
        value = float(difference.mean())
        if refused:
            return cls(value, None)
        spread = scatter(difference, groups)
        half = spread.half((more - 1) * spread.variance)
        return cls(value, (value - half, value + half))

    def beside(self, other: Proportion) -> Proportion:
        """The same with an interval that holds that of ``other`` as well."""
        if self.interval is None or other.interval is None:
            return Proportion(self.value, None)
        (a, b), (c, d) = self.interval, other.interval
        return Proportion(self.value, (min(a, c), max(b, d)))


@dataclass(frozen=True)
class Naming:
    """How well labels are named: shares of rows, an AUROC, a share of H(Y).

    auroc: None where no two scored rows have different classes. fraction: can be negative, as usable information can.
    usual: how often the most frequent label of the rows that a probe knows is the row's own.
    """

    accuracy: Proportion
    usual: Proportion
    auroc: Proportion | None
    fraction: Proportion

    @classmethod
    def of(
        cls, named: Named, read: np.ndarray, base: np.ndarray, entropy: float, groups: Groups | None, refused: bool,
        more: float,
    ) -> Naming:  # fmt: skip
        """From what rows add to it.

        read: what each row adds to the usable information; base: what its label costs without the representation, whose
        mean is the ``entropy``; equal numbers where that is known exactly. groups, refused, more: as of
        :meth:`Proportion.of`.
        """

        def proportion(contributions: np.ndarray) -> Proportion:
            return Proportion.of(contributions, groups, refused, more)

        return cls(
            proportion(named.right),
            proportion(named.usual),
            proportion(named.ranked) if len(named.ranked) else None,
            _fraction(read, base, entropy, groups, refused, more),
        )

    def beside(self, other: Naming) -> Naming:
        """The same with intervals that hold those of ``other`` as well."""
        auroc = self.auroc if self.auroc is None or other.auroc is None else self.auroc.beside(other.auroc)
        return Naming(
            self.accuracy.beside(other.accuracy), self.usual.beside(other.usual), auroc,
            self.fraction.beside(other.fraction),
        )  # fmt: skip


def _fraction(
    read: np.ndarray, base: np.ndarray, entropy: float, groups: Groups | None, refused: bool, more: float
) -> Proportion:
    """The share of H(Y) that is read, a ratio of means, with its interval to first order."""
    if entropy <= 0:
        return Proportion(0.0, None)
    share = 1.0 + (float(read.mean()) - float(base.mean())) / entropy
    if refused:
        return Proportion(share, None)
    half = scatter((read - share * base) / entropy, groups)
    width = half.half((more - 1) * half.variance)
    return Proportion(share, (share - width, share + width))


def _wilson(p: float, spread: Scatter, rows: int, groups: int, more: float) -> tuple[float, float]:
    """Wilson's interval (1927) of a share ``p``, of as many independent rows as would scatter like this."""
    variance = spread.variance * more
    if not math.isfinite(variance):
        return 0.0, 1.0
    alike = min(p * (1 - p) / variance, rows) if variance > 0 and 0 < p < 1 else groups
    z2 = standard_errors(spread.freedom) ** 2
    middle = (p + z2 / (2 * alike)) / (1 + z2 / alike)
    half = math.sqrt(z2) * math.sqrt(max(p * (1 - p), 0.0) / alike + z2 / (4 * alike**2)) / (1 + z2 / alike)
    return max(0.0, middle - half), min(1.0, middle + half)


def _ranked(labels: Sequence[np.ndarray], k: int, log_q: Sequence[np.ndarray]) -> np.ndarray:
    """What each row adds to the mean over classes of the AUROC of each against the rest, in the order of the splits.

    To first order (DeLong, DeLong & Clarke-Pearson 1988): rows' shares of won pairs less the AUROC's, over all pairs.
    """
    starts = np.cumsum([0, *map(len, labels)])
    n, found = int(starts[-1]), []
    for c in range(1, k) if k == 2 else range(k):
        won, pairs, met, all_won = np.zeros(n), 0, np.zeros(n), 0.0
        for start, y, said in zip(starts, labels, log_q, strict=False):
            own = y == c
            mine, others = np.flatnonzero(own), np.flatnonzero(~own)
            if not (len(mine) and len(others)):
                continue
            score = said[:, c]
            high, low = score[mine], score[others]
            over = _below(low, high)
            won[start + mine], met[start + mine] = over, len(others)
            won[start + others], met[start + others] = len(mine) - _below(high, low), len(mine)
            pairs += len(mine) * len(others)
            all_won += float(over.sum())
        if pairs:
            area = all_won / pairs
            found.append(area + n * (won - area * met) / pairs)
    return np.mean(found, axis=0) if found else np.zeros(0)


def _below(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """How many of ``values`` lie below each of ``of``, equal ones counted half."""
    there = np.sort(values)
    return 0.5 * (np.searchsorted(there, of, "left") + np.searchsorted(there, of, "right"))
