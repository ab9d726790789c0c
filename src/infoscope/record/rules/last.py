"""One row a sequence: its last token that the mask leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infoscope.record.rule import PositionRule, nth


@dataclass(frozen=True)
class Last(PositionRule):
    """One row a sequence: the last token that the mask leaves, whichever side is padded.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> padded = {"input": x, "special_tokens_mask": torch.tensor([[0, 0, 1], [0, 0, 0]])}
    >>> iscope.representations(torch.nn.Identity(), padded, ["output@last"])["output@last"]
    tensor([[ 2.,  3.],
            [10., 11.]])
    """

    def kept(self, mask: np.ndarray) -> np.ndarray:
        return nth(mask, -1)
