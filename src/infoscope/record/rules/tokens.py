"""One row a token: every position that the mask leaves, or a fixed number of them a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from infoscope.core import check
from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import PositionRule, positions


@dataclass(frozen=True)
class Tokens(PositionRule):
    """One row a token that the mask leaves, or a fixed number of them a sequence.

    most: tokens of a sequence, drawn by ``seed``; none for all of them. Which ones follows from the seed, the number
    of the sample and the position alone, so that every step, worker and later measure reads the same.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> iscope.representations(torch.nn.Identity(), x, ["output@tokens(2)"])["output@tokens(2)"]
    tensor([[ 0.,  1.],
            [ 2.,  3.],
            [ 6.,  7.],
            [10., 11.]])
    """

    most: int | None = None
    seed: int = 0

    def _check(self) -> None:
        if self.most is not None:
            check.count(self.most, f"most of {self.id}")
        check.count(self.seed, f"seed of {self.id}", 0)

    def kept(self, mask: np.ndarray, first: int = 0) -> np.ndarray:
        return mask if self.most is None else _drawn(mask, self.most, self.seed, first)

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        mask = layout.mask(positions(shape, site, self.spelled), site)
        return Chosen.where(self.kept(mask, layout.first))


def _drawn(mask: np.ndarray, most: int, seed: int, first: int) -> np.ndarray:
    """``mask [n, seq]`` with no more than ``most`` True in each line: those of the smallest numbers. first: the number
    of the first sample."""
    numbers = np.where(mask, _numbers(seed, len(mask), mask.shape[1], first), np.uint64(2**64 - 1))
    order = np.argsort(numbers, axis=1, kind="stable")[:, :most]
    kept = np.zeros_like(mask)
    np.put_along_axis(kept, order, True, axis=1)
    return kept & mask


def _numbers(seed: int, n: int, seq: int, first: int) -> np.ndarray:
    """A number ``[n, seq]`` from seed, sample and position by SplitMix64 (Steele et al. 2014), the same for ever."""
    with np.errstate(over="ignore"):
        at = (
            np.arange(first, first + n, dtype=np.uint64)[:, None] * np.uint64(2**32)
            + np.arange(seq, dtype=np.uint64)[None]
        )
        z = cast(Any, at + np.uint64(seed % 2**64) * np.uint64(0xD1342543DE82EF95) + np.uint64(0x9E3779B97F4A7C15))
        for _ in range(2):
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
    return z
