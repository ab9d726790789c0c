"""One row a sample: the mean over its tokens that the mask leaves, or over the cells of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, pooled_rows, spread


@dataclass(frozen=True)
class MeanRow(Rule):
    """One row a sample: the mean over its tokens or over the cells of a map.

    Tokens are those that the mask leaves; a map is ``[channels, height, width]``.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> padded = {"input": x, "special_tokens_mask": torch.tensor([[0, 0, 1], [0, 0, 0]])}
    >>> iscope.representations(torch.nn.Identity(), padded, ["output@mean"])["output@mean"]
    tensor([[1., 2.],
            [8., 9.]])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return pooled_rows(layout, shape, site, self.spelled)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        values, mask = spread(output, chosen, samples)
        wide = values.to(torch.promote_types(values.dtype, torch.float32))
        return torch.where(mask[..., None], wide, 0).sum(1) / mask.sum(1, keepdim=True)
