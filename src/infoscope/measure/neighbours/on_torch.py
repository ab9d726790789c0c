"""The balls of all rows on an accelerator: every pair at once, in stretches of rows that fit its memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from infoscope.core.shapes import Device

PAIRS = 2**24  # at once


def every_pair(
    points: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
    ks: np.ndarray,
    tie: float,
    euclidean: bool,
    rectangle: bool,
    device: Device,
    distances: np.ndarray,
    nearest: np.ndarray,
    inside: np.ndarray,
    tied: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Writes what ``_neighbour_brute.every_pair`` writes; in float32 where the device has no float64."""
    import torch

    single = torch.device(device).type == "mps"
    tie = max(tie, 2.0**-20) if single else tie
    columns = torch.as_tensor(points.T.copy(), dtype=torch.float32 if single else torch.float64, device=device)
    n, k, step = len(points), distances.shape[1], max(1, PAIRS // len(points))

    def block(rows: slice, first: int, last: int) -> torch.Tensor:
        found = torch.zeros((rows.stop - rows.start, n), dtype=columns.dtype, device=device)
        for column in columns[first:last]:
            gap = (column[rows, None] - column).abs_()
            found = found.addcmul_(gap, gap) if euclidean else torch.maximum(found, gap, out=found)
        return found.sqrt_() if euclidean else found

    def largest(blocks: list[torch.Tensor]) -> torch.Tensor:
        found = blocks[0]
        for one in blocks[1:]:
            found = torch.maximum(found, one)
        return found

    with torch.no_grad():
        for begin in range(0, n, step):
            rows = slice(begin, min(begin + step, n))
            own = torch.as_tensor(ks[rows], device=device)[:, None]
            blocks = [block(rows, int(a), int(b)) for a, b in pairwise(starts)]
            joint = largest(blocks).clone()
            joint[torch.arange(len(joint)), torch.arange(rows.start, rows.stop)] = torch.inf
            near, where = joint.topk(k, largest=False)
            radius = near.gather(1, own - 1)
            closed = joint <= radius + tie
            within = closed.sum(1, keepdim=True)
            ties = (within - (joint < radius - tie).sum(1, keepdim=True) > 1) | (radius <= tie)
            for s, member in enumerate(members):
                distance = largest([one for one, wanted in zip(blocks, member, strict=True) if wanted])
                reach = torch.where(ties, radius + tie, radius - tie)
                if rectangle:
                    reach = torch.where(closed, distance, 0).amax(1, keepdim=True) + tie
                counts[s, rows] = ((distance <= reach).sum(1) - 1).cpu().numpy()
            near = torch.where(torch.arange(k, device=device) < own, near, torch.inf)
            distances[rows], nearest[rows] = near.cpu().numpy(), where.cpu().numpy()
            inside[rows], tied[rows] = within[:, 0].cpu().numpy(), ties[:, 0].cpu().numpy()
