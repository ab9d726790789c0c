"""Fewer columns: a random projection of each row, the same at every step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch

from infoscope.core import check
from infoscope.kernels.devices import full_precision
from infoscope.record.rule import Rule, Stage


@dataclass(frozen=True)
class Sketch(Rule):
    """Fewer columns: each row times one Gaussian matrix of variance 1/width, drawn by ``seed``.

    Squared distances are kept in the mean (Johnson & Lindenstrauss 1984). Rows no wider than that stay as they are.
    What probes read of a sketch is a property of the sketch: of 2048 columns 512 random ones lost 24 to 55 % of the
    bits in one trial.

    Examples
    --------
    >>> x = torch.ones(2, 1000)
    >>> iscope.representations(torch.nn.Identity(), x, ["output@sketch(64)"])["output@sketch(64)"].shape
    torch.Size([2, 64])
    """

    width: int = 512
    seed: int = 0

    stage: ClassVar[Stage] = "columns"

    def _check(self) -> None:
        check.count(self.width, f"width of {self.id}")
        check.count(self.seed, f"seed of {self.id}", 0)

    def columns(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.shape[1] <= self.width:
            return rows
        wide = rows.to(torch.promote_types(rows.dtype, torch.float32))
        with full_precision():
            return wide @ _matrix(rows.shape[1], self.width, self.seed).to(wide)


@lru_cache(maxsize=2)
def _matrix(d: int, width: int, seed: int) -> torch.Tensor:
    return torch.randn(d, width, generator=torch.Generator().manual_seed(seed)) / width**0.5
