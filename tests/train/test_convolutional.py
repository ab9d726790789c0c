"""Convolutional networks: the stack against one plain module, their sites, their noise, their numbers of parameters."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.record.gathering import representations
from infoscope.scanning.plan import MeasurePlan, NetworkPlan
from infoscope.train import stages
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.statistics import layer_gradients, performance

TINY = {
    "resnet18": Convolutional("resnet18", (3, 8, 8), 4, width=4),
    "all_cnn": Convolutional("all_cnn", (2, 8, 6), 3, width=4),
    "small_resnet": Convolutional("small_resnet", (3, 8, 8), 4, width=4),
    "small_cnn": Convolutional("small_cnn", (1, 16, 18), 3, width=2),
}


def begun(network: Convolutional, seeds=(1, 2)) -> dict[str, torch.Tensor]:
    """Initial parameters, with statistics that are not those of a network that has seen nothing."""
    generator = torch.Generator().manual_seed(0)
    parameters = network.initial(seeds)
    for name, stack in parameters.items():
        if name.endswith(("running_var", "sd")):
            stack.uniform_(0.5, 2, generator=generator)
        elif name.endswith(("running_mean", "mean", "bias")):
            stack.normal_(0, 0.3, generator=generator)
    return parameters


def rows(network: Convolutional, n: int = 7) -> torch.Tensor:
    return torch.rand(n, network.inputs, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", TINY)
def test_module_and_stack_are_the_same_network(name):
    network, x = TINY[name], rows(TINY[name])
    parameters = begun(network)
    found = network.representations(parameters, x, network.places)
    assert set(found) == set(network.places)
    for member in range(2):
        module = network.module(parameters, member)
        assert not module.training
        hooked = representations(module, x, network.layers)
        for layer, t in hooked.items():
            site = layer if layer in ("features", "output") else f"{layer}.map"  # a hook sees the map, flattened
            torch.testing.assert_close(found[site][member], t)
        torch.testing.assert_close(module(x.reshape(-1, *network.shape)), found["output"][member])
        kept = {k: v for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}
        assert set(kept) == set(parameters)
        assert all(torch.equal(tensor, parameters[k][member]) for k, tensor in kept.items())


@pytest.mark.parametrize("name", TINY)
def test_a_site_is_the_average_of_its_map_and_the_output_the_softmax_of_the_logits(name):
    network, x = TINY[name], rows(TINY[name])
    parameters = begun(network)
    found = network.representations(parameters, x, network.places)
    assert tuple(network.representations(parameters, x)) == network.layers
    for layer in network.layers[:-2]:
        channels = found[layer].shape[2]
        torch.testing.assert_close(found[f"{layer}.map"].reshape(2, 7, channels, -1).mean(3), found[layer])
    torch.testing.assert_close(found["output.linear"].softmax(-1), found["output"])
    torch.testing.assert_close(network.logits(parameters, x), found["output.linear"])
    weight, bias = parameters["output.linear.weight"], parameters["output.linear.bias"]
    linear = found["features"] @ weight.transpose(1, 2) + bias[:, None]
    torch.testing.assert_close(linear, found["output.linear"])


def test_places_run_from_input_to_output():
    network = TINY["small_resnet"]
    assert network.layers == ("block1", "block2", "block3", "features", "output")
    assert [network.places[layer] for layer in network.layers] == [0, 1, 2, 3, 4]
    assert network.places["block2.map"] == 1
    assert list(network.places)[-2:] == ["output.linear", "output"]


@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_the_size_of_a_chunk_changes_nothing(monkeypatch, chunk):
    network, x = TINY["small_resnet"], rows(TINY["small_resnet"])
    parameters = begun(network)
    wanted = network.representations(parameters, x)
    monkeypatch.setattr(stages, "ROWS", chunk)
    for site, t in network.representations(parameters, x).items():
        torch.testing.assert_close(t, wanted[site])


def test_rows_of_each_member_are_its_own():
    network = TINY["all_cnn"]
    parameters, x = begun(network), rows(TINY["all_cnn"], 10)
    own = torch.stack([x[:5], x[5:]])
    found, shared = network.logits(parameters, own), network.logits(parameters, x)
    torch.testing.assert_close(found, torch.stack([shared[0, :5], shared[1, 5:]]))


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        (Convolutional("resnet18"), 11_172_170),
        # kernels with biases are 1 369 738 numbers; BatchNorm has a scale beside each shift
        (Convolutional("all_cnn"), 1_369_738 + 3 * 96 + 5 * 192),
        (Convolutional("small_cnn", (1, 28, 28)), 16 * 26 + 32 * (16 * 25 + 1) + 128 * 513 + 10 * 129),
    ],
)
def test_the_architectures_have_their_published_size(network, wanted):
    assert sum(p.numel() for p in network.skeleton().parameters()) == wanted


def test_a_member_begins_by_its_own_seed_alone():
    network = TINY["resnet18"]
    before = torch.get_rng_state()
    both, alone = network.initial((3, 5)), network.initial((5,))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(both[name][1], alone[name][0]) for name in alone)
    assert not torch.equal(both["stem.weight"][0], both["stem.weight"][1])


def test_initial_weights_have_the_stated_spread():
    """He et al.: sd sqrt(2 / fan-in); 2.4 million draws know it to better than 1 %."""
    parameters = Convolutional("resnet18").initial((0,))
    weight = parameters["block8.conv2.weight"]
    assert float(weight.std()) == pytest.approx(math.sqrt(2 / (512 * 9)), rel=0.01)
    assert float(parameters["output.linear.weight"].abs().max()) <= math.sqrt(6 / 522)
    assert float(parameters["output.linear.bias"].abs().max()) == 0


def test_noisy_forwards_add_the_noise_behind_each_site_and_not_at_it():
    """logits - W features - b is W z with z ~ N(0, noise²): its variance has a relative sd of sqrt(2 / draws)."""
    network = dataclasses.replace(TINY["small_cnn"], noise=0.3)
    parameters, x = begun(network), rows(network)
    s = network.propagated(parameters, x, ("conv1", "conv2.map", "features", "output.linear"), 400, seed=0)
    clean = network.representations(parameters, x, ("conv1",))
    assert torch.equal(s["conv1"][:, :, 17], clean["conv1"])
    assert float(s["conv2.map"].var(2).mean()) > 1e-4
    weight, bias = parameters["output.linear.weight"], parameters["output.linear.bias"]
    through = s["features"] @ weight[:, None].transpose(2, 3) + bias[:, None, None]
    left = (s["output.linear"] - through).flatten(1, 2)
    wanted = 0.3**2 * (weight**2).sum(2)
    assert left.var(1) == pytest.approx(wanted, rel=6 * math.sqrt(2 / left.shape[1]))
    assert float(left.mean(1).abs().max()) < 6 * float(wanted.max().sqrt()) / math.sqrt(left.shape[1])
    again = network.propagated(parameters, x, ("conv2.map",), 400, seed=0)
    other = network.propagated(parameters, x, ("conv2.map",), 400, seed=1)
    assert torch.equal(again["conv2.map"], s["conv2.map"])
    assert not torch.equal(other["conv2.map"], s["conv2.map"])


@pytest.mark.parametrize("kind", ["binary", "gaussian"])
def test_dropout_multiplies_by_factors_of_the_stated_spread(kind):
    """logits - W features - b is sum_i W_i f_i (factor_i - 1): variance p / (1 - p) sum_i (W_i f_i)²."""
    network = dataclasses.replace(TINY["small_cnn"], dropout=0.2, dropout_kind=kind)
    parameters, x = begun(network, (1,)), rows(network, 2)
    s = network.propagated(parameters, x, ("features", "output.linear"), 3000, seed=0)
    weight, bias, f = parameters["output.linear.weight"][0], parameters["output.linear.bias"][0], s["features"][0]
    left = s["output.linear"][0] - f @ weight.T - bias
    wanted = 0.25 * (f**2).mean(1) @ (weight**2).T
    assert left.var(1) == pytest.approx(wanted, rel=0.2)


def test_without_noise_all_replicas_are_the_clean_output():
    network = TINY["all_cnn"]
    parameters, x = begun(network), rows(network)
    s = network.propagated(parameters, x, ("conv3", "output"), 3, seed=0)
    clean = network.representations(parameters, x, ("conv3", "output"))
    assert all(torch.equal(s[site][:, :, j], clean[site]) for site in s for j in range(3))


def test_the_module_is_noisy_in_training_only():
    network = dataclasses.replace(TINY["small_cnn"], noise=0.5)
    module, x = network.module(begun(network)), rows(network)
    assert torch.equal(module(x), module(x))
    module.train()
    assert not torch.equal(module(x), module(x))


def test_performance_and_gradients_are_those_of_one_module_at_a_time():
    network = TINY["small_resnet"]
    parameters, x = begun(network), rows(network, 33)
    y = torch.arange(33) % 4
    found = performance(network, parameters, x, y, torch.arange(33)[None], chunk=10)
    gradients = layer_gradients(network, parameters, x, y, torch.arange(33)[None], batch=8)
    assert list(gradients) == ["block1", "block2", "block3", "output"]  # features: scales and shifts only
    for member in range(2):
        module = network.module(parameters, member)
        loss = functional.nll_loss(module(x).detach().log(), y)
        assert float(found.loss[member]) == pytest.approx(float(loss), rel=1e-5)
        seen = []
        for part in torch.arange(32).split(8):
            module.zero_grad()
            functional.nll_loss(module(x[part]).log(), y[part]).backward()
            kernels = [m.weight for m in module.get_submodule("block2").modules() if isinstance(m, nn.Conv2d)]
            seen.append(torch.cat([kernel.grad.flatten() for kernel in kernels]))
        stack = torch.stack(seen)
        snr = stack.mean(0).norm() / stack.std(0, correction=0).norm()
        assert float(gradients["block2"].snr[member]) == pytest.approx(float(snr), rel=1e-4)
        norm = torch.cat([kernel.detach().flatten() for kernel in kernels]).norm()
        assert float(gradients["block2"].weight_norm[member]) == pytest.approx(float(norm), rel=1e-6)


@pytest.mark.parametrize(
    "network",
    [*TINY.values(), Convolutional("small_cnn", (1, 28, 28), noise=0.1), FullyConnected((12, 10, 2), "relu")],
)
def test_a_plan_comes_back_from_json_with_its_network(network):
    recipe = Recipe(3, 0.1, 128, "sgd", momentum=0.9, augmentation=("crop", "flip"))
    plan = NetworkPlan("title", "mnist", network, recipe, (0, 1), (0, 3), (MeasurePlan("binned"),))
    assert NetworkPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": (3, 32)}, "wants \\(channels, height, width\\)"),
        ({"architecture": "small_cnn", "shape": (1, 12, 28)}, "at least 16 pixels"),
        ({"shape": (0, 8, 8)}, "a side of shape is 0"),
        ({"classes": 1}, "classes is 1"),
        ({"width": 0}, "width is 0"),
        ({"noise": -1.0}, "noise is -1.0"),
        ({"noise": 0.1, "dropout": 0.1}, "wanted one of them"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Convolutional(**{"architecture": "small_resnet", **arguments})


def test_a_mistyped_name_lists_the_near_ones():
    with pytest.raises(UnknownNameError, match="resnet18"):
        Convolutional("resnet81")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnknownNameError, match="block1"):
        TINY["small_resnet"].representations(begun(TINY["small_resnet"]), rows(TINY["small_resnet"]), ("blok1",))
