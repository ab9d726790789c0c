"""Noise behind the activations of a network in training, added or as dropout a factor, and what it is drawn from.

A member's draws are a function of its seed, the epoch and the update alone, so that a training can be cut anywhere.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from infoscope.core import check
from infoscope.core.errors import InputError

DropoutKind = Literal["binary", "gaussian"]


@dataclass(frozen=True)
class Noise:
    """What is done to every hidden activation a, each number of it by a draw of its own.

    kind ``"additive"``: a + size · e with e ~ N(0, 1) (Goldfeld et al. 2019). ``"binary"``: a / (1 - size), or 0 with
    probability ``size`` (dropout, inverted). ``"gaussian"``: a · (1 + sqrt(size / (1 - size)) · e), whose factor has
    the mean and the variance of binary dropout's (Srivastava et al. 2014, section 10).
    """

    kind: Literal["additive", "binary", "gaussian"]
    size: float

    @property
    def sd(self) -> float:
        """Of what is added, or of the factor."""
        return self.size if self.kind == "additive" else math.sqrt(self.size / (1 - self.size))

    def __call__(self, a: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """``a`` disturbed once; gradients pass."""
        if self.kind == "binary":
            kept = torch.rand(a.shape, generator=generator, device=a.device, dtype=a.dtype) >= self.size
            return a * kept / (1 - self.size)
        draws = self.sd * torch.randn(a.shape, generator=generator, device=a.device, dtype=a.dtype)
        return a + draws if self.kind == "additive" else a * (1 + draws)


def noise_of(noise: float, dropout: float, dropout_kind: str) -> Noise | None:
    """The noise that a network's three arguments ask for; None where both are 0.

    Raises
    ------
    InputError: a number out of its range, an unknown kind of dropout, or noise and dropout at once.
    """
    check.choice(dropout_kind, get_args(DropoutKind), "dropout_kind")
    if not 0 <= noise < math.inf:
        raise InputError(f"noise is {noise}, wanted a standard deviation of at least 0")
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout}, wanted a probability from 0 to below 1")
    if noise and dropout:
        raise InputError(f"noise is {noise} and dropout {dropout}, wanted one of them: set the other to 0")
    if noise:
        return Noise("additive", noise)
    if dropout:
        return Noise("binary" if dropout_kind == "binary" else "gaussian", dropout)
    return None


class NoiseLayer(nn.Module):
    """A :class:`Noise` as a module: fresh at each forward in ``train()``, nothing in ``eval()``."""

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise

    def forward(self, a: Tensor) -> Tensor:
        return self.noise(a) if self.training else a

    def extra_repr(self) -> str:
        return f"{self.noise.kind}, {self.noise.size}"


def stream(
    seed: int, epoch: int, update: int, device: str | torch.device = "cpu", use: str = "noise"
) -> torch.Generator:
    """A generator for one member's draws of one ``use`` in one update; other arguments give independent numbers."""
    words = hashlib.blake2b(f"{use}/{seed}/{epoch}/{update}".encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(words, "big") >> 1)


def drawn(noise: Noise, shapes: Mapping[str, torch.Size], rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What one member's noise adds to each layer (or multiplies it by) on a minibatch ``{layer: [rows, *shape]}``."""
    start = torch.zeros if noise.kind == "additive" else torch.ones  # noise of 0 is the summand, noise of 1 the factor
    return {layer: noise(start((rows, *shape), device=generator.device), generator) for layer, shape in shapes.items()}
