"""What a run takes over from its neighbours in one --out folder: networks trained alike, and rows measured alike.

Files are cloned where the file system can, and copied else, and rows are copied: damage in one folder is never damage
in the other, and the run names the lender of each network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoscope.core.errors import RunFolderError
from infoscope.core.files import clone
from infoscope.core.folder import RunFolder
from infoscope.core.progress import say
from infoscope.core.provenance import fingerprint, sources, surroundings
from infoscope.core.rows import TRAINING, Rows
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.plan import NetworkPlan
from infoscope.train.activations import TRAINED_ALIKE
from infoscope.train.ensemble import Ensemble
from infoscope.train.training import choose_trainer

#: What a measurement may need that is not said by the networks, the task and its own options.
_OF_THE_RUN = {"another network", "replicas"}
SEVERAL = "several"  # in place of what rows were measured with: not all with the same


def measured_with(device: str) -> str:
    """What rows hang on beside plan and weights: our code, the packages', the machine, the device and torch's threads.

    Equal where the same measurement of the same weights gives the same bits.
    """
    return fingerprint({**surroundings(), "code": sources(), "device": device, "threads": torch.get_num_threads()})


class Lender(NamedTuple):
    """One network of a neighbouring run, or of the run itself."""

    folder: RunFolder
    name: str
    plan: NetworkPlan


class Neighbours:
    """The runs beside the one in ``folder``, each ``run.json`` read once for as long as it stays what it is.

    A neighbour lends when it is done and lists what it holds; a run lends to itself as soon as it has something.
    """

    def __init__(self, folder: RunFolder, device: str = "cpu") -> None:
        self.folder, self._device = folder, device
        self._plans: dict[Path, tuple[Any, list[Lender]]] = {}
        self._open: dict[Path, RunFolder] = {}
        self._read: tuple[Path, Rows] | None = None

    def _lenders(self, name: str) -> Iterator[Lender]:
        for path in sorted(self.folder.path.parent.glob("*/run.json")):
            other = self._open.setdefault(path, RunFolder(path.parent))
            with suppress(RunFolderError):  # a neighbour that is damaged or newer lends nothing
                content, own = other.manifest(), other.path == self.folder.path
                if not own and content.get("state") != "done":
                    continue
                networks = content["networks"]
                if self._plans.get(path, (None,))[0] is not networks:  # as long as run.json stays, it is one object
                    self._plans[path] = networks, list(_plans(other, networks))
                yield from (one for one in self._plans[path][1] if not own or one.name != name)

    def networks(self, name: str, plan: NetworkPlan, ensemble: Ensemble) -> str | None:
        """Take over the snapshots of the very same networks; returns the id of the run that trained them.

        What is lent has the steps, names, types and shapes that training here would give, the same weights before the
        first update, and every hash as it was written.
        """
        start, steps = dict[str, Tensor](), [ensemble.step(epoch) for epoch in plan.epochs]
        for one in self._trained(name, plan):
            start = start or ensemble.initial()
            source = Trajectory.of(one.folder, one.name)
            with suppress(RunFolderError):
                if _lends(source, steps, start):
                    _take_over(source, Trajectory.of(self.folder, name), name, one.folder.id)
                    return one.folder.id
        return None

    def known(self, name: str, plan: NetworkPlan) -> bool:
        """Whether another run says that it has the very same networks; that it can lend them is seen when they are
        taken over."""
        return any(one.folder.path != self.folder.path for one in self._trained(name, plan))

    def _trained(self, name: str, plan: NetworkPlan) -> Iterator[Lender]:
        """The lenders whose networks are said to be the very same."""
        wanted = self.trained_alike(plan)
        return (one for one in self._lenders(name) if self.trained_alike(one.plan) == wanted)

    def trained_alike(self, plan: NetworkPlan) -> str:
        """Equal for plans whose networks are trained to the same bits."""
        content = plan.training()
        alike = TRAINED_ALIKE.get(content["network"].get("activation", ""))
        if alike is not None and choose_trainer(plan.network, self._device) == "compiled":
            content = {**content, "network": {**content["network"], "activation": alike}}
        return fingerprint(content)

    def rows(self, name: str, plan: NetworkPlan, there: Rows, named: Callable[..., Sequence[str]]) -> dict[str, Rows]:
        """The rows that measuring ``plan`` would add to those that are ``there``, as far as runs have them, by run.

        They are of the very same networks and data, by the same measurement with the same options, and were measured
        with the same code on the same device. named: the sites that a plan's places mean.
        """
        content = self.folder.manifest()
        held, found = set(_cells(there)), dict[str, Rows]()
        wanted = fingerprint(plan.training())
        if content.get("measured with", SEVERAL) == SEVERAL:
            return {}
        for one in self._lenders(name):
            theirs = one.folder.manifest()
            if (
                (one.plan.evaluate, one.plan.evaluate_rows) != (plan.evaluate, plan.evaluate_rows)
                or theirs.get("measured with") != content["measured with"]
                or theirs.get("data", {}).get(plan.task) != content.get("data", {}).get(plan.task)
                or fingerprint(one.plan.training()) != wanted
            ):
                continue
            with suppress(RunFolderError):
                lent = _common(self._rows_of(one), plan, one.plan, named)
                keep = np.array([cell not in held for cell in _cells(lent)], bool)
                lent = Rows(lent.table.filter(keep)) if len(lent) else lent
                if len(lent):
                    held |= set(_cells(lent))
                    mine = lent.placed(self.folder.id, name)
                    found[one.folder.id] = Rows.concat([found[one.folder.id], mine]) if one.folder.id in found else mine
        return found

    def _rows_of(self, one: Lender) -> Rows:
        if self._read is None or self._read[0] != one.folder.path or one.folder.path == self.folder.path:
            self._read = one.folder.path, one.folder.rows()
        return self._read[1].filter(network=one.name)


def _plans(folder: RunFolder, networks: Mapping[str, Any]) -> Iterator[Lender]:
    for name, content in networks.items():
        with suppress(RunFolderError):  # a computation, or of an infoscope that knows more: lends nothing
            yield Lender(folder, name, NetworkPlan.from_json(content))


def _cells(rows: Rows) -> Iterator[tuple[Any, ...]]:
    """Of each row what is measured as a whole: the estimator and its options, the site and the step."""
    columns = (rows.column(name).tolist() for name in ("estimator", "options", "site", "step"))
    return zip(*columns, strict=True)


def _common(rows: Rows, plan: NetworkPlan, theirs: NetworkPlan, named: Callable[..., Sequence[str]]) -> Rows:
    """Those of ``rows``, of a network by the plan ``theirs``, that ``plan`` asks for too."""
    found: list[Rows] = []
    if theirs.gradients or not plan.gradients:
        curves = rows.filter(estimator=TRAINING)
        found.append(curves if plan.gradients else curves.filter(site="network"))
    for wanted in plan.measures:
        ours = wanted.measurement
        if _OF_THE_RUN & set(ours.needs):
            continue
        sites = named(wanted.sites)
        for lent in theirs.measures:
            if (lent.measurement.id, lent.measurement.options) != (ours.id, ours.options):
                continue
            also = named(lent.sites)
            if "recorded range" in ours.needs and also != sites:  # it is the range over all of them
                continue
            both = lent.rows(rows, rows.unique("network")[0]) if len(rows) else rows
            both = both.filter(site=[site for site in sites if site in also])
            found.append(both.filter(epoch=list(map(float, wanted.epochs))) if wanted.epochs else both)
    return Rows.concat(found).latest()


class Collected:
    """A sink that keeps the rows of whole steps."""

    def __init__(self) -> None:
        self._parts: list[Rows] = []

    def take(self, rows: Rows) -> None:
        self._parts.append(rows)

    @property
    def rows(self) -> Rows:
        return Rows.concat(self._parts)


def confirmed(lent: Rows, own: Rows) -> Rows | None:
    """``lent`` without what is among the rows ``own`` too, if it is the same to the bit there; else None."""
    cells = set(_cells(own))
    again = np.array([cell in cells for cell in _cells(lent)], bool)
    cells = set(_cells(lent))
    same = Rows(own.table.filter(np.array([cell in cells for cell in _cells(own)], bool)))
    if not again.any() or Rows(lent.table.filter(again)).content_hash() != same.content_hash():
        return None
    return Rows(lent.table.filter(~again))


def _lends(source: Trajectory, steps: Sequence[int], start: Mapping[str, Tensor]) -> bool:
    """Whether the snapshots are those of ``steps``, each listed and as it was written, of networks that begin so."""
    if sorted(source.listed or ()) != sorted(steps) or source.steps != sorted(steps):
        return False
    kinds = {name: (tensor.shape, tensor.dtype) for name, tensor in start.items()}
    for step in source.steps:
        weights = source[step]
        if {name: (tensor.shape, tensor.dtype) for name, tensor in weights.items()} != kinds:
            return False
        if step == 0 and not all(torch.equal(weights[name], tensor) for name, tensor in start.items()):
            return False
    return True


def _take_over(source: Trajectory, target: Trajectory, name: str, lender: str) -> None:
    megabytes = sum(source.file(step).stat().st_size for step in source.steps) / 1e6
    what = f"{len(source.steps)} snapshots, {megabytes:.3g} MB"
    say(f"{name}: taken over from {lender}, which trained the same networks ({what})")
    for step in source.steps:
        if not target.file(step).exists():
            clone(source.file(step), target.file(step))
