"""Convolutional classifiers of images, many members at once."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.train.disturbance import DropoutKind, Noise, noise_of
from infoscope.train.networks._architectures import ARCHITECTURES, Stages, Standardise

ROWS = 512  # that an evaluation holds at a time
COUNTER = "num_batches_tracked"  # of torch's BatchNorm; not part of the parameters


@dataclass(frozen=True)
class Convolutional:
    """Convolutional layers and a softmax output on images.

    ===================  ==========================================================================================
    architecture         layers before ``features`` and ``output``
    ===================  ==========================================================================================
    ``"resnet18"``       3x3 convolution, ``block1`` … ``block8``: the pre-activation ResNet-18 for 32x32 images
    ``"all_cnn"``        ``conv1`` … ``conv7``, 3x3, of 96 96 96/2 192 192 192/2 192 planes; ``features`` begins with
                         a 1x1 convolution (Springenberg et al. 2015, All-CNN-C). With BatchNorm, which the original
                         lacks, without its dropout. Its last 1x1 convolution and average are ``output``: a linear
                         map and an average change places without a difference
    ``"small_resnet"``   3x3 convolution (stride 2 from 24 pixels on), ``block1`` … ``block3`` of 16, 32, 64 planes:
                         training takes some 0.4 CPU seconds for a thousand images
    ``"small_cnn"``      ``conv1``, ``conv2``: 5x5 convolutions without a margin, of 16 and 32 planes, tanh, 2x2
                         max-pooling; ``features`` is fully connected, 128 tanh units. After Goldfeld et al. 2019,
                         but its sizes were not checked against the paper
    ===================  ==========================================================================================

    ``features`` is the layer before the output; but in the small CNN it is the average of the last map over places.

    Sites: of a layer whose output is a map ``[c, h, w]``, its name is the average over places ``[c]`` and
    ``block1.map`` is all of it, ``[c·h·w]``; ``output`` holds class probabilities, ``output.linear`` logits. In
    :meth:`module` the submodule ``block1`` holds the map.

    Inputs are rows of pixels ``[n, c·h·w]``. Each channel is standardised with the mean and the standard deviation
    that it has over all training rows and places; these two (``input.mean``, ``input.sd``) and BatchNorm's statistics
    (``….running_mean``, ``….running_var``) are part of the parameters and of every snapshot, though not trained:
    :mod:`infoscope.train.trainers.modular` measures them.

    Attributes
    ----------
    shape: channels, height and width. classes: logits. width: planes of the first layer, None means the
    architecture's own; all others keep their ratio to it.
    noise: standard deviation of Gaussian noise added to the output of every layer but ``output`` in training (to maps
    at each place, after pooling). dropout: in its place, as in :class:`FullyConnected`. Both are off in evaluation.
    The noise of a site that is an average over h · w places has standard deviation noise / sqrt(h · w).

    Weights start as He et al. 2015 draw them (those of tanh and of the output as Glorot and Bengio do, uniformly),
    biases at 0.
    """

    architecture: Literal["resnet18", "all_cnn", "small_resnet", "small_cnn"]
    shape: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10
    width: int | None = None
    noise: float = 0.0
    dropout: float = 0.0
    dropout_kind: DropoutKind = "binary"

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise unknown_name("architecture", self.architecture, ARCHITECTURES)
        object.__setattr__(self, "shape", tuple(check.count(side, "a side of shape") for side in self.shape))
        least = ARCHITECTURES[self.architecture][2]
        if len(self.shape) != 3 or min(self.shape[1:]) < least:
            raise InputError(
                f"shape is {self.shape}, {self.architecture} wants (channels, height, width) with at least {least} "
                "pixels a side: take another architecture or larger images"
            )
        check.count(self.classes, "classes", 2)
        if self.width is not None:
            check.count(self.width, "width")
        noise_of(self.noise, self.dropout, self.dropout_kind)

    @property
    def inputs(self) -> int:
        return math.prod(self.shape)

    @property
    def disturbance(self) -> Noise | None:
        """What training does to the output of every layer but the last."""
        return noise_of(self.noise, self.dropout, self.dropout_kind)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names, which are also the sites read by default, from input to output."""
        return self.skeleton().layers

    @property
    def places(self) -> dict[str, int]:
        """Every site that can be read, and its layer's place from input to output."""
        last = {"features": (), "output": ("output.linear",)}
        return {
            site: place
            for place, layer in enumerate(self.layers)
            for site in (*last.get(layer, (f"{layer}.map",)), layer)
        }

    def skeleton(self, training: bool = False) -> Stages:
        """The network without numbers, to run with ``functional_call``; with ``training`` on a minibatch's statistics.

        One for each thread: a call puts the numbers in and takes them out again.
        """
        build, width, _ = ARCHITECTURES[self.architecture]
        with torch.device("meta"):
            hidden, features = build(self.shape, self.width or width)
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
        gain = "tanh" if self.architecture == "small_cnn" else "relu"
        stacks: dict[str, list[Tensor]] = {}
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            for name, like in skeleton.state_dict().items():
                if name.endswith(COUNTER):
                    continue
                tensor = torch.zeros(like.shape)
                if like.ndim > 1 and (gain == "tanh" or name == "output.linear.weight"):
                    nn.init.xavier_uniform_(tensor, generator=generator)
                elif like.ndim > 1:
                    nn.init.kaiming_normal_(tensor, nonlinearity=gain, generator=generator)
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

    def _wanted(self, sites: Iterable[str]) -> set[str]:
        wanted = set(sites) or set(self.layers)
        if unknown := wanted - set(self.places):
            raise unknown_name("site", min(unknown), self.places)
        return wanted

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
