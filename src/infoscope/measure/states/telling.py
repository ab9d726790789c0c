"""What merged sums and a sample of rows say, as estimates: of a place, of a variable at it, of two places."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.estimate import Bound, Doubt, Estimate, Status, Uncertainty, remark
from infoscope.core.quantity import INFORMATION, USABLE_INFORMATION, Quantity
from infoscope.measure.intervals import groups as of_groups
from infoscope.measure.moments.spectra import ENOUGH, grown
from infoscope.measure.states import readings as rd
from infoscope.measure.states import sampled_probe
from infoscope.measure.states.reservoir import Reservoir, mixed
from infoscope.measure.states.sums import BUCKETS, BucketSums, Pooled, without_each
from infoscope.measure.usable import accounts
from infoscope.measure.usable.accounts import Usable
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.walks import Walk

#: Fewer groups than this leave buckets of few, and no interval. Discriminants want twice as many to be scored on: what
#: is fitted to few varies more than its score (the 95 % are 77 with 50 groups, 86 with 100 and 91 with 200).
LEAST = 5 * BUCKETS
ROWS_TO_PROBE = 200  # sampled, at least
TIGHT = 0.01 * math.log(2)  # nats: what a probe of the sample may read less than one of all rows
WITHOUT_A_BUCKET = Uncertainty("jackknife over twenty buckets of {resampled}", resampled="groups")
HELD_FIXED = Uncertainty("over {resampled}, discriminants held fixed", resampled="groups")
GEOMETRY = {
    "effective_rank": ("dimensions", "Effective rank", "exp(-Σ p log p), p the shares of the singular values"),
    "participation_ratio": ("dimensions", "Participation ratio (directions in use)", "(Σ λ)² / Σ λ²"),
    "rankme": ("dimensions", "RankMe", "effective rank of the rows as they are, not centred (Garrido et al. 2023)"),
    "alpha_req": ("ratio", "Decay of the spectrum (α-ReQ)", "α of λ_i ~ i^-α, i = 3 to 100 (Agrawal et al. 2022)"),
    "between_class_share": ("fraction", "Share of the variance between classes", "tr(S_B) / tr(S_T)"),
    "nc1_variability": ("ratio", "Spread within classes over that between (NC1)", "tr(Σ_W Σ_B†) / k, Σ_W over rows"),
    "nc2_norms": ("ratio", "Inequality of the class means' norms (NC2)", "standard deviation over mean of the norms"),
    "nc2_angles": ("ratio", "Inequality of the class means' angles (NC2)", "mean of |cos + 1/(k - 1)|"),
    "least_squares_share": (
        "fraction", "Share of the label's variance that a linear map predicts", "1 - Σ|e - ê|² / Σ|e - ē|², held out"
    ),
}  # fmt: skip
QUANTITIES = {name: Quantity(name, unit, words, "geometry") for name, (unit, words, _) in GEOMETRY.items()}
NEAREST = Quantity("nearest_mean_error", "fraction", "Rows nearest to another class's mean (NC4)", "geometry")
CKA = Quantity("CKA(X,Y)", "ratio", "Centred kernel alignment", "dependence")


class PassReading(NamedTuple):
    """One estimate: at which place, and about what: ``"input"``, a variable, or another place."""

    place: str
    about: str
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Telling:
    """Of all rows: ``sums``, a sample of them ``kept``, the ``columns`` of each place among those that are kept, what
    to say of those that are ``sketched``; how many ``groups`` there are, and the ``classes`` of each variable."""

    sums: BucketSums
    kept: Reservoir | None
    columns: Mapping[str, slice]
    sketched: Mapping[str, str]
    groups: int
    classes: Mapping[str, int]
    _known: dict[tuple[str, str], dict[str, Estimate]] = field(
        default_factory=dict[tuple[str, str], "dict[str, Estimate]"]
    )

    def spectrum(self, place: str) -> dict[str, Estimate]:
        """Effective rank, participation ratio, RankMe and α-ReQ of a place."""
        if (place, "") not in self._known:
            self._known[place, ""] = self._spectrum(place)
        return self._known[place, ""]

    def classes_at(self, place: str, variable: str) -> dict[str, Estimate]:
        """The share of the variance between classes, NC1 and NC2."""
        if (place, variable) not in self._known:
            self._known[place, variable] = self._classes(place, variable)
        return self._known[place, variable]

    def _spectrum(self, place: str) -> dict[str, Estimate]:
        columns = self.columns[place]
        values, halves, less = self._read(lambda one: rd.spectrum(one.of(columns)))
        d, found = columns.stop - columns.start, dict[str, Estimate]()
        for name, value, half, other in zip(rd.SPECTRUM, values.tolist(), halves, less.tolist(), strict=True):
            doubts: list[Doubt] = []
            if d == 1:
                doubts = [Doubt(Status.DEGENERATE, "one column has one direction, whatever its rows")]
            elif name == "alpha_req":
                if value == 0:
                    note = f"fewer than {rd.FIRST + rd.LEAST} directions, wanted so many for a slope"
                    doubts = [Doubt(Status.DEGENERATE, note)]
                elif abs(value - other) > 0.1 * abs(value):
                    doubts = [Doubt(Status.UNRESOLVED, f"of half of the groups it is {other:.4g}")]
            elif self.groups < ENOUGH * d or name == "participation_ratio":
                law = 1 / (2 / value - 1 / other) if other and value < 2 * other else math.inf
                how = f"of half of them it is {other:.4g}"
                doubts = grown(value, law, how, self.groups, "groups of rows", d)
            found[name] = self._geometry(name, place, value, half, doubts)
        return found

    def _classes(self, place: str, variable: str) -> dict[str, Estimate]:
        columns = self.columns[place]
        values, halves, _ = self._read(lambda one: rd.classes(one.of(columns), variable))
        doubts = self._doubts_of_classes(place, variable)
        counts = self.sums.classes[variable].counts.sum(axis=0)
        if len(set(counts[counts > 0].tolist())) > 1:
            unlike = remark("classes weigh by their rows here, and alike where all rows are held")
            doubts = {**doubts, "nc1_variability": [*doubts["nc1_variability"], unlike]}
        return {
            which: self._geometry(which, place, value, half, doubts[which])
            for which, value, half in zip(rd.CLASSES, values.tolist(), halves, strict=True)
        }

    def _doubts_of_classes(self, place: str, variable: str) -> dict[str, list[Doubt]]:
        return rd.doubts_of_classes(self.sums.pooled(np.ones(BUCKETS, np.bool_)).of(self.columns[place]), variable)

    def nearest_mean(self, place: str, variable: str) -> Estimate | None:
        """The share of sampled rows that are nearer to another class's mean, means being those of all rows; None
        without a sample."""
        if self.kept is None or not len(self.kept.rows):
            return None
        columns = self.columns[place]
        missed = rd.missed(self.sums, columns, variable, self.kept.rows[:, columns], self.kept.labels[variable])
        words = f"share of {len(missed)} sampled rows nearer to another class's mean, means of {self.sums.n} rows"
        doubts = self._doubts_of_classes(place, variable)["between_class_share"]
        made = Estimate(float(missed.mean()), NEAREST, self._words(place, words), self.sums.n, groups=self.groups)
        return made.doubted(*doubts)

    def least_squares(self, place: str, variable: str) -> Estimate | None:
        """What a linear map predicts of the classes' indicators; None of labels that are alike in all other buckets."""
        missed, null = rd.least_squares(self.sums, self.columns[place], variable)
        if not (len(null) > 2 and (null.sum() - null > 0).all()):
            return None
        shares = 1 - (missed.sum() - missed) / (null.sum() - null)
        sizes = self.sums.counts[self.sums.counts > 0] / self.sums.n
        (half,) = self._halves(shares[:, None], sizes)
        return self._geometry("least_squares_share", place, 1 - float(missed.sum() / null.sum()), half, [])

    def discriminant(self, place: str, variable: str) -> Estimate | None:
        """The usable information of a linear discriminant, a lower side: it is scored on sampled rows that it has not
        seen; None without a sample."""
        kept, columns = self.kept, self.columns[place]
        if kept is None or not len(kept.rows):
            return None
        rows = kept.rows[:, columns].astype(np.float64)
        each = rd.discriminant(self.sums, columns, variable, rows, _buckets(kept.groups), kept.labels[variable])
        together = of_groups.Groups(np.unique(kept.groups, return_inverse=True)[1].ravel())
        enough = together.count >= 2 * LEAST
        half = of_groups.scatter(each, together).half() if enough else None
        words = f"a linear discriminant fitted to {self.sums.n} rows without those of its bucket, scored on {len(each)}"
        doubts = [remark("a linear probe that is trained reads at least as much: this is a lower side")]
        return self._say(
            USABLE_INFORMATION,
            float(each.mean()),
            half,
            self._words(place, words),
            doubts,
            bound="lower",
            kind=HELD_FIXED,
            least=2 * LEAST,
        )

    def pair(self, x: str, y: str) -> tuple[Estimate, Estimate]:
        """Debiased linear CKA of two places, and the information of Gaussian rows with their covariance."""
        one, other, known = self.columns[x], self.columns[y], list(self.columns)
        places = known.index(x), known.index(y)
        values, halves, less = self._read(lambda pooled: rd.pair(pooled, one, other, places))
        dx, dy, n = one.stop - one.start, other.stop - other.start, self.sums.n
        bias = float(less[0] - values[0])  # falls like 1/n
        doubts: list[Doubt] = []
        if bias > 0.05:
            doubts = [
                Doubt(Status.UNDERSAMPLED, f"of half of the groups it is {less[0]:.3g}: about {bias:.2g} is bias")
            ]
        words = self._words(y, self._words(x, "debiased linear CKA: a measure of dependence, not information"))
        alignment = self._say(CKA, float(values[0]), halves[0], words, doubts)
        doubts = []
        if n - 1 < 2 * (dx + dy):
            doubts = [Doubt(Status.UNDERSAMPLED, f"{n} rows for {dx} + {dy} columns")]
        elif values[1] > 0.9 * -0.5 * math.log(rd.FULL):
            doubts = [remark("near what float32 products can tell of one pair of directions")]
        words = self._words(
            y, self._words(x, f"information of Gaussian rows with the covariance of {dx} + {dy} columns")
        )
        return alignment, self._say(INFORMATION, float(values[1]), halves[1], words, doubts)

    def usable(self, place: str, variable: str, walk: Walk, reader: str) -> tuple[Usable, of_groups.Groups | None]:
        """What a linear probe reads of a variable, and the groups of the scored rows, which follow their numbers.

        reader: what fits and says, in words. As of :meth:`infoscope.OnePass.usable_information`.

        Raises
        ------
        InputError: fewer than 200 sampled rows, or one class.
        """
        rows, labels, names = self.sampled(place)
        y, n = labels[variable], len(rows)
        if n < ROWS_TO_PROBE or len(np.unique(y)) < 2:
            raise InputError(
                f"{n} sampled rows of {len(np.unique(y))} classes are there, wanted at least {ROWS_TO_PROBE} of two: "
                "read more rows, or raise sample"
            )
        together: of_groups.Groups | None = of_groups.Groups(np.unique(names, return_inverse=True)[1].ravel())
        together = together if together.count < n else None
        buckets = _buckets(names.view(np.uint64))
        target = accounts.target(y, self.classes[variable], together)
        entropy, columns, whole_n = accounts.Entropy("null"), self.columns[place], self.sums.n

        def account(few: bool) -> tuple[Deal, accounts.Account]:
            among = sampled_probe.splits(buckets, few)
            found = sampled_probe.read(self.sums, columns, variable, rows, buckets, target, among, walk)
            deal = Deal(among, f"{len(among)}-fold cross-fitted, {n} of {whole_n} rows sampled", together)
            return deal, accounts.account(target, among, found, entropy, named=not few)

        deal, whole = account(few=False)
        estimand = f"usable by {reader}, H(Y) {entropy.words}, {deal.protocol}"
        found = accounts.estimate(whole, USABLE_INFORMATION, self._words(place, estimand), deal)
        if n == whole_n:
            return found, deal.scored
        half = account(few=True)[1]
        less = float((half.loss - half.base).mean() - (whole.loss - whole.base).mean())
        more = max(less, 0.0) / (math.sqrt(2) - 1) * (1 - math.sqrt(n / whole_n))
        note = f"probes of half of the sampled rows read {less:.2g} nats less, so of all rows up to {more:.2g} more"
        say = f"{note}: raise sample" if more > TIGHT else note
        return found.doubted(Doubt(Status.UNRESOLVED if more > TIGHT else Status.OK, say)), deal.scored

    def sampled(self, place: str) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
        """The sampled rows ``[m, d]`` of a place in the order of their numbers, their labels and groups ``[m]``."""
        return in_order(self.kept, self.columns[place])

    def present(self, variable: str) -> int:
        """How many classes of a variable there are among all rows."""
        return int((self.sums.classes[variable].counts.sum(axis=0) > 0).sum())

    def _words(self, place: str, what: str) -> str:
        return what + self.sketched.get(place, "")

    def _geometry(self, name: str, place: str, value: float, half: float | None, doubts: list[Doubt]) -> Estimate:
        return self._say(QUANTITIES[name], value, half, self._words(place, GEOMETRY[name][2]), doubts)

    def _say(
        self, quantity: Quantity, value: float, half: float | None, words: str, doubts: list[Doubt],
        bound: Bound = "none", kind: Uncertainty = WITHOUT_A_BUCKET, least: int = LEAST,
    ) -> Estimate:  # fmt: skip
        few = []
        if half is None:
            few = [Doubt(Status.UNDERSAMPLED, f"no interval: {self.groups} groups, wanted at least {least}")]
        made = Estimate(value, quantity, words, self.sums.n, bound=bound, groups=self.groups)
        interval = None if half is None else (value - half, value + half)
        return made.within(interval, kind).doubted(*doubts, *few)

    def _halves(self, without: np.ndarray, sizes: np.ndarray) -> list[float | None]:
        """Half an interval for each column of values ``[b, q]`` without a bucket."""
        if self.groups < LEAST:
            return [None] * without.shape[1]
        return [rd.buckets_off(column, sizes) for column in without.T]

    def _read(self, read: Callable[[Pooled], np.ndarray]) -> tuple[np.ndarray, list[float | None], np.ndarray]:
        """Values of all rows, half an interval of each, and values of half of the buckets."""
        every = np.ones(BUCKETS, np.bool_)
        halves = self._halves(*without_each(self.sums, read)) if self.groups >= LEAST else None
        values, less = read(self.sums.pooled(every)), read(self.sums.pooled(np.arange(BUCKETS) % 2 == 0))
        return values, halves or [None] * len(values), less


def in_order(kept: Reservoir | None, columns: slice) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Sampled rows of some columns, labels and groups, in the order of the rows' numbers.

    Raises
    ------
    InputError: there are none.
    """
    if kept is None:
        raise InputError("no rows have been read, wanted some: call update first")
    order = np.argsort(kept.numbers)
    labels = {name: y[order] for name, y in kept.labels.items()}
    return kept.rows[order][:, columns], labels, kept.groups[order].view(np.int64)


def _buckets(groups: np.ndarray) -> Any:
    """The bucket ``[m]`` of each row, by the hash of its group."""
    return (mixed(~groups) % np.uint64(BUCKETS)).astype(np.int64)
