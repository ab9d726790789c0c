"""Usable information: how much of a variable a family of readers can take out of a representation.

I_u(Z;Y) = H(Y) - mean -ln q(y|z) over rows that took no part in fitting q (Xu et al. 2020; Kleinman et al. 2021). In
expectation it is at most I(Z;Y), and short of it by the probes' mean Kullback-Leibler divergence from p(y|z), which is
why the value is declared a lower bound. It can be negative and is never clipped. Unlike I(Z;Y) it can grow from one
layer to the next.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure import _usable, _usable_regression
from infoscope.measure._usable import Entropy, Usable
from infoscope.measure.estimators._base import is_labels
from infoscope.measure.probes import _base
from infoscope.measure.probes._base import Probe, Reading, Split, Target

FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
LEAST_ROWS = 10  # coded before a first probe is fitted


def usable_information(
    z: Any,
    y: Any,
    probe: str = "linear",
    *,
    z_test: Any = None,
    y_test: Any = None,
    target: Literal["labels", "quantities"] = "labels",
    prior: Any = "null",
    folds: Any = 5,
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
    folds: how many, or a group ``[n]`` for each row: rows of a group are always scored together. seed: deals rows to
        folds and draws initial weights.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.

    The result has ``.pointwise [n]``, each row's contribution. Its interval is Student's t over rows: it holds the
    probes fixed. Rows of z and y belong together in order; nothing can tell that they do not, except that the value is
    then about 0. If the network was trained on these rows the result describes what it memorised: pass others.

    Raises
    ------
    InputError: unusable data or options. UnknownNameError: no such probe or option.
    """
    start = time.perf_counter()
    if check.choice(target, ("labels", "quantities"), "target") == "quantities":
        if not isinstance(prior, str) or prior != "null":
            raise InputError(f"prior is {prior!r}, wanted 'null' for quantities: H(Y) is that of a Gaussian")
        return _given(_about_quantities(z, y, z_test, y_test, folds, seed, _base.make(probe, **options), start), strict)
    problem = _Problem.labelled(z, y, z_test, y_test, prior, folds, seed)
    reader = _base.make(probe, **options)
    quantity, estimand = "I_u(Z;Y)", problem.estimand(reader)
    if problem.constant:
        return _given(problem.nothing(quantity, estimand, time.perf_counter() - start), strict)
    account = _usable.account(problem.target, problem.splits, problem.read(reader), problem.entropy)
    return _given(_usable.estimate(account, quantity, estimand, time.perf_counter() - start), strict)


def conditional_usable_information(
    z: Any,
    y: Any,
    given: Any,
    probe: str = "linear",
    *,
    folds: Any = 5,
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

    start = time.perf_counter()
    problem = _Problem.labelled(z, y, None, None, "null", folds, seed)
    reader = _base.make(probe, **options)
    w = _columns(given, problem.z)
    quantity, target, splits = "I_u(Z;Y|W)", problem.target, problem.splits
    estimand = f"usable by {reader.words}, cross-entropy given W less that given W and Z, {problem.protocol}"
    if problem.constant:
        return _given(problem.nothing(quantity, estimand, time.perf_counter() - start), strict)
    alone, both = (
        _usable.account(target, splits, reader.read(rows[None], [target], splits, seed)[0][0], problem.entropy)
        for rows in (w, torch.cat([w, problem.z.double()], 1))
    )
    # A row contributes what Z saves beyond W, so W's cost stands where H(Y) does.
    saved = replace(both, base=alone.loss, converged=alone.converged and both.converged)
    found = _usable.estimate(saved, quantity, estimand, time.perf_counter() - start)
    return _given(replace(found, bound="none"), strict)


class Chain(NamedTuple):
    """I_u(Z;fine) = I_u(Z;coarse) + I_u(Z;fine|coarse), for every row and in the mean, from one probe."""

    fine: Usable
    coarse: Usable
    fine_given_coarse: Usable


def usable_chain(
    z: Any,
    fine: Any,
    coarse: Any,
    probe: str = "linear",
    *,
    z_test: Any = None,
    fine_test: Any = None,
    prior: Any = "null",
    folds: Any = 5,
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
    start = time.perf_counter()
    problem = _Problem.labelled(z, fine, z_test, fine_test, prior, folds, seed)
    reader = _base.make(probe, **options)
    groups = _groups(problem, check.labels(coarse, problem.fitted, "coarse"))
    estimand = problem.estimand(reader)
    names = ("I_u(Z;fine)", "I_u(Z;coarse)", "I_u(Z;fine|coarse)")
    if problem.constant:
        seconds = time.perf_counter() - start
        return Chain(*(_given(problem.nothing(name, estimand, seconds), strict) for name in names))
    readings = problem.read(reader)
    found = _usable.chain(problem.target, problem.splits, readings, problem.entropy, groups, names, estimand)
    seconds = time.perf_counter() - start
    found = [replace(one, seconds=seconds) for one in found]
    return Chain(*(_given(one, strict) for one in found))


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


def description_length(
    z: Any, y: Any, probe: str = "linear", *, seed: int = 0, strict: bool = False, **options: Any
) -> DescriptionLength:
    """Nats to send labels ``y [n]`` to someone who has the rows of ``z [n, d]``, by an online (prequential) code.

    The first rows cost ln k each; then a probe fitted to all rows sent so far codes the next block, at .1, .2, .4, .8,
    1.6, 3.2, 6.25, 12.5, 25 and 50 % of the rows (Voita & Titov 2020). What a probe chooses, it chooses on rows already
    sent. ``seed`` decides the order of the rows; the length depends on it, so report several. The length is an upper
    bound on n H(Y|Z) in expectation. Other arguments and errors as in :func:`usable_information`.
    """
    start = time.perf_counter()
    problem = _Problem.labelled(z, y, None, None, "null", 5, seed)
    reader = _base.make(probe, **options)
    n, target = problem.scored, problem.target
    order = _usable.order_of(n, seed)
    ends = sorted({max(LEAST_ROWS, round(fraction * n)) for fraction in FRACTIONS})
    cuts = [end for end in ends if end < n]
    splits = []
    for known, end in zip(cuts, [*cuts[1:], n], strict=True):
        sent = np.arange(known)
        choosing = sent % 5 == 4
        splits.append(Split(order[:known][~choosing], order[:known][choosing], order[known:end]))
    estimand = f"online code of {reader.words}, {len(splits)} blocks in the order of seed {seed}"
    uniform = n * float(np.log(target.k))
    quantity = "L(Y|Z)"
    if target.k == 1:
        why, seconds = problem.constant, time.perf_counter() - start
        return _given(
            DescriptionLength(0.0, quantity, estimand, n, status=Status.DEGENERATE, notes=(why,), seconds=seconds),
            strict,
        )
    readings = reader.read(problem.z[None], [target], splits, problem.seed)[0][0]
    first = cuts[0] if cuts else n
    blocks, variance, converged = [(0, first, first * float(np.log(target.k)))], 0.0, True
    for split, reading in zip(splits, readings, strict=True):
        cost = -reading.log_q[np.arange(len(split.scored)), target.y[split.scored]]
        blocks.append((len(split.known), len(cost), float(cost.sum())))
        variance += float(((cost - cost.mean()) ** 2).sum())
        converged &= reading.converged
    value = sum(nats for *_, nats in blocks)
    half = 1.96 * float(np.sqrt(variance))
    notes = () if converged else ("a probe was still improving when its iterations ran out",)
    found = DescriptionLength(
        value, quantity, estimand, n, interval=(value - half, value + half), interval_kind=_usable.KIND,
        level=_usable.LEVEL, bound="upper", status=Status.OK if converged else Status.NOT_CONVERGED, notes=notes,
        seconds=time.perf_counter() - start, uniform=uniform, blocks=tuple(blocks),
    )  # fmt: skip
    return _given(found, strict)


@dataclass(frozen=True)
class _Rows:
    """Checked rows as a tensor ``z [n, d]`` (test rows after the others) and who scores what.

    fitted: rows that came as ``z``; scored: rows that get a score.
    """

    z: Any
    splits: list[Split]
    protocol: str
    fitted: int
    scored: int

    @classmethod
    def of(cls, z: Any, z_test: Any, y_test: Any, folds: Any, seed: int) -> _Rows:
        z = check.representation(z, "z")
        n = len(z)
        if (z_test is None) != (y_test is None):
            raise InputError("one of z_test and y_test arrived without the other, wanted both or neither")
        parts = _usable.folds_of(n, folds, seed)
        if z_test is None:
            return cls(_base.tensor(z), _usable.cross_fitted(parts), f"{len(parts)}-fold cross-fitted", n, n)
        z_test = check.representation(z_test, "z_test")
        if z_test.shape[1] != z.shape[1]:
            raise InputError(
                f"z has {z.shape[1]} columns and z_test {z_test.shape[1]}, wanted the same features in both"
            )
        scored = len(z_test)
        splits = [Split(np.sort(np.concatenate(parts[1:])), parts[0], n + np.arange(scored))]
        both = _stacked(_base.tensor(z), _base.tensor(z_test))
        return cls(both, splits, f"{scored} test rows", n, scored)


def _about_quantities(
    z: Any, y: Any, z_test: Any, y_test: Any, folds: Any, seed: int, reader: Probe, start: float
) -> Usable:
    rows = _Rows.of(z, z_test, y_test, folds, check.count(seed, "seed", 0))
    values = _usable_regression.quantities(y, rows.fitted)
    if y_test is not None:
        test = _usable_regression.quantities(y_test, rows.scored, "y_test")
        if test.shape[1] != values.shape[1]:
            raise InputError(f"y has {values.shape[1]} columns and y_test {test.shape[1]}, wanted the same in both")
        values = np.concatenate([values, test])
    quantity = "I_u(Z;Y)"
    estimand = f"usable by {reader.words_of_means}, H(Y) of the null Gaussian, {rows.protocol}"
    why = "y is constant" if (values == values[0]).all() else "z is constant"
    if why == "y is constant" or not bool((rows.z != rows.z[0]).any()):
        return _usable.nothing(rows.scored, quantity, estimand, why, time.perf_counter() - start)
    found = _usable_regression.read(reader, rows.z, values, rows.splits, seed)
    estimate = _usable.estimate(found.account, quantity, estimand, time.perf_counter() - start)
    if not found.exact:
        return estimate
    note = "a probe names y to within rounding: of real numbers that is infinitely much information"
    return replace(estimate, status=Status.SATURATED, notes=(*estimate.notes, note))


@dataclass(frozen=True)
class _Problem(_Rows):
    """The same with labels as the target, and which H(Y)."""

    target: Target
    entropy: Entropy
    seed: int

    @classmethod
    def labelled(cls, z: Any, y: Any, z_test: Any, y_test: Any, prior: Any, folds: Any, seed: int) -> _Problem:
        seed = check.count(seed, "seed", 0)
        rows = _Rows.of(z, z_test, y_test, folds, seed)
        raw = _labels(y, rows.fitted, "y")
        if y_test is not None:
            test = _labels(y_test, rows.scored, "y_test")
            if (raw.dtype.kind in "US") != (test.dtype.kind in "US"):
                raise InputError(f"y has dtype {raw.dtype} and y_test {test.dtype}, wanted the same labels in both")
            raw = np.concatenate([raw, test])
        values, numbered = np.unique(raw, return_inverse=True)
        target = Target(numbered.reshape(-1), len(values))
        return cls(
            rows.z, rows.splits, rows.protocol, rows.fitted, rows.scored, target, Entropy.of(prior, values), seed
        )

    def estimand(self, reader: Probe) -> str:
        return f"usable by {reader.words}, H(Y) {self.entropy.words}, {self.protocol}"

    @property
    def constant(self) -> str:
        """Why the answer is zero for a trivial reason; empty where it is not."""
        if self.target.k == 1:
            return "there is one class only"
        return "z is constant" if not bool((self.z != self.z[0]).any()) else ""

    def read(self, reader: Probe) -> list[Reading]:
        """One reading for each split."""
        return reader.read(self.z[None], [self.target], self.splits, self.seed)[0][0]

    def nothing(self, quantity: str, estimand: str, seconds: float) -> Usable:
        return _usable.nothing(self.scored, quantity, estimand, self.constant, seconds)


def _labels(y: Any, n: int, name: str) -> np.ndarray:
    """Labels as they came, one a row, checked."""
    try:
        check.labels(y, n, name)
    except InputError as reason:
        if "holds real numbers" not in str(reason):
            raise
        raise InputError(f'{reason}, or pass target="quantities" to read quantities') from reason
    y = check.array(y, name)
    return check.on_cpu(y).reshape(-1)


def _stacked(z: Any, more: Any) -> Any:
    import torch

    both = torch.promote_types(z.dtype, more.dtype)
    return torch.cat([z.to(both), more.to(z.device, both)])


def _columns(given: Any, like: Any) -> Any:
    """What is given, as rows beside ``like [n, d]``: labels become one-hot."""
    import torch

    n = len(like)
    if is_labels(given):
        labels = check.labels(given, n, "given")
        table = np.eye(int(labels.max()) + 1)[labels]
    else:
        table = check.representation(given, "given")
        if len(table) != n:
            raise InputError(
                f"z has {n} rows and given has {len(table)}, wanted as many: pass the same samples to both"
            )
    return torch.as_tensor(_base.tensor(table)).to(like.device, torch.float64)


def _groups(problem: _Problem, coarse: np.ndarray) -> np.ndarray:
    """The coarse class ``[k]`` of each fine one."""
    groups = _usable.groups_of(problem.target.y[: problem.fitted], coarse, problem.target.k)
    if (groups < 0).any():
        raise InputError(
            "fine_test has a label that fine does not have, so nothing says which coarse one it belongs to"
        )
    p = problem.entropy.p
    if p is not None and abs(float(p.sum()) - 1) > 1e-6:
        raise InputError("prior names fine labels that do not occur, wanted only those whose coarse label is known")
    return groups


def _given(found: Any, strict: bool) -> Any:
    return found.trusted() if strict else found
