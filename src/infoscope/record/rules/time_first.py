"""The samples are on the second axis of the output, the steps in time on the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from infoscope.core.errors import InputError
from infoscope.record.rule import Rule, Stage


@dataclass(frozen=True)
class TimeFirst(Rule):
    """The samples are on the second axis of the output, the times on the first.

    ``[time, n, ...]``, as an LSTM's without ``batch_first``: never guessed, since both axes may have any length.
    Other rules follow: ``lstm@time_first@last``.

    Examples
    --------
    >>> lstm = torch.nn.LSTM(3, 4, batch_first=False)
    >>> x = torch.ones(5, 2, 3)  # five times, two samples
    >>> from infoscope.record.inputs import Inputs
    >>> place, inputs = "output@time_first@last", Inputs.of(x, lstm, time_first=True)
    >>> iscope.representations(lstm, inputs, [place])[place].shape
    torch.Size([2, 4])
    """

    stage: ClassVar[Stage] = "axes"

    def axes(self, output: torch.Tensor) -> torch.Tensor:
        if output.ndim < 2:
            raise InputError(
                f"a place with @time_first returned shape {tuple(output.shape)}, wanted [time, samples, ...]"
            )
        return output.transpose(0, 1)
