"""What workers of an engine do of a paper's figures: trainings of all of them first, then steps and members of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from infoscope.claim.borrowing import Neighbours
from infoscope.claim.computation import Computation
from infoscope.claim.figure import Figure
from infoscope.claim.trainings import NetworkTraining, lay, plan_of
from infoscope.core import registry
from infoscope.core.errors import InfoscopeError
from infoscope.core.folder import JOBS, RunFolder
from infoscope.core.progress import progress
from infoscope.core.rows import Rows
from infoscope.core.shares import SCHEMA
from infoscope.core.workers_view import WorkersView
from infoscope.data.held import held as load_task
from infoscope.engine.engine import Engine
from infoscope.engine.in_order import in_order, told
from infoscope.engine.job import Failure, Job
from infoscope.engine.job_file import JobAnswer
from infoscope.scanning.dealt import DealtPass, answer, carry_out, cut, measure_dealt, new_file
from infoscope.scanning.learning_curves import measure_training, without_curves
from infoscope.scanning.plan import NetworkPlan
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.trainer import Layout
from infoscope.train.training import make_trainer


@dataclass(frozen=True, eq=False)
class DealtTraining:
    """The whole training of one network of the run at ``folder``; its snapshots are files of the run already."""

    folder: Path
    network: str
    plan: NetworkPlan
    device: str

    def begin(self) -> Callable[[None], JobAnswer]:
        """Read what there is of it."""
        training = NetworkTraining.of(WorkersView(self.folder), self.network, self.plan)

        def trained(_: None) -> JobAnswer:
            training.train(self.device)
            return JobAnswer({"trained": self.network})

        return trained


def train_dealt(engine: Engine, runs: Sequence[tuple[RunFolder, dict[str, NetworkPlan]]], device: str) -> None:
    """Train the networks that runs lack, each a job, the dearest first; of networks that are trained alike the first.

    The others take them over when they are run, as they do from a neighbour. Where there is one network alone, nothing
    is done, since its members train side by side in this process. For the one writer of all of ``runs``.

    Raises
    ------
    EngineError: trainings failed, after the others were done; or workers cannot be had.
    """
    wanted = sorted(_wanted(runs, device), key=lambda one: one.cost, reverse=True)
    jobs: list[Job] = []
    for one in wanted if len(wanted) > 1 else ():
        if one.layout is not None:  # as it would be here, for the same bits
            lay(one.folder, one.network, one.layout)
        work = DealtTraining(one.folder.path.absolute(), one.network, one.plan, device)
        name = f"the training of {one.network} of {one.folder.path}"
        jobs.append(Job(name, work, None, new_file(one.folder, "training", one.network)))
    folders = {one.folder.path: one.folder for one in wanted}
    failures: list[tuple[Job, Failure]] = []
    with progress("training networks", len(jobs)) as shown:
        for job, found in in_order(engine, jobs, lambda: _beat(folders.values())):
            failures += [(job, found)] if isinstance(found, Failure) else []
            job.file.unlink(missing_ok=True)
            shown.advance()
    for folder in folders.values():
        folder.update({})  # lists the snapshots
        with suppress(OSError):
            (folder.path / JOBS).rmdir()
    if failures:
        raise told(failures, len(jobs))


class _Wanted(NamedTuple):
    """A network that is to be trained; it holds no data. alike: equal for those that are trained to the same bits.

    cost: beside that of others. layout: how its work would be laid over the cores here.
    """

    folder: RunFolder
    network: str
    plan: NetworkPlan
    alike: str
    cost: float
    layout: Layout | None


def _wanted(runs: Sequence[tuple[RunFolder, dict[str, NetworkPlan]]], device: str) -> list[_Wanted]:
    """What is to be trained, each once; of a run without data nothing.

    Task by task, each loaded once and held no longer than its networks are looked at: this process has nothing to do
    with data while workers train.
    """
    of_task: dict[str, list[tuple[RunFolder, Neighbours, str, NetworkPlan]]] = {}
    for folder, plans in runs:
        neighbours = Neighbours(folder, device)
        for name, plan in plans.items():
            of_task.setdefault(plan.task, []).append((folder, neighbours, name, plan))
    lacking, without = list[_Wanted](), set[Path]()
    for task, networks in of_task.items():
        try:
            held = load_task(task)
        except InfoscopeError:
            without |= {folder.path for folder, *_ in networks}
            continue
        for folder, neighbours, name, plan in networks:
            training = NetworkTraining.of(folder, name, plan)
            if training.lost and not training.borrowed(neighbours):
                layout = make_trainer(training.ensemble, device=device, layout=training.layout).layout
                lacking.append(_Wanted(folder, name, plan, neighbours.trained_alike(plan), _cost(training), layout))
        del held
    found: dict[str, _Wanted] = {}
    for one in lacking:
        if one.folder.path not in without:
            found.setdefault(one.alike, one)
    return list(found.values())


def _cost(training: NetworkTraining) -> float:
    """About how much a training costs beside others: multiply-adds of all members in all epochs."""
    members, rows = training.ensemble.train.shape
    weights = sum(tensor.numel() for tensor in training.plan.network.initial(training.plan.seeds[:1]).values())
    return float(members) * rows * weights * training.plan.epochs[-1]


def _beat(folders: Iterable[RunFolder]) -> None:
    for folder in folders:
        folder.beat()


@dataclass(frozen=True)
class EnsembleReplays:
    """Makes the replay of a network of a figure in a worker. device: where it runs again."""

    device: str

    def __call__(self, folder: RunFolder, network: str) -> EnsembleReplay:
        return EnsembleReplay(folder, network, plan_of(folder, network), self.device)


def _curves(folder: WorkersView, network: str, replay: EnsembleReplay, there: Rows, steps: Sequence[int]) -> None:
    measure_training(folder, network, replay, "", there=there, at=steps)


def measure_network_dealt(
    engine: Engine, folder: RunFolder, name: str, plan: NetworkPlan, device: str, replay: EnsembleReplay
) -> None:
    """Learning curves and every planned measure, some steps a job; raises as
    :func:`infoscope.scanning.dealt.measure_dealt` does."""
    work = DealtPass(folder.path.absolute(), name, plan.measures, EnsembleReplays(device), _curves)
    more = without_curves(folder, name, replay)
    measure_dealt(engine, folder, replay, work, f"{name}: measuring", more=more)


@dataclass(frozen=True, eq=False)
class DealtComputation:
    """What is computed without training, some members a job. figure, preset, seeds: of which it is part ``network``."""

    folder: Path
    figure: str
    preset: str
    seeds: int | None
    network: str

    @property
    def asked(self) -> str:
        """Whose members are computed."""
        return self.network

    def begin(self) -> Callable[[Sequence[int]], JobAnswer]:
        """Plan the figure."""
        figure: Figure = registry.load("figures", self.figure)()
        computation = figure.plan(self.preset, self.seeds)[self.network]
        assert isinstance(computation, Computation)
        folder = WorkersView(self.folder)

        def computed(members: Sequence[int]) -> JobAnswer:
            rows = computation.rows(folder.id, self.network, members)
            return answer(folder, self.network, rows, SCHEMA.empty_table())

        return computed


def compute_dealt(engine: Engine, folder: RunFolder, name: str, computation: Computation, members: list[int]) -> None:
    """Append the rows of ``members``, some a job; raises as :func:`infoscope.scanning.dealt.carry_out` does."""
    content = folder.manifest()
    work = DealtComputation(
        folder.path.absolute(), content["figure"], content["preset"], len(content["seeds"]) or None, name
    )
    total = max(1, len(computation.seeds))
    carry_out(engine, folder, work, cut(members, engine), f"{name}: computing", total, "member")


def train_first(
    engine: Engine, figures: Sequence[Callable[[ExitStack], tuple[RunFolder, dict[str, NetworkPlan]]]], device: str
) -> None:
    """:func:`train_dealt` for several figures, each of which opens its run, and holds it, when it is called.

    A figure that is refused is left out, since it is refused again when it is run.
    """
    runs: list[tuple[RunFolder, dict[str, NetworkPlan]]] = []
    with ExitStack() as held:
        for opened in figures:
            with suppress(InfoscopeError):
                runs.append(opened(held))
        train_dealt(engine, runs, device)
