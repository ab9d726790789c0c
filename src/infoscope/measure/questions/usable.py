"""Usable information: how much of a variable a family of readers can take out of a representation.

I_u(Z;Y) = H(Y) - mean -ln q(y|z) over rows that took no part in fitting q (Xu et al. 2020; Kleinman et al. 2021). In
expectation it is at most I(Z;Y), and short of it by the probes' mean Kullback-Leibler divergence from p(y|z), which is
why the value is declared a lower bound. It can be negative and is never clipped. Unlike I(Z;Y) it can grow from one
layer to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import USABLE_COARSE, USABLE_FINE, USABLE_INFORMATION, USABLE_REST, Quantity
from infoscope.core.shapes import ArrayLike, TensorMatrix
from infoscope.kernels import draws
from infoscope.measure.bases import probe as _base
from infoscope.measure.bases.answering import question
from infoscope.measure.bases.estimator import is_labels
from infoscope.measure.bases.probe import Probe
from infoscope.measure.intervals.groups import LEVEL, Groups, interval_doubts
from infoscope.measure.usable import accounts, regression_accounts
from infoscope.measure.usable.accounts import Deal, Entropy, Usable
from infoscope.measure.usable.readings import ProbeSplit, Reading, Target

DESCRIPTION = Quantity("L(Y|Z)", "nats", "Description length of the labels", "usable")
CHAIN = (
    USABLE_FINE.called("I_u(Z;fine)"),
    USABLE_COARSE.called("I_u(Z;coarse)"),
    USABLE_REST.called("I_u(Z;fine|coarse)"),
)
FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
LEAST_ROWS = 10  # coded before a first probe is fitted
LENGTH = DESCRIPTION
ONE_CLASS = "there is one class only"


@question
def usable_information(
    z: ArrayLike,
    y: ArrayLike,
    probe: str = "linear",
    *,
    z_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    target: Literal["labels", "quantities"] = "labels",
    prior: str = "null",
    folds: int = 5,
    groups: ArrayLike | None = None,
    groups_test: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> Usable:
    """I_u(Z;Y) in nats: what probes of one family can read of labels ``y [n]`` in the rows of ``z [n, d]``.

    probe: ``"linear"``, ``"mlp"``, ``"mlp3"``, ``"knn"``, ``"ladder"`` (the best of several on validation rows) or
        ``"prior"``; ``options`` are its options, e.g. ``weight_decay=0.01``.
    target: ``"labels"``: whole numbers or words, or ``"quantities"``: real numbers ``[n]`` or ``[n, e]``, of which a
        probe says a Gaussian around what it expects, fitted by least squares. Never guessed from y. H(Y) is then that
        of the Gaussian that ignores z, and the value of a linear-Gaussian pair is -ln(1 - R²)/2.
    z_test, y_test: rows to score; then a fifth of ``z`` is for validation and the rest is fitted to. Without them every
        row is scored once, by probes that never saw it (cross-fitting).
    prior: which H(Y). ``"null"``: the cross-entropy of the null probe. ``"plugin"``: of the frequencies among the
        scored labels. The classes' probabilities, in the order of the label values or as a dictionary from label to
        probability: where they are known.
    folds: how many, or the fold ``[n]`` of each row: rows of a fold are scored together. Ten folds and more, each
        said by name, count as groups where none are said.
    groups: which rows belong together, a name ``[n]`` a row (the text of a token, the film of a frame): a group is
        never on both sides of a split, and the interval counts it once. groups_test: the same of rows of ``z_test``.
    seed: deals rows or groups to folds and draws initial weights.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.

    The result has ``.pointwise [n]``, each row's contribution. Its 95 % interval is Student's t over rows, or over
    groups (the cluster-robust variance of Bell & McCaffrey 2002), wider by what probes fitted to other rows would read:
    it is one for what is read on average with as many rows, not with unlimited ones. Too few groups for that leave the
    value without an interval, UNDERSAMPLED. Without groups, rows of z that are there several times are also dealt
    together, and the interval holds both answers; UNRESOLVED where they disagree. Rows that follow each other and are
    alike (a time series) are told. Rows of z and y belong together in order; nothing can tell that they do not, except
    that the value is then about 0. If the network was trained on these rows the result describes what it memorised:
    pass others.

    Raises
    ------
    InputError: unusable data or options. UnknownNameError: no such probe or option.
    """
    check.paired(z=z, y=y, groups=groups)
    check.paired(z_test=z_test, y_test=y_test, groups_test=groups_test)
    if check.choice(target, ("labels", "quantities"), "target") == "quantities":
        if not isinstance(prior, str) or prior != "null":
            raise InputError(f"prior is {prior!r}, wanted 'null' for quantities: H(Y) is that of a Gaussian")
        rows = _DealtRows.of(z, z_test, y_test, folds, groups, groups_test, seed)
        return _about_quantities(rows, y, y_test, seed, grammar.make("probes", probe, **options))
    labelled = _LabelledRows.checked(z, y, z_test, y_test, prior, folds, groups, groups_test, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    quantity, estimand = USABLE_INFORMATION, labelled.estimand(reader)
    if labelled.constant:
        return labelled.nothing(quantity, estimand)

    def of(deal: Deal) -> Usable:
        account = accounts.account(labelled.target, deal.splits, labelled.read(reader, deal), labelled.entropy)
        return accounts.estimate(account, quantity, estimand, deal)

    found = labelled.doubted([of(labelled.deal)], lambda deal: [of(deal)])
    return found[0]


@question
def conditional_usable_information(
    z: ArrayLike,
    y: ArrayLike,
    given: ArrayLike,
    probe: str = "linear",
    *,
    folds: int = 5,
    groups: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> Usable:
    """I_u(Z;Y|W) in nats: how much better probes read ``y [n]`` from ``z`` and W together than from W alone.

    given: W, labels ``[n]`` (read as one-hot rows) or rows ``[n, e]``, such as the layer before. For coarse labels of
    which ``y`` is a refinement use :func:`usable_chain`, which needs one probe and adds up exactly.

    A difference of two cross-entropies is a bound in neither direction: probes that read W badly make it too large.
    Other arguments, result and errors as in :func:`usable_information`.
    """
    import torch

    check.paired(z=z, y=y, given=given, groups=groups)
    labelled = _LabelledRows.checked(z, y, None, None, "null", folds, groups, None, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    w = _columns(given, labelled.z)
    quantity, target = USABLE_INFORMATION.called("I_u(Z;Y|W)"), labelled.target
    estimand = f"usable by {reader.words}, cross-entropy given W less that given W and Z, {labelled.deal.protocol}"
    if labelled.constant:
        return labelled.nothing(quantity, estimand)
    together = torch.cat([w, labelled.z.double()], 1)

    def of(deal: Deal) -> Usable:
        alone, both = (
            accounts.account(
                target, deal.splits, reader.read(rows[None], [target], deal.splits, seed)[0][0], labelled.entropy
            )
            for rows in (w, together)
        )
        # A row contributes what Z saves beyond W, so W's cost stands where H(Y) does.
        saved = replace(both, base=alone.loss, converged=alone.converged and both.converged)
        gap = max(alone.gap, both.gap)
        return replace(accounts.estimate(saved, quantity, estimand, deal, gap), bound="none")

    found = replace(labelled, z=together).doubted([of(labelled.deal)], lambda deal: [of(deal)])
    return found[0]


class Chain(NamedTuple):
    """I_u(Z;fine) = I_u(Z;coarse) + I_u(Z;fine|coarse), for every row and in the mean, from one probe."""

    fine: Usable
    coarse: Usable
    fine_given_coarse: Usable


@question
def usable_chain(
    z: ArrayLike,
    fine: ArrayLike,
    coarse: ArrayLike,
    probe: str = "linear",
    *,
    z_test: ArrayLike | None = None,
    fine_test: ArrayLike | None = None,
    prior: str = "null",
    folds: int = 5,
    groups: ArrayLike | None = None,
    groups_test: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> Chain:
    """What probes read of ``fine [n]`` labels, split into what they say of the ``coarse [n]`` ones and the rest.

    coarse must be a function of fine. The coarse probabilities are sums of the fine ones, so the two parts add up
    exactly (-ln q(fine|z) = -ln q(coarse|z) - ln q(fine|coarse,z)); a probe fitted to the coarse labels alone would
    give a slightly different coarse part. ``prior`` is that of the fine labels; other arguments and errors as in
    :func:`usable_information`.
    """
    check.paired(z=z, fine=fine, coarse=coarse, groups=groups)
    check.paired(z_test=z_test, fine_test=fine_test, groups_test=groups_test)
    labelled = _LabelledRows.checked(z, fine, z_test, fine_test, prior, folds, groups, groups_test, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    of_fine = _coarse_of_fine(labelled, check.labels(coarse, labelled.fitted, "coarse"))
    estimand = labelled.estimand(reader)
    names = CHAIN
    if labelled.constant:
        return Chain(*(labelled.nothing(name, estimand) for name in names))

    def of(deal: Deal) -> list[Usable]:
        readings = labelled.read(reader, deal)
        return accounts.chain(labelled.target, deal, readings, labelled.entropy, of_fine, names, estimand)

    found = labelled.doubted(of(labelled.deal), of)
    return Chain(*found)


@dataclass(frozen=True, slots=True)
class DescriptionLength(Estimate):
    """The length of an online code, and what the curve of losses behind it says.

    uniform: the length in nats if every label cost ln k. blocks: for each block of rows, how many rows the probe that
    coded it knew, how many were coded, and at how many nats in all; the first block is coded uniformly.
    """

    uniform: float = 0.0
    blocks: tuple[tuple[int, int, float], ...] = ()

    @property
    def compression(self) -> float:
        """How many times shorter than the uniform code (Voita & Titov 2020)."""
        return self.uniform / self.value

    def surplus(self, epsilon: float) -> float:
        """Surplus description length in nats: what the code costs beyond ``epsilon`` nats a label (Whitney et al. 2020,
        eq. 4), summed over the exact blocks. ``epsilon`` is to be above the least loss the family can reach.
        """
        check.positive(epsilon, "epsilon")
        return sum(max(nats - epsilon * coded, 0.0) for _, coded, nats in self.blocks)

    def sample_complexity(self, epsilon: float) -> int | None:
        """The fewest rows after which a probe of this code cost at most ``epsilon`` nats a label; None if none did."""
        check.positive(epsilon, "epsilon")
        return min((known for known, coded, nats in self.blocks if nats <= epsilon * coded), default=None)


@question
def description_length(
    z: ArrayLike,
    y: ArrayLike,
    probe: str = "linear",
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> DescriptionLength:
    """Nats to send labels ``y [n]`` to someone who has the rows of ``z [n, d]``, by an online (prequential) code.

    The first rows cost ln k each; then a probe fitted to all rows sent so far codes the next block, at .1, .2, .4, .8,
    1.6, 3.2, 6.25, 12.5, 25 and 50 % of the rows (Voita & Titov 2020). What a probe chooses, it chooses on rows already
    sent. ``seed`` decides the order of the rows; the length depends on it, so report several. ``groups`` of rows that
    belong together are sent whole, so that no block is coded by a probe that knows a part of it. The length is an upper
    bound on n H(Y|Z) in expectation. Other arguments and errors as in :func:`usable_information`.
    """
    check.paired(z=z, y=y, groups=groups)
    labelled = _LabelledRows.checked(z, y, None, None, "null", 5, groups, None, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    n, k = labelled.scored, labelled.target.k
    if k == 1 or labelled.alone:
        why = Doubt(Status.DEGENERATE, ONE_CLASS) if k == 1 else Doubt(Status.SATURATED, labelled.alone)
        estimand, uniform = f"online code of {reader.words} in the order of seed {seed}", n * float(np.log(k))
        return DescriptionLength(uniform, LENGTH, estimand, n, uniform=uniform).doubted(why)
    found = _code(labelled, reader, labelled.deal.groups)
    if labelled.deal.groups is None and (copies := accounts.copies_of(labelled.z, labelled.target.k)):
        found = accounts.both(found, _code(labelled, reader, copies), copies)
    return found


def _code(labelled: _LabelledRows, reader: Probe, groups: Groups | None) -> DescriptionLength:
    """The code that sends ``groups`` whole."""
    n, target = labelled.scored, labelled.target
    order, ends = _blocks(n, groups, labelled.seed)
    cuts = [end for end in ends if end < n]
    splits = []
    for known, end in zip(cuts, [*cuts[1:], n][: len(cuts)], strict=True):
        choosing = _chosen_by(order[:known], groups)
        splits.append(ProbeSplit(order[:known][~choosing], order[:known][choosing], order[known:end]))
    by = "" if groups is None else ", groups whole"
    estimand = f"online code of {reader.words}, {len(splits)} blocks in the order of seed {labelled.seed}{by}"
    readings = reader.read(labelled.z[None], [target], splits, labelled.seed)[0][0] if splits else []
    first = cuts[0] if cuts else n
    blocks, variance, converged = [(0, first, first * float(np.log(target.k)))], 0.0, True
    for split, reading in zip(splits, readings, strict=True):
        cost = -reading.log_q[np.arange(len(split.scored)), target.y[split.scored]]
        blocks.append((len(split.known), len(cost), float(cost.sum())))
        deviation = cost - cost.mean()
        if groups is not None:
            deviation = np.bincount(groups.ids[split.scored], deviation)
        variance += float(deviation @ deviation)
        converged &= reading.converged
    value = sum(nats for *_, nats in blocks)
    half = 1.96 * float(np.sqrt(variance))
    refused = None if groups is None else interval_doubts(groups, target.y).refused
    if not refused and n - first < LEAST_ROWS:
        few = f"{n - first} rows were coded by a probe, too few to say how well it codes: pass more samples"
        refused = Doubt(Status.UNDERSAMPLED, few)
    doubts = [*([] if converged else [accounts.STILL_IMPROVING]), *([refused] if refused else [])]
    length = DescriptionLength(
        value, LENGTH, estimand, n, interval=None if refused else (value - half, value + half),
        interval_kind=None if refused else "probes held fixed", level=None if refused else LEVEL, bound="upper",
        resampled=None if refused else "rows" if groups is None else "groups",
        groups=None if groups is None else groups.count, uniform=n * float(np.log(target.k)), blocks=tuple(blocks),
    )  # fmt: skip
    return length.doubted(*doubts)


def _blocks(n: int, groups: Groups | None, seed: int) -> tuple[np.ndarray, list[int]]:
    """The order in which ``n`` rows are sent, groups whole, and where blocks end."""
    wanted = [max(LEAST_ROWS, round(fraction * n)) for fraction in FRACTIONS]
    if groups is None:
        return draws.fold_order(n, seed), sorted(set(wanted))
    place = np.empty(groups.count, np.int64)
    place[draws.fold_order(groups.count, seed)] = np.arange(groups.count)
    order = np.argsort(place[groups.ids], kind="stable")
    whole = np.cumsum(groups.sizes[np.argsort(place)])  # rows sent after each group
    ends = {int(whole[np.searchsorted(whole, end)]) for end in wanted if end <= n}
    # A probe chooses by a group of its own, so two must have been sent.
    return order, sorted(end for end in ends | {n} if end >= whole[min(1, len(whole) - 1)])


def _chosen_by(sent: np.ndarray, groups: Groups | None) -> np.ndarray:
    """Which of the rows ``sent`` are chosen by: every fifth, or about a fifth in whole groups, the last ones sent."""
    if groups is None:
        return np.arange(len(sent)) % 5 == 4
    of = check.names(groups.ids[sent], len(sent))
    return of >= of.max() + 1 - max(1, round((of.max() + 1) / 5))


@dataclass(frozen=True)
class _DealtRows:
    """Checked rows as a tensor ``z [n, d]`` (test rows after the others) and who scores what.

    fitted: rows that came as ``z``; scored: rows that get a score.
    """

    z: Any
    deal: Deal
    fitted: int
    scored: int

    @classmethod
    def of(
        cls,
        z: ArrayLike,
        z_test: ArrayLike | None,
        y_test: ArrayLike | None,
        folds: int,
        groups: ArrayLike | None,
        groups_test: ArrayLike | None,
        seed: int,
    ) -> _DealtRows:
        seed = check.count(seed, "seed", 0)
        if z_test is None:
            z = check.representation(z, "z")
        else:
            z, z_test = check.alike(z, z_test, ("z", "z_test"))
            check.resolved(z_test, "z_test")
        check.resolved(z, "z")
        n = len(z)
        if (z_test is None) != (y_test is None):
            raise InputError("one of z_test and y_test arrived without the other, wanted both or neither")
        if z_test is None:
            if groups_test is not None:
                raise InputError("groups_test arrived without z_test, wanted both: pass groups for the rows of z")
            together = None if groups is None else Groups.of(groups, n)
            return cls(_base.tensor(z), accounts.dealt(n, folds, seed, together), n, n)
        if z_test.shape[1] != z.shape[1]:
            raise InputError(
                f"z has {z.shape[1]} columns and z_test {z_test.shape[1]}, wanted the same features in both"
            )
        tested = len(z_test)
        together, scored = _both_groups(groups, groups_test, n, tested)
        deal = accounts.among(n, folds, together, scored, tested, seed)
        return cls(_stacked(_base.tensor(z), _base.tensor(z_test)), deal, n, tested)

    @property
    def classes(self) -> int:
        """How many classes the target has; 0 for quantities."""
        return 0

    def doubted(self, found: list[Usable], of: Callable[[Deal], list[Usable]]) -> list[Usable]:
        """What ``of`` gave for this deal, with what nobody said of the rows: equal ones, and ones that follow each
        other."""
        if self.deal.groups is not None:
            return found
        found = [accounts.in_order(one) for one in found]
        copies = accounts.copies_of(self.z, self.classes)
        if copies is None or not accounts.may_matter(copies, found):
            return found
        beside = of(accounts.with_copies_together(copies, self.deal, self.fitted))
        return [accounts.both(one, other, copies) for one, other in zip(found, beside, strict=True)]


def _both_groups(
    groups: ArrayLike | None, groups_test: ArrayLike | None, n: int, tested: int
) -> tuple[Groups | None, Groups | None]:
    """The groups of rows to fit to and of rows to score, none of which is in both."""
    if (groups is None) != (groups_test is None):
        raise InputError(
            "one of groups and groups_test arrived without the other, wanted both (of the rows of z and of z_test) or "
            "neither"
        )
    if groups is None:
        return None, None
    names = [check.on_cpu(check.array(one, what)) for one, what in ((groups, "groups"), (groups_test, "groups_test"))]
    found = Groups.of(names[0], n), Groups.of(names[1], tested, "groups_test")
    if astride := len(np.intersect1d(names[0], names[1])):
        raise InputError(
            f"{astride} groups are in groups and in groups_test, wanted every group on one side: what is fitted to and "
            "what is scored would not be independent"
        )
    return found


def _about_quantities(rows: _DealtRows, y: ArrayLike, y_test: ArrayLike | None, seed: int, reader: Probe) -> Usable:
    values = regression_accounts.quantities(y, rows.fitted)
    if y_test is not None:
        test = regression_accounts.quantities(y_test, rows.scored, "y_test")
        if test.shape[1] != values.shape[1]:
            raise InputError(f"y has {values.shape[1]} columns and y_test {test.shape[1]}, wanted the same in both")
        values = np.concatenate([values, test])
    quantity = USABLE_INFORMATION
    estimand = f"usable by {reader.words_of_means}, H(Y) of the null Gaussian, {rows.deal.protocol}"
    why = "y is constant" if (values == values[0]).all() else "z is constant"
    if why == "y is constant" or not bool((rows.z != rows.z[0]).any()):
        return accounts.nothing(rows.scored, quantity, estimand, Doubt(Status.DEGENERATE, why))

    def of(deal: Deal) -> list[Usable]:
        found = regression_accounts.read(reader.expect, rows.z, values, deal.splits, seed)
        estimate = accounts.estimate(found.account, quantity, estimand, deal)
        if not found.exact:
            return [estimate]
        note = "a probe names y to within rounding: of real numbers that is infinitely much information"
        return [estimate.doubted(Doubt(Status.SATURATED, note))]

    return rows.doubted(of(rows.deal), of)[0]


@dataclass(frozen=True)
class _LabelledRows(_DealtRows):
    """The same with labels as the target, and which H(Y)."""

    target: Target
    entropy: Entropy
    seed: int

    @classmethod
    def checked(
        cls,
        z: ArrayLike,
        y: ArrayLike,
        z_test: ArrayLike | None,
        y_test: ArrayLike | None,
        prior: str,
        folds: int,
        groups: ArrayLike | None,
        groups_test: ArrayLike | None,
        seed: int,
    ) -> _LabelledRows:
        rows = _DealtRows.of(z, z_test, y_test, folds, groups, groups_test, seed)
        raw = _labels(y, rows.fitted, "y")
        if y_test is not None:
            test = _labels(y_test, rows.scored, "y_test")
            if (raw.dtype.kind in "US") != (test.dtype.kind in "US"):
                raise InputError(f"y has dtype {raw.dtype} and y_test {test.dtype}, wanted the same labels in both")
            raw = np.concatenate([raw, test])
        values, numbered = np.unique(raw, return_inverse=True)
        target = accounts.target(numbered.reshape(-1), len(values), rows.deal.groups)
        return cls(rows.z, rows.deal, rows.fitted, rows.scored, target, Entropy.of(prior, values), seed)

    @property
    def classes(self) -> int:
        return self.target.k

    def estimand(self, reader: Probe) -> str:
        return f"usable by {reader.words}, H(Y) {self.entropy.words}, {self.deal.protocol}"

    @property
    def constant(self) -> str:
        """Why the answer is zero for a trivial reason; empty where it is not."""
        if self.target.k == 1:
            return ONE_CLASS
        return self.alone if bool((self.z != self.z[0]).any()) else "z is constant"

    @property
    def alone(self) -> str:
        """Whether nearly every row that is fitted to is a class of its own, in words; empty where it is not."""
        return accounts.alone(self.target.y[: self.fitted])

    def read(self, reader: Probe, deal: Deal) -> list[Reading]:
        """One reading for each split."""
        return reader.read(self.z[None], [self.target], deal.splits, self.seed)[0][0]

    def nothing(self, quantity: Quantity, estimand: str) -> Usable:
        why = self.constant
        status = Status.SATURATED if why == self.alone else Status.DEGENERATE
        return accounts.nothing(self.scored, quantity, estimand, Doubt(status, why))


def _labels(y: ArrayLike, n: int, name: str) -> np.ndarray:
    """Labels as they came, one a row, checked."""
    check.labels(y, n, name, instead='pass target="quantities" to read quantities')
    y = check.array(y, name)
    return check.on_cpu(y).reshape(-1)


def _stacked(z: Any, more: Any) -> Any:
    import torch

    both = torch.promote_types(z.dtype, more.dtype)
    return torch.cat([z.to(both), more.to(z.device, both)])


def _columns(given: ArrayLike, like: TensorMatrix) -> Any:
    """What is given, as rows beside ``like [n, d]``: labels become one-hot."""
    import torch

    n = len(like)
    if is_labels(given, "given"):
        labels = check.labels(given, n, "given")
        table = np.eye(int(labels.max()) + 1)[labels]
    else:
        table = check.representation(given, "given")
        if len(table) != n:
            raise InputError(
                f"z has {n} rows and given has {len(table)}, wanted as many: pass the same samples to both"
            )
    return torch.as_tensor(_base.tensor(table)).to(like.device, torch.float64)


def _coarse_of_fine(labelled: _LabelledRows, coarse: np.ndarray) -> np.ndarray:
    """The coarse class ``[k]`` of each fine one."""
    groups = accounts.groups_of(labelled.target.y[: labelled.fitted], coarse, labelled.target.k)
    if (groups < 0).any():
        raise InputError(
            "fine_test has a label that fine does not have, so nothing says which coarse one it belongs to"
        )
    p = labelled.entropy.p
    if p is not None and abs(float(p.sum()) - 1) > 1e-6:
        raise InputError("prior names fine labels that do not occur, wanted only those whose coarse label is known")
    return groups
