"""One row a sequence: its last token that the mask leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, at_positions, nth, positions


@dataclass(frozen=True)
class Last(Rule):
    """One row a sequence: the last token that the mask leaves, whichever side is padded.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> padded = {"input": x, "special_tokens_mask": torch.tensor([[0, 0, 1], [0, 0, 0]])}
    >>> iscope.representations(torch.nn.Identity(), padded, ["output@last"])["output@last"]
    tensor([[ 2.,  3.],
            [10., 11.]])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return Chosen.where(nth(layout.mask(positions(shape, site, self.spelled), site), -1))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)
