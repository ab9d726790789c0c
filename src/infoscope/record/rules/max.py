"""One row a sample: the largest value of each column over its tokens, or over the cells of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage, pooled_rows, spread


@dataclass(frozen=True)
class Max(Rule):
    """One row a sample: the largest value of each column over its tokens or cells.

    Tokens are those that the mask leaves; a map is ``[channels, height, width]``.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> padded = {"input": x, "special_tokens_mask": torch.tensor([[0, 0, 1], [0, 0, 0]])}
    >>> iscope.representations(torch.nn.Identity(), padded, ["output@max"])["output@max"]
    tensor([[ 2.,  3.],
            [10., 11.]])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return pooled_rows(layout, shape, site, self.spelled)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        values, mask = spread(output, chosen, samples)
        return torch.where(mask[..., None], values, float("-inf")).amax(1).to(values.dtype)
