"""Labels read from many columns: weight decays one after the other, then the best of them with more rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from infoscope.core.shapes import TensorMatrix
from infoscope.measure.usable import weight_decays
from infoscope.measure.usable.readings import Reading, SplitLabels
from infoscope.measure.usable.temperature import Tempered, cross_entropy
from infoscope.measure.usable.wide_rows import WideRows
from infoscope.measure.usable.wide_softmax import Descent, WideRegression

# Nats of the objective that a step may still gain where only the order of losses is wanted; and of tolerance 1.
PATH_GAP, GAP = 3e-4, 10


class Walked(NamedTuple):
    """What a walk ends with: the weight decay, a fit to training rows alone, one to all known rows, and how sure the
    word of either is; ``validation``: nats that the first loses on validation rows."""

    decay: float
    chosen: Descent
    final: Descent
    calibration: Tempered
    validation: float

    @property
    def words(self) -> str:
        return f"weight decay {self.decay:.2g}, {self.calibration.words}"


class Walk(NamedTuple):
    """How it is gone about: see the options of a linear probe."""

    path: tuple[float, ...]
    tolerance: float
    iterations: int
    calibrate: bool

    def read(self, rows: WideRows, y: SplitLabels, k: int, begin: Any = None) -> Reading:
        """One target; ``begin [k, 1 + r]``: parameters to begin with, by default those that read nothing."""
        found = self.gone(rows, y, k, begin)
        scored, fitted = (found.calibration(_log_softmax(found.final, x)) for x in (rows.scored, rows.known))
        converged = found.chosen.converged and found.final.converged
        return Reading(scored, found.validation, cross_entropy(fitted, y.known), converged, found.words)

    def gone(self, rows: WideRows, y: SplitLabels, k: int, begin: Any = None) -> Walked:
        """To its end, for one target; ``begin`` as of :meth:`read`."""
        fitted = len(y.train)
        x, chosen_by, gap = rows.known[:fitted], rows.known[fitted:], GAP * self.tolerance
        regression, tried = WideRegression(x, y.train, k, rows.curvature), dict[float, Descent]()

        def loss(decay: float, before: float | None) -> float:
            first = regression.null(decay) if begin is None else Descent(begin.clone(), decay)
            start = first if before is None else tried[before].at(decay)
            tried[decay] = regression.solved(start, max(gap, PATH_GAP), self.iterations)
            return cross_entropy(_log_softmax(tried[decay], chosen_by), y.validation)

        decay = weight_decays.walked(self.path, loss, fitted < weight_decays.NEAR * x.shape[1])
        chosen = regression.solved(tried[decay].at(decay), gap, self.iterations)
        log_q = _log_softmax(chosen, chosen_by)
        choose = Tempered.chosen(log_q, y.validation, y.prior, fitted) if self.calibrate else None
        calibration = choose or Tempered.none(y.prior, len(y.known))
        whole = WideRegression(rows.known, y.known, k, rows.curvature)
        final = whole.solved(chosen.at(decay), gap, self.iterations)
        return Walked(decay, chosen, final, calibration, cross_entropy(calibration(log_q), y.validation))


def _log_softmax(found: Descent, x: TensorMatrix) -> np.ndarray:
    """Log-probabilities, float64 ``[n, k]``."""
    return np.ascontiguousarray(found.logits(x).double().log_softmax(0).cpu().numpy().T)
