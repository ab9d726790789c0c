"""Sums of a block of rows that lie on an accelerator: rows stay there, and what comes back is as large as the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from infoscope.core.shapes import Indices, TensorRows
from infoscope.measure.states.sums import BUCKETS, BucketSums, ClassSums, Lengths


def bucket_sums(
    rows: TensorRows,
    buckets: Indices,
    labels: Mapping[str, np.ndarray],
    classes: Mapping[str, int],
    places: tuple[slice, ...] = (),
) -> BucketSums:
    """What :meth:`infoscope.measure.states.sums.BucketSums.of` makes of ``rows [n, d]``: products in float32, all other
    sums in float64, those of classes as a product with their marks, which adds in one order."""
    d, order = rows.shape[1], np.argsort(buckets, kind="stable")
    counts = np.bincount(buckets, minlength=BUCKETS)
    means, products = np.zeros((BUCKETS, d)), np.zeros((BUCKETS, d, d))
    own = {name: ClassSums(np.zeros((BUCKETS, k), np.int64), np.zeros((BUCKETS, k, d))) for name, k in classes.items()}
    lengths = Lengths.none(BUCKETS, d, places)
    for b, here in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        if not len(here):
            continue
        part = rows[here].double()
        mean = part.mean(0)
        part -= mean
        means[b], products[b] = mean.cpu().numpy(), _products(part).cpu().numpy()
        if places:
            squared = torch.stack([part[:, p].square().sum(1) for p in places])
            lengths.cubes[b], lengths.squares[b] = (z.cpu().numpy() for z in (squared @ part, squared @ squared.T))
        for name, one in own.items():
            y = labels[name][here]
            one.counts[b] = np.bincount(y, minlength=one.counts.shape[1])
            marks = torch.as_tensor(y == np.arange(classes[name])[:, None]).to(part)
            one.sums[b] = (marks @ part).cpu().numpy()
    return BucketSums(counts, means, products, own, lengths)


def sketched(rows: TensorRows, projection: np.ndarray) -> TensorRows:
    """Float64 rows ``[n, k]``: float32 products of centred ``rows [n, d]`` with ``projection [d, k]``, and the mean's
    in float64."""
    mean = rows.mean(0, dtype=torch.float64)
    by = torch.as_tensor(projection, device=rows.device)
    return ((rows - mean).float() @ by).double().add_(mean @ by.double())


def _products(part: Any) -> Any:
    """``partᵀ part`` in float32, of a scale at which squares are numbers."""
    power = int(np.frexp(float(part.abs().max()))[1])
    own = (part * 2.0**-power).float()
    return (own.T @ own).double() * 2.0 ** (2 * power)
