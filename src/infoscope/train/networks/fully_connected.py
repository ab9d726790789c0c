"""Fully connected classifiers, many members at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.train.networks._activations import ACTIVATIONS, Activation
from infoscope.train.networks._initialisations import INITIALISATIONS, initial_weight


@dataclass(frozen=True)
class FullyConnected:
    """Hidden layers of one activation and a softmax output, as in Saxe et al. 2018, section 2.

    Sites are ``hidden1`` … ``hiddenL`` (after the activation) and ``output`` (class probabilities); those with
    ``.linear`` behind the layer's name, read only where they are asked for, are its net input (of the output: the
    logits). Sites and parameters (``hidden1.linear.weight``) have the names that they have in :meth:`module`.

    Attributes
    ----------
    widths: units from input to output, e.g. ``(12, 10, 7, 5, 4, 3, 2)``.
    activation: of the hidden layers. initialisation: of every weight (biases start at 0); ``sd`` is for ``"normal"``.
    """

    widths: tuple[int, ...]
    activation: str = "tanh"
    initialisation: str = "truncated_normal_fan_in"
    sd: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(check.count(w, "a layer's width") for w in self.widths))
        if len(self.widths) < 2:
            raise InputError(f"widths are {self.widths}, wanted at least input and output: e.g. (12, 10, 2)")
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)
        if self.initialisation not in INITIALISATIONS:
            raise unknown_name("initialisation", self.initialisation, INITIALISATIONS)
        check.positive(self.sd, "sd")

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names, which are also the sites read by default, from input to output."""
        return (*(f"hidden{i}" for i in range(1, len(self.widths) - 1)), "output")

    @property
    def places(self) -> dict[str, int]:
        """Every site that can be read, and its layer's place from input to output."""
        return {site: place for place, layer in enumerate(self.layers) for site in (f"{layer}.linear", layer)}

    def shapes(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Each layer's name and weight shape ``(out, in)``."""
        return zip(self.layers, zip(self.widths[1:], self.widths[:-1], strict=True), strict=True)

    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        """Stacked initial parameters ``[m, …]``; a member's depend on its own seed and on nothing else."""
        stacks: dict[str, list[Tensor]] = {}
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            for layer, shape in self.shapes():
                weight = initial_weight(self.initialisation, shape, layer == "output", generator, self.sd)
                stacks.setdefault(f"{layer}.linear.weight", []).append(weight)
                stacks.setdefault(f"{layer}.linear.bias", []).append(torch.zeros(shape[0]))
        return {name: torch.stack(tensors) for name, tensors in stacks.items()}

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Logits ``[m, n, classes]`` of every member on ``x``, ``[n, d]`` shared or ``[m, n, d]`` each its own."""
        return next(z for site, z in self._forward(parameters, x) if site == "output.linear")

    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        """What each of ``sites`` (none: the layers) holds for every member: ``{site: T [m, n, width]}``."""
        wanted = set(sites) or set(self.layers)
        if unknown := wanted - set(self.places):
            raise unknown_name("site", min(unknown), self.places)
        return {site: t for site, t in self._forward(parameters, x) if site in wanted}

    def _forward(self, parameters: Mapping[str, Tensor], x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Every site with what it holds, in the order of the computation."""
        members = len(parameters["output.linear.weight"])
        a = x if x.ndim == 3 else x.expand(members, *x.shape)
        for layer in self.layers:
            weight, bias = parameters[f"{layer}.linear.weight"], parameters[f"{layer}.linear.bias"]
            z = torch.baddbmm(bias[:, None], a, weight.transpose(1, 2))
            yield f"{layer}.linear", z
            a = torch.softmax(z, dim=-1) if layer == "output" else ACTIVATIONS[self.activation](z)
            yield layer, a

    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> nn.Sequential:
        """One member as an ordinary ``nn.Module`` that returns class probabilities."""
        blocks = OrderedDict()
        for layer, (out, into) in self.shapes():
            last = nn.Softmax(dim=-1) if layer == "output" else Activation(self.activation)
            blocks[layer] = nn.Sequential(OrderedDict(linear=nn.Linear(into, out), activation=last))
        module = nn.Sequential(blocks)
        module.load_state_dict({name: tensor[member] for name, tensor in parameters.items()})
        return module
