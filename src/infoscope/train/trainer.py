"""What trains an ensemble from recorded epoch to recorded epoch: the base of every trainer, and its state.

A trainer is one file in ``train/trainers``. Each is asked whether it can train a network on a device, and how gladly;
two that can give it the same trajectory up to float32 rounding.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoscope.train.ensemble import Ensemble
from infoscope.train.network import Network


@dataclass(frozen=True)
class State:
    """All that is needed to go on training: stacked parameters, optimiser moments, and the epochs done."""

    epoch: int
    parameters: dict[str, Tensor]
    moments: dict[str, Tensor]  # "first.<parameter>" (Adam, momentum) and "second.<parameter>" (Adam)

    def tensors(self) -> dict[str, Tensor]:
        """Everything by one flat set of names, for storing."""
        return {
            **{f"parameters.{k}": v for k, v in self.parameters.items()},
            **{f"moments.{k}": v for k, v in self.moments.items()},
        }

    def copied(self, device: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Parameters and moments as copies on ``device``, to be trained in place."""
        parameters, moments = (
            {name: tensor.to(device, copy=True) for name, tensor in tensors.items()}
            for tensors in (self.parameters, self.moments)
        )
        return parameters, moments

    @classmethod
    def reached(cls, epoch: int, parameters: Mapping[str, Tensor], moments: Mapping[str, Tensor]) -> State:
        """The state after ``epoch`` epochs, brought to the CPU."""
        parts = ({name: tensor.detach().cpu() for name, tensor in tensors.items()} for tensors in (parameters, moments))
        return cls(epoch, *parts)

    @classmethod
    def from_tensors(cls, epoch: int, tensors: Mapping[str, Tensor]) -> State:
        parts: dict[str, dict[str, Tensor]] = {"parameters": {}, "moments": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        return cls(epoch, parts["parameters"], parts["moments"])


class Layout(NamedTuple):
    """How work is laid over the cores: ``groups`` of members at the same time, ``threads`` for each matrix product."""

    groups: int
    threads: int


class Trainer(abc.ABC):
    """Holds an ensemble's data where it trains.

    layout: how the work is laid over the cores; None until it is measured.
    """

    ensemble: Ensemble
    layout: Layout | None

    @abc.abstractmethod
    def __init__(self, ensemble: Ensemble, device: str, layout: Layout | None) -> None: ...

    @classmethod
    @abc.abstractmethod
    def rank(cls, network: Network, device: str) -> int | None:
        """None where it cannot train such a network there; of those that can, the least is taken."""

    @abc.abstractmethod
    def advance(self, state: State, epoch: int) -> State:
        """The state after ``epoch`` epochs; the same to the bit however the way there is cut into calls."""

    def apart(self) -> list[slice]:
        """Neighbouring members, as few as can be, each of which train to the same bits without the others."""
        return [slice(0, len(self.ensemble.seeds))]

    def alone(self, members: slice) -> Layout | None:
        """The layout of ``members``, which are some neighbours out of :meth:`apart`, where the others are left out."""
        if self.layout is None:
            return None
        return Layout(sum(members.start <= one.start < members.stop for one in self.apart()), self.layout.threads)


def member_slices(members: int, groups: int) -> list[slice]:
    """``members`` in at most ``groups`` runs of neighbours, as even as can be."""
    parts = np.array_split(np.arange(members), min(groups, members))
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts]


def together(apart: list[slice], count: int) -> list[slice]:
    """Neighbours that train ``apart`` in at most ``count`` runs, as even as can be."""
    runs = member_slices(len(apart), count)
    return [slice(apart[run.start].start, apart[run.stop - 1].stop) for run in runs]


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
