"""Train every member of an ensemble at once, by the trainer that does it fastest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.train.ensemble import Ensemble
from infoscope.train.network import Network
from infoscope.train.trainer import Layout, State, Trainer


def choose_trainer(network: Network, device: str) -> str:
    """The name of the trainer that trains ``network`` fastest on ``device``.

    Raises
    ------
    InputError: there is none.
    """
    ranks = {name: registry.load("trainers", name).rank(network, device) for name in registry.entries("trainers")}
    able = {name: rank for name, rank in ranks.items() if rank is not None}
    if not able:
        raise InputError(
            f"no trainer trains a {network.kind} network on {device}, wanted one that offers what {', '.join(ranks)} "
            "take: dense layers or stages"
        )
    return min(able, key=lambda name: able[name])


def initial_state(ensemble: Ensemble) -> State:
    """Before the first update."""
    parameters = ensemble.initial()
    kept = ("first", "second") if ensemble.recipe.optimiser == "adam" else ("first",) * bool(ensemble.recipe.momentum)
    return State(0, parameters, {f"{which}.{k}": torch.zeros_like(v) for which in kept for k, v in parameters.items()})


def make_trainer(
    ensemble: Ensemble, name: str | None = None, device: str = "cpu", layout: Layout | None = None
) -> Trainer:
    """The trainer that trains ``ensemble`` fastest on ``device``, or the one that is named.

    layout: None lets the trainer choose; a resumed run passes what its first part used, to stay equal to the bit.

    Raises
    ------
    InputError: it cannot train such a network there. UnknownNameError: there is no such trainer.
    """
    name = name or choose_trainer(ensemble.network, device)
    kind = registry.load("trainers", name)
    if kind.rank(ensemble.network, device) is None:
        raise InputError(
            f"the trainer {name} cannot train a {ensemble.network.kind} network on {device}: leave the choice to "
            "infoscope"
        )
    return kind(ensemble, device, layout)


def train(ensemble: Ensemble, epochs: Sequence[int], trainer: Trainer | None = None) -> Iterator[State]:
    """Yield the state at each epoch of ``epochs`` (rising), from before the first update."""
    trainer = trainer or make_trainer(ensemble)
    state = initial_state(ensemble)
    for epoch in epochs:
        state = trainer.advance(state, epoch) if epoch > state.epoch else state
        yield state
