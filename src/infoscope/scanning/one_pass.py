"""Measure a trajectory in one pass: every wanted place at every recorded step that has no row yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.measurement import Given, Measured, Measurement
from infoscope.core.progress import over_all, progress
from infoscope.core.rows import Place, Rows
from infoscope.core.session import Session, Step
from infoscope.measure.neighbours.kept import kept
from infoscope.record.evaluated import RowsThere
from infoscope.scanning.first_step import FirstStep
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.recorded_ranges import RecordedRanges
from infoscope.scanning.replay import Replay
from infoscope.scanning.wanted import ReplayOf, Wanted


def measure(
    folder: RunFolder,
    network: str,
    replay: Replay,
    plans: Sequence[MeasurePlan],
    label: str,
    replay_of: ReplayOf | None = None,
    *,
    there: Rows | None = None,
    at: Container[int] | None = None,
    sinks: Sequence[Sink] = (),
    ranges: RecordedRanges | None = None,
) -> None:
    """Append rows of all ``plans`` at every recorded step that lacks them, in one pass over the trajectory.

    A refused measurement becomes a FAILED row. ``replay_of``: the replay of another network of the run, by name, for
    plans that compare two. there: the rows of the folder, where they have been read already. at: the steps to look at,
    where not all of them. sinks: who else is told of the rows. ranges: what has been read of the range that values take
    along the trajectory, for who measures it in pieces.
    """
    session = Session(folder, network, replay.marks, sinks, folder.rows() if there is None else there)
    wanted = _wanted(session, replay, plans, replay_of, ranges)
    steps = [step for step in _missing(wanted, replay) if at is None or step in at]
    total = len(replay.trajectory.steps)

    first = None if over_all() else FirstStep(len(steps))

    def one(step: int, rows: Step) -> None:
        with kept() if len(wanted) > 1 else nullcontext():  # variants of one measurement
            _step(step, rows, wanted, replay, first if step == steps[0] else None)
        if first is not None and step == steps[0]:
            first.tell()

    over_steps(session, steps, total, label, one)


def steps_missing(
    folder: RunFolder,
    network: str,
    replay: Replay,
    plans: Sequence[MeasurePlan],
    replay_of: ReplayOf | None,
    there: Rows,
) -> list[int]:
    """The recorded steps at which :func:`measure` would have something to do."""
    session = Session(folder, network, replay.marks, there=there)
    return _missing(_wanted(session, replay, plans, replay_of, None), replay)


def _wanted(
    session: Session,
    replay: Replay,
    plans: Sequence[MeasurePlan],
    replay_of: ReplayOf | None,
    ranges: RecordedRanges | None,
) -> list[Wanted]:
    ranges = RecordedRanges(replay) if ranges is None else ranges
    return [Wanted(plan, replay, session, replay_of, ranges) for plan in plans]


def _missing(wanted: Sequence[Wanted], replay: Replay) -> list[int]:
    return [step for step in replay.trajectory.steps if any(each.missing(step) for each in wanted)]


def over_steps(
    session: Session, steps: Sequence[int], total: int, label: str, work: Callable[[int, Step], None]
) -> None:
    """``work`` on every step with progress; the steps that were completed are kept even when it is interrupted."""
    with progress(label, total, total - len(steps)) as shown:
        try:
            for step in steps:
                with session.step() as rows:
                    work(step, rows)
                if session.due:
                    session.flush()
                shown.advance()
        finally:
            session.flush()


def _step(step: int, rows: Step, wanted: Sequence[Wanted], replay: Replay, watched: FirstStep | None = None) -> None:
    """One step: each place is read once for all that want it."""
    missing = [(each, each.missing(step)) for each in wanted]
    read = set[str]().union(*(sites for each, sites in missing if not each.noisy))
    representations = replay.representations(step, read) if read else {}
    epoch = replay.trajectory.epoch(step)
    for each, sites in missing:
        if watched is not None:
            watched.measuring(each.measurement, {site: representations[site] for site in sites if not each.noisy})
        places = {site: _place(rows, each.measurement, step, epoch, site, replay) for site in sites}
        if each.noisy and sites:
            _noisy(rows, places, each, step, replay)
            continue
        for site, given in each.given(step, sites).items():
            names = each.variables(step, site)
            _site(rows, places[site], each.measurement, representations[site], names, given, replay)


def _place(rows: Step, measurement: Measurement, step: int, epoch: float, site: str, replay: Replay) -> Place:
    return rows.place(
        measurement, network=replay.name, step=step, epoch=epoch, site=site,
        site_index=replay.index(site), split=replay.split,
    )  # fmt: skip


def _site(
    rows: Step,
    place: Place,
    measurement: Measurement,
    t: Any,
    names: Sequence[str],
    given: Given,
    replay: Replay,
) -> None:
    """One site at one step. An ensemble that is refused goes member by member: a diverged one costs its own row."""
    results: Sequence[list[Measured] | InputError]
    try:
        results = replay.rows(place.site).measured(measurement, t, names, given)
    except InputError:
        results = [
            _member(measurement, t[member : member + 1], names, given.of(member), replay.rows(place.site))
            for member in range(len(t))
        ]
    for member, result in enumerate(results):
        _add(rows, place, member, measurement, result, names, replay, int(t.shape[1]))


def _noisy(rows: Step, places: Mapping[str, Place], wanted: Wanted, step: int, replay: Replay) -> None:
    """Several sites of networks with noise at one step, member by member: their noisy forwards are large."""
    measurement = wanted.measurement
    for member in range(len(replay.seeds)):
        for site, s in replay.propagated(step, member, places, *measurement.forwards).items():
            there = replay.rows(site)
            result = _member(measurement, s[:, :, 0], list(there.labels), Given(replicas=s), there)
            _add(rows, places[site], member, measurement, result, list(there.labels), replay, int(s.shape[1]))


def _member(
    measurement: Measurement, t: Any, names: Sequence[str], given: Given, there: RowsThere
) -> list[Measured] | InputError:
    try:
        return there.measured(measurement, t, names, given)[0]
    except InputError as reason:
        return reason


def _add(
    rows: Step,
    place: Place,
    member: int,
    measurement: Measurement,
    result: list[Measured] | InputError,
    names: Sequence[str],
    replay: Replay,
    n: int,
) -> None:
    here = dataclasses.replace(place, member=replay.members[member], seed=int(replay.seeds[member]))
    if isinstance(result, InputError):
        rows.refused(here, measurement, list(names), str(result), n)
    else:
        rows.found(here, result)
