"""One row a sequence: its first token that the mask leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infoscope.record.rule import PositionRule, nth


@dataclass(frozen=True)
class First(PositionRule):
    """One row a sequence: the first token that the mask leaves, whichever side is padded.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> iscope.representations(torch.nn.Identity(), x, ["output@first"])["output@first"]
    tensor([[0., 1.],
            [6., 7.]])
    """

    def kept(self, mask: np.ndarray) -> np.ndarray:
        return nth(mask, 0)
