"""One row a sample: the mean over its tokens that the mask leaves, or over the cells of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, pooled_rows, spread


@dataclass(frozen=True)
class MeanRow(Rule):
    """One row a sample: the mean over the tokens that the mask leaves, or over the cells of a map ``[channels, height,
    width]``."""

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return pooled_rows(layout, shape, site, self.spelled)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        values, mask = spread(output, chosen, samples)
        wide = values.to(torch.promote_types(values.dtype, torch.float32))
        return torch.where(mask[..., None], wide, 0).sum(1) / mask.sum(1, keepdim=True)
