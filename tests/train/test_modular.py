"""The trainer of modules: equal to a plain PyTorch loop, to itself however cut or grouped, and honest statistics."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from infoscope.core.errors import InputError
from infoscope.train.augmentation import augmented
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.noise import stream
from infoscope.train.recipe import Beginning, Recipe
from infoscope.train.trainer import Layout, State
from infoscope.train.trainers.modular import ModularTrainer
from infoscope.train.training import initial_state, make_trainer, train

NETWORK = Convolutional("small_resnet", (2, 8, 8), 3, width=4)
ALONE = Layout(2, 1)  # each member a group of its own


def ensemble(network: Convolutional = NETWORK, seeds=(3, 5), rows: int = 41, **recipe) -> Ensemble:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60).astype(np.int32)
    x = rng.random((60, network.inputs), np.float32) + 0.3 * y[:, None].astype(np.float32) * rng.random(network.inputs)
    train = np.stack([np.random.default_rng(seed).permutation(60)[:rows] for seed in seeds])
    given = {"epochs": 4, "learning_rate": 0.05, "batch": 16, "optimiser": "sgd", **recipe}
    return Ensemble(network, Recipe(**given), x.astype(np.float32), y, train, tuple(seeds))


def run(e: Ensemble, layout: Layout = ALONE, epochs=(0, 4), device: str = "cpu") -> State:
    return list(train(e, epochs, make_trainer(e, device=device, layout=layout)))[-1]


def kernels(state: State) -> dict[str, torch.Tensor]:
    return {name: stack for name, stack in state.parameters.items() if not name.startswith("input.")}


@pytest.mark.parametrize("architecture", ["small_resnet", "small_cnn", "all_cnn"])
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_training_is_a_plain_pytorch_loop(architecture, optimiser):
    """One member trained by torch's own optimiser on its module, in the same batch order."""
    shape = (1, 16, 16) if architecture == "small_cnn" else (2, 8, 8)
    network = Convolutional(architecture, shape, 3, width=3)
    momentum = 0.9 if optimiser == "sgd" else 0.0
    e = ensemble(
        network, optimiser=optimiser, learning_rate=0.01, momentum=momentum, weight_decay=1e-3, schedule="exponential",
        decay=0.7,
    )  # fmt: skip
    module = network.module(initial_state(e).parameters, member=1).train()
    trained = list(module.parameters())
    updates = (
        torch.optim.Adam(trained, 0.01, weight_decay=1e-3)
        if optimiser == "adam"
        else torch.optim.SGD(trained, 0.01, 0.9, weight_decay=1e-3)
    )
    x, y = torch.from_numpy(e.x), torch.from_numpy(e.y).long()
    for epoch in range(4):
        updates.param_groups[0]["lr"] = 0.01 * 0.7**epoch
        for rows in torch.from_numpy(e.orders(epoch)[1]).split(16):
            updates.zero_grad()
            functional.nll_loss(module(x[rows]).log(), y[rows]).backward()
            updates.step()
    found = run(e).parameters
    for name, wanted in module.named_parameters():
        torch.testing.assert_close(found[name][1], wanted.detach(), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("network", "recipe"),
    [
        (NETWORK, {"momentum": 0.9, "augmentation": ("crop", "flip"), "orthonormality": 1e-3}),
        (dataclasses.replace(NETWORK, noise=0.1), {"optimiser": "adam", "schedule": "cosine"}),
        (dataclasses.replace(NETWORK, dropout=0.2, dropout_kind="gaussian"), {"momentum": 0.5}),
    ],
)
@given(cuts=st.sets(st.integers(1, 3), max_size=3))
@settings(max_examples=2, deadline=None)
def test_cutting_a_run_anywhere_changes_no_bit(network, recipe, cuts):
    e = ensemble(network, **recipe)
    whole, state = run(e), initial_state(e)
    for epoch in [*sorted(cuts), 4]:
        stored = {name: tensor.clone() for name, tensor in state.tensors().items()}
        state = make_trainer(e, layout=ALONE).advance(State.from_tensors(state.epoch, stored), epoch)
    assert all(torch.equal(whole.tensors()[name], state.tensors()[name]) for name in whole.tensors())


@pytest.mark.parametrize("architecture", ["small_resnet", "all_cnn", "resnet18"])
@pytest.mark.parametrize("disturbed", [{}, {"noise": 0.1}, {"dropout": 0.2}])
def test_one_batched_program_trains_every_member_as_it_would_train_alone(architecture, disturbed):
    """Two updates, so that rounding has no time to grow."""
    network = Convolutional(architecture, (2, 8, 8), 3, width=4, **disturbed)
    e = ensemble(network, rows=32, batch=16, momentum=0.9, augmentation=("crop",))
    together, apart = run(e, Layout(1, 1), (0, 1)), run(e, ALONE, (0, 1))
    for name, stack in kernels(apart).items():
        torch.testing.assert_close(together.parameters[name], stack, atol=1e-4, rtol=1e-3)


def test_a_member_does_not_depend_on_its_neighbours():
    network = dataclasses.replace(NETWORK, noise=0.1)
    both, alone = run(ensemble(network, (3, 5))).parameters, run(ensemble(network, (5,)), Layout(1, 1)).parameters
    assert all(torch.equal(both[name][1], alone[name][0]) for name in alone)


def test_members_with_other_seeds_have_noise_of_their_own():
    a, b, c = (stream(*key).initial_seed() for key in ((3, 1, 0), (3, 0, 1), (5, 1, 0)))
    assert len({a, b, c, stream(3, 1, 0, use="augmentation").initial_seed()}) == 4
    assert a == stream(3, 1, 0).initial_seed()


def test_training_lowers_the_loss_and_leaves_its_surroundings_alone():
    e = ensemble(learning_rate=0.02)
    start, random, threads = initial_state(e), torch.get_rng_state(), torch.get_num_threads()
    kept = {name: tensor.clone() for name, tensor in start.tensors().items()}
    trainer = make_trainer(e)
    end = trainer.advance(start, 12)
    assert isinstance(trainer, ModularTrainer)
    assert trainer.layout is not None
    assert torch.equal(random, torch.get_rng_state())
    assert threads == torch.get_num_threads()
    assert all(torch.equal(kept[name], tensor) for name, tensor in start.tensors().items())
    x, y, rows = torch.from_numpy(e.x), torch.from_numpy(e.y).long(), torch.from_numpy(e.train)
    losses = []
    for state in (start, end):
        logits = e.network.logits(state.parameters, x[rows])
        assert not logits.requires_grad
        losses.append(functional.cross_entropy(logits.transpose(1, 2), y[rows]))
    assert losses[1] < losses[0] - 0.2


def test_the_perturbed_beginning_sees_its_own_data_and_the_rest_the_tasks():
    plain = ensemble()
    other = np.random.default_rng(1).permutation(plain.y)
    recipe = dataclasses.replace(plain.recipe, beginning=Beginning(2, labels="random"))
    e = dataclasses.replace(plain, recipe=recipe, first_y=other)
    begun, end = train(e, (2, 4), make_trainer(e, layout=ALONE))
    alone = run(dataclasses.replace(plain, y=other), epochs=(0, 2))
    assert all(torch.equal(begun.parameters[name], alone.parameters[name]) for name in alone.parameters)
    after = make_trainer(plain, layout=ALONE).advance(begun, 4)
    assert all(torch.equal(end.parameters[name], after.parameters[name]) for name in after.parameters)


def test_orthonormality_moves_every_kernel_but_the_outputs():
    still = ensemble(learning_rate=1e-12, momentum=0.0)
    moved = dataclasses.replace(still, recipe=dataclasses.replace(still.recipe, orthonormality=0.01, batch=None))
    before, after = initial_state(moved).parameters, run(moved, epochs=(0, 1)).parameters
    for name in ("block2.conv1.weight", "stem.weight"):
        w = before[name].flatten(2)
        wanted = w - 0.01 * (w @ w.transpose(1, 2) @ w - w)
        torch.testing.assert_close(after[name].flatten(2), wanted)
    for name in ("output.linear.weight", "block2.norm1.weight"):
        torch.testing.assert_close(after[name], before[name])


def test_channels_are_standardised_by_the_training_rows_of_each_member():
    e = ensemble()
    e.x[:, :64] = 0.25  # a channel that does not vary
    parameters = initial_state(e).parameters
    for member in range(2):
        images = e.x[e.train[member]].reshape(-1, 2, 64).astype(np.float64)
        assert parameters["input.mean"][member].numpy() == pytest.approx(images.mean((0, 2)), rel=1e-5)
        assert parameters["input.sd"][member].numpy() == pytest.approx([1, images.std((0, 2))[1]], rel=1e-4)


@pytest.mark.parametrize("epochs", [(0,), (0, 2)])
def test_evaluation_on_the_training_rows_is_training_without_its_chance(epochs):
    """With one full batch the stored statistics are the batch's own, but for n - 1 in place of n in the variance."""
    e = ensemble(dataclasses.replace(NETWORK, noise=0.2), batch=None)
    parameters = run(e, epochs=epochs).parameters
    for member in range(2):
        x = torch.from_numpy(e.x[e.train[member]])
        module = e.network.module(parameters, member).train()
        module.noise = None
        found = e.network.logits(parameters, x)[member].softmax(-1)
        torch.testing.assert_close(found, module(x).detach(), atol=0.02, rtol=0.05)


def test_statistics_are_the_mean_over_minibatches():
    e = ensemble()
    parameters = initial_state(e).parameters
    found = e.network.batch_statistics(parameters, e.x, e.order, e.recipe.batch_size)
    module = e.network.module(parameters, 0)
    images = [module.get_submodule("stem")(module.get_submodule("input")(torch.from_numpy(e.x[part])))
              for part in (e.orders(0)[0][:16], e.orders(0)[0][16:32])]  # fmt: skip
    mean = torch.stack([a.mean((0, 2, 3)) for a in images]).mean(0)
    variance = torch.stack([a.transpose(0, 1).flatten(1).var(1) for a in images]).mean(0)
    torch.testing.assert_close(found["block1.norm1.running_mean"][0], mean.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found["block1.norm1.running_var"][0], variance.detach(), atol=1e-5, rtol=1e-4)
    without = ensemble(Convolutional("small_cnn", (1, 16, 16), 3))
    assert without.network.batch_statistics(without.initial(), e.x, e.order, e.recipe.batch_size) == {}


def test_statistics_read_the_first_2048_rows_of_the_first_epoch_s_order():
    """Of rows in one batch, which then are the whole of it."""
    brightness = np.linspace(0, 9, 2100, dtype=np.float32)[:, None]
    x = brightness * np.random.default_rng(0).random((2100, NETWORK.inputs), np.float32)
    e = Ensemble(NETWORK, Recipe(1, 0.1), x, np.zeros(2100, np.int32), np.arange(2100)[None], (0,))
    parameters = initial_state(e).parameters
    found = e.network.batch_statistics(parameters, x, e.order, lambda rows: rows)["block1.norm1.running_mean"][0]
    module = e.network.module(parameters, 0)

    @torch.no_grad()
    def mean(rows: np.ndarray) -> torch.Tensor:
        return module.get_submodule("stem")(module.get_submodule("input")(torch.from_numpy(x[rows]))).mean((0, 2, 3))

    torch.testing.assert_close(found, mean(e.order(0)[:2048]), atol=1e-6, rtol=1e-5)
    assert float((found - mean(e.order(0)[:1024])).abs().max()) > 1e-3
    assert float((found - mean(e.order(0))).abs().max()) > 1e-4


def test_half_precision_trains_near_full_precision():
    """The path of an accelerator, on a CPU that is called by another name."""
    e = ensemble(dataclasses.replace(NETWORK, noise=0.1), learning_rate=0.01)
    full = run(e)
    for layout in (ALONE, Layout(1, 1)):
        half = run(e, layout, device="cpu:0")
        for name, stack in kernels(full).items():
            assert half.parameters[name].dtype == torch.float32
            assert float((half.parameters[name] - stack).norm()) < 0.05 * float(stack.norm()) + 0.05


def test_on_a_gpu_both_ways_train_near_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device, so what runs on one is not checked")
    e = ensemble(learning_rate=0.01, momentum=0.9, augmentation=("crop", "flip"))
    cpu = run(e)
    for layout in (ALONE, Layout(1, 1)):
        gpu, again = (run(e, layout, device="cuda") for _ in range(2))
        for name, stack in kernels(cpu).items():
            assert torch.equal(gpu.parameters[name], again.parameters[name])
            assert float((gpu.parameters[name] - stack).norm()) < 0.05 * float(stack.norm()) + 0.05


def test_a_minibatch_of_one_row_is_refused():
    with pytest.raises(InputError, match="33 training rows in minibatches of 16 leave one row alone"):
        make_trainer(ensemble(rows=33))
    make_trainer(ensemble(Convolutional("small_cnn", (1, 16, 16), 3), rows=33))  # has no BatchNorm


def test_a_network_without_modules_is_refused():
    e = ensemble()
    dense = dataclasses.replace(e, network=FullyConnected((128, 3)))
    with pytest.raises(InputError, match="modular cannot train a fully_connected network on cpu: leave the choice"):
        make_trainer(dense, "modular")


def every_change(image: torch.Tensor) -> dict[tuple, torch.Tensor]:
    """All that augmentation could make of ``image [c, h, w]``, by the shift and whether it is mirrored."""
    padded = functional.pad(image, (1, 1, 2, 2))
    found = {}
    for down in range(5):
        for right in range(3):
            moved = padded[:, down : down + 16, right : right + 8]
            found |= {(down, right, False): moved, (down, right, True): moved.flip(2)}
    return found


def test_an_augmented_image_is_a_shifted_or_mirrored_one_and_all_are_as_likely():
    """3000 draws over 30 outcomes: chi-squared at 29 degrees, 6 sd above its mean."""
    image = torch.rand(2, 16, 8, generator=torch.Generator().manual_seed(0))
    x = image.flatten().expand(3000, -1)
    found = augmented(x, (2, 16, 8), ("crop", "flip"), torch.Generator().manual_seed(1))
    counts = []
    seen = torch.zeros(3000, dtype=torch.bool)
    for changed in every_change(image).values():
        same = (found == changed.flatten()).all(1)
        counts.append(int(same.sum()))
        seen |= same
    assert seen.all()
    assert sum((count - 100) ** 2 / 100 for count in counts) < 29 + 6 * np.sqrt(58)


def test_each_kind_of_augmentation_does_only_its_own():
    x = torch.rand(50, 2 * 16 * 8, generator=torch.Generator().manual_seed(0))
    assert augmented(x, (2, 16, 8), (), torch.Generator()) is x
    flipped = augmented(x, (2, 16, 8), ("flip",), torch.Generator().manual_seed(0)).reshape(50, 2, 16, 8)
    images = x.reshape(50, 2, 16, 8)
    mirrored = (flipped == images.flip(3)).all(dim=(1, 2, 3))
    assert 0 < int(mirrored.sum()) < 50
    assert torch.equal(flipped[~mirrored], images[~mirrored])
