"""From the readings of probes to usable information: which rows are whose, whose entropy, and what to believe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike, TensorMatrix
from infoscope.kernels import draws
from infoscope.measure.intervals.groups import LEAST, LEVEL, Groups, alike, interval_doubts, scatter, serial, too_narrow
from infoscope.measure.symbols import quantise
from infoscope.measure.symbols.labels import alone
from infoscope.measure.usable.readings import ProbeSplit, Reading, Target

GAP = 0.02  # nats by which held-out rows may cost more than fitted ones, or than the null probe, whatever the value
MISSED = 0.01  # share of scored rows whose class no probe has seen
STILL_IMPROVING = Doubt(Status.NOT_CONVERGED, "a probe was still improving when its iterations ran out")
LEAST_FOLDS = 3  # one is scored, one is chosen by, one is fitted to


@dataclass(frozen=True, slots=True)
class Usable(Estimate):
    """An estimate of usable information that keeps what it was made from.

    pointwise: what each scored row contributes, in nats ``[n]``, in the order of the rows: pointwise usable information
        (PVI of Ethayarajh et al. 2022). Its mean is the value, except with a given prior (see ``prior``).
    probability: what the probes give to each scored row's own label ``[n]``; a density for quantities.
    entropy, loss: H(Y) and the mean cross-entropy whose difference is the value.
    chosen: what the validation rows chose, for each split.
    labels: of the scored rows ``[n]``, numbered from 0; None for quantities.
    """

    pointwise: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    probability: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    entropy: float = 0.0
    loss: float = 0.0
    chosen: tuple[str, ...] = ()
    labels: np.ndarray | None = field(default=None, compare=False, repr=False)

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

    def plain(self) -> Estimate:
        """The estimate alone, as a row of a run keeps it."""
        return Estimate(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Estimate)})


@dataclass(frozen=True)
class Account:
    """Costs in nats of each scored row: ``base [n]`` without the representation, ``loss [n]`` with it.

    train: mean loss on fitted rows, less than the held-out one by the overfitting; None where nobody knows. missed:
    share of rows whose class is among no fitted rows. labels: of the scored rows ``[n]``; None for quantities. entropy:
    H(Y) where it is known exactly; else it is the mean of ``base``.
    """

    base: np.ndarray
    loss: np.ndarray
    train: float | None
    converged: bool
    missed: float
    labels: np.ndarray | None
    chosen: tuple[str, ...]
    entropy: float | None = None

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


@dataclass(frozen=True, eq=False)
class Deal:
    """Who is fitted to, who is chosen by and who is scored.

    splits: rows of each. protocol: how they were dealt, in words. groups: which of all rows belong together, where that
    was said; a group is on one side of every split. notes: what to know of an interval over them.
    """

    splits: list[ProbeSplit]
    protocol: str
    groups: Groups | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def share(self) -> float:
        """Scored rows for each row that a probe knows."""
        return sum(len(split.scored) for split in self.splits) / sum(len(split.known) for split in self.splits)

    @cached_property
    def scored(self) -> Groups | None:
        """The groups of the scored rows, in the order of the rows."""
        if self.groups is None:
            return None
        return self.groups.part(np.sort(np.concatenate([split.scored for split in self.splits])))


def dealt(n: int, folds: int, seed: int, groups: Groups | None = None) -> Deal:
    """Cross-fitting of ``n`` rows over the parts of :func:`folds_of`."""
    parts, notes = folds_of(n, folds, seed, groups), ()
    by = "" if groups is None else " by groups"
    if groups is None and not isinstance(folds, (int, np.integer)):  # rows that are to be scored together
        if len(parts) >= LEAST:
            groups = Groups(check.names(folds, n, "folds"))
        else:
            notes = (
                f"{len(parts)} folds say what is scored together, too few for an interval over them: pass groups=",
            )
    return Deal(cross_fitted(parts), f"{len(parts)}-fold cross-fitted{by}", groups, notes)


def folds_of(n: int, folds: int, seed: int, groups: Groups | None = None) -> list[np.ndarray]:
    """Rows of each fold: dealt by ``seed`` when ``folds`` is a number, ``groups`` whole; else as ``folds [n]`` says.

    Raises
    ------
    InputError: too few rows, groups or folds, or a group with rows in several of the folds that were said.
    """
    if isinstance(folds, (int, np.integer)):
        count = check.count(int(folds), "folds", LEAST_FOLDS)
        if n < 2 * count:
            raise InputError(f"z has {n} rows, wanted at least {2 * count} for {count} folds: pass more samples")
        if groups is not None and groups.count < n:
            return groups.deal(count, seed)
        return [np.sort(rows) for rows in np.array_split(draws.fold_order(n, seed), count)]
    parts = check.labels(folds, n, "folds")
    count = int(parts.max()) + 1
    if count < LEAST_FOLDS:
        raise InputError(f"folds names {count} parts of the rows, wanted at least {LEAST_FOLDS}")
    if groups is not None and (torn := groups.astride(parts)):
        raise InputError(
            f"{torn} groups have rows in several folds, wanted every group in one: pass folds as a number, which deals "
            "whole groups, or folds that keep them together"
        )
    return [np.flatnonzero(parts == part) for part in range(count)]


def held_out(n: int, share: float, seed: int, groups: Groups | None = None) -> Deal:
    """One split: ``share`` of ``n`` rows are scored, a fifth of the others is chosen by; ``seed`` deals the rows."""
    scored = round(share * n)
    validation = round((n - scored) / 5)
    if scored < 2 or validation < 1:
        raise InputError(f"{n} rows arrived, too few to score {share:g} of them and choose by a fifth of the others")
    if groups is None or groups.count == n:
        parts = [np.sort(rows) for rows in np.split(draws.fold_order(n, seed), [scored, scored + validation])]
    else:
        parts = groups.shares([scored, validation, n - scored - validation], seed)
    return Deal([ProbeSplit(*reversed(parts))], f"{len(parts[0])} rows held out", groups)


def among(n: int, folds: Any, fitted: Groups | None, scored: Groups | None, tested: int, seed: int) -> Deal:
    """``tested`` rows that come after ``n`` others are scored; the first of the others' folds is chosen by."""
    parts = folds_of(n, folds, seed, fitted)
    groups = None
    if fitted is not None and scored is not None:
        groups = Groups(np.concatenate([fitted.ids, scored.ids + fitted.count]))
    split = ProbeSplit(np.sort(np.concatenate(parts[1:])), parts[0], n + np.arange(tested))
    return Deal([split], f"{tested} test rows", groups)


def target(y: np.ndarray, k: int, groups: Groups | None = None) -> Target:
    """Labels ``y [n]`` in 0..k-1 of rows in ``groups`` as what probes read."""
    return Target(y, k) if groups is None else Target(y, k, groups.half_a_group(y))


def in_order(found: Usable) -> Usable:
    """``found``, with a note where rows that follow each other contribute alike, which nobody said.

    UNDERSAMPLED where that leaves less than 90 % of a 95 % interval.
    """
    r = serial(found.pointwise, found.labels)
    if r is None:
        return found
    narrow = too_narrow(r, found.pointwise, found.labels)
    return found.doubted(Doubt(Status.UNDERSAMPLED if narrow else Status.OK, alike(r)))


def copies_of(z: TensorMatrix, k: int) -> Groups | None:
    """Equal rows of ``z [n, d]`` as groups; None where no row is there twice, or where rows are symbols.

    With fewer than 10 different rows, or no more than twice as many as the ``k`` classes, they are an enumerated table,
    of which every line may well be on both sides of a split.
    """
    ids = quantise.group(quantise.exact_keys(check.on_cpu(z)))[0]
    groups = Groups(check.names(ids, len(ids), "z"))
    return groups if max(LEAST, 2 * k + 1) <= groups.count < len(ids) else None


def may_matter(copies: Groups, found: Sequence[Usable]) -> bool:
    """Whether copies could move an answer by a tenth of its interval, if each told all that its row can be worth."""
    share = float((copies.sizes[copies.ids] > 1).mean())
    return any(
        one.interval is None or share * max(one.entropy, 1.0) > 0.05 * (one.interval[1] - one.interval[0])
        for one in found
    )


def with_copies_together(copies: Groups, deal: Deal, fitted: int) -> Deal:
    """The same question with ``copies`` of a row on one side of every split, on as many folds; ``fitted`` rows come
    before those that are scored where these came apart."""
    several = len(deal.splits) > 1
    splits = cross_fitted(copies.deal(len(deal.splits) if several and len(deal.splits) <= LEAST else 5, 0))
    if not several:
        later = [(split, split.scored[split.scored >= fitted]) for split in splits]
        splits = [ProbeSplit(split.train, split.validation, rows) for split, rows in later if len(rows)]
    return Deal(splits, deal.protocol, copies, deal.notes)


def both(found: Any, beside: Any, copies: Groups) -> Any:
    """``found``, in which equal rows were dealt freely, held against ``beside``, in which they stay together.

    Its interval becomes one that holds both; UNRESOLVED where each answer lies outside the other's interval.
    """
    low, high = found.interval or (found.value, found.value)
    least, most = beside.interval or (beside.value, beside.value)
    note = (
        f"{len(copies.ids)} rows are {copies.count} different ones: {found.value:.4g} nats where equal rows are dealt "
        f"freely, {beside.value:.4g} nats where they stay together"
    )
    doubts = [remark(note)]
    if not (least <= found.value <= most or low <= beside.value <= high):
        say = "pass groups= if equal rows are copies of one sample, groups=np.arange(n) if they are symbols"
        doubts.append(Doubt(Status.UNRESOLVED, say))
    found = found.doubted(*doubts)
    if found.interval is None:  # nothing to widen
        return found
    return dataclasses.replace(
        found, interval=(min(low, least), max(high, most)), interval_kind="equal rows apart or together", level=LEVEL,
        resampled="rows",
    )  # fmt: skip


def cross_fitted(folds: Sequence[np.ndarray]) -> list[ProbeSplit]:
    """Each fold scored once, by a probe that chose on the next ones, a quarter of the rest, and was fitted to others.

    A quarter, because one of a hundred folds would be too few rows to choose by, and all of one group.
    """
    count = len(folds)
    choosing = max(1, round((count - 1) / 4))

    def after(i: int, first: int, last: int) -> np.ndarray:
        return np.concatenate([folds[(i + j) % count] for j in range(first, last)])

    return [ProbeSplit(after(i, 1 + choosing, count), after(i, 1, 1 + choosing), folds[i]) for i in range(count)]


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
) -> Account:
    """The costs of every scored row, in the order of the rows.

    groups: the coarse class ``[k]`` of each class: what naming only that costs, its probability being the sum of those
    of its classes.
    """
    scored = np.concatenate([split.scored for split in splits])
    order = np.argsort(scored, kind="stable")
    to = np.arange(target.k) if groups is None else groups
    coarse = to[target.y]
    base, loss, missed = [], [], 0
    for split, reading in zip(splits, readings, strict=True):
        y, own = coarse[split.scored], np.arange(len(split.scored))
        base.append(-added(entropy.base(target, split, scored)[None], groups)[0, y])
        loss.append(-added(reading.log_q, groups)[own, y])
        missed += int((np.bincount(coarse[split.known], minlength=int(to.max()) + 1)[y] == 0).sum())
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
    )


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
    half = spread.half(min(gap * gap / 4, (1 + deal.share) * spread.variance))
    doubts = _doubts(found, value, spread.half(), n)
    if refused:
        doubts.append(refused)
    given = None if refused else (value - half, value + half)
    drawn = "rows" if groups is None else "groups"
    usable = Usable(
        value, quantity, estimand, n, interval=given, interval_kind=None if refused else f"over draws of {drawn}",
        level=None if refused else LEVEL, bound="lower",
        resampled=None if refused else drawn,
        groups=None if groups is None else groups.count, pointwise=found.base - found.loss,
        probability=np.exp(np.minimum(-found.loss, 709.0)), entropy=h, loss=loss, chosen=found.chosen,
        labels=found.labels,
    )  # fmt: skip
    return usable.doubted(*doubts, *map(remark, deal.notes), *remarks)


def chain(
    target: Target,
    deal: Deal,
    readings: Sequence[Reading],
    entropy: Entropy,
    groups: np.ndarray,
    quantities: tuple[Quantity, Quantity, Quantity],
    estimand: str,
) -> list[Usable]:
    """Fine, coarse, and fine given coarse, from one fine probe; they add up for every row.

    groups: the coarse class ``[k]`` of each fine one, see :func:`groups_of`.
    """
    fine = account(target, deal.splits, readings, entropy)
    coarse = account(target, deal.splits, readings, entropy, groups)
    estimand = f"{estimand}, coarse from fine probabilities"
    accounts = (fine, coarse, fine.minus(coarse))
    found = [estimate(one, name, estimand, deal, fine.gap) for one, name in zip(accounts, quantities, strict=True)]
    whole = found[0]
    if whole.status in (Status.UNDERSAMPLED, Status.NOT_CONVERGED):  # what is wrong with the probe is so with its parts
        found = [dataclasses.replace(one, notes=whole.notes).doubted(Doubt(whole.status)) for one in found]
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
) -> Usable:
    """Zero without a fit: DEGENERATE because z or y is constant, or SATURATED because of :func:`alone`."""
    zero = Usable(
        0.0, quantity, estimand, n, bound="lower", pointwise=np.zeros(n), entropy=entropy, loss=entropy,
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
