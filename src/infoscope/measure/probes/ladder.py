from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from infoscope.core import grammar
from infoscope.core.errors import InputError
from infoscope.core.measurement import Cost
from infoscope.core.shapes import TensorMembers
from infoscope.measure.bases.probe import Probe
from infoscope.measure.usable.readings import ProbeSplit, Readings, Target


@dataclass(frozen=True)
class Ladder(Probe):
    """Whichever of several probes has the least cross-entropy on the validation rows, split by split.

    Options
    -------
    rungs: the probes, separated by commas; a rung may carry options, ``"prior, mlp(hidden=32, steps=300)"``. By default
    ``mlp3`` is not among them, because it costs up to twice as much as all the others together.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.usable_information(x + noise, x[:, 0] > 0, probe="ladder"))
    I_u(Z;Y) ≥ 0.2... bits...
    """

    contains: ClassVar[tuple[str, ...]] = ("prior", "linear", "knn", "mlp")
    nonlinear: ClassVar[bool] = True
    remembers: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"rungs": "prior,linear,knn"}

    rungs: str = "prior,linear,knn,mlp"

    def cost(self, n: int, d: int, k: int) -> Cost:
        rungs = [grammar.make("probes", name).cost(n, d, k) for name in self._names]
        return Cost(sum(rung.seconds for rung in rungs), max(rung.bytes for rung in rungs))

    def _check(self) -> None:
        names = self._names
        made = [name if name == self.id else grammar.make("probes", name) for name in names]
        if len(set(made)) < len(made) or self.id in names:
            raise InputError(f"rungs is {self.rungs!r}, wanted different probes other than {self.id}")

    @property
    def _names(self) -> list[str]:
        return [name.strip() for name in re.split(r",(?![^(]*\))", self.rungs)]

    @property
    def words(self) -> str:
        return f"the best on validation rows of {', '.join(self._names)} probes"

    def _read(
        self, z: TensorMembers, targets: Sequence[Target], splits: Sequence[ProbeSplit], seed: int
    ) -> list[Readings]:
        found = {name: grammar.make("probes", name).read(z, targets, splits, seed) for name in self._names}

        def best(m: int, t: int, s: int) -> Any:
            name = min(found, key=lambda name: found[name][m][t][s].validation)
            reading = found[name][m][t][s]
            return replace(reading, chosen=f"{name}: {reading.chosen}".removesuffix(": "))

        return [[[best(m, t, s) for s in range(len(splits))] for t in range(len(targets))] for m in range(len(z))]
