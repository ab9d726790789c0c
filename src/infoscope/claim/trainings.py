"""NetworkTraining the networks of a figure into its run, from the last stored state on, or taking them over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import torch

from infoscope.claim import apart
from infoscope.claim.borrowing import Neighbours
from infoscope.core.errors import DamagedError
from infoscope.core.folder import RunFolder
from infoscope.core.progress import progress, say
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.plan import NetworkPlan
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.ensemble import Ensemble
from infoscope.train.trainer import Layout, State, Trainer
from infoscope.train.training import initial_state, make_trainer

#: Between recorded epochs the trainer comes up for air, for progress, heartbeat and stored state: after as many epochs
#: as take about so many seconds, and not fewer than this.
VISIT_SECONDS, VISIT_EPOCHS = 0.5, 10
STATE_SECONDS = 20.0  # the most training that a kill can lose, beside one visit


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
    wanted = NetworkTraining.of(folder, name, plan)
    if not wanted.lost or wanted.borrowed(neighbours or Neighbours(folder, device)):
        wanted.trajectory.drop_state()
        apart.dropped(folder, name)
        return
    begun = apart.begun(folder, name, lambda: wanted.trainer(device).apart())
    for members in begun:
        wanted.of_members(members, device).train(device)
    if begun:
        wanted.join(begun)
    else:
        wanted.train(device)


def lay(folder: RunFolder, network: str, layout: Layout) -> None:
    """Record how the work of a training is laid over the cores: before the first snapshot that hangs on it."""
    threads = folder.manifest().get("threads", {})
    folder.update({"threads": {**threads, network: layout._asdict()}})


class NetworkTraining(NamedTuple):
    """One network of a run and what of its trajectory is there. lost: the recorded epochs that are not.

    begun: the stored state of a training that was cut off, and how its work was laid over the cores.
    """

    folder: RunFolder
    name: str
    plan: NetworkPlan
    ensemble: Ensemble
    trajectory: Trajectory
    lost: list[int]
    begun: tuple[State, Layout] | None

    @classmethod
    def of(cls, folder: RunFolder, name: str, plan: NetworkPlan) -> NetworkTraining:
        """What the run in ``folder`` holds of it; every snapshot is read.

        Raises
        ------
        RunFolderError: a file cannot be read. DataMissingError: the task's data are not to be had.
        """
        trajectory, ensemble = Trajectory.of(folder, name), EnsembleReplay(folder, name, plan).ensemble
        whole = trajectory.whole()
        lost = [epoch for epoch in plan.epochs if ensemble.step(epoch) not in whole]
        return cls(folder, name, plan, ensemble, trajectory, lost, _stored_state(trajectory) if lost else None)

    def borrowed(self, neighbours: Neighbours) -> bool:
        """Whether nothing of it was there, and a neighbour that trained the same networks has lent them."""
        if self.begun or len(self.lost) < len(self.plan.epochs):
            return False
        lender = neighbours.networks(self.name, self.plan, self.ensemble)
        if lender:
            self.folder.update({"borrowed": {**self.folder.manifest().get("borrowed", {}), self.name: lender}})
        return bool(lender)

    @property
    def layout(self) -> Layout | None:
        """How its work was laid over the cores when it began."""
        recorded = self.folder.manifest().get("threads", {}).get(self.name)
        return None if recorded is None else Layout(**recorded)

    def trainer(self, device: str) -> Trainer:
        """What trains all of its members on ``device``, laid as it was when it began."""
        return make_trainer(self.ensemble, device=device, layout=self.layout)

    def of_members(self, members: slice, device: str) -> NetworkTraining:
        """The training of some of its members, which train to the same bits without the others, in a folder of its own.

        What is lost of it is what is lost of the whole.
        """
        alone, trajectory = self.trainer(device).alone(members), Trajectory(apart.path(self.folder, self.name, members))
        ensemble, whole = self.ensemble.of(members), trajectory.whole()
        lost = [epoch for epoch in self.lost if ensemble.step(epoch) not in whole]
        stored = _stored_state(trajectory) if lost else None
        if stored is None and lost and alone is not None:
            stored = initial_state(ensemble), alone
        return self._replace(ensemble=ensemble, trajectory=trajectory, lost=lost, begun=stored)

    def join(self, of: Sequence[slice]) -> None:
        """Write what is lost out of what ``of`` members were trained apart, each some neighbours; that goes then.

        Raises
        ------
        RunFolderError: a file of theirs is missing or damaged, or training gave other weights than were recorded.
        """
        trajectories = [Trajectory(apart.path(self.folder, self.name, members)) for members in of]
        for epoch in self.lost:
            step = self.ensemble.step(epoch)
            found = [one.load(step) for one in trajectories]
            weights = {name: torch.cat([one[name] for one in found]) for name in found[0]}
            self.trajectory.keep(step, float(epoch), weights, there=False)
            self.folder.beat()
        self.trajectory.drop_state()
        apart.dropped(self.folder, self.name)

    def train(self, device: str = "cpu") -> None:
        """Train what is lost.

        Raises
        ------
        RunFolderError: training anew gives other weights than were recorded.
        """
        folder, name, plan, ensemble, trajectory, lost, begun_before = self
        if not lost:
            return
        state, layout = begun_before or (initial_state(ensemble), self.layout)
        if state.epoch > lost[0]:
            state = initial_state(ensemble)
        if again := [epoch for epoch in lost if ensemble.step(epoch) in (trajectory.listed or ())]:
            say(f"{name}: training anew, for {len(again)} lost or damaged snapshots")
        trainer = make_trainer(ensemble, device=device, layout=layout)
        stored, stride, epoch = time.monotonic(), VISIT_EPOCHS, state.epoch
        with progress(f"{name}: training {len(ensemble.seeds)} members", lost[-1], state.epoch) as shown:
            while epoch <= lost[-1]:
                begun, start = state.epoch, time.monotonic()
                if epoch > begun:
                    state = trainer.advance(state, epoch)
                    stride = max(VISIT_EPOCHS, int(VISIT_SECONDS * (epoch - begun) / (time.monotonic() - start + 1e-6)))
                if trainer.layout and trainer.layout != layout:
                    layout = (
                        trainer.layout
                    )  # before the first snapshot that hangs on it: whoever goes on has the same bits
                    lay(folder, name, layout)
                if epoch in plan.epochs:
                    trajectory.keep(ensemble.step(epoch), float(epoch), state.parameters, there=epoch not in lost)
                if trainer.layout and time.monotonic() - stored > STATE_SECONDS:
                    # after the snapshot of the same epoch, never before: a kill in between repeats and skips nothing
                    trajectory.write_state(state.tensors(), {"epoch": state.epoch, "layout": trainer.layout})
                    stored = time.monotonic()
                folder.beat()
                shown.advance(epoch - begun)
                epoch = min([*(one for one in plan.epochs if one > epoch), epoch + stride])
        trajectory.drop_state()


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
