"""Training many small models at once: averaged weights, stopped early on rows held back; one stacked program."""

# pyright: reportPrivateImportUsage=false
# (torch._foreach_*, one call for all tensors, has no public name)
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from infoscope.kernels import adam
from infoscope.measure.intervals.groups import Groups

CHECKS = 20  # updates between two looks at the validation rows
WARM_UP = 20
STEADY = 0.5  # share of the updates at the full learning rate
AVERAGING = 0.98
BETTER = 1e-4  # nats: a smaller gain is no reason to go on


@dataclass(frozen=True)
class TrainingSchedule:
    """How to train: Adam with decoupled weight decay; the learning rate falls in the second half of the updates."""

    learning_rate: float
    batch: int
    steps: int
    patience: int
    weight_decay: float
    seed: int

    def rate(self, step: int) -> float:
        """The learning rate of update ``step``, counted from 1."""
        falling = max(0.0, (step / self.steps - STEADY) / (1 - STEADY))
        return self.learning_rate * (min(1.0, step / WARM_UP) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * falling))))


@dataclass(frozen=True)
class Folds:
    """Rows of each of ``folds``: held out (``tests``), the others (``rests``), and how the others are used.

    train, validation: ``[folds, ...]``, the same number in every fold.
    """

    tests: list[Tensor]
    rests: list[Tensor]
    train: Tensor
    validation: Tensor


def split(n: int, folds: int, share: float, generator: torch.Generator, groups: Groups | None = None) -> Folds:
    """Deal ``n`` rows to ``folds``; ``share`` of the rows that are not held out are for validation.

    Whole ``groups`` where there are any, which must be more than folds; each fold then validates on as many rows as the
    others, and trains on as many, so that some rows of large groups are left out.
    """
    if groups is not None:
        return _split_groups(folds, share, generator, groups)
    tests = list(orders(n, 1, generator)[0].tensor_split(folds))
    rests = [torch.cat([tests[j] for j in range(folds) if j != k]) for k in range(folds)]
    rests = [rest[torch.randperm(len(rest), generator=generator)] for rest in rests]
    least = min(map(len, rests))
    held_back = max(2, int(share * least))
    return Folds(
        tests,
        rests,
        torch.stack([rest[held_back:least] for rest in rests]),
        torch.stack([rest[:held_back] for rest in rests]),
    )


def _split_groups(folds: int, share: float, generator: torch.Generator, groups: Groups) -> Folds:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    tests = [_mixed(torch.from_numpy(rows), generator) for rows in groups.deal(folds, seed)]
    ids, train, validation, rests = torch.from_numpy(groups.ids), [], [], []
    for k in range(folds):
        rest = torch.cat([tests[j] for j in range(folds) if j != k])
        place = torch.randperm(groups.count, generator=generator)  # of each group
        rests.append(rest[place[ids[rest]].argsort(stable=True)])
        last = torch.cat([ids[rests[-1]].diff() != 0, torch.tensor([True])]).nonzero()[:, 0] + 1  # of each group, ends
        wanted = max(2, int(share * len(rest)))
        held_back = int(last[min(int((last < wanted).sum()), len(last) - 2)])
        train.append(rests[-1][held_back:])
        validation.append(_mixed(rests[-1][:held_back], generator))
    train_on, judge_on = min(map(len, train)), min(map(len, validation))
    return Folds(
        tests,
        rests,
        torch.stack([one[:train_on] for one in train]),
        torch.stack([one[:judge_on] for one in validation]),
    )


def _mixed(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows[torch.randperm(len(rows), generator=generator)]


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


class Program(Protocol):
    """A stack of models on their way, with a running average of each one's parameters."""

    def advance(self, first: int, batches: list[Tensor]) -> None:
        """Make the updates from number ``first`` on, one for each batch: places ``[folds, b]`` among a fold's rows."""

    def value(self) -> Tensor:
        """What each model with averaged parameters reaches on the validation rows, ``[m]``; the more the better."""
        ...

    def keep(self, better: Tensor) -> None:
        """Remember the averaged parameters of the models where ``better [m]``."""


def lead(program: Program, n: int, folds: int, schedule: TrainingSchedule) -> tuple[Tensor, Tensor]:
    """Train on ``n`` rows of each of ``folds`` until the validation rows say stop: late and broken ``[m]`` of a Fit."""
    best = program.value()
    batches = _batches(n, folds, schedule, best.device)
    early = best.clone()
    broken = torch.zeros_like(best, dtype=torch.bool)
    waited = step = 0
    while step < schedule.steps and waited < schedule.patience:
        first, step = step + 1, min(step + CHECKS, schedule.steps)
        program.advance(first, list(islice(batches, step + 1 - first)))
        value = program.value()
        broken |= ~value.isfinite()
        better = value > best + BETTER
        program.keep(better)
        best = torch.where(better, value, best)
        if step <= STEADY * schedule.steps:
            early = best.clone()
        waited = 0 if bool(better.any()) else waited + 1
    return (best - early) * (step == schedule.steps), broken


def _batches(n: int, folds: int, schedule: TrainingSchedule, device: torch.device) -> Iterator[Tensor]:
    """Places ``[folds, b]`` of rows, each fold going through its ``n`` rows in one new order after the other."""
    generator, batch = random_numbers(schedule.seed), min(schedule.batch, n)
    while True:
        order = orders(n, folds, generator).to(device)
        yield from (order[:, at : at + batch] for at in range(0, n - batch + 1, batch))


def fit(
    parameters: list[Tensor],
    objective: Callable[[list[Tensor], Tensor], Tensor],
    validation: Callable[[list[Tensor]], Tensor],
    train: Tensor,
    schedule: TrainingSchedule,
    folds: int,
) -> Fit:
    """Maximise ``objective(parameters, rows [m, b]) [m]`` over rows drawn from ``train [m, n]``.

    ``parameters`` are weights ``[m, in, out]``, which decay, and biases ``[m, 1, out]``. The models of one fold of
    different members see their rows in the same order.
    """
    program = _Stacked(parameters, objective, validation, train, schedule)
    late, broken = lead(program, train.shape[1], folds, schedule)
    return Fit(program.kept, late.double().cpu().numpy(), broken.cpu().numpy())


class _Stacked:
    """All models as one program of tensors, differentiated by torch."""

    def __init__(
        self,
        parameters: list[Tensor],
        objective: Callable[[list[Tensor], Tensor], Tensor],
        validation: Callable[[list[Tensor]], Tensor],
        train: Tensor,
        schedule: TrainingSchedule,
    ) -> None:
        self.parameters = [p.requires_grad_() for p in parameters]
        self.objective, self.validation, self.train, self.schedule = objective, validation, train, schedule
        self.adam = _Adam(self.parameters, schedule.weight_decay)
        self.average = [p.detach().clone() for p in parameters]
        self.kept = [p.clone() for p in self.average]

    def advance(self, first: int, batches: list[Tensor]) -> None:
        for step, batch in enumerate(batches, first):
            rows = self.train.gather(1, batch.repeat(len(self.train) // len(batch), 1))
            gradients = torch.autograd.grad(-self.objective(self.parameters, rows).sum(), self.parameters)
            self.adam.step(list(gradients), self.schedule.rate(step))
            torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], averaged(step))

    def value(self) -> Tensor:
        return self.validation(self.average)

    def keep(self, better: Tensor) -> None:
        for to, now in zip(self.kept, self.average, strict=True):
            to[better] = now[better]


def averaged(step: int) -> float:
    """The part of the way to the parameters that their running average goes at an update."""
    return 1 - min(AVERAGING, step / (step + 9))


class _Adam:
    """Adam with decoupled weight decay of the weights (Loshchilov & Hutter 2019, algorithm 2), all tensors at once."""

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
        adam.on_tensors(self.parameters, gradients, self.first, self.second, rate, self.steps)
