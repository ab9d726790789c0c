"""A linear probe of one pass: moments of all rows say scales, curvature and where to begin, sampled rows the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.measure.states.readings import shrunk
from infoscope.measure.states.sums import BUCKETS, BucketSums, Pooled
from infoscope.measure.usable.readings import ProbeSplit, Reading, SplitLabels, Target
from infoscope.measure.usable.standardiser import within
from infoscope.measure.usable.walks import Walk
from infoscope.measure.usable.wide_rows import WideRows
from infoscope.measure.usable.wide_softmax import Descent

FOLDS = 5
#: Shares of a discriminant's weights to begin with: it is too sure of itself where columns outnumber what they say.
SHARES = (0.0, 0.25, 0.5, 1.0)


def splits(buckets: np.ndarray, few: bool = False) -> list[ProbeSplit]:
    """Of rows in ``buckets [m]``: a fifth of the buckets is scored, the next one chosen by; ``few``: half of those that
    are known are left out."""
    found = []
    for fold in range(FOLDS):
        after = (buckets - fold) % FOLDS
        kept = (after == 0) | (not few) | (buckets // FOLDS % 2 == 0)
        train, validation, scored = (np.flatnonzero(kept & part) for part in (after > 1, after == 1, after == 0))
        if len(train) and len(validation) and len(scored):
            found.append(ProbeSplit(train, validation, scored))
    return found


def read(
    sums: BucketSums, columns: slice, name: str, rows: np.ndarray, buckets: np.ndarray, target: Target,
    among: list[ProbeSplit], walk: Walk,
) -> list[Reading]:  # fmt: skip
    """One reading for each split of sampled ``rows [m, d]`` in ``buckets [m]``.

    Scales and curvature are those of all rows of the other buckets than are scored, whether they are in the sample or
    not, and a descent begins with their discriminant.
    """
    import torch

    found = []
    for split in among:
        fold = buckets[split.scored[0]] % FOLDS
        rest = sums.pooled((sums.counts > 0) & (np.arange(BUCKETS) % FOLDS != fold)).of(columns)
        scale = _scale(rest)
        known, scored = (
            within(torch.from_numpy(((rows[part] - rest.mean) * scale).astype(np.float32)))
            for part in (split.known, split.scored)
        )
        curvature = torch.from_numpy((rest.products * scale * scale[:, None] / rest.n).astype(np.float32))
        labels, here = SplitLabels.of(target, split), WideRows(known, scored, curvature)
        begin = _discriminant(rest, name, scale)
        found.append(walk.read(here, labels, target.k, _shrunk_to(begin, here, labels)))
    return found


def _scale(rest: Pooled) -> np.ndarray:
    """What makes the variance of each column 1; 0 of a constant one."""
    variance = np.diagonal(rest.products) / rest.n
    constant = variance <= 1e-14 * np.square(rest.mean)
    return np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))


def _discriminant(rest: Pooled, name: str, scale: np.ndarray) -> np.ndarray:
    """That of ``rest``, as parameters ``[k, 1 + d]`` of rows less their mean and times ``scale [d]``."""
    counts, about = rest.classes[name]
    means = about / np.maximum(counts, 1)[:, None]
    inside = (rest.products - means.T @ about) * scale * scale[:, None]
    inside[np.diag_indices_from(inside)] += np.where(scale == 0, rest.n, 0)
    means = means * scale
    w = np.linalg.solve(shrunk(inside, rest.n), means.T).T * rest.n
    w[counts == 0] = 0
    bias = np.log(counts + 0.5) - 0.5 * (means * w).sum(axis=1)
    return np.column_stack([bias, w])


def _shrunk_to(begin: np.ndarray, rows: WideRows, y: SplitLabels) -> Any:
    """The share of its weights with which it says most of the rows that are fitted to, less the sum over classes."""
    import torch

    null = np.log(np.bincount(y.train, minlength=len(begin)) + 0.5)
    fitted, best = rows.known[: len(y.train)], []
    own = torch.from_numpy(y.train), torch.arange(len(y.train))
    for share in SHARES:
        theta = share * begin
        theta[:, 0] += (1 - share) * null
        theta[:, 1:] -= theta[:, 1:].mean(axis=0)
        one = torch.from_numpy(theta.astype(np.float32))
        log_q = Descent(one, 0.0).logits(fitted).log_softmax(0)
        best.append((-float(log_q[own].sum(dtype=torch.float64)), one))
    return min(best, key=lambda pair: pair[0])[1]
