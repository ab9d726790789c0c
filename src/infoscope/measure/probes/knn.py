from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core import check
from infoscope.core.measurement import Cost
from infoscope.core.shapes import TensorMatrix, TensorRows
from infoscope.measure.bases.probe import Probe
from infoscope.measure.usable.readings import ProbeSplit, Reading, Readings, Target
from infoscope.measure.usable.standardiser import Standardiser
from infoscope.measure.usable.temperature import Tempered, cross_entropy

BLOCK = 1 << 22  # distances held at once
TIES = 1e-9  # of the squared lengths: distances that differ by less are equal


@dataclass(frozen=True)
class Knn(Probe):
    """Class frequencies among the nearest rows, in standardised columns.

    Options
    -------
    k: how many neighbours, or several numbers from which validation chooses. smoothing: how many rows of the null
        probe are added to them. calibrate: choose temperature and optional ignorance on validation rows.

    Rows as far away as the k-th neighbour count as well, so the order of rows does not matter. The loss on fitted rows
    leaves each row out of its own neighbours.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.usable_information(x + noise, x[:, 0] > 0, probe="knn"))
    I_u(Z;Y) ≥ 0.2... bits...
    """

    nonlinear: ClassVar[bool] = True
    remembers: ClassVar[bool] = True

    k: int | tuple[int, ...] = (3, 10, 30, 100)
    smoothing: float = 1.0
    calibrate: bool = True

    def cost(self, n: int, d: int, k: int) -> Cost:
        strip = 33.0 * min(n * n, BLOCK)  # distances, and which of them count
        return Cost(6e-3 + n * n * (2e-9 + 3.5e-10 * d), strip + 400.0 * n + 62.0 * n * (d + k))

    def _check(self) -> None:
        for k in self._numbers:
            check.count(k, "k")
        check.positive(self.smoothing, "smoothing")

    @property
    def _numbers(self) -> tuple[int, ...]:
        return self.k if isinstance(self.k, tuple) else (self.k,)

    @property
    def words(self) -> str:
        return "nearest-neighbour probes"

    def _member(self, z: TensorRows, targets: Sequence[Target], splits: Sequence[ProbeSplit]) -> Readings:
        by_split = [self._split(z, targets, split) for split in splits]
        return [[readings[t] for readings in by_split] for t in range(len(targets))]

    def _split(self, z: TensorRows, targets: Sequence[Target], split: ProbeSplit) -> list[Reading]:
        x = Standardiser.of(z[split.train])(z)
        validating = self._counts(x, split.train, split.validation, targets, self._numbers)
        readings = []
        full = Standardiser.of(z[split.known])(z)
        for target, tried in zip(targets, validating, strict=True):
            before, prior, y = target.prior(split.train), target.prior(split.known), target.y[split.validation]
            tried = [self._log(counts, before) for counts in tried]
            losses = [cross_entropy(log_q, y) for log_q in tried]
            best = int(np.argmin(losses))
            k = self._numbers[best]
            choose = Tempered.chosen(tried[best], y, prior, len(split.train)) if self.calibrate else None
            calibration = choose or Tempered.none(prior, len(split.known))
            ((scored,),) = self._counts(full, split.known, split.scored, [target], (k,))
            ((train,),) = self._counts(full, split.known, split.known, [target], (k,), out=True)
            readings.append(
                Reading(
                    calibration(self._log(scored, prior)),
                    cross_entropy(calibration(tried[best]), y),
                    cross_entropy(calibration(self._log(train, prior)), target.y[split.known]),
                    chosen=f"{k} neighbours, {calibration.words}",
                )
            )
        return readings

    def _log(self, counts: np.ndarray, prior: np.ndarray) -> np.ndarray:
        smoothed = counts + self.smoothing * prior
        return np.log(smoothed / smoothed.sum(1, keepdims=True))

    def _counts(
        self,
        x: TensorMatrix,
        among: np.ndarray,
        rows: np.ndarray,
        targets: Sequence[Target],
        numbers: Sequence[int],
        out: bool = False,
    ) -> list[list[np.ndarray]]:
        """For each target and number of neighbours, how many of them are of each class, ``[rows, classes]``.

        ``out``: ``rows`` are ``among`` themselves, and no row is its own neighbour.
        """
        import torch

        near = x[among]
        lengths = near.square().sum(1)
        onehot = [torch.nn.functional.one_hot(torch.as_tensor(t.y[among], dtype=torch.long), t.k) for t in targets]
        onehot = [table.to(x) for table in onehot]
        most = [min(k, len(among) - out) for k in numbers]
        found: list[list[list[np.ndarray]]] = [[[] for _ in numbers] for _ in targets]
        step = max(1, BLOCK // len(among))
        for start in range(0, len(rows), step):
            here = x[rows[start : start + step]]
            own = here.square().sum(1, keepdim=True)
            distance = own + lengths - 2 * here @ near.T
            if out:
                own_place = torch.arange(len(here))
                distance[own_place, start + own_place] = torch.inf
            nearest = distance.topk(max(most), 1, largest=False).values
            slack = TIES * (own + lengths.mean())
            for i, k in enumerate(most):
                inside = (distance <= nearest[:, k - 1 : k] + slack).to(x)
                for counted, table in zip(found, onehot, strict=True):
                    counted[i].append((inside @ table).cpu().numpy())
        return [[np.concatenate(parts) for parts in counted] for counted in found]
