"""What workers of an engine do of a paper's figures: trainings of all of them first, then steps and members of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from infoscope.claim import apart
from infoscope.claim.borrowing import Neighbours
from infoscope.claim.computation import Computation
from infoscope.claim.expected import TRAINING, NetworkCost, cost
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
from infoscope.train.trainer import Layout, together

#: In how many jobs a training is cut that comes to a worker's share of all trainings: so many that others fill gaps.
JOBS_A_SHARE = 4


@dataclass(frozen=True, eq=False)
class DealtTraining:
    """The training of one network of the run at ``folder``: of all members, or of those that a job is told.

    Its snapshots are files of the run already; those of some members lie in a folder of their own until all are there.
    """

    folder: Path
    network: str
    plan: NetworkPlan
    device: str

    def begin(self) -> Callable[[tuple[int, int] | None], JobAnswer]:
        """Read what there is of it."""
        whole = NetworkTraining.of(WorkersView(self.folder), self.network, self.plan)

        def trained(members: tuple[int, int] | None) -> JobAnswer:
            training = whole if members is None else whole.of_members(slice(*members), self.device)
            training.train(self.device)
            return JobAnswer({"trained": self.network})

        return trained


def train_dealt(engine: Engine, looked: Lacking, device: str) -> None:
    """Train what runs lack, each network a job, the dearest first; of networks that are trained alike the first.

    The others take them over when they are run, as they do from a neighbour. A network that is dearer than a worker's
    share of all of them is cut into several jobs, where its trainer has members that train apart. One that cannot be
    cut and is alone is left to this process. For the one writer of all of the runs.

    Raises
    ------
    EngineError: trainings failed, after the others were done; or workers cannot be had.
    """
    wanted, share = looked.wanted, looked.seconds / engine.workers
    jobs: dict[Job, float] = {}  # with what each costs
    cuts: list[tuple[_WantedTraining, list[Job]]] = []
    for one in wanted:
        cut = apart.begun(one.folder, one.network, lambda one=one: one.apart) or one.cut(share)
        if len(wanted) == len(cut) == 1:
            continue
        dealt = one.jobs(cut, device)
        jobs |= {job: one.cost / len(dealt) for job in dealt}
        cuts += [(one, dealt)] if len(cut) > 1 else []
    jobs = dict(sorted(jobs.items(), key=lambda each: each[1], reverse=True))
    folders = {one.folder.path: one.folder for one in wanted}
    failures: list[tuple[Job, Failure]] = []
    with progress(TRAINING, sum(jobs.values())) as shown:
        for job, found in in_order(engine, list(jobs), lambda: _beat(folders.values())):
            failures += [(job, found)] if isinstance(found, Failure) else []
            job.file.unlink(missing_ok=True)
            shown.advance(jobs[job])
    for one, dealt in cuts:
        if not any(job in dealt for job, _ in failures):
            _joined(one)
    for folder in folders.values():
        folder.update({})  # lists the snapshots
        with suppress(OSError):
            (folder.path / JOBS).rmdir()
    if failures:
        raise told(failures, len(jobs))


class _WantedTraining(NamedTuple):
    """A network that is to be trained; it holds no data. alike: equal for those that are trained to the same bits.

    cost: beside that of others. layout: how its work would be laid over the cores here. apart: which of its members
    train to the same bits without the others.
    """

    folder: RunFolder
    network: str
    plan: NetworkPlan
    alike: str
    cost: float
    layout: Layout | None
    apart: list[slice]

    def cut(self, share: float) -> list[slice]:
        """How its members are cut into jobs, where ``share`` is a worker's of all that is to be trained."""
        dear = self.cost > share * (1 + 1e-9)
        return together(self.apart, math.ceil(JOBS_A_SHARE * self.cost / share) if dear else 1)

    def jobs(self, cut: Sequence[slice], device: str) -> list[Job]:
        """A job for each piece of a cut; what they are to go by is recorded."""
        if self.layout is not None:  # as it would be here, for the same bits
            lay(self.folder, self.network, self.layout)
        work = DealtTraining(self.folder.path.absolute(), self.network, self.plan, device)
        name = f"the training of {self.network} of {self.folder.path}"
        if len(cut) == 1:
            return [Job(name, work, None, new_file(self.folder, "training", self.network))]
        apart.begin(self.folder, self.network, cut)
        return [
            Job(
                f"members {one.start} to {one.stop - 1} in {name}", work, (one.start, one.stop),
                new_file(self.folder, "training", self.network, one.start, one.stop), near=name,
            )
            for one in cut
        ]  # fmt: skip


def _joined(one: _WantedTraining) -> None:
    training = NetworkTraining.of(one.folder, one.network, one.plan)
    training.join(apart.begun(one.folder, one.network, lambda: one.apart))


class Lacking(NamedTuple):
    """What runs lack of trainings, each once, and of every network of theirs what it costs, by run and by name."""

    wanted: list[_WantedTraining]
    costs: dict[Path, dict[str, NetworkCost]]

    @property
    def seconds(self) -> float:
        """Of all trainings, beside those of others."""
        return sum(one.cost for one in self.wanted)


def look(runs: Sequence[tuple[RunFolder, dict[str, NetworkPlan]]], device: str) -> Lacking:
    """What is to be trained; of a run without data nothing.

    Task by task, each loaded once and held no longer than its networks are looked at: this process has nothing to do
    with data while workers train.
    """
    of_task: dict[str, list[tuple[RunFolder, Neighbours, str, NetworkPlan]]] = {}
    for folder, plans in runs:
        neighbours = Neighbours(folder, device)
        for name, plan in plans.items():
            of_task.setdefault(plan.task, []).append((folder, neighbours, name, plan))
    lacking, without, costs = list[_WantedTraining](), set[Path](), dict[Path, dict[str, NetworkCost]]()
    for task, networks in of_task.items():
        try:
            held = load_task(task)
        except InfoscopeError:
            without |= {folder.path for folder, *_ in networks}
            continue
        for folder, neighbours, name, plan in networks:
            training, seconds = NetworkTraining.of(folder, name, plan), cost(plan)
            costs.setdefault(folder.path, {})[name] = seconds
            if training.lost and not training.borrowed(neighbours):
                trainer, alike = training.trainer(device), neighbours.trained_alike(plan)
                runs_of = [slice(0, len(plan.seeds))] if training.begun else trainer.apart()  # to go on, all of them
                lacking.append(_WantedTraining(folder, name, plan, alike, seconds.training, trainer.layout, runs_of))
        del held
    found: dict[str, _WantedTraining] = {}
    for one in lacking:
        if one.folder.path not in without:
            found.setdefault(one.alike, one)
    return Lacking(list(found.values()), {path: of for path, of in costs.items() if path not in without})


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
    engine: Engine,
    figures: Sequence[Callable[[ExitStack], tuple[RunFolder, dict[str, NetworkPlan]]]],
    device: str,
    told: Callable[[Lacking], None],
) -> None:
    """:func:`train_dealt` for several figures, each of which opens its run, and holds it, when it is called.

    A figure that is refused is left out, since it is refused again when it is run. told: of what there is to train,
    before it begins.
    """
    runs: list[tuple[RunFolder, dict[str, NetworkPlan]]] = []
    with ExitStack() as held:
        for opened in figures:
            with suppress(InfoscopeError):
                runs.append(opened(held))
        looked = look(runs, device)
        told(looked)
        train_dealt(engine, looked, device)
