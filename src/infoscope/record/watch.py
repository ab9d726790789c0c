"""Watching a training loop that somebody else wrote, without changing a bit of what it computes."""

from __future__ import annotations

import json
import operator
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from infoscope.core import check, text
from infoscope.core.errors import InfoscopeError, InputError, warn
from infoscope.core.files import numbered
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.measurement import Measurement, Plain
from infoscope.core.progress import say
from infoscope.core.provenance import provenance
from infoscope.core.rows import Place
from infoscope.core.session import Session, Step
from infoscope.record import attaching, defaults, evaluation, processes
from infoscope.record import variables as known_variables
from infoscope.record.address import Address
from infoscope.record.evaluated import Evaluated, RowsThere
from infoscope.record.gathering import first_batch, gathered
from infoscope.record.inputs import Inputs
from infoscope.record.modules import as_module, kinds, unwrap
from infoscope.record.padding import check_padding
from infoscope.record.places import sites_and_order
from infoscope.record.state import ModelState
from infoscope.record.trajectory import Trajectory
from infoscope.record.untouched import borrowed_randomness, device_of, eager

if TYPE_CHECKING:
    from typing_extensions import Self

WATCHED = "watched"  # what stands for the task of a watched run
NETWORK = "model"  # the name of the one network of a watched run, where nobody says another


class Watch:
    """A context manager around a training loop; :meth:`step` records when the schedule says so.

    Arguments
    ---------
    model: any ``nn.Module``; ``torch.compile`` and data-parallel wrappers are looked through.
    inputs: the evaluation set, fixed: a tensor or array, a tuple or a mapping of them, as ``model`` takes it; or a
        tokenizer's answer, a data set, a loader or a stream (:mod:`infoscope.record.evaluation_sources`).
    variables: class labels of the evaluation set by name: ``[n]`` one a sample, ``[n, positions]`` one a token or cell
        (:mod:`infoscope.record.variables`); -100 where there is none.
    measurements: what to measure at each site; may be empty when snapshots are kept. None for those that
        :mod:`infoscope.record.defaults` names, where a class derived from this one can make them.
    folder: of the new run; None means the next free one of ``runs/watched-1``, ``-2`` …, which is printed.
        ``resume=True`` goes on with the run it holds; steps that have rows are not measured again. ``overwrite=True``
        replaces that run when the ``with`` block is entered.
    groups: one name (number or word) ``[n]`` a row of the evaluation set: rows of one name belong together (tokens of a
        text, frames of a film), so they are never on both sides of a split and count once in an interval. Rows with
        equal inputs are together in any case (:mod:`infoscope.record.together`).
    places: names or globs (see :mod:`infoscope.record.address`); by default what :mod:`infoscope.record.defaults` says.
    schedule: any container of steps (:mod:`infoscope.record.schedule`); by default 0 and about 20 steps a decade.
    snapshots: also keep the weights at each recorded step, so that other measures can be taken later.
    batch_size: rows of the evaluation set in one forward. steps_per_epoch: turns steps into epochs, where
        :meth:`step` is not told the epoch; without either, epochs are 0.
    network, member, seed: what tells this training from others of a sweep, in its rows. name: what the run is called
        in reports. sinks: who else is told of each recorded step; they are closed at the end of the block.

    Of several processes that train together (torch.distributed) the first records; in the others a watch looks at
    nothing but whether the network can be read in one process, and does nothing. No process waits for another in it.

    Strict when attaching, tolerant inside the loop: a refused measurement becomes a FAILED row with the reason, a disk
    that fills ends the recording; each is told in one warning, and the training goes on.

    Raises
    ------
    UnknownNameError: a site that the model does not have.
    InputError: labels of another length, a place that cannot be read, or another argument that cannot be used.
    RunFolderError: the folder holds a run (of something else, when resuming), or another process writes to it.
    UnknownNameError, MissingPackageError: of what a measurement needs.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        inputs: Any,
        variables: Mapping[str, Any],
        measurements: Sequence[Measurement | Plain] | None,
        folder: str | Path | None = None,
        *,
        groups: Any = None,
        places: str | Iterable[str] | None = None,
        sites: str | Iterable[str] | None = None,
        time_first: bool = False,
        schedule: Container[int] | None = None,
        snapshots: bool = True,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
        network: str = NETWORK,
        member: int = 0,
        seed: int = 0,
        name: str = "",
        resume: bool = False,
        overwrite: bool = False,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self.seconds = 0.0  # spent recording, so far
        self._records, self._timeout = processes.records(), processes.timeout()
        if not self._records:
            processes.whole(unwrap(model))
            self.sites, self._path = [], None if folder is None else Path(folder)
            self._session, self._stopped = None, True
            return
        attaching.ways_on(folder, resume, overwrite)
        self._model = unwrap(as_module(model))
        found = Inputs.of(inputs, self._model, time_first=time_first)
        self._batch_size = defaults.batch_size(self._model, found) if batch_size is None else batch_size
        wanted, deep = attaching.places_said(places, sites)
        known = None
        if wanted is None:
            known = known_variables.checked(variables, len(found), found)
            wanted = defaults.places(self._model, found, known, self._batch_size)
        self.sites, self._places = sites_and_order(model, wanted, found, self._batch_size, deep=deep)
        attaching.named(self.sites)
        found = found.copy()
        known = known_variables.checked(variables, len(found), found) if known is None else known
        self._evaluated = Evaluated.of(found, known, groups)
        widths, self._chosen, _ = first_batch(model, found, self.sites, self._batch_size)
        told = check_padding(self._model, self._evaluated, self.sites)
        if told is not None:
            warn(f"infoscope: {told}")
        there = {site: self._evaluated.rows(site, chosen).labels for site, chosen in self._chosen.items()}
        known_variables.reach(self._evaluated.variables, there)
        given = measurements
        if given is None:
            given = self._made(defaults.measures(self._model))
        self._measurements = attaching.measurements(given, known, snapshots)
        attaching.not_too_wide(self._measurements, widths, asked=measurements is not None)
        self._sinks = tuple(sinks)
        self._path, self._resume, self._overwrite = None if folder is None else Path(folder), resume, overwrite
        self._schedule = attaching.schedule(schedule)
        self._network = attaching.network(network)
        self._name = text.checked(name, "the name of a run") if name else f"watched {type(self._model).__name__}"
        self._member, self._seed = check.count(member, "member", 0), check.count(seed, "seed", 0)
        self._steps_per_epoch = None if steps_per_epoch is None else check.count(steps_per_epoch, "steps_per_epoch")
        self._snapshots, self._trajectory = snapshots, None
        self._index: dict[str, int] = {}  # each site's place from input to output
        self._warned: set[str] = set()
        self._session: Session | None = None  # inside the block
        self._done: set[int] = set()
        self._stopped = False
        self._held = ExitStack()

    def _made(self, names: Sequence[str]) -> Sequence[Measurement | Plain]:
        """What is measured where nobody says it, of the names of it: nothing here, where no measurement is known."""
        del names
        return ()

    @property
    def folder(self) -> Path | None:
        """That of the run; None where it has no name yet."""
        return self._path

    @property
    def path(self) -> Path:
        """The folder of the run.

        Raises
        ------
        InputError: it has no name yet: without one it gets its number when the ``with`` block is entered.
        """
        if self._path is None:
            if not self._records:
                raise InputError("this process does not record, so it has no run: ask in process 0, or pass a folder")
            raise InputError("the run has no folder yet: enter `with infoscope.watch(…) as scope:` first, or pass one")
        return self._path

    def __enter__(self) -> Self:
        if not self._records:
            return self
        if processes.count() > 1:
            say(f"infoscope: of {processes.count()} processes this one records, the others do not")
        if self._path is None:
            self._path = numbered(Path("runs"), "watched")
            say(f"infoscope: recording into {self._path}")
        with ExitStack() as held:
            held.enter_context(RunFolder(self.path).writing())  # before anything is looked for: of two, one begins
            folder = self._open_or_create()
            network = folder.manifest()["networks"][self._network]
            self._index = {name: at for at, name in enumerate(network.get("places", network["sites"]))}
            self._trajectory = Trajectory.of(folder, self._network) if self._snapshots else None
            folder.update({"state": "running"})
            session = Session(folder, self._network, sinks=self._sinks)
            self._done = self._steps_there(session)
            self._held = held.pop_all()
        self._session, self._stopped = session, False
        return self

    def __exit__(self, error: type[BaseException] | None, *_: Any) -> None:
        if not self._records:
            return
        try:
            if self._session is not None:
                self._flush(self._session)
            folder = RunFolder(self.path)
            folder.merge_parts()
            folder.update({"state": "interrupted" if error or self._stopped else "done"})
        except Exception as reason:
            self._stop(reason)
        finally:
            self._session = None
            self._held.close()
            for sink in self._sinks:
                sink.close()

    def step(self, step: int, epoch: float | None = None) -> None:
        """Say that ``step`` updates have been made; records when the schedule holds that step, else returns at once.

        ``step(0)`` before the first update records the network as initialised. A step that was recorded is not again.

        Raises
        ------
        InputError: ``step`` is not a whole number, or a step is due outside the ``with`` block.
        """
        if not self._records:
            return
        try:
            step = operator.index(step)  # a NumPy integer would be searched for in a range one by one
        except TypeError:
            raise InputError(f"step is {step!r}, wanted a whole number: the count of updates made so far") from None
        if step in self._schedule:
            if self._session is None:
                raise InputError(
                    f"step {step} came outside the watch: call it inside `with infoscope.watch(…) as scope:`"
                )
            if not self._stopped and step not in self._done:
                self._record(self._session, step, epoch)
        if self._session is not None and not self._stopped and self._session.due:
            self._flush(self._session, step)

    def _record(self, session: Session, step: int, epoch: float | None) -> None:
        started = time.perf_counter()
        if epoch is None:
            epoch = step / self._steps_per_epoch if self._steps_per_epoch else 0.0
        with borrowed_randomness(), torch.no_grad(), eager(device_of(self._model).type):
            if self._trajectory is not None:
                before = ModelState(self._model, values=False)  # its hooks on state_dict may install something
                state = {name: t for name, t in self._model.state_dict().items() if isinstance(t, torch.Tensor)}
                before.restore()
                try:
                    self._trajectory.write(step, epoch, {name: t.detach()[None] for name, t in state.items()})
                except Exception as reason:
                    return self._stop(reason, step)
            with session.step() as rows:
                self._measure(rows, step, float(epoch), started)
        self._done.add(step)
        self.seconds += time.perf_counter() - started

    def _measure(self, rows: Step, step: int, epoch: float, started: float) -> None:
        """Add rows for every site and measurement; tell when other processes may not wait for all of it."""
        read: dict[str, Any] = {}
        if self._measurements:
            try:
                read = dict(gathered(self._model, self._evaluated.inputs, self.sites, self._batch_size)[0])
            except Exception as reason:  # whatever it is, it must not end the user's training
                read = dict.fromkeys(self.sites, reason)
        for site in self.sites:
            for measurement in self._measurements:
                place = rows.place(
                    measurement, network=self._network, member=self._member, seed=self._seed, step=step, epoch=epoch,
                    site=site, site_index=self._place_of(site),
                )  # fmt: skip
                self._measure_site(rows, place, measurement, read[site])
                if (slow := processes.too_slow(time.perf_counter() - started, self._timeout)) is not None:
                    self._warn("slow", slow)

    def _measure_site(self, rows: Step, place: Place, measurement: Measurement, t: torch.Tensor | Exception) -> None:
        try:
            if isinstance(t, Exception):
                raise t
            (found,) = self._rows(place.site).measured(measurement, t[None])
            rows.found(place, found)
        except Exception as reason:
            sentence = str(reason) if isinstance(reason, InfoscopeError) else f"{type(reason).__name__}: {reason}"
            self._warn("refused", f"{place.estimator} was refused at step {place.step}, site {place.site}: {sentence}")
            there = self._rows(place.site)
            names = known_variables.read_by(measurement, there.labels)
            rows.refused(place, measurement, names, sentence, len(there))

    def _rows(self, site: str) -> RowsThere:
        return self._evaluated.rows(site, self._chosen[site])

    def _place_of(self, site: str) -> int:
        """The place of a site from input to output: that of its module or call."""
        plain = site if site in self._index else Address.parse(site, self._index).plain
        return self._index[plain]

    def flush(self) -> None:
        """Write the rows that wait, inside the ``with`` block."""
        if self._session is not None and not self._stopped:
            self._flush(self._session)

    def _flush(self, session: Session, step: int | None = None) -> None:
        try:
            session.flush()
        except Exception as reason:
            self._stop(reason, step)

    def _stop(self, reason: Exception, step: int | None = None) -> None:
        """Record no more; the user's training goes on."""
        self._stopped = True
        where = "on the way out" if step is None else f"at step {step}"
        self._warn("stopped", f"recording into {self.path} stopped {where} and the training goes on: {reason}")

    def _warn(self, kind: str, text: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warn(f"infoscope: {text}")

    def _manifest(self) -> dict[str, Any]:
        """What must be the same when a run is gone on with."""
        kind = type(self._model)
        network = {
            "title": kind.__name__ if self._network == NETWORK else self._network,
            "sites": self.sites,
            "places": self._places,
            "recipe": {"watched": f"{kind.__module__}.{kind.__qualname__}", "batch_size": self._batch_size},
            "task": WATCHED,
            **({"member": self._member} if self._member else {}),
        }
        measures = [{"estimator": m.id, "options": m.options} for m in self._measurements]
        manifest = {
            "networks": {self._network: network},
            "seeds": [self._seed],
            "measures": measures,
            "evaluation": evaluation.digest(self._evaluated),
        }
        return json.loads(json.dumps(manifest, default=list))

    def _open_or_create(self) -> RunFolder:
        wanted, there = self._manifest(), RunFolder(self.path)
        if there.manifest_path.exists() and not self._overwrite:
            return attaching.same_run(self.path, wanted, self._resume)
        about = {
            "evaluated": self._evaluated.told(self._chosen),
            "ceilings": {WATCHED: self._evaluated.entropies(self._chosen)},
            "modules": {self._network: kinds(self._model, self.sites)},
            "state": "running",
            **provenance(),
        }
        with there.replaced() if self._overwrite else nullcontext():
            evaluation.save(self.path, self._evaluated)
            return RunFolder.create(self.path, {"title": self._name, **wanted, **about})

    def _steps_there(self, session: Session) -> set[int]:
        """The steps that need no recording: those with rows of every measurement, or a snapshot where none is taken."""
        if not self._measurements:
            return set(self._trajectory.steps) if self._trajectory else set()
        there = [session.done(each.id, each.options) for each in self._measurements]
        first, *others = [{step for step, _ in found} for found in there]
        return first.intersection(*others)
