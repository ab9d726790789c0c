from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, Uncertainty, gravest
from infoscope.core.measurement import Cost
from infoscope.core.quantity import CONDITIONAL_INFORMATION, ENTROPY, INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, IndexTable, Indices, NumpyRows, RowsOrLabels
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.jackknife import settled
from infoscope.measure.intervals.uncertainties import DELTA_METHOD, NSB_POSTERIOR
from infoscope.measure.symbols import entropy as de
from infoscope.measure.symbols import noncentral
from infoscope.measure.symbols import quantise as q
from infoscope.measure.symbols.labels import CEILING
from infoscope.measure.symbols.nsb import posterior

UNSEEN = 0.1  # share of the distribution never seen from which on no correction is to be believed
UNSEEN_VALUES = 0.05  # the same of a single column, from which on the values seen are not its alphabet
APART = 0.125  # how far two corrections may differ, as a share of the interval: half a standard error
WIDE = 0.25  # width of an NSB posterior over that of its prior, which is flat on [0, ln alphabet]
_WORDS = {
    "none": "no correction",
    "miller_madow": "Miller-Madow correction",
    "jackknife": "jackknife correction",
    "grassberger": "Grassberger (2003) correction",
    "chao_shen": "Chao-Shen correction",
}


@dataclass(frozen=True)
class Plugin(Estimator):
    """Entropy and information of symbols from their counts, with a correction of the bias that few samples bring.

    x: whole numbers or words ``[n]`` or ``[n, d]``; several columns are one joint symbol. y, z: labels ``[n]``.

    Options
    -------
    correction: ``"none"``; ``"miller_madow"``, + (cells - 1) / 2n (Miller 1955); ``"jackknife"`` (Zahl 1977);
        ``"grassberger"`` (2003); ``"chao_shen"`` (2003), which weighs cells by the odds of having been seen;
        ``"nsb"`` (Nemenman, Shafee & Bialek 2002), the posterior mean under a prior that is flat in the entropy. NSB
        must know the size of the alphabet: that of a joint is the product of those of its parts.
    alphabet: how many symbols x can show, for NSB; left out, the product over its columns of the different values seen.

    I(X;Y) = H(X) + H(Y) - H(X,Y) and I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z), each entropy with its correction.
    None of them is a bound, and a corrected information can be below 0.

    The interval is the delta method's to second order, so that it also holds where X and Y are independent. It comes
    from the distribution of the uncorrected value, whatever the correction, and is widened to hold the value where a
    correction went astray. That of an NSB entropy is its posterior's.

    UNDERSAMPLED: a tenth of the samples or more are alone in their joint cell, so by Good-Turing a tenth or more of
    the distribution was never seen; or two corrections differ by half a standard error (the interval is stretched by
    the difference in any case). An NSB entropy is so when the values seen are not the alphabet or its posterior is
    nearly its prior. SATURATED: nearly every sample has a symbol of its own. DEGENERATE: x or y is constant (given z).

    Raises InputError for numbers that are not whole: bin them (``binned``) or use an estimator for reals (``ksg``).

    Example
    -------
    >>> y = np.arange(1000) % 4
    >>> print(iscope.mutual_information(y // 2, y, "plugin"))
    I(X;Y) = 1.0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "mutual_information", "conditional_mutual_information")
    answers: ClassVar[str] = "the question"
    first: ClassVar[tuple[str, ...]] = ("symbols",)
    second: ClassVar[tuple[str, ...]] = ("labels",)
    third: ClassVar[tuple[str, ...]] = ("labels",)
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("discrete",)

    correction: Literal["miller_madow", "none", "jackknife", "grassberger", "chao_shen", "nsb"] = "miller_madow"
    alphabet: int | None = None

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(3e-4 + 2e-7 * n * d, 40.0 * n + 26.0 * n * d)

    def _check(self) -> None:
        if self.alphabet is not None and (self.correction != "nsb" or self.alphabet < 1):
            raise InputError(
                f"alphabet={self.alphabet} came with correction={self.correction!r}, wanted a whole number of at least "
                "1 with correction='nsb': leave alphabet out, or choose nsb"
            )

    def _entropy(self, t: AnyRows, groups: Groups | None = None) -> Estimate:
        x = self._first(check.on_cpu(t))
        value, interval, kind = self._of(x), de.entropy_interval(x.counts), DELTA_METHOD
        doubts, interval = _judged([(x, 1)], [x], x, interval)
        if self.correction == "nsb" and gravest(doubts) in (Status.OK, Status.UNDERSAMPLED):
            mean, deviation = posterior(x.counts, x.alphabet)
            half = noncentral.QUANTILE * deviation
            interval, kind = (mean - half, mean + half), NSB_POSTERIOR
            doubts = self._doubts(t, x, deviation)
        words = f"entropy of the symbols from counts, {self._words(x)}"
        estimate = _estimate(value, ENTROPY.called("H(X)"), words, x.n, interval, kind, doubts)
        return settled(estimate, -np.log(x.counts / x.n).take(x.ids), (t,), groups, self._entropy)

    def _doubts(self, t: Any, x: _SymbolCounts, deviation: float) -> list[Doubt]:
        """Whether the posterior of an NSB entropy is not the data's: of no known alphabet, or still the prior."""
        if self.alphabet is None and max(de.unseen(_joint(column).counts) for column in t.T) >= UNSEEN_VALUES:
            return [Doubt(Status.UNDERSAMPLED, "the alphabet is not known from the values seen: pass alphabet=…")]
        if deviation > WIDE * math.log(x.alphabet) / math.sqrt(12):
            return [Doubt(Status.UNDERSAMPLED, "the posterior is nearly as wide as the prior")]
        return []

    def _first(self, x: NumpyRows) -> _SymbolCounts:
        found = _joint(x)
        if self.alphabet is None:
            return found
        if self.alphabet < len(found.counts):
            raise InputError(
                f"alphabet is {self.alphabet} and x holds {len(found.counts)} different symbols, wanted as many or more"
            )
        return replace(found, alphabet=float(self.alphabet))

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels, groups: Groups | None = None) -> Estimate:
        estimate, each = self._information(check.on_cpu(x), check.on_cpu(y), None)
        return settled(estimate, each, (x, y), groups, self._mutual_information)

    def _conditional_mutual_information(
        self, x: AnyRows, y: RowsOrLabels, z: RowsOrLabels, groups: Groups | None = None
    ) -> Estimate:
        estimate, each = self._information(check.on_cpu(x), check.on_cpu(y), check.on_cpu(z))
        return settled(estimate, each, (x, y, z), groups, self._conditional_mutual_information)

    def _information(self, x: NumpyRows, y: np.ndarray, given: np.ndarray | None) -> tuple[Estimate, np.ndarray]:
        """The estimate, and the information density ``[n]`` of each row."""
        z = _joint(np.zeros(len(y)) if given is None else given)
        xz, yz = self._first(x) & z, _joint(y) & z
        xyz = xz & _joint(y)
        terms = [(xz, 1), (yz, 1), (xyz, -1), (z, -1)]
        value = sum(sign * self._of(part) for part, sign in terms)
        cells = [part.counts[part.ids[xyz.firsts]] for part in (xyz, xz, yz, z)]
        interval = de.information_interval(*cells, groups=(len(xz.counts), len(yz.counts), len(z.counts)))
        doubts, interval = _judged(terms, [xz, yz], xyz, interval)
        for name, part in (("x", xz), ("y", yz)):
            if len(part.counts) == len(z.counts):
                why = f"{name} is constant" if given is None else f"{name} is a function of z"
                value, doubts = 0.0, [Doubt(Status.DEGENERATE, why)]
        quantity = INFORMATION if given is None else CONDITIONAL_INFORMATION
        words = f"{quantity} of the symbols from counts, {self._words(xyz)}"
        estimate = _estimate(value, quantity, words, xyz.n, interval, DELTA_METHOD, doubts)
        both, of_x, of_y, of_z = cells
        return estimate, np.log(both / of_x * (of_z / of_y)).take(xyz.ids)

    def _of(self, symbols: _SymbolCounts) -> float:
        if self.correction == "nsb":
            return posterior(symbols.counts, symbols.alphabet)[0]
        return 0.0 if len(symbols.counts) == 1 else de.CORRECTIONS[self.correction](symbols.counts)

    def _words(self, symbols: _SymbolCounts) -> str:
        if self.correction != "nsb":
            return _WORDS[self.correction]
        return f"NSB posterior mean, alphabet of {symbols.alphabet:.6g} symbols"


@dataclass(frozen=True)
class _SymbolCounts:
    """One symbol a row: ``ids [n]``, ``counts [g]`` and first row ``[g]`` of each, and how many there can be."""

    ids: np.ndarray
    counts: np.ndarray
    firsts: np.ndarray
    alphabet: float

    @property
    def n(self) -> int:
        return len(self.ids)

    def __and__(self, other: _SymbolCounts) -> _SymbolCounts:
        """The joint symbol."""
        return _SymbolCounts(*q.group(q.joint(self.ids, other.ids)), alphabet=self.alphabet * other.alphabet)


def _joint(columns: Indices | IndexTable) -> _SymbolCounts:
    """The joint symbol of the columns ``[n]`` or ``[n, d]`` of whole numbers from 0."""
    found = None
    for column in columns.T if columns.ndim == 2 else [columns]:
        ids, counts, firsts = q.group(column.astype(np.uint64))
        one = _SymbolCounts(ids, counts, firsts, float(len(counts)))
        found = one if found is None else found & one
    assert found is not None
    return found


def _estimate(
    value: float,
    quantity: Quantity,
    estimand: str,
    n: int,
    interval: tuple[float, float],
    kind: Uncertainty,
    doubts: list[Doubt],
) -> Estimate:
    estimate = Estimate(value, quantity, estimand, n).doubted(*doubts)
    if estimate.status is Status.DEGENERATE:
        return estimate
    return estimate.within((min(value, interval[0]), max(value, interval[1])), kind)


def _corrected(terms: list[tuple[_SymbolCounts, int]], correction: str) -> float:
    return sum(sign * de.CORRECTIONS[correction](part.counts) for part, sign in terms)


def _judged(
    terms: list[tuple[_SymbolCounts, int]],
    sides: list[_SymbolCounts],
    joint: _SymbolCounts,
    interval: tuple[float, float],
) -> tuple[list[Doubt], tuple[float, float]]:
    """The doubts, and the interval stretched by what two corrections of the bias differ."""
    shift = _corrected(terms, "jackknife") - _corrected(terms, "miller_madow")
    doubts = []
    unseen = de.unseen(joint.counts)
    if any(len(side.counts) == 1 for side in sides):
        doubts.append(Doubt(Status.DEGENERATE, "every row has the same symbol"))
    elif any(q.entropy_of(side.counts) >= CEILING * math.log(joint.n) for side in sides):
        doubts.append(Doubt(Status.SATURATED, f"nearly every one of the {joint.n} rows has a symbol of its own"))
    elif unseen >= UNSEEN:
        share = f"by Good-Turing {100 * unseen:.0f} % of the distribution was never seen"
        doubts.append(Doubt(Status.UNDERSAMPLED, f"{len(joint.counts)} joint symbols in {joint.n} rows: {share}"))
    elif abs(shift) > APART * (interval[1] - interval[0]):
        differ = f"Miller-Madow and jackknife correction differ by {abs(shift):.2g} nats"
        doubts.append(Doubt(Status.UNDERSAMPLED, differ))
    return doubts, (interval[0] + min(shift, 0), interval[1] + max(shift, 0))
