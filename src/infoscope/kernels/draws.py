"""Random numbers of our own: rows that a user drew with the same seed must not be dealt by the same numbers.

``default_rng(0)`` and ``PCG64(0)`` are one stream, so sorting its raw words would sort the user's data along with them.
Each use has a key, and so a stream that no plain seed reaches and that no other use shares. Keys stand on the side of
the seed where they always stood: elsewhere the same seed would give other numbers than it did.
"""

from __future__ import annotations

import numpy as np

_ROWS, _FOLDS, _LABELS, _NORMALS, _DROPOUT = 0x7468, 0x666F6C6473, 0x6C6162656C73, 0x5A17, 0x6D0


def stream(seed: int) -> np.random.PCG64:
    """The bit generator of ``seed`` for rows that are chosen, shuffled or split in two."""
    return np.random.PCG64(np.random.SeedSequence([_ROWS, seed]))


def order(n: int, seed: int) -> np.ndarray:
    """A random order of ``n`` rows."""
    return _order(stream(seed), n)


def fold_order(n: int, seed: int) -> np.ndarray:
    """The order in which ``n`` rows are dealt to folds."""
    return _order(np.random.PCG64(np.random.SeedSequence([seed, _FOLDS])), n)


def labels(seed: int) -> np.random.Generator:
    """Of random labelings."""
    return np.random.default_rng([seed, _LABELS])


def normals(seed: int, block: int) -> np.random.Generator:
    """Of the noise of a noisy layer; other blocks of draws are independent."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_NORMALS, block)))


def dropout(seed: int, block: int) -> np.random.Generator:
    """Of Gaussian dropout; other blocks of draws are independent."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_DROPOUT, block)))


def _order(bits: np.random.PCG64, n: int) -> np.ndarray:
    """Of raw words, which NumPy keeps the same over its versions, unlike ``Generator.permutation``."""
    return np.argsort(bits.random_raw(n), kind="stable")
