"""What a figure wants computed without training an ensemble: closed forms, and small simulations that are exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text


@dataclass(frozen=True)
class Curve:
    """One quantity of one site for some members along the axis of its :class:`Computation`.

    site: one of the computation's, or ``"network"`` for what is of all of it. values: ``[members, places]``,
    information in nats, NaN or infinite where a member diverged. estimand: what they truly are. n: how many samples a
    value was computed from, 0 for a closed form.
    """

    site: str
    quantity: Quantity
    values: np.ndarray
    estimand: str
    n: int = 0
    variable: str = "input"
    split: str = "all"
    estimator: str = "exact"
    options: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Computation:
    """Curves of one card of a figure, by a function of plain arguments.

    curves: called with ``at``, ``seeds`` and ``arguments`` by name, for some of the seeds at a time; what a member
    comes to depends on its own seed alone. at: the places on the axis. axis: its name, ``"epoch"`` for training time.
    seeds: none for a closed form, which is one member that nothing was drawn for. updates: optimiser updates an epoch.
    task: cards of one task share their vertical axes. trains: the function trains something, at `smoke` for less long.
    """

    title: str
    curves: Callable[..., Iterable[Curve]]
    sites: tuple[str, ...]
    at: tuple[float, ...]
    axis: str = "epoch"
    seeds: tuple[int, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    updates: int = 1
    task: str = ""
    trains: bool = False

    def to_json(self) -> dict[str, Any]:
        """Everything but what the code version stands for: the function, and whether it trains."""
        content = {
            f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in ("curves", "trains")
        }
        return {**content, "computed": True}

    def rows(self, run: str, name: str, members: Sequence[int]) -> Rows:
        """The rows of ``members`` (positions in ``seeds``; the only one of a closed form is 0)."""
        seeds = tuple(self.seeds[member] for member in members) if self.seeds else ()
        builder = RowsBuilder(run)
        for curve in self.curves(at=self.at, seeds=seeds, **self.arguments):
            wanted = (len(members), len(self.at))
            if curve.values.shape != wanted:
                raise AssertionError(f"{name} {curve.site} {curve.quantity}: {curve.values.shape}, wanted {wanted}")
            place = Place(
                network=name,
                step=0,
                site=curve.site,
                site_index=-1 if curve.site == "network" else self.sites.index(curve.site),
                variable=curve.variable,
                estimator=curve.estimator,
                split=curve.split,
                options=options_text(curve.options),
                axis=self.axis,
            )
            for member, line in zip(members, curve.values.tolist(), strict=True):
                for index, (at, value) in enumerate(zip(self.at, line, strict=True)):
                    step = round(at * self.updates) if self.axis == "epoch" else index
                    here = dataclasses.replace(
                        place, member=member, seed=self.seeds[member] if self.seeds else 0, step=step, epoch=float(at)
                    )
                    _add(builder, here, curve, value)
        return builder.rows()


def _add(builder: RowsBuilder, place: Place, curve: Curve, value: float) -> None:
    if not np.isfinite(value):
        reason = f"{curve.quantity} is {value}: this member diverged"
        builder.add_failure(place, curve.quantity, reason, curve.n)
        return
    builder.add(place, Estimate(value, curve.quantity, curve.estimand, curve.n))
