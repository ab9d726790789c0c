"""Compiled forward passes and learning curves beside those of the network itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infoscope.kernels.dense_forward import BLOCK, CODES
from infoscope.scanning.dense_forward import WIDEST, DenseForward
from infoscope.train.activations import ACTIVATIONS
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.statistics import performance

MEMBERS = 3


def networks(activation: str, widths: tuple[int, ...]):
    """A network, parameters that saturate some units, and inputs."""
    network = FullyConnected(widths, activation)
    generator = torch.Generator().manual_seed(len(widths))
    parameters = {
        name: tensor + 0.5 * torch.randn(tensor.shape, generator=generator)
        for name, tensor in network.initial(range(MEMBERS)).items()
    }
    return network, parameters, torch.randn(BLOCK + 37, widths[0], generator=generator)


def test_every_activation_but_one_has_a_loop():
    assert set(ACTIVATIONS) - set(CODES) == {"gelu"}


@pytest.mark.parametrize("widths", [(5, 6, 4, 3), (3, 2), (2, 9, 2)])
@pytest.mark.parametrize("activation", CODES)
def test_layers_hold_what_the_network_says(activation, widths):
    network, parameters, x = networks(activation, widths)
    found = DenseForward.of(network, x.numpy(), "cpu").representations(parameters, network.places)
    wanted = network.representations(parameters, x, network.places)
    assert list(found) == list(wanted)
    for site, t in wanted.items():
        torch.testing.assert_close(found[site], t, rtol=2e-6, atol=2e-6)
        assert found[site].is_contiguous()


def test_sites_are_those_that_were_asked_for():
    network, parameters, x = networks("tanh", (4, 6, 3, 2))
    forward = DenseForward.of(network, x.numpy(), "cpu")
    assert list(forward.representations(parameters)) == list(network.layers)
    one = forward.representations(parameters, ["hidden2.linear"])
    torch.testing.assert_close(
        one["hidden2.linear"], network.representations(parameters, x, ["hidden2.linear"])["hidden2.linear"]
    )
    assert list(one) == ["hidden2.linear"]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("widths", [(5, 6, 4, 2), (5, 6, 7)])
def test_learning_curves_are_those_of_the_network(widths, shared):
    network, parameters, x = networks("relu", widths)
    generator = np.random.default_rng(0)
    y = generator.integers(0, widths[-1], len(x)).astype(np.int32)
    rows = np.stack([generator.permutation(len(x))[: len(x) - 9] for _ in range(1 if shared else MEMBERS)])
    found = DenseForward.of(network, x.numpy(), "cpu").performance(parameters, y, rows)
    wanted = performance(network, parameters, x, torch.tensor(y).long(), torch.tensor(rows))
    torch.testing.assert_close(found.loss, wanted.loss, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(found.accuracy, wanted.accuracy, rtol=0, atol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e12])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_member_that_diverged_stays_so_and_alone(activation, value):
    network, parameters, x = networks(activation, (4, 5, 3, 2))
    forward, y = DenseForward.of(network, x.numpy(), "cpu"), np.zeros(len(x), np.int32)
    rows = np.arange(len(x))[None]
    before = forward.representations(parameters), forward.performance(parameters, y, rows)
    parameters["hidden1.linear.weight"][1] = value
    after = forward.representations(parameters), forward.performance(parameters, y, rows)
    wanted = network.representations(parameters, x)
    for site, t in after[0].items():
        torch.testing.assert_close(t[1], wanted[site][1], rtol=1e-3, atol=1e-3, equal_nan=True)
        assert torch.equal(t[[0, 2]], before[0][site][[0, 2]])
    loss = performance(network, parameters, x, torch.tensor(y).long(), torch.tensor(rows)).loss[1]
    torch.testing.assert_close(after[1].loss[1], loss, equal_nan=True)
    assert torch.equal(after[1].loss[[0, 2]], before[1].loss[[0, 2]])


def test_what_has_no_compiled_loop_is_left_to_the_network():
    x = np.zeros((2, 3), np.float32)
    assert DenseForward.of(FullyConnected((3, WIDEST + 1, 2)), x, "cpu") is None
    assert DenseForward.of(FullyConnected((3, 4, 2)), x, "cuda") is None
    assert DenseForward.of(FullyConnected((3, 4, 2), "gelu"), x, "cpu") is None
