"""Train every member of an ensemble at once, from recorded epoch to recorded epoch.

Two programs give fully connected networks the same trajectories up to float32 rounding: ``compiled`` (narrow ones on
the CPU, one member a task, :mod:`infoscope.train.trainers._compiled_loop`) and ``batched`` (any width and device, members on a
leading axis, :mod:`infoscope.train.trainers.batched`). Every other network trains in ``modular``
(:mod:`infoscope.train.trainers.modular`). A member's initial weights, split, batch orders and noise are functions of its seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from infoscope.core.errors import InputError
from infoscope.train.network import Network
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

if TYPE_CHECKING:
    from infoscope.train.trainers._compiled_loop import Rules

Program = Literal["compiled", "batched", "modular"]
WIDEST_COMPILED = 64  # above this a matrix library wins; measured in bench/training.py


@dataclass(frozen=True)
class Ensemble:
    """A network, how it is trained, and what on.

    Attributes
    ----------
    x: inputs ``[n, d]`` float32. y: trained labels ``[n]`` int32. train: training rows of each member ``[m, n_train]``.
    seeds: one a member.
    first_x, first_y: what stands in their place during the recipe's perturbed beginning; None where it is the same.
    """

    network: Network
    recipe: Recipe
    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    seeds: tuple[int, ...]
    first_x: np.ndarray | None = None
    first_y: np.ndarray | None = None

    def __post_init__(self) -> None:
        wanted, outputs = self.network.inputs, self.network.classes
        if self.x.shape[1] != wanted:
            raise InputError(
                f"the inputs have {self.x.shape[1]} columns, the network takes {wanted}: change its widths"
            )
        for y in (self.y, self.first_y):
            if y is not None and int(y.max()) >= outputs:
                raise InputError(
                    f"labels go up to {int(y.max())}, the network has {outputs} outputs: change its widths"
                )
        if len(self.train) != len(self.seeds):
            raise InputError(f"{len(self.train)} sets of training rows for {len(self.seeds)} seeds: pass one a seed")
        if self.recipe.augmentation and isinstance(self.network, FullyConnected):
            raise InputError(
                f"augmentation is {self.recipe.augmentation} and the network fully connected, wanted one that sees "
                "images: take a convolutional network, or no augmentation"
            )
        if self.recipe.beginning and self.first_x is None and self.first_y is None:
            raise InputError("the recipe has a beginning, wanted its data: pass first_x or first_y, or no beginning")

    @property
    def dense(self) -> FullyConnected:
        """The network, of the two programs that train no other kind."""
        if not isinstance(self.network, FullyConnected):
            raise InputError(
                f"the network is {type(self.network).__name__}, wanted FullyConnected: leave the choice of the program "
                "to infoscope"
            )
        return self.network

    def data(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels of the epoch that begins after ``epoch`` epochs."""
        begins = self.recipe.begins(epoch)
        x = self.first_x if begins and self.first_x is not None else self.x
        return x, self.first_y if begins and self.first_y is not None else self.y

    def stretches(self, first: int, last: int) -> list[range]:
        """The epochs from ``first`` to ``last``, cut where the perturbed beginning ends."""
        cut = self.recipe.beginning.epochs if self.recipe.beginning else first
        return [part for part in (range(first, min(cut, last)), range(max(cut, first), last)) if part]

    def orders(self, epoch: int, members: slice = slice(None)) -> np.ndarray:
        """The training rows of ``members`` in the order in which each takes them in ``epoch`` ``[m, n_train]``."""
        from infoscope.train.trainers._compiled_loop import batch_order

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
    moments: dict[str, Tensor]  # "first.<parameter>" (Adam, momentum) and "second.<parameter>" (Adam)

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
    """``compiled`` where it can run and is faster: on the CPU, for narrow fully connected networks."""
    from infoscope.train.trainers._compiled_loop import CODES

    network = ensemble.network
    if not isinstance(network, FullyConnected):
        return "modular"
    narrow = max(network.widths) <= WIDEST_COMPILED
    return "compiled" if device == "cpu" and narrow and network.activation in CODES else "batched"


def initial_state(ensemble: Ensemble) -> State:
    """Before the first update."""
    parameters = ensemble.network.initial(ensemble.seeds)
    if not isinstance(ensemble.network, FullyConnected):
        from infoscope.train.trainers.modular import with_statistics

        parameters = with_statistics(ensemble, parameters)
    kept = ("first", "second") if ensemble.recipe.optimiser == "adam" else ("first",) * bool(ensemble.recipe.momentum)
    return State(0, parameters, {f"{which}.{k}": torch.zeros_like(v) for which in kept for k, v in parameters.items()})


def make_trainer(
    ensemble: Ensemble, program: Program | None = None, device: str = "cpu", layout: Layout | None = None
) -> Trainer:
    """The program that trains ``ensemble`` fastest on ``device``, or the one that is named.

    layout: None lets the trainer choose; a resumed run passes what its first part used, to stay equal to the bit.
    """
    program = program or choose_program(ensemble, device)
    if program == "compiled":
        return CompiledTrainer(ensemble, layout or Layout(os.cpu_count() or 1, 1))
    if program == "modular":
        from infoscope.train.trainers.modular import ModularTrainer

        return ModularTrainer(ensemble, device, layout)
    from infoscope.train.trainers.batched import BatchedTrainer

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
        self._network = ensemble.dense
        self._data: dict[bool, tuple[np.ndarray, np.ndarray]] = {}

    def advance(self, state: State, epoch: int) -> State:
        from infoscope.train.trainers._compiled_loop import CODES, train_member

        ensemble, recipe, rules = self.ensemble, self.ensemble.recipe, self._rules()
        flat = self._flatten(state.parameters)
        none = np.zeros((len(flat), 1), np.float32)
        first, second = (
            self._flatten(state.moments, f"{which}.") if kept else none
            for which, kept in (("first", rules.adam or rules.momentum), ("second", rules.adam))
        )
        sizes, code = np.array(self._network.widths, np.int64), CODES[self._network.activation]
        batch = recipe.batch_size(ensemble.train.shape[1])

        stretches = [
            (self._columns(epochs.start), epochs.start, np.array([recipe.rate(each) for each in epochs]))
            for epochs in ensemble.stretches(state.epoch, epoch)
        ]

        def one(member: int) -> None:
            vectors, mine = (
                (flat[member], first[member], second[member]),
                (ensemble.train[member], ensemble.seeds[member]),
            )
            for columns, begun, rates in stretches:
                train_member(sizes, code, *vectors, *columns, *mine, begun, rates, batch, rules)

        with ThreadPoolExecutor(self._groups) as pool:
            list(pool.map(one, range(len(flat))))
        moments = self._unflatten(first, "first.") if first is not none else {}
        moments |= self._unflatten(second, "second.") if second is not none else {}
        return State(epoch, self._unflatten(flat), moments)

    def _columns(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The data of an epoch as the loop wants them, one column a sample."""
        begins = self.ensemble.recipe.begins(epoch)
        if begins not in self._data:
            x, y = self.ensemble.data(epoch)
            self._data[begins] = np.ascontiguousarray(x.T, np.float32), np.ascontiguousarray(y, np.int32)
        return self._data[begins]

    def _rules(self) -> Rules:
        from infoscope.kernels.counter_draws import KINDS
        from infoscope.train.trainers._compiled_loop import Rules

        recipe, noise = self.ensemble.recipe, self._network.disturbance
        kind, size = (KINDS[noise.kind], noise.size) if noise else (0, 0.0)
        return Rules(
            recipe.optimiser == "adam",
            float(recipe.momentum),
            float(recipe.weight_decay),
            float(recipe.orthonormality),
            kind,
            float(size),
        )

    def _names(self) -> list[str]:
        return [f"{layer}.linear.{part}" for layer in self._network.layers for part in ("weight", "bias")]

    def _flatten(self, tensors: Mapping[str, Tensor], prefix: str = "") -> np.ndarray:
        """``[m, parameters]``, layer by layer, weight before bias."""
        members = len(self.ensemble.seeds)
        return torch.cat([tensors[prefix + name].reshape(members, -1) for name in self._names()], dim=1).numpy()

    def _unflatten(self, flat: np.ndarray, prefix: str = "") -> dict[str, Tensor]:
        tensors, at = {}, 0
        for layer, (out, into) in self._network.shapes():
            for part, shape in (("weight", (out, into)), ("bias", (out,))):
                size = int(np.prod(shape))
                piece = torch.from_numpy(flat[:, at : at + size].copy())
                tensors[f"{prefix}{layer}.linear.{part}"] = piece.reshape(len(flat), *shape)
                at += size
        return tensors
