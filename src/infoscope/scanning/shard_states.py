"""What a worker does of a scan in shards: a shard's forwards become one file of states, all files of a step rows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.estimate import Doubt, Estimate
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measured, Measurement, timed
from infoscope.core.session import Session, Step
from infoscope.core.workers_view import WorkersView
from infoscope.engine.job_file import JobAnswer
from infoscope.measure.questions.one_pass import OnePass
from infoscope.measure.states.telling import Telling
from infoscope.record import files
from infoscope.record.gathering import each_batch
from infoscope.record.layout import Chosen
from infoscope.record.referred import ORIGINS
from infoscope.record.variables import known
from infoscope.scanning.cut import Cut, Shard
from infoscope.scanning.dealt import answer
from infoscope.scanning.from_states import of_rows, told
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.scanned_replay import ScannedReplay
from infoscope.scanning.shard_parts import StatePart, places

ADVICE = "run the same command again, which reads that shard anew"


class ShardPiece(NamedTuple):
    """A job: a shard of a step, or, with ``states``, the rows of a step out of the files of all its shards."""

    step: int
    shard: int = 0
    states: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class ShardStates:
    """What a shard job has found: a state a part, or why there is none."""

    about: Mapping[str, Any]
    states: Sequence[OnePass | str]

    def write(self, path: Path) -> None:
        """Into one file, written whole or not at all, with its hash."""
        arrays: dict[str, torch.Tensor] = {}
        said: list[Any] = []
        for number, state in enumerate(self.states):
            if isinstance(state, str):
                said.append({"refused": state})
                continue
            own, about = state.arrays()
            said.append(about)
            arrays |= {f"{number}|{key}": torch.as_tensor(_signed(value)) for key, value in own.items()}
        files.save(arrays, path, {"shard": json.dumps(dict(self.about)), "states": json.dumps(said)}, lasting=False)


def about_shard(path: Path) -> Mapping[str, Any]:
    """What the file of a shard says of itself, all of its values having been compared with its hash.

    Raises
    ------
    RunFolderError: it is gone or damaged; then it is deleted.
    """
    try:
        _, metadata = files.load(path, ADVICE, hashed=True)
    except RunFolderError:
        path.unlink(missing_ok=True)
        raise
    return json.loads(metadata["shard"])


def merged(paths: Sequence[Path], part: int) -> OnePass | str:
    """One part of the states of several shards as one, or why there is none.

    Raises
    ------
    RunFolderError: a file is gone, or of other columns than the others; then it is deleted.
    """
    whole: OnePass | None = None
    for path in paths:
        with files.readable(path, ADVICE) as file:
            said = json.loads(file.metadata()["states"])[part]
            if "refused" in said:
                return said["refused"]
            own = f"{part}|"
            arrays = {
                key.removeprefix(own): _unsigned(key, file.get_tensor(key).numpy())
                for key in file.keys()  # noqa: SIM118
                if key.startswith(own)
            }
        try:
            state = OnePass.of_arrays(arrays, said, str(path))
            whole = state if whole is None else whole.merge(state)
        except InputError as reason:
            path.unlink(missing_ok=True)
            raise RunFolderError(f"{path} is no shard of this scan ({reason}): {ADVICE}") from reason
    assert whole is not None
    return whole


def _signed(value: Any) -> np.ndarray:
    return value.view(np.int64) if value.dtype == np.uint64 else value


def _unsigned(key: str, value: Any) -> np.ndarray:
    hashed = key.endswith(("|groups", "|sample groups"))
    return value.view(np.uint64) if hashed else value


@dataclass(frozen=True, eq=False)
class ShardWork:
    """What workers do of a scan in shards: ``plans`` at all steps of ``network`` in the run at ``folder``, from states
    of ``parts``.

    replays: makes the replay of the network in a worker. sample: rows that a state keeps. doubts: of all estimates at a
    place.
    """

    folder: Path
    network: str
    plans: Sequence[MeasurePlan]
    replays: Callable[[RunFolder, str], Any]
    cut: Cut
    shards: Sequence[Shard]
    parts: Sequence[StatePart]
    sample: int
    doubts: Mapping[str, tuple[Doubt, ...]]

    @property
    def asked(self) -> Any:
        """What tells its jobs from those of other work on the same run."""
        measured = [[plan.measurement.id, plan.measurement.options, plan.sites] for plan in self.plans]
        return [self.network, measured, self.sample, len(self.shards)]

    def begin(self) -> Callable[[ShardPiece], JobAnswer | ShardStates]:
        """Build the network, once; then do one piece after the other."""
        return _ShardWorker(self).do


class _ShardWorker:
    def __init__(self, work: ShardWork) -> None:
        self._work, self._folder = work, WorkersView(work.folder)
        self._replay: ScannedReplay = work.replays(self._folder, work.network)
        self._loaded: int | None = None
        self._places = places(work.parts)

    def do(self, piece: ShardPiece) -> JobAnswer | ShardStates:
        if piece.states:
            return self._told(piece.step, piece.states)
        if piece.step != self._loaded:
            self._loaded = None
            self._replay.load(piece.step)
            self._loaded = piece.step
        return self._states(piece.step, self._work.shards[piece.shard])

    def _states(self, step: int, shard: Shard) -> ShardStates:
        reading = _ShardReading(self._work, shard, self._replay)
        first, after = shard.batches
        edges = [edge - shard.samples[0] for edge in self._work.cut.edges[first : after + 1]]
        batches = each_batch(self._replay.model, reading.inputs, self._places, edges, range(first, after))
        for start, end, unit in self._work.cut.blocks(shard):
            held: dict[str, list[torch.Tensor]] = {site: [] for site in self._places}
            chosen = dict[str, Chosen]()
            for _ in range(start, end):
                _, rows, chosen = next(batches)
                for site, t in rows.items():
                    held[site].append(t)
            samples = slice(edges[start - first], edges[end - first])
            reading.take({site: torch.cat(each) for site, each in held.items()}, chosen, samples)
            if unit is not None:
                reading.end_unit(unit)
        batches.close()
        weights = self._replay.checkpoints.checkpoint(step).weights_hash
        return ShardStates({"shard": shard.number, "weights": weights}, reading.states())

    def _told(self, step: int, paths: Sequence[Path]) -> JobAnswer:
        """The rows of a step, from the files of its shards in their order."""
        work, replay = self._work, self._replay
        one = replay.checkpoints.checkpoint(step)
        other = [path for path in paths if about_shard(path)["weights"] != one.weights_hash]
        for path in other:
            path.unlink(missing_ok=True)
        if other:
            several = f" (and {len(other) - 1} more)" if len(other) > 1 else ""
            raise RunFolderError(f"{other[0]}{several} is of other weights than {one} holds by now: {ADVICE}")
        replay.checkpoints.record(one)
        found = {site: self._at(site, paths) for site in self._places}
        session = Session(self._folder, work.network, replay.marks)
        with session.step() as rows:
            for number, plan in enumerate(work.plans):
                for site in self._places:
                    self._add(rows, plan.measurement, step, site, found[site][number])
        session.flush()
        stored, shares = self._folder.taken()
        origins = self._folder.manifest()["networks"][work.network][ORIGINS]
        return answer(self._folder, work.network, stored, shares, {str(step): origins[str(step)]})

    def _at(self, site: str, paths: Sequence[Path]) -> list[_ShardFindings]:
        """What each measurement says of one place."""
        found = [_ShardFindings([], []) for _ in self._work.plans]
        for number, part in enumerate(self._work.parts):
            if part.place != site:
                continue
            state = merged(paths, number)
            why, telling = state if isinstance(state, str) else "", None
            if not isinstance(state, str):
                try:
                    telling = state.telling()
                except InputError as reason:
                    why = str(reason)
            for each, plan in zip(found, self._work.plans, strict=True):
                self._ask(each, plan.measurement, part, telling, why)
        return found

    def _ask(
        self, found: _ShardFindings, measurement: Measurement, part: StatePart, telling: Telling | None, why: str
    ) -> None:
        there = {name: None for one in self._work.parts if one.place == part.place for name in one.variables}
        about = measurement.about(list(there)) if there and "labels" in measurement.needs else []
        names, alone = [name for name in about if name in part.variables], part.of_rows and of_rows(measurement)
        if not names and not alone:
            return
        if telling is None:
            found.refused.append((alone, names, why, part.rows[-1]))
            return
        try:
            (more,) = timed(lambda: [told(measurement, telling, part.place, names)])
        except InputError as reason:
            found.refused.append((alone, names, str(reason), part.rows[-1]))
            return
        for each in more:
            if each.variable != "input" or part.of_rows:
                found.measured.append(each._replace(estimate=self._said(each.estimate, part)))

    def _said(self, estimate: Estimate, part: StatePart) -> Estimate:
        """With what is known of the place; of rows that stand alone nothing is said of groups."""
        if part.names.none:
            estimate = estimate.of_rows_alone()
        return estimate.doubted(*self._work.doubts.get(part.place, ()))

    def _add(self, rows: Step, measurement: Measurement, step: int, site: str, found: _ShardFindings) -> None:
        replay = self._replay
        place = dataclasses.replace(
            rows.place(
                measurement, network=replay.name, step=step, epoch=replay.trajectory.epoch(step), site=site,
                site_index=replay.index(site), split=replay.split,
            ),
            member=replay.members[0],
            seed=int(replay.seeds[0]),
        )  # fmt: skip
        rows.found(place, found.measured)
        for alone, names, why, n in found.refused:
            for variable, quantity in measurement.refused(names):
                if variable in names or alone:
                    rows.fail(dataclasses.replace(place, variable=variable), quantity, why, n)


class _ShardFindings(NamedTuple):
    """What a measurement says of a place, and of which variables it was refused: whether also of the rows alone, names,
    why, and of how many rows."""

    measured: list[Measured]
    refused: list[tuple[bool, list[str], str, int]]


class _ShardReading:
    """The states of one shard while its rows come."""

    def __init__(self, work: ShardWork, shard: Shard, replay: ScannedReplay) -> None:
        self._work, self._shard, self._evaluated = work, shard, replay.evaluated
        samples = slice(*shard.samples)
        self.inputs = self._evaluated.inputs.stretch(samples)
        self._variables = {
            name: dataclasses.replace(each, values=each.values[samples])
            for name, each in self._evaluated.variables.items()
        }
        self._states = [
            OnePass(part.variables, sketch=0, sample=work.sample).expecting({part.place: part.columns}, part.least)
            for part in work.parts
        ]
        self._next = [part.rows[shard.number] for part in work.parts]
        self._refused: dict[int, str] = {}

    def take(self, t: Mapping[str, torch.Tensor], chosen: Mapping[str, Chosen], samples: slice) -> None:
        """A block: the rows of each place, and of which samples of the shard."""
        for number, part in enumerate(self._work.parts):
            where = chosen[part.place]
            rows = where.of(samples)
            sample, position = where.sample[rows], where.position[rows]
            here = dataclasses.replace(
                where, sample=sample, position=position, word=None if where.word is None else where.word[rows]
            )
            labels = {name: self._variables[name].at(here, self.inputs.layout.words) for name in part.variables}
            own = {name: y for name, y in labels.items() if y is not None}
            kept = np.ones(len(sample), np.bool_)
            for y in own.values():
                kept &= known(y)
            n = int(kept.sum())
            first, self._next[number] = self._next[number], self._next[number] + n
            if not n or number in self._refused:
                continue
            names = part.names.at(sample[kept] + self._shard.samples[0], position[kept])
            try:
                self._states[number].take_block(
                    first,
                    {part.place: _plain(t[part.place], kept)},
                    {name: y[kept] for name, y in own.items()},
                    names,
                )
            except InputError as reason:
                self._refused[number] = str(reason)

    def end_unit(self, unit: int) -> None:
        """The block before was the last of this unit."""
        for state in self._states:
            state.end_unit(unit)

    def states(self) -> list[OnePass | str]:
        """All of them, or why there is none.

        Raises
        ------
        InputError: the rows that were read are not those that the scan has counted.
        """
        for part, after in zip(self._work.parts, self._next, strict=True):
            if after != part.rows[self._shard.number + 1]:
                raise InputError(
                    f"the rows at {part.place!r} of samples {self._shard.samples[0]} to {self._shard.samples[1] - 1} "
                    "alone are not those among all samples, so they cannot be read in shards: pass shards=0, or a row "
                    "rule that looks at one sample at a time"
                )
        return [self._refused.get(number, state) for number, state in enumerate(self._states)]


def _plain(t: torch.Tensor, kept: np.ndarray) -> Any:
    """Rows as NumPy has them, of half precision in float32; on a device where they lie."""
    if t.device.type != "cpu":
        return t if kept.all() else t[torch.as_tensor(np.flatnonzero(kept), device=t.device)]
    t = t if t.dtype in (torch.float32, torch.float64) else t.float()
    rows = t.numpy()
    return rows if kept.all() else rows[kept]
