"""All members as one batched tensor program: every matrix product is a ``baddbmm`` over the member axis.

Any width, any activation, any device. On the CPU groups of members train side by side, because two threads can be ten
times slower than one on small matrices; they pay on large ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from infoscope.kernels import adam, parallel
from infoscope.kernels.counter_draws import KINDS, draw
from infoscope.train.activations import ACTIVATIONS
from infoscope.train.ensemble import Ensemble
from infoscope.train.network import Dense, Network
from infoscope.train.trainer import Layout, State, Trainer, member_slices

SHARED = 1 << 24  # multiply-adds of a product from which on threads that share it are worth their waking


class BatchedTrainer(Trainer):
    """Holds the data on the device; ``layout`` None means: by the numbers of members, cores and multiply-adds.

    >>> from infoscope.train.ensemble import Ensemble
    >>> from infoscope.train.networks.fully_connected import FullyConnected
    >>> from infoscope.train.recipe import Recipe
    >>> from infoscope.train.trainer import Layout
    >>> from infoscope.train.training import choose_trainer, make_trainer, train
    >>> x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    >>> y, rows = (x[:, 0] > 0).astype(np.int32), np.tile(np.arange(160, dtype=np.int64), (3, 1))
    >>> network, recipe = FullyConnected((2, 1200, 2)), Recipe(epochs=10, learning_rate=0.02, batch=16)
    >>> choose_trainer(network, "cpu")  # wider than the compiled loop is for
    'batched'
    >>> ensemble = Ensemble(network, recipe, x, y, rows, seeds=(0, 1, 2))
    >>> trainer = make_trainer(ensemble, layout=Layout(groups=1, threads=1))
    >>> *_, state = train(ensemble, (0, 10), trainer)
    >>> classes = network.logits(state.parameters, torch.from_numpy(x[160:])).argmax(-1)
    >>> (classes.numpy() == y[160:]).mean(-1) > 0.9  # on rows that none of the three was trained on
    array([ True,  True,  True])
    """

    @classmethod
    def rank(cls, network: Network, device: str) -> int | None:
        return 1 if isinstance(network, Dense) else None

    def __init__(self, ensemble: Ensemble, device: str, layout: Layout | None) -> None:
        self.ensemble, self.device = ensemble, device
        assert isinstance(ensemble.network, Dense)
        self._network, self._noise = ensemble.network, ensemble.network.disturbance
        self.layout = Layout(1, torch.get_num_threads()) if device != "cpu" else layout or self._layout()
        self._data: dict[bool, tuple[Tensor, Tensor]] = {}

    def advance(self, state: State, epoch: int) -> State:
        assert self.layout is not None
        parameters, moments = state.copied(self.device)
        for epochs in self.ensemble.stretches(state.epoch, epoch):
            self._train(self.layout, parameters, moments, epochs)
        return State.reached(epoch, parameters, moments)

    def _train(
        self,
        layout: Layout,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        epochs: range,
    ) -> None:
        """Train in place, on the same data all along; each group of members in a thread of its own."""
        slices, data = member_slices(len(self.ensemble.seeds), layout.groups), self._tensors(epochs.start)
        work = [partial(self._train_group, part, parameters, moments, data, epochs) for part in slices]
        parallel.run(work, min(len(work), parallel.cores()), layout.threads)

    @torch.no_grad()
    def _train_group(
        self,
        members: slice,
        parameters: Mapping[str, Tensor],
        moments: Mapping[str, Tensor],
        data: tuple[Tensor, Tensor],
        epochs: range,
    ) -> None:
        mine = {name: tensor[members] for name, tensor in parameters.items()}  # views: the update is in place
        my_moments = {name: tensor[members] for name, tensor in moments.items()}
        for epoch in epochs:
            orders = torch.from_numpy(self.ensemble.orders(epoch, members)).to(self.device)
            for k, rows in enumerate(orders.split(self.ensemble.recipe.batch_size(orders.shape[1]), dim=1)):
                draws = self._draws(members, epoch, k, rows.shape[1])
                passed = self._forward(mine, data[0][rows], data[1][rows], draws)
                self._update(mine, my_moments, *passed, epoch, self.ensemble.step(epoch) + k + 1)

    def _tensors(self, epoch: int) -> tuple[Tensor, Tensor]:
        """The data of an epoch, on the device."""
        begins = self.ensemble.recipe.begins(epoch)
        if begins not in self._data:
            x, y = self.ensemble.data(epoch)
            on_device = torch.tensor(x, dtype=torch.float32, device=self.device)
            self._data[begins] = on_device, torch.tensor(y, dtype=torch.long, device=self.device)
        return self._data[begins]

    def _draws(self, members: slice, epoch: int, update: int, rows: int) -> list[Tensor]:
        """What is added to each hidden layer's output, or multiplied ``[m, rows, units]``; nothing without noise.

        The compiled loop's own numbers, so that the two programs stay comparable; made on the CPU.
        """
        if self._noise is None:
            return []
        seeds, draws = self.ensemble.seeds[members], []
        for layer, units in enumerate(self._network.widths[1:-1]):
            out = np.empty((len(seeds), units + units % 2, rows), np.float32)
            for seed, mine in zip(seeds, out, strict=True):
                draw(seed, epoch, update, layer, KINDS[self._noise.kind], float(self._noise.size), mine, units, rows)
            draws.append(torch.from_numpy(out[:, :units]).to(self.device).transpose(1, 2))
        return draws

    def _forward(
        self, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, draws: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]], Tensor]:
        """Each layer's input, each hidden layer's (z, output), and the gradient of the mean loss by the logits."""
        activation = ACTIVATIONS[self._network.activation]
        inputs, activations, z = [x], [], x
        for place, layer in enumerate(self._network.layers):
            weight, bias = parameters[f"{layer}.linear.weight"], parameters[f"{layer}.linear.bias"]
            z = torch.baddbmm(bias[:, None], inputs[-1], weight.transpose(1, 2))
            if layer != "output":
                with torch.enable_grad():
                    a = activation(z.requires_grad_())
                    if self._noise:
                        a = a + draws[place] if self._noise.kind == "additive" else a * draws[place]
                activations.append((z, a))
                inputs.append(a.detach())
        labels = y[..., None]
        found = torch.softmax(z, dim=-1) if self._network.head == "softmax" else torch.sigmoid(z)
        delta = found.scatter_add_(-1, labels, torch.full_like(labels, -1, dtype=z.dtype))
        return inputs, activations, delta.div_(x.shape[1])

    def _update(
        self,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        inputs: list[Tensor],
        activations: list[tuple[Tensor, Tensor]],
        delta: Tensor,
        epoch: int,
        step: int,
    ) -> None:
        """One optimiser step of every member; layer by layer from the output, each as soon as its gradient is known.

        Written out, not left to autograd: plain SGD then adds the gradient inside the matrix product that makes it.
        """
        recipe, layers = self.ensemble.recipe, self._network.layers
        plain = recipe.optimiser == "sgd" and not recipe.momentum
        rate = recipe.rate(epoch)
        for index in range(len(layers) - 1, -1, -1):
            weight, bias = f"{layers[index]}.linear.weight", f"{layers[index]}.linear.bias"
            back = torch.bmm(delta, parameters[weight]) if index else None  # before the weight moves
            if plain:
                kept = 1 - rate * recipe.weight_decay
                parameters[weight].baddbmm_(delta.transpose(1, 2), inputs[index], beta=kept, alpha=-rate)
                if recipe.weight_decay:
                    parameters[bias].mul_(kept)
                parameters[bias].sub_(delta.sum(1), alpha=rate)
            else:
                gradients = {weight: torch.bmm(delta.transpose(1, 2), inputs[index]), bias: delta.sum(1)}
                for name, gradient in gradients.items():
                    self._step(name, parameters, moments, gradient, rate, step)
            if recipe.orthonormality and index < len(layers) - 1:
                w = parameters[weight]
                w.sub_(w @ w.mT @ w - w, alpha=recipe.orthonormality)
            if back is not None:
                z, a = activations[index - 1]
                (delta,) = torch.autograd.grad(a, z, back)

    def _step(
        self,
        name: str,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        gradient: Tensor,
        rate: float,
        step: int,
    ) -> None:
        """SGD with momentum, or Adam, as torch.optim has them; moves one parameter."""
        parameter, first = parameters[name], moments[f"first.{name}"]
        if self.ensemble.recipe.weight_decay:
            gradient.add_(parameter, alpha=self.ensemble.recipe.weight_decay)
        if self.ensemble.recipe.optimiser == "sgd":
            first.mul_(self.ensemble.recipe.momentum).add_(gradient)
            parameter.sub_(first, alpha=rate)
            return
        second = moments[f"second.{name}"]
        adam.on_tensor(parameter, gradient, first, second, rate, step)

    def _layout(self) -> Layout:
        """A core for each group of members; cores that are left over share the products of a group that are large.

        By counting, not by a stopwatch: how many threads share a product decides its last bits.
        """
        members, rows = self.ensemble.train.shape
        groups = min(parallel.cores(), members)
        largest = max(a * b for a, b in itertools.pairwise(self._network.widths))
        shared = largest * self.ensemble.recipe.batch_size(rows) * (members // groups) >= SHARED
        return Layout(groups, parallel.cores() // groups if shared else 1)
