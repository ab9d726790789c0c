"""Fully connected classifiers, many members at once."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.train.activations import ACTIVATIONS, Activation
from infoscope.train.initialisations import INITIALISATIONS, initial_bias, initial_weight
from infoscope.train.network import Batch, Dense, Head, Order
from infoscope.train.noise import DropoutKind, Noise, NoiseLayer, noise_of

CHUNK = 1 << 20  # numbers of one layer that noisy forwards hold at a time
_HOMOGENEOUS = ("linear", "relu", "leaky_relu")


@dataclass(frozen=True)
class FullyConnected(Dense):
    """Hidden layers of one activation and a softmax output, as in Saxe et al. 2018, section 2; or sigmoids as output.

    Sites are ``hidden1`` … ``hiddenL`` (after the activation) and ``output`` (class probabilities; of sigmoids one for
    each class by itself); those with
    ``.linear`` behind the layer's name, read only where they are asked for, are its net input (of the output: the
    logits). Sites and parameters (``hidden1.linear.weight``) have the names that they have in :meth:`module`.

    Attributes
    ----------
    widths: units from input to output, e.g. ``(12, 10, 7, 5, 4, 3, 2)``.
    activation: of the hidden layers. initialisation: of every weight; biases start at 0, those of ``"uniform_fan_in"``
    as torch draws them. ``sd`` is for ``"normal"``.
    noise: standard deviation of Gaussian noise added behind every hidden activation in training, the same everywhere,
    fresh at each forward (Goldfeld et al. 2019, section 3); the output has none. dropout: in its place, the probability
    of ``"binary"`` dropout or the like one of ``"gaussian"`` (``dropout_kind``). Both are off in evaluation.
    head: the output: ``"softmax"``, or ``"sigmoids"``, a unit for each class that is trained by itself, its loss the
    sum of theirs. initial_rms: before training each hidden layer's weights and bias are scaled so that its outputs have
    this root mean square over the member's training rows, which needs an activation that scales as its input does
    (linear, relu, leaky_relu): the same noise behind every layer is then the same share of each. 0: as they are drawn.

    >>> from infoscope.train.networks.fully_connected import FullyConnected
    >>> network = FullyConnected((12, 10, 7, 2), "relu")
    >>> network.layers
    ('hidden1', 'hidden2', 'output')
    >>> parameters = network.initial(seeds=(0, 1, 2))  # three members
    >>> x = torch.zeros(5, 12)
    >>> {site: tuple(t.shape) for site, t in network.representations(parameters, x).items()}
    {'hidden1': (3, 5, 10), 'hidden2': (3, 5, 7), 'output': (3, 5, 2)}
    >>> network.module(parameters, member=2)(x).shape
    torch.Size([5, 2])
    """

    widths: tuple[int, ...]
    activation: str = "tanh"
    initialisation: str = "truncated_normal_fan_in"
    sd: float = 0.1
    noise: float = 0.0
    dropout: float = 0.0
    dropout_kind: DropoutKind = "binary"
    head: Head = "softmax"
    initial_rms: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(check.count(w, "a layer's width") for w in self.widths))
        if len(self.widths) < 2:
            raise InputError(f"widths are {self.widths}, wanted at least input and output: e.g. (12, 10, 2)")
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)
        if self.initialisation not in INITIALISATIONS:
            raise unknown_name("initialisation", self.initialisation, INITIALISATIONS)
        check.positive(self.sd, "sd")
        noise_of(self.noise, self.dropout, self.dropout_kind)
        check.choice(self.head, get_args(Head), "head")
        if not 0 <= self.initial_rms < math.inf:
            raise InputError(f"initial_rms is {self.initial_rms}, wanted a number of at least 0")
        if self.initial_rms and self.activation not in _HOMOGENEOUS:
            raise InputError(
                f"initial_rms is {self.initial_rms} and the activation {self.activation}, wanted one that scales as "
                f"its input does: take one of {', '.join(_HOMOGENEOUS)}, or leave initial_rms out"
            )

    @property
    def inputs(self) -> int:
        return self.widths[0]

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def disturbance(self) -> Noise | None:
        """What training does to every hidden activation."""
        return noise_of(self.noise, self.dropout, self.dropout_kind)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names, which are also the sites read by default, from input to output."""
        return (*(f"hidden{i}" for i in range(1, len(self.widths) - 1)), "output")

    @property
    def places(self) -> dict[str, int]:
        """Every site that can be read, and its layer's place from input to output."""
        return {site: place for place, layer in enumerate(self.layers) for site in (f"{layer}.linear", layer)}

    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        """Stacked initial parameters ``[m, …]``; a member's depend on its own seed and on nothing else."""
        stacks: dict[str, list[Tensor]] = {}
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            for layer, shape in self.shapes():
                weight = initial_weight(self.initialisation, shape, layer == "output", generator, self.sd)
                stacks.setdefault(f"{layer}.linear.weight", []).append(weight)
                bias = initial_bias(self.initialisation, shape, generator)
                stacks.setdefault(f"{layer}.linear.bias", []).append(bias)
        return {name: torch.stack(tensors) for name, tensors in stacks.items()}

    def prepared(
        self, parameters: dict[str, Tensor], x: np.ndarray, train: np.ndarray, order: Order, batch: Batch
    ) -> dict[str, Tensor]:
        """With hidden layers of the initial size that ``initial_rms`` asks for; one that is 0 everywhere stays so."""
        if not self.initial_rms:
            return parameters
        found, a = dict(parameters), torch.tensor(x[train])
        for layer in self.layers[:-1]:
            weight, bias = f"{layer}.linear.weight", f"{layer}.linear.bias"
            a = ACTIVATIONS[self.activation](torch.baddbmm(found[bias][:, None], a, found[weight].mT))
            size = a.square().mean((1, 2)).sqrt()
            factor = torch.where(size > 0, self.initial_rms / size, 1.0)
            found[weight], found[bias] = found[weight] * factor[:, None, None], found[bias] * factor[:, None]
            a = a * factor[:, None, None]
        return found

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Logits ``[m, n, classes]`` of every member on ``x``, ``[n, d]`` shared or ``[m, n, d]`` each its own."""
        return next(z for site, z in self._forward(parameters, x) if site == "output.linear")

    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        """What each of ``sites`` (none: the layers) holds for every member: ``{site: T [m, n, width]}``, no noise."""
        wanted = self._wanted(sites)
        return {site: t for site, t in self._forward(parameters, x) if site in wanted}

    def propagated(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str], replicas: int, seed: int
    ) -> dict[str, Tensor]:
        """The clean outputs of noisy forwards ``{site: S [m, n, replicas, width]}`` on shared rows ``x [n, d]``.

        The noise of the layers before a site is on, its own is not (Goldfeld et al. 2019, section 3). All replicas of
        the first hidden layer are therefore alike: one array that is shown ``replicas`` times. Draws are a function of
        ``seed`` and of the shapes; members draw independently. Beside what is returned, memory is bounded.
        """
        wanted = self._wanted(sites)
        members, first = len(parameters["output.linear.weight"]), self.layers[0]
        alike = wanted & {f"{first}.linear", first} if self.disturbance else wanted
        found = {
            site: t[:, :, None].expand(-1, -1, replicas, -1)
            for site, t in (self._forward(parameters, x) if alike else ())
            if site in alike
        }
        if not wanted - alike:
            return found
        generator = torch.Generator(x.device).manual_seed(seed)
        for site in (site for site in self.places if site in wanted - alike):
            shape = (members, len(x), replicas, self.widths[1 + self.places[site]])
            found[site] = torch.empty(shape, dtype=x.dtype, device=x.device)
        rows = max(1, CHUNK // (members * replicas * max(self.widths)))
        for start in range(0, len(x), rows):
            part = x[start : start + rows]
            missing = wanted - alike
            for site, s in self._forward(parameters, part, generator, replicas):
                if site in missing:
                    found[site][:, start : start + rows] = s.unflatten(1, (len(part), replicas))
                    missing = missing - {site}
                if not missing:
                    break
        return found

    def _forward(
        self, parameters: Mapping[str, Tensor], x: Tensor, noise: torch.Generator | None = None, replicas: int = 1
    ) -> Iterator[tuple[str, Tensor]]:
        """Every site with what it holds, its own noise left out, in the order of the computation.

        noise: what the noise between the layers is drawn from; None leaves it out. replicas: how often each row goes on
        from the first layer, whose replicas would be alike.
        """
        members = len(parameters["output.linear.weight"])
        a = x if x.ndim == 3 else x.expand(members, *x.shape)
        for layer in self.layers:
            weight, bias = parameters[f"{layer}.linear.weight"], parameters[f"{layer}.linear.bias"]
            z = torch.baddbmm(bias[:, None], a, weight.transpose(1, 2))
            yield f"{layer}.linear", z
            a = self._answered(z) if layer == "output" else ACTIVATIONS[self.activation](z)
            yield layer, a
            if replicas > 1 and layer == self.layers[0]:
                a = a.repeat_interleave(replicas, dim=1)
            if noise is not None and self.disturbance:
                a = self.disturbance(a, noise)

    def _answered(self, z: Tensor) -> Tensor:
        return torch.softmax(z, dim=-1) if self.head == "softmax" else torch.sigmoid(z)

    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> nn.Sequential:
        """One member as an ordinary ``nn.Module`` that returns class probabilities; noisy in ``train()`` only."""
        blocks = OrderedDict()
        for layer, (out, into) in self.shapes():
            answer = nn.Softmax(dim=-1) if self.head == "softmax" else nn.Sigmoid()
            last = answer if layer == "output" else Activation(self.activation)
            blocks[layer] = nn.Sequential(OrderedDict(linear=nn.Linear(into, out), activation=last))
            if self.disturbance and layer != "output":
                blocks[layer].add_module("noise", NoiseLayer(self.disturbance))
        module = nn.Sequential(blocks)
        module.load_state_dict({name: tensor[member] for name, tensor in parameters.items()})
        return module
