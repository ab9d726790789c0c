"""Images shifted and mirrored while a network trains, so that it never sees quite the same ones twice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from infoscope.train.recipe import Augmentation


def augmented(
    x: Tensor, shape: tuple[int, int, int], kinds: Sequence[Augmentation], generator: torch.Generator
) -> Tensor:
    """Rows of pixels ``[n, c·h·w]``, each changed by draws of its own from ``generator`` (of the CPU).

    ``"crop"``: shifted up or down and left or right by up to an eighth of the side, each shift equally likely, zeros
    where nothing was. ``"flip"``: mirrored left to right with probability one half.
    """
    if not kinds:
        return x
    _, height, width = shape
    n, device = len(x), x.device
    images = x.reshape(n, *shape)
    down, right = height // 8, width // 8
    rows, columns = torch.arange(height).expand(n, -1), torch.arange(width).expand(n, -1)
    if "crop" in kinds:
        images = functional.pad(images, (right, right, down, down))
        rows = rows + torch.randint(2 * down + 1, (n, 1), generator=generator)
        columns = columns + torch.randint(2 * right + 1, (n, 1), generator=generator)
    if "flip" in kinds:
        mirrored = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    every = torch.arange(n, device=device)[:, None, None]
    # places before channels, so that one index picks all channels of a pixel
    taken = images.permute(0, 2, 3, 1)[every, rows.to(device)[:, :, None], columns.to(device)[:, None, :]]
    return taken.permute(0, 3, 1, 2).reshape(n, -1)
