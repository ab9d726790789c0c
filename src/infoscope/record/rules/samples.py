"""One row a sample, everything behind the first axis flattened: what is read where no rule is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage


@dataclass(frozen=True)
class Samples(Rule):
    """One row a sample; what lies behind the first axis is flattened.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> iscope.representations(torch.nn.Identity(), x, ["output@samples"])["output@samples"]
    tensor([[ 0.,  1.,  2.,  3.,  4.,  5.],
            [ 6.,  7.,  8.,  9., 10., 11.]])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return Chosen.whole(layout.n)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return output.reshape(len(output), -1)
