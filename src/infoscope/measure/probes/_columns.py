"""Columns on a common scale, by the statistics of the rows a probe is fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROUNDING = 1e-12  # of the largest value: a standard deviation below this is rounding of float64
LARGEST_ROTATION = 2048  # columns or rows, whichever are fewer, up to which the principal axes are worth their cost


@dataclass(frozen=True)
class Columns:
    """Rows ``[n, d]`` to standardised float64 rows; with ``axes [d, r]`` also along the principal axes of the fit.

    Ridge penalties do not change under that rotation, and directions that no fitted row has are left out: a ridge
    solution is zero there.
    """

    largest: Any
    mean: Any
    scale: Any
    axes: Any = None
    variances: Any = None

    @classmethod
    def of(cls, z: Any) -> Columns:
        """Standardise by the rows of ``z [n, d]``; a constant column becomes zero."""
        z = z.double()
        largest = z.abs().amax(0)
        largest[largest == 0] = 1
        z = z / largest
        mean = z.mean(0)
        sd = (z - mean).square().mean(0).sqrt()
        scale = sd.reciprocal()
        scale[sd < ROUNDING] = 0
        return cls(largest, mean, scale)

    def rotated(self, x: Any) -> Columns:
        """The same along the principal axes of ``x [n, d]``, rows that this standardised."""
        import torch

        n, d = x.shape
        if min(n, d) > LARGEST_ROTATION:
            return Columns(self.largest, self.mean, self.scale, None, x.square().mean(0))
        values, vectors = torch.linalg.eigh((x.T @ x if d <= n else x @ x.T) / n)
        kept = values > ROUNDING * values.amax().clamp_min(ROUNDING)
        values, vectors = values[kept], vectors[:, kept]
        if d > n:
            vectors = x.T @ vectors / (n * values).sqrt()
        return Columns(self.largest, self.mean, self.scale, vectors, values)

    def __call__(self, z: Any) -> Any:
        x = (z.double() / self.largest - self.mean) * self.scale
        return x if self.axes is None else x @ self.axes
