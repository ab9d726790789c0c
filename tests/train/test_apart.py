"""Members that a trainer calls apart train to the same bits without the others: every kind that papers have."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from infoscope.core import registry
from infoscope.scanning.plan import NetworkPlan
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.trainer import Layout, State, member_slices, together
from infoscope.train.training import choose_trainer, initial_state, make_trainer, train

SEEDS, ROWS, TRAINED = (4, 0, 7, 2, 9), 72, 48


def kind(plan: NetworkPlan) -> tuple[object, ...]:
    """What decides by which program a plan is trained, its sizes and rates left out."""
    recipe, network = plan.recipe, plan.network
    facts = [getattr(network, name, None) for name in ("activation", "head", "architecture", "normalisation")]
    noise = network.disturbance and network.disturbance.kind
    of_recipe = (recipe.optimiser, recipe.momentum > 0, recipe.weight_decay > 0, recipe.orthonormality > 0)
    more = (recipe.augmentation, recipe.beginning is not None, recipe.schedule, recipe.batch is None)
    return choose_trainer(network, "cpu"), network.kind, *facts, noise, *of_recipe, *more


def kinds() -> dict[str, NetworkPlan]:
    """One plan of each kind, by the first figure and network that has it."""
    found: dict[tuple[object, ...], tuple[str, NetworkPlan]] = {}
    for figure in registry.entries("figures"):
        for name, plan in registry.load("figures", figure)().plan("smoke", 1).items():
            if isinstance(plan, NetworkPlan):
                found.setdefault(kind(plan), (f"{figure}:{name}", plan))
    return dict(found.values())


KINDS = kinds()


def ensemble_of(plan: NetworkPlan) -> Ensemble:
    """Its network and recipe, few epochs on few made-up rows, each member on its own."""
    rng, network = np.random.default_rng(0), plan.network
    x, y = rng.random((ROWS, network.inputs), np.float32), rng.integers(0, network.outputs, ROWS).astype(np.int32)
    rows = np.stack([np.random.default_rng(seed).permutation(ROWS)[:TRAINED] for seed in SEEDS])
    begins = plan.recipe.beginning and dataclasses.replace(plan.recipe.beginning, epochs=1)
    batch = plan.recipe.batch and min(plan.recipe.batch, 20)
    recipe = dataclasses.replace(plan.recipe, epochs=2, batch=batch, beginning=begins, train_rows=None)
    return Ensemble(network, recipe, x, y, rows, SEEDS, *((x[::-1].copy(), y[::-1].copy()) if begins else ()))


def same(whole: State, part: State, members: slice) -> bool:
    theirs, ours = part.tensors(), whole.tensors()
    return list(theirs) == list(ours) and all(torch.equal(ours[name][members], theirs[name]) for name in ours)


@pytest.mark.parametrize("name", KINDS)
def test_members_apart_train_to_the_same_bits(name):
    ensemble = ensemble_of(KINDS[name])
    trainer = make_trainer(ensemble)
    *_, whole = train(ensemble, (0, 2), trainer)
    assert len(trainer.apart()) == len(SEEDS), "trainings of the papers can be dealt member by member"
    for members in together(trainer.apart(), 2):
        alone = ensemble.of(members)
        *_, state = train(alone, (0, 2), make_trainer(alone, layout=trainer.alone(members)))
        assert same(whole, state, members)


def test_a_batched_training_stays_whole():
    network, recipe = FullyConnected((3, 1200, 2)), Recipe(epochs=1, learning_rate=0.01, batch=16)
    x, y = np.ones((20, 3), np.float32), np.zeros(20, np.int32)
    ensemble = Ensemble(network, recipe, x, y, np.tile(np.arange(20), (3, 1)), (0, 1, 2))
    assert choose_trainer(network, "cpu") == "batched"
    assert make_trainer(ensemble).apart() == [slice(0, 3)]


@pytest.mark.parametrize("groups", range(1, 7))
@pytest.mark.parametrize("count", range(1, 8))
def test_a_layout_of_some_groups_has_them_as_they_are_in_the_whole(groups, count):
    """Modules are grouped: a piece has the very groups, or members would be multiplied in other company."""
    plan = next(plan for plan in KINDS.values() if choose_trainer(plan.network, "cpu") == "modular")
    ensemble = dataclasses.replace(ensemble_of(plan), seeds=tuple(range(13)), train=np.tile(np.arange(24), (13, 1)))
    trainer = make_trainer(ensemble, layout=Layout(groups, 1))
    pieces = together(trainer.apart(), count)
    assert [member for piece in pieces for member in range(13)[piece]] == list(range(13))
    again = []
    for piece in pieces:
        layout = trainer.alone(piece)
        assert layout.threads == 1
        inside = member_slices(piece.stop - piece.start, layout.groups)
        again += [slice(piece.start + one.start, piece.start + one.stop) for one in inside]
    assert again == trainer.apart() == member_slices(13, groups)


def test_what_begins_is_the_same_for_a_member_alone():
    ensemble = ensemble_of(next(iter(KINDS.values())))
    whole = initial_state(ensemble)
    for member in range(len(SEEDS)):
        one = slice(member, member + 1)
        assert same(whole, initial_state(ensemble.of(one)), one)
