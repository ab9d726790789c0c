"""Entropy of labels as they are counted."""

from __future__ import annotations

import numpy as np


def entropy(labels: np.ndarray) -> float:
    """The entropy in nats of a row taken at random from ``labels [n]``: exact for these rows, plug-in for others."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return -float(shares @ np.log(shares))
