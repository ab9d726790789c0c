"""Rows on a common scale, by the statistics of the rows a probe is fitted to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from infoscope.core.shapes import TensorMatrix, TensorRows, TensorVector
from infoscope.kernels.column_sums import along, mean_and_variance, products

ROUNDING = 1e-12  # of the largest variance of standardised columns: below it a principal axis is rounding of float64
SMALLEST = 2.0**-1000  # what a column is divided by at least: its inverse is still a number
FARTHEST = (
    1e6  # standardised: no row of a fit lies beyond √n, and others are brought to here, so that squares are numbers
)
LARGEST_ROTATION = 2048  # columns or rows, whichever are fewer, up to which the principal axes are worth their cost
BLOCK = 1 << 17  # float64 numbers of a block of rows: stays in cache
BLOCK_ON_DEVICE = 1 << 26
AT_ONCE = 1 << 22  # numbers of some columns of all rows
TALL = 256  # rows of a tile of a symmetric product


@dataclass(frozen=True)
class Span:
    """Principal axes xᵀ ``weights [n, r]`` of standardised ``rows [n, d]``, and the ``coordinates [n, r]`` of these."""

    rows: Any
    weights: Any
    coordinates: Any


@dataclass(frozen=True)
class Standardiser:
    """Rows ``[n, d]`` to standardised rows; with ``axes [d, r]`` also along the principal axes of the fit.

    Of more columns than rows the axes are held as a ``span`` of the fitted rows: neither they nor standardised rows,
    both as large as the data in float64, are ever there as a whole.

    Ridge penalties do not change under that rotation, and directions that no fitted row has are left out: a ridge
    solution is zero there. largest: a power of two by which each column is divided first, so that nothing overflows.
    """

    largest: Any
    mean: Any
    scale: Any
    axes: Any = None
    variances: Any = None
    span: Span | None = None

    @classmethod
    def of(cls, z: TensorRows) -> Standardiser:
        """Standardise by the rows of ``z [n, d]``; a constant column becomes zero, and only that: sums are taken of
        differences from the first row, so that what varies in the last digit is told from what does not.
        """
        import torch

        largest = z.abs().amax(0).double()
        largest[largest == 0] = 1
        largest = (largest / (2 * torch.frexp(largest).mantissa)).clamp_(min=SMALLEST)
        if z.device.type == "cpu":
            mean, variance = map(torch.from_numpy, mean_and_variance(_numbers(z), (1 / largest).numpy()))
        else:
            first = z[0] / largest
            mean, variance = first.clone(), torch.zeros_like(largest)
            for block in _blocks(z, largest, first):
                mean += block.sum(0) / len(z)
            constant = (z == z[0]).all(0)
            mean[constant] = first[constant]
            for block in _blocks(z, largest, mean):
                variance += block.square_().sum(0) / len(z)
        sd = variance.sqrt()
        scale = sd.reciprocal()
        scale[sd == 0] = 0
        return cls(largest, mean, scale)

    @classmethod
    def of_some(cls, z: TensorRows, rows: TensorRows, width: int) -> Standardiser:
        """By the ``rows`` (their places) of ``z [n, d]``, of which only ``width`` columns at a time are copied."""
        import torch

        parts = [cls.of(z[:, start : start + width][rows]) for start in range(0, z.shape[1], width)]
        largest, mean, scale = (
            torch.cat([getattr(one, name) for one in parts]) for name in ("largest", "mean", "scale")
        )
        return cls(largest, mean, scale)

    def rotated(self, z: TensorRows) -> Standardiser:
        """The same along the principal axes of the rows ``z [n, d]``."""
        import torch

        n, d = z.shape
        if min(n, d) > LARGEST_ROTATION:
            variances = sum(self._standard(block).square_().sum(0) for block in self._blocks(z)) / n
            return replace(self, variances=variances)
        x = None
        if d <= n:
            moments = self._products(z)
        elif z.device.type == "cpu":
            moments = self._alike(z, z)
        else:
            x = self(z)
            moments = x @ x.T
        values, vectors = torch.linalg.eigh(moments / n)
        kept = values > ROUNDING * values.amax().clamp_min(ROUNDING)
        values, vectors = values[kept], vectors[:, kept]
        if d > n and x is None:
            lengths = (n * values).sqrt()
            return replace(self, span=Span(z, vectors / lengths, vectors * lengths), variances=values)
        if x is not None:
            vectors = x.T @ vectors / (n * values).sqrt()
        return replace(self, axes=vectors, variances=values)

    def __call__(self, z: TensorRows, single: bool = False) -> Any:
        """The rows ``[n, d]``, or ``[n, r]`` along the axes; computed in float64, kept in float32 if ``single``."""
        import torch

        if self.span is not None:
            own = z is self.span.rows
            out = self.span.coordinates if own else self._alike(z, self.span.rows) @ self.span.weights
            return within(out.to(torch.float32 if single else torch.float64, copy=True))
        factors = None if self.axes is None else self.scale[:, None] * self.axes
        width = z.shape[1] if factors is None else factors.shape[1]
        out = torch.empty(len(z), width, dtype=torch.float32 if single else torch.float64, device=z.device)
        if factors is not None and z.device.type == "cpu":
            along(_numbers(z), *self._division(), factors.numpy(), out.numpy())
            return within(out)
        start = 0
        for block in self._blocks(z):
            out[start : start + len(block)] = self._standard(block) if factors is None else block @ factors
            start += len(block)
        return within(out)

    def _products(self, z: TensorMatrix) -> Any:
        """xᵀx ``[d, d]`` of the standardised rows x of ``z [n, d]``."""
        import torch

        if z.device.type == "cpu":
            found = torch.from_numpy(products(_numbers(z), *self._division()))
            return found.mul_(self.scale).mul_(self.scale[:, None])
        found = torch.zeros(z.shape[1], z.shape[1], dtype=torch.float64, device=z.device)
        for block in self._blocks(z):
            x = self._standard(block)
            found.addmm_(x.T, x)
        return found

    def _division(self) -> tuple[np.ndarray, np.ndarray]:
        return (1 / self.largest).numpy(), self.mean.numpy()

    def _alike(self, z: TensorRows, other: TensorRows) -> Any:
        """x yᵀ ``[m, n]`` of standardised rows x of ``z [m, d]`` and y of ``other [n, d]``, some columns at a time."""
        import torch

        m, n = len(z), len(other)
        found = torch.zeros(m, n, dtype=torch.float64)
        for columns in self._stretches(max(m, n)):
            y = self._some(other, columns)
            x = y if z is other else self._some(z, columns)
            for start in range(0, m, TALL):
                end = start + TALL if z is other else n  # of a symmetric product only half
                found[start : start + TALL, :end].addmm_(x[start : start + TALL], y[:end].T)
        return found.tril().add_(found.tril(-1).T) if z is other else found

    def _stretches(self, n: int) -> Iterator[slice]:
        """All columns, as many at a time as ``n`` rows leave room for."""
        d, width = len(self.scale), max(256, AT_ONCE // n)
        return (slice(start, min(start + width, d)) for start in range(0, d, width))

    def _some(self, z: TensorRows, columns: slice) -> Any:
        """Some columns of the standardised rows of ``z``, in float64."""
        part = z[:, columns] / self.largest[columns]
        return part.sub_(self.mean[columns]).mul_(self.scale[columns])

    def outward(self, inner: np.ndarray) -> np.ndarray:
        """Weights ``[d, k]`` of standardised columns, from those ``[r, k]`` along the axes."""
        if self.span is None:
            return inner if self.axes is None else self.axes.cpu().numpy() @ inner
        import torch

        of_rows = self.span.weights @ torch.from_numpy(np.ascontiguousarray(inner))
        parts = [self._some(self.span.rows, columns).T @ of_rows for columns in self._stretches(len(of_rows))]
        return torch.cat(parts).numpy()

    def _inward(self, outer: np.ndarray) -> np.ndarray:
        """Weights ``[r, k]`` along the axes, from those ``[d, k]`` of standardised columns."""
        if self.span is None:
            return outer if self.axes is None else self.axes.cpu().numpy().T @ outer
        import torch

        outside, rows = torch.from_numpy(np.ascontiguousarray(outer)), self.span.rows
        of_rows = torch.zeros(len(rows), outer.shape[1], dtype=torch.float64)
        for columns in self._stretches(len(rows)):
            of_rows.addmm_(self._some(rows, columns), outside[columns])
        return (self.span.weights.T @ of_rows).numpy()

    def carried(self, weights: np.ndarray, to: Standardiser) -> np.ndarray:
        """Weights ``[w, k]`` (the bias first) of a linear function of rows of this, as those of rows of ``to``."""
        mine, theirs = self._numbers(), to._numbers()
        width = len(mine.scale) if self.variances is None else len(self.variances)
        inner = mine.scale[:, None] * self.outward(weights[1 : 1 + width])
        with np.errstate(all="ignore"):
            ratio = theirs.largest / mine.largest
            bias = weights[0] + (ratio * theirs.mean - mine.mean) @ inner
            inner = inner * np.divide(ratio, theirs.scale, out=np.zeros_like(ratio), where=theirs.scale > 0)[:, None]
            found = np.concatenate([bias[None], to._inward(inner)])
        return found if (np.abs(found) <= FARTHEST).all() else np.zeros_like(found)  # the scales have nothing in common

    def _numbers(self) -> Standardiser:
        """The same in NumPy arrays."""
        fields = (self.largest, self.mean, self.scale)
        return Standardiser(*(None if field is None else field.cpu().numpy() for field in fields))

    def _blocks(self, z: TensorMatrix) -> Iterator[Any]:
        return _blocks(z, self.largest, self.mean)

    def _standard(self, block: TensorMatrix) -> Any:
        return block.mul_(self.scale)


def within(rows: TensorMatrix) -> Any:
    """Standardised rows, none farther than ``FARTHEST``, in place."""
    import torch

    if rows.numel():
        low, high = torch.aminmax(rows)
        if not (float(low) >= -FARTHEST and float(high) <= FARTHEST):  # NaN is neither
            torch.nan_to_num(rows, nan=0.0, out=rows).clamp_(-FARTHEST, FARTHEST)
    return rows


def _numbers(z: TensorMatrix) -> np.ndarray:
    """Rows on the CPU as compiled sums take them."""
    import torch

    z = z.detach()
    return (z if z.dtype == torch.float32 else z.double()).contiguous().numpy()


def _blocks(z: TensorMatrix, largest: TensorVector, mean: TensorVector) -> Iterator[Any]:
    """Blocks of the rows of ``z``, divided and centred, in float64; each is the caller's to overwrite."""
    rows = max(64, (BLOCK if z.device.type == "cpu" else BLOCK_ON_DEVICE) // z.shape[1])
    inverse = 1 / largest  # exact: it is a power of two
    for start in range(0, len(z), rows):
        yield (z[start : start + rows] * inverse).sub_(mean)
