"""Rows at some positions among those that the mask leaves, counted from either end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, at_positions, nth, positions


@dataclass(frozen=True)
class At(Rule):
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

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        mask = layout.mask(positions(shape, site, self.spelled), site)
        return Chosen.where(np.asarray(np.stack([nth(mask, place) for place in self.places]).any(axis=0)))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)
