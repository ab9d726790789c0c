from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from infoscope.core.measurement import Cost
from infoscope.core.shapes import TensorRows
from infoscope.measure.bases.probe import Probe
from infoscope.measure.usable.readings import Expected, ProbeSplit, Reading, Readings, Target
from infoscope.measure.usable.temperature import cross_entropy


@dataclass(frozen=True)
class Prior(Probe):
    """The null probe: class frequencies, whatever the representation says.

    With H(Y) of the null probe its usable information is exactly zero (Xu et al. 2020, definition 2).

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.usable_information(x + noise, x[:, 0] > 0, probe="prior"))
    I_u(Z;Y) ≥ 0 bits...
    """

    contains: ClassVar[tuple[str, ...]] = ()

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-3 + 1e-8 * n * k, 16.0 * n * k + 300.0 * n + 26.0 * n * d)

    @property
    def words(self) -> str:
        return "the null probe"

    def _member(self, z: TensorRows, targets: Sequence[Target], splits: Sequence[ProbeSplit]) -> Readings:
        return [[_reading(target, split) for split in splits] for target in targets]

    def _expect(self, z: Any, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> list[Expected]:
        def same(split: ProbeSplit, rows: np.ndarray) -> np.ndarray:
            return np.broadcast_to(y[split.known].mean(0), (len(rows), y.shape[1]))

        return [Expected(same(s, s.validation), same(s, s.scored), same(s, s.known)) for s in splits]


def _reading(target: Target, split: ProbeSplit) -> Reading:
    log_q = np.log(target.prior(split.known))
    validation, train, scored = (
        np.broadcast_to(log_q, (len(rows), target.k)) for rows in (split.validation, split.train, split.scored)
    )
    return Reading(
        scored, cross_entropy(validation, target.y[split.validation]), cross_entropy(train, target.y[split.train])
    )
