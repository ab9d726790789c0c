"""Dense layers on the CPU: one member a task, in a loop that numba compiles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from infoscope.kernels import parallel
from infoscope.kernels.counter_draws import KINDS
from infoscope.kernels.row_products import padded
from infoscope.train.ensemble import Ensemble
from infoscope.train.network import Dense, Network
from infoscope.train.trainer import Layout, State, Trainer, member_slices
from infoscope.train.trainers._compiled_loop import CODES, Rules, train_member

WIDEST = 1024  # up to here it wins over a matrix library; measured in bench/training.py


class CompiledTrainer(Trainer):
    """Members as jobs for threads, each in one compiled loop without the interpreter lock.

    >>> from infoscope.train.ensemble import Ensemble
    >>> from infoscope.train.networks.fully_connected import FullyConnected
    >>> from infoscope.train.recipe import Recipe
    >>> from infoscope.train.training import choose_trainer, make_trainer, train
    >>> x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    >>> y, rows = (x[:, 0] > 0).astype(np.int32), np.tile(np.arange(160, dtype=np.int64), (3, 1))
    >>> network, recipe = FullyConnected((2, 4, 2)), Recipe(epochs=30, learning_rate=0.02, batch=16)
    >>> choose_trainer(network, "cpu")
    'compiled'
    >>> ensemble = Ensemble(network, recipe, x, y, rows, seeds=(0, 1, 2))
    >>> *_, state = train(ensemble, (0, 30), make_trainer(ensemble, "compiled"))
    >>> classes = network.logits(state.parameters, torch.from_numpy(x[160:])).argmax(-1)
    >>> (classes.numpy() == y[160:]).mean(-1) > 0.9  # on rows that none of the three was trained on
    array([ True,  True,  True])
    """

    def __init__(self, ensemble: Ensemble, device: str, layout: Layout | None) -> None:
        assert isinstance(ensemble.network, Dense)
        self.ensemble, self._network = ensemble, ensemble.network
        self.layout = layout or Layout(parallel.cores(), 1)
        self._groups = self.layout.groups
        self._data: dict[bool, tuple[np.ndarray, np.ndarray]] = {}

    @classmethod
    def rank(cls, network: Network, device: str) -> int | None:
        if not isinstance(network, Dense) or device != "cpu" or network.activation not in CODES:
            return None
        return 0 if max(network.widths) <= WIDEST else 2

    def apart(self) -> list[slice]:
        """Each member by itself: nothing is shared but the data."""
        return member_slices(len(self.ensemble.seeds), len(self.ensemble.seeds))

    def advance(self, state: State, epoch: int) -> State:
        ensemble, recipe, rules = self.ensemble, self.ensemble.recipe, self._rules()
        flat = self._flatten(state.parameters)
        none = np.zeros((len(flat), 1), np.float32)
        first, second = (
            self._flatten(state.moments, f"{which}.") if kept else none
            for which, kept in (("first", rules.adam or rules.momentum), ("second", rules.adam))
        )
        sizes, code = np.array(self._network.widths, np.int64), CODES[self._network.activation]
        batch, noise = recipe.batch_size(ensemble.train.shape[1]), self._network.disturbance
        last = (
            rules,
            (KINDS[noise.kind], float(noise.size)) if noise else None,
            float(recipe.orthonormality) or None,
            True if self._network.head == "sigmoids" else None,
        )

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
                train_member(sizes, code, *vectors, *columns, *mine, begun, rates, batch, *last)

        parallel.run([partial(one, member) for member in range(len(flat))], min(self._groups, parallel.cores()))
        moments = self._unflatten(first, "first.") if first is not none else {}
        moments |= self._unflatten(second, "second.") if second is not none else {}
        return State(epoch, self._unflatten(flat), moments)

    def _columns(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The data of an epoch as the loop wants them, columns of zeros added up to whole vectors."""
        begins = self.ensemble.recipe.begins(epoch)
        if begins not in self._data:
            x, y = self.ensemble.data(epoch)
            self._data[begins] = padded(x), np.ascontiguousarray(y, np.int32)
        return self._data[begins]

    def _rules(self) -> Rules:
        recipe = self.ensemble.recipe
        return Rules(recipe.optimiser == "adam", float(recipe.momentum), float(recipe.weight_decay))

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
