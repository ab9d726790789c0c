"""Train, measure, compute and judge one figure in one run folder; killed, the same call goes on to the same rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoscope.claim.borrowing import SEVERAL, Collected, Neighbours, confirmed, measured_with
from infoscope.claim.computation import Computation
from infoscope.claim.dealt import Lacking, compute_dealt, look, measure_network_dealt, train_dealt, train_first
from infoscope.claim.expected import TRAINING as TRAININGS
from infoscope.claim.expected import expected
from infoscope.claim.figure import Figure
from infoscope.claim.judging import Guess, verdicts
from infoscope.claim.scores import append_derived, sweeps
from infoscope.claim.trainings import plan_of, train_network
from infoscope.core import check, processors, registry
from infoscope.core.errors import BusyError, DamagedError, DataMissingError, RunFolderError
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.privacy import shareable
from infoscope.core.progress import progress, say, whole
from infoscope.core.provenance import fingerprint, provenance
from infoscope.core.rows import TRAINING, Rows
from infoscope.core.units import counted
from infoscope.data._counted import entropy
from infoscope.data.definition import Task
from infoscope.data.held import held as load_task
from infoscope.engine.engine import Engine
from infoscope.scanning.dealt import taken_over
from infoscope.scanning.learning_curves import measure_training
from infoscope.scanning.one_pass import measure
from infoscope.scanning.plan import NetworkPlan
from infoscope.scanning.replay import EnsembleReplay, shares_split

#: The note on a verdict of a run that an infoscope before 0.2 made.
UNRECORDED = "the run was made before files were listed with their hashes, so that nothing says whether they are whole"
JUDGED = 0.1  # seconds that a figure takes of which all is done
MEMBERS_A_PART = 5  # of a computation: what is computed between two writes


def run_figure(
    figure_id: str,
    preset: str,
    seeds: int | None,
    out: Path,
    device: str = "cpu",
    engine: Engine | None = None,
    sinks: Sequence[Sink] = (),
) -> RunFolder:
    """Run ``figure_id`` (e.g. ``"saxe2018/tanh"``) into ``out/<paper>-<figure>-<preset>`` and judge it.

    At ``long`` the cost is said first, and a figure that has nothing to train for longer there is run at ``laptop``.

    Where the figure's data can be neither found nor downloaded, it is neither run nor judged: ``run.json`` holds the
    reason under ``missing``, and under ``left out`` how many claims that costs.

    engine: whose workers train its networks, each one of them, and measure its steps and compute its members; the rows
    are the same. sinks: who else is told of rows as they are stored.

    Raises
    ------
    RunFolderError: the folder holds a run with other arguments, or another process writes to it.
    InputError: fewer seeds than 1, or a device torch cannot use here. UnknownNameError: no such figure or preset.
    """
    figure: Figure = registry.load("figures", figure_id)()
    wanted = figure.plan(preset, seeds)
    check.device(device)
    if preset == "long":
        preset = figure.preset(preset)
        say(f"{figure_id}: {figure.told(seeds) or 'nothing in it wants a longer training, so it is run at laptop'}")
    path = path_of(out, figure_id, preset)
    with RunFolder(path).writing():  # before anything is looked for: of two, one begins
        folder = open_or_create(path, figure_id, figure, preset, wanted)
        folder.sinks = sinks
        carry_out(folder, figure, wanted, device, engine)
    return folder


def path_of(out: Path, figure_id: str, preset: str) -> Path:
    """The run folder of a figure in ``out``."""
    return out / f"{figure_id.replace('/', '-')}-{preset}"


def train_figures(
    figures: Sequence[str], preset: str, seeds: int | None, out: Path, device: str, engine: Engine
) -> None:
    """Train the networks of several figures, side by side; :func:`run_figure` goes on from there.

    Inside one progress over trainings and figures, the pieces of the latter are foreseen.

    Raises
    ------
    EngineError: trainings failed, after the others were done; or workers cannot be had. UnknownNameError, InputError:
        as of :func:`run_figure`.
    """
    check.device(device)
    planned: dict[Path, tuple[str, dict[str, NetworkPlan | Computation]]] = {}

    def opened(figure_id: str, held: ExitStack) -> tuple[RunFolder, dict[str, NetworkPlan]]:
        figure: Figure = registry.load("figures", figure_id)()
        wanted = figure.plan(preset, seeds)
        which = figure.preset(preset) if preset == "long" else preset
        path = path_of(out, figure_id, which)
        held.enter_context(RunFolder(path).writing())
        planned[path] = figure_id, wanted
        folder = open_or_create(path, figure_id, figure, which, wanted)
        return folder, {name: plan for name, plan in wanted.items() if isinstance(plan, NetworkPlan)}

    with whole("training", {"trainings": {}}) as over:

        def told(looked: Lacking) -> None:
            first = f"{counted(len(looked.wanted), 'training')} of {counted(len(figures), 'figure')} first"
            over.expect({TRAININGS: looked.seconds}, f"{first}, {counted(engine.workers, 'worker')}: about {{time}}")
            for path, costs in looked.costs.items():
                name, wanted = planned[path]
                over.foresee(name, expected(wanted, dealt=True, trained=set(costs), costs=costs).stages)

        train_first(engine, [partial(opened, figure) for figure in figures], device, told)


def foreseen(figures: Sequence[str], preset: str, seeds: int | None, out: Path) -> dict[str, dict[str, float]]:
    """Seconds that each of several figures is likely to take, one after the other, by stage.

    Networks that an earlier one trains are borrowed; of a figure that is done, or has no data, hardly anything is left.

    Raises
    ------
    UnknownNameError, InputError: as of :func:`run_figure`. RunFolderError: a folder that holds a damaged run.
    """
    found: dict[str, dict[str, float]] = {}
    lent: list[dict[str, Any]] = []
    for figure_id in figures:
        figure: Figure = registry.load("figures", figure_id)()
        wanted, folder = figure.plan(preset, seeds), RunFolder(path_of(out, figure_id, figure.preset(preset)))
        trainings = {name: plan.training() for name, plan in wanted.items() if isinstance(plan, NetworkPlan)}
        trained = {name for name, training in trainings.items() if training in lent}
        found[figure_id] = _likely(figure_id, folder, wanted, trained)
        lent += trainings.values()
    return found


def _likely(
    figure_id: str, folder: RunFolder, wanted: Mapping[str, NetworkPlan | Computation], trained: Collection[str]
) -> dict[str, float]:
    done = {f"{figure_id}: judging": JUDGED}
    if folder.manifest_path.exists() and folder.manifest().get("state") == "done":
        return done
    try:
        return expected(wanted, trained=trained).stages
    except DataMissingError:
        return done


def carry_out(
    folder: RunFolder,
    figure: Figure,
    wanted: Mapping[str, NetworkPlan | Computation],
    device: str = "cpu",
    engine: Engine | None = None,
) -> None:
    """Train, measure, compute and judge what the run in ``folder`` lacks; raises as :func:`run_figure` does."""
    plans = {name: plan for name, plan in wanted.items() if isinstance(plan, NetworkPlan)}
    with folder.writing():
        taken_over(folder)
        neighbours, there = Neighbours(folder, device), folder.rows()
        try:
            measured = _measured_with(folder, there, device)
            tasks = {plan.task: load_task(plan.task) for plan in plans.values()}  # held until all is done
            folder.update({**_of_the_data(plans.values(), tasks), "missing": None, "measured with": measured})
        except DataMissingError as reason:
            left_out = len(figure.judge(Rows.concat([])))
            folder.update({"state": "no data", "missing": shareable(str(reason)), "left out": left_out})
            return
        with whole(folder.id, {folder.id: {}}) as over:
            trained = {
                name
                for name, plan in plans.items()
                if len(folder.listed_snapshots(name) or ()) >= len(plan.epochs) or neighbours.known(name, plan)
            }
            likely = expected(wanted, dealt=engine is not None, trained=trained)
            over.expect(likely.stages, likely.about)
            if engine is not None:
                folder.update({"state": "training"})
                train_dealt(engine, look([(folder, plans)], device), device)
            for name, plan in plans.items():
                folder.update({"state": "training"})
                train_network(folder, name, plan, device, neighbours)
            for name, plan in plans.items():
                folder.update({"state": "measuring"})
                measure_network(folder, name, plan, device, neighbours, there.filter(network=name), engine)
            for name, plan in wanted.items():
                if isinstance(plan, Computation):
                    folder.update({"state": "computing"})
                    compute(folder, name, plan, engine)
        judge(folder)
        folder.merge_parts()
        folder.update({"state": "done"})


def _measured_with(folder: RunFolder, there: Rows, device: str) -> str:
    """What all rows of the run will have been measured with, or that they will not all be alike."""
    now = measured_with(device)
    return now if folder.manifest().get("measured with", SEVERAL if len(there) else now) == now else SEVERAL


def _of_the_data(plans: Iterable[NetworkPlan], tasks: Mapping[str, Task]) -> dict[str, dict[str, Any]]:
    """What run.json says of the tasks: hashes, what is known exactly, what guessing comes to; arrays are not kept."""
    found: dict[str, dict[str, Any]] = {"data": {}, "ceilings": {}, "guessing": {}}
    for plan in plans:
        task = tasks[plan.task]
        found["data"][plan.task], found["ceilings"][plan.task] = (
            dict(task.hashes),
            {**task.entropies, **task.information},
        )
        found["guessing"].setdefault(plan.task, {})[plan.trained_on] = _guess(task, plan.trained_on)._asdict()
    return found


def _guess(task: Task, trained_on: str) -> Guess:
    variable = trained_on or task.trained_on
    labels = task.variables[variable]
    least = task.entropies[variable] - task.information[variable] if variable in task.information else 0.0
    return Guess(entropy(labels), float(np.bincount(labels).max() / len(labels)), least)


def _guesses(folder: RunFolder) -> dict[str, Guess]:
    """What guessing comes to, by trained network: as stored, else as the task has it, else for classes as frequent."""
    stored = folder.manifest().get("guessing", {})
    found: dict[str, Guess] = {}
    for name, content in folder.manifest()["networks"].items():
        if content.get("computed"):
            continue
        plan = plan_of(folder, name)
        known = stored.get(plan.task, {}).get(plan.trained_on)
        if known is None:  # a run of an older infoscope
            try:
                known = _guess(load_task(plan.task), plan.trained_on)._asdict()
            except DataMissingError:
                classes = plan.network.outputs
                known = Guess(math.log(classes), 1 / classes)._asdict()
        found[name] = Guess(**known)
    return found


def _varied(folder: RunFolder) -> dict[str, str]:
    """What differs from seed to seed, by trained network."""
    plans = {n: plan_of(folder, n) for n, about in folder.manifest()["networks"].items() if not about.get("computed")}
    published = {plan.task: registry.load("tasks", plan.task).split_published for plan in plans.values()}
    return {
        name: "of weights and order, one split"
        if shares_split(plan, published[plan.task])
        else "of weights, order and split"
        for name, plan in plans.items()
    }


def open_or_create(
    path: Path, figure_id: str, figure: Figure, preset: str, plans: dict[str, NetworkPlan | Computation]
) -> RunFolder:
    """The run folder at ``path``, new, or the same run's to go on with."""
    networks = {name: plan.to_json() for name, plan in plans.items()}
    if (path / "run.json").exists():
        folder = RunFolder.open(path)
        there = folder.manifest()
        if there.get("figure") != figure_id or _arguments(there["networks"]) != _arguments(networks):
            raise RunFolderError(
                f"{path} holds a run with other arguments ({there.get('command', 'unknown command')}): "
                "pass another --out, or delete that folder"
            )
        return folder
    first = next(iter(plans.values()))
    return RunFolder.create(
        path,
        {
            "title": figure.title,
            "figure": figure_id,
            "where": figure.where,
            "preset": preset,
            "seeds": list(first.seeds),
            "networks": {name: {**networks[name], "sites": _sites(plan)} for name, plan in plans.items()},
            "state": "created",
            "threads": {"cores": processors.usable(), "torch": torch.get_num_threads()},
            **provenance(),
        },
    )


def _arguments(networks: dict[str, Any]) -> str:
    """Equal for equal arguments, also where a run is older than a field of a plan, which then had its default."""
    return fingerprint(
        {
            name: content if content.get("computed") else NetworkPlan.from_json(content).to_json()
            for name, content in networks.items()
        }
    )


def _sites(plan: NetworkPlan | Computation) -> list[str]:
    return list(plan.sites if isinstance(plan, Computation) else plan.network.layers)


def measure_network(
    folder: RunFolder,
    name: str,
    plan: NetworkPlan,
    device: str = "cpu",
    neighbours: Neighbours | None = None,
    there: Rows | None = None,
    engine: Engine | None = None,
) -> None:
    """Learning curves, gradient statistics and every planned measure, at the recorded steps that lack them.

    What ``neighbours`` have measured already is taken over, once it has shown to be what is measured here. there: the
    rows of this network, where they have been read already. engine: whose workers measure the rest.
    """
    replay = EnsembleReplay(folder, name, plan, device)
    there = folder.rows().filter(network=name) if there is None else there

    def measured(there: Rows, **how: Any) -> None:
        measure_training(folder, name, replay, f"{name}: learning curves", there=there, **how)
        measure(
            folder, name, replay, plan.measures, f"{name}: measuring",
            lambda other: EnsembleReplay(folder, other, plan_of(folder, other), device), there=there, **how,
        )  # fmt: skip

    own = Collected()
    for lender, lent in (neighbours.rows(name, plan, there, replay.named) if neighbours else {}).items():
        measured(Rows.concat([there, own.rows]), at={lent.column("step").min()}, sinks=[own])
        if (taken := confirmed(lent, own.rows)) is None:
            say(f"{name}: {lender} measured the same networks and came to other rows, so they are measured here")
            continue
        borrowed = folder.manifest().get("borrowed rows", {})
        folder.update({"borrowed rows": {**borrowed, name: {**borrowed.get(name, {}), lender: len(taken)}}})
        folder.append(taken)
        say(f"{name}: {len(taken)} rows taken over from {lender}, which measured the same networks")
        there = Rows.concat([there, taken])
    if engine is not None:
        measure_network_dealt(engine, folder, name, plan, device, replay)
    else:
        measured(Rows.concat([there, own.rows]))


def compute(folder: RunFolder, name: str, computation: Computation, engine: Engine | None = None) -> None:
    """Append the rows of the members that have none yet, a few members a part; a part holds members whole.

    engine: whose workers compute them.
    """
    there = set(folder.rows().filter(network=name).unique("member"))
    members = range(max(1, len(computation.seeds)))
    missing = [member for member in members if member not in there]
    if engine is not None:
        compute_dealt(engine, folder, name, computation, missing)
        return
    with progress(f"{name}: computing", len(members), len(members) - len(missing)) as shown:
        for start in range(0, len(missing), MEMBERS_A_PART):
            part = missing[start : start + MEMBERS_A_PART]
            folder.append(computation.rows(folder.id, name, part))
            folder.beat()
            shown.advance(len(part))


def judge(folder: RunFolder) -> list[dict[str, Any]]:
    """Apply the figure's rules to the rows that its own plan asked for, store the verdicts and return them.

    What was measured with other options since is looked at in the report and decides nothing; it may be part of a
    sweep, whose scores are stored beside the rows. While another process writes here, verdicts are not stored.

    Raises
    ------
    RunFolderError: no run of a paper's figure, or rows that are missing, damaged or cannot be read.
    """
    manifest, rows = folder.manifest(), folder.rows()
    if manifest.get("figure") is None:
        raise RunFolderError(
            f"{folder.path} is no run of a paper's figure, so it has no claims: `infoscope report` shows its rows"
        )
    if not len(rows) and manifest.get("state") == "done":  # of a run that lists no parts, or somebody's edit
        raise DamagedError(f"{folder.rows_path} holds no rows, though the run is done: restore them from a copy")
    figure: Figure = registry.load("figures", manifest["figure"])()
    planned: list[Rows] = []
    for name, content in manifest["networks"].items():
        if content.get("computed"):
            planned.append(rows.filter(network=name))
        else:
            planned.append(rows.filter(network=name, estimator=TRAINING))
            planned += [wanted.rows(rows, name) for wanted in plan_of(folder, name).measures]
    measured = Rows.concat(planned).latest()
    seeds = len(manifest["seeds"])
    found = verdicts(figure, measured, _guesses(folder), folder.id, manifest["preset"], seeds, _varied(folder))
    if not folder.recorded:
        found = [dataclasses.replace(one, notes=(*one.notes, UNRECORDED)) for one in found]
    content = [verdict.to_json() for verdict in found]
    with suppress(BusyError), folder.writing():
        append_derived(folder, Rows.concat([figure.derived(measured), sweeps(rows)]))
        folder.store_verdicts(content)
    return content
