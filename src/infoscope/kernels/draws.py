"""Random words of our own: rows that a user drew with the same seed must not be dealt by the same numbers.

``default_rng(0)`` and ``PCG64(0)`` are one stream, so sorting its raw words would sort the user's data along with them.
"""

from __future__ import annotations

import numpy as np

KEY = 0x7468


def stream(seed: int) -> np.random.PCG64:
    """The bit generator of ``seed``, in a stream that no plain seed reaches."""
    return np.random.PCG64(np.random.SeedSequence([KEY, seed]))


def order(n: int, seed: int) -> np.ndarray:
    """A random order of ``n`` rows; of raw words, which NumPy keeps the same over its versions, unlike permutation."""
    return np.argsort(stream(seed).random_raw(n), kind="stable")
