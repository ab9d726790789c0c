"""Ensembles of networks that are modules, such as convolutional ones: autograd, and torch's own optimisers.

Members are trained in groups. A group of one is a plain module; a group of several is one batched program (``vmap``
over the member axis), which pays on a GPU whose cores one member leaves idle. Which is faster there is measured before
the first update. On the CPU each member is a group of its own, because batched convolutions are slower there than one
after the other (bench/convolutional.py), each on the cores that there are for it.

On CUDA the forward runs under autocast in bfloat16; weights, gradients and the loss stay float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional

from infoscope.core.errors import InputError
from infoscope.kernels import parallel
from infoscope.train.augmentation import augmented
from infoscope.train.ensemble import Ensemble
from infoscope.train.network import Network
from infoscope.train.noise import drawn, stream
from infoscope.train.stages import Staged, Stages, hidden_shapes
from infoscope.train.trainer import Layout, State, Trainer, fastest, member_slices, torch_threads

TRIAL_UPDATES = 3


ArrayOrTensor = np.ndarray | Tensor  # either is indexed by an array of rows


class ModularTrainer(Trainer):
    """Holds the data on the device; ``layout`` None means: members share the CPU, elsewhere the fastest.

    ``layout.groups`` groups of members, each one program. On the CPU as many groups run side by side as there are
    cores for ``layout.threads`` each; elsewhere they run one after the other.

    >>> from infoscope.train.ensemble import Ensemble
    >>> from infoscope.train.networks.convolutional import Convolutional
    >>> from infoscope.train.recipe import Recipe
    >>> from infoscope.train.trainer import Layout
    >>> from infoscope.train.training import choose_trainer, make_trainer, train
    >>> x = np.random.default_rng(0).random((96, 64), np.float32)  # images of 8 x 8 pixels
    >>> y, rows = (np.arange(96) % 2).astype(np.int32), np.tile(np.arange(64, dtype=np.int64), (2, 1))
    >>> x[y == 1, :32] += 1  # the second class is brighter above
    >>> network = Convolutional("small_resnet", (1, 8, 8), classes=2, width=4)
    >>> choose_trainer(network, "cpu")
    'modular'
    >>> ensemble = Ensemble(network, Recipe(epochs=3, learning_rate=0.01, batch=16), x, y, rows, seeds=(0, 1))
    >>> *_, state = train(ensemble, (0, 3), make_trainer(ensemble, layout=Layout(groups=2, threads=1)))
    >>> classes = network.logits(state.parameters, torch.from_numpy(x[64:])).argmax(-1)
    >>> (classes.numpy() == y[64:]).mean(-1) > 0.9  # on rows that neither was trained on
    array([ True,  True])
    """

    @classmethod
    def rank(cls, network: Network, device: str) -> int | None:
        return 1 if isinstance(network, Staged) else None

    def __init__(self, ensemble: Ensemble, device: str, layout: Layout | None) -> None:
        assert isinstance(ensemble.network, Staged)
        self.ensemble, self.device, self.layout = ensemble, device, layout
        if device == "cpu" and layout is None:  # by counting: how many threads share a sum decides its last bits
            members = len(ensemble.seeds)
            self.layout = Layout(members, max(1, parallel.cores() // members))
        self.network = ensemble.network
        self._data = {False: self._on_device(ensemble.x, ensemble.y)}
        if ensemble.recipe.begins(0):
            self._data[True] = self._on_device(*ensemble.data(0))
        skeleton = self.network.skeleton()
        self._trained = [name for name, _ in skeleton.named_parameters()]
        rows, batch = ensemble.train.shape[1], ensemble.recipe.batch_size(ensemble.train.shape[1])
        if 1 in (batch, rows % batch) and any(isinstance(module, nn.BatchNorm2d) for module in skeleton.modules()):
            raise InputError(
                f"{rows} training rows in minibatches of {batch} leave one row alone, which has no spread that "
                "BatchNorm could divide by: take another batch size"
            )
        self._shapes = hidden_shapes(self.network) if self.network.disturbance else {}

    def apart(self) -> list[slice]:
        """The groups of the layout on the CPU; elsewhere the layout is measured, of all members as they are."""
        members = len(self.ensemble.seeds)
        groups = self.layout.groups if self.device == "cpu" and self.layout is not None else 1
        return member_slices(members, groups)

    def advance(self, state: State, epoch: int) -> State:
        """The state after ``epoch`` epochs; BatchNorm's statistics are those of the weights at that moment."""
        with _deterministic():
            if self.layout is None:
                self.layout = self._fastest_layout(state)
            parameters, moments = state.copied(self.device)
            self._train(self.layout, parameters, moments, range(state.epoch, epoch))
            with torch_threads(self._threads(self.layout)):
                order, batch = self.ensemble.order, self.ensemble.recipe.batch_size
                parameters |= self.network.batch_statistics(parameters, self._data[False][0], order, batch)
        return State.reached(epoch, parameters, moments)

    def _on_device(self, x: np.ndarray, y: np.ndarray) -> tuple[ArrayOrTensor, ArrayOrTensor]:
        """On the CPU the task's own arrays: a second copy of the images would only take memory."""
        if self.device == "cpu":
            return np.asarray(x, np.float32), np.asarray(y, np.int64)
        inputs = torch.tensor(x, dtype=torch.float32, device=self.device)
        return inputs, torch.tensor(y, dtype=torch.long, device=self.device)

    def _train(
        self,
        layout: Layout,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        epochs: range,
        updates: int | None = None,
    ) -> None:
        """Train in place; ``updates`` stops every epoch early."""
        slices = member_slices(len(self.ensemble.seeds), layout.groups)
        side_by_side = max(1, parallel.cores() // layout.threads) if self.device == "cpu" else 1
        work = [partial(self._train_group, part, parameters, moments, epochs, updates) for part in slices]
        parallel.run(work, side_by_side, self._threads(layout))

    def _threads(self, layout: Layout) -> int:
        """Sums over rows depend on how many threads share them, in their last bits."""
        return layout.threads if self.device == "cpu" else torch.get_num_threads()

    def _train_group(
        self,
        members: slice,
        parameters: Mapping[str, Tensor],
        moments: Mapping[str, Tensor],
        epochs: range,
        updates: int | None,
    ) -> None:
        recipe, skeleton = self.ensemble.recipe, self.network.skeleton(training=True)
        # copies of the group's own: where numbers lie in memory may decide last bits, and hangs on the other groups
        mine = {name: tensor[members].clone() for name, tensor in parameters.items()}
        leaves = {name: mine[name].requires_grad_() for name in self._trained}
        optimiser = self._optimiser(leaves, {name: tensor[members] for name, tensor in moments.items()}, epochs.start)
        for epoch in epochs:
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate(epoch)
            orders = self.ensemble.orders(epoch, members)
            size, last = recipe.batch_size(orders.shape[1]), orders.shape[1]
            for update, begin in enumerate(range(0, last if updates is None else min(last, updates * size), size)):
                rows = orders[:, begin : begin + size]
                loss = self._loss(skeleton, mine, self._minibatch(members, epoch, update, rows))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                if recipe.orthonormality:
                    _towards_orthonormal(leaves, recipe.orthonormality)
        for name, tensor in mine.items():
            parameters[name].data[members] = tensor.detach()

    def _optimiser(
        self, leaves: Mapping[str, Tensor], moments: Mapping[str, Tensor], epoch: int
    ) -> torch.optim.Optimizer:
        """Torch's, with the moments put in place; it changes them where they lie."""
        recipe = self.ensemble.recipe
        if recipe.optimiser == "sgd":
            kept = {"first": "momentum_buffer"}
            made: torch.optim.Optimizer = torch.optim.SGD(
                leaves.values(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
            )
        else:
            kept = {"first": "exp_avg", "second": "exp_avg_sq"}
            made = torch.optim.Adam(leaves.values(), recipe.learning_rate, weight_decay=recipe.weight_decay)
            for leaf in leaves.values():
                made.state[leaf]["step"] = torch.tensor(float(self.ensemble.step(epoch)))
        for name, leaf in leaves.items():
            for which, theirs in kept.items():
                if f"{which}.{name}" in moments:
                    made.state[leaf][theirs] = moments[f"{which}.{name}"]
        return made

    def _minibatch(
        self, members: slice, epoch: int, update: int, rows: np.ndarray
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Inputs ``[m, b, c·h·w]``, labels ``[m, b]`` and, by layer, the noise ``[m, b, …]`` of one update."""
        recipe, noise, seeds = self.ensemble.recipe, self.network.disturbance, self.ensemble.seeds[members]
        x, y = self._data[recipe.begins(epoch)]
        inputs = torch.as_tensor(x[rows])
        if recipe.augmentation:
            streams = [stream(seed, epoch, update, use="augmentation") for seed in seeds]
            each = zip(inputs, streams, strict=True)
            inputs = torch.stack([augmented(own, self.network.shape, recipe.augmentation, s) for own, s in each])
        draws: dict[str, Tensor] = {}
        if noise:
            each = [drawn(noise, self._shapes, rows.shape[1], stream(s, epoch, update, self.device)) for s in seeds]
            draws = {layer: torch.stack([own[layer] for own in each]) for layer in self._shapes}
        return inputs, torch.as_tensor(y[rows]), draws

    def _loss(
        self, skeleton: Stages, parameters: Mapping[str, Tensor], minibatch: tuple[Tensor, Tensor, dict[str, Tensor]]
    ) -> Tensor:
        """The sum over members of the mean cross-entropy: a member's gradient is that of its own."""
        inputs, labels, draws = minibatch
        additive = self.network.disturbance is not None and self.network.disturbance.kind == "additive"

        def logits(own: dict[str, Tensor], x: Tensor, noise: dict[str, Tensor]) -> Tensor:
            def behind(layer: str, a: Tensor) -> Tensor:
                return a + noise[layer] if additive else a * noise[layer]

            sites = functional_call(skeleton, own, (x, ("output.linear",), behind if noise else None))
            return sites["output.linear"]

        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.device != "cpu"):
            if len(inputs) == 1:
                alone = {name: tensor.squeeze(0) for name, tensor in parameters.items()}
                found = logits(
                    alone, self.network.images(inputs[0]), {layer: draw[0] for layer, draw in draws.items()}
                )[None]
            else:
                found = vmap(logits)(dict(parameters), inputs, draws)
        each = functional.cross_entropy(found.float().flatten(0, 1), labels.flatten(), reduction="sum")
        return each / labels.shape[1]

    def _fastest_layout(self, state: State) -> Layout:
        """Off the CPU: all members as one program, or one after the other."""
        members, threads = len(self.ensemble.seeds), torch.get_num_threads()
        layouts = {Layout(1, threads), Layout(members, threads)}
        if len(layouts) == 1:
            return layouts.pop()

        def prepare(layout: Layout) -> Callable[[int], None]:
            parameters, moments = state.copied(self.device)
            epochs = range(state.epoch, state.epoch + 1)

            def train(updates: int) -> None:
                self._train(layout, parameters, moments, epochs, updates)
                _finish(self.device)

            return train

        return fastest(sorted(layouts), prepare, TRIAL_UPDATES)


def _towards_orthonormal(leaves: Mapping[str, Tensor], step: float) -> None:
    """W <- W - step (W Wᵀ W - W) for every weight but the output's, a kernel as a matrix ``[out, in · side²]``."""
    with torch.no_grad():
        for name, leaf in leaves.items():
            if leaf.ndim > 2 and not name.startswith("output."):
                w = leaf.flatten(2)
                leaf.sub_(step * (w @ w.transpose(1, 2) @ w - w).reshape(leaf.shape))


@contextmanager
def _deterministic() -> Iterator[None]:
    """Convolutions on a GPU by algorithms that give the same bits each time."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def _finish(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)
