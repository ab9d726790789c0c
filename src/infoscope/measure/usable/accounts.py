"""From the readings of probes to usable information: whose entropy, what each row costs, and what to believe."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Shares
from infoscope.core.quantity import PROBE_ACCURACY, PROBE_AUROC, USABLE_FRACTION, USUAL_ACCURACY, Quantity
from infoscope.core.shapes import ArrayLike
from infoscope.measure.intervals.groups import Groups, interval_doubts, scatter
from infoscope.measure.intervals.uncertainties import FITTED_AND_SCORED
from infoscope.measure.symbols.labels import alone
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.log_softmax import log_softmax
from infoscope.measure.usable.naming import Named, Naming, Proportion
from infoscope.measure.usable.readings import ProbeSplit, Reading, Target
from infoscope.measure.usable.temperature import flatter

GAP = 0.02  # nats by which held-out rows may cost more than fitted ones, or than the null probe, whatever the value
NAMED = 12  # columns in a note
PARTS = 1000  # of the rows, at most, whose shares a run keeps
MISSED = 0.01  # share of scored rows whose class no probe has seen
STILL_IMPROVING = Doubt(Status.NOT_CONVERGED, "a probe was still improving when its iterations ran out")


@dataclass(frozen=True, slots=True)
class Usable(Estimate):
    """An estimate of usable information that keeps what it was made from.

    pointwise: what each scored row contributes, in nats ``[n]``, in the order of the rows: pointwise usable information
        (PVI of Ethayarajh et al. 2022). Its mean is the value, except with a given prior (see ``prior``).
    probability: what the probes give to each scored row's own label ``[n]``; a density for quantities.
    entropy, loss: H(Y) and the mean cross-entropy whose difference is the value.
    chosen: what the validation rows chose, for each split.
    labels: of the scored rows ``[n]``, numbered from 0; None for quantities.
    wider: how many times the variance over draws of scored rows is that of the value, fits to other rows included.
    columns: those that the probe of each split reads, counted from 0, of a family that reads a few.
    naming: how well the same probes name labels; None for quantities, and for what is left of a variable given another.

    ``accuracy`` (how often the likeliest class is the row's own), ``auroc`` (of two classes, or the mean over classes
    of each against the rest), ``fraction`` (the share of H(Y) that is read) and ``usual_accuracy`` (of the most
    frequent label, whatever the representation says) are estimates of that, each with an interval over the same rows or
    groups and the same doubts; None where there is no such number.
    """

    pointwise: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    probability: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    entropy: float = 0.0
    loss: float = 0.0
    chosen: tuple[str, ...] = ()
    labels: np.ndarray | None = field(default=None, compare=False, repr=False)
    naming: Naming | None = field(default=None, compare=False, repr=False)
    wider: float = 1.0
    columns: tuple[tuple[int, ...], ...] = ()

    @property
    def accuracy(self) -> Estimate | None:
        return None if self.naming is None else self.saying(PROBE_ACCURACY, self.naming.accuracy)

    @property
    def auroc(self) -> Estimate | None:
        if self.naming is None or self.naming.auroc is None:
            return None
        return self.saying(PROBE_AUROC, self.naming.auroc)

    @property
    def fraction(self) -> Estimate | None:
        return None if self.naming is None else self.saying(USABLE_FRACTION, self.naming.fraction)

    @property
    def usual_accuracy(self) -> Estimate | None:
        return None if self.naming is None else self.saying(USUAL_ACCURACY, self.naming.usual)

    def saying(self, quantity: Quantity, found: Proportion) -> Estimate:
        """The same rows and doubts with another number, such as how often labels are named right."""
        told = self.interval is not None and found.interval is not None
        other = dataclasses.replace(self.plain(), value=found.value, quantity=quantity, bound="none")
        return dataclasses.replace(other, interval=found.interval) if told else other.without_interval()

    def table(self, y: ArrayLike) -> dict[str, np.ndarray]:
        """Columns with a value for each scored row: its place, its label (out of ``y [n]``), and what was found.

        ``usable_information_nats`` is :attr:`pointwise`, ``probability`` that of the row's own label.
        """
        labels = check.on_cpu(check.array(y, "y"))
        if len(labels) != len(self.pointwise):
            raise InputError(
                f"y has {len(labels)} rows and {len(self.pointwise)} were scored, wanted the labels of the scored rows"
            )
        flat = labels.reshape(len(labels), -1)
        named = {"label": flat[:, 0]} if flat.shape[1] == 1 else {f"label{i}": one for i, one in enumerate(flat.T)}
        found = {"usable_information_nats": self.pointwise}
        if len(self.probability):  # no probe was fitted where z or y is constant
            found["probability"] = self.probability
        return {"row": np.arange(len(labels)), **named, **found}

    def shares(self, groups: Groups | None) -> Shares:
        """What each of the ``groups`` of the scored rows adds to the value; each row is one where there are none.

        Of more than :data:`PARTS` groups, those that follow each other are taken together, into that many.
        """
        n = len(self.pointwise)
        ids, count = (np.arange(n), n) if groups is None else (groups.ids, groups.count)
        if count > PARTS:
            ids, count = ids * PARTS // count, PARTS
        return Shares(np.bincount(ids, self.pointwise, count), np.bincount(ids, minlength=count))

    def plain(self) -> Estimate:
        """The estimate alone, as a row of a run keeps it."""
        return Estimate(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Estimate)})


@dataclass(frozen=True)
class Account:
    """Costs in nats of each scored row: ``base [n]`` without the representation, ``loss [n]`` with it.

    train: mean loss on fitted rows, less than the held-out one by the overfitting; None where nobody knows. missed:
    share of rows whose class is among no fitted rows. labels: of the scored rows ``[n]``; None for quantities. entropy:
    H(Y) where it is known exactly; else it is the mean of ``base``. named: how each row is named, where that was asked.
    columns: those that each split's probe reads, of a family that reads a few. flatter: nats that the null probe itself
    would save with a temperature, which probes have and it has not.
    """

    base: np.ndarray
    loss: np.ndarray
    train: float | None
    converged: bool
    missed: float
    labels: np.ndarray | None
    chosen: tuple[str, ...]
    entropy: float | None = None
    named: Named | None = None
    columns: tuple[tuple[int, ...], ...] = ()
    flatter: float = 0.0

    @property
    def contributions(self) -> np.ndarray:
        """What each scored row adds to the value, in nats ``[n]``, up to a constant where H(Y) is known."""
        return self.base - self.loss if self.entropy is None else -self.loss

    @property
    def gap(self) -> float:
        """Nats by which held-out rows cost more than fitted ones; 0 where nobody knows."""
        return 0.0 if self.train is None else max(0.0, float(self.loss.mean()) - self.train)

    def minus(self, other: Account) -> Account:
        """The account of a chain's remainder: what is left of this after ``other``, row by row."""
        return Account(
            self.base - other.base,
            self.loss - other.loss,
            None,
            self.converged and other.converged,
            max(self.missed, other.missed),
            self.labels,
            self.chosen,
            None if self.entropy is None or other.entropy is None else self.entropy - other.entropy,
        )


def target(y: np.ndarray, k: int, groups: Groups | None = None) -> Target:
    """Labels ``y [n]`` in 0..k-1 of rows in ``groups`` as what probes read."""
    return Target(y, k) if groups is None else Target(y, k, groups.half_a_group(y))


@dataclass(frozen=True)
class Entropy:
    """Which H(Y): ``"null"``, ``"plugin"``, or class probabilities in the order of the label values.

    ``"null"``: cross-entropy of the null probe, fitted to the same rows as the others and scored on the same.
    ``"plugin"``: of the frequencies among the scored rows. Probabilities: known exactly, and so is H(Y).
    """

    kind: str
    p: np.ndarray | None = None
    exact: float | None = None

    @classmethod
    def of(cls, prior: str, values: np.ndarray) -> Entropy:
        """From what a user passes; ``values`` are the label values that occur, sorted."""
        if isinstance(prior, str):
            if prior not in ("null", "plugin"):
                raise InputError(f"prior is {prior!r}, wanted 'null', 'plugin', or the classes' probabilities")
            return cls(prior)
        if isinstance(prior, Mapping):
            missing = [value for value in values.tolist() if value not in prior]
            if missing:
                raise InputError(f"prior has no probability for the label {missing[0]!r}: name every label that occurs")
            p, everything = np.array([prior[v] for v in values.tolist()], float), np.array([*prior.values()], float)
        else:
            try:
                p = everything = np.asarray(prior, float).reshape(-1)
            except (TypeError, ValueError) as reason:
                raise InputError("prior holds no numbers, wanted the classes' probabilities") from reason
            if len(p) != len(values):
                raise InputError(
                    f"prior has {len(p)} probabilities and {len(values)} labels occur, wanted one each: pass a "
                    "dictionary from label to probability if some do not occur"
                )
        if not (np.isfinite(everything).all() and (everything >= 0).all() and abs(everything.sum() - 1) < 1e-6):
            raise InputError("prior holds no probabilities, wanted numbers of at least 0 that sum to 1")
        if (p == 0).any():
            raise InputError(f"prior gives the label {values[p == 0].tolist()[0]!r} probability 0, and it occurs")
        return cls("given", p, shannon(everything))

    @property
    def words(self) -> str:
        return {"null": "of the null probe", "plugin": "of the scored labels", "given": "of the given prior"}[self.kind]

    def base(self, target: Target, split: ProbeSplit, scored: np.ndarray) -> np.ndarray:
        """ln p(class) ``[k]`` without the representation, for one split of the ``scored`` rows of all."""
        if self.kind == "null":
            return np.log(target.prior(split.known))
        if self.p is not None:
            return np.log(self.p)
        counts = np.bincount(target.y[scored], minlength=target.k)
        return np.log(np.maximum(counts, 1) / counts.sum())


def account(
    target: Target,
    splits: Sequence[ProbeSplit],
    readings: Sequence[Reading],
    entropy: Entropy,
    groups: np.ndarray | None = None,
    *,
    named: bool = False,
) -> Account:
    """The costs of every scored row, in the order of the rows.

    groups: the coarse class ``[k]`` of each class: what naming only that costs, its probability being the sum of those
    of its classes. named: also how well each row is named.
    """
    scored = np.concatenate([split.scored for split in splits])
    order = np.argsort(scored, kind="stable")
    to = np.arange(target.k) if groups is None else groups
    coarse = to[target.y]
    base, loss, missed, classes = [], [], 0, int(to.max()) + 1
    said = [added(reading.log_q, groups) for reading in readings]
    for split, log_q in zip(splits, said, strict=True):
        y, own = coarse[split.scored], np.arange(len(split.scored))
        base.append(-added(entropy.base(target, split, scored)[None], groups)[0, y])
        loss.append(-log_q[own, y])
        missed += int((np.bincount(coarse[split.known], minlength=classes)[y] == 0).sum())
    exact = entropy.exact
    if entropy.p is not None and groups is not None:
        exact = shannon(np.bincount(groups, entropy.p))
    return Account(
        np.concatenate(base)[order],
        np.concatenate(loss)[order],
        None if groups is not None else float(np.mean([reading.train for reading in readings])),
        all(reading.converged for reading in readings),
        missed / len(scored),
        coarse[np.sort(scored)],
        tuple(reading.chosen for reading in readings),
        exact,
        Named.of(coarse, classes, splits, said) if named else None,
        tuple(reading.columns for reading in readings) if any(reading.columns for reading in readings) else (),
        _flatter(target, splits) if groups is None and entropy.kind == "null" else 0.0,
    )


def _flatter(target: Target, splits: Sequence[ProbeSplit]) -> float:
    """What the null probe saves in nats by a temperature that is best on the validation rows."""
    saved, rows = 0.0, 0
    for split in splits:
        chosen = np.bincount(target.y[split.validation], minlength=target.k).astype(float)
        log_p = np.log(target.prior(split.known))
        own = target.y[split.scored]
        tempered = log_softmax(flatter(target.prior(split.train), chosen) * log_p)
        saved, rows = saved + float((tempered - log_p)[own].sum()), rows + len(own)
    return saved / rows


def added(log_p: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """ln of the probabilities ``[n, k]`` added up over the classes of each group."""
    if groups is None:
        return log_p
    parts = [np.logaddexp.reduce(log_p[:, groups == g], axis=1) for g in range(int(groups.max()) + 1)]
    return np.stack(parts, 1)


def shannon(p: np.ndarray) -> float:
    """Entropy of probabilities, in nats."""
    p = p[p > 0]
    return -float(p @ np.log(p))


def estimate(found: Account, quantity: Quantity, estimand: str, deal: Deal, gap: float | None = None) -> Usable:
    """The mean over rows with its interval, and whether to believe it.

    The interval is one for what probes read that are fitted to as many rows as these, over draws of the rows (of the
    groups, where there are any), fitted and scored: Student's t over scored rows or groups, with more variance by what
    a fit to other rows would change. That is at most (gap/2)², ``gap`` being what held-out rows cost more than fitted
    ones (None: as the account says), and at most the scored rows' variance times 1 + scored/fitted rows (Nadeau &
    Bengio 2003).
    """
    n, groups = len(found.loss), deal.scored
    h = float(found.base.mean()) if found.entropy is None else float(found.entropy)
    loss = float(found.loss.mean())
    value = h - loss
    refused, remarks = (None, ()) if groups is None else interval_doubts(groups, found.labels)
    spread = scatter(found.contributions, None if refused else groups)
    gap = found.gap if gap is None else gap
    refitted = min(gap * gap / 4, (1 + deal.share) * spread.variance)
    half = spread.half(refitted)
    more = 1 + refitted / spread.variance if 0 < spread.variance < np.inf else 1.0
    doubts = _doubts(found, value, spread.half(), n)
    if 0 < value - half <= found.flatter:
        flat = f"a null probe with a temperature saves {found.flatter:.3g} nats by itself: too few rows a class to tell"
        doubts.append(Doubt(Status.UNDERSAMPLED, flat))
    if refused:
        doubts.append(refused)
    given = None if refused else (value - half, value + half)
    usable = Usable(
        value, quantity, estimand, n, bound="lower", groups=None if groups is None else groups.count,
        pointwise=found.base - found.loss,
        probability=np.exp(np.minimum(-found.loss, 709.0)), entropy=h, loss=loss, chosen=found.chosen,
        labels=found.labels, naming=_naming(found, h, groups, bool(refused), more), wider=more, columns=found.columns,
    )  # fmt: skip
    usable = usable.within(given, FITTED_AND_SCORED.over(groups))
    return usable.doubted(*doubts, *map(remark, (*deal.notes, *_columns(found.columns))), *remarks)


def _columns(of_splits: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """Which columns the probes read, in words."""
    if of_splits:
        times = Counter(column for columns in of_splits for column in columns)
        ways = sorted(times.items(), key=lambda each: (-each[1], each[0]))
        said = [f"{column} ({count})" for column, count in ways[:NAMED]]
        more = f" and {len(ways) - NAMED} others" if len(ways) > NAMED else ""
        yield f"columns, and in how many of {len(of_splits)} splits: {', '.join(said)}{more}"


def _naming(found: Account, h: float, groups: Groups | None, refused: bool, more: float) -> Naming | None:
    """How well rows are named, intervals wider by fits to other rows as much as that of the mean is."""
    if found.named is None:
        return None
    base = found.base if found.entropy is None else np.full_like(found.base, h)
    return Naming.of(found.named, base - found.loss, base, h, groups, refused, more)


def chain(
    target: Target,
    deal: Deal,
    readings: Sequence[Reading],
    entropy: Entropy,
    groups: np.ndarray,
    quantities: tuple[Quantity, Quantity, Quantity],
    estimand: str,
    *,
    named: bool = False,
) -> list[Usable]:
    """Fine, coarse, and fine given coarse, from one fine probe; they add up for every row.

    groups: the coarse class ``[k]`` of each fine one, see :func:`groups_of`. named: as of :func:`account`.
    """
    fine = account(target, deal.splits, readings, entropy, named=named)
    coarse = account(target, deal.splits, readings, entropy, groups, named=named)
    estimand = f"{estimand}, coarse from fine probabilities"
    accounts = (fine, coarse, fine.minus(coarse))
    found = [estimate(one, name, estimand, deal, fine.gap) for one, name in zip(accounts, quantities, strict=True)]
    whole = found[0]
    if whole.status in (Status.UNDERSAMPLED, Status.NOT_CONVERGED):  # what is wrong with the probe is so with its parts
        found = [dataclasses.replace(one, doubts=(*whole.doubts, Doubt(one.status))) for one in found]
    return found


def groups_of(fine: np.ndarray, coarse: np.ndarray, k: int) -> np.ndarray:
    """The coarse class ``[k]`` of each fine one, -1 where no row says; both are labels ``[n]`` from 0 on.

    Raises
    ------
    InputError: coarse is no function of fine.
    """
    groups = np.full(k, -1)
    groups[fine] = coarse
    wrong = groups[fine] != coarse
    if wrong.any():
        raise InputError(
            f"coarse differs among rows of the same fine label ({int(wrong.sum())} rows), wanted a function of fine: "
            "use conditional_usable_information"
        )
    return groups


def nothing(
    n: int,
    quantity: Quantity,
    estimand: str,
    why: Doubt,
    entropy: float = 0.0,
    named: Named | None = None,
) -> Usable:
    """Zero without a fit: DEGENERATE because z or y is constant, or SATURATED because of :func:`alone`.

    named: how rows are named by who knows nothing of the representation, where that was asked.
    """
    naming = None if named is None else Naming.of(named, np.zeros(n), np.zeros(n), 0.0, None, True, 1.0)
    zero = Usable(
        0.0, quantity, estimand, n, bound="lower", pointwise=np.zeros(n), entropy=entropy, loss=entropy, naming=naming,
    )  # fmt: skip
    return zero.doubted(why)


def _doubts(found: Account, value: float, half: float, n: int) -> list[Doubt]:
    doubts, gap = [], found.gap
    if found.missed:
        status = Status.UNDERSAMPLED if found.missed > MISSED else Status.OK
        doubts.append(Doubt(status, f"{found.missed:.2g} of the scored rows have a class that no fitted row has"))
    if gap > max(value, half, GAP):
        by_heart = f"held-out rows cost {gap:.3g} nats more than fitted ones: the probes know their rows by heart"
        doubts.append(Doubt(Status.UNDERSAMPLED, by_heart))
    elif value + half < -GAP:
        worse = "worse than the null probe by more than chance: the fitted rows are unlike the scored ones"
        doubts.append(Doubt(Status.UNDERSAMPLED, worse))
    if not found.converged:
        doubts.append(STILL_IMPROVING)
    if found.labels is not None and (why := alone(found.labels)):
        doubts.append(Doubt(Status.SATURATED, why))
    return doubts
