"""One row a cell of a map: every place of a convolution's output, with its channels as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from infoscope.core.errors import InputError
from infoscope.record.layout import Chosen, SampleLayout
from infoscope.record.rule import Rule, Stage


@dataclass(frozen=True)
class CellRows(Rule):
    """One row a cell of a map, its channels as columns.

    Maps are ``[channels, length]``, ``[channels, height, width]`` …; cells are numbered row by row, as the positions of
    a variable with a label a cell.

    Examples
    --------
    >>> maps = torch.arange(16.0).reshape(2, 2, 2, 2)  # two maps of two channels
    >>> iscope.representations(torch.nn.Identity(), maps, ["output@cells"])["output@cells"].shape
    torch.Size([8, 2])
    """

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        if len(shape) < 2:
            raise InputError(
                f"the place {site!r} returned {list(shape)} for each sample, wanted a map [channels, height, width] "
                f"for @{self.spelled}: name a convolution's place, or leave the rule out"
            )
        return Chosen.where(np.ones((layout.n, int(np.prod(shape[1:]))), bool))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return output.flatten(2).transpose(1, 2).flatten(0, 1)
