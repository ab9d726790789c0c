from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, at_positions, nth, positions


@dataclass(frozen=True)
class ToyMiddle(Rule):
    """One row a sequence: the token in the middle."""

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        middle = positions(shape, site, self.spelled) // 2
        return Chosen.where(nth(layout.mask(shape[0], site), middle))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)
