"""Measure a trajectory: every wanted site at every recorded step that has no row yet."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from infoscope.claim.activity import QUANTITY, Activity
from infoscope.claim.plan import MeasurePlan
from infoscope.claim.replay import EnsembleReplay, Replay
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.estimate import Estimate
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measured, Measurement, series
from infoscope.core.progress import progress
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.measure.estimators._base import make, plain
from infoscope.train.statistics import layer_gradients, performance

FLUSH_SECONDS = 10.0  # the most measuring that a kill can lose
RECORDED = "recorded"


class Journal:
    """Appends rows to a run folder now and then; knows which measurements the folder already holds.

    Rows count only when their step is complete: an interruption in the middle of a step leaves none of it behind, and
    the step is measured again.
    """

    def __init__(self, folder: RunFolder, network: str) -> None:
        self.folder, self.network = folder, network
        self._step, self._complete = RowsBuilder(folder.id), []
        self._written = time.monotonic()

    def done(self, estimator: str, options: Mapping[str, Any]) -> set[tuple[int, str]]:
        """The (step, site) pairs that rows of this estimator with these options exist for."""
        rows = self.folder.rows().filter(network=self.network, estimator=estimator)
        rows = rows.filter(options=series(options, rows.unique("options")))
        return set(zip(rows.column("step").tolist(), rows.column("site").tolist(), strict=True))

    def add(self, place: Place, estimate: Estimate) -> None:
        self._step.add(place, estimate)

    def fail(self, place: Place, quantity: str, reason: str, n: int) -> None:
        self._step.add_failure(place, quantity, reason, n)

    def complete_step(self) -> None:
        """What was added since the last call is one whole step; written at once when the last write is a while ago."""
        self._complete.append(self._step.rows())
        self._step = RowsBuilder(self.folder.id)
        self.folder.beat()
        if time.monotonic() - self._written > FLUSH_SECONDS:
            self.write()

    def write(self) -> None:
        """Write every complete step."""
        complete, self._complete = self._complete, []
        self.folder.append(Rows.concat(complete))
        self._written = time.monotonic()


@dataclass(frozen=True)
class RecordedRange:
    """Bins between the least and the largest value that each member took at the measured sites during training.

    Rescales each member's values to [0, 1] and hands them to ``binned`` with that range.
    """

    bins: int | tuple[int, ...]
    low: np.ndarray  # [m]
    high: np.ndarray  # [m]

    @property
    def id(self) -> str:
        return "binned"

    @property
    def options(self) -> dict[str, Any]:
        return {"bins": plain(self.bins), "range": RECORDED}

    def of(self, member: int) -> RecordedRange:
        """The same for one member alone."""
        return RecordedRange(self.bins, self.low[member : member + 1], self.high[member : member + 1])

    def measure(self, t: Any, variables: Mapping[str, np.ndarray]) -> list[list[Measured]]:
        width = np.maximum(self.high - self.low, np.finfo(np.float32).tiny)
        scaled = (np.asarray(t) - self.low[:, None, None]) / width[:, None, None]
        inner = make("binned", bins=self.bins, range=(0.0, 1.0))
        return [
            [self._say(measured, low, high) for measured in member]
            for member, low, high in zip(inner.measure(scaled, variables), self.low, self.high, strict=True)
        ]

    def _say(self, measured: Measured, low: float, high: float) -> Measured:
        estimate = measured.estimate
        here = estimate.estimand.replace("on [0, 1]", "on this member's recorded range")
        notes = (*estimate.notes, f"range [{low:.4g}, {high:.4g}]")
        options = {"bins": (measured.options or self.options)["bins"], "range": RECORDED}
        return measured._replace(estimate=dataclasses.replace(estimate, estimand=here, notes=notes), options=options)


def plan_for(estimator: str, options: Mapping[str, Any], sites: tuple[str, ...]) -> MeasurePlan:
    """The plan of measuring with options that may be text, checked; ``range="recorded"`` is an option of ``binned``.

    Raises
    ------
    InputError, UnknownNameError: an unknown estimator or option, or one of the wrong kind.
    """
    if not (estimator == "binned" and options.get("range") == RECORDED):
        make(estimator, **options)
        return MeasurePlan(estimator, dict(options), sites)
    if other := sorted(set(options) - {"bins", "range"}):
        raise InputError(f"a recorded range came with {', '.join(other)}, wanted bins and nothing else: leave it out")
    bins = make("binned", **{name: value for name, value in options.items() if name == "bins"}).options["bins"]
    return MeasurePlan("binned", {"bins": bins if isinstance(bins, int) else tuple(bins)}, sites, range_recorded=True)


def rows_of(rows: Rows, network: str, plan: MeasurePlan) -> Rows:
    """The rows that ``plan`` asked for, among others of the same run."""
    found = rows.filter(network=network, estimator=plan.estimator)
    return found.filter(options=series(_options(plan), found.unique("options")))


def _options(plan: MeasurePlan) -> dict[str, Any]:
    """The options that the rows of ``plan`` carry; known before a recorded range is."""
    if plan.range_recorded:
        return {**plan.options, "range": RECORDED}
    return _measurement(plan).options


def _measurement(plan: MeasurePlan) -> Measurement:
    return Activity(**plan.options) if plan.estimator == "activity" else make(plan.estimator, **plan.options)


def measurement_of(plan: MeasurePlan, replay: Replay) -> Measurement:
    """The estimator a plan names, its range taken from the trajectory where the plan says so."""
    if not plan.range_recorded:
        return _measurement(plan)
    if plan.estimator != "binned":
        raise InputError(f"a recorded range is for the estimator 'binned', not {plan.estimator!r}")
    low = np.full(len(replay.seeds), np.inf, np.float32)
    high = -low
    for step in replay.trajectory.steps:
        representations = replay.representations(step, plan.sites)
        for site in plan.sites or replay.sites:
            t = np.asarray(representations[site])
            finite = np.isfinite(t)  # a member that diverges late keeps the range it had before
            low = np.minimum(low, t.min((1, 2), where=finite, initial=np.inf))
            high = np.maximum(high, t.max((1, 2), where=finite, initial=-np.inf))
    return RecordedRange(plan.options["bins"], low, high)


class _Series:
    """One plan of a pass over the trajectory: what is measured where, and what the run folder holds of it."""

    def __init__(self, plan: MeasurePlan, replay: Replay, journal: Journal) -> None:
        for site in plan.sites:
            if site not in replay.places:
                raise unknown_name(f"site of network {journal.network}", site, replay.places)
        self.sites = [site for site in replay.places if site in (plan.sites or replay.sites)]
        self._plan, self._replay = plan, replay
        self._done = journal.done(plan.estimator, _options(plan))

    @cached_property
    def measurement(self) -> Measurement:
        """Made when the first step wants it: a recorded range reads the whole trajectory."""
        return measurement_of(self._plan, self._replay)

    def missing(self, step: int) -> list[str]:
        """The sites that are to have rows at ``step`` and have none."""
        if self._plan.epochs and self._replay.trajectory.epoch(step) not in self._plan.epochs:
            return []
        return [site for site in self.sites if (step, site) not in self._done]


def measure(folder: RunFolder, network: str, replay: Replay, plans: Sequence[MeasurePlan], label: str) -> None:
    """Append rows of all ``plans`` at every recorded step that lacks them, in one pass over the trajectory.

    A refused measurement becomes a FAILED row.
    """
    journal = Journal(folder, network)
    wanted = [_Series(plan, replay, journal) for plan in plans]

    def one(step: int) -> None:
        missing = [each.missing(step) for each in wanted]
        representations = replay.representations(step, set().union(*missing))
        for each, sites in zip(wanted, missing, strict=True):
            for site in sites:
                place = Place(
                    network=network,
                    step=step,
                    epoch=replay.trajectory.epoch(step),
                    site=site,
                    site_index=replay.places[site],
                    variable="input",
                    split=replay.split,
                    estimator=each.measurement.id,
                    options=options_text(each.measurement.options),
                )
                _measure_site(journal, place, each.measurement, representations[site], replay)

    steps = [step for step in replay.trajectory.steps if any(each.missing(step) for each in wanted)]
    _each(steps, len(replay.trajectory.steps), label, journal, one)


def _measure_site(journal: Journal, place: Place, measurement: Measurement, t: Any, replay: Replay) -> None:
    """One site at one step. An ensemble that is refused goes member by member: a diverged one costs its own row."""
    results: list[list[Measured] | InputError]
    try:
        results = list(measurement.measure(t, replay.variables))
    except InputError:
        results = [_measure_member(measurement, t, member, replay) for member in range(len(t))]
    for member, result in enumerate(results):
        here = dataclasses.replace(place, member=member, seed=int(replay.seeds[member]))
        if isinstance(result, InputError):
            journal.fail(here, _quantity(measurement), str(result), int(t.shape[1]))
            continue
        for variable, estimate, options in result:
            text = here.options if options is None else options_text(options)
            journal.add(dataclasses.replace(here, variable=variable, options=text), estimate)


def _quantity(measurement: Measurement) -> str:
    """What a refused measurement would have told of the input."""
    if isinstance(measurement, Activity):
        return QUANTITY
    return "I(X;T)" if "plane" in getattr(measurement, "offers", ("plane",)) else "H(T)"


def _measure_member(measurement: Measurement, t: Any, member: int, replay: Replay) -> list[Measured] | InputError:
    alone = measurement.of(member) if isinstance(measurement, RecordedRange) else measurement
    try:
        return alone.measure(t[member : member + 1], replay.variables)[0]
    except InputError as reason:
        return reason


def _each(steps: Sequence[int], total: int, label: str, journal: Journal, work: Callable[[int], None]) -> None:
    """``work`` on every step with progress; the steps that were completed are kept even when it is interrupted."""
    with progress(label, total, total - len(steps)) as shown:
        try:
            for step in steps:
                work(step)
                journal.complete_step()
                shown.advance()
        finally:
            journal.write()


def measure_training(folder: RunFolder, network: str, replay: EnsembleReplay, label: str) -> None:
    """Append learning curves (loss and accuracy on train and test) and, where planned, gradient statistics."""
    journal = Journal(folder, network)
    done = journal.done("training", {})
    steps = [step for step in replay.trajectory.steps if (step, "network") not in done]
    if not steps:
        return
    x, y = torch.tensor(replay.ensemble.x), torch.tensor(replay.ensemble.y, dtype=torch.long)
    splits = {name: torch.tensor(rows) for name, rows in replay.splits.items()}
    minibatches = torch.from_numpy(replay.minibatches)

    def one(step: int) -> None:
        parameters = replay.trajectory[step]
        place = Place(
            network=network, step=step, epoch=replay.trajectory.epoch(step), site="network", site_index=-1,
            variable=replay.task.trained_on, estimator="training",
        )  # fmt: skip
        for split, rows in splits.items():
            found = performance(replay.plan.network, parameters, x, y, rows)
            for quantity, unit, values in (("loss", "nats", found.loss), ("accuracy", "fraction", found.accuracy)):
                what = {"loss": "mean cross-entropy", "accuracy": "fraction of rows classified right"}[quantity]
                _add_members(
                    journal,
                    dataclasses.replace(place, split=split),
                    replay,
                    quantity,
                    unit,
                    what,
                    values,
                    rows.shape[1],
                )
        if replay.plan.gradients:
            batch = replay.plan.recipe.batch_size(splits["train"].shape[1])
            layers = layer_gradients(replay.plan.network, parameters, x, y, minibatches, batch)
            for index, (layer, found) in enumerate(layers.items()):
                here = dataclasses.replace(place, site=layer, site_index=index, split="train")
                n = splits["train"].shape[1]
                snr = f"|mean| / |sd| of the weight gradient over minibatches of {batch} at frozen weights"
                _add_members(journal, here, replay, "gradient_snr", "ratio", snr, found.snr, n)
                _add_members(
                    journal, here, replay, "weight_norm", "norm", "Frobenius norm of the weights", found.weight_norm, n
                )

    _each(steps, len(replay.trajectory.steps), label, journal, one)


def _add_members(
    journal: Journal,
    place: Place,
    replay: Replay,
    quantity: str,
    unit: str,
    estimand: str,
    values: torch.Tensor,
    n: int,
) -> None:
    for member, (value, seed) in enumerate(zip(values.tolist(), replay.seeds, strict=True)):
        here = dataclasses.replace(place, member=member, seed=int(seed))
        if math.isfinite(value):
            journal.add(here, Estimate(value, quantity, estimand, n, unit=unit))
        else:
            journal.fail(here, quantity, f"{quantity} is {value}: this member diverged", n)
