"""Initial weights as the papers and their code draw them; biases start at zero but for torch's own way."""

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
    "uniform_fan_in",
)


def initial_weight(
    initialisation: str, shape: tuple[int, int], is_output: bool, generator: torch.Generator, sd: float = 0.1
) -> Tensor:
    """One weight matrix ``[out, in]``.

    truncated_normal_fan_in: sd 1/sqrt(in), cut at two sd, every layer (IDNNs, the default). With ``_times_3`` every
    weight is three times what the same seed draws without.
    truncated_normal_fan_out: sd 1/sqrt(out), the output layer Glorot uniform (ibsgd).
    glorot_uniform: +-sqrt(6 / (in + out)). normal: N(0, sd^2). orthogonal: orthonormal rows or columns.
    uniform_fan_in: +-1/sqrt(in), as torch's Linear, whose biases are drawn alike (:func:`initial_bias`).
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
    if initialisation == "uniform_fan_in":
        return nn.init.uniform_(weight, -1 / math.sqrt(columns), 1 / math.sqrt(columns), generator=generator)
    raise AssertionError(initialisation)


def initial_bias(initialisation: str, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """The biases ``[out]`` beside a weight matrix ``[out, in]``: zero; of ``"uniform_fan_in"`` drawn as its weights."""
    bias = torch.zeros(shape[0])
    if initialisation == "uniform_fan_in":
        nn.init.uniform_(bias, -1 / math.sqrt(shape[1]), 1 / math.sqrt(shape[1]), generator=generator)
    return bias
