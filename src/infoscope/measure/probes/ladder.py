from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.measure.probes._base import Probe, Readings, Split, Target, make


@dataclass(frozen=True)
class Ladder(Probe):
    """Whichever of several probes has the least cross-entropy on the validation rows, split by split.

    Options
    -------
    rungs: the probes, separated by commas, with their default options.
    """

    contains: ClassVar[tuple[str, ...]] = ("prior", "linear", "knn", "mlp")
    nonlinear: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"rungs": "prior,linear,knn"}

    rungs: str = "prior,linear,knn,mlp"

    def _check(self) -> None:
        names = self._names
        for name in names:
            registry.find("probes", name)
        if len(set(names)) < len(names) or self.id in names:
            raise InputError(f"rungs is {self.rungs!r}, wanted different probes other than {self.id}")

    @property
    def _names(self) -> list[str]:
        return [name.strip() for name in self.rungs.split(",")]

    @property
    def words(self) -> str:
        return f"the best on validation rows of {', '.join(self._names)} probes"

    def _read(self, z: Any, targets: Sequence[Target], splits: Sequence[Split], seed: int) -> list[Readings]:
        found = {name: make(name).read(z, targets, splits, seed) for name in self._names}

        def best(m: int, t: int, s: int) -> Any:
            name = min(found, key=lambda name: found[name][m][t][s].validation)
            reading = found[name][m][t][s]
            return replace(reading, chosen=f"{name}: {reading.chosen}".removesuffix(": "))

        return [[[best(m, t, s) for s in range(len(splits))] for t in range(len(targets))] for m in range(len(z))]
