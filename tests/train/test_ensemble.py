"""The two training programs: equal to each other, to a plain PyTorch loop, and to themselves however cut up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.kernels.counter_draws import batch_order
from infoscope.scanning.dense_forward import DenseForward
from infoscope.train.activations import ACTIVATIONS
from infoscope.train.ensemble import Ensemble
from infoscope.train.initialisations import INITIALISATIONS
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Beginning, Recipe
from infoscope.train.statistics import performance
from infoscope.train.trainer import Layout, State
from infoscope.train.trainers._compiled_loop import CODES
from infoscope.train.training import choose_trainer, initial_state, make_trainer, train

PROGRAMS = ("compiled", "batched")


#: Ways to train beside the plain ones: fields of the recipe, and of the network.
VARIANTS: dict[str, tuple[dict, dict]] = {
    "momentum": ({"optimiser": "sgd", "momentum": 0.9}, {}),
    "momentum and decay": ({"optimiser": "sgd", "momentum": 0.5, "weight_decay": 0.01}, {}),
    "sgd and decay": ({"optimiser": "sgd", "weight_decay": 0.01}, {}),
    "adam and decay": ({"weight_decay": 0.01}, {}),
    "exponential": ({"optimiser": "sgd", "momentum": 0.9, "schedule": "exponential", "decay": 0.7}, {}),
    "steps": ({"schedule": "steps", "decay": 0.1, "milestones": (2, 5)}, {}),
    "cosine": ({"optimiser": "sgd", "schedule": "cosine"}, {}),
    "orthonormality": ({"orthonormality": 0.05}, {}),
    "orthonormality with sgd": ({"optimiser": "sgd", "orthonormality": 0.05}, {}),
    "other labels first": ({"beginning": Beginning(3, labels="regrouped")}, {}),
    "other inputs first": ({"beginning": Beginning(3, inputs="noise", restart=True), "schedule": "cosine"}, {}),
    "noise": ({}, {"noise": 0.2}),
    "noise and momentum": ({"optimiser": "sgd", "momentum": 0.9}, {"noise": 0.2}),
    "dropout": ({"optimiser": "sgd"}, {"dropout": 0.3}),
    "gaussian dropout": ({}, {"dropout": 0.3, "dropout_kind": "gaussian"}),
    "sigmoids": ({}, {"head": "sigmoids"}),
    "sigmoids, sgd": ({"optimiser": "sgd"}, {"head": "sigmoids"}),
}


def variant(name: str, activation: str = "tanh", **fields) -> Ensemble:
    recipe, network = VARIANTS[name]
    plain = ensemble(activation, recipe.get("optimiser", "adam"), **fields)
    data = {}
    if beginning := recipe.get("beginning"):
        data = {"first_y": 1 - plain.y} if beginning.labels else {"first_x": -plain.x}
    return dataclasses.replace(
        plain,
        recipe=dataclasses.replace(plain.recipe, **recipe),
        network=dataclasses.replace(plain.network, **network),
        **data,
    )


def ensemble(
    activation: str = "tanh", optimiser: str = "adam", batch: int | None = 16, seeds=(3, 5), widths=(6, 5, 3, 2)
) -> Ensemble:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, widths[0])).astype(np.float32)
    y = rng.integers(0, widths[-1], 60).astype(np.int32)
    rows = np.stack([np.random.default_rng(seed).permutation(60)[:41] for seed in seeds])
    rate = 0.01 if optimiser == "adam" else 0.3
    return Ensemble(FullyConnected(widths, activation), Recipe(8, rate, batch, optimiser), x, y, rows, tuple(seeds))


def largest_difference(a: State, b: State) -> float:
    return max(float((a.parameters[name] - b.parameters[name]).abs().max()) for name in a.parameters)


def run(e: Ensemble, program: str, epochs=(0, 8)) -> State:
    return list(train(e, epochs, make_trainer(e, program, layout=Layout(1, 1))))[-1]


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("activation", sorted(CODES))
def test_compiled_and_batched_agree(activation, optimiser):
    e = ensemble(activation, optimiser)
    assert largest_difference(run(e, "compiled"), run(e, "batched")) < 2e-5


@pytest.mark.parametrize("batch", [1, 7, 41, 500, None])
def test_programs_agree_for_every_way_a_batch_can_fill(batch):
    e = ensemble(batch=batch)
    assert largest_difference(run(e, "compiled"), run(e, "batched")) < 2e-5


@pytest.mark.parametrize("name", VARIANTS)
def test_programs_agree_however_they_train(name):
    e = variant(name)
    found = run(e, "compiled")
    assert largest_difference(found, run(e, "batched")) < 2e-5
    assert largest_difference(found, run(ensemble(optimiser=e.recipe.optimiser), "compiled")) > 1e-3  # it did something


@pytest.mark.parametrize("kind", ["noise", "dropout"])
@pytest.mark.parametrize("activation", sorted(CODES))
def test_programs_agree_on_every_noisy_activation(activation, kind):
    e = variant(kind, activation, widths=(6, 5, 4, 3, 2))
    e = dataclasses.replace(e, recipe=dataclasses.replace(e.recipe, learning_rate=0.01))
    assert largest_difference(run(e, "compiled"), run(e, "batched")) < 2e-5


PLAIN = {
    "adam": ({}, torch.optim.Adam, {}, lambda epoch: 1.0),
    "sgd": ({"optimiser": "sgd"}, torch.optim.SGD, {}, lambda epoch: 1.0),
    "sgd, momentum, decay, exponential": (
        {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.01, "schedule": "exponential", "decay": 0.8},
        torch.optim.SGD,
        {"momentum": 0.9, "weight_decay": 0.01},
        lambda epoch: 0.8**epoch,
    ),
    "sgd, decay, steps": (
        {"optimiser": "sgd", "weight_decay": 0.02, "schedule": "steps", "decay": 0.1, "milestones": (3, 6)},
        torch.optim.SGD,
        {"weight_decay": 0.02},
        lambda epoch: 0.1 ** ((epoch >= 3) + (epoch >= 6)),
    ),
    "adam, decay, cosine": (
        {"weight_decay": 0.02, "schedule": "cosine"},
        torch.optim.Adam,
        {"weight_decay": 0.02},
        lambda epoch: (1 + math.cos(math.pi * epoch / 8)) / 2,
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", PLAIN)
def test_every_program_is_a_plain_pytorch_loop(name, program):
    """One member trained by torch's own optimiser and schedule on the module, in the same batch order."""
    recipe, make, options, factor = PLAIN[name]
    e = ensemble("gelu", recipe.get("optimiser", "adam"))
    e = dataclasses.replace(e, recipe=dataclasses.replace(e.recipe, **recipe))
    module = e.network.module(e.network.initial(e.seeds), member=1)
    updates = make(module.parameters(), lr=e.recipe.learning_rate, **options)
    schedule = torch.optim.lr_scheduler.LambdaLR(updates, factor)
    x, y = torch.from_numpy(e.x), torch.from_numpy(e.y).long()
    for epoch in range(8):
        order = e.train[1].copy()
        batch_order(e.seeds[1], epoch, order)
        for rows in torch.from_numpy(order).split(16):
            updates.zero_grad()
            functional.nll_loss(module(x[rows]).log(), y[rows]).backward()
            updates.step()
        schedule.step()
    found = run(e, program).parameters
    for name, wanted in module.state_dict().items():
        torch.testing.assert_close(found[name][1], wanted, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_output_of_sigmoids_is_trained_as_a_plain_pytorch_loop_with_a_binary_loss_for_each_class(program):
    e = variant("sigmoids", widths=(6, 5, 3))
    module = e.network.module(e.network.initial(e.seeds), member=1)
    updates = torch.optim.Adam(module.parameters(), lr=e.recipe.learning_rate)
    x, y = torch.from_numpy(e.x), torch.from_numpy(e.y).long()
    hit = functional.one_hot(y, 3).float()
    for epoch in range(8):
        order = e.train[1].copy()
        batch_order(e.seeds[1], epoch, order)
        for rows in torch.from_numpy(order).split(16):
            updates.zero_grad()
            (3 * functional.binary_cross_entropy(module(x[rows]), hit[rows])).backward()  # the sum over classes
            updates.step()
    found = run(e, program).parameters
    for name, wanted in module.state_dict().items():
        torch.testing.assert_close(found[name][1], wanted, atol=2e-5, rtol=1e-4)
    logits = e.network.logits(found, x)
    whole = e.network.representations(found, x)["output"][1]
    wanted = functional.binary_cross_entropy(whole, hit, reduction="none").sum(1)
    torch.testing.assert_close(e.network.losses(logits, y.expand(2, -1))[1], wanted, atol=1e-5, rtol=1e-4)
    rows = torch.from_numpy(e.train)
    told = performance(e.network, found, x, y, rows)
    assert float(told.loss[1]) == pytest.approx(float(wanted[rows[1]].mean()), rel=1e-5)
    assert DenseForward.of(e.network, e.x, "cpu") is None  # whose loops know a softmax alone


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu"])
def test_hidden_layers_begin_at_the_size_that_is_asked_for_and_are_otherwise_as_drawn(activation):
    e = ensemble(activation)
    sized = dataclasses.replace(e, network=dataclasses.replace(e.network, initial_rms=0.4))
    drawn, found = e.initial(), sized.initial()
    for member, rows in enumerate(e.train):
        held = [
            each.network.representations(parameters, torch.from_numpy(e.x[rows]))
            for each, parameters in ((e, drawn), (sized, found))
        ]
        for layer in e.network.layers[:-1]:
            before, after = (each[layer][member].double() for each in held)
            assert float(after.square().mean().sqrt()) == pytest.approx(0.4, rel=1e-5)
            torch.testing.assert_close(after, before * 0.4 / before.square().mean().sqrt(), atol=1e-5, rtol=1e-4)
    assert torch.equal(found["output.linear.weight"], drawn["output.linear.weight"])


def test_a_layer_that_is_dead_at_the_start_stays_so():
    e = ensemble("relu")
    sized = dataclasses.replace(e, network=dataclasses.replace(e.network, initial_rms=0.4))
    dead = {**e.initial(), "hidden2.linear.bias": torch.full((2, 3), -1e6)}
    found = sized.network.prepared(dead, e.x, e.train, e.order, e.recipe.batch_size)
    assert torch.equal(found["hidden2.linear.weight"], dead["hidden2.linear.weight"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_beginning_is_a_training_on_its_own_data_that_then_goes_on(program):
    """With SGD without momentum there is no other state, so two trainings after one another are the same."""
    plain = ensemble(optimiser="sgd")
    recipe = dataclasses.replace(plain.recipe, beginning=Beginning(3, labels="random", inputs="flip"))
    first = dataclasses.replace(plain, x=-plain.x, y=1 - plain.y)
    e = dataclasses.replace(plain, recipe=recipe, first_x=first.x, first_y=first.y)
    begun = make_trainer(first, program, layout=Layout(1, 1)).advance(initial_state(first), 3)
    wanted = make_trainer(plain, program, layout=Layout(1, 1)).advance(begun, 8)
    assert largest_difference(run(e, program), wanted) == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_orthonormality_step_is_the_formula(program):
    """After the update, on every layer but the last."""
    e, plain = variant("orthonormality", batch=None), ensemble(batch=None)
    moved, start = (run(each, program, (0, 1)).parameters for each in (e, plain))
    for layer in ("hidden1", "hidden2"):
        w = start[f"{layer}.linear.weight"].double()
        wanted = w - 0.05 * (w @ w.mT @ w - w)
        torch.testing.assert_close(moved[f"{layer}.linear.weight"].double(), wanted, atol=1e-6, rtol=1e-5)
    assert torch.equal(moved["output.linear.weight"], start["output.linear.weight"])


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("widths", [(6, 4, 2), (4, 6, 2)])
def test_orthonormality_makes_rows_or_columns_orthonormal(program, widths):
    e = ensemble(widths=widths)
    e = dataclasses.replace(e, recipe=dataclasses.replace(e.recipe, learning_rate=1e-6, orthonormality=0.3))
    w = run(e, program, (0, 100)).parameters["hidden1.linear.weight"]
    gram = w @ w.mT if widths[1] < widths[0] else w.mT @ w
    torch.testing.assert_close(gram, torch.eye(4).expand(2, 4, 4), atol=1e-4, rtol=0)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", ["momentum and decay", "other labels first", "noise", "dropout", "cosine"])
@given(cuts=st.sets(st.integers(1, 7), max_size=4))
@settings(max_examples=3, deadline=None)
def test_cutting_any_kind_of_run_anywhere_changes_no_bit(program, name, cuts):
    e = variant(name)
    whole = run(e, program)
    state = initial_state(e)
    for epoch in [*sorted(cuts), 8]:
        stored = {key: tensor.clone() for key, tensor in state.tensors().items()}
        state = make_trainer(e, program, layout=Layout(1, 1)).advance(State.from_tensors(state.epoch, stored), epoch)
    assert all(torch.equal(whole.tensors()[key], state.tensors()[key]) for key in whole.tensors())


def test_momentum_keeps_one_moment_and_adam_two():
    kept = [
        {name.split(".")[0] for name in run(e, "compiled", (0, 1)).moments}
        for e in (ensemble(optimiser="sgd"), variant("momentum"), ensemble())
    ]
    assert kept == [set(), {"first"}, {"first", "second"}]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@given(cuts=st.sets(st.integers(1, 7), max_size=4))
@settings(max_examples=8, deadline=None)
def test_cutting_a_run_anywhere_changes_no_bit(program, optimiser, cuts):
    e = ensemble(optimiser=optimiser)
    whole = run(e, program)
    state = initial_state(e)
    for epoch in [*sorted(cuts), 8]:
        stored = {name: tensor.clone() for name, tensor in state.tensors().items()}
        state = make_trainer(e, program, layout=Layout(1, 1)).advance(State.from_tensors(state.epoch, stored), epoch)
    assert all(torch.equal(whole.tensors()[name], state.tensors()[name]) for name in whole.tensors())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_member_does_not_depend_on_its_neighbours(program):
    both, alone = ensemble(seeds=(3, 5)), ensemble(seeds=(5,))
    found, wanted = run(both, program).parameters, run(alone, program).parameters
    for name in wanted:
        torch.testing.assert_close(found[name][1], wanted[name][0], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("program", PROGRAMS)
def test_training_lowers_the_loss_and_leaves_the_state_it_was_given_alone(program):
    e = ensemble(optimiser="adam")
    start = initial_state(e)
    kept = {name: tensor.clone() for name, tensor in start.tensors().items()}
    end = make_trainer(e, program, layout=Layout(1, 1)).advance(start, 200)
    assert all(torch.equal(kept[name], tensor) for name, tensor in start.tensors().items())
    losses = [_loss(e, state) for state in (start, end)]
    assert (losses[1] < losses[0] - 0.1).all()


def _loss(e: Ensemble, state: State) -> torch.Tensor:
    rows = torch.from_numpy(e.train)
    logits = e.network.logits(state.parameters, torch.from_numpy(e.x)[rows])
    each = functional.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(e.y).long()[rows].flatten(), reduction="none"
    )
    return each.reshape(len(rows), -1).mean(1)


def test_training_leaves_global_randomness_and_threads_alone():
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    e = ensemble()
    run(e, "compiled")
    make_trainer(e, "batched").advance(initial_state(e), 1)  # measures the number of threads
    assert torch.equal(random, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@given(seed=st.integers(0, 2**40), epoch=st.integers(0, 10**6), n=st.integers(1, 200))
@settings(max_examples=50, deadline=None)
def test_a_batch_order_is_a_permutation_that_only_seed_and_epoch_decide(seed, epoch, n):
    first, second = np.arange(n), np.arange(n)
    batch_order(seed, epoch, first)
    batch_order(seed, epoch, second)
    assert (first == second).all()
    assert (np.sort(first) == np.arange(n)).all()


def test_batch_orders_are_uniform():
    """Each of the 24 orders of 4 rows is drawn about equally often: chi-squared at 23 degrees, 6 sd above its mean."""
    counts: dict[tuple, int] = {}
    for epoch in range(24_000):
        order = np.arange(4)
        batch_order(11, epoch, order)
        counts[tuple(order)] = counts.get(tuple(order), 0) + 1
    chi = sum((c - 1000) ** 2 / 1000 for c in counts.values())
    assert len(counts) == 24
    assert chi < 23 + 6 * np.sqrt(46)


def test_a_diverged_member_stays_visible_and_alone():
    e = ensemble("linear", "sgd")
    wild = initial_state(e)
    wild.parameters["hidden1.linear.weight"][0] = float("inf")
    end = make_trainer(e, "compiled").advance(wild, 2)
    finite = [bool(torch.isfinite(end.parameters["output.linear.weight"][member]).all()) for member in range(2)]
    assert finite == [False, True]


def test_wide_networks_and_other_devices_take_the_batched_program(monkeypatch):
    assert choose_trainer(ensemble().network, "cpu") == "compiled"
    assert choose_trainer(ensemble(widths=(6, 1024, 2)).network, "cpu") == "compiled"
    assert choose_trainer(ensemble(widths=(6, 1025, 2)).network, "cpu") == "batched"
    assert choose_trainer(ensemble().network, "cuda") == "batched"
    monkeypatch.delitem(CODES, "tanh")  # an activation that the compiled loop does not have
    assert choose_trainer(ensemble().network, "cpu") == "batched"


def test_every_activation_is_compiled():
    assert set(CODES) == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_module_and_stack_are_the_same_network(activation, initialisation):
    network = FullyConnected((6, 5, 4, 3), activation, initialisation)
    parameters = network.initial((1, 2, 3))
    x = torch.randn(9, 6, generator=torch.Generator().manual_seed(0))
    stacked = network.representations(parameters, x)
    assert tuple(stacked) == network.layers == ("hidden1", "hidden2", "output")
    for member in range(3):
        a = x
        for layer, block in network.module(parameters, member).named_children():
            a = block(a)
            torch.testing.assert_close(a, stacked[layer][member])
    assert set(network.module(parameters).state_dict()) == set(parameters)


@pytest.mark.parametrize(
    ("initialisation", "sd"),
    [
        ("truncated_normal_fan_in", 0.88 / 20),
        ("truncated_normal_fan_in_times_3", 3 * 0.88 / 20),
        ("truncated_normal_fan_out", 0.88 / 30),
        ("glorot_uniform", (2 / 1300) ** 0.5),
        ("normal", 0.05),
        ("uniform_fan_in", 1 / 20 / 3**0.5),
    ],
)
def test_initial_weights_have_the_stated_spread(initialisation, sd):
    """0.88 is the sd of a standard normal cut at two; 360 000 draws know their sd to better than 1 %."""
    weight = FullyConnected((400, 900, 2), "tanh", initialisation, sd=0.05).initial((0,))["hidden1.linear.weight"]
    assert float(weight.std()) == pytest.approx(sd, rel=0.01)
    if initialisation.startswith("truncated"):
        assert float(weight.abs().max()) <= 2 * sd / 0.88 * 1.001


def test_biases_start_at_zero_but_for_torch_s_own_way():
    for initialisation in INITIALISATIONS:
        bias = FullyConnected((400, 900, 2), "tanh", initialisation, sd=0.05).initial((0,))["hidden1.linear.bias"]
        if initialisation == "uniform_fan_in":
            assert float(bias.std()) == pytest.approx(1 / 20 / 3**0.5, rel=0.1)
            assert float(bias.abs().max()) <= 1 / 20
        else:
            assert not bias.any()


def test_three_times_the_weights_are_those_of_the_same_seed():
    once, thrice = (
        FullyConnected((6, 5, 2), initialisation=f"truncated_normal_fan_in{times}").initial((4, 7))
        for times in ("", "_times_3")
    )
    assert all(torch.equal(3 * once[name], thrice[name]) for name in once)


def test_orthogonal_weights_are_orthogonal():
    weight = FullyConnected((8, 8, 2), initialisation="orthogonal").initial((0,))["hidden1.linear.weight"][0]
    torch.testing.assert_close(weight @ weight.T, torch.eye(8), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"widths": (3,)}, "at least input and output"),
        ({"widths": (3, 0)}, "whole number of at least 1"),
        ({"widths": (3, 2), "sd": -1.0}, "sd is -1.0"),
        ({"widths": (3, 2), "head": "tanh"}, "wanted one of 'softmax', 'sigmoids'"),
        ({"widths": (3, 2), "initial_rms": 1.0}, "scales as its input does: take one of linear, relu, leaky_relu"),
        ({"widths": (3, 2), "activation": "relu", "initial_rms": -1.0}, "initial_rms is -1.0"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        FullyConnected(**arguments)


def test_a_mistyped_activation_lists_the_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean 'relu'"):
        FullyConnected((3, 2), "rleu")
    with pytest.raises(UnknownNameError, match="glorot_uniform"):
        FullyConnected((3, 2), initialisation="glorot")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": -1}, "epochs is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"batch": 0}, "batch is 0"),
        ({"optimiser": "adamw"}, "wanted one of 'adam', 'sgd'"),
        ({"train_fraction": 1.5}, "between 0 and 1"),
        ({"train_rows": 1}, "train_rows is 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Recipe(**{"epochs": 1, "learning_rate": 0.1, **arguments})


def test_an_ensemble_whose_parts_do_not_fit_is_refused():
    e = ensemble()
    with pytest.raises(InputError, match="6 columns, the network takes 4"):
        Ensemble(FullyConnected((4, 2)), e.recipe, e.x, e.y, e.train, e.seeds)
    with pytest.raises(InputError, match="labels go up to 1, the network has 1 outputs"):
        Ensemble(FullyConnected((6, 1)), e.recipe, e.x, e.y, e.train, e.seeds)
    with pytest.raises(InputError, match="2 sets of training rows for 1 seeds"):
        Ensemble(e.network, e.recipe, e.x, e.y, e.train, (1,))
    with pytest.raises(InputError, match=r"augmentation is \('flip',\) and the network fully_connected"):
        dataclasses.replace(e, recipe=dataclasses.replace(e.recipe, augmentation=("flip",)))
    with pytest.raises(InputError, match="wanted its data: pass first_x or first_y"):
        dataclasses.replace(e, recipe=dataclasses.replace(e.recipe, beginning=Beginning(2, labels="random")))
    with pytest.raises(InputError, match="labels go up to 2, the network has 2 outputs"):
        dataclasses.replace(e, first_y=e.y + 1)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("layout", [Layout(1, 2), Layout(2, 1), Layout(5, 1)])
def test_every_layout_trains_every_member_alike(program, layout):
    e = ensemble("tanh", seeds=(3, 5, 8))
    found = list(train(e, (0, 8), make_trainer(e, program, layout=layout)))[-1]
    assert largest_difference(found, run(e, program)) < 2e-5
