"""Moments of rows and of their classes, in twenty buckets of whole groups: float64 sums of float32 products.

All sums are about the mean of the bucket, so that what columns have in common costs no digits (Chan, Golub & LeVeque
1983). The same rows in the same order give the same bits on like machines, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from infoscope.kernels import parallel

BUCKETS = 20


@dataclass(frozen=True)
class ClassSums:
    """Of one variable: how many rows of each class ``counts [b, k]``, and their ``sums [b, k, d]`` about the mean."""

    counts: np.ndarray
    sums: np.ndarray

    def moved(self, by: np.ndarray) -> np.ndarray:
        """The sums about means that are ``by [b, d]`` lower."""
        return self.sums + self.counts[:, :, None] * by[:, None, :]


@dataclass(frozen=True)
class Lengths:
    """Of a places, how long their rows are about the mean: ``cubes [b, a, d]``, sums of a row's squared length at a
    place times the row, and ``squares [b, a, a]``, of two squared lengths. They debias products of two places."""

    cubes: np.ndarray
    squares: np.ndarray
    places: tuple[slice, ...]

    @classmethod
    def none(cls, buckets: int, d: int, places: tuple[slice, ...]) -> Lengths:
        return cls(np.zeros((buckets, len(places), d)), np.zeros((buckets, len(places), len(places))), places)

    def moved(self, by: np.ndarray, counts: np.ndarray, products: np.ndarray) -> Lengths:
        """About means that are ``by [b, d]`` lower, for so many rows ``[b]`` with ``products [b, d, d]``."""
        own = np.stack([np.einsum("bii->b", products[:, p, p]) for p in self.places], axis=1)  # Σ |z_p|²
        step = np.stack([np.square(by[:, p]).sum(axis=1) for p in self.places], axis=1)
        along = np.stack([np.einsum("bdp,bp->bd", products[:, :, p], by[:, p]) for p in self.places], axis=1)
        held = own + counts[:, None] * step
        cubes = self.cubes + 2 * along + held[:, :, None] * by[:, None, :]
        across = np.stack([np.einsum("bad,bd->ba", self.cubes[:, :, q], by[:, q]) for q in self.places], axis=2)
        both = np.stack([np.einsum("bad,bd->ba", along[:, :, q], by[:, q]) for q in self.places], axis=2)
        mixed = own[:, :, None] * step[:, None, :]
        squares = self.squares + 2 * (across + across.transpose(0, 2, 1)) + 4 * both + mixed + mixed.transpose(0, 2, 1)
        return Lengths(cubes, squares + counts[:, None, None] * step[:, :, None] * step[:, None, :], self.places)

    def plus(self, other: Lengths) -> Lengths:
        return Lengths(self.cubes + other.cubes, self.squares + other.squares, self.places)


@dataclass(frozen=True)
class BucketSums:
    """Of rows in b buckets: ``counts [b]``, ``means [b, d]``, ``products [b, d, d]`` about them; of classes by name,
    and the lengths of rows at each place."""

    counts: np.ndarray
    means: np.ndarray
    products: np.ndarray
    classes: Mapping[str, ClassSums]
    lengths: Lengths

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        buckets: np.ndarray,
        labels: Mapping[str, np.ndarray],
        classes: Mapping[str, int],
        places: tuple[slice, ...] = (),
    ) -> BucketSums:
        """Of ``rows [n, d]`` in ``buckets [n]``, with class labels ``[n]`` of so many classes by variable; places: the
        columns of each."""
        d, order = rows.shape[1], np.argsort(buckets, kind="stable")
        counts = np.bincount(buckets, minlength=BUCKETS)
        means, products = np.zeros((BUCKETS, d)), np.zeros((BUCKETS, d, d))
        own = {
            name: ClassSums(np.zeros((BUCKETS, k), np.int64), np.zeros((BUCKETS, k, d))) for name, k in classes.items()
        }
        lengths = Lengths.none(BUCKETS, d, places)
        for b, here in enumerate(np.split(order, np.cumsum(counts)[:-1])):
            if not len(here):
                continue
            part = rows[here].astype(np.float64)
            means[b] = part.mean(axis=0)
            part -= means[b]
            products[b] = _products(part)
            if places:
                squared = np.stack([np.square(part[:, p]).sum(axis=1) for p in places])
                lengths.cubes[b], lengths.squares[b] = squared @ part, squared @ squared.T
            for name, one in own.items():
                y = labels[name][here]
                one.counts[b] = np.bincount(y, minlength=one.counts.shape[1])
                by_class = np.argsort(y, kind="stable")
                seen, starts = np.unique(y[by_class], return_index=True)
                one.sums[b, seen] = np.add.reduceat(part[by_class], starts, axis=0)
        return cls(counts, means, products, own, lengths)

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def plus(self, other: BucketSums) -> BucketSums:
        """Both, bucket by bucket."""
        counts = self.counts + other.counts
        apart = other.means - self.means
        share = other.counts / np.maximum(counts, 1)
        means = self.means + apart * share[:, None]
        products = self.products + other.products
        for b in np.flatnonzero(self.counts * other.counts):
            products[b] += (self.counts[b] * share[b]) * np.outer(apart[b], apart[b])
        # An empty bucket says nothing of a mean.
        low, high = (np.where(one.counts[:, None] > 0, one.means - means, 0.0) for one in (self, other))
        classes = {
            name: ClassSums(one.counts + other.classes[name].counts, one.moved(low) + other.classes[name].moved(high))
            for name, one in self.classes.items()
        }
        lengths = self.lengths
        if lengths.places:
            lengths = lengths.moved(low, self.counts, self.products)
            lengths = lengths.plus(other.lengths.moved(high, other.counts, other.products))
        return BucketSums(counts, means, products, classes, lengths)

    def pooled(self, kept: np.ndarray) -> Pooled:
        """The buckets that ``kept [b]`` marks, as one."""
        counts = self.counts * kept
        n = int(counts.sum())
        mean = counts @ self.means / max(n, 1)
        apart = np.where(counts[:, None] > 0, self.means - mean, 0.0)
        products = np.tensordot(kept.astype(np.float64), self.products, 1) + (apart.T * counts) @ apart
        classes = {
            name: (one.counts[kept].sum(axis=0), one.moved(apart)[kept].sum(axis=0))
            for name, one in self.classes.items()
        }
        squares = np.zeros((0, 0))
        if self.lengths.places:
            squares = self.lengths.moved(apart, counts, self.products).squares[kept].sum(axis=0)
        return Pooled(n, mean, products, classes, squares)


@dataclass(frozen=True)
class Pooled:
    """``n`` rows: ``mean [d]``, ``products [d, d]`` about it; counts ``[k]`` and sums ``[k, d]`` of classes; sums of
    products of rows' squared lengths at two places ``[a, a]``."""

    n: int
    mean: np.ndarray
    products: np.ndarray
    classes: Mapping[str, tuple[np.ndarray, np.ndarray]]
    squares: np.ndarray

    def of(self, columns: slice) -> Pooled:
        """The same of some columns."""
        classes = {name: (counts, sums[:, columns]) for name, (counts, sums) in self.classes.items()}
        return Pooled(self.n, self.mean[columns], self.products[columns, columns], classes, self.squares)


def without_each(sums: BucketSums, read: Callable[[Pooled], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What ``read`` says of all buckets but each that holds rows, ``[b, …]``, and the share of the rows of each."""
    held = np.flatnonzero(sums.counts)
    each = [read(sums.pooled((sums.counts > 0) & (np.arange(BUCKETS) != b))) for b in held]
    return np.array(each), sums.counts[held] / sums.n


def _products(part: np.ndarray) -> np.ndarray:
    """``partᵀ part`` in float32 on one thread."""
    import torch

    # A scale of its own keeps squares within float32; a power of two rounds nothing.
    largest = float(np.abs(part).max())
    power = int(np.frexp(largest)[1]) if largest else 0
    rows = torch.from_numpy(np.ldexp(part, -power).astype(np.float32))
    (found,) = parallel.run([lambda: rows.T @ rows], 1)
    return np.ldexp(found.numpy().astype(np.float64), 2 * power)
