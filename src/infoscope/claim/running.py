"""Train, measure, compute and judge one figure in one run folder; killed, the same call goes on to the same rows."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoscope.claim.borrowing import SEVERAL, Collected, Neighbours, confirmed, measured_with
from infoscope.claim.computation import Computation
from infoscope.claim.figure import Figure
from infoscope.claim.judging import Guess, verdicts
from infoscope.claim.scores import append_derived, sweeps
from infoscope.core import processors, registry
from infoscope.core.errors import BusyError, DamagedError, DataMissingError, InputError, RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.core.privacy import shareable
from infoscope.core.progress import progress, say
from infoscope.core.provenance import fingerprint, provenance
from infoscope.core.rows import TRAINING, Rows
from infoscope.data._counted import entropy
from infoscope.data.definition import Task
from infoscope.data.held import held as load_task
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.learning_curves import measure_training
from infoscope.scanning.one_pass import measure
from infoscope.scanning.plan import NetworkPlan
from infoscope.scanning.replay import EnsembleReplay, shares_split
from infoscope.train.trainer import Layout, State
from infoscope.train.training import initial_state, make_trainer

#: Between recorded epochs the trainer comes up for air, for progress, heartbeat and stored state: after as many epochs
#: as take about so many seconds, and not fewer than this.
VISIT_SECONDS, VISIT_EPOCHS = 0.5, 10
STATE_SECONDS = 20.0  # the most training that a kill can lose, beside one visit
#: The note on a verdict of a run that an infoscope before 0.2 made.
UNRECORDED = "the run was made before files were listed with their hashes, so that nothing says whether they are whole"
MEMBERS_A_PART = 5  # of a computation: what is computed between two writes


def run_figure(figure_id: str, preset: str, seeds: int | None, out: Path, device: str = "cpu") -> RunFolder:
    """Run ``figure_id`` (e.g. ``"saxe2018/tanh"``) into ``out/<paper>-<figure>-<preset>`` and judge it.

    At ``long`` the cost is said first, and a figure that has nothing to train for longer there is run at ``laptop``.

    Where the figure's data can be neither found nor downloaded, it is neither run nor judged: ``run.json`` holds the
    reason under ``missing``, and under ``left out`` how many claims that costs.

    Raises
    ------
    RunFolderError: the folder holds a run with other arguments, or another process writes to it.
    InputError: fewer seeds than 1, or a device torch cannot use here. UnknownNameError: no such figure or preset.
    """
    figure: Figure = registry.load("figures", figure_id)()
    wanted = figure.plan(preset, seeds)
    check_device(device)
    if preset == "long":
        preset = figure.preset(preset)
        say(f"{figure_id}: {figure.long or 'nothing in it wants a longer training, so it is run at laptop'}")
    path = out / f"{figure_id.replace('/', '-')}-{preset}"
    with RunFolder(path).writing():  # before anything is looked for: of two, one begins
        folder = open_or_create(path, figure_id, figure, preset, wanted)
        carry_out(folder, figure, wanted, device)
    return folder


def carry_out(
    folder: RunFolder, figure: Figure, wanted: Mapping[str, NetworkPlan | Computation], device: str = "cpu"
) -> None:
    """Train, measure, compute and judge what the run in ``folder`` lacks; raises as :func:`run_figure` does."""
    plans = {name: plan for name, plan in wanted.items() if isinstance(plan, NetworkPlan)}
    with folder.writing():
        neighbours, there = Neighbours(folder, device), folder.rows()
        try:
            measured = _measured_with(folder, there, device)
            tasks = {plan.task: load_task(plan.task) for plan in plans.values()}  # held until all is done
            folder.update({**_of_the_data(plans.values(), tasks), "missing": None, "measured with": measured})
        except DataMissingError as reason:
            left_out = len(figure.judge(Rows.concat([])))
            folder.update({"state": "no data", "missing": shareable(str(reason)), "left out": left_out})
            return
        for name, plan in plans.items():
            folder.update({"state": "training"})
            train_network(folder, name, plan, device, neighbours)
        for name, plan in plans.items():
            folder.update({"state": "measuring"})
            measure_network(folder, name, plan, device, neighbours, there.filter(network=name))
        for name, plan in wanted.items():
            if isinstance(plan, Computation):
                folder.update({"state": "computing"})
                compute(folder, name, plan)
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


def check_device(device: str) -> None:
    """Refuse a device that torch cannot compute on here."""
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as reason:  # a torch built without CUDA asserts
        first = str(reason).splitlines()[0]
        raise InputError(
            f"device {device!r} cannot be used ({first}): pass --device cpu, or fix torch's build"
        ) from reason


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


def plan_of(folder: RunFolder, network: str) -> NetworkPlan:
    """The plan of one network as run.json holds it."""
    return NetworkPlan.from_json(folder.manifest()["networks"][network])


def train_network(
    folder: RunFolder, name: str, plan: NetworkPlan, device: str = "cpu", neighbours: Neighbours | None = None
) -> None:
    """Train to the last recorded epoch, writing a snapshot at each; goes on from the last stored state.

    Networks that a neighbouring run has trained already are borrowed from it. A snapshot that is lost or damaged is
    trained anew, with the layout that was recorded, from the last stored state before it or from the start.

    Raises
    ------
    RunFolderError: a file cannot be read, or training anew gives other weights than were recorded.
    """
    trajectory = Trajectory.of(folder, name)
    ensemble = EnsembleReplay(folder, name, plan).ensemble
    whole = trajectory.whole()
    lost = [epoch for epoch in plan.epochs if ensemble.step(epoch) not in whole]
    if not lost:
        trajectory.drop_state()
        return
    begun_before = _stored_state(trajectory)
    lender = None
    if not begun_before and not whole:
        lender = (neighbours or Neighbours(folder, device)).networks(name, plan, ensemble)
    if lender:
        folder.update({"borrowed": {**folder.manifest().get("borrowed", {}), name: lender}})
        return
    state, layout = begun_before or (initial_state(ensemble), _recorded_layout(folder, name))
    if state.epoch > lost[0]:
        state = initial_state(ensemble)
    if again := [epoch for epoch in lost if ensemble.step(epoch) in (trajectory.listed or ())]:
        say(f"{name}: training anew, for {len(again)} lost or damaged snapshots")
    trainer = make_trainer(ensemble, device=device, layout=layout)
    stored, stride, epoch = time.monotonic(), VISIT_EPOCHS, state.epoch
    with progress(f"{name}: training {len(plan.seeds)} members", lost[-1], state.epoch) as shown:
        while epoch <= lost[-1]:
            begun, start = state.epoch, time.monotonic()
            if epoch > begun:
                state = trainer.advance(state, epoch)
                stride = max(VISIT_EPOCHS, int(VISIT_SECONDS * (epoch - begun) / (time.monotonic() - start + 1e-6)))
            if trainer.layout and trainer.layout != layout:
                layout = trainer.layout  # before the first snapshot that hangs on it: whoever goes on has the same bits
                folder.update({"threads": {**folder.manifest().get("threads", {}), name: layout._asdict()}})
            if epoch in plan.epochs:
                trajectory.keep(ensemble.step(epoch), float(epoch), state.parameters, there=epoch not in lost)
            if trainer.layout and time.monotonic() - stored > STATE_SECONDS:
                # after the snapshot of the same epoch, never before it: a kill in between repeats, and skips nothing
                trajectory.write_state(state.tensors(), {"epoch": state.epoch, "layout": trainer.layout})
                stored = time.monotonic()
            folder.beat()
            shown.advance(epoch - begun)
            epoch = min([*(one for one in plan.epochs if one > epoch), epoch + stride])
    trajectory.drop_state()


def _recorded_layout(folder: RunFolder, name: str) -> Layout | None:
    """How the work of this training was laid over the cores when it began."""
    recorded = folder.manifest().get("threads", {}).get(name)
    return None if recorded is None else Layout(**recorded)


def _stored_state(trajectory: Trajectory) -> tuple[State, Layout] | None:
    try:
        stored = trajectory.read_state()
    except DamagedError as reason:  # nothing but time is lost with it
        say(str(reason))
        stored = None
    if stored is None:
        return None
    tensors, extra = stored
    return State.from_tensors(extra["epoch"], tensors), Layout(*extra["layout"])


def measure_network(
    folder: RunFolder,
    name: str,
    plan: NetworkPlan,
    device: str = "cpu",
    neighbours: Neighbours | None = None,
    there: Rows | None = None,
) -> None:
    """Learning curves, gradient statistics and every planned measure, at the recorded steps that lack them.

    What ``neighbours`` have measured already is taken over, once it has shown to be what is measured here. there: the
    rows of this network, where they have been read already.
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
    measured(Rows.concat([there, own.rows]))


def compute(folder: RunFolder, name: str, computation: Computation) -> None:
    """Append the rows of the members that have none yet, a few members a part; a part holds members whole."""
    there = set(folder.rows().filter(network=name).unique("member"))
    members = range(max(1, len(computation.seeds)))
    missing = [member for member in members if member not in there]
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
