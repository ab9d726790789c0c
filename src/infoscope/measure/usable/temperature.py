"""Temperature and optional ignorance: two numbers that every probe chooses on its validation rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infoscope.kernels.brent import least
from infoscope.measure.usable.log_softmax import log_softmax

COLDEST, HOTTEST = 0.02, 50.0  # of the factor on the log-probabilities
FINE = 1e-4  # of its logarithm


def smoothed(counts: np.ndarray, more: float = 0.5) -> np.ndarray:
    """Class frequencies, ``more`` rows added to each (half a row: Krichevsky & Trofimov 1981), so that none is zero."""
    return (counts + more) / (counts.sum() + more * len(counts))


def flatter(p: np.ndarray, counts: np.ndarray) -> float:
    """The power of frequencies ``p [k]``, scaled to sum to 1, that is best for classes that occur ``counts [k]`` times:
    the sharpness that :class:`Tempered` would choose for a probe which says ``p`` whatever it is shown."""
    log_p = np.log(p)

    def loss(log_sharpness: float) -> float:
        return -float(counts @ log_softmax(math.exp(log_sharpness) * log_p)) + 0.5 * log_sharpness**2

    best, lowest = least(loss, math.log(COLDEST), math.log(HOTTEST), FINE)
    return math.exp(best) if lowest < loss(0.0) else 1.0


def cross_entropy(log_q: np.ndarray, y: np.ndarray) -> float:
    """Mean of -ln q(y) over rows, in nats."""
    return -float(log_q[np.arange(len(y)), y].mean())


@dataclass(frozen=True)
class Tempered:
    """q' = (1 - ignorance) softmax(sharpness * ln q) + ignorance * prior.

    ``prior [k]`` is the null probe, so q' may ignore the representation altogether: the optional ignorance of a
    predictive family (Xu et al. 2020, definition 1). It is at least 1/(rows + 1), which bounds every loss.
    """

    sharpness: float
    ignorance: float
    prior: np.ndarray

    @classmethod
    def none(cls, prior: np.ndarray, rows: int) -> Tempered:
        """Nothing but the least ignorance."""
        return cls(1.0, 1 / (rows + 1), prior)

    @classmethod
    def chosen(cls, log_q: np.ndarray, y: np.ndarray, prior: np.ndarray, rows: int) -> Tempered:
        """What is best on validation rows: first the sharpness, then the ignorance, each a problem in one dimension.

        log_q ``[n, k]``, y ``[n]``: the validation rows. rows: how many rows the probe was fitted to. A standard
        normal prior on ln sharpness counts as one row among them, so that rows all classified right do not send it to
        infinity.
        """
        n, own = len(y), np.arange(len(y))

        def loss(log_sharpness: float) -> float:
            scaled = log_softmax(math.exp(log_sharpness) * log_q, axis=1)
            return -float(scaled[own, y].sum()) + 0.5 * log_sharpness**2

        best, lowest = least(loss, math.log(COLDEST), math.log(HOTTEST), FINE)
        sharpness = math.exp(best) if lowest < loss(0.0) else 1.0
        q = np.exp(log_softmax(sharpness * log_q, axis=1)[own, y])
        gain = prior[y] - q  # the mean log-likelihood is concave in the ignorance: bisect on its derivative
        low, high = 1 / (rows + 1), 1.0
        if n and float((gain / (q + low * gain)).sum()) > 0:
            for _ in range(40):
                middle = (low + high) / 2
                uphill = float((gain / (q + middle * gain)).sum()) > 0
                low, high = (middle, high) if uphill else (low, middle)
        return cls(sharpness, low, prior)

    def __call__(self, log_q: np.ndarray) -> np.ndarray:
        """ln q' for ``log_q [..., k]``."""
        scaled = log_softmax(self.sharpness * log_q, axis=-1)
        with np.errstate(divide="ignore"):
            kept = math.log1p(-self.ignorance) if self.ignorance < 1 else -math.inf
        return np.logaddexp(scaled + kept, math.log(self.ignorance) + np.log(self.prior))

    @property
    def words(self) -> str:
        return f"sharpness {self.sharpness:.3g}, ignorance {self.ignorance:.2g}"
