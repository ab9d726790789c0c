"""Rows at some positions among those that the mask leaves, counted from either end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infoscope.record.rule import PositionRule, nth


@dataclass(frozen=True)
class At(PositionRule):
    """One row a named position of each sequence, among those that the mask leaves, whichever side is padded.

    places: from 0 on, negative ones from the end. A sequence that is too short for one has no row of it.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> padded = {"input": x, "special_tokens_mask": torch.tensor([[0, 0, 1], [0, 0, 0]])}
    >>> iscope.representations(torch.nn.Identity(), padded, ["output@at(0,-1)"])["output@at(0,-1)"]
    tensor([[ 0.,  1.],
            [ 2.,  3.],
            [ 6.,  7.],
            [10., 11.]])
    """

    places: tuple[int, ...] = (0,)

    def kept(self, mask: np.ndarray) -> np.ndarray:
        return np.asarray(np.stack([nth(mask, place) for place in self.places]).any(axis=0))
