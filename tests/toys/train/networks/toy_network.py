from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infoscope.train.network import Dense


@dataclass(frozen=True)
class ToyNetwork(Dense):
    """One linear layer and a softmax output."""

    widths: tuple[int, int]
    activation: str = "tanh"

    @property
    def inputs(self) -> int:
        return self.widths[0]

    @property
    def outputs(self) -> int:
        return self.widths[1]

    @property
    def layers(self) -> tuple[str, ...]:
        return ("output",)

    @property
    def places(self) -> dict[str, int]:
        return {"output": 0}

    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        weight = torch.stack([0.1 * torch.randn(self.outputs, self.inputs, generator=g) for g in generators])
        return {"output.linear.weight": weight, "output.linear.bias": torch.zeros(len(weight), self.outputs)}

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        weight, bias = parameters["output.linear.weight"], parameters["output.linear.bias"]
        return torch.baddbmm(bias[:, None], x if x.ndim == 3 else x.expand(len(weight), *x.shape), weight.mT)

    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        return {"output": torch.softmax(self.logits(parameters, x), -1)}

    def propagated(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str], replicas: int, seed: int
    ) -> dict[str, Tensor]:
        return {"output": self.representations(parameters, x)["output"][:, :, None].expand(-1, -1, replicas, -1)}

    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> nn.Module:
        block = nn.Sequential(OrderedDict(linear=nn.Linear(self.inputs, self.outputs), softmax=nn.Softmax(-1)))
        module = nn.Sequential(OrderedDict(output=block))
        module.load_state_dict({name: tensor[member] for name, tensor in parameters.items()})
        return module
