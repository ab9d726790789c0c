"""Activations recomputed from stored weights, so that a new measure never needs new training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch

from infoscope.claim.plan import NetworkPlan
from infoscope.core.folder import RunFolder
from infoscope.data import task as load_task
from infoscope.record.trajectory import Trajectory
from infoscope.train.ensemble import Ensemble


class Replay(Protocol):
    """A trajectory together with what is needed to run the network again on its evaluation set."""

    @property
    def trajectory(self) -> Trajectory: ...
    @property
    def sites(self) -> Sequence[str]:
        """What is measured when a plan names no sites."""
        ...

    @property
    def places(self) -> Mapping[str, int]:
        """Every site that can be named, and its place from input to output."""
        ...

    @property
    def seeds(self) -> Sequence[int]: ...
    @property
    def split(self) -> str: ...
    @property
    def variables(self) -> Mapping[str, np.ndarray]: ...

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, Any]:
        """``{site: T [m, n, d]}`` at one recorded step, of the default sites where none are named."""
        ...


def snapshots_of(folder: RunFolder, network: str) -> Trajectory:
    """The trajectory of one network of a run."""
    return Trajectory(folder.snapshots_path / network)


class EnsembleReplay:
    """The replay of an ensemble that infoscope trained itself."""

    def __init__(self, folder: RunFolder, name: str, plan: NetworkPlan) -> None:
        self.plan = plan
        self.trajectory = snapshots_of(folder, name)
        self.sites, self.places, self.seeds = plan.network.layers, plan.network.places, plan.seeds
        self.split = plan.evaluate

    @cached_property
    def task(self) -> Any:
        return load_task(self.plan.task)

    @cached_property
    def ensemble(self) -> Ensemble:
        """The training data of every member, rebuilt from the seeds."""
        plan, task = self.plan, self.task
        if task.split_published:
            train = np.tile(task.split.train[: plan.recipe.train_rows], (len(plan.seeds), 1))
        else:
            splits = [task.resplit(seed, plan.recipe.train_fraction) for seed in plan.seeds]
            train = np.stack([split.train[: plan.recipe.train_rows] for split in splits])
        labels = task.variables[task.trained_on].astype(np.int32)
        return Ensemble(plan.network, plan.recipe, task.inputs, labels, train, plan.seeds)

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """Training and test rows: each member's own ``[m, n]``, or ``[1, n]`` where they share a published split."""
        if self.task.split_published:
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
    def rows(self) -> np.ndarray:
        """The rows of the task that are measured."""
        every = np.arange(len(self.task.inputs)) if self.plan.evaluate == "all" else self.task.split.test
        return every[: self.plan.evaluate_rows]

    @property
    def variables(self) -> Mapping[str, np.ndarray]:
        return {name: values[self.rows] for name, values in self.task.variables.items()}

    @cached_property
    def _inputs(self) -> torch.Tensor:
        return torch.tensor(self.task.inputs[self.rows])

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            return self.plan.network.representations(self.trajectory[step], self._inputs, sites)
