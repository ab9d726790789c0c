"""Measure a trajectory: every wanted site at every recorded step that has no row yet."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from infoscope.core.errors import InputError, UnknownNameError, unknown_name
from infoscope.core.estimate import Estimate, Status
from infoscope.core.folder import RunFolder
from infoscope.core.grammar import plain
from infoscope.core.measurement import Comparison, Measured, Measurement, about, measured, series, takes_groups, told
from infoscope.core.progress import progress
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.measure.bases.estimator import make
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.contextual import with_input as input_information
from infoscope.measure.contextual.activity import Activity
from infoscope.scanning.plan import MeasurePlan
from infoscope.scanning.replay import EnsembleReplay, Replay
from infoscope.train.statistics import layer_gradients, performance

FLUSH_SECONDS = 10.0  # the most measuring that a kill can lose
RECORDED = "recorded"
EVERY = ""  # in place of a variable: all of them
REPLICAS = 256  # noisy forwards of each input, where nobody says how many
ReplayOf = Callable[[str], Replay]


class Journal:
    """Appends rows to a run folder now and then; knows which measurements the folder already holds.

    Rows count only when their step is complete: an interruption in the middle of a step leaves none of it behind, and
    the step is measured again.
    """

    def __init__(self, folder: RunFolder, network: str) -> None:
        self.folder, self.network = folder, network
        self._step, self._complete = RowsBuilder(folder.id), []
        self._written = time.monotonic()

    def done(self, estimator: str, options: Mapping[str, Any]) -> dict[tuple[int, str], set[str]]:
        """The (step, site) pairs that rows of this estimator with these options exist for, and the variables that they
        tell of; ``EVERY`` is among them where the measurement was refused as a whole."""
        rows = self.folder.rows().filter(network=self.network, estimator=estimator)
        rows = rows.filter(options=series(options, rows.unique("options")))
        found: dict[tuple[int, str], set[str]] = {}
        columns = (rows.column(name).tolist() for name in ("step", "site", "variable", "status"))
        for step, site, variable, status in zip(*columns, strict=True):
            refused = variable == "input" and status == Status.FAILED.name
            found.setdefault((step, site), set()).add(EVERY if refused else variable)
        return found

    def add(self, place: Place, estimate: Estimate) -> None:
        self._step.add(place, estimate)

    def fail(self, place: Place, quantity: str, reason: str, n: int, unit: str) -> None:
        self._step.add_failure(place, quantity, reason, n, unit)

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
class Beside:
    """A comparison with what another network holds of the same inputs, as a measurement of one."""

    comparison: Comparison
    other: Any  # [m, n, d]: each member's partner

    @property
    def id(self) -> str:
        return self.comparison.id

    @property
    def options(self) -> dict[str, Any]:
        return self.comparison.options

    @property
    def tells(self) -> dict[str, str]:
        return told(self.comparison)

    def of(self, member: int) -> Beside:
        """The same for one member alone."""
        return Beside(self.comparison, self.other[member : member + 1])

    def measure(
        self, t: Any, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None
    ) -> list[list[Measured]]:
        beside: Any = self.comparison.beside
        return beside(t, self.other, groups=groups) if takes_groups(beside) else beside(t, self.other)


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

    @property
    def tells(self) -> dict[str, str]:
        return {"I(X;T)": "nats"}

    def of(self, member: int) -> RecordedRange:
        """The same for one member alone."""
        return RecordedRange(self.bins, self.low[member : member + 1], self.high[member : member + 1])

    def measure(
        self, t: Any, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None
    ) -> list[list[Measured]]:
        width = np.maximum(self.high - self.low, np.finfo(np.float32).tiny)
        scaled = (np.asarray(t) - self.low[:, None, None]) / width[:, None, None]
        inner = make("binned", bins=self.bins, range=(0.0, 1.0))
        return [
            [self._say(one, low, high) for one in member]
            for member, low, high in zip(measured(inner, scaled, variables, groups), self.low, self.high, strict=True)
        ]

    def _say(self, one: Measured, low: float, high: float) -> Measured:
        estimate = one.estimate
        here = estimate.estimand.replace("on [0, 1]", "on this member's recorded range")
        notes = (*estimate.notes, f"range [{low:.4g}, {high:.4g}]")
        options = {"bins": (one.options or self.options)["bins"], "range": RECORDED}
        return one._replace(estimate=dataclasses.replace(estimate, estimand=here, notes=notes), options=options)


def with_noise_of(replay: Replay, estimator: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` of the estimator ``noisy``, whose noise is by default the networks' own where they have some.

    Raises
    ------
    InputError: another noise than theirs, unless ``replicas=0`` says that the analysis adds it; replicas of networks
        without noise.
    """
    found = dict(options)
    if estimator != "noisy":
        return found
    theirs = replay.noise if isinstance(replay, EnsembleReplay) else 0.0
    replicas = int(make("noisy", **{"population": "dataset", **options}).options["replicas"])
    if not theirs:
        if replicas:
            raise InputError(f"replicas={replicas} arrived for networks without noise of their own, wanted replicas=0")
        return found
    if "replicas" in options and not replicas:
        return found
    noise = make("noisy", **{"population": "dataset", "noise": theirs, **options}).options["noise"]
    if noise != theirs:
        raise InputError(
            f"noise={noise:g} differs from these networks' own noise of {theirs:g}: leave it out to measure their "
            "information, or pass replicas=0 as well to add noise to their outputs without theirs"
        )
    return {"replicas": REPLICAS, **found, "noise": theirs}


def plan_for(estimator: str, options: Mapping[str, Any], sites: tuple[str, ...]) -> MeasurePlan:
    """The plan of measuring with options that may be text, checked; ``range="recorded"`` is an option of ``binned``.

    ``with="input"`` is one of every estimator that takes two sets of real rows: I(X;T) in place of I(T;Y).

    Raises
    ------
    InputError, UnknownNameError: an unknown estimator or option, or one of the wrong kind.
    """
    if input_information.asked(options):
        input_information.estimator_of(estimator, options)
        return MeasurePlan(estimator, dict(options), sites)
    if not (estimator == "binned" and options.get("range") == RECORDED):
        make_measurement(estimator, **options)
        return MeasurePlan(estimator, dict(options), sites)
    if other := sorted(set(options) - {"bins", "range"}):
        raise InputError(f"a recorded range came with {', '.join(other)}, wanted bins and nothing else: leave it out")
    bins = make("binned", **{name: value for name, value in options.items() if name == "bins"}).options["bins"]
    return MeasurePlan("binned", {"bins": bins if isinstance(bins, int) else tuple(bins)}, sites, range_recorded=True)


def rows_of(rows: Rows, network: str, plan: MeasurePlan, marks: Mapping[str, Any] | None = None) -> Rows:
    """The rows that ``plan`` asked for, among others of the same run; ``marks``: those of its replay."""
    found = rows.filter(network=network, estimator=plan.estimator)
    return found.filter(options=series({**_options(plan), **(marks or {})}, found.unique("options")))


def _options(plan: MeasurePlan) -> dict[str, Any]:
    """The options that the rows of ``plan`` carry; known before a recorded range is."""
    if plan.range_recorded:
        return {**plan.options, "range": RECORDED}
    if input_information.asked(plan.options):
        made = input_information.estimator_of(plan.estimator, plan.options)
        return {**made.options, input_information.WITH: input_information.INPUT}
    return _measurement(plan).options


def _measurement(plan: MeasurePlan) -> Measurement:
    return (
        Activity(**plan.options) if plan.estimator == "activity" else make_measurement(plan.estimator, **plan.options)
    )


def measurement_of(plan: MeasurePlan, replay: Replay) -> Measurement:
    """The estimator a plan names, its range taken from the trajectory where the plan says so."""
    if input_information.asked(plan.options):
        return input_information.with_input(plan.estimator, plan.options, replay.inputs)
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

    def __init__(self, plan: MeasurePlan, replay: Replay, journal: Journal, replay_of: ReplayOf | None) -> None:
        for site in plan.sites:
            if site not in replay.places:
                raise unknown_name(f"site of network {journal.network}", site, replay.places)
        self.replicas = int(_options(plan).get("replicas", 0))
        default = replay.noisy_sites if self.replicas and isinstance(replay, EnsembleReplay) else replay.sites
        self.sites = [site for site in replay.places if site in (plan.sites or default)]
        self._plan, self._replay = plan, replay
        self._done = journal.done(plan.estimator, {**_options(plan), **replay.marks})
        self._told = self._about(replay.variables)
        self._other = _other(plan, replay, journal, replay_of)

    @cached_property
    def measurement(self) -> Measurement:
        """Made when the first step wants it: a recorded range reads the whole trajectory."""
        return measurement_of(self._plan, self._replay)

    def beside(self, step: int, sites: Sequence[str]) -> Mapping[str, Measurement]:
        """What measures each of ``sites`` at ``step``: of a comparison, bound to what the other network holds there."""
        if self._other is None or not sites:
            return dict.fromkeys(sites, self.measurement)
        comparison: Any = self.measurement
        partners = comparison.partners(len(self._replay.seeds))
        held = self._other.representations(step, sites)
        return {site: Beside(comparison, held[site][partners]) for site in sites}

    def missing(self, step: int) -> list[str]:
        """The sites that are to have rows at ``step`` and have none, or none of some variable."""
        if self._plan.epochs and self._replay.trajectory.epoch(step) not in self._plan.epochs:
            return []
        return [site for site in self.sites if (step, site) not in self._done or self._untold(step, site)]

    def variables(self, step: int, site: str) -> Mapping[str, np.ndarray]:
        """Those that are read there: all, or only those added since the rest was measured, where they can be alone."""
        every = self._replay.variables
        new = self._untold(step, site) if (step, site) in self._done else []
        try:
            alone = bool(new) and set(self._about(new)) == set(new)
        except UnknownNameError:  # a chain wants both of its variables
            alone = False
        return {name: every[name] for name in new} if alone else every

    def _untold(self, step: int, site: str) -> list[str]:
        there = self._done.get((step, site), set())
        return [] if EVERY in there else [name for name in self._told if name not in there]

    def _about(self, names: Iterable[str]) -> list[str]:
        """Which variables the rows tell of, as :func:`infoscope.core.measurement.about`."""
        return [] if input_information.asked(self._plan.options) else about(_measurement(self._plan), names)


def _other(plan: MeasurePlan, replay: Replay, journal: Journal, replay_of: ReplayOf | None) -> Replay | None:
    """The replay of the network that a comparison is with; None for what is no comparison.

    Raises
    ------
    InputError: it is not said, or its members or recorded steps are others. UnknownNameError: no such network.
    """
    simple = not (plan.range_recorded or input_information.asked(plan.options))
    measurement = _measurement(plan) if simple else None
    if not hasattr(measurement, "beside"):
        return None
    against = getattr(measurement, "against", None)
    known = list(journal.folder.manifest()["networks"])
    if not against:
        raise InputError(
            f"{plan.estimator} compares two networks and one arrived: say which, e.g. against={known[0]}, out of "
            f"{', '.join(known)}"
        )
    if against not in known:
        raise unknown_name("network", against, known)
    if replay_of is None:
        raise InputError(f"{plan.estimator} compares two networks of one run, which cannot be done here")
    other = replay_of(against)
    if len(other.seeds) != len(replay.seeds) or not set(replay.trajectory.steps) <= set(other.trajectory.steps):
        raise InputError(
            f"{against} has {len(other.seeds)} members recorded at {len(other.trajectory.steps)} steps and "
            f"{journal.network} {len(replay.seeds)} at {len(replay.trajectory.steps)}, wanted the same of both"
        )
    return other


def measure(
    folder: RunFolder,
    network: str,
    replay: Replay,
    plans: Sequence[MeasurePlan],
    label: str,
    replay_of: ReplayOf | None = None,
) -> None:
    """Append rows of all ``plans`` at every recorded step that lacks them, in one pass over the trajectory.

    A refused measurement becomes a FAILED row. ``replay_of``: the replay of another network of the run, by name, for
    plans that compare two.
    """
    journal = Journal(folder, network)
    wanted = [_Series(plan, replay, journal, replay_of) for plan in plans]

    def one(step: int) -> None:
        missing = [each.missing(step) for each in wanted]
        without_noise = set().union(*(sites for each, sites in zip(wanted, missing, strict=True) if not each.replicas))
        representations = replay.representations(step, without_noise) if without_noise else {}
        for each, sites in zip(wanted, missing, strict=True):
            places = {}
            for site, measurement in each.beside(step, sites).items():
                places[site] = Place(
                    network=network,
                    step=step,
                    epoch=replay.trajectory.epoch(step),
                    site=site,
                    site_index=replay.places[site],
                    variable="input",
                    split=replay.split,
                    estimator=measurement.id,
                    options=options_text({**measurement.options, **replay.marks}),
                )
                if not each.replicas:
                    read = each.variables(step, site)
                    _measure_site(journal, places[site], measurement, representations[site], replay, read)
            if each.replicas and sites:
                assert isinstance(replay, EnsembleReplay)
                _measure_noisy(journal, places, each.measurement, each.replicas, replay)

    steps = [step for step in replay.trajectory.steps if any(each.missing(step) for each in wanted)]
    _each(steps, len(replay.trajectory.steps), label, journal, one)


def _measure_site(
    journal: Journal,
    place: Place,
    measurement: Measurement,
    t: Any,
    replay: Replay,
    variables: Mapping[str, np.ndarray],
) -> None:
    """One site at one step. An ensemble that is refused goes member by member: a diverged one costs its own row."""
    results: list[list[Measured] | InputError]
    try:
        results = list(replay.together.measured(measurement, t, variables))
    except InputError:
        results = [_measure_member(measurement, t, member, replay, variables) for member in range(len(t))]
    for member, result in enumerate(results):
        _add(journal, place, member, measurement, result, replay, int(t.shape[1]))


def _measure_noisy(
    journal: Journal, places: Mapping[str, Place], measurement: Measurement, replicas: int, replay: EnsembleReplay
) -> None:
    """Several sites of networks with noise at one step, member by member: their noisy forwards are large."""
    step = next(iter(places.values())).step
    for member in range(len(replay.seeds)):
        seed = int(measurement.options.get("seed", 0))
        for site, s in replay.propagated(step, member, places, replicas, seed).items():
            try:
                result = list(replay.together.measured(measurement, s, replay.variables)[0])
            except InputError as reason:
                result = reason
            _add(journal, places[site], member, measurement, result, replay, int(s.shape[1]))


def _add(
    journal: Journal,
    place: Place,
    member: int,
    measurement: Measurement,
    result: list[Measured] | InputError,
    replay: Replay,
    n: int,
) -> None:
    here = dataclasses.replace(place, member=member, seed=int(replay.seeds[member]))
    if isinstance(result, InputError):
        for quantity, unit in told(measurement).items():
            journal.fail(here, quantity, str(result), n, unit)
        return
    for variable, estimate, options in result:
        text = here.options if options is None else options_text({**options, **replay.marks})
        journal.add(dataclasses.replace(here, variable=variable, options=text), estimate)


def _measure_member(
    measurement: Measurement, t: Any, member: int, replay: Replay, variables: Mapping[str, np.ndarray]
) -> list[Measured] | InputError:
    alone = measurement.of(member) if isinstance(measurement, (RecordedRange, Beside)) else measurement
    try:
        return replay.together.measured(alone, t[member : member + 1], variables)[0]
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
    device = replay.device
    x = torch.tensor(replay.ensemble.x, device=device)
    y = torch.tensor(replay.ensemble.y, dtype=torch.long, device=device)
    splits = {name: torch.tensor(rows, device=device) for name, rows in replay.splits.items()}
    minibatches = torch.from_numpy(replay.minibatches).to(device)

    def one(step: int) -> None:
        parameters = replay.parameters(step)
        place = Place(
            network=network, step=step, epoch=replay.trajectory.epoch(step), site="network", site_index=-1,
            variable=replay.trained_on, estimator="training",
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
            for layer, found in layers.items():
                here = dataclasses.replace(place, site=layer, site_index=replay.places[layer], split="train")
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
            journal.fail(here, quantity, f"{quantity} is {value}: this member diverged", n, unit)
