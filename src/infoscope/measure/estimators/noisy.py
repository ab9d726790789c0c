from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Measured
from infoscope.measure.estimators._base import Estimator
from infoscope.measure.sample_propagation import NoisyLayer, check_population, propagate


@dataclass(frozen=True)
class Noisy(Estimator):
    """I(X; T+N) and I(T+N; Y) by sample propagation, for Gaussian noise N added by the analysis.

    Options
    -------
    noise: standard deviation of the noise on every unit (0.1).
    population: ``"dataset"`` when these inputs are all there are, ``"sample"`` when they were drawn from a law. Must be
        said: a dataset has no bias and a Monte Carlo error only, a sample a bracket.
    tolerance: standard error of the Monte Carlo integral in nats (0.02), which decides the number of draws.
    seed: of the draws.

    The value is that of Goldfeld et al. 2019 with rows for clean samples. Unlike ``kde`` it is the information itself
    and no bound on it. For networks trained with noise use :func:`infoscope.noisy_information`, which takes replicas.
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "plane")
    second: ClassVar[tuple[str, ...]] = ("labels",)
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift")
    suits: ClassVar[tuple[str, ...]] = ("patterns",)
    needs: ClassVar[dict[str, Any]] = {"population": "dataset"}

    noise: float = 0.1
    population: Literal["dataset", "sample"] | None = None
    tolerance: float = 0.02
    seed: int = 0

    def _check(self) -> None:
        check_population(self.population)
        check.count(self.seed, "seed", least=0)
        for name in ("noise", "tolerance"):
            if not 1e-15 <= getattr(self, name) <= 1e15:
                raise InputError(f"{name} is {getattr(self, name)}, wanted a number above 0, e.g. {name}=0.1")

    def _layer(self, t: Any, labels: dict[str, np.ndarray]) -> NoisyLayer:
        return propagate(
            t,
            self.noise,
            check_population(self.population),
            labels,
            tolerance=self.tolerance,
            seed=self.seed,
            added_by="analysis",
        )

    def _members(self, t: Any, labels: dict[str, np.ndarray]) -> list[list[Measured]]:
        layers = [self._layer(member, labels) for member in t]
        return [[Measured("input", layer.xt), *(Measured(name, layer.ty[name]) for name in labels)] for layer in layers]

    def _entropy(self, t: Any) -> Estimate:
        start = time.perf_counter()
        return replace(self._layer(t, {}).t, quantity="h(T+N)", seconds=time.perf_counter() - start)
