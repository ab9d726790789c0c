"""Initial weights as the papers and their code draw them; biases start at zero."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

INITIALISATIONS = (
    "truncated_normal_fan_in",
    "truncated_normal_fan_in_times_3",
    "truncated_normal_fan_out",
    "glorot_uniform",
    "normal",
    "orthogonal",
)


def initial_weight(
    initialisation: str, shape: tuple[int, int], is_output: bool, generator: torch.Generator, sd: float = 0.1
) -> Tensor:
    """One weight matrix ``[out, in]``.

    truncated_normal_fan_in: sd 1/sqrt(in), cut at two sd, every layer (IDNNs, the default). With ``_times_3`` every
    weight is three times what the same seed draws without.
    truncated_normal_fan_out: sd 1/sqrt(out), the output layer Glorot uniform (ibsgd).
    glorot_uniform: +-sqrt(6 / (in + out)). normal: N(0, sd^2). orthogonal: orthonormal rows or columns.
    """
    rows, columns = shape
    weight = torch.empty(shape)
    if initialisation == "truncated_normal_fan_out" and is_output:
        initialisation = "glorot_uniform"
    if initialisation == "truncated_normal_fan_in_times_3":
        return 3 * initial_weight("truncated_normal_fan_in", shape, is_output, generator)
    if initialisation.startswith("truncated_normal"):
        scale = 1 / math.sqrt(columns if initialisation.endswith("in") else rows)
        return nn.init.trunc_normal_(weight, 0.0, scale, -2 * scale, 2 * scale, generator=generator)
    if initialisation == "glorot_uniform":
        return nn.init.xavier_uniform_(weight, generator=generator)
    if initialisation == "normal":
        return nn.init.normal_(weight, 0.0, sd, generator=generator)
    if initialisation == "orthogonal":
        return nn.init.orthogonal_(weight, generator=generator)
    raise AssertionError(initialisation)
