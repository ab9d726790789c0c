"""Whatever a forward of ours installs or writes, anywhere in a network, is gone afterwards, in the same objects."""

import inspect
from collections import Counter, OrderedDict, defaultdict, deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.nn.utils import parametrize

from infoscope.record.gathering import representations
from infoscope.record.noise import noisy, replicas
from infoscope.record.places import resolve
from infoscope.record.state import ModelState
from infoscope.record.untouched import untouched

TABLES = [name for name, value in nn.Module().__dict__.items() if "hook" in name and isinstance(value, dict)]
TABLES_OF_ALL = [name for name, value in vars(torch_module).items() if name.startswith("_global_")]


def double(module, args, output):
    return output * 2


def more_args(module, args):
    return tuple(a + 1 for a in args)


def quiet(*_args, **_kwargs):
    return None


def forward_with_kwargs(module, args, kwargs, output):
    return output * 2


def pre_with_kwargs(module, args, kwargs):
    return tuple(a + 1 for a in args), kwargs


def grow(state_dict):
    state_dict["seen"] = torch.ones(1)


# What a first forward may install, by the table it lands in; each returns nothing and is called with a Linear.
INSTALL = {
    "forward": lambda m: m.register_forward_hook(double),
    "forward, kwargs": lambda m: m.register_forward_hook(forward_with_kwargs, with_kwargs=True),
    "forward, always": lambda m: m.register_forward_hook(double, always_call=True),
    "forward, first": lambda m: m.register_forward_hook(double, prepend=True),
    "pre": lambda m: m.register_forward_pre_hook(more_args),
    "pre, kwargs": lambda m: m.register_forward_pre_hook(pre_with_kwargs, with_kwargs=True),
    "backward": lambda m: m.register_full_backward_hook(quiet),
    "backward, old": lambda m: m.register_backward_hook(quiet),
    "backward pre": lambda m: m.register_full_backward_pre_hook(quiet),
    "state_dict": lambda m: getattr(m, "register_state_dict_post_hook", m._register_state_dict_hook)(quiet),
    "state_dict, old": lambda m: m._register_state_dict_hook(lambda *_: None),
    "state_dict pre": lambda m: m.register_state_dict_pre_hook(quiet),
    "load pre": lambda m: getattr(
        m, "register_load_state_dict_pre_hook", m._register_load_state_dict_pre_hook
    )(quiet),
    "load post": lambda m: m.register_load_state_dict_post_hook(quiet),
    "forward of all": lambda m: torch_module.register_module_forward_hook(quiet),
    "forward of all, kwargs": lambda m: torch_module.register_module_forward_hook(quiet, with_kwargs=True),
    "pre of all": lambda m: torch_module.register_module_forward_pre_hook(quiet),
    "backward of all": lambda m: torch_module.register_module_full_backward_hook(quiet),
    "backward pre of all": lambda m: torch_module.register_module_full_backward_pre_hook(quiet),
    "parameters of all": lambda m: torch_module.register_module_parameter_registration_hook(quiet),
    "buffers of all": lambda m: torch_module.register_module_buffer_registration_hook(quiet),
    "modules of all": lambda m: torch_module.register_module_module_registration_hook(quiet),
    "of a tensor": lambda m: m.weight.register_hook(lambda g: g * 2),
    "of a gradient": lambda m: m.weight.register_post_accumulate_grad_hook(quiet),
    "frozen": lambda m: m.weight.requires_grad_(False),
    "a mark on a parameter": lambda m: setattr(m.weight, "seen", True),
    "a parametrization": lambda m: parametrize.register_parametrization(m, "weight", nn.Tanh()),
    "a class": lambda m: setattr(m, "__class__", Doubling),
    "a module": lambda m: m.add_module("late", nn.Linear(3, 3)),
    "a parameter": lambda m: m.register_parameter("late", nn.Parameter(torch.ones(3))),
    "a buffer": lambda m: m.register_buffer("late", torch.ones(3), persistent=False),
    "another parameter": lambda m: setattr(m, "bias", nn.Parameter(torch.ones(3))),
    "a parameter less": lambda m: setattr(m, "bias", None),
    "a number": lambda m: setattr(m, "calls", 1),
    "a forward": lambda m: setattr(m, "forward", lambda x: x * 2),
    "values": lambda m: m.weight.data.mul_(2),
    "memory": lambda m: setattr(m.weight, "data", m.weight.data * 2),
}  # fmt: skip
if "with_kwargs" not in inspect.signature(torch_module.register_module_forward_hook).parameters:  # torch 2.4
    del INSTALL["forward of all, kwargs"]


class Doubling(nn.Linear):
    def forward(self, x):
        return super().forward(x) * 2


class Installing(nn.Module):
    """Installs on each of its parts behind a flag, before they are called, and then may break."""

    def __init__(self, install):
        super().__init__()
        self.install, self.breaks = install, False
        self.shared = nn.Linear(3, 3)
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Sequential(self.shared, nn.Linear(3, 3)))
        self.hidden = [nn.Linear(3, 3)]  # a module that modules() does not name
        for layer in self.layers():
            layer.weight.register_hook(quiet)

    def layers(self):
        return [self.inner[0], self.shared, self.inner[2][1], self.hidden[0]]

    def forward(self, x):
        if not getattr(self, "installed", False):
            self.installed = True
            for layer in self.layers():
                self.install(layer)
        h = self.shared(self.hidden[0](self.inner(x)))
        if self.breaks:
            raise RuntimeError("in the middle")
        return h


def everything_of(model):
    """Ids and items of all tables and attributes, and all values, as a thing to compare."""
    found = {}
    for k, module in enumerate([*model.modules(), *getattr(model, "hidden", [])]):
        found[k] = type(module), [(name, id(value)) for name, value in module.__dict__.items()]
        for name, value in module.__dict__.items():
            if isinstance(value, dict):
                found[k, name] = [(key, id(each)) for key, each in value.items()]
        for name, p in module._parameters.items():
            if p is not None:
                hooks = [list(table or ()) for table in (p._backward_hooks, p._post_accumulate_grad_hooks)]
                found[k, name] = p.data_ptr(), p.requires_grad, dict(p.__dict__), hooks, p.tolist()
    for name in TABLES_OF_ALL:
        value = getattr(torch_module, name)
        found[name] = (id(value), list(value.items())) if isinstance(value, dict) else value
    return found


@pytest.fixture(autouse=True)
def hooks_of_all():
    """What a test installs for all modules is taken away again, also when the test fails."""
    state = ModelState(nn.Identity())
    yield
    state.restore()


def built(install, training):
    torch.manual_seed(0)
    model = Installing(install)
    with torch.no_grad():
        model.train(training)
    return model


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("what", INSTALL)
def test_what_a_first_forward_installs_is_gone_and_all_calls_read_the_same(what, breaks, training):
    model, x = built(INSTALL[what], training), torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    before = everything_of(model)
    model.breaks = breaks
    sites = ["inner.0", "inner.1", "inner.2", "output"]
    first = None
    for _ in range(5):
        if breaks:
            with pytest.raises(RuntimeError, match="in the middle"):
                representations(model, x, sites)
        else:
            read = representations(model, x, sites)
            first = first or read
            assert all(torch.equal(first[site], read[site]) for site in sites)
            assert resolve(model, sites, x) == sites
            replicas(model, x, ["inner.1"])
        model.breaks = False
        assert everything_of(model) == before
        model.breaks = breaks
    model.breaks = False
    fresh = built(INSTALL[what], training)
    with torch.no_grad():
        theirs = model(x)
        ModelState(nn.Identity())
        assert torch.equal(theirs, fresh(x))
    assert first is None or torch.equal(first["output"], theirs)


def test_the_installs_fill_every_table_that_this_torch_has():
    filled, of_all = set(), set()
    for install in INSTALL.values():
        layer, before = nn.Linear(3, 3), ModelState(nn.Identity())
        install(layer)
        filled |= {name for name in TABLES if getattr(layer, name, None)}
        of_all |= {name for name in TABLES_OF_ALL if getattr(torch_module, name)}
        before.restore()
    assert filled == set(TABLES)
    assert of_all >= set(TABLES_OF_ALL) - {"_global_forward_hooks_always_called"}


class Inner:
    def __init__(self):
        self.count, self.seen = 0, []

    def __repr__(self):
        return repr(vars(self))


def held():
    """One of each kind of thing an attribute may be, and how a forward writes to it."""
    return {
        "list": ([1, 2], lambda v: v.append(3)),
        "list, replaced": ([1, 2], lambda v: v.reverse()),
        "dict": ({"a": 1, "b": 2}, lambda v: (v.pop("a"), v.update(c=3, a=1))),
        "ordered": (OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
        "default": (defaultdict(list, a=[1]), lambda v: (v["b"].append(1), v["a"].append(2))),
        "counter": (Counter("ab"), lambda v: v.update("abc")),
        "set": ({1, 2}, lambda v: (v.add(3), v.discard(1))),
        "deque": (deque([1, 2], maxlen=2), lambda v: v.append(3)),
        "nested": ({"a": [[1], {2}]}, lambda v: (v["a"][0].append(2), v["a"][1].clear())),
        "in a tuple": (([1], {}), lambda v: (v[0].append(2), v[1].update(a=1))),
        "array": (np.zeros(2), lambda v: v.__iadd__(1)),
        "arrays": ([np.array([np.nan, 1.0])], lambda v: v[0].__setitem__(1, 2.0)),
        "tensor": (torch.zeros(2), lambda v: v.add_(1)),
        "tensors": ({"k": [torch.zeros(2)]}, lambda v: v["k"][0].add_(1)),
        "object": (SimpleNamespace(a=1), lambda v: (setattr(v, "a", 2), setattr(v, "b", 3))),
        "an object's": (Inner(), lambda v: (setattr(v, "count", 5), v.seen.append(1))),
        "objects": ([Inner()], lambda v: (setattr(v[0], "count", 5), v[0].seen.append(1))),
        "module": ([nn.BatchNorm1d(3)], lambda v: v[0](torch.randn(4, 3))),
        "itself": ((lambda v: (v.append(v), v)[1])([]), lambda v: v.clear()),
    }


def told(value):
    if isinstance(value, list) and value and isinstance(value[0], nn.Module):
        return repr(value[0].state_dict())
    return repr(value)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("kind", held())
def test_what_a_forward_writes_into_an_attribute_is_undone_in_place(kind, deep):
    value, write = held()[kind]

    class Writing(nn.Linear):
        def forward(self, x):
            write(self.held)
            return super().forward(x)

    layer = Writing(3, 3)
    layer.held = value
    model = nn.Sequential(nn.Sequential(layer)) if deep else layer
    before, kinds = told(value), [type(each) for each in value] if isinstance(value, (list, tuple)) else None
    read = [representations(model, torch.ones(4, 3), ["output"])["output"] for _ in range(5)]
    assert layer.held is value
    assert told(value) == before
    assert kinds is None or [type(each) for each in value] == kinds
    assert all(torch.equal(read[0], each) for each in read)
    write(value)
    assert kind == "itself" or told(value) != before  # the law can fail


def test_a_one_shot_hook_and_the_handles_of_the_user_go_on_working():
    model, calls = nn.Linear(3, 3), []
    mine = model.register_forward_hook(lambda *_: calls.append("mine"))
    once = model.register_forward_pre_hook(lambda *_: (calls.append("once"), once.remove())[1])
    for _ in range(3):
        representations(model, torch.ones(4, 3), ["output"])
    model(torch.ones(4, 3))
    model(torch.ones(4, 3))
    assert calls == ["once", "mine"] * 4 + ["mine"]
    mine.remove()
    assert not model._forward_hooks


def test_noise_that_is_on_stays_on_and_can_be_taken_off_afterwards():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    handle = noisy(model, noise=0.5)
    representations(model, torch.ones(4, 3), ["0"])
    assert not torch.equal(model(torch.ones(4, 3)), model(torch.ones(4, 3)))
    handle.remove()
    assert torch.equal(model(torch.ones(4, 3)), model(torch.ones(4, 3)))


def test_large_things_beside_the_state_are_not_copied():
    class Refusing(torch.utils.data.Dataset):
        @property
        def __dict__(self):
            raise AssertionError("looked into")

    model = nn.Linear(3, 3)
    model.data, model.optimizer = Refusing(), torch.optim.Adam(model.parameters())
    with untouched(model):
        model.optimizer.state["x"] = 1
    assert model.optimizer.state == {"x": 1}


def test_one_thing_that_cannot_be_put_back_keeps_no_other_from_it():
    class Stubborn(nn.Linear):
        def forward(self, x):
            self.weight.data = torch.zeros(3, 3)
            self.array.flags.writeable = False
            self.array = self.calls = 1
            return x

    model = Stubborn(3, 3)
    model.array, weight = np.ones(2), model.weight.clone()
    with pytest.raises(ValueError, match="read-only"):
        representations(model, torch.ones(4, 3), ["output"])
    assert torch.equal(model.weight, weight)
    assert "calls" not in model.__dict__
    assert isinstance(model.array, np.ndarray)


@pytest.mark.parametrize("first", [False, True])
def test_an_object_that_another_object_holds_too_is_put_back(first):
    model, config = nn.Linear(3, 3), SimpleNamespace(kind=None)
    others = {"config": config, "loader": SimpleNamespace(config=config)}
    for name in sorted(others, reverse=first):
        setattr(model, name, others[name])
    with untouched(model):
        config.kind = "regression"
    assert config.kind is None


def test_without_values_nothing_is_copied_and_names_are_put_back():
    model = nn.Linear(3, 3)
    state = ModelState(model, values=False)
    model.weight.data.zero_()
    model.register_forward_hook(quiet)
    model.extra = 1
    state.restore()
    assert model.weight.abs().sum() == 0
    assert not model._forward_hooks
    assert not hasattr(model, "extra")


EVERY_PLACE = [
    "rnn@time_first",
    "rnn@time_first@tokens(2)",
    "rnn@time_first@last",
    "rnn:1.0@time_first@sketch(2)",
    "head:input@time_first@mean",
    "head:input.head.1@time_first@at(0,-1)",
    "drop@time_first@words(mean)",
    "norm@time_first@max",
    "norm@time_first@first",
    "conv@cells",
    "conv@grid(2)",
    "output",
]


class OfEverySort(nn.Module):
    """With dropout, running statistics and a counter, over sequences and over a map of them."""

    def __init__(self):
        super().__init__()
        self.num_heads, self.seen = 2, 0
        self.rnn, self.norm, self.drop = nn.LSTM(3, 4), nn.LayerNorm(4), nn.Dropout(0.5)
        self.head, self.conv = nn.Linear(4, 4), nn.Sequential(nn.BatchNorm1d(4), nn.Conv1d(4, 2, 3))

    def forward(self, x, scale=1.0):
        self.seen += 1
        states = self.norm(self.rnn(x.transpose(0, 1) * scale)[0])
        return self.conv(self.head(self.drop(states)).permute(1, 2, 0)).flatten(1)


@pytest.mark.parametrize("training", [True, False])
def test_no_rule_and_no_element_leaves_anything_behind(training):
    torch.manual_seed(0)
    model, x = OfEverySort().train(training), torch.randn(6, 8, 3)
    model.conv[0].eval()  # frozen by its owner
    inputs = {"x": x, "word_ids": torch.arange(8)[None].repeat(6, 1) // 2, "scale": 2.0}
    before = {name: t.clone() for name, t in model.state_dict().items()}
    flags = [module.training for module in model.modules()]
    tables = [{name: dict(module.__dict__[name]) for name in TABLES} for module in model.modules()]
    copies, randomness = x.clone(), torch.get_rng_state()
    wanted = representations(model, inputs, EVERY_PLACE)
    backwards = representations(model, inputs, EVERY_PLACE[::-1], 3)
    for site in EVERY_PLACE:  # in any order, beside any others, in any batches
        alone = representations(model, inputs, [site], 2)[site]
        assert torch.allclose(wanted[site], backwards[site], atol=1e-6), site
        assert torch.allclose(wanted[site], alone, atol=1e-6), site
    with pytest.raises(Exception, match="wanted"):
        representations(model, inputs, ["rnn@time_first@last", "output@last"])
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert [module.training for module in model.modules()] == flags
    assert [{name: dict(module.__dict__[name]) for name in TABLES} for module in model.modules()] == tables
    assert model.seen == 0
    assert torch.equal(torch.get_rng_state(), randomness)
    assert torch.equal(x, copies)
    assert torch.is_grad_enabled()
