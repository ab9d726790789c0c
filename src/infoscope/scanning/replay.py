"""Activations recomputed from stored weights, so that a new measure never needs new training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch

from infoscope.core.errors import unknown_name
from infoscope.core.folder import RunFolder
from infoscope.data.held import held as load_task
from infoscope.kernels.devices import read_there
from infoscope.record.evaluated import RowsThere
from infoscope.record.layout import Chosen
from infoscope.record.together import Together
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.dense_forward import DenseForward
from infoscope.scanning.plan import NetworkPlan
from infoscope.train.beginning import first_data
from infoscope.train.ensemble import Ensemble


class RecordedSteps(Protocol):
    """What a pass asks of a trajectory, whoever wrote its weights."""

    @property
    def steps(self) -> list[int]:
        """The recorded steps, in order."""
        ...

    def epoch(self, step: int) -> float:
        """The epoch of a recorded step."""
        ...

    def verify(self) -> None:
        """Refuse a trajectory of which something is missing or has changed, before anything is measured of it."""
        ...


class Replay(Protocol):
    """A trajectory together with what is needed to run the network again on its evaluation set."""

    @property
    def name(self) -> str:
        """Of the network."""
        ...

    @property
    def trajectory(self) -> RecordedSteps: ...
    @property
    def sites(self) -> Sequence[str]:
        """What is measured when a plan names no sites."""
        ...

    def named(self, places: Iterable[str]) -> list[str]:
        """The sites that ``places`` name, from input to output; the default ones where none are named.

        Raises
        ------
        UnknownNameError: a name that is none.
        """
        ...

    def index(self, site: str) -> int:
        """The place of a site from input to output."""
        ...

    @property
    def seeds(self) -> Sequence[int]: ...
    @property
    def members(self) -> Sequence[int]:
        """What the rows call each member."""
        ...

    @property
    def split(self) -> str: ...
    @property
    def variables(self) -> Sequence[str]:
        """The names of all variables."""
        ...

    @property
    def inputs(self) -> Any:
        """The measured samples as the network takes them, samples first."""
        ...

    def rows(self, site: str) -> RowsThere:
        """The rows of a place, their labels, and which belong together."""
        ...

    @property
    def marks(self) -> Mapping[str, Any]:
        """What the options of its rows say beside those of the measurement: groups that were handed for it alone."""
        ...

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, Any]:
        """``{site: T [m, n, d]}`` at one recorded step, of the default sites where none are named."""
        ...

    @property
    def noise(self) -> float:
        """Standard deviation of the Gaussian noise that the networks have at every hidden layer; 0 for none."""
        ...

    @property
    def noisy_sites(self) -> Sequence[str]:
        """The sites that are measured by default where the network has noise: those that it is added to."""
        ...

    def propagated(self, step: int, member: int, sites: Iterable[str], replicas: int, seed: int) -> dict[str, Any]:
        """The clean outputs ``{site: S [1, n, replicas, d]}`` of noisy forwards through one member."""
        ...


def marks_of(groups: np.ndarray | None) -> dict[str, Any]:
    """What the options of rows say of groups that a run does not have by itself, so that they are told apart."""
    if groups is None:
        return {}
    return {"groups": f"{int(groups.max()) + 1} given, {hashlib.sha256(groups.tobytes()).hexdigest()[:6]}"}


def shares_split(plan: NetworkPlan, published: bool) -> bool:
    """Whether all members train on the task's own split: it is ``published``, or the plan measures one side of it only.

    Else each draws a split from its seed, and rows that are new to one are not to another.
    """
    return published or plan.evaluate != "all"


class EnsembleReplay:
    """The replay of an ensemble that infoscope trained itself.

    device: where the networks run again, and what they hold is measured. groups: one name ``[n]`` a measured row, where
    rows belong together beyond equal inputs.
    """

    def __init__(
        self, folder: RunFolder, name: str, plan: NetworkPlan, device: str = "cpu", groups: Any = None
    ) -> None:
        self.name, self.plan, self.device, self._groups = name, plan, device, groups
        self.trajectory = Trajectory.of(folder, name)
        self.sites, self.places, self.seeds = plan.network.layers, plan.network.places, plan.seeds
        self.split, self.members = plan.evaluate, range(len(plan.seeds))

    @cached_property
    def task(self) -> Any:
        return load_task(self.plan.task)

    @property
    def trained_on(self) -> str:
        """The variable that the networks are trained to predict."""
        return self.plan.trained_on or self.task.trained_on

    @property
    def shared(self) -> bool:
        return shares_split(self.plan, self.task.split_published)

    @cached_property
    def ensemble(self) -> Ensemble:
        """The training data of every member, rebuilt from the seeds."""
        plan, task = self.plan, self.task
        if self.shared:
            train = np.tile(task.split.train[: plan.recipe.train_rows], (len(plan.seeds), 1))
        else:
            splits = [task.resplit(seed, plan.recipe.train_fraction) for seed in plan.seeds]
            train = np.stack([split.train[: plan.recipe.train_rows] for split in splits])
        labels = task.variables[self.trained_on].astype(np.int32)
        first = first_data(plan.recipe.beginning, task.inputs, task.shape, task.variables, self.trained_on)
        return Ensemble(plan.network, plan.recipe, task.inputs, labels, train, plan.seeds, *first)

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """Training and test rows: each member's own ``[m, n]``, or ``[1, n]`` where they share a published split."""
        if self.shared:
            return {"train": self.ensemble.train[:1], "test": self.task.split.test[None, : self.plan.evaluate_rows]}
        tests = [self.task.resplit(seed, self.plan.recipe.train_fraction).test for seed in self.plan.seeds]
        return {"train": self.ensemble.train, "test": np.stack(tests)}

    @cached_property
    def minibatches(self) -> np.ndarray:
        """The training rows of ``splits`` in the order of the first epoch's minibatches.

        Rows as the task lists them would not do: neighbours in counting order are alike, so minibatches cut from them
        differ far more than those the network was trained on.
        """
        return self.ensemble.orders(0, slice(len(self.splits["train"])))

    @cached_property
    def measured(self) -> np.ndarray:
        """The rows of the task that are measured."""
        split = self.task.split
        of = {"all": np.arange(len(self.task)), "test": split.test, "train": split.train[: self.plan.recipe.train_rows]}
        return of[self.plan.evaluate][: self.plan.evaluate_rows]

    @property
    def variables(self) -> Sequence[str]:
        return list(self.task.variables)

    @cached_property
    def inputs(self) -> torch.Tensor:
        return torch.tensor(self.task.inputs[self.measured], device=self.device)

    @cached_property
    def _rows(self) -> RowsThere:
        labels = {name: values[self.measured] for name, values in self.task.variables.items()}
        return RowsThere(Chosen.whole(len(self.measured)), labels, Together.of(self.inputs, self._groups))

    def rows(self, site: str) -> RowsThere:
        return self._rows

    def named(self, places: Iterable[str]) -> list[str]:
        wanted = list(places)
        for site in wanted:
            if site not in self.places:
                raise unknown_name(f"site of network {self.name}", site, self.places)
        return [site for site in self.places if site in (wanted or self.sites)]

    def index(self, site: str) -> int:
        return self.places[site]

    @property
    def marks(self) -> Mapping[str, Any]:
        return {} if self._groups is None else marks_of(self._rows.together.given)

    def parameters(self, step: int) -> dict[str, torch.Tensor]:
        """All members' weights at a recorded step, on the device."""
        return {name: tensor.to(self.device) for name, tensor in self.trajectory[step].items()}

    @property
    def examples(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The measured rows' numbers in the task, and the images ``[n, channels, height, width]`` if any."""
        task = self.task
        images = task.inputs[self.measured].reshape(-1, *task.shape) if task.shape else None
        return self.measured, images

    @property
    def noise(self) -> float:
        """Standard deviation of the Gaussian noise that the networks have at every hidden layer; 0 for none."""
        return self.plan.network.noise

    @property
    def noisy_sites(self) -> Sequence[str]:
        """The sites that are measured by default where the network has noise: those that it is added to."""
        return [site for site in self.sites if site != "output"]

    def propagated(self, step: int, member: int, sites: Iterable[str], replicas: int, seed: int) -> dict[str, Any]:
        """The clean outputs ``{site: S [1, n, replicas, d]}`` of noisy forwards through one member: the noise of the
        layers before a site is on, its own is not."""
        alone = {name: tensor[member : member + 1] for name, tensor in self.parameters(step).items()}
        seed = int(np.random.SeedSequence([seed, int(self.seeds[member])]).generate_state(1)[0])
        with torch.no_grad():
            found = self.plan.network.propagated(alone, self.inputs, sites, replicas, seed)
        return {site: read_there(s) for site, s in found.items()}

    @cached_property
    def _compiled(self) -> DenseForward | None:
        """On the measured rows, where there are compiled loops for the network."""
        return DenseForward.of(self.plan.network, self.task.inputs[self.measured], self.device)

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, Any]:
        if self._compiled is not None:
            return self._compiled.representations(self.parameters(step), sites)
        with torch.no_grad():
            found = self.plan.network.representations(self.parameters(step), self.inputs, sites)
        return {site: read_there(t) for site, t in found.items()}
