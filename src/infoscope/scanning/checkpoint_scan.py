"""Scanning checkpoints that others left behind: a run folder made, or gone on with, in one forward a checkpoint."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from infoscope.core import check
from infoscope.core.errors import InputError, RunFolderError, warn
from infoscope.core.estimate import Status
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.manifest import told
from infoscope.core.measurement import Given, Measurement, Plain
from infoscope.core.progress import LONG_SECONDS, say
from infoscope.core.provenance import fingerprint, provenance
from infoscope.core.rows import Rows
from infoscope.core.units import counted, memory_in_words, time_in_words
from infoscope.engine.engine import Engine
from infoscope.record import attaching, defaults, evaluation
from infoscope.record import variables as known_variables
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.evaluated import Evaluated
from infoscope.record.fitting import fit
from infoscope.record.gathering import first_batch, representations
from infoscope.record.inputs import Inputs
from infoscope.record.modules import as_module, kinds, unwrap
from infoscope.record.padding import check_padding
from infoscope.record.places import sites_and_order
from infoscope.record.referred import ORIGINS, READ, ReadAs
from infoscope.record.untouched import device_of
from infoscope.record.watch import NETWORK
from infoscope.scanning.dealt import DealtPass, measure_dealt, taken_over
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.one_pass import measure
from infoscope.scanning.scanned_replay import ScannedReplay, ScannedReplays
from infoscope.scanning.shard_parts import shared
from infoscope.scanning.shard_plan import ONE_PASS, ShardPlan, asked_for
from infoscope.scanning.sharded import scan_in_shards

FEW = 2  # samples on which it is seen whether a cache changes what a network computes
_TRIAL = 5.0  # seconds that a measurement of numbers that mean nothing may take, before the first checkpoint
_AGAIN = "pass another out=, or go on with the same inputs, variables, places and measures"


@dataclass(frozen=True)
class Scan:
    """What is scanned: checkpoints in the order of their steps, a function that builds their network, and what is
    measured of it on which inputs. defaults: what is measured of a network where nobody says it, by whether it is read
    in shards. reading: how the checkpoints are read. The rest as of :func:`infoscope.scan`."""

    checkpoints: Sequence[Checkpoint]
    build: Callable[[], Any]
    inputs: Any
    variables: Mapping[str, Any]
    places: str | Iterable[str] | None = None
    measurements: Sequence[Measurement | Plain] | None = None
    defaults: Callable[[nn.Module, bool], Sequence[Measurement | Plain]] | None = None
    groups: Any = None
    time_first: bool = False
    batch_size: int | None = None
    reading: ReadAs = field(default_factory=ReadAs)
    overwrite: bool = False
    network: str = NETWORK
    member: int = 0
    seed: int = 0
    name: str | None = None
    shards: int | None = None
    sample: int = 20_000

    def into(self, out: Path | None, engine: Engine | None = None, sinks: Sequence[Sink] = ()) -> RunFolder:
        """Measure every checkpoint that the run in ``out`` does not hold yet; without ``out`` the run has a name made
        of what is asked, so that the same call goes on with it. engine: who does it, a checkpoint a job, or a shard of
        one. sinks: who else is told of rows as they are stored.

        Raises
        ------
        InputError, UnknownNameError: something that cannot be read or measured, a checkpoint of another network.
        RunFolderError: ``out`` holds another run, or another process writes there; a checkpoint is damaged, or holds
            other weights than were measured.
        EngineError: jobs failed, after the others were done; or workers cannot be had.
        """
        return _Scanning(self, out, engine).into(sinks)


class _Scanning:
    """One scan at work: everything that is refused is refused before the folder is made."""

    def __init__(self, scan: Scan, out: Path | None, engine: Engine | None) -> None:
        self._scan, self._checkpoints, self._out, self._engine = scan, scan.checkpoints, out, engine
        if engine is not None:
            self._checkpoints = [one.anywhere() for one in scan.checkpoints]
        self._network = attaching.network(scan.network)
        self._member, self._seed = check.count(scan.member, "member", 0), check.count(scan.seed, "seed", 0)
        if isinstance(scan.build, nn.Module) or not callable(scan.build):
            raise InputError(
                f"build is a {type(scan.build).__name__}, wanted a function that returns the network, whose weights "
                "are overwritten: pass lambda: copy.deepcopy(model)"
            )
        self._model = unwrap(as_module(scan.build()))
        self._loaded = fit(self._checkpoints[0], self._model)
        read = set[str]() if out is None else self._read(RunFolder(out))
        _same_network([self._checkpoints[0], *(one for one in self._checkpoints[1:] if str(one.step) not in read)])
        inputs = Inputs.of(scan.inputs, self._model, time_first=scan.time_first)
        if not scan.shards:  # else they are read from the run, where they may be more than fit
            inputs = inputs.copy()
        self._batch_size = (
            defaults.batch_size(self._model, inputs)
            if scan.batch_size is None
            else check.count(scan.batch_size, "batch_size")
        )
        variables = known_variables.checked(scan.variables, len(inputs), inputs)
        self._evaluated = Evaluated.of(inputs, variables, scan.groups)
        places = scan.places
        if places is None:
            places = defaults.places(self._model, inputs, variables, self._batch_size)
        self._sites, self._order = sites_and_order(self._model, places, inputs, self._batch_size)
        attaching.named(self._sites)
        _whatever_the_cache(self._model, inputs, self._sites)
        self._widths, chosen, self._forward = first_batch(self._model, inputs, self._sites, self._batch_size)
        self._chosen = shared(chosen)
        self._padding = check_padding(self._model, self._evaluated, self._sites)
        there = {site: self._evaluated.rows(site, chosen).labels for site, chosen in self._chosen.items()}
        known_variables.reach(variables, there)
        given = scan.measurements
        if given is None and scan.defaults is not None:
            given = scan.defaults(self._model, bool(scan.shards) or ONE_PASS in (self._recipe or {}))
        self._measurements = attaching.measured_later(given or (), variables)
        attaching.not_too_wide(self._measurements, self._widths, asked=scan.measurements is not None)
        self._shards = self._in_shards()
        if self._shards is None:
            self._try()
        else:
            self._shards.afford()

    def _in_shards(self) -> ShardPlan | None:
        """How rows are read in shards, where they are."""
        there, sample = self._recipe, self._scan.sample
        rows = {site: len(chosen) for site, chosen in self._chosen.items()}
        most = asked_for(self._scan.shards, there, self._measurements, rows, self._widths)
        if not most:
            return None
        if self._scan.shards is None and there is not None:
            sample = there[ONE_PASS]["sample"]
        return ShardPlan(
            self._evaluated, self._chosen, self._widths, self._measurements, self._batch_size, most, sample
        )

    def _try(self) -> None:
        """Refuse what each checkpoint would be refused for: groups and labels that a measurement cannot take."""
        done: set[tuple[str, bytes]] = set()
        for site, chosen in self._chosen.items():
            rows = self._evaluated.rows(site, chosen)
            kind = chosen.sample.tobytes() + chosen.position.tobytes()
            for measurement in self._measurements:
                beyond = set(measurement.needs) - {"labels", "groups", "types"}
                n = len(rows)
                if beyond or (repr(measurement), kind) in done or measurement.cost(n, 2, 2).seconds > _TRIAL:
                    continue
                done.add((repr(measurement), kind))
                drawn = np.random.default_rng(0).standard_normal((1, n, 2), dtype=np.float32)
                try:
                    rows.measured(measurement, drawn, given=Given())
                except InputError as reason:
                    raise InputError(
                        f"{measurement.id} cannot be taken of the {n} rows at {site!r}: {reason}"
                    ) from reason

    @property
    def _recipe(self) -> dict[str, Any] | None:
        """How the run that is gone on with reads its network; None where there is no such run."""
        if self._out is None or self._scan.overwrite or not RunFolder(self._out).manifest_path.exists():
            return None
        return RunFolder(self._out).manifest().get("networks", {}).get(self._network, {}).get("recipe", {})

    def _read(self, folder: RunFolder) -> set[str]:
        """The steps that a run has read already, as it calls them."""
        if not folder.manifest_path.exists():
            return set()
        return set(folder.manifest().get("networks", {}).get(self._network, {}).get(ORIGINS, {}))

    def into(self, sinks: Sequence[Sink]) -> RunFolder:
        path = Path("runs", self._name()) if self._out is None else self._out
        with RunFolder(path).writing():
            folder = self._open_or_create(path)
            folder.sinks = sinks
            taken_over(folder)
            replay = ScannedReplay(
                folder,
                self._network,
                self._model,
                given=self._checkpoints,
                chosen=self._chosen,
                doubts=self._evaluated.doubts,
            )
            replay.trajectory.verify()
            self._tell(folder)
            if self._padding is not None:
                warn(f"infoscope: {self._padding}")
            folder.update({"state": "running"})
            ended = "interrupted"
            try:
                self._measure(folder, replay)
                for one in self._checkpoints:  # with nothing to measure, those found in a new place are said so
                    if str(one.step) in folder.manifest()["networks"][self._network][ORIGINS]:
                        replay.checkpoints.record(one)
                folder.merge_parts()
                ended = "done"
            finally:
                folder.update({"state": ended})
        for sentence in told(folder.manifest()):
            say(f"infoscope: {sentence}")
        _tell_failures(folder.rows())
        return folder

    def _measure(self, folder: RunFolder, replay: ScannedReplay) -> None:
        plans, label = [MeasurePlan.of(measurement) for measurement in self._measurements], f"scanning {folder.path}"
        if self._shards is not None:
            replays = ScannedReplays(self._scan.build, self._checkpoints, {}, self._evaluated.doubts)
            work = self._shards.work(folder.path.absolute(), self._network, replays)
            scan_in_shards(self._engine, folder, replay, work, label)
            return
        if self._engine is None:
            measure(folder, self._network, replay, plans, label)
            return
        replays = ScannedReplays(self._scan.build, self._checkpoints, self._chosen, self._evaluated.doubts)
        work = DealtPass(folder.path.absolute(), self._network, plans, replays)
        measure_dealt(self._engine, folder, replay, work, label, each=1)

    def _manifest(self) -> dict[str, Any]:
        """What must be the same when a scan is gone on with."""
        kind = type(self._model)
        network = {
            "title": kind.__name__ if self._network == NETWORK else self._network,
            "sites": self._sites,
            "places": self._order,
            "recipe": {
                "scanned": f"{kind.__module__}.{kind.__qualname__}",
                "batch_size": self._batch_size,
                **({} if self._shards is None else {ONE_PASS: self._shards.recipe}),
                **({} if (where := device_of(self._model).type) == "cpu" else {"device": where}),
            },
            "task": "scanned",
            **({"member": self._member} if self._member else {}),
            READ: self._scan.reading.to_json(),
        }
        manifest = {
            "networks": {self._network: network},
            "seeds": [self._seed],
            "measures": [{"estimator": m.id, "options": m.options} for m in self._measurements],
            "evaluation": evaluation.digest(self._evaluated),
        }
        return json.loads(json.dumps(manifest, default=list))

    def _name(self) -> str:
        """Of the run folder where nobody says one: of what is scanned and asked, equal for the same call."""
        parents = {str(one.path.absolute().parent) for one in self._checkpoints if one.path is not None}
        where = os.path.commonpath(parents) if parents else ""
        name = Path(where).name or type(self._model).__name__
        return f"scanned-{name}-{fingerprint([self._manifest(), where])[:6]}"

    def _open_or_create(self, path: Path) -> RunFolder:
        wanted, folder = self._manifest(), RunFolder(path)
        if self._scan.overwrite or not folder.manifest_path.exists():
            network: dict[str, Any] = {**wanted["networks"][self._network], ORIGINS: {}}
            title = self._scan.name or f"{network['title']}, {counted(len(self._checkpoints), 'checkpoint')}"
            about = {
                "evaluated": self._evaluated.told(self._chosen),
                "ceilings": {"scanned": self._evaluated.entropies(self._chosen)},
                "modules": {self._network: kinds(self._model, self._sites)},
                **provenance(),
                "told": list(self._loaded.notes),
            }
            with folder.replaced() if self._scan.overwrite else nullcontext():
                evaluation.save(path, self._evaluated)
                return RunFolder.create(path, {"title": title, **wanted, "networks": {self._network: network}, **about})
        there = RunFolder.open(path).manifest()
        held = there.get("networks", {}).get(self._network, {})
        if "scanned" not in held.get("recipe", {}):
            raise RunFolderError(f"{path} holds a run that is no scan of checkpoints: pass another out=")
        mine = wanted["networks"][self._network]
        other = {
            "network": mine["title"] != held["title"] or mine["recipe"]["scanned"] != held["recipe"]["scanned"],
            "member or seed": (mine.get("member"), wanted["seeds"]) != (held.get("member"), there.get("seeds")),
            "places": mine["sites"] != held["sites"],
            "batch_size": mine["recipe"]["batch_size"] != held["recipe"]["batch_size"],
            "way to hold rows (shards, sample)": mine["recipe"].get(ONE_PASS) != held["recipe"].get(ONE_PASS),
            "device": mine["recipe"].get("device") != held["recipe"].get("device"),
            "weights, entry, dtype or base": mine[READ] != held[READ],
            "measures": wanted["measures"] != there.get("measures"),
            "inputs, variables or groups": wanted["evaluation"] != there.get("evaluation"),
        }
        differing = [name for name, differs in other.items() if differs]
        if differing:
            raise RunFolderError(
                f"{path} holds a scan with other {' and other '.join(differing)}, so it cannot be gone on with: "
                f"{_AGAIN} (Run.measure adds measures, places and variables)"
            )
        return folder

    def _tell(self, folder: RunFolder) -> None:
        """What there is to do, and what it is likely to take."""
        measured = set(folder.rows().filter(network=self._network).unique("step"))
        left = [one for one in self._checkpoints if one.step not in measured]
        if not left:
            say(
                f"infoscope: all {counted(len(self._checkpoints), 'checkpoint')} are measured already, in {folder.path}"
            )
            return
        rows = {site: len(chosen) for site, chosen in self._chosen.items()}
        classes = max((one.classes for one in self._evaluated.variables.values()), default=2)
        values = {name: one.values for name, one in self._evaluated.variables.items()}
        batches = -(-len(self._evaluated) // self._batch_size)
        seconds, most = self._forward * batches, 0.0
        for site, n in rows.items():
            for measurement in self._measurements:
                one = measurement.cost(n, self._widths[site], classes)
                seconds += one.seconds * max(1, len(measurement.about(known_variables.read_by(measurement, values))))
                most = max(most, one.bytes)
        weights = sum(t.numel() * t.element_size() for t in (*self._model.parameters(), *self._model.buffers()))
        held = sum(4.0 * n * self._widths[site] for site, n in rows.items()) + most + 2.0 * weights
        if self._shards is not None:
            held, seconds = self._shards.bytes + 2.0 * weights, self._shards.seconds + self._forward * batches
        most_rows, most_columns = max(rows.values()), max(self._widths.values())
        size = f"{counted(len(rows), 'place')} of up to {most_rows:,} rows x {most_columns:,} columns"
        if self._shards is not None:
            size = f"{size}, {self._shards.words}"
        each = f"{'' if seconds < 1 else 'about '}{time_in_words(seconds)} a checkpoint"
        whole = seconds * len(left)
        say(
            f"infoscope: {counted(len(left), 'checkpoint')} to be read of {len(self._checkpoints)}, {size}, "
            f"{counted(len(values), 'variable')}: {each}, {memory_in_words(held)}"
            + (f", {time_in_words(whole)} in all" if whole >= LONG_SECONDS else "")
        )


def _same_network(checkpoints: Sequence[Checkpoint]) -> None:
    """Refuse files on this disk whose weights have other names or shapes than the first ones', before hours of work.

    Raises
    ------
    InputError: which. RunFolderError: one is half-written.
    """
    first: dict[str, tuple[int, ...]] | None = None
    leading = checkpoints[0]
    for one in checkpoints:
        if one.path is None or not one.path.exists():
            continue
        shapes = {name: tuple(tensor.shape) for name, tensor in one.weights().items()}
        if first is None:
            first, leading = shapes, one
            continue
        other = sorted(name for name in first.keys() | shapes.keys() if first.get(name) != shapes.get(name))
        if other:
            was, now = first.get(other[0]), shapes.get(other[0])
            raise InputError(
                f"{one} is of another network than {leading}: {other[0]} is {_shape(now)} in the one and "
                f"{_shape(was)} in the other ({len(other)} such in all); scan them apart"
            )


def _shape(shape: tuple[int, ...] | None) -> str:
    return "not there" if shape is None else str(list(shape))


def _whatever_the_cache(model: nn.Module, inputs: Inputs, sites: Sequence[str]) -> None:
    """Refuse a network whose states change with ``use_cache``, on a few samples.

    Raises
    ------
    InputError: where, and by how much.
    """
    import inspect

    if "use_cache" not in inspect.signature(model.forward).parameters:
        return
    few = inputs.of_samples(np.arange(min(FEW, len(inputs))))
    found: list[dict[str, torch.Tensor]] = []
    for cached in (True, False):
        flags = {**few.flags, "use_cache": cached}
        try:
            found.append(representations(model, dataclasses.replace(few, flags=flags), sites, FEW))
        except Exception:  # a place that these samples have no row of, or a network that takes no cache
            return
    for site in sites:
        with_cache, without = (each[site].float() for each in found)
        off = _length(with_cache - without) / (_length(without) or 1.0)
        if off > 1e-2:
            raise InputError(
                f"the states at {site!r} change by {off:.0%} with use_cache, so they are not those of one forward: put "
                "use_cache=False among the inputs, or repair the network"
            )


def _length(t: torch.Tensor) -> float:
    return float((t * t).sum()) ** 0.5


def _tell_failures(rows: Rows) -> None:
    failed = rows.filter(status=Status.FAILED.name)
    if len(failed):
        say(
            f"infoscope: {len(failed)} of {len(rows)} rows have no number, the first since: {failed.column('notes')[0]}"
        )
