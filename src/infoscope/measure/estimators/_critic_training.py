"""Training many small models at once: one stacked program, averaged weights, stopped early on rows held back."""

# pyright: reportPrivateImportUsage=false
# (torch._foreach_*, one call for all tensors, has no public name)
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CHECKS = 20  # updates between two looks at the validation rows
WARM_UP = 20
STEADY = 0.5  # share of the updates at the full learning rate
AVERAGING = 0.98
BETAS, EPSILON = (0.9, 0.99), 1e-8
BETTER = 1e-4  # nats: a smaller gain is no reason to go on


@dataclass(frozen=True)
class Schedule:
    """How to train: Adam with decoupled weight decay; the learning rate falls in the second half of the updates."""

    learning_rate: float
    batch: int
    steps: int
    patience: int
    weight_decay: float
    seed: int


@dataclass(frozen=True)
class Split:
    """Rows of each of ``folds``: held out (``tests``), the others (``rests``), and how the others are used.

    train, validation: ``[folds, ...]``, the same number in every fold.
    """

    tests: list[Tensor]
    rests: list[Tensor]
    train: Tensor
    validation: Tensor


def split(n: int, folds: int, share: float, generator: torch.Generator) -> Split:
    """Deal ``n`` rows to ``folds``; ``share`` of the rows that are not held out are for validation."""
    tests = list(orders(n, 1, generator)[0].tensor_split(folds))
    rests = [torch.cat([tests[j] for j in range(folds) if j != k]) for k in range(folds)]
    rests = [rest[torch.randperm(len(rest), generator=generator)] for rest in rests]
    least = min(map(len, rests))
    held_back = max(2, int(share * least))
    return Split(
        tests,
        rests,
        torch.stack([rest[held_back:least] for rest in rests]),
        torch.stack([rest[:held_back] for rest in rests]),
    )


@dataclass(frozen=True)
class Fit:
    """Where training of each of ``m`` models ended.

    parameters: those (averaged over the last updates) that did best on the validation rows. late: what the second
    half of the updates had added to the value there, zero where patience ran out. broken: whether a value stopped
    being finite.
    """

    parameters: list[Tensor]
    late: np.ndarray
    broken: np.ndarray


def random_numbers(seed: int) -> torch.Generator:
    """A generator of its own; the global state is left alone."""
    return torch.Generator().manual_seed(seed)


def orders(n: int, copies: int, generator: torch.Generator) -> Tensor:
    """``copies`` independent orders of ``n`` rows, ``[copies, n]``."""
    return torch.stack([torch.randperm(n, generator=generator) for _ in range(copies)])


def fit(
    parameters: list[Tensor],
    objective: Callable[[list[Tensor], Tensor], Tensor],
    validation: Callable[[list[Tensor]], Tensor],
    train: Tensor,
    schedule: Schedule,
    folds: int,
) -> Fit:
    """Maximise ``objective(parameters, rows [m, b]) [m]`` over rows drawn from ``train [m, n]``.

    ``parameters`` are weights ``[m, in, out]``, which decay, and biases ``[m, 1, out]``. The models of one fold of
    different members see their rows in the same order.
    """
    device, m, n = train.device, len(train), train.shape[1]
    parameters = [p.requires_grad_() for p in parameters]
    adam = _Adam(parameters, schedule.weight_decay)
    average = [p.detach().clone() for p in parameters]
    kept = [p.clone() for p in average]
    generator, batch = random_numbers(schedule.seed), min(schedule.batch, n)
    best = validation(average)
    early = best.clone()
    broken = torch.zeros(m, dtype=torch.bool, device=device)
    order, position, waited, step = torch.empty(0), n, 0, 0
    for step in range(1, schedule.steps + 1):
        if position + batch > n:
            order, position = orders(n, folds, generator).repeat(m // folds, 1).to(device), 0
        rows = train.gather(1, order[:, position : position + batch])
        position += batch
        gradients = torch.autograd.grad(-objective(parameters, rows).sum(), parameters)
        adam.step(list(gradients), schedule.learning_rate * _rate(step, schedule.steps))
        torch._foreach_lerp_(average, [p.detach() for p in parameters], 1 - min(AVERAGING, step / (step + 9)))
        if step % CHECKS and step < schedule.steps:
            continue
        value = validation(average)
        broken |= ~value.isfinite()
        better = value > best + BETTER
        for to, now in zip(kept, average, strict=True):
            to[better] = now[better]
        best = torch.where(better, value, best)
        if step <= STEADY * schedule.steps:
            early = best.clone()
        waited = 0 if bool(better.any()) else waited + 1
        if waited >= schedule.patience:
            break
    late = (best - early) * (step == schedule.steps)
    return Fit(kept, late.double().cpu().numpy(), broken.cpu().numpy())


class _Adam:
    """Adam with decoupled weight decay of the weights (Loshchilov & Hutter 2019, algorithm 2), all tensors in one call.

    Written out because ``torch.optim`` takes seconds to import.
    """

    def __init__(self, parameters: list[Tensor], weight_decay: float) -> None:
        self.parameters = [p.detach() for p in parameters]
        self.weights = [p for p in self.parameters if p.shape[1] > 1]
        self.weight_decay = weight_decay
        self.first = [torch.zeros_like(p) for p in parameters]
        self.second = [torch.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients: list[Tensor], rate: float) -> None:
        self.steps += 1
        torch._foreach_mul_(self.weights, 1 - rate * self.weight_decay)
        torch._foreach_lerp_(self.first, gradients, 1 - BETAS[0])
        torch._foreach_mul_(self.second, BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, 1 - BETAS[1])
        size = torch._foreach_sqrt(self.second)
        torch._foreach_add_(size, EPSILON)
        correction = (1 - BETAS[1] ** self.steps) ** 0.5 / (1 - BETAS[0] ** self.steps)
        torch._foreach_addcdiv_(self.parameters, self.first, size, -rate * correction)


def _rate(step: int, steps: int) -> float:
    falling = max(0.0, (step / steps - STEADY) / (1 - STEADY))
    return min(1.0, step / WARM_UP) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * falling)))
