"""Which places a name, a glob or the default names, in any network."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.record.gathering import representations
from infoscope.record.modules import unwrap
from infoscope.record.places import resolve


class Recorded(nn.Linear):
    """A leaf that writes down its calls, outside: what it holds itself is put back."""

    def __init__(self, calls: list[int]) -> None:
        super().__init__(3, 3)
        self.write_down = lambda: calls.append(id(self))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.write_down()
        return super().forward(x)


trees = st.recursive(st.just("leaf"), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=8)


def build(tree, calls):
    return Recorded(calls) if tree == "leaf" else nn.Sequential(*(build(each, calls) for each in tree))


@settings(max_examples=40, deadline=None)
@given(tree=trees, data=st.data())
def test_the_default_is_every_leaf_once_in_the_order_of_the_calls(tree, data):
    calls: list[int] = []
    model = build(tree, calls)
    names = {id(module): name or "output" for name, module in model.named_modules()}
    sites = resolve(model, inputs=torch.zeros(5, 3))
    assert sites == [names[call] for call in calls]
    assert sites == resolve(model)  # a Sequential is defined in the order it runs
    chosen = data.draw(st.lists(st.sampled_from(sites), min_size=1, unique=True))
    assert resolve(model, chosen, torch.zeros(5, 3)) == [site for site in sites if site in chosen]
    everything = resolve(model, ["**"], torch.zeros(5, 3))
    assert set(everything) == {name or "output" for name, _ in model.named_modules()}
    found = representations(model, torch.zeros(5, 3), everything)
    assert all(t.shape == (5, 3) for t in found.values())


def test_a_glob_and_an_exact_name(everything, inputs):
    model = everything()
    assert resolve(model, "body.*", inputs) == ["body.0", "body.1"]
    assert resolve(model, ["head", "first"], inputs) == ["first", "head"]
    assert resolve(model, ["b**", "body"]) == ["body", "body.0", "body.1"]


def test_definition_order_gives_way_to_the_order_of_the_calls(inputs):
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(4, 2), nn.Linear(6, 4)

        def forward(self, x):
            return self.last(self.first(x))

    assert resolve(Backwards()) == ["last", "first"]
    assert resolve(Backwards(), inputs=inputs) == ["first", "last"]


def test_a_module_called_twice_is_two_numbered_sites(everything, inputs):
    model = everything()
    sites = resolve(model, inputs=inputs)
    assert sites == ["first", "norm", "relu#1", "drop", "frozen", "relu#2", "body.0", "body.1", "head"]
    assert resolve(model, ["relu"], inputs) == ["relu#1", "relu#2"]
    assert resolve(model, ["relu#2"], inputs) == ["relu#2"]


@pytest.mark.parametrize(
    ("pattern", "near"), [("boddy.0", "body.0"), ("hed", "head"), ("layer*", "known: .*body"), ("relu.1", "relu")]
)
def test_a_pattern_that_matches_nothing_lists_near_names(everything, inputs, pattern, near):
    for given_inputs in (None, inputs):
        with pytest.raises(UnknownNameError, match=f"no place named '{re.escape(pattern)}': .*{near}"):
            resolve(everything(), pattern, given_inputs)


def test_the_whole_network_is_the_site_output(inputs):
    linear = nn.Linear(6, 2)
    assert resolve(linear) == resolve(linear, inputs=inputs) == ["output"]
    assert torch.equal(representations(linear, inputs, ["output"])["output"], linear(inputs))
    own = nn.ModuleDict({"output": linear})  # a submodule of that name keeps it
    own.forward = lambda x: own["output"](x) * 2
    assert torch.equal(representations(own, inputs, ["output"])["output"], linear(inputs))


class Odd(nn.Module):
    """Leaves that cannot be read: never called, another number of rows, no tensor, whole numbers."""

    def __init__(self):
        super().__init__()
        self.linear, self.unused = nn.Linear(6, 4), nn.Linear(6, 4)
        self.mean, self.text, self.winner, self.lstm = Mean(), Text(), Winner(), nn.LSTM(4, 3)

    def forward(self, x):
        h = self.linear(x)
        self.mean(h)
        self.text(h)
        self.winner(h)
        return self.lstm(h.expand(7, *h.shape))  # [time, rows, features], and a tuple


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(0)


class Text(nn.Module):
    def forward(self, x):
        return "text"


class Winner(nn.Module):
    def forward(self, x):
        return x.argmax(1)


def test_the_default_leaves_out_what_cannot_be_read(inputs):
    assert resolve(Odd(), inputs=inputs) == ["linear"]
    assert resolve(Odd(), ["winner"], inputs) == ["winner"]  # whole numbers only when asked for
    assert resolve(Odd(), ["*n*"], inputs) == ["linear", "winner"]


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("unused", "site 'unused' was not called when the model ran .*: name a submodule around it"),
        ("mean", r"site 'mean' returned shape \(4,\) for 32 inputs, wanted one row a sample .*: name another site"),
        ("lstm", r"site 'lstm' returned shape \(7, 32, 3\) for 32 inputs, .* make the module batch-first"),
        ("text", "site 'text' returned a str, wanted a tensor or a tuple that starts with one"),
    ],
)
def test_a_place_that_cannot_be_read_says_why(inputs, site, words):
    for refuse in (lambda: resolve(Odd(), site, inputs), lambda: representations(Odd(), inputs, [site])):
        with pytest.raises(InputError, match=words):
            refuse()


def test_nothing_to_look_at_is_an_error(inputs):
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 2)

        def forward(self, x):
            return nn.functional.linear(x, self.linear.weight)

    with pytest.raises(InputError, match=r"no submodule of Bare gives one row a sample: .*places=\['output'\]"):
        resolve(Bare(), inputs=inputs)
    assert resolve(Bare(), "output", inputs) == ["output"]
    with pytest.raises(InputError, match="places is empty, wanted names or globs"):
        resolve(Bare(), [], inputs)


def test_a_parametrized_layer_is_still_one_leaf(inputs):
    model = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(6, 4)), nn.Tanh())
    assert resolve(model) == resolve(model, inputs=inputs) == ["0", "1"]


def test_a_module_under_two_names_goes_by_the_first(inputs):
    model = nn.Module()
    model.a = model.b = nn.Linear(6, 2)
    model.forward = lambda x: model.b(x)
    assert resolve(model, inputs=inputs) == ["a"]


def test_wrappers_are_looked_through(everything):
    model = everything()
    assert unwrap(model) is model
    assert unwrap(nn.DataParallel(torch.compile(model, backend="eager"))) is model
    own = nn.Module()
    own.module = model  # a user's own attribute of that name is no wrapper
    assert unwrap(own) is own


def test_models_that_cannot_be_hooked_are_refused(inputs):
    with pytest.raises(InputError, match=r"model is a function, wanted a torch\.nn\.Module"):
        resolve(lambda x: x)
    with pytest.raises(InputError, match="lazy parameters without a shape: run one batch through it first"):
        resolve(nn.Sequential(nn.LazyLinear(3)), inputs=inputs)
