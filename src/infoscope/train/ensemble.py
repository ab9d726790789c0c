"""Train every member of an ensemble at once, from recorded epoch to recorded epoch.

Two programs give the same trajectories up to float32 rounding: ``compiled`` (narrow networks on the CPU, one member a
task, :mod:`infoscope.train._compiled_loop`) and ``batched`` (any width and device, members on a leading axis,
:mod:`infoscope.train.batched`). Initial weights, splits and batch orders are functions of a member's seed alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from infoscope.core.errors import InputError
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

Program = Literal["compiled", "batched"]
WIDEST_COMPILED = 64  # above this a matrix library wins; measured in bench/training.py


@dataclass(frozen=True)
class Ensemble:
    """A network, how it is trained, and what on.

    Attributes
    ----------
    x: inputs ``[n, d]`` float32. y: trained labels ``[n]`` int32. train: training rows of each member ``[m, n_train]``.
    seeds: one a member.
    """

    network: FullyConnected
    recipe: Recipe
    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        widths = self.network.widths
        if self.x.shape[1] != widths[0]:
            raise InputError(
                f"the inputs have {self.x.shape[1]} columns, the network takes {widths[0]}: change its widths"
            )
        if int(self.y.max()) >= widths[-1]:
            raise InputError(
                f"labels go up to {int(self.y.max())}, the network has {widths[-1]} outputs: change its widths"
            )
        if len(self.train) != len(self.seeds):
            raise InputError(f"{len(self.train)} sets of training rows for {len(self.seeds)} seeds: pass one a seed")

    def orders(self, epoch: int, members: slice = slice(None)) -> np.ndarray:
        """The training rows of ``members`` in the order in which each takes them in ``epoch`` ``[m, n_train]``."""
        from infoscope.train._compiled_loop import batch_order

        orders = np.array(self.train[members], dtype=np.int64)
        for order, seed in zip(orders, self.seeds[members], strict=True):
            batch_order(seed, epoch, order)
        return orders

    def step(self, epoch: int) -> int:
        """Optimiser updates done after ``epoch`` epochs."""
        return self.recipe.updates(epoch, self.train.shape[1])


@dataclass(frozen=True)
class State:
    """All that is needed to go on training: stacked parameters, optimiser moments, and the epochs done."""

    epoch: int
    parameters: dict[str, Tensor]
    moments: dict[str, Tensor]  # "first.<parameter>" and "second.<parameter>"; empty for plain SGD

    def tensors(self) -> dict[str, Tensor]:
        """Everything by one flat set of names, for storing."""
        return {
            **{f"parameters.{k}": v for k, v in self.parameters.items()},
            **{f"moments.{k}": v for k, v in self.moments.items()},
        }

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


class Trainer(Protocol):
    """One of the two programs, holding the training data where it trains."""

    layout: Layout | None  # None until measured

    def advance(self, state: State, epoch: int) -> State:
        """The state after ``epoch`` epochs; the same to the bit however the way there is cut into calls."""
        ...


def choose_program(ensemble: Ensemble, device: str) -> Program:
    """``compiled`` where it can run and is faster: on the CPU, for narrow networks."""
    from infoscope.train._compiled_loop import CODES

    narrow = max(ensemble.network.widths) <= WIDEST_COMPILED
    return "compiled" if device == "cpu" and narrow and ensemble.network.activation in CODES else "batched"


def initial_state(ensemble: Ensemble) -> State:
    """Before the first update."""
    parameters = ensemble.network.initial(ensemble.seeds)
    moments = {}
    if ensemble.recipe.optimiser == "adam":
        moments = {f"{which}.{k}": torch.zeros_like(v) for which in ("first", "second") for k, v in parameters.items()}
    return State(0, parameters, moments)


def make_trainer(
    ensemble: Ensemble, program: Program | None = None, device: str = "cpu", layout: Layout | None = None
) -> Trainer:
    """The program that trains ``ensemble`` fastest on ``device``, or the one that is named.

    layout: None lets the trainer choose; a resumed run passes what its first part used, to stay equal to the bit.
    """
    if (program or choose_program(ensemble, device)) == "compiled":
        return CompiledTrainer(ensemble, layout or Layout(os.cpu_count() or 1, 1))
    from infoscope.train.batched import BatchedTrainer

    return BatchedTrainer(ensemble, device, layout)


def train(ensemble: Ensemble, epochs: Sequence[int], trainer: Trainer | None = None) -> Iterator[State]:
    """Yield the state at each epoch of ``epochs`` (rising), from before the first update."""
    trainer = trainer or make_trainer(ensemble)
    state = initial_state(ensemble)
    for epoch in epochs:
        state = trainer.advance(state, epoch) if epoch > state.epoch else state
        yield state


class CompiledTrainer:
    """Members as tasks of a thread pool, each in one compiled loop without the interpreter lock."""

    def __init__(self, ensemble: Ensemble, layout: Layout) -> None:
        self.ensemble = ensemble
        self.layout: Layout | None = layout
        self._groups = layout.groups
        self._x = np.ascontiguousarray(ensemble.x.T, np.float32)
        self._y = np.ascontiguousarray(ensemble.y, np.int32)

    def advance(self, state: State, epoch: int) -> State:
        from infoscope.train._compiled_loop import CODES, train_member

        ensemble, recipe = self.ensemble, self.ensemble.recipe
        adam = recipe.optimiser == "adam"
        flat = self._flatten(state.parameters)
        first = self._flatten(state.moments, "first.") if adam else np.zeros((len(flat), 1), np.float32)
        second = self._flatten(state.moments, "second.") if adam else np.zeros((len(flat), 1), np.float32)
        sizes, code = np.array(ensemble.network.widths, np.int64), CODES[ensemble.network.activation]
        batch = recipe.batch_size(ensemble.train.shape[1])

        def one(member: int) -> None:
            vectors = flat[member], first[member], second[member]
            data = self._x, self._y, ensemble.train[member], ensemble.seeds[member]
            train_member(sizes, code, *vectors, *data, state.epoch, epoch, batch, recipe.learning_rate, adam)

        with ThreadPoolExecutor(self._groups) as pool:
            list(pool.map(one, range(len(flat))))
        moments = {**self._unflatten(first, "first."), **self._unflatten(second, "second.")} if adam else {}
        return State(epoch, self._unflatten(flat), moments)

    def _names(self) -> list[str]:
        return [f"{layer}.linear.{part}" for layer in self.ensemble.network.layers for part in ("weight", "bias")]

    def _flatten(self, tensors: Mapping[str, Tensor], prefix: str = "") -> np.ndarray:
        """``[m, parameters]``, layer by layer, weight before bias."""
        members = len(self.ensemble.seeds)
        return torch.cat([tensors[prefix + name].reshape(members, -1) for name in self._names()], dim=1).numpy()

    def _unflatten(self, flat: np.ndarray, prefix: str = "") -> dict[str, Tensor]:
        tensors, at = {}, 0
        for layer, (out, into) in self.ensemble.network.shapes():
            for part, shape in (("weight", (out, into)), ("bias", (out,))):
                size = int(np.prod(shape))
                piece = torch.from_numpy(flat[:, at : at + size].copy())
                tensors[f"{prefix}{layer}.linear.{part}"] = piece.reshape(len(flat), *shape)
                at += size
        return tensors
