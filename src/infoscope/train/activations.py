"""The activations the papers name, and two that tell their properties apart, as torch functions and as modules."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAK = 0.01


def scaled_sigmoid(z: Tensor) -> Tensor:
    """2 sigmoid(2z) - 1, which is tanh(z): the class reproduction's "sigmoid with tanh's range"."""
    return 2 * torch.sigmoid(2 * z) - 1


def shifted_tanh(z: Tensor) -> Tensor:
    """1 + tanh(z): tanh but for where its middle lies."""
    return 1 + torch.tanh(z)


def centred_sigmoid(z: Tensor) -> Tensor:
    """sigmoid(z) - 1/2: the sigmoid but for where its middle lies."""
    return torch.sigmoid(z) - 0.5


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softsign": functional.softsign,
    "softplus": functional.softplus,
    "hard_tanh": functional.hardtanh,
    "leaky_relu": lambda z: functional.leaky_relu(z, LEAK),
    "gelu": functional.gelu,
    "scaled_sigmoid": scaled_sigmoid,
    "shifted_tanh": shifted_tanh,
    "centred_sigmoid": centred_sigmoid,
}


#: Those that the compiled loop computes as another one, to the bit.
TRAINED_ALIKE = {"scaled_sigmoid": "tanh"}


class Activation(nn.Module):
    """One of :data:`ACTIVATIONS` as a module."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, z: Tensor) -> Tensor:
        return ACTIVATIONS[self.name](z)

    def extra_repr(self) -> str:
        return self.name
