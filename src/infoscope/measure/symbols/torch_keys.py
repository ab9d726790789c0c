"""The keys of :mod:`infoscope.measure.symbols.quantise` for a tensor where it lives, equal to the bit."""

from __future__ import annotations

import numpy as np
import torch

from infoscope.measure.symbols.partitions import Partition, Symbols, base

_M = int(np.uint64(0xC6A4A7935BD1E995).astype(np.int64))
_LOW_17 = 2**17 - 1  # int64 shifts keep the sign; a logical shift by 47 leaves 17 bits


def _mix(key: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
    code = code * _M
    code = (code ^ ((code >> 47) & _LOW_17)) * _M
    return (key ^ code) * _M


def _cells(t: torch.Tensor, partition: Partition) -> torch.Tensor:
    if partition.kind == "width":
        return torch.floor(t.double() / partition.width).long()
    if partition.kind == "exact":
        return (t + 0.0).contiguous().view(torch.int32 if t.dtype == torch.float32 else torch.int64).long()
    edges = torch.tensor(partition.edges, dtype=torch.float64, device=t.device)
    values = t.double()
    cells = torch.bucketize(values, edges, right=True)
    return torch.where(values == edges[-1], len(edges) - 1, cells) if partition.closed else cells


def symbols(t: torch.Tensor, partition: Partition) -> Symbols:
    """The symbols of ``t [n, d]``; one column at a time, so that a copy of ``t`` and n codes are all it takes."""
    radix = base(partition, t.shape[1]) if partition.kind == "edges" else 0
    shift = 1 if partition.kind == "edges" else 0
    keys = torch.zeros(len(t), dtype=torch.int64, device=t.device)
    for column in t.T.contiguous():
        cells = _cells(column, partition)
        keys = keys * radix + cells if radix else _mix(keys, cells + shift)
    below = above = 0
    if partition.kind == "edges":
        below, above = int((t < partition.edges[0]).sum()), int((t > partition.edges[-1]).sum())
    return Symbols(keys.cpu().numpy().view(np.uint64), below, above)
