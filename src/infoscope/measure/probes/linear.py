from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.measure.probes._base import Probe, Reading, Readings, Split, Target
from infoscope.measure.probes._calibration import Calibration, cross_entropy
from infoscope.measure.probes._columns import Columns


@dataclass(frozen=True)
class Linear(Probe):
    """Softmax regression on standardised columns, solved to its exact optimum.

    Options
    -------
    weight_decay: one, or a path from which validation chooses; the objective is mean cross-entropy in nats plus
        weight_decay/2 |W|², the bias free. calibrate: choose temperature and optional ignorance on validation rows.
    tolerance: on the largest entry of the gradient; iterations: the most of them.

    The whole path of every target is solved at once; the chosen one is solved again with the validation rows among the
    fitted ones, and keeps the calibration. With d columns, k classes, n fitted rows and hardly any weight decay the
    value is (d+1)(k-1)/2n nats too low, which the path and the ignorance nearly undo.
    """

    weight_decay: float | tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)
    calibrate: bool = True
    tolerance: float = 1e-7
    iterations: int = 1000

    def _check(self) -> None:
        for decay in self._path:
            check.positive(decay, "weight_decay")
        check.positive(self.tolerance, "tolerance")
        check.count(self.iterations, "iterations")

    @property
    def _path(self) -> tuple[float, ...]:
        return self.weight_decay if isinstance(self.weight_decay, tuple) else (self.weight_decay,)

    @property
    def words(self) -> str:
        return "linear softmax probes"

    def _member(self, z: Any, targets: Sequence[Target], splits: Sequence[Split]) -> Readings:
        readings: dict[tuple[int, int], Reading] = {}
        for s, split in enumerate(splits):
            for k in {target.k for target in targets}:
                here = [t for t, target in enumerate(targets) if target.k == k]
                for t, reading in zip(here, self._split(z, [targets[t] for t in here], k, split), strict=True):
                    readings[t, s] = reading
        return [[readings[t, s] for s in range(len(splits))] for t in range(len(targets))]

    def _split(self, z: Any, targets: list[Target], k: int, split: Split) -> list[Reading]:
        path = self._path
        columns, found = self._solve(z, split.train, [t.y for t in targets for _ in path], k, path * len(targets))
        validating = _logits(columns, found, z, split.validation)
        tried = validating.reshape(len(targets), len(path), len(split.validation), k)
        best = [
            min(range(len(path)), key=lambda i, of=of, t=t: cross_entropy(of[i], t.y[split.validation]))
            for of, t in zip(tried, targets, strict=True)
        ]
        decays = [path[i] for i in best]
        columns, final = self._solve(z, split.known, [t.y for t in targets], k, decays)
        scored, train = (_logits(columns, final, z, rows) for rows in (split.scored, split.known))
        readings = []
        for i, target in enumerate(targets):
            prior, validation = target.prior(split.known), tried[i, best[i]]
            y = target.y[split.validation]
            choose = Calibration.chosen(validation, y, prior, len(split.train)) if self.calibrate else None
            calibration = choose or Calibration.none(prior, len(split.known))
            converged = bool(final.converged[i]) and bool(found.converged[i * len(path) + best[i]])
            readings.append(
                Reading(
                    calibration(scored[i]),
                    cross_entropy(calibration(validation), y),
                    cross_entropy(calibration(train[i]), target.y[split.known]),
                    converged,
                    f"weight decay {decays[i]:.2g}, {calibration.words}",
                )
            )
        return readings

    def _solve(self, z: Any, rows: np.ndarray, y: list[np.ndarray], k: int, decays: Sequence[float]) -> tuple[Any, Any]:
        from infoscope.measure.probes._softmax_regression import solve

        here = z[rows]
        columns = Columns.of(here)
        columns = columns.rotated(columns(here))
        labels = [labels[rows] for labels in y]
        return columns, solve(columns(here), columns.variances, labels, k, decays, self.tolerance, self.iterations)


def _logits(columns: Columns, found: Any, z: Any, rows: np.ndarray) -> np.ndarray:
    """Log-probabilities ``[p, rows, k]``."""
    return found.logits(columns(z[rows])).log_softmax(-1).cpu().numpy()
