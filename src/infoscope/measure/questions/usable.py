"""Usable information: how much of a variable a family of readers can take out of a representation.

I_u(Z;Y) = H(Y) - mean -ln q(y|z) over rows that took no part in fitting q (Xu et al. 2020; Kleinman et al. 2021). In
expectation it is at most I(Z;Y), and short of it by the probes' mean Kullback-Leibler divergence from p(y|z), which is
why the value is declared a lower bound. It can be negative and is never clipped. Unlike I(Z;Y) it can grow from one
layer to the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.core.quantity import USABLE_COARSE, USABLE_FINE, USABLE_INFORMATION, USABLE_REST
from infoscope.core.shapes import ArrayLike, TensorMatrix
from infoscope.measure.bases import probe as _base
from infoscope.measure.bases.answering import question
from infoscope.measure.bases.estimator import is_labels
from infoscope.measure.bases.probe import Probe
from infoscope.measure.questions._dealt_rows import DealtRows, LabelledRows
from infoscope.measure.usable import accounts, regression_accounts
from infoscope.measure.usable.accounts import Usable
from infoscope.measure.usable.deals import Deal

CHAIN = (
    USABLE_FINE.called("I_u(Z;fine)"),
    USABLE_COARSE.called("I_u(Z;coarse)"),
    USABLE_REST.called("I_u(Z;fine|coarse)"),
)


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

    probe: ``"linear"``, ``"mlp"``, ``"mlp3"``, ``"knn"``, ``"sparse"`` (of a few columns), ``"ladder"`` (the
        best of several on validation rows) or ``"prior"``; ``options`` are its options, e.g. ``weight_decay=0.01``.
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

    The result has ``.pointwise [n]``, each row's contribution, and of the same readings ``.accuracy``, ``.auroc``,
    ``.fraction`` (of H(Y)) and ``.usual_accuracy`` (of the most frequent label), estimates in turn. Its 95 % interval
    is Student's t over rows, or over groups (the cluster-robust variance of Bell & McCaffrey 2002), wider by what
    probes fitted to other rows would read: it is one for what is read on average with as many rows, not with unlimited
    ones. Too few groups for that leave the value without an interval, UNDERSAMPLED. Without groups, rows of z that are
    there several times are also dealt together, and the interval holds both answers; UNRESOLVED where they disagree.
    Rows that follow each other and are alike (a time series) are told. Rows of z and y belong together in order;
    nothing can tell that they do not, except that the value is then about 0. If the network was trained on these rows
    the result describes what it memorised: pass others.

    Raises
    ------
    InputError: unusable data or options. UnknownNameError: no such probe or option.
    """
    check.paired(z=z, y=y, groups=groups)
    check.paired(z_test=z_test, y_test=y_test, groups_test=groups_test)
    if check.choice(target, ("labels", "quantities"), "target") == "quantities":
        if not isinstance(prior, str) or prior != "null":
            raise InputError(f"prior is {prior!r}, wanted 'null' for quantities: H(Y) is that of a Gaussian")
        rows = DealtRows.of(z, z_test, y_test, folds, groups, groups_test, seed)
        return _about_quantities(rows, y, y_test, seed, grammar.make("probes", probe, **options))
    labelled = LabelledRows.checked(z, y, z_test, y_test, prior, folds, groups, groups_test, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    quantity, estimand = USABLE_INFORMATION, labelled.estimand(reader)
    if labelled.constant:
        return labelled.nothing(quantity, estimand)

    def of(deal: Deal) -> Usable:
        account = accounts.account(
            labelled.target, deal.splits, labelled.read(reader, deal), labelled.entropy, named=True
        )
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
    labelled = LabelledRows.checked(z, y, None, None, "null", folds, groups, None, seed)
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
    labelled = LabelledRows.checked(z, fine, z_test, fine_test, prior, folds, groups, groups_test, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    of_fine = _coarse_of_fine(labelled, check.labels(coarse, labelled.fitted, "coarse"))
    estimand = labelled.estimand(reader)
    names = CHAIN
    if labelled.constant:
        return Chain(*(labelled.nothing(name, estimand) for name in names))

    def of(deal: Deal) -> list[Usable]:
        readings = labelled.read(reader, deal)
        return accounts.chain(labelled.target, deal, readings, labelled.entropy, of_fine, names, estimand, named=True)

    found = labelled.doubted(of(labelled.deal), of)
    return Chain(*found)


def _about_quantities(rows: DealtRows, y: ArrayLike, y_test: ArrayLike | None, seed: int, reader: Probe) -> Usable:
    values = regression_accounts.quantities(y, rows.fitted)
    if y_test is not None:
        test = regression_accounts.quantities(y_test, rows.scored, "y_test")
        if test.shape[1] != values.shape[1]:
            raise InputError(f"y has {values.shape[1]} columns and y_test {test.shape[1]}, wanted the same in both")
        values = np.concatenate([values, test])
    estimand = f"usable by {reader.words_of_means}, H(Y) of the null Gaussian, {rows.deal.protocol}"

    def of(deal: Deal) -> list[Usable]:
        return [regression_accounts.answered(reader.expect, rows.z, values, deal, USABLE_INFORMATION, estimand, seed)]

    found = of(rows.deal)
    return found[0] if found[0].status is Status.DEGENERATE else rows.doubted(found, of)[0]


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


def _coarse_of_fine(labelled: LabelledRows, coarse: np.ndarray) -> np.ndarray:
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
