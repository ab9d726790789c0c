"""What a figure is likely to take, before it is run: seconds of each stage, the most memory, and what would halve it.

Guesses need only be right beside one another: the first seconds of the work say how fast this machine is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from infoscope.claim.computation import Computation
from infoscope.core.measurement import Measurement
from infoscope.core.units import counted, memory_in_words
from infoscope.data.held import held as load_task
from infoscope.scanning.plan import NetworkPlan

#: Floating-point operations a second: of a training, of a forward of a row that takes few, and of one that takes as
#: many as that of a convolutional network.
RATE, FORWARD, BUSY, MANY = 6e10, 2e10, 7e10, 4e6
UPDATE = 3e-6  # seconds of an update of one member beside its products
TRAINING = "training networks"  # the stage of trainings that are dealt to workers
COMPUTED = 5.0  # seconds of a computation, of which nothing is known beforehand


@dataclass(frozen=True)
class FigureCost:
    """Seconds by stage, in the order in which they come, and what there is to do in words."""

    stages: dict[str, float]
    about: str


@dataclass(frozen=True)
class NetworkCost:
    """Of one plan: seconds of its stages, the most bytes that one measurement takes, and its size."""

    training: float
    curves: float
    measuring: float
    bytes: float
    rows: int
    columns: int
    places: int
    dearest: str
    share: float


def expected(
    plans: Mapping[str, NetworkPlan | Computation],
    dealt: bool = False,
    trained: Collection[str] = (),
    costs: Mapping[str, NetworkCost] | None = None,
) -> FigureCost:
    """Of the ``plans`` of one figure, by network. dealt: to workers, whose trainings are one stage.

    trained: the networks that are. costs: of networks, where they are known.
    """
    known = costs or {}
    networks = {name: known.get(name) or cost(plan) for name, plan in plans.items() if isinstance(plan, NetworkPlan)}
    networks = {n: dataclasses.replace(one, training=0.0) if n in trained else one for n, one in networks.items()}
    computed = [name for name, plan in plans.items() if isinstance(plan, Computation)]
    stages = {f"{name}: training": one.training for name, one in networks.items() if name not in trained}
    if dealt and stages:
        stages = {TRAINING: sum(stages.values())}
    for name, one in networks.items():
        stages |= {f"{name}: learning curves": one.curves, f"{name}: measuring": one.measuring}
    stages |= {f"{name}: computing": COMPUTED for name in computed}
    lacking = {name: plan for name, plan in plans.items() if name not in trained}
    return FigureCost(stages, _words(plans, lacking, networks, len(computed)))


def cost(plan: NetworkPlan) -> NetworkCost:
    """Of one network of a figure."""
    task, members, network = load_task(plan.task), len(plan.seeds), plan.network
    train = len(task.split.train[: plan.recipe.train_rows])
    sides = {"all": len(task), "test": len(task.split.test), "train": train}
    most_rows = plan.evaluate_rows or len(task)
    n = min(sides[plan.evaluate], most_rows)
    parameters, few = network.initial(plan.seeds[:1]), torch.tensor(np.asarray(task.inputs[:2], np.float32))
    with torch.no_grad():
        held = network.representations(parameters, few, network.places)  # first: it may look at its shapes
    flops = _flops(plan, parameters, few)
    rate, forth = (BUSY, BUSY) if flops >= MANY else (RATE, FORWARD)
    widths = {site: t.shape[-1] for site, t in held.items()}
    updates = plan.recipe.updates(plan.epochs[-1], train)
    training = members * (3 * flops * train * plan.epochs[-1] / rate + UPDATE * updates)
    forward = members * flops / forth  # of a row
    classes = {name: int(values.max()) + 1 for name, values in task.variables.items() if values.dtype.kind in "iu"}
    each: dict[str, float] = {}
    most, places, columns = 0.0, 1, 1
    for wanted in plan.measures:
        sites = wanted.sites or network.layers
        steps = len(wanted.epochs or plan.epochs)
        for site in sites:
            seconds, room = _cost(wanted.measurement, n, widths.get(site, 1), classes)
            each[wanted.measurement.id] = each.get(wanted.measurement.id, 0.0) + members * steps * seconds
            most, columns = max(most, room), max(columns, widths.get(site, 1))
        places = max(places, len(sites))
    measuring = sum(each.values()) + len(plan.epochs) * forward * n
    dearest = max(each, key=each.__getitem__, default="")
    share = each.get(dearest, 0.0) / max(measuring, 1e-9)
    told = train * (1 + 3 * plan.gradients) + min(sides["test"], most_rows)  # rows of a learning curve's point
    curves = len(plan.epochs) * forward * told
    return NetworkCost(training, curves, measuring, most, n, columns, places, dearest, share)


def _flops(plan: NetworkPlan, parameters: dict[str, torch.Tensor], few: torch.Tensor) -> float:
    """Of one row's way forward."""
    with _Flops() as flops, torch.no_grad():
        plan.network.logits(parameters, few)
    return flops.count / len(few)


class _Flops(TorchDispatchMode):
    """Counts what torch's own ``FlopCounterMode`` does, which loads torch's compiler first: a second of every run."""

    count = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """As torch asks it: whether the compiler has to be told to leave this alone."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given: dict[str, Any] = kwargs or {}
        out = func(*args, **given)
        if formula := flop_registry.get(func._overloadpacket):
            self.count += formula(*args, **given, out_val=out)
        return out


def _cost(measurement: Measurement, n: int, d: int, classes: Mapping[str, int]) -> tuple[float, float]:
    one = measurement.cost(n, d, max(classes.values(), default=2))
    return one.seconds, one.bytes


def _words(
    plans: Mapping[str, NetworkPlan | Computation],
    lacking: Mapping[str, NetworkPlan | Computation],
    networks: Mapping[str, NetworkCost],
    computed: int,
) -> str:
    """What there is to do, with ``{time}`` where the time is to stand. lacking: what is not trained yet."""
    said: list[str] = []
    if networks:
        untrained = [plan for plan in lacking.values() if isinstance(plan, NetworkPlan)]
        members = sum(len(plan.seeds) for plan in untrained)
        epochs = max((plan.epochs[-1] for plan in untrained), default=0)
        steps = max(len(plan.epochs) for plan in plans.values() if isinstance(plan, NetworkPlan))
        largest = max(networks.values(), key=lambda one: one.rows * one.columns)
        said.append(
            (f"{counted(members, 'network')} of up to {epochs:,} epochs, then " if untrained else "")
            + f"{largest.rows:,} rows x {largest.columns:,} columns x {counted(largest.places, 'place')} x "
            + counted(steps, "step")
        )
    if computed:
        said.append(f"{counted(computed, 'card')} computed")
    halved = ""
    if networks:
        training, measuring = (sum(getattr(one, of) for one in networks.values()) for of in ("training", "measuring"))
        dearest = max(networks.values(), key=lambda one: one.share * one.measuring)
        mostly = f"mostly {dearest.dearest}" if dearest.share * measuring > training else "mostly training"
        if training <= measuring and dearest.share <= 0.5:
            mostly = "mostly measuring"
        room = max(one.bytes for one in networks.values())
        halved = f", {memory_in_words(room)} beside the networks; {mostly}: half of the --seeds would halve it"
    return f"{' and '.join(said)}: about {{time}}{halved}"
