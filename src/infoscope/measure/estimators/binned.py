from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.grammar import plain
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import BINNED_ENTROPY, INFORMATION, INPUT_INFORMATION, LABEL_INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Beside, Labels, Members
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import Estimator, several, the_one
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.symbols import partitions
from infoscope.measure.symbols import quantise as q
from infoscope.measure.symbols.labels import CEILING


@dataclass(frozen=True)
class Binned(Estimator):
    """Plug-in entropies of a quantised representation: every neuron is binned, a row's symbol is its pattern of bins.

    Options
    -------
    bins, range: ``bins`` equal bins on the closed interval ``range``. Values outside are not clamped: they get one of
        two further symbols, and the notes count them. Several bins are derived from one quantisation.
    width: bins floor(h / width) instead, anchored at 0 and without an end (Saxe et al.'s released code).
    form: ``"interval"`` or ``"width"`` follow from the above; ``"peers"`` is the published codes' linspace(…, bins)
        used as edges, one bin fewer and a further symbol for h >= the last edge; ``"quantiles"`` cuts each unit into
        ``bins`` bins of equal mass, so that only the order of its values counts; ``"adaptive"`` cuts all units alike,
        into bins of as many of the layer's distinct values each (Chelombiev et al. 2019); ``"exact"`` tells rows apart
        by float equality.

    A value of "I(X;T)" is H(Bin(T)), since H(Bin(T)|X) = 0 in a deterministic network; its status is VACUOUS, for the
    network's true I(X;T) is H(X) or infinite. I(T;Y) = H(Bin(T)) - sum_y p(y) H(Bin(T)|y) (Shwartz-Ziv & Tishby 2017).
    The plug-in estimate is no bound: few samples a symbol bias an entropy down and I(T;Y) up.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x, x + noise, "binned"))
    I(X;Y) = 1.0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "mutual_information", "plane")
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names", "swap")
    suits: ClassVar[tuple[str, ...]] = ("patterns",)
    placed: ClassVar[bool] = True
    grouped: ClassVar[str] = "none"
    widest: ClassVar[int | None] = 512

    bins: int | tuple[int, ...] = 30
    range: tuple[float, float] = (-1.0, 1.0)
    width: float | tuple[float, ...] | None = None
    form: Literal["interval", "width", "peers", "quantiles", "adaptive", "exact"] | None = None

    def cost(self, n: int, d: int, k: int) -> Cost:
        times = len(several(self.bins if self.width is None else self.width))
        return Cost(3e-4 + times * n * (1e-7 + 6e-9 * d), 80.0 * n + n * d)

    def _check(self) -> None:
        form = self.form or ("width" if self.width is not None else "interval")
        object.__setattr__(self, "form", form)
        if (form == "width") != (self.width is not None):
            raise InputError(
                f"form={form!r} came with width={self.width}, wanted a width with form='width' and with no other: "
                "pass width=0.5 alone, or leave width out"
            )
        for bins in several(self.bins):
            if bins < (2 if form == "peers" else 1):
                raise InputError(f"bins is {bins}, wanted at least {2 if form == 'peers' else 1}, e.g. bins=30")
        for width in several(self.width):
            if not (math.isfinite(width) and width > 0):
                raise InputError(f"width is {width}, wanted a number above 0, e.g. width=0.5")
        low, high = self.range
        if not (math.isfinite(high - low) and high - low > 1e-12 * max(abs(low), abs(high))):
            raise InputError(f"range is ({low:g}, {high:g}), wanted (low, high) with low < high, e.g. range=-1,1")

    @property
    def options(self) -> dict[str, Any]:
        """The options that matter in this form."""
        if self.form == "exact":
            return {"form": "exact"}
        if self.form == "width":
            return {"form": "width", "width": plain(self.width)}
        if self.form in ("quantiles", "adaptive"):
            return {"form": self.form, "bins": plain(self.bins)}
        return {"form": self.form, "bins": plain(self.bins), "range": list(self.range)}

    def _single(self) -> list[Binned]:
        """This estimator once per value of an option that holds several."""
        if self.form == "width" and isinstance(self.width, tuple):
            return [replace(self, width=width) for width in self.width]
        if self.form in ("interval", "peers", "quantiles", "adaptive") and isinstance(self.bins, tuple):
            return [replace(self, bins=bins) for bins in self.bins]
        return [self]

    def _partition(self) -> partitions.Partition:
        if self.form == "exact":
            return partitions.exact()
        if self.form == "width":
            return partitions.widths(self.width)  # type: ignore[arg-type]
        if self.form == "quantiles":
            return partitions.quantiles(self.bins)  # type: ignore[arg-type]
        if self.form == "adaptive":
            return partitions.adaptive(self.bins)  # type: ignore[arg-type]
        return (partitions.interval if self.form == "interval" else partitions.peers)(self.bins, *self.range)  # type: ignore[arg-type]

    def _quantised(self, t: AnyRows) -> list[tuple[Binned, partitions.Partition, partitions.Symbols]]:
        singles = self._single()
        if self.form == "width":
            cells = float(abs(t).max()) / min(several(self.width))
            if cells > 2.0**62:
                raise InputError(
                    f"t spans {cells:.2g} bins of width {self.width}, wanted fewer than 2^62: pass a wider bin"
                )
        partitions = [single._partition() for single in singles]
        return list(zip(singles, partitions, q.quantise(t, partitions), strict=True))

    def _members(self, t: Members, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        entropies = {name: _of_labels(y) for name, y in labels.items()}  # of all members alike
        jobs = [partial(self._member, member, labels, entropies) for member in t]
        seconds = 3e-9 * math.prod(t.shape) + 3e-8 * t.shape[0] * t.shape[1] * (1 + len(labels))
        return parallel.run(jobs, 1 if check.is_tensor(t) else parallel.cores(seconds))

    def _member(self, t: AnyRows, labels: dict[str, Labels], entropies: dict[str, float]) -> list[Measured]:
        measured = []
        for single, partition, symbols in self._quantised(t):
            ids, counts, _ = q.group(symbols.keys)
            h = q.entropy_of(counts)
            outside = _outside(symbols, t)
            xt = _entropy(h, partition, len(t), INPUT_INFORMATION, outside)
            measured.append(Measured("input", xt, single.options))
            for name, y in labels.items():
                words = f"I(Bin(T);Y), {partition.words}"
                estimate = _about(h, ids, y, entropies[name], words, LABEL_INFORMATION, outside)
                measured.append(Measured(name, estimate, single.options))
        return measured

    def _entropy(self, t: AnyRows) -> Estimate:
        estimates = []
        for _, partition, symbols in self._quantised(t):
            h = q.entropy_of(q.group(symbols.keys)[1])
            estimates.append(_entropy(h, partition, len(t), BINNED_ENTROPY, _outside(symbols, t)))
        return the_one(estimates)

    def _mutual_information(self, x: AnyRows, y: Beside | Labels) -> Estimate:
        estimates = []
        real = y.ndim == 2
        seconds = self._quantised(y) if real else [(None, None, None)] * len(self._single())
        for (_, partition, symbols), (_, _, other) in zip(self._quantised(x), seconds, strict=True):
            ids, counts, _ = q.group(symbols.keys)
            outside = _outside(symbols, x)
            if other is None:
                labels = check.on_cpu(y)
            else:
                labels, outside = q.group(other.keys)[0], outside + _outside(other, y)
            words = f"I(Bin(X);{'Bin(Y)' if real else 'Y'}), {partition.words}"
            h_y = _of_labels(labels)
            estimates.append(_about(q.entropy_of(counts), ids, labels, h_y, words, INFORMATION, outside))
        return the_one(estimates)


def _outside(symbols: partitions.Symbols, t: AnyRows) -> list[Doubt]:
    if not symbols.below + symbols.above:
        return []
    of = math.prod(t.shape)
    return [
        remark(
            f"{symbols.below + symbols.above} of {of} values fell outside the bins ({symbols.below} below, "
            f"{symbols.above} above); each side counts as one further symbol"
        )
    ]


def _entropy(h: float, partition: partitions.Partition, n: int, quantity: Quantity, outside: list[Doubt]) -> Estimate:
    """H(Bin(T)), which is what it says as an entropy, and VACUOUS as the value of I(X;T)."""
    doubts, full = [], h >= CEILING * math.log(n)
    if h == 0:
        doubts = [Doubt(Status.DEGENERATE, "every row falls into one symbol")]
    elif quantity == INPUT_INFORMATION:
        vacuous = Doubt(Status.VACUOUS, Status.VACUOUS.sentence if full else "")  # a status says its sentence itself
        doubts = [Doubt(Status.SATURATED), vacuous] if full else [vacuous]
    elif full:
        doubts = [Doubt(Status.SATURATED)]
    return Estimate(h, quantity, f"H(Bin(T)), {partition.words}", n, doubts=(*outside, *doubts))


def _of_labels(y: np.ndarray) -> float:
    """H(Y)."""
    return q.entropy_of(q.group(y.astype(np.uint64))[1])


def _about(
    h: float, ids: np.ndarray, y: np.ndarray, h_y: float, estimand: str, quantity: Quantity, outside: list[Doubt]
) -> Estimate:
    """I = H(Bin) + H(Y) - H(Bin, Y), which equals H(Bin) - sum_y p(y) H(Bin|y)."""
    n = len(ids)
    h_both = q.entropy_of(q.group(q.joint(ids, y))[1])
    doubts = []
    if h == 0:
        doubts = [Doubt(Status.DEGENERATE, "every row falls into one symbol")]
    elif h >= CEILING * math.log(n):
        alone = "nearly every row is alone in its symbol, so the value is H(Y) whatever the network does"
        doubts = [Doubt(Status.SATURATED, alone)]
    return Estimate(h + h_y - h_both, quantity, estimand, n, doubts=(*outside, *doubts))
