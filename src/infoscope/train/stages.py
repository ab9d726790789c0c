"""Networks of modules in stages, many members at once: what every network that is one offers to trainers."""

from __future__ import annotations

import abc
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim.swa_utils import update_bn

from infoscope.train.network import Batch, Network, Order
from infoscope.train.noise import Noise

ROWS = 512  # that an evaluation holds at a time
STATISTICS_ROWS = 2048  # a channel's mean is then known to 2 % of its standard deviation, or better
COUNTER = "num_batches_tracked"  # of torch's BatchNorm; not part of the parameters


class Standardise(nn.Module):
    """Rows of pixels ``[n, c·h·w]`` as images ``[n, c, h, w]``, each channel less its mean, over its sd (buffers)."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(shape[0]))
        self.register_buffer("sd", torch.ones(shape[0]))

    def forward(self, x: Tensor) -> Tensor:
        mean, sd = self.get_buffer("mean")[:, None, None], self.get_buffer("sd")[:, None, None]
        return (x.reshape(-1, *self.shape) - mean) / sd


class Stages(nn.Sequential):
    """Stages one after the other, by name; those in ``layers`` are the network's layers, the last is ``output``.

    Called with images or rows of pixels it returns class probabilities; in ``train()`` the noise is on, fresh at each
    call.
    """

    def __init__(self, stages: OrderedDict[str, nn.Module], noise: Noise | None) -> None:
        super().__init__(stages)
        self.noise = noise

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(name for name in self._modules if name not in ("input", "stem"))

    def forward(
        self,
        input: Tensor,
        sites: Collection[str] | None = None,
        behind: Callable[[str, Tensor], Tensor] | None = None,
    ) -> Tensor | dict[str, Tensor]:
        """Class probabilities ``[n, classes]``, or what ``sites`` hold ``{site: [n, d]}``, their own noise left out.

        behind: what happens to a hidden layer's output ``(layer, a)`` before the next sees it; None: the noise in
        training, nothing in evaluation.
        """
        if behind is None and self.training and self.noise is not None:
            noise = self.noise
            behind = lambda _, a: noise(a)  # noqa: E731
        held, a, layers = {}, input, self.layers
        for name, stage in self.named_children():
            if name == "output" and sites is not None:
                logits = stage.get_submodule("linear")(a)
                held |= {"output.linear": logits, "output": torch.softmax(logits, dim=-1)}
                continue
            a = stage(a)
            if name in layers and name != "output":
                if sites and (name in sites or f"{name}.map" in sites):
                    held |= {name: a} if a.ndim == 2 else {name: a.mean((2, 3)), f"{name}.map": a.flatten(1)}
                a = a if behind is None else behind(name, a)
        return a if sites is None else {site: held[site] for site in held if site in sites}


class Staged(Network):
    """Offers modules, one stage behind the other, on images; a network in a file says its :meth:`hidden` stages.

    Sites: of a layer whose output is a map ``[c, h, w]``, its name is the average over places ``[c]`` and
    ``block1.map`` is all of it, ``[c·h·w]``; ``output`` holds class probabilities, ``output.linear`` logits. In
    :meth:`module` the submodule ``block1`` holds the map.

    Inputs are rows of pixels ``[n, c·h·w]``. Each channel is standardised with the mean and the standard deviation
    that it has over all training rows and places; these two (``input.mean``, ``input.sd``) and BatchNorm's statistics
    (``….running_mean``, ``….running_var``) are part of the parameters and of every snapshot, though not trained.

    shape: channels, height and width. classes: logits. gain: for whose slope weights are drawn: as He et al. 2015 do
    for ``"relu"``, as Glorot and Bengio do, uniformly, for ``"tanh"`` and for the output. Biases start at 0.
    """

    sees_images: ClassVar[bool] = True
    shape: tuple[int, int, int]
    classes: int

    @property
    def gain(self) -> Literal["relu", "tanh"]:
        return "relu"

    @abc.abstractmethod
    def hidden(self) -> tuple[OrderedDict[str, nn.Module], int]:
        """The stages before the output by name, fresh, and how many features the last has.

        One called ``stem`` is no layer: nothing is read behind it.
        """

    @property
    def inputs(self) -> int:
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        return self.classes

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names, which are also the sites read by default, from input to output."""
        return _layers(self)

    @property
    def places(self) -> dict[str, int]:
        """Every site that can be read, and its layer's place from input to output."""
        shapes = hidden_shapes(self)
        found = {}
        for place, layer in enumerate(self.layers):
            more = "output.linear" if layer == "output" else f"{layer}.map" if len(shapes[layer]) > 1 else layer
            found |= {more: place, layer: place}
        return found

    def skeleton(self, training: bool = False) -> Stages:
        """The network without numbers, to run with ``functional_call``; with ``training`` on a minibatch's statistics.

        One for each thread: a call puts the numbers in and takes them out again.
        """
        with torch.device("meta"):
            hidden, features = self.hidden()
            output = nn.Sequential(OrderedDict[str, nn.Module](linear=nn.Linear(features, self.classes)))
            output.add_module("softmax", nn.Softmax(dim=-1))
            stages = OrderedDict[str, nn.Module](input=Standardise(self.shape), **hidden, output=output)
            skeleton = Stages(stages, self.disturbance).train(training)
        for module in skeleton.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.track_running_stats = not training  # a minibatch is then used and leaves no trace
        return skeleton

    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        """Stacked initial parameters and buffers ``[m, …]``; a member's depend on its own seed and on nothing else."""
        skeleton = self.skeleton()
        stacks: dict[str, list[Tensor]] = {}
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            for name, like in skeleton.state_dict().items():
                if name.endswith(COUNTER):
                    continue
                tensor = torch.zeros(like.shape)
                if like.ndim > 1 and (self.gain == "tanh" or name == "output.linear.weight"):
                    nn.init.xavier_uniform_(tensor, generator=generator)
                elif like.ndim > 1:
                    nn.init.kaiming_normal_(tensor, nonlinearity=self.gain, generator=generator)
                elif name.endswith((".weight", ".running_var", ".sd")):
                    tensor.fill_(1)
                stacks.setdefault(name, []).append(tensor)
        return {name: torch.stack(tensors) for name, tensors in stacks.items()}

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Logits ``[m, n, classes]`` of every member on ``x``, ``[n, d]`` shared or ``[m, n, d]`` each its own."""
        return self.representations(parameters, x, ("output.linear",))["output.linear"]

    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        """What each of ``sites`` (none: the layers) holds for every member: ``{site: T [m, n, d]}``, no noise."""
        wanted, members = self._wanted(sites), len(parameters["output.linear.weight"])
        stacks: dict[str, list[Tensor]] = {}
        for member in range(members):
            own = {name: tensor[member] for name, tensor in parameters.items()}
            parts = list(self._evaluated(own, x[member] if x.ndim == 3 else x, wanted))
            for site in parts[0]:
                stacks.setdefault(site, []).append(torch.cat([part[site] for part in parts]))
        return {site: torch.stack(tensors) for site, tensors in stacks.items()}

    def propagated(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str], replicas: int, seed: int
    ) -> dict[str, Tensor]:
        """The clean outputs of noisy forwards ``{site: S [m, n, replicas, d]}`` on shared rows ``x [n, c·h·w]``.

        The noise of the layers before a site is on, its own is not (Goldfeld et al. 2019, section 3). All replicas of
        the first layer are therefore alike: one array that is shown ``replicas`` times. Draws are a function of
        ``seed`` and of the shapes; members draw independently.
        """
        wanted, first, noise = self._wanted(sites), self.layers[0], self.disturbance
        alike = wanted & {first, f"{first}.map"} if noise else wanted
        clean = self.representations(parameters, x, alike) if alike else {}
        found = {site: t[:, :, None].expand(-1, -1, replicas, -1) for site, t in clean.items()}
        if noise is None or not (deeper := wanted - alike):
            return found
        generator = torch.Generator(x.device).manual_seed(seed)
        stacks: dict[str, list[Tensor]] = {}
        for member in range(len(parameters["output.linear.weight"])):
            own = {name: tensor[member] for name, tensor in parameters.items()}
            parts = list(self._evaluated(own, x, deeper, replicas, lambda _, a: noise(a, generator)))
            for site in parts[0]:
                s = torch.cat([part[site] for part in parts]).unflatten(0, (len(x), replicas))
                stacks.setdefault(site, []).append(s)
        return found | {site: torch.stack(tensors) for site, tensors in stacks.items()}

    def images(self, x: Tensor) -> Tensor:
        """Rows of pixels as images whose channels lie side by side in memory, which convolutions are faster on."""
        return x.reshape(-1, *self.shape).contiguous(memory_format=torch.channels_last)

    def _evaluated(
        self,
        own: Mapping[str, Tensor],
        x: Tensor,
        wanted: set[str],
        replicas: int = 1,
        behind: Callable[[str, Tensor], Tensor] | None = None,
    ) -> Iterator[dict[str, Tensor]]:
        """One member's ``wanted`` sites on ``x``, each row ``replicas`` times, some :data:`ROWS` rows at a time."""
        skeleton = self.skeleton()
        for part in x.split(max(1, ROWS // replicas)):
            images = self.images(part.repeat_interleave(replicas, dim=0) if replicas > 1 else part)
            yield functional_call(skeleton, dict(own), (images, wanted, behind))

    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> Stages:
        """One member as an ordinary ``nn.Module`` that returns class probabilities; noisy in ``train()`` only.

        It comes in ``eval()`` and takes rows of pixels or images.
        """
        module = self.skeleton().to_empty(device=parameters["output.linear.weight"].device)
        state = module.state_dict()
        for name, tensor in state.items():
            tensor.copy_(torch.zeros(()) if name.endswith(COUNTER) else parameters[name][member])
        return module

    def prepared(
        self, parameters: dict[str, Tensor], x: np.ndarray, train: np.ndarray, order: Order, batch: Batch
    ) -> dict[str, Tensor]:
        """With each channel's mean and standard deviation over a member's training rows, and BatchNorm's statistics of
        the untrained network."""
        channels = x.reshape(len(x), self.shape[0], -1)
        mean, square = np.zeros((2, *channels.shape[:2]))  # of each image that someone trains on [n, c]
        for rows in np.array_split(np.unique(train), 1 + len(channels) // 4096):
            part = channels[rows].astype(np.float64)
            mean[rows], square[rows] = part.mean(2), (part**2).mean(2)
        means, squares = (np.stack([each[rows].mean(0) for rows in train]) for each in (mean, square))
        sds = np.sqrt(np.maximum(squares - means**2, 0))
        sds[sds < 1e-6] = 1  # a channel that does not vary stays at 0
        found = {**parameters, "input.mean": torch.tensor(means).float(), "input.sd": torch.tensor(sds).float()}
        return found | self.batch_statistics(found, x, order, batch)

    def batch_statistics(
        self, parameters: Mapping[str, Tensor], x: Tensor | np.ndarray, order: Order, batch: Batch
    ) -> dict[str, Tensor]:
        """BatchNorm's running means and variances ``[m, c]`` of frozen weights; nothing for a network without.

        One pass over (at most :data:`STATISTICS_ROWS` of) each member's training rows in minibatches of the training's
        size, noise off, the inputs as the task has them: the mean over minibatches. Statistics that run along while a
        network trains belong to weights it has left, and an untrained network would have none. Arguments: as of
        :meth:`prepared`.
        """
        names = [name for name in parameters if name.endswith((".running_mean", ".running_var"))]
        found: dict[str, list[Tensor]] = {name: [] for name in names}
        for member in range(len(parameters["output.linear.weight"])) if names else ():
            rows = order(member)[:STATISTICS_ROWS]
            size = batch(len(rows))
            module = self.module(parameters, member)
            module.noise = None
            parts = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
            update_bn((torch.as_tensor(x[part]) for part in parts), module)
            state = module.state_dict()
            for name in names:
                found[name].append(state[name])
        return {name: torch.stack(tensors) for name, tensors in found.items()}


@cache
def _layers(network: Staged) -> tuple[str, ...]:
    return network.skeleton().layers


@cache
def hidden_shapes(network: Staged) -> dict[str, torch.Size]:
    """The shape of each hidden layer's output for one image, found by a forward of one with any numbers.

    Without numbers (on the meta device) torch would load its compiler for it, which takes longer than many a run.
    """
    shapes: dict[str, torch.Size] = {}

    def keep(layer: str, a: Tensor) -> Tensor:
        shapes[layer] = a.shape[1:]
        return a

    with torch.no_grad():
        network.skeleton().to_empty(device="cpu")(torch.zeros((1, network.inputs)), None, keep)
    return shapes
