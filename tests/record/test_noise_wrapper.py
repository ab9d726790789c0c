"""Noise added to a user's own network: where it is asked for, in training only, and gone without a trace."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

import infoscope
from infoscope.core.errors import InputError, UnknownNameError


def sequential() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 2), nn.Softmax(-1)
    )


class Own(nn.Module):
    """Functional activations, a BatchNorm, a tuple between its parts, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.GRU(3, 6, batch_first=True)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps, _ = self.body(x)
        return self.head(self.drop(torch.tanh(self.norm(steps[:, -1]))))


def x(n: int = 9) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(1))


def snapshot(model: nn.Module) -> list[dict]:
    """Every attribute of every submodule, hooks among them."""
    return [{name: copy.copy(value) for name, value in module.__dict__.items()} for module in model.modules()]


def test_by_default_every_hidden_activation_is_noisy_in_training_and_none_in_evaluation():
    model = sequential()
    clean = model.eval()(x())
    with infoscope.noisy(model, noise=0.2) as handle:
        assert handle.sites == ("1", "3")
        assert torch.equal(model(x()), clean)
        model.train()
        assert not torch.equal(model(x()), clean)
    assert torch.equal(model(x()), clean)


def test_noise_has_the_stated_spread_and_gradients_pass():
    """20 000 numbers know their sd to 0.5 %."""
    model = nn.Sequential(nn.Identity(), nn.Linear(3, 3))
    big = torch.randn(7000, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    with infoscope.noisy(model, "0", 0.3):
        model.train()
        added = (model[0](big) - big).detach()
        model(big).sum().backward()
    assert float(added.std()) == pytest.approx(0.3, rel=6 / math.sqrt(2 * 21000))
    assert float(added.mean()) == pytest.approx(0, abs=6 * 0.3 / math.sqrt(21000))
    torch.testing.assert_close(big.grad, model[1].weight.sum(0).expand(7000, -1))


def test_torchs_seed_decides_the_draws():
    model = sequential().train()
    with infoscope.noisy(model):
        torch.manual_seed(5)
        first = model(x())
        torch.manual_seed(5)
        assert torch.equal(model(x()), first)


@pytest.mark.parametrize("way", ["with", "remove", "an error inside"])
def test_nothing_is_left_on_the_network(way):
    model = sequential().train()
    before, weights = snapshot(model), copy.deepcopy(model.state_dict())
    if way == "with":
        with infoscope.noisy(model, ["*"]):
            model(x())
    elif way == "remove":
        handle = infoscope.noisy(model)
        model(x())
        handle.remove()
        handle.remove()
        assert "removed" in repr(handle)
    else:
        with pytest.raises(RuntimeError), infoscope.noisy(model):
            model(torch.zeros(2, 7))
    assert snapshot(model) == before
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())


def test_a_custom_module_is_noisy_where_it_is_told_to_be():
    model = Own().eval()
    inputs = torch.randn(8, 4, 3, generator=torch.Generator().manual_seed(0))
    clean = model(inputs)
    with pytest.raises(InputError, match="Own has no activation modules"):
        infoscope.noisy(model)
    with infoscope.noisy(model, ["body", "nor*"], always=True) as handle:
        assert handle.sites == ("body", "norm")
        assert not torch.equal(model(inputs), clean)
    assert torch.equal(model(inputs), clean)


def test_replicas_are_clean_outputs_of_noisy_forwards():
    """The first site is the same in all; the second, a linear map later, spreads as noise² W Wᵀ on its diagonal."""
    model = nn.Sequential(nn.Tanh(), nn.Linear(3, 2))
    s = infoscope.replicas(model, x(), ["0", "1"], noise=0.1, replicas=2000, batch_size=4000)
    torch.testing.assert_close(s["0"], torch.tanh(x())[:, None].expand(-1, 2000, -1))
    found = s["1"].var(1).mean(0)
    wanted = 0.01 * (model[1].weight.detach() ** 2).sum(1)
    assert found == pytest.approx(wanted, rel=6 * math.sqrt(2 / (9 * 2000)))
    estimate = infoscope.noisy_information(s["1"][:, :16], 0.1, "dataset")
    assert 0 < estimate.value <= math.log(9)


def test_replicas_follow_their_seed_and_leave_the_network_as_it_was():
    model = Own().train()
    inputs = torch.randn(8, 4, 3, generator=torch.Generator().manual_seed(0))
    random, before = torch.get_rng_state(), copy.deepcopy(model.state_dict())
    handle = infoscope.noisy(model, "norm")  # silent in eval mode, so that the noise is not there twice
    states = snapshot(model)
    first = infoscope.replicas(model, inputs, ["body", "norm", "head"], replicas=3, seed=1)
    again = infoscope.replicas(model, inputs, ["body", "norm", "head"], replicas=3, seed=1)
    other = infoscope.replicas(model, inputs, ["body", "norm", "head"], replicas=3, seed=2)
    assert model.training
    assert snapshot(model) == states
    handle.remove()
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert {site: tuple(s.shape) for site, s in first.items()} == {
        "body": (8, 3, 24),
        "norm": (8, 3, 6),
        "head": (8, 3, 2),
    }
    assert all(torch.equal(first[site], again[site]) for site in first)
    assert not torch.equal(first["head"], other["head"])
    model.eval()
    torch.testing.assert_close(first["body"][:, 2], model.body(inputs)[0].detach().flatten(1))


def test_what_cannot_be_made_noisy_is_refused():
    model = sequential()
    for wrong, words in ((0.0, "noise is 0.0"), (math.nan, "noise is nan")):
        with pytest.raises(InputError, match=words):
            infoscope.noisy(model, noise=wrong)
    with pytest.raises(InputError, match="wanted a torch"):
        infoscope.noisy(lambda x: x)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnknownNameError, match="no place named 'act'"):
        infoscope.noisy(model, "act")
    with pytest.raises(InputError, match="names the whole network"):
        infoscope.noisy(model, "output")
    with infoscope.noisy(model, "1"), pytest.raises(InputError, match="'1' has noise already"):
        infoscope.noisy(model)
    counts = nn.Sequential(nn.Identity())
    with infoscope.noisy(counts, "0"), pytest.raises(InputError, match="wanted real numbers in a tensor"):
        counts(torch.arange(3))
    shared = nn.Tanh()
    with pytest.raises(InputError, match="called 2 times in one forward"):
        infoscope.replicas(nn.Sequential(nn.Linear(3, 3), shared, nn.Linear(3, 3), shared), x())
    with infoscope.noisy(model, always=True), pytest.raises(InputError, match="on in eval mode"):
        infoscope.replicas(model, x())
    with pytest.raises(InputError, match="replicas is 1"):
        infoscope.replicas(model, x(), replicas=1)


def test_a_compiled_network_is_refused():
    model = sequential()
    model._compiled_call_impl = lambda x: x  # what model.compile() sets
    with pytest.raises(InputError, match="add the noise before compiling"):
        infoscope.noisy(model)
