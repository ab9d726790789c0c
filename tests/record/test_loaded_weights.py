"""Laws of loading: whatever the network, its names and its ties, every weight comes from the file, or nothing does."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.fitting import fit

WORDS = ["module", "_orig_mod", "model", "net", "base_model", "transformer", "0", "schema"]
prefixes = st.lists(st.sampled_from(WORDS), max_size=3).map(lambda words: "".join(f"{word}." for word in words))


KINDS = ["linear", "norm", "embedding", "block", "lstm"]


def layer(kind, i):
    """The ``i``-th layer of a network; those of one kind differ in size."""
    if kind == "linear":
        return nn.Linear(3, 4 + i)
    if kind == "norm":
        return nn.BatchNorm1d(3 + i)
    if kind == "embedding":
        return nn.Embedding(5, 3 + i)
    if kind == "lstm":
        return nn.LSTM(2, 3, num_layers=1 + i % 2)
    return nn.Sequential(nn.Linear(2, 2), nn.ModuleDict({"module": nn.Linear(2, 3 + i)}))


@st.composite
def networks(draw):
    """A network of a few layers in a nesting of modules, some of whose layers are tied; every size is its own."""
    layers = draw(st.integers(1, 4))
    body = nn.ModuleDict()
    for i in range(layers):
        body[f"part{i}" if draw(st.booleans()) else str(i)] = layer(draw(st.sampled_from(KINDS)), i)
    if draw(st.booleans()):
        first, second = nn.Linear(6, 7, bias=False), nn.Embedding(7, 6)
        first.weight = second.weight
        body["head"], body["words"] = first, second
    return body


def randomised(model, seed):
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for each in other.state_dict().values():
        if each.is_floating_point():
            each.copy_(torch.randn(each.shape, generator=generator))
    return other


def ties(model):
    named = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    return {frozenset(other for other in named if model.get_parameter(other) is model.get_parameter(n)) for n in named}


def equal(a, b):
    return all(torch.equal(one, two) for one, two in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@settings(max_examples=150)
@given(networks(), prefixes, st.sampled_from([torch.float32, torch.bfloat16, torch.float64]), st.data())
def test_any_prefix_any_tie_any_type(model, prefix, dtype, data):
    trained, built = randomised(model, 1).to(dtype), randomised(model, 2)
    state = {prefix + name: each.clone() for name, each in trained.state_dict().items()}
    if "head.weight" in trained.state_dict() and data.draw(st.booleans()):
        del state[prefix + data.draw(st.sampled_from(["head.weight", "words.weight"]))]
    before, modes = ties(built), [module.training for module in built.modules()]
    loaded = fit(state, built)
    assert equal(trained, built)
    assert ties(built) == before
    assert [module.training for module in built.modules()] == modes
    assert loaded.left_out == ()
    assert set(state) == {prefix + name for name in trained.state_dict()} - {prefix + name for name in loaded.tied}


@settings(max_examples=150)
@given(networks(), prefixes, st.data())
def test_whatever_is_missing_or_of_another_shape_is_refused_and_nothing_loaded(model, prefix, data):
    trained, built = randomised(model, 1), randomised(model, 2)
    state = {prefix + name: each.clone() for name, each in trained.state_dict().items()}
    weights = [name for name in state if not name.endswith(("num_batches_tracked", "head.weight", "words.weight"))]
    if not weights:
        return
    name = data.draw(st.sampled_from(weights))
    change = data.draw(st.sampled_from(["missing", "shape", "more", "whole numbers"]))
    if change == "missing":
        del state[name]
    elif change == "shape":
        state[name] = torch.cat([state[name], state[name]])
    elif change == "whole numbers":
        state[name] = torch.ones_like(state[name], dtype=torch.int8)
    else:
        state[name + "_more"] = torch.ones(2)
    before = copy.deepcopy(built)
    with pytest.raises(InputError):
        fit(state, built)
    assert equal(before, built)


@settings(max_examples=50)
@given(networks(), networks())
def test_another_network_is_never_loaded_in_part(one, other):
    same = {k: v.shape for k, v in one.state_dict().items()} == {k: v.shape for k, v in other.state_dict().items()}
    built = randomised(other, 2)
    before = copy.deepcopy(built)
    try:
        loaded = fit(one.state_dict(), built)
    except InputError:
        assert not same
        assert equal(before, built)
    else:  # all of the other is part of the one, under another name
        named = {name.removeprefix(loaded.added) for name in built.state_dict()}
        assert all(any(name.endswith(each) for name in one.state_dict()) for each in named)


def test_half_of_a_pair_of_ties_in_another_type_stays_a_pair():
    built = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(2, 3)})
    built["b"].weight = built["a"].weight
    state = {"a.weight": torch.ones(3, 2).half(), "a.bias": torch.ones(3), "b.bias": torch.ones(3)}
    loaded = fit(state, built)
    assert loaded.tied == {"b.weight": "a.weight"}
    assert loaded.dtype == "float16, float32"
    assert built["b"].weight is built["a"].weight


def test_weights_that_share_memory_and_are_two_parameters():
    built = nn.ModuleDict({"a": nn.Linear(2, 3, bias=False), "b": nn.Linear(2, 3, bias=False)})
    built["b"].weight = nn.Parameter(built["a"].weight.data)  # tied by memory, not by the object
    fit({"a.weight": torch.full((3, 2), 7.0)}, built)
    assert built["b"].weight.tolist() == [[7.0, 7.0]] * 3
    fit({"a.weight": torch.full((3, 2), 5.0).bfloat16()}, built)
    built["a"].weight.data[0, 0] = 9
    assert built["b"].weight[0, 0] == 9


def test_gradients_hooks_and_what_was_frozen_stay():
    built = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    built[0].requires_grad_(False)
    built[1](torch.ones(2)).sum().backward()
    gradient = built[1].weight.grad
    hook = built[0].register_forward_hook(lambda *_: None)
    fit(randomised(built, 3).state_dict(), built)
    assert built[1].weight.grad is gradient
    assert not built[0].weight.requires_grad
    assert hook.id in built[0]._forward_hooks
