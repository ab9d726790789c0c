"""Random numbers of a training that only a member's seed, the epoch and the update decide, so that it can be cut."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from infoscope.train.disturbance import Noise


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
