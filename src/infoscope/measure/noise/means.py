"""Means over queries, with the noise that was drawn as a control variate, and their standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infoscope.core.shapes import Matrix

SIGMAS = 1.96


@dataclass(frozen=True)
class Mean:
    """A mean over queries and its standard error; infinite where a leave-one-out sum was empty."""

    value: float
    error: float

    def low(self) -> float:
        return self.value - SIGMAS * self.error

    def high(self) -> float:
        return self.value + SIGMAS * self.error

    def minus(self, other: Mean) -> Mean:
        return Mean(self.value - other.value, math.hypot(self.error, other.error))


@dataclass(frozen=True)
class Averaging:
    """How means over queries ``[j, n]`` are taken: round j goes around replica j mod ``replicas`` of each input.

    Of a dataset only the scatter around each input is an error, of a sample also that between inputs.
    """

    replicas: int
    dataset: bool

    def mean(self, values: Matrix, extra: Matrix | None = None, bounded: bool = False) -> Mean:
        """The mean over queries ``[j, n]``, with ``extra`` (of mean zero) as control variate.

        Its coefficient comes from the other half of the inputs, so it costs no bias; ``bounded`` keeps it in [0, 1],
        where the d/N bound holds.
        """
        if not np.isfinite(values).all():
            return Mean(float(values.sum()), 0.0)
        values = values.copy()
        if extra is not None:
            halves = slice(0, None, 2), slice(1, None, 2)
            slopes = [self._slope(values[:, half], extra[:, half]) for half in halves]
            for half, slope in zip(halves, slopes[::-1], strict=True):
                values[:, half] += (min(max(slope, 0.0), 1.0) if bounded else slope) * extra[:, half]
        mean, n, draws = float(values.mean()), values.shape[1], values.size
        if len(values) > self.replicas > 1:  # draws around one replica share its luck
            values = values.reshape(-1, self.replicas, n).mean(axis=0)
        if self.dataset:
            error = math.sqrt(values.var(axis=0, ddof=1).mean() / values.size) if len(values) > 1 else math.inf
        else:
            error = float(values.mean(axis=0).std(ddof=1)) / math.sqrt(n)
        # Rare confusions that no draw met leave no scatter: as if one more draw had been worth all there is.
        error = math.hypot(error, math.log(n) / draws)
        return Mean(mean, error)

    def _slope(self, values: Matrix, extra: Matrix) -> float:
        if self.dataset:
            values, extra = values - values.mean(axis=0), extra - extra.mean(axis=0)
        total = float((extra * extra).sum())
        return -float(((values - values.mean()) * extra).sum()) / total if total else 0.0
