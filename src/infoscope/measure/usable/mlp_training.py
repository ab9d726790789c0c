"""Many MLPs on the rows of a few representations: what each is to learn, and the two programs that train them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from infoscope.kernels import adam, parallel
from infoscope.kernels.row_products import padded
from infoscope.measure.critics import training as training
from infoscope.measure.critics.training import Fit, TrainingSchedule
from infoscope.measure.usable import mlp_compiled

SECONDS = 1e-10  # of a multiply-add, roughly
PARTS = 4  # of the networks for each thread, so that none waits long for another


@dataclass(frozen=True)
class Stack:
    """``m`` networks: each of one cell (a representation, standardised on a split), of one target, and of one split.

    rows: ``[cells, n, d]``. cell, target, split: ``[m]``, the split changing fastest. train, validation: rows of each
    split, ``[splits, ...]``. wanted: labels ``[targets, n]``, or quantities ``[n, e]``, which are one target.
    """

    rows: Tensor
    cell: Tensor
    target: Tensor
    split: Tensor
    train: Tensor
    validation: Tensor
    wanted: Tensor

    def fit(self, parameters: list[Tensor], schedule: TrainingSchedule) -> Fit:
        """Train from weights ``[m, in, out]`` and biases ``[m, 1, out]`` in turn."""
        return (self.compiled if self.rows.device.type == "cpu" else self.batched)(parameters, schedule)

    def batched(self, parameters: list[Tensor], schedule: TrainingSchedule) -> Fit:
        """All networks as one program of tensors, differentiated by torch."""
        validation = self.validation[self.split]

        def judged(p: list[Tensor]) -> Tensor:
            with torch.no_grad():
                return self._objective(p, validation)

        train = self.train[self.split]
        return training.fit(parameters, self._objective, judged, train, schedule, len(self.train))

    def compiled(self, parameters: list[Tensor], schedule: TrainingSchedule) -> Fit:
        """One network after the other, on as many threads as that is worth, with the same rows; on the CPU."""
        work = 3 * sum(p.numel() for p in parameters) * min(schedule.batch, self.train.shape[1]) * schedule.steps
        threads = parallel.cores(work * SECONDS)
        program = _Compiled(self, parameters, schedule, threads)
        late, broken = training.lead(program, self.train.shape[1], len(self.train), schedule)
        return Fit(program.kept_parameters(), late.double().numpy(), broken.numpy())

    def _objective(self, p: list[Tensor], index: Tensor) -> Tensor:
        """Minus the mean cost ``[m]`` of the networks on rows ``index [m, b]``."""
        found = outputs(p, self.rows[self.cell[:, None], index])
        if self.wanted.is_floating_point():
            return -(found - self.wanted[index]).square().mean((1, 2)) / 2
        labels = self.wanted[self.target[:, None], index]
        return -cross_entropy(found.transpose(1, 2), labels, reduction="none").mean(1)


class _Compiled:
    """The compiled program of a stack, for ``training.lead``; what it holds are NumPy arrays."""

    def __init__(self, stack: Stack, parameters: list[Tensor], schedule: TrainingSchedule, threads: int) -> None:
        self.schedule, self.shapes, self.threads = schedule, [p.shape[1:] for p in parameters], threads
        self.parts = np.array_split(np.arange(len(stack.cell)), min(PARTS * threads, len(stack.cell)))
        self.sizes = np.array([*(p.shape[1] for p in parameters[::2]), parameters[-1].shape[2]])
        self.kept = torch.cat([p.mT.flatten(1) for p in parameters], 1).numpy()
        self.state = np.zeros((len(self.kept), 4, self.kept.shape[1]), np.float32)
        self.state[:, 0] = self.state[:, 3] = self.kept
        rows, wanted, self.train, self.validation, cells, targets, self.split = (
            one.contiguous().numpy()
            for one in (stack.rows, stack.wanted, stack.train, stack.validation, stack.cell, stack.target, stack.split)
        )
        rows = [padded(one) for one in rows]
        if stack.wanted.is_floating_point():
            self.given = [(rows[cell], None, wanted) for cell in cells]
        else:
            self.given = [(rows[cell], wanted[target], None) for cell, target in zip(cells, targets, strict=True)]
        none = np.empty((int(self.split.max()) + 1, 0, 0), np.int64), np.empty((0, 3))
        self.values = self._each(lambda i: self._advance(i, *none))

    def advance(self, first: int, batches: list[Tensor]) -> None:
        positions = torch.stack(batches, 1).numpy()
        rates = [self.schedule.rate(step) for step in range(first, first + len(batches))]
        paces = np.array(
            [
                (1 - rate * self.schedule.weight_decay, rate * adam.correction(step), training.averaged(step))
                for step, rate in enumerate(rates, first)
            ]
        )

        self.values = self._each(lambda i: self._advance(i, positions, paces))

    def _advance(self, i: int, positions: np.ndarray, paces: np.ndarray) -> float:
        split = self.split[i]
        rows = self.train[split], positions[split], paces, adam.SHORT_MOMENTS, self.validation[split]
        columns, batch, judged = self.given[i][0].shape[1], positions.shape[2], self.validation.shape[1]
        room = mlp_compiled.Room.of(self.sizes, columns, batch, judged)
        return mlp_compiled.advance(self.sizes, self.state[i], *self.given[i], *rows, *room)

    def value(self) -> Tensor:
        return torch.tensor(self.values, dtype=torch.float32)

    def _each(self, job: Callable[[int], float]) -> list[float]:
        jobs = [lambda part=part: [job(i) for i in part] for part in self.parts]
        return list(chain.from_iterable(parallel.run(jobs, self.threads)))

    def keep(self, better: Tensor) -> None:
        self.kept[better.numpy()] = self.state[better.numpy(), 3]

    def kept_parameters(self) -> list[Tensor]:
        """Weights ``[m, in, out]`` and biases ``[m, 1, out]`` in turn."""
        parts = torch.from_numpy(self.kept).split([a * b for a, b in self.shapes], 1)
        return [part.unflatten(1, (b, a)).mT for part, (a, b) in zip(parts, self.shapes, strict=True)]


def outputs(p: list[Tensor], x: Tensor) -> Tensor:
    """Layers of weights ``[m, in, out]`` and biases, with rectifiers between them, of ``x [m, b, in]``."""
    for weights, bias in zip(p[:-2:2], p[1:-2:2], strict=True):
        x = torch.baddbmm(bias, x, weights).relu()
    return torch.baddbmm(p[-1], x, p[-2])
