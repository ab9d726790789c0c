"""Logarithms of softmax as SciPy takes them, to the bit, without what its many kinds of arrays cost a call."""

from __future__ import annotations

import numpy as np


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """``x - ln sum exp x`` along ``axis``, of real ``x`` of any shape; minus infinity is a probability of zero."""
    top = x.max(axis, keepdims=True)
    finite = np.isfinite(top)
    if not finite.all():
        top = np.where(finite, top, 0.0)
    beyond = x - top
    with np.errstate(divide="ignore"):
        return beyond - np.log(np.exp(beyond).sum(axis, keepdims=True))
