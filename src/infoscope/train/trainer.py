"""How members of an ensemble are laid over the cores: in groups, on torch threads, and which layout is fastest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from infoscope.train.ensemble import Layout


def member_slices(members: int, groups: int) -> list[slice]:
    """``members`` in at most ``groups`` runs of neighbours, as even as can be."""
    parts = np.array_split(np.arange(members), min(groups, members))
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts]


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Torch on ``count`` threads; a pool is to be started inside, since a new thread takes the number in force."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fastest(layouts: Iterable[Layout], prepare: Callable[[Layout], Callable[[int], None]], updates: int) -> Layout:
    """The one of ``layouts`` that trains ``updates`` updates in the least time.

    prepare: makes, for a layout, what trains a number of updates and returns when they are done; it is called once for
    a single update before the clock starts.
    """
    seconds = {}
    for layout in layouts:
        train = prepare(layout)
        train(1)
        start = time.perf_counter()
        train(updates)
        seconds[layout] = time.perf_counter() - start
    return min(seconds, key=seconds.__getitem__)
