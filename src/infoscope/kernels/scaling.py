"""Rows brought to one size, so that squares neither overflow nor vanish."""

from __future__ import annotations

import math

import numpy as np


def unit(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Rows in float64, centred, with root-mean-square distance 1 between pairs, and what that was; 0 where constant."""
    largest = float(np.abs(x).max()) or 1.0
    x = np.ascontiguousarray(x, np.float64) / largest
    constant = not (x != x[0]).any()
    x = x - x.mean(axis=0)
    size = math.sqrt(2 * float((x * x).mean()) * x.shape[1])
    return (x, 0.0) if constant or size == 0 else (x / size, size * largest)
