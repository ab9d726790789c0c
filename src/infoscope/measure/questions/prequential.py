"""A code of labels in one pass: each block of rows is scored by readers that have learnt from those before it alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.quantity import USABLE_INFORMATION
from infoscope.core.shapes import ArrayLike
from infoscope.kernels import parallel
from infoscope.measure.intervals.groups import Groups, alike, interval_doubts, scatter, serial, too_narrow
from infoscope.measure.intervals.uncertainties import PROBES_FIXED
from infoscope.measure.questions.description_length import LENGTH, DescriptionLength
from infoscope.measure.questions.one_pass import rows_of
from infoscope.measure.states.online_probe import OnlineProbe
from infoscope.measure.usable.accounts import GAP

FIRST, GROWTH = 16, 1.4  # rows that are sent uniformly, at least one a class; of the rows seen, until readers learn
MOST = 4096  # columns: their products are held
FEW = 100  # rows that are scored late, at least, for an interval


class PrequentialReading(NamedTuple):
    """length: of the code of all labels, nats. usable: what readers read that know at least half of all rows, nats."""

    length: DescriptionLength
    usable: Estimate


class Prequential:
    """Description length and usable information of a stream of rows, each scored before anything learns from it.

    classes: how many there are; labels are whole numbers from 0 on. sample: how many rows are kept, for softmax
        regressions to be fitted to; moments, from which discriminants are, are of all.

    No row is held out, and none is scored by readers that know it: the sum of what all cost is the length of a code
    (prequential: Dawid 1984; of labels given representations, Blier & Ollivier 2018; mixed over readers that are fitted
    again as rows come, Bornschein et al. 2022). Readers are linear: discriminants with three ridges and softmax
    regressions with three weight decays, each at three sharpnesses, and the frequencies of the labels, mixed by what
    they have cost so far. They learn whenever rows have grown by 40 %, at numbers of rows that do not depend on how
    they arrive. Rows must come in an order that says nothing: shuffle what is sorted by class or by time.

    Example
    -------
    >>> rng, state = np.random.default_rng(0), iscope.Prequential(2)
    >>> for _ in range(8):
    ...     y = rng.integers(2, size=500)
    ...     state = state.update(rng.normal(size=(500, 4)) + y[:, None], y)
    >>> found = state.finish()
    >>> print(found.usable)
    I_u(Z;Y) ≥ 0.5... bits...
    >>> print(round(found.length.compression, 1))
    2...
    """

    def __init__(self, classes: int, *, sample: int = 20_000) -> None:
        """See the class."""
        self.classes, self.sample = check.count(classes, "classes", 2), check.count(sample, "sample", FEW)
        self._columns = 0
        self._probe: OnlineProbe | None = None
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._rows = 0  # that wait
        self._next = max(FIRST, classes)  # rows of the block that is being filled
        self._costs: list[np.ndarray] = []
        self._bases: list[np.ndarray] = []
        self._labels: list[np.ndarray] = []
        self._names: list[np.ndarray] = []
        self._known: list[int] = []
        self._grouped: bool | None = None

    def update(self, t: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None) -> Prequential:
        """Score rows ``t [n, d]`` with labels ``y [n]``, then learn from them.

        groups: a name ``[n]`` a row; rows of a group follow each other, and all are scored before any is learnt from.

        Raises
        ------
        InputError: unusable rows or labels, other columns than before or more than 4096, groups with some rows only.
        """
        rows = check.on_cpu(rows_of(t, "t"))
        labels = check.on_cpu(check.array(y, "y"))
        if labels.shape != (len(rows),) or labels.dtype.kind not in "iub":
            wanted = f"wanted [{len(rows)}] whole numbers from 0 on"
            raise InputError(f"y has shape {labels.shape} and dtype {labels.dtype}, {wanted}")
        if int(labels.min()) < 0 or int(labels.max()) >= self.classes:
            low, high = int(labels.min()), int(labels.max())
            raise InputError(f"y has labels {low} to {high}, wanted 0 to {self.classes - 1}: say classes={high + 1}")
        if rows.shape[1] > MOST or (self._columns and rows.shape[1] != self._columns):
            wanted = f"{self._columns} as before" if self._columns else f"at most {MOST}: project them first"
            raise InputError(f"t has {rows.shape[1]} columns, wanted {wanted}")
        if self._grouped is not None and self._grouped != (groups is not None):
            raise InputError("groups came with some rows and not with others, wanted them with all or none")
        start = sum(map(len, self._costs)) + self._rows
        names = np.arange(start, start + len(rows)) if groups is None else check.on_cpu(check.array(groups, "groups"))
        if names.shape != (len(rows),):
            raise InputError(f"groups has shape {names.shape} for {len(rows)} rows, wanted one name a row")
        self._columns, self._grouped = rows.shape[1], groups is not None
        self._waiting.append((rows.copy(), labels.astype(np.int64), names))
        self._rows += len(rows)
        while self._rows > self._next:
            if not self._block(last=False):
                break
        return self

    def _block(self, last: bool) -> bool:
        """Score what waits, as far as the block goes, and learn from it; whether its end is there."""
        rows, y, names = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        end = len(y)
        if not last:
            begins = np.flatnonzero(names[1:] != names[:-1]) + 1
            begins = begins[begins >= self._next]
            if not len(begins):  # all that is there is of one group
                return False
            end = int(begins[0])
        probe, here = self._reader(), slice(0, end)
        known = probe.n
        if known:
            (cost,) = parallel.run([lambda: probe.cost(rows[here], y[here])], 1)
            base = -probe.null[y[here]]
        else:
            cost = base = np.full(end, np.log(self.classes))
        if not last:
            parallel.run([lambda: probe.learn(rows[here], y[here])], 1)
        for kept, more in zip(
            (self._costs, self._bases, self._labels, self._names), (cost, base, y[here], names[here]), strict=True
        ):
            kept.append(more)
        self._known.append(known)
        self._waiting = [(rows[end:], y[end:], names[end:])]
        self._rows = len(y) - end
        self._next = max(1, round((known + end) * (GROWTH - 1)))
        return True

    def _reader(self) -> OnlineProbe:
        if self._probe is None:
            self._probe = OnlineProbe(self._columns, self.classes, self.sample)
        return self._probe

    def finish(self) -> PrequentialReading:
        """What all rows cost, and what readers read in the end; no more rows can be added.

        The interval of the length is over rows (groups) as they came, readers held fixed. The usable information is
        the mean gain, over the frequencies of the labels so far, of rows that were scored by readers which knew at
        least half of all rows (of the last quarter, where the last block is small): a lower bound of I(T;Y) in
        expectation. UNDERSAMPLED where readers that knew half as many read so much less that the value is decided by
        the number of rows, or where rows that follow each other are alike.

        Raises
        ------
        InputError: too few rows, or a group that came back after another.
        """
        if self._rows:
            self._block(last=True)
        self._waiting, self._rows = [], 0
        sizes = [len(cost) for cost in self._costs]
        n = sum(sizes)
        if n - (sizes[0] if sizes else 0) < FEW:
            raise InputError(f"{n} rows have been read, wanted at least {FEW} after the first: call update first")
        cost, base, y, names = map(np.concatenate, (self._costs, self._bases, self._labels, self._names))
        known = np.repeat(self._known, sizes)
        ids = np.unique(names, return_inverse=True)[1].ravel()
        if self._grouped and int((ids[1:] != ids[:-1]).sum()) != int(ids.max()):
            raise InputError("a group came back after another, wanted its rows to follow each other: sort by group")
        groups = Groups(ids) if self._grouped else None
        words = f"linear readers mixed, {len(sizes)} blocks in the order of the rows"
        return PrequentialReading(
            self._length(words, cost, sizes, groups, y), self._usable(words, base - cost, known, y, ids)
        )

    def _length(
        self, words: str, cost: np.ndarray, sizes: list[int], groups: Groups | None, y: np.ndarray
    ) -> DescriptionLength:
        n, parts = len(cost), np.split(cost, np.cumsum(sizes)[:-1])
        deviation = np.concatenate([part - part.mean() for part in parts])
        if groups is not None:
            deviation = np.bincount(groups.ids, deviation)
        half, value = 1.96 * float(np.sqrt(deviation @ deviation)), float(cost.sum())
        refused, remarks = (None, ()) if groups is None else interval_doubts(groups, y)
        length = DescriptionLength(
            value, LENGTH, f"prequential code of {words}", n, bound="upper",
            groups=None if groups is None else groups.count, uniform=n * float(np.log(self.classes)),
            blocks=tuple((known, len(part), float(part.sum())) for known, part in zip(self._known, parts, strict=True)),
        )  # fmt: skip
        given = None if refused else (value - half, value + half)
        return length.within(given, PROBES_FIXED.over(groups)).doubted(*([refused] if refused else []), *remarks)

    def _usable(self, words: str, gains: np.ndarray, known: np.ndarray, y: np.ndarray, ids: np.ndarray) -> Estimate:
        n = len(gains)
        late, before = known >= n / 2, (known >= n / 4) & (known < n / 2)
        if late.sum() < FEW:  # the last block begins before half of the rows, or has just begun
            late = known >= known[-min(n, max(FEW, n // 4))]
            before = (known < known[late].min()) & (known >= known[late].min() / 2)
        here = np.unique(ids[late], return_inverse=True)[1].ravel()
        groups = Groups(here) if self._grouped else None
        value, spread = float(gains[late].mean()), scatter(gains[late], groups)
        refused, remarks = (None, ()) if groups is None else interval_doubts(groups, y[late])
        half, doubts = spread.half(), [refused] if refused else []
        if before.any():
            grown = value - float(gains[before].mean())
            if grown > max(GAP, half):
                note = f"readers that knew half as many rows read {grown:.2g} nats less: more rows, more is read"
                doubts.append(Doubt(Status.UNDERSAMPLED, note) if grown > abs(value) / 2 else remark(note))
        r = None if self._grouped else serial(gains[late], y[late])
        if r is not None:
            narrow = too_narrow(r, gains[late], y[late])
            doubts.append(Doubt(Status.UNDERSAMPLED if narrow else Status.OK, alike(r)))
        estimand = f"usable by {words}, of {int(known[late].min())} rows and more, H(Y) of the labels so far"
        found = Estimate(
            value, USABLE_INFORMATION, estimand, int(late.sum()), bound="lower",
            groups=None if groups is None else groups.count,
        )  # fmt: skip
        given = None if refused else (value - half, value + half)
        return found.within(given, PROBES_FIXED.over(groups)).doubted(*doubts, *remarks)
