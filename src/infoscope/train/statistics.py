"""Learning curves and gradient statistics at frozen weights, so that they can be had from stored snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from infoscope.core.errors import InputError
from infoscope.train.network import Dense, Network


class Performance(NamedTuple):
    """Mean cross-entropy in nats and accuracy as a fraction, one value a member."""

    loss: Tensor
    accuracy: Tensor


class LayerGradient(NamedTuple):
    """One layer's weights at frozen weights, one value a member: a matrix, or all kernels of a convolutional layer.

    snr: Frobenius norm of the mean minibatch gradient over that of its element-wise standard deviation (Saxe et al.
    2018, appendix; biases and BatchNorm's scales left out). weight_norm: Frobenius norm of the weights.
    """

    snr: Tensor
    weight_norm: Tensor


@torch.no_grad()
def performance(
    network: Network, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, chunk: int = 4096
) -> Performance:
    """Loss and accuracy of each member on its own ``rows [m, n]``, or of all on the same ``[1, n]``, by chunks."""
    members = len(parameters["output.linear.weight"])
    loss = torch.zeros(members, dtype=torch.float64, device=x.device)
    hits = torch.zeros(members, dtype=torch.float64, device=x.device)
    for part in rows.split(chunk, dim=1):
        logits, labels = _on(network, parameters, x, y, part)
        loss += network.losses(logits, labels).double().sum(1)
        hits += (logits.argmax(-1) == labels).double().sum(1)
    return Performance(loss / rows.shape[1], hits / rows.shape[1])


@torch.no_grad()
def noisy_accuracy(
    network: Network, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, seed: int, chunk: int = 1024
) -> Tensor:
    """The accuracy ``[m]`` of each member on its own ``rows [m, n]``, or of all on the same ``[1, n]``, with the noise
    of every hidden layer on: one noisy forward a row, drawn from ``seed``."""
    members = len(parameters["output.linear.weight"])
    hits = torch.zeros(members, dtype=torch.float64, device=x.device)
    for member in range(members):
        own = {name: tensor[member : member + 1] for name, tensor in parameters.items()}
        for place, part in enumerate(rows[member if len(rows) > 1 else 0].split(chunk)):
            draws = seed + 1009 * place + member
            logits = network.propagated(own, x[part], ("output.linear",), 1, draws)["output.linear"][0, :, 0]
            hits[member] += (logits.argmax(-1) == y[part]).double().sum()
    return hits / rows.shape[1]


def _on(
    network: Network, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Logits ``[m, n, classes]`` and labels ``[m, n]`` on ``rows``; rows that all share are not copied for each."""
    logits = network.logits(parameters, x[rows[0]] if len(rows) == 1 else x[rows])
    return logits, y[rows].expand(len(logits), -1)


def layer_gradients(
    network: Network, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor, batch: int
) -> dict[str, LayerGradient]:
    """Signal-to-noise ratio of the minibatch gradient at frozen weights, and weight norm, of every layer.

    rows: each member's training rows ``[m, n]``, or all members' ``[1, n]``, cut in order into minibatches of ``batch``
    (the last, shorter one is left out: its gradient is noisier than the rest). The network is the one of evaluation:
    without noise, and with BatchNorm's stored statistics.

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
    kernels = [name for name, stack in parameters.items() if stack.ndim > 2]
    weights = {layer: [k for k in kernels if k.startswith(f"{layer}.")] for layer in network.layers}
    weights = {layer: own for layer, own in weights.items() if own}
    names = [name for own in weights.values() for name in own]
    leaves = {k: v.detach().requires_grad_(k in names) for k, v in parameters.items()}
    total: dict[str, Tensor] = {}
    squared: dict[str, Tensor] = {}  # sum over minibatches of |gradient|²
    for part in batches:
        logits, labels = _on(network, leaves, x, y, part)
        loss = network.losses(logits, labels).sum() / batch
        gradients = torch.autograd.grad(loss, [leaves[name] for name in names])
        for name, gradient in zip(names, gradients, strict=True):
            total[name] = total[name] + gradient if name in total else gradient
            squared[name] = squared.get(name, 0) + _square(gradient)
    out = {}
    for layer, own in weights.items():
        mean = _sum(_square(total[name]) for name in own).sqrt() / len(batches)
        # |element-wise sd|² = mean |gradient|² - |mean gradient|², so no element-wise square is ever needed
        spread = (_sum(squared[name] for name in own) / len(batches) - mean**2).clamp(min=0).sqrt()
        # 0/0 where a layer is dead: NaN, which no one mistakes for a ratio
        out[layer] = LayerGradient(mean / spread, _sum(_square(parameters[name]) for name in own).sqrt())
    return out


def sample_gradients(
    network: Dense, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, rows: Tensor
) -> dict[str, Tensor]:
    """Signal-to-noise ratio ``[m]`` of every layer's weight gradient over single training samples, at frozen weights.

    As :func:`layer_gradients` says it of minibatches of 1 (Saxe et al. 2018, equations 26 and 27). A sample's gradient
    is delta aᵀ, with delta the gradient at the layer's net input and a the layer's input, so |gradient|² is
    |delta|² |a|² and no gradient of a single sample is ever formed.
    """
    names = [f"{layer}.linear" for layer in network.layers]
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    shared = x[rows[0]] if len(rows) == 1 else x[rows]
    held = network.representations(leaves, shared, (*names, *network.layers))
    logits = held["output.linear"]
    labels = y[rows].expand(len(logits), -1)
    loss = network.losses(logits, labels).sum()
    deltas = torch.autograd.grad(loss, [held[name] for name in names])
    inputs = [shared.expand(len(logits), *shared.shape[-2:]), *(held[layer].detach() for layer in network.layers[:-1])]
    out: dict[str, Tensor] = {}
    n = rows.shape[1]
    for layer, delta, a in zip(network.layers, deltas, inputs, strict=True):
        mean = (_square(torch.bmm(delta.transpose(1, 2), a)) / n**2).sqrt()
        squares = ((delta.double() ** 2).sum(-1) * (a.double() ** 2).sum(-1)).mean(-1)
        out[layer] = mean / (squares - mean**2).clamp(min=0).sqrt()
    return out


def _square(stack: Tensor) -> Tensor:
    """The squared Frobenius norm of each member's weights, summed in float64 ``[m]``."""
    return torch.linalg.vector_norm(stack.flatten(1), dim=1, dtype=torch.float64) ** 2


def _sum(each: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(each)).sum(0)
