"""Learning curves and gradient statistics at frozen weights, so that they can be had from stored snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from infoscope.core.errors import InputError
from infoscope.train.networks.fully_connected import FullyConnected


class Performance(NamedTuple):
    """Mean cross-entropy in nats and accuracy as a fraction, one value a member."""

    loss: Tensor
    accuracy: Tensor


class LayerGradient(NamedTuple):
    """One layer's weight matrix at frozen weights, one value a member.

    snr: Frobenius norm of the mean minibatch gradient over that of its element-wise standard deviation (Saxe et al.
    2018, appendix; biases left out). weight_norm: Frobenius norm of the weights.
    """

    snr: Tensor
    weight_norm: Tensor


@torch.no_grad()
def performance(
    network: FullyConnected, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, chunk: int = 4096
) -> Performance:
    """Loss and accuracy of each member on its own ``rows [m, n]``, or of all on the same ``[1, n]``, by chunks."""
    members = len(parameters["output.linear.weight"])
    loss = torch.zeros(members, dtype=torch.float64)
    hits = torch.zeros(members, dtype=torch.float64)
    for part in rows.split(chunk, dim=1):
        logits, labels = _on(network, parameters, x, y, part)
        each = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        loss += each.double().reshape(members, -1).sum(1)
        hits += (logits.argmax(-1) == labels).double().sum(1)
    return Performance(loss / rows.shape[1], hits / rows.shape[1])


def _on(
    network: FullyConnected, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Logits ``[m, n, classes]`` and labels ``[m, n]`` on ``rows``; rows that all share are not copied for each."""
    logits = network.logits(parameters, x[rows[0]] if len(rows) == 1 else x[rows])
    return logits, y[rows].expand(len(logits), -1)


def layer_gradients(
    network: FullyConnected, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, batch: int
) -> dict[str, LayerGradient]:
    """Signal-to-noise ratio of the minibatch gradient at frozen weights, and weight norm, of every layer.

    rows: each member's training rows ``[m, n]``, or all members' ``[1, n]``, cut in order into minibatches of ``batch``
    (the last, shorter one is left out: its gradient is noisier than the rest).

    Raises
    ------
    InputError: fewer than two full minibatches, which have no spread.
    """
    batches = [part for part in rows.split(batch, dim=1) if part.shape[1] == batch]
    if len(batches) < 2:
        raise InputError(
            f"{rows.shape[1]} training rows make {len(batches)} minibatches of {batch}, a signal-to-noise ratio wants "
            "at least 2: take smaller minibatches"
        )
    names = [f"{layer}.linear.weight" for layer in network.layers]
    leaves = {k: v.detach().requires_grad_(k in names) for k, v in parameters.items()}
    total: list[Tensor] = []
    squared = torch.zeros(
        len(names), len(parameters[names[0]]), dtype=torch.float64
    )  # sum over minibatches of |gradient|²
    for part in batches:
        logits, labels = _on(network, leaves, x, y, part)
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / batch
        gradients = torch.autograd.grad(loss, [leaves[name] for name in names])
        total = total or [torch.zeros_like(gradient) for gradient in gradients]
        for index, (sums, gradient) in enumerate(zip(total, gradients, strict=True)):
            sums.add_(gradient)
            squared[index] += _norm(gradient) ** 2
    out = {}
    for layer, name, sums, squares in zip(network.layers, names, total, squared, strict=True):
        mean = _norm(sums) / len(batches)
        # |element-wise sd|² = mean |gradient|² - |mean gradient|², so no element-wise square is ever needed
        spread = (squares / len(batches) - mean**2).clamp(min=0).sqrt()
        # 0/0 where a layer is dead: NaN, which no one mistakes for a ratio
        out[layer] = LayerGradient(mean / spread, _norm(parameters[name]))
    return out


def _norm(stack: Tensor) -> Tensor:
    """The Frobenius norm of each member's matrix, summed in float64 ``[m]``."""
    return torch.linalg.vector_norm(stack, dim=(1, 2), dtype=torch.float64)
