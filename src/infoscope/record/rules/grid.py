"""One row a sample: a map pooled to a coarse grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage


@dataclass(frozen=True)
class Grid(Rule):
    """One row a sample: a map pooled to a coarse grid, its means in ``side`` x ``side`` fields.

    side: fields along each axis of a map ``[channels, height, width]``, or pieces of one of ``[channels, length]``.

    Examples
    --------
    >>> maps = torch.ones(2, 3, 8, 8)  # two maps of three channels
    >>> iscope.representations(torch.nn.Identity(), maps, ["output@grid(2)"])["output@grid(2)"].shape
    torch.Size([2, 12])
    """

    side: int = 4

    stage: ClassVar[Stage] = "rows"

    def _check(self) -> None:
        check.count(self.side, f"side of {self.id}")

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        if len(shape) not in (2, 3):
            raise InputError(
                f"the place {site!r} returned {list(shape)} for each sample, wanted a map [channels, height, width] "
                f"for @{self.spelled}: name a convolution's place, or leave the rule out"
            )
        return Chosen.whole(layout.n)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        wide = output.to(torch.promote_types(output.dtype, torch.float32))
        pool = torch.nn.functional.adaptive_avg_pool2d if wide.ndim == 4 else torch.nn.functional.adaptive_avg_pool1d
        return pool(wide, self.side).flatten(1)
