"""Networks with noise behind their hidden activations: the gradient, the statistics of a forward, the module."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from infoscope.core.errors import InputError
from infoscope.kernels.counter_draws import KINDS, draw
from infoscope.train.activations import ACTIVATIONS
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks import fully_connected
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.statistics import noisy_accuracy
from infoscope.train.trainer import Layout
from infoscope.train.training import initial_state, make_trainer

KINDS_OF_NOISE = ({"noise": 0.4}, {"dropout": 0.3}, {"dropout": 0.3, "dropout_kind": "gaussian"})
SEEDS = (3, 11)


def ensemble(network: FullyConnected, rate: float) -> Ensemble:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, network.inputs)).astype(np.float32)
    y = rng.integers(0, network.outputs, 40).astype(np.int32)
    return Ensemble(network, Recipe(2, rate, None, "sgd"), x, y, np.tile(np.arange(40), (2, 1)), SEEDS)


@pytest.mark.parametrize("program", ["compiled", "batched"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "shifted_tanh"])
@pytest.mark.parametrize("noise", KINDS_OF_NOISE)
def test_the_gradient_is_that_of_autograd_on_the_same_draws(program, activation, noise):
    """One full-batch step of SGD, divided by the rate, in epoch 1, where no batch order or draw has a zero in it."""
    network = FullyConnected((5, 7, 4, 3), activation, "glorot_uniform", **noise)
    e, rate = ensemble(network, 0.5), 0.5
    start = dataclasses.replace(initial_state(e), epoch=1)
    end = make_trainer(e, program, layout=Layout(1, 1)).advance(start, 2)
    for member, rows in enumerate(e.orders(1)):
        leaves = {name: tensor[member].clone().requires_grad_() for name, tensor in start.parameters.items()}
        a = torch.from_numpy(e.x[rows])
        for place, (layer, (units, _)) in enumerate(network.shapes()):
            z = a @ leaves[f"{layer}.linear.weight"].T + leaves[f"{layer}.linear.bias"]
            a = ACTIVATIONS[activation](z)
            if layer != "output":
                out = np.empty((units + 1, len(rows)), np.float32)
                assert network.disturbance
                kind = network.disturbance.kind
                draw(SEEDS[member], 1, 0, place, KINDS[kind], network.disturbance.size, out, units, len(rows))
                draws = torch.from_numpy(out[:units].T)
                a = a + draws if kind == "additive" else a * draws
        functional.cross_entropy(z, torch.from_numpy(e.y[rows]).long()).backward()
        for name, leaf in leaves.items():
            found = (start.parameters[name][member] - end.parameters[name][member]) / rate
            torch.testing.assert_close(found, leaf.grad, atol=2e-6, rtol=1e-4)


@pytest.mark.parametrize("noise", KINDS_OF_NOISE)
def test_evaluation_has_no_noise(noise):
    noisy, plain = (FullyConnected((5, 6, 4, 2), "tanh", **each) for each in (noise, {}))
    parameters, x = noisy.initial((1, 2)), torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(noisy.logits(parameters, x), plain.logits(parameters, x))
    found, wanted = (each.representations(parameters, x) for each in (noisy, plain))
    assert all(torch.equal(found[site], wanted[site]) for site in wanted)


def linear_network(**noise) -> tuple[FullyConnected, dict[str, torch.Tensor], torch.Tensor]:
    network = FullyConnected((3, 4, 2, 2), "linear", "glorot_uniform", **noise)
    return network, network.initial((1, 2)), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("chunk", [1 << 24, 100])
def test_propagated_noise_has_the_covariance_of_a_linear_network(monkeypatch, chunk):
    """S2 = W2 (S1 + Z1) + b: mean the clean S2, covariance noise² W2 W2ᵀ; S1 itself has none, and S2 not its own."""
    monkeypatch.setattr(fully_connected, "CHUNK", chunk)
    network, parameters, x = linear_network(noise=0.3)
    replicas = 20_000
    found = network.propagated(parameters, x, ("hidden1", "hidden1.linear", "hidden2", "output.linear"), replicas, 5)
    clean = network.representations(parameters, x, found)
    for site in ("hidden1", "hidden1.linear"):
        assert found[site].shape == (2, 5, replicas, 4)
        assert found[site].stride(2) == 0
        assert torch.equal(found[site][:, :, 7], clean[site])
    w2, w3 = (parameters[f"{layer}.linear.weight"].double() for layer in ("hidden2", "output"))
    covariances = {"hidden2": 0.09 * w2 @ w2.mT, "output.linear": 0.09 * (w3 @ w2 @ w2.mT @ w3.mT + w3 @ w3.mT)}
    for site, wanted in covariances.items():
        errors = found[site].double() - clean[site].double()[:, :, None]
        variances = wanted.diagonal(dim1=1, dim2=2)
        assert ((errors.mean(2)) ** 2 < 4.5**2 * variances[:, None] / replicas).all()
        spread = (variances[:, :, None] * variances[:, None] + wanted**2).sqrt() / replicas**0.5
        covariance = torch.einsum("mnri,mnrj->mnij", errors, errors) / replicas
        assert ((covariance - wanted[:, None]).abs() < 4.5 * spread[:, None]).all()
    by_row = (found["hidden2"] - clean["hidden2"][:, :, None])[..., 0].flatten(0, 1)
    correlation = torch.corrcoef(by_row) - torch.eye(10)
    assert correlation.abs().max() < 4.5 / replicas**0.5  # members and rows draw for themselves


@pytest.mark.parametrize("kind", ["binary", "gaussian"])
def test_propagated_dropout_has_the_moments_of_its_factors(kind):
    network, parameters, x = linear_network(dropout=0.25, dropout_kind=kind)
    replicas = 20_000
    found = network.propagated(parameters, x, ("hidden2",), replicas, 1)["hidden2"].double()
    clean = network.representations(parameters, x, ("hidden1", "hidden2"))
    weight = parameters["hidden2.linear.weight"].double()
    variance = 0.25 / 0.75 * torch.einsum("mni,moi->mno", clean["hidden1"].double() ** 2, weight**2)
    assert ((found.mean(2) - clean["hidden2"]) ** 2 < 4.5**2 * variance / replicas).all()
    torch.testing.assert_close(found.var(2), variance, rtol=0.1, atol=0)


def test_propagation_is_decided_by_the_seed_and_a_plain_network_has_equal_replicas():
    network, parameters, x = linear_network(noise=0.1)
    before = torch.get_rng_state()
    first, again, other = (network.propagated(parameters, x, (), 3, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert tuple(first) == ("hidden1", "hidden2", "output")
    assert all(torch.equal(first[site], again[site]) for site in first)
    assert not torch.equal(first["hidden2"], other["hidden2"])
    plain = dataclasses.replace(network, noise=0.0)
    clean = plain.representations(parameters, x)
    found = plain.propagated(parameters, x, (), 3, 1)
    assert all(torch.equal(found[site], clean[site][:, :, None].expand(-1, -1, 3, -1)) for site in clean)


@pytest.mark.parametrize("noise", KINDS_OF_NOISE)
def test_the_module_is_noisy_in_training_only(noise):
    network, parameters, x = linear_network(**noise)
    module = network.module(parameters, 1)
    clean = network.representations(parameters, x)
    torch.testing.assert_close(module.eval()(x), clean["output"][1])
    module.train()
    torch.manual_seed(0)
    outputs = torch.stack([module.hidden1(x) for _ in range(5000)]).double()
    scale = 0.4 if "noise" in noise else clean["hidden1"][1].abs().double() * (0.3 / 0.7) ** 0.5
    assert ((outputs.mean(0) - clean["hidden1"][1]).abs() < 4.5 * scale / 5000**0.5).all()
    torch.testing.assert_close(outputs.std(0), torch.as_tensor(scale).double().expand(5, 4), rtol=0.1, atol=0)
    logits = torch.stack([module.output.linear(module.hidden2(module.hidden1(x))) for _ in range(2)])
    assert not torch.equal(logits[0], logits[1])
    assert set(module.state_dict()) == set(parameters)
    assert type(module.output[-1]) is torch.nn.Softmax  # the output has no noise


def test_noise_keeps_two_members_with_equal_weights_apart():
    e = ensemble(FullyConnected((5, 6, 2), noise=0.5), 0.1)
    start = initial_state(e)
    for tensor in start.parameters.values():
        tensor[1] = tensor[0]
    plain = dataclasses.replace(e, network=FullyConnected((5, 6, 2)))
    for each, apart in ((e, True), (plain, False)):
        end = make_trainer(each, "compiled").advance(start, 2).parameters["hidden1.linear.weight"]
        assert (float((end[0] - end[1]).abs().max()) > 1e-4) == apart


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"noise": -0.1}, "noise is -0.1, wanted a standard deviation"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"dropout": 1.0}, "dropout is 1.0, wanted a probability"),
        ({"dropout": 0.1, "dropout_kind": "bernoulli"}, "dropout_kind is 'bernoulli', wanted one of 'binary'"),
        ({"dropout": 0.1, "noise": 0.1}, "wanted one of them"),
    ],
)
def test_noise_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        FullyConnected((3, 2, 2), **arguments)


def test_accuracy_with_the_noise_on_is_that_of_noisy_forwards():
    """One hidden unit of which the sign decides: right as often as its noise leaves the sign alone."""
    network = FullyConnected((1, 1, 2), "linear", noise=0.5)
    parameters = {
        "hidden1.linear.weight": torch.ones(2, 1, 1), "hidden1.linear.bias": torch.zeros(2, 1),
        "output.linear.weight": torch.tensor([[[-1.0], [1.0]]] * 2), "output.linear.bias": torch.zeros(2, 2),
    }  # fmt: skip
    n = 4000
    x, y = torch.full((n, 1), 0.5), torch.ones(n, dtype=torch.long)
    found = noisy_accuracy(network, parameters, x, y, torch.arange(n)[None], seed=3)
    assert found.tolist() == pytest.approx([0.8413] * 2, abs=0.02)  # Phi(1)
    assert found[0] != found[1]
    again = noisy_accuracy(network, parameters, x, y, torch.arange(n).expand(2, -1), seed=3)
    assert torch.equal(found, again)
