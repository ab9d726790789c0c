"""One row a sequence: its first token that the mask leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, at_positions, nth, positions


@dataclass(frozen=True)
class First(Rule):
    """One row a sequence: the first token that the mask leaves, whichever side is padded.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> iscope.representations(torch.nn.Identity(), x, ["output@first"])["output@first"]
    tensor([[0., 1.],
            [6., 7.]])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return Chosen.where(nth(layout.mask(positions(shape, site, self.spelled), site), 0))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)
