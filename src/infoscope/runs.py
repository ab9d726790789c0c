"""A run in the hands of a user: load a run folder, measure it again, ask it, report it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from infoscope.core import check
from infoscope.core.errors import InputError, RunFolderError, old_word, unknown_name
from infoscope.core.folder import RunFolder
from infoscope.core.joined import JoinedFolder
from infoscope.core.manifest import told
from infoscope.core.measurement import Measurement
from infoscope.core.rows import Rows
from infoscope.record import evaluation
from infoscope.record.referred import ReferredTrajectory
from infoscope.record.trajectory import Trajectory

if TYPE_CHECKING:
    from infoscope.engine.engine import Engine
    from infoscope.measure.intervals.onset import Onset
    from infoscope.measure.usable.fitted import FittedProbe
    from infoscope.record.checking import Checked
    from infoscope.scanning.replay import Replay
    from infoscope.show.figures import Drawing


@overload
def load(path: str | Path) -> Run: ...
@overload
def load(path: Sequence[str | Path]) -> Joined: ...
def load(path: str | Path | Sequence[str | Path]) -> Run | Joined:
    """The run in folder ``path``; of several folders their runs joined, see :class:`Joined`.

    Raises
    ------
    RunFolderError: no run folder, a damaged one, one from a newer infoscope, or runs that cannot be joined.
    """
    if isinstance(path, (list, tuple)):
        return Joined([Run(RunFolder.open(check.path(each, "path"))) for each in path])
    return Run(RunFolder.open(check.path(path, "path")))


class Joined:
    """Runs of one training under several seeds, read as one run of several members; nothing is written to them.

    Networks of one name are one network, and each run is a member of it (``watch(…, member=, seed=, network=)`` says
    which); where two say the same member, all are numbered anew in the order given. ``members`` says which is which.

    Raises
    ------
    RunFolderError: fewer than two runs, one of them twice or without rows, or runs that do not have the same places,
        variables and measurements.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = tuple(runs)
        self.folder = JoinedFolder([run.folder for run in runs])

    def __repr__(self) -> str:
        return f"Joined({', '.join(repr(str(run.folder.path)) for run in self.runs)})"

    @property
    def rows(self) -> Rows:
        """Everything measured in all of them, as rows of one run."""
        return self.folder.rows()

    @property
    def members(self) -> list[dict[str, Any]]:
        """For each member its ``network``, number, ``run`` and ``seed``."""
        return self.folder.members

    def since_when(
        self,
        variable: str,
        places: str | Sequence[str] = (),
        network: str | None = None,
        *,
        measure: str = "",
        untrained: int | None = None,
        seed: int = 0,
    ) -> dict[str, Onset]:
        """As :meth:`Run.since_when`: the curve is the mean of the members, and the interval is also of draws of these.

        Raises
        ------
        RunFolderError: the runs were read on different evaluation sets; the others as there.
        """
        from infoscope.scanning.since import since_when

        names = self.rows.unique("network")
        if network is None and len(names) != 1:
            raise InputError(f"these runs have {len(names)} networks ({', '.join(names)}): name one")
        if network is not None and network not in names:
            raise unknown_name("network", network, names)
        wanted = [places] if isinstance(places, str) else list(places)
        return since_when(self.folder, network or names[0], variable, wanted, measure, untrained, seed)

    def report(self, path: str | Path | None = None) -> Path:
        """Write one HTML report in which a curve is the mean of its members and a band lies around it; by default
        ``report.html`` in the folder that holds the runs. Returns where."""
        from infoscope.show.report import write_report

        return write_report([self.folder], Path(path) if path else self.folder.path / "report.html")


class Run:
    """A stored run. Loading reads ``run.json`` only; the rest is read when asked for."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        manifest = self.folder.manifest()
        return f"Run({str(self.folder.path)!r}: {manifest.get('title', '')}, {manifest.get('state', 'unknown state')})"

    @property
    def rows(self) -> Rows:
        """Everything measured so far."""
        return self.folder.rows()

    @property
    def told(self) -> list[str]:
        """What to know of where its rows come from, such as steps whose checkpoints hold equal weights."""
        return told(self.folder.manifest())

    @property
    def missing(self) -> str | None:
        """Why a paper's figure was not run, where its data could neither be found nor downloaded; else None."""
        return self.folder.manifest().get("missing")

    def _repr_html_(self) -> str:
        from infoscope.show.notebook import run_html

        return run_html(self.folder)

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The stored verdicts as plain values, information in nats; a notebook shows them as a table."""
        from infoscope.show.notebook import Verdicts

        return Verdicts(self.folder.verdicts())

    def figure(
        self, plot: str = "plane", network: str | None = None, *, rows: Rows | None = None, **options: Any
    ) -> Drawing:
        """One figure, as the report has it: a notebook draws it, ``.save("plane.pdf")`` writes it.

        plot: ``"plane"``, ``"information"``, ``"heat_map"`` …; ``infoscope.contributions("plots")`` has all. network:
        which one, of several, by name or title. rows: those drawn in place of all of that network, such as
        ``run.rows.filter(estimator="kde")``. options: of the plot.

        Raises
        ------
        UnknownNameError: no such plot or network. InputError: several networks and none named, an option that the plot
            does not have.
        """
        import inspect

        from infoscope.core import registry
        from infoscope.show.figures import figure

        name = self._one_network(network)
        known = inspect.signature(registry.load("plots", plot)).parameters
        manifest = self.folder.manifest()
        task = manifest["networks"][name].get("task", "")
        if "ceilings" in known:
            options = {"ceilings": manifest.get("ceilings", {}).get(task, {}), **options}
        return figure(plot, (self.rows if rows is None else rows).filter(network=name), **options)

    @cached_property
    def networks(self) -> list[str]:
        """The names of the networks in this run."""
        return list(self.folder.manifest()["networks"])

    @cached_property
    def titles(self) -> dict[str, str]:
        """What each network is called in reports, by name."""
        about = self.folder.manifest()["networks"]
        return {name: str(about[name].get("title") or name) for name in self.networks}

    def _named(self, network: str) -> str:
        """The name of the network that is called so, by its name or, as reports do, by its title."""
        by_title = [name for name, title in self.titles.items() if title == network]
        if network not in self.networks and len(by_title) != 1:
            raise unknown_name("network", network, [*self.networks, *self.titles.values()])
        return network if network in self.networks else by_title[0]

    @property
    def trajectory(self) -> Trajectory | ReferredTrajectory:
        """The one network's weights at each recorded step; with several networks use :meth:`trajectory_of`."""
        if len(self.networks) != 1:
            raise InputError(
                f"this run has {len(self.networks)} networks ({', '.join(self.networks)}): use trajectory_of(name)"
            )
        return self.trajectory_of(self.networks[0])

    def trajectory_of(self, network: str) -> Trajectory | ReferredTrajectory:
        """The snapshots of one network, by its name or title, or the checkpoints of one that was scanned."""
        name = self._named(network)
        if "scanned" in self.folder.manifest()["networks"][name].get("recipe", {}):
            return ReferredTrajectory(self.folder, name)
        return Trajectory.of(self.folder, name)

    def measure(
        self,
        estimator: str | Measurement = "binned",
        places: Sequence[str] | str = (),
        network: str | None = None,
        model: Callable[[], Any] | None = None,
        *,
        variables: Mapping[str, Any] | Sequence[str] | str | None = None,
        groups: Any = None,
        sites: Sequence[str] | None = None,
        device: str | None = None,
        engine: str | Engine | None = None,
        workers: int | None = None,
        engine_config: str | Path | None = None,
        **options: Any,
    ) -> Rows:
        """Measure the stored weights again, without training, and append the rows; returns the rows of this measure.

        estimator: a name with ``options``, beside it or in it: ``"kde(noise_variance=0.1)"``. places: any of the
        network, or globs, as :func:`watch` takes them; none means those that were recorded. network: one of several, by
        name or title. model: for a watched run, a function that builds the network whose weights were recorded; for a
        scanned one too, where no ``config.json`` lies beside the checkpoints.

        variables: of a watched or scanned run, further class labels of its evaluation set by name, which it holds from
        now on; rows that are there already are not measured again. Names alone are the option of that name, which
        variables to read. groups: one name ``[n]`` a measured row, for this measure, where the run was watched without
        any: rows of one name belong together. Its rows say so in their options.

        Several values of a number (``bins=(8, 15, 30, 60)``) are measured in one pass; from three on their compression
        scores are stored beside them, which the report draws as one picture. ``binned`` also takes
        ``range="recorded"``: from the least to the largest value that each member took at these sites. ``noisy`` takes
        the noise that the networks were trained with, and 256 noisy forwards of each input.

        device: where the network runs and what it holds is measured, as ``"cuda"``; by default where ``model`` puts it,
        and the CPU for the networks of a figure. engine, workers, engine_config: who does it, some steps a job, as of
        :func:`open_engine`; by default this process.

        Raises
        ------
        InputError, UnknownNameError: an unknown estimator, option, site or network; a variable with an old name and
            other values; groups of a run that has others. RunFolderError: no snapshots here, or a watched run without
            ``model``.
        """
        from infoscope.claim.scores import append_derived, sweeps
        from infoscope.engine.opening import open_engine
        from infoscope.measure.bases.measurements import written
        from infoscope.scanning.dealt import DealtPass, measure_dealt, taken_over
        from infoscope.scanning.measure_plan import MeasurePlan
        from infoscope.scanning.one_pass import measure
        from infoscope.scanning.shard_plan import measured_later
        from infoscope.scanning.sharded import scan_in_shards

        if not isinstance(estimator, str):
            raise InputError("pass the estimator's name and its options, so that the run can say what was measured")
        new = variables if isinstance(variables, Mapping) else None
        if variables is not None and new is None:
            options["variables"] = variables
        estimator, options = written(estimator, options)
        names = self.networks if network is None else [self._named(network)]
        if sites is not None:
            old_word("sites=", "places=")
            places = sites
        wanted = (places,) if isinstance(places, str) else tuple(places)
        plan = MeasurePlan(estimator, options, wanted)  # refuses unknown options before anything is read
        replays = {name: self.replay(name, model, groups, new, device) for name in names}
        plans = {name: plan.trained_with(replay.noise) for name, replay in replays.items()}
        for replay in replays.values():
            replay.trajectory.verify()
        with open_engine(engine, workers, engine_config) as there, self.folder.writing():
            taken_over(self.folder)
            if new:
                evaluation.add(self.folder.path, evaluation.later(evaluation.load(self.folder.path), new))
            for name in names:
                label, replays_of = f"{name}: measuring {estimator}", _Replays(model, groups, device)
                shards = measured_later(self.folder, name, replays[name], plans[name], replays_of)
                if shards is not None:
                    scan_in_shards(there, self.folder, replays[name], shards, label)
                    continue
                if there is not None:
                    work = DealtPass(self.folder.path.absolute(), name, [plans[name]], replays_of)
                    measure_dealt(there, self.folder, replays[name], work, label)
                    continue
                other_of = partial(self.replay, model=model, device=device)
                measure(self.folder, name, replays[name], [plans[name]], label, other_of)
            append_derived(self.folder, sweeps(self.rows.filter(network=names, estimator=estimator)))
            self.folder.merge_parts()
        rows = self.rows
        return Rows.concat(plans[name].rows(rows, name, replays[name].marks) for name in names)

    def examples(
        self,
        variable: str,
        network: str | None = None,
        site: str = "",
        step: int | None = None,
        probe: str = "linear",
        model: Callable[[], Any] | None = None,
        *,
        groups: Any = None,
        figure: str | Path | None = None,
        **options: Any,
    ) -> Any:
        """What each measured row contributes to the usable information about ``variable``, as a table, least first.

        The table (Arrow) is also stored in the run folder, and the report shows the pictures at either end. network:
        one of several. site: the last before the output. step: the last recorded. groups: as of :meth:`measure`.
        figure: also draw those pictures into this file (.png, .svg, .pdf or .html). options: those of the probe, and
        ``seed``.
        Columns and errors as in :func:`infoscope.scanning.examples.pointwise`.
        """
        from infoscope.scanning.examples import pointwise, write

        name = self._one_network(network)
        table = pointwise(self.replay(name, model, groups), name, variable, site, step, probe, **options)
        write(self.folder, table)
        if figure is not None:
            from infoscope.show.examples import examples

            examples(table).save(figure)
        return table

    def since_when(
        self,
        variable: str,
        places: str | Sequence[str] = (),
        network: str | None = None,
        *,
        measure: str = "",
        untrained: int | None = None,
        seed: int = 0,
    ) -> dict[str, Onset]:
        """Since when ``variable`` can be read, by place: the first recorded step from which what is read beyond the
        untrained network stays over half of its maximum.

        places: some of those that were measured; none means all. network: one of several. measure: which way of
        measuring, where there are several that keep groups. untrained: the step that is the control; 0 where none is
        said. The answer lies between two recorded steps; its interval is of draws of the groups of rows, the same at
        every step, and of members. It may also be "from the start" (the untrained network holds half already), "comes
        and goes", or "never" (:class:`infoscope.measure.intervals.onset.Onset`).

        Asks for what a run keeps of its groups, with ``usable_information(scores=true)`` among its measures.

        Raises
        ------
        UnknownNameError: no such variable, place or network. RunFolderError: the run keeps nothing of groups.
        InputError: several ways of measuring, no untrained step, or rows that differ between steps.
        """
        from infoscope.scanning.since import since_when

        wanted = [places] if isinstance(places, str) else list(places)
        return since_when(self.folder, self._one_network(network), variable, wanted, measure, untrained, seed)

    def probe(
        self,
        variable: str,
        place: str = "",
        step: int | None = None,
        probe: str = "linear",
        network: str | None = None,
        model: Callable[[], Any] | None = None,
        *,
        member: int = 0,
        groups: Any = None,
        **options: Any,
    ) -> FittedProbe:
        """The fitted probe itself: of ``variable`` at one place and step, to apply to new states.

        It says ``.predict_log_proba(states [n, d])`` and ``.predict(states)``, and is kept in the run folder, with its
        scaling, classes and where it is from (``probes/``, safetensors); :func:`infoscope.load_probe` reads it again,
        :func:`infoscope.save_probe` writes it elsewhere. place: the last before the output where none is named. step:
        the last recorded. probe: ``"linear"``, ``"sparse"``, ``"mlp"`` or ``"mlp3"``, fitted to all rows with what
        cross-fitting chose. network, model, groups: as of :meth:`measure`. options: those of the probe, and ``seed``.

        Raises
        ------
        UnknownNameError: no such variable, place, network or probe. InputError: a step that was not recorded, or a
            family that cannot be kept. RunFolderError: no snapshots, or a watched run without ``model``.
        """
        from infoscope.scanning.kept_probes import of_run

        name = self._one_network(network)
        replay = self.replay(name, model, groups)
        with self.folder.writing():
            return of_run(self.folder, replay, name, variable, place, step, member, probe, **options)

    def _one_network(self, network: str | None) -> str:
        if network is None and len(self.networks) != 1:
            raise InputError(f"this run has {len(self.networks)} networks ({', '.join(self.networks)}): name one")
        return self._named(network or self.networks[0])

    def replay(
        self,
        network: str,
        model: Callable[[], Any] | None,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
        device: str | None = None,
    ) -> Replay:
        """What is needed to run a network again at its recorded steps; the arguments are those of :meth:`measure`."""
        from infoscope.claim.running import plan_of
        from infoscope.record.building import placed
        from infoscope.scanning.replay import EnsembleReplay
        from infoscope.scanning.scanned_replay import ScannedReplay
        from infoscope.scanning.watched_replay import WatchedReplay

        trajectory = self.trajectory_of(network)
        if not len(trajectory):
            raise RunFolderError(
                f"{self.folder.path} holds no snapshots of {network}, so there is nothing to measure again"
            )
        recipe = self.folder.manifest()["networks"][network].get("recipe", {})
        if isinstance(trajectory, ReferredTrajectory):
            first = trajectory.checkpoint(trajectory.steps[0])
            if model is None:
                from infoscope.record.building import build_of

                model = build_of(first)
            if model is None:
                raise RunFolderError(
                    f"no config.json lies beside {first}, so only you can build its network: pass model=, a function "
                    "that returns it (on the command line --model package.module:function)"
                )
            return ScannedReplay(self.folder, network, placed(model, device)(), groups, variables)
        if "watched" not in recipe:
            if variables:
                raise InputError(
                    f"variables by name arrived ({', '.join(variables)}) for {self.folder.path}, whose variables are "
                    "those of its task: only a run of infoscope.watch or infoscope.scan takes further ones"
                )
            where = "cpu" if device is None else check.device(device)
            return EnsembleReplay(self.folder, network, plan_of(self.folder, network), where, groups)
        if model is None:
            raise RunFolderError(
                f"{self.folder.path} was watched, so only you can build its network: pass model=, a function that "
                "returns it (on the command line --model package.module:function)"
            )
        return WatchedReplay(self.folder, network, placed(model, device)(), groups, variables)

    def claims(self) -> list[dict[str, Any]]:
        """Judge the rows this run holds now; stores and returns the verdicts (while another process writes here, they
        are not stored).

        Raises
        ------
        RunFolderError: no run of a paper's figure, or one that was not run for want of data.
        """
        from infoscope.claim.running import judge
        from infoscope.show.notebook import Verdicts

        manifest = self.folder.manifest()
        if manifest.get("state") == "no data" and not len(self.rows):
            raise RunFolderError(
                f"{self.folder.path} was not run for want of data, so there is nothing to judge: {manifest['missing']}"
            )
        return Verdicts(judge(self.folder))

    def check(self, *, repair: bool = False, accept_loss: bool = False, device: str = "cpu") -> Checked:
        """Whether every file of the run is as it was written: all are read and held against their recorded hashes.

        repair: make anew what is lost, where it can be: the run of a paper's figure is trained, measured and judged
        again where something is missing, to the same bits. accept_loss: with it, go on without what cannot be. device:
        where networks train.

        Raises
        ------
        RunFolderError: ``run.json`` itself is damaged, or another process writes here; with ``repair``, training anew
            gave other weights.
        """
        from infoscope.record.checking import checked

        if accept_loss and not repair:
            raise InputError("accept_loss arrived without repair=True: pass both, to go on without what is lost")
        if not repair:
            return checked(self.folder)
        from infoscope.claim.repairing import repair as repaired

        return repaired(self.folder, device, accept_loss=accept_loss)

    def report(self, path: str | Path | None = None, *, with_command: bool = False) -> Path:
        """Write the self-contained HTML report, by default ``report.html`` in the run folder; returns where.

        with_command: also show the command that made the run, without its secrets.
        """
        from infoscope.show.report import write_report

        return write_report(
            [self.folder], Path(path) if path else self.folder.path / "report.html", with_command=with_command
        )


@dataclass(frozen=True, eq=False)
class _Replays:
    """Makes the replays of a run in a worker. model, groups, device: as of :meth:`Run.measure`."""

    model: Callable[[], Any] | None
    groups: Any
    device: str | None

    def __call__(self, folder: RunFolder, network: str) -> Replay:
        return Run(folder).replay(network, self.model, self.groups, None, self.device)
