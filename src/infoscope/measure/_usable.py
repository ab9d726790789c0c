"""From the readings of probes to usable information: which rows are whose, whose entropy, and what to believe."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure.probes._base import Reading, Split, Target

KIND, LEVEL = "rows, probes held fixed", 0.95
CEILING = 0.98  # of log n: from here on nearly every row is a class of its own
GAP = 0.02  # nats by which held-out rows may cost more than fitted ones, or than the null probe, whatever the value
MISSED = 0.01  # share of scored rows whose class no probe has seen
OWN_STREAM = 0x666F6C6473
LEAST_FOLDS = 3  # one is scored, one is chosen by, one is fitted to


@dataclass(frozen=True, slots=True)
class Usable(Estimate):
    """An estimate of usable information that keeps what it was made from.

    pointwise: what each scored row contributes, in nats ``[n]``, in the order of the rows: pointwise usable information
        (PVI of Ethayarajh et al. 2022). Its mean is the value, except with a given prior (see ``prior``).
    probability: what the probes give to each scored row's own label ``[n]``; a density for quantities.
    entropy, loss: H(Y) and the mean cross-entropy whose difference is the value.
    chosen: what the validation rows chose, for each split.
    """

    pointwise: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    probability: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    entropy: float = 0.0
    loss: float = 0.0
    chosen: tuple[str, ...] = ()

    def table(self, y: Any) -> dict[str, np.ndarray]:
        """Columns with a value for each scored row: its place, its label (out of ``y [n]``), and what was found."""
        labels = check.on_cpu(check.array(y, "y"))
        if len(labels) != len(self.pointwise):
            raise InputError(
                f"y has {len(labels)} rows and {len(self.pointwise)} were scored, wanted the labels of the scored rows"
            )
        flat = labels.reshape(len(labels), -1)
        named = {"label": flat[:, 0]} if flat.shape[1] == 1 else {f"label{i}": one for i, one in enumerate(flat.T)}
        found = {"usable_information": self.pointwise}
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
    share of rows whose class is among no fitted rows. labels_entropy: that of the scored labels as counted. entropy:
    H(Y) where it is known exactly; else it is the mean of ``base``.
    """

    base: np.ndarray
    loss: np.ndarray
    train: float | None
    converged: bool
    missed: float
    labels_entropy: float
    chosen: tuple[str, ...]
    entropy: float | None = None

    def minus(self, other: Account) -> Account:
        """The account of a chain's remainder: what is left of this after ``other``, row by row."""
        return Account(
            self.base - other.base,
            self.loss - other.loss,
            None,
            self.converged and other.converged,
            max(self.missed, other.missed),
            self.labels_entropy,
            self.chosen,
            None if self.entropy is None or other.entropy is None else self.entropy - other.entropy,
        )


def folds_of(n: int, folds: Any, seed: int) -> list[np.ndarray]:
    """Rows of each fold: dealt by ``seed`` when ``folds`` is a number, else those that ``folds [n]`` puts together."""
    if isinstance(folds, (int, np.integer)):
        count = check.count(int(folds), "folds", LEAST_FOLDS)
        if n < 2 * count:
            raise InputError(f"z has {n} rows, wanted at least {2 * count} for {count} folds: pass more samples")
        return [np.sort(rows) for rows in np.array_split(order_of(n, seed), count)]
    groups = check.labels(folds, n, "folds")
    count = int(groups.max()) + 1
    if count < LEAST_FOLDS:
        raise InputError(f"folds names {count} groups of rows, wanted at least {LEAST_FOLDS}")
    return [np.flatnonzero(groups == g) for g in range(count)]


def held_out(n: int, share: float, seed: int) -> list[Split]:
    """One split: ``share`` of ``n`` rows are scored, a fifth of the others is chosen by; ``seed`` deals the rows."""
    scored = round(share * n)
    validation = round((n - scored) / 5)
    if scored < 2 or validation < 1:
        raise InputError(f"{n} rows arrived, too few to score {share:g} of them and choose by a fifth of the others")
    order = order_of(n, seed)
    parts = np.split(order, [scored, scored + validation])
    return [Split(*(np.sort(rows) for rows in reversed(parts)))]


def order_of(n: int, seed: int) -> np.ndarray:
    """An order of ``n`` rows, drawn from a stream of its own: data are often drawn with the same ``seed``, and rows
    ordered by the very numbers that made them fall into folds that are unlike each other.
    """
    # Raw words, because NumPy keeps these the same over its versions and Generator.permutation not.
    stream = np.random.PCG64(np.random.SeedSequence([seed, OWN_STREAM]))
    return np.argsort(stream.random_raw(n), kind="stable")


def cross_fitted(folds: Sequence[np.ndarray]) -> list[Split]:
    """Each fold scored once, by a probe that chose on the next fold and was fitted to the others."""
    count = len(folds)
    return [
        Split(np.concatenate([folds[(i + j) % count] for j in range(2, count)]), folds[(i + 1) % count], folds[i])
        for i in range(count)
    ]


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
    def of(cls, prior: Any, values: np.ndarray) -> Entropy:
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
            p = everything = np.asarray(prior, float).reshape(-1)
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

    def base(self, target: Target, split: Split, scored: np.ndarray) -> np.ndarray:
        """ln p(class) ``[k]`` without the representation, for one split of the ``scored`` rows of all."""
        if self.kind == "null":
            return np.log(target.prior(split.known))
        if self.p is not None:
            return np.log(self.p)
        counts = np.bincount(target.y[scored], minlength=target.k)
        return np.log(np.maximum(counts, 1) / counts.sum())


def account(
    target: Target,
    splits: Sequence[Split],
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
        shannon(np.bincount(coarse[scored]) / len(scored)),
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


def estimate(found: Account, quantity: str, estimand: str, seconds: float) -> Usable:
    """The mean over rows with its interval, and whether to believe it."""
    n = len(found.loss)
    contributions = found.base - found.loss
    known = found.entropy is not None
    h = float(found.entropy) if found.entropy is not None else float(found.base.mean())
    loss = float(found.loss.mean())
    value = h - loss
    spread = float((-found.loss if known else contributions).std(ddof=1)) / math.sqrt(n)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread
    status, notes = _judged(found, value, half, n)
    return Usable(
        value, quantity, estimand, n, interval=(value - half, value + half), interval_kind=KIND, level=LEVEL,
        bound="lower", status=status, notes=notes, seconds=seconds, pointwise=contributions,
        probability=np.exp(-found.loss), entropy=h, loss=loss, chosen=found.chosen,
    )  # fmt: skip


def chain(
    target: Target,
    splits: Sequence[Split],
    readings: Sequence[Reading],
    entropy: Entropy,
    groups: np.ndarray,
    quantities: tuple[str, str, str],
    estimand: str,
) -> list[Usable]:
    """Fine, coarse, and fine given coarse, from one fine probe; they add up for every row.

    groups: the coarse class ``[k]`` of each fine one, see :func:`groups_of`.
    """
    fine = account(target, splits, readings, entropy)
    coarse = account(target, splits, readings, entropy, groups)
    estimand = f"{estimand}, coarse from fine probabilities"
    accounts = (fine, coarse, fine.minus(coarse))
    found = [estimate(one, name, estimand, 0.0) for one, name in zip(accounts, quantities, strict=True)]
    whole = found[0]
    if whole.status in (Status.UNDERSAMPLED, Status.NOT_CONVERGED):  # what is wrong with the probe is so with its parts
        found = [one if one.status is not Status.OK else dataclasses.replace(one, status=whole.status) for one in found]
        found = [dataclasses.replace(one, notes=whole.notes) for one in found]
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


def nothing(n: int, quantity: str, estimand: str, why: str, seconds: float, entropy: float = 0.0) -> Usable:
    """DEGENERATE: exactly zero, because z or y is constant."""
    return Usable(
        0.0, quantity, estimand, n, bound="lower", status=Status.DEGENERATE, notes=(why,), seconds=seconds,
        pointwise=np.zeros(n), entropy=entropy, loss=entropy,
    )  # fmt: skip


def _judged(found: Account, value: float, half: float, n: int) -> tuple[Status, tuple[str, ...]]:
    status, notes = Status.OK, []
    gap = 0.0 if found.train is None else float(found.loss.mean()) - found.train
    if found.missed:
        notes.append(f"{found.missed:.2g} of the scored rows have a class that no fitted row has")
    if found.missed > MISSED:
        status = Status.UNDERSAMPLED
    if gap > max(value, half, GAP):
        notes.append(f"held-out rows cost {gap:.3g} nats more than fitted ones: the probes know their rows by heart")
        status = Status.UNDERSAMPLED
    elif value + half < -GAP:
        notes.append("worse than the null probe by more than chance: the fitted rows are unlike the scored ones")
        status = Status.UNDERSAMPLED
    if not found.converged:
        notes.append("a probe was still improving when its iterations ran out")
        status = Status.NOT_CONVERGED
    if found.labels_entropy >= CEILING * math.log(n):
        notes.append(f"nearly every row is a class of its own: H(Y) is at its ceiling log n = {math.log(n):.4g} nats")
        status = Status.SATURATED
    return status, tuple(notes)
