"""Learning curves and gradient statistics against one plain module at a time."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from infoscope.core.errors import InputError
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.statistics import layer_gradients, performance, sample_gradients

NETWORK = FullyConnected((6, 5, 4, 3), "tanh")


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(80, 6, generator=generator)
    y = torch.randint(0, 3, (80,), generator=generator)
    rows = torch.stack([torch.randperm(80, generator=generator)[:50] for _ in range(2)])
    return NETWORK.initial((1, 2)), x, y, rows


@pytest.mark.parametrize("chunk", [7, 50, 4096])
def test_performance_is_that_of_each_member_on_its_own_rows(problem, chunk):
    parameters, x, y, rows = problem
    found = performance(NETWORK, parameters, x, y, rows, chunk)
    for member in range(2):
        probabilities = NETWORK.module(parameters, member)(x[rows[member]]).detach()
        loss = functional.nll_loss(probabilities.log(), y[rows[member]])
        assert float(found.loss[member]) == pytest.approx(float(loss), rel=1e-5)
        hits = (probabilities.argmax(1) == y[rows[member]]).float().mean()
        assert float(found.accuracy[member]) == pytest.approx(float(hits))


def test_rows_that_all_members_share_give_the_same_as_a_copy_for_each(problem):
    parameters, x, y, rows = problem
    shared, copied = rows[:1], rows[:1].expand(2, -1)
    a, b = performance(NETWORK, parameters, x, y, shared), performance(NETWORK, parameters, x, y, copied)
    torch.testing.assert_close(a, b)
    found, wanted = (layer_gradients(NETWORK, parameters, x, y, r, 16) for r in (shared, copied))
    for layer in NETWORK.layers:
        torch.testing.assert_close(found[layer], wanted[layer])


def test_gradient_statistics_are_those_of_the_minibatches(problem):
    parameters, x, y, rows = problem
    found = layer_gradients(NETWORK, parameters, x, y, rows, batch=16)
    for member in range(2):
        module = NETWORK.module(parameters, member)
        gradients = []
        for part in rows[member].split(16)[:3]:  # 50 rows: three full minibatches, the last two rows left out
            module.zero_grad()
            functional.nll_loss(module(x[part]).log(), y[part]).backward()
            gradients.append({name: p.grad.clone() for name, p in module.named_parameters()})
        for layer in NETWORK.layers:
            stack = torch.stack([g[f"{layer}.linear.weight"] for g in gradients])
            snr = stack.mean(0).norm() / stack.std(0, correction=0).norm()
            assert float(found[layer].snr[member]) == pytest.approx(float(snr), rel=1e-4)
            norm = parameters[f"{layer}.linear.weight"][member].norm()
            assert float(found[layer].weight_norm[member]) == pytest.approx(float(norm), rel=1e-6)


def test_gradients_over_samples_are_those_of_minibatches_of_one(problem):
    parameters, x, y, rows = problem
    for mine in (rows, rows[:1]):  # of its own for each member, and shared
        found = sample_gradients(NETWORK, parameters, x, y, mine)
        wanted = layer_gradients(NETWORK, parameters, x, y, mine, batch=1)
        for layer in NETWORK.layers:
            torch.testing.assert_close(found[layer], wanted[layer].snr, rtol=1e-4, atol=0)


def test_a_dead_layer_has_no_ratio(problem):
    parameters, x, y, rows = problem
    parameters["output.linear.weight"][0] = 0  # nothing flows back to the hidden layers of member 0
    found = layer_gradients(NETWORK, parameters, x, y, rows, batch=16)
    assert found["hidden1"].snr[0].isnan()
    assert found["hidden1"].snr[1].isfinite()


def test_one_minibatch_has_no_spread(problem):
    parameters, x, y, rows = problem
    with pytest.raises(InputError, match="50 training rows make 1 minibatches of 50"):
        layer_gradients(NETWORK, parameters, x, y, rows, batch=50)
