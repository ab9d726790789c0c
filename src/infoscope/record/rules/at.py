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
    """

    places: tuple[int, ...] = (0,)

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        mask = layout.mask(positions(shape, site, self.spelled), site)
        return Chosen.where(np.logical_or.reduce([nth(mask, place) for place in self.places]))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)
