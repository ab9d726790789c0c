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
    """Loss and accuracy of each member on its own ``rows [m, n]``, a chunk of rows at a time."""
    loss = torch.zeros(len(rows), dtype=torch.float64)
    hits = torch.zeros(len(rows), dtype=torch.float64)
    for part in rows.split(chunk, dim=1):
        logits, labels = network.logits(parameters, x[part]), y[part]
        each = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        loss += each.double().reshape(len(rows), -1).sum(1)
        hits += (logits.argmax(-1) == labels).double().sum(1)
    return Performance(loss / rows.shape[1], hits / rows.shape[1])


def layer_gradients(
    network: FullyConnected, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, batch: int
) -> dict[str, LayerGradient]:
    """Signal-to-noise ratio of the minibatch gradient at frozen weights, and weight norm, of every layer.

    rows: each member's training rows ``[m, n]``, cut in order into minibatches of ``batch`` (the last, shorter one is
    left out: its gradient is noisier than the rest).

    Raises
    ------
    InputError: fewer than two full minibatches, which have no spread.
    """
    names = [f"{layer}.linear.weight" for layer in network.layers]
    leaves = {k: v.detach().requires_grad_(k in names) for k, v in parameters.items()}
    total = [torch.zeros_like(parameters[name], dtype=torch.float64) for name in names]
    square = [torch.zeros_like(parameters[name], dtype=torch.float64) for name in names]
    batches = [part for part in rows.split(batch, dim=1) if part.shape[1] == batch]
    if len(batches) < 2:
        raise InputError(
            f"{rows.shape[1]} training rows make {len(batches)} minibatches of {batch}, a signal-to-noise ratio wants "
            "at least 2: take smaller minibatches"
        )
    for part in batches:
        loss = functional.cross_entropy(
            network.logits(leaves, x[part]).flatten(0, 1), y[part].flatten(), reduction="sum"
        )
        gradients = torch.autograd.grad(loss / part.shape[1], [leaves[name] for name in names])
        for sums, squares, gradient in zip(total, square, gradients, strict=True):
            sums.add_(gradient)
            squares.addcmul_(gradient.double(), gradient.double())
    out = {}
    for layer, name, sums, squares in zip(network.layers, names, total, square, strict=True):
        mean = sums / len(batches)
        spread = (squares / len(batches) - mean**2).clamp_(min=0).sqrt_()
        norm = spread.flatten(1).norm(dim=1)
        snr = mean.flatten(1).norm(dim=1) / norm  # 0/0 where a layer is dead: NaN, which no one mistakes for a ratio
        out[layer] = LayerGradient(snr, parameters[name].double().flatten(1).norm(dim=1))
    return out
