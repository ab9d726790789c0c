"""Both pairwise-distance bounds on what noisy rows say about which row they are, from one pass over pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from infoscope.core import check
from infoscope.core.shapes import AnyRows, Indices
from infoscope.kernels.scaling import stretches
from infoscope.measure.pairs import kernel_sums as ks
from infoscope.measure.pairs.over_pairs import over_pairs
from infoscope.measure.symbols import quantise as q

MERGE_BELOW = 0.9  # merging equal rows pays when at most this share of them is distinct


@dataclass(frozen=True)
class Information:
    """For one noise variance, in nats over n rows.

    low, up: bounds on I(index of the row; T+N). given: for each variable the same two bounds inside its classes,
    sum_y p(y) I(index; T+N | y), as (low, up). Entropies are these plus the noise's own, which cancels in I(T;Y).
    """

    n: int
    low: float
    up: float
    given: tuple[tuple[float, float], ...]

    def value(self, bound: Literal["upper", "lower"]) -> float:
        return self.up if bound == "upper" else self.low


def _merge(t: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, ks.Grouped]:
    """The numbers of the rows, sorted by their joint class, equal rows of one class merged where that pays."""
    group = np.zeros(len(t), np.int32)
    for labels in classes:
        group = q.group(q.joint(group, labels))[0]
    weights, kept = np.ones(len(t)), np.arange(len(t))
    ids, counts, firsts = q.group(q.joint(q.group(q.exact_keys(t))[0], group))
    if len(counts) <= MERGE_BELOW * len(t) and _equal(t, firsts[ids]):  # the keys are hashes: look
        weights, kept = counts.astype(np.float64), firsts
    kept_in_order = np.argsort(group[kept], kind="stable")
    kept, weights = kept[kept_in_order], weights[kept_in_order]
    starts = np.searchsorted(group[kept], np.arange(group.max() + 1))
    return kept, ks.Grouped(weights, group[kept], classes[:, kept[starts]])


def _equal(t: np.ndarray, others: np.ndarray) -> bool:
    """Whether every row is equal to the one with the number in ``others [n]``."""
    return all((t[part] == t[others[part]]).all() for part in stretches(len(t), t.shape[1]))


def _mean_log(sums: np.ndarray, weights: np.ndarray, of: int | Indices) -> float:
    """-mean_i ln(sums_i / of_i) over samples."""
    return float(-(weights @ np.log(sums / of)) / weights.sum()) + 0.0


def information(t: AnyRows, classes: np.ndarray, variances: Sequence[float], threads: int) -> list[Information]:
    """One :class:`Information` per noise variance, for rows ``t [n, d]`` and class labels ``classes [v, n]``."""
    n = len(t)
    if check.is_tensor(t):
        sums, weights, mine = ks.on_device(t, classes, variances), np.ones(n), classes
    else:
        kept, rows = _merge(t, classes)
        points = ks.precise(t, kept, variances)
        (sums,) = over_pairs(points, [ks.KernelSums(rows, variances, points.dtype)], threads)
        weights, mine = rows.weights, rows.classes[:, rows.group]
    sizes = [np.bincount(labels)[labels_here] for labels, labels_here in zip(classes, mine, strict=True)]
    found = []
    for s in range(len(variances)):
        low, up = (_mean_log(sums.total[s, b], weights, n) for b in (ks.LO, ks.UP))
        given = tuple(
            (_mean_log(sums.own[s, v, ks.LO], weights, size), _mean_log(sums.own[s, v, ks.UP], weights, size))
            for v, size in enumerate(sizes)
        )
        found.append(Information(n, low, up, given))
    return found
