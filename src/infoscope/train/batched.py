"""All members as one batched tensor program: every matrix product is a ``baddbmm`` over the member axis.

Any width, any activation, any device. On the CPU the layout over the cores is measured before the first update,
because two threads can be ten times slower than one on small matrices and twice as fast on large ones, and because two
halves of the members side by side often beat both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from infoscope.train.ensemble import Ensemble, Layout, State
from infoscope.train.networks._activations import ACTIVATIONS

TRIAL_UPDATES = 12


class BatchedTrainer:
    """Holds the data on the device; ``layout`` None means: measure which is fastest."""

    def __init__(self, ensemble: Ensemble, device: str, layout: Layout | None) -> None:
        self.ensemble, self.device = ensemble, device
        self.layout = Layout(1, torch.get_num_threads()) if device != "cpu" else layout
        self._x = torch.tensor(ensemble.x, dtype=torch.float32, device=device)
        self._y = torch.tensor(ensemble.y, dtype=torch.long, device=device)

    def advance(self, state: State, epoch: int) -> State:
        if self.layout is None:
            self.layout = self._fastest_layout(state)
        parameters, moments = self._copy(state.parameters), self._copy(state.moments)
        self._train(self.layout, parameters, moments, range(state.epoch, epoch))
        return State(epoch, _to(parameters, "cpu"), _to(moments, "cpu"))

    def _train(
        self,
        layout: Layout,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        epochs: range,
        updates: int | None = None,
    ) -> None:
        """Train in place; each group of members in a thread of its own. ``updates`` stops every epoch early."""
        groups = np.array_split(np.arange(len(self.ensemble.seeds)), min(layout.groups, len(self.ensemble.seeds)))
        slices = [slice(int(group[0]), int(group[-1]) + 1) for group in groups]
        before = torch.get_num_threads()
        torch.set_num_threads(layout.threads)  # before the pool starts: a new thread takes the number in force
        try:
            with ThreadPoolExecutor(len(slices)) as pool:
                work = [pool.submit(self._train_group, part, parameters, moments, epochs, updates) for part in slices]
            for done in work:
                done.result()
        finally:
            torch.set_num_threads(before)

    def _train_group(
        self,
        members: slice,
        parameters: Mapping[str, Tensor],
        moments: Mapping[str, Tensor],
        epochs: range,
        updates: int | None,
    ) -> None:
        mine = {name: tensor[members] for name, tensor in parameters.items()}  # views: the update is in place
        my_moments = {name: tensor[members] for name, tensor in moments.items()}
        for epoch in epochs:
            orders = torch.from_numpy(self.ensemble.orders(epoch, members)).to(self.device)
            for k, rows in enumerate(orders.split(self.ensemble.recipe.batch_size(orders.shape[1]), dim=1)[:updates]):
                self._update(mine, my_moments, rows, self.ensemble.step(epoch) + k + 1)

    def _copy(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: tensor.to(self.device, copy=True) for name, tensor in tensors.items()}

    @torch.no_grad()
    def _update(self, parameters: dict[str, Tensor], moments: dict[str, Tensor], rows: Tensor, step: int) -> None:
        """One optimiser step of every member; layer by layer from the output, each as soon as its gradient is known.

        Written out, not left to autograd: plain SGD then adds the gradient inside the matrix product that makes it.
        """
        layers = self.ensemble.network.layers
        inputs, activations, delta = self._forward(parameters, rows)
        for index in range(len(layers) - 1, -1, -1):
            weight, bias = f"{layers[index]}.linear.weight", f"{layers[index]}.linear.bias"
            back = torch.bmm(delta, parameters[weight]) if index else None  # before the weight moves
            if self.ensemble.recipe.optimiser == "sgd":
                rate = self.ensemble.recipe.learning_rate
                parameters[weight].baddbmm_(delta.transpose(1, 2), inputs[index], alpha=-rate)
                parameters[bias].sub_(delta.sum(1), alpha=rate)
            else:
                self._adam(weight, parameters, moments, torch.bmm(delta.transpose(1, 2), inputs[index]), step)
                self._adam(bias, parameters, moments, delta.sum(1), step)
            if back is not None:
                z, a = activations[index - 1]
                (delta,) = torch.autograd.grad(a, z, back)

    def _forward(
        self, parameters: Mapping[str, Tensor], rows: Tensor
    ) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]], Tensor]:
        """Each layer's input, each hidden layer's (z, f(z)), and the gradient of the mean loss by the logits."""
        activation = ACTIVATIONS[self.ensemble.network.activation]
        inputs, activations = [self._x[rows]], []
        for layer in self.ensemble.network.layers:
            weight, bias = parameters[f"{layer}.linear.weight"], parameters[f"{layer}.linear.bias"]
            z = torch.baddbmm(bias[:, None], inputs[-1], weight.transpose(1, 2))
            if layer != "output":
                with torch.enable_grad():
                    a = activation(z.requires_grad_())
                activations.append((z, a))
                inputs.append(a.detach())
        labels = self._y[rows][..., None]
        delta = torch.softmax(z, dim=-1).scatter_add_(-1, labels, torch.full_like(labels, -1, dtype=z.dtype))
        return inputs, activations, delta.div_(rows.shape[1])

    def _adam(
        self, name: str, parameters: dict[str, Tensor], moments: dict[str, Tensor], gradient: Tensor, step: int
    ) -> None:
        """Kingma & Ba 2015, algorithm 1, as torch.optim.Adam does it."""
        first, second = moments[f"first.{name}"], moments[f"second.{name}"]
        first.lerp_(gradient, 0.1)
        second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        unbiased = second.sqrt().div_((1 - 0.999**step) ** 0.5).add_(1e-8)
        parameters[name].addcdiv_(first, unbiased, value=-self.ensemble.recipe.learning_rate / (1 - 0.9**step))

    def _fastest_layout(self, state: State) -> Layout:
        """Of one thread, all cores for each product, and a core for each group: what does a few updates fastest."""
        cores = os.cpu_count() or 1
        layouts: Sequence[Layout] = sorted(
            {Layout(1, 1), Layout(1, cores), Layout(min(cores, len(self.ensemble.seeds)), 1)}
        )
        seconds = {}
        for layout in layouts:
            parameters, moments = self._copy(state.parameters), self._copy(state.moments)
            epochs = range(state.epoch, state.epoch + 1)
            self._train(layout, parameters, moments, epochs, 1)
            start = time.perf_counter()
            self._train(layout, parameters, moments, epochs, TRIAL_UPDATES)
            seconds[layout] = time.perf_counter() - start
        return min(seconds, key=seconds.__getitem__)


def _to(tensors: Mapping[str, Tensor], device: str) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in tensors.items()}
