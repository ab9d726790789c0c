"""What is read at a site: the right values, for every shape of inputs, and nothing else changes."""

import random
from collections import OrderedDict
from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.record.gathering import representations
from infoscope.record.places import resolve


def hooks_on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_the_values_are_those_of_a_forward_in_eval_mode(everything, inputs):
    model = everything()
    found = representations(model, inputs, ["first", "norm", "relu#1", "relu#2", "head"])
    model.eval()
    first = model.first(inputs)
    norm = model.norm(first)
    relu = norm.clamp(min=0)
    assert torch.equal(found["first"], first)
    assert torch.equal(found["norm"], norm)  # although the ReLU after it works in place
    assert torch.equal(found["relu#1"], relu)
    assert torch.equal(found["relu#2"], model.frozen(relu).clamp(min=0))
    assert torch.equal(found["head"], model(inputs))
    assert not any(t.requires_grad for t in found.values())


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 40), batch_size=st.integers(1, 50))
def test_batches_change_nothing_and_none_is_a_lone_last_row(n, batch_size):
    sizes = []

    class Watched(nn.Linear):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    model = Watched(3, 2).double()
    x = torch.randn(n, 3, dtype=torch.float64)
    found = representations(model, x, ["output"], batch_size=batch_size)["output"]
    torch.testing.assert_close(found, model(x).detach(), rtol=1e-12, atol=1e-12)
    sizes.pop()
    assert sum(sizes) == n
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.dense = nn.Embedding(10, 4), nn.Linear(3, 4)

    def forward(self, tokens, dense=None, scale=None):
        h = self.embed(tokens)
        return h if dense is None else h + self.dense(dense)


def test_a_tuple_is_positional_and_a_mapping_is_by_name():
    model, tokens, dense = Pair(), torch.arange(6) % 10, torch.randn(6, 3)
    whole = representations(model, (tokens, dense), ["output"])["output"]
    assert torch.equal(whole, model(tokens, dense))
    found = representations(model, {"dense": dense, "tokens": tokens}, ["output"], 4)["output"]
    torch.testing.assert_close(found, whole)  # the CPU may sum a smaller batch in another order
    assert torch.equal(representations(model, [tokens], ["output"])["output"], model(tokens))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_numpy_array_takes_the_precision_of_the_model(dtype):
    model, x = nn.Linear(3, 2).to(dtype), np.random.default_rng(0).normal(size=(5, 3))
    x.flags.writeable = False
    found = representations(model, x, ["output"])["output"]
    assert found.dtype == dtype
    assert torch.equal(found, model(torch.tensor(x, dtype=dtype)))
    whole = np.array([1, 0, 3])
    assert representations(nn.Embedding(4, 2), whole, ["output"])["output"].shape == (3, 2)


def test_tables_of_other_libraries_are_taken_and_what_is_masked_or_missing_is_refused():
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    model, frame = nn.Linear(2, 3), pd.DataFrame(x, columns=["a", "b"])
    expected = representations(model, x, ["output"])["output"]
    for same in (frame, frame.astype("Float32"), pl.DataFrame({"a": x[:, 0], "b": x[:, 1]}), np.ma.array(x)):
        assert torch.equal(representations(model, same, ["output"])["output"], expected)
    with pytest.raises(
        InputError, match=r"inputs is a masked array that hides values in 1 of 6 rows \(first at row 2\)"
    ):
        representations(model, np.ma.array(x, mask=np.arange(12).reshape(6, 2) == 5), ["output"])
    frame.loc[3, "b"] = None
    with pytest.raises(InputError, match=r"inputs\['b'\] is missing in 1 of 6 rows \(first at row 3\)"):
        representations(model, frame.astype("Float32"), ["output"])


def test_a_tuple_a_mapping_and_more_axes_follow_the_rules():
    lstm = nn.LSTM(4, 3, batch_first=True)
    x = torch.randn(5, 7, 4)
    assert torch.equal(representations(lstm, x, ["output"])["output"], lstm(x)[0].reshape(5, 21))

    class Named(nn.Module):
        def forward(self, x):
            return OrderedDict(last_hidden_state=x + 1, pooled=x.mean(1))

    assert torch.equal(representations(Named(), x, ["output"])["output"], (x + 1).reshape(5, 28))


def test_a_loss_that_stands_before_the_states_is_passed_over(inputs):
    class Scored(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.kind = kind

        def forward(self, x):
            return self.kind({"loss": x.sum(), "logits": x + 1})

    for kind in (dict, lambda found: tuple(found.values())):
        assert torch.equal(representations(Scored(kind), inputs, ["output"])["output"], inputs + 1)
    with pytest.raises(InputError, match=r"returned shape \(\) for 32 inputs"):
        representations(Scored(lambda found: [found["loss"]]), inputs, ["output"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.to(torch.float8_e4m3fn), "torch.float8_e4m3fn"),
        (lambda x: x.to_sparse(), "torch.sparse_coo"),
        (lambda x: x.to("meta"), "on meta"),
        (lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8), "torch.qint8"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*quantize_per_tensor.*:UserWarning")
def test_numbers_that_no_measure_takes_are_refused_and_the_default_leaves_them_out(inputs, change, words):
    class Odd(nn.Module):
        def forward(self, x):
            return change(x)

    model = nn.Sequential(nn.Linear(6, 6), Odd())
    with pytest.raises(
        InputError, match=f"the site '1' returned a tensor of .*{words}.* wanted plain numbers of 16 bits"
    ):
        representations(model, inputs, ["1"])
    assert resolve(model, inputs=inputs) == ["0"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (torch.zeros(1, 6), "inputs has 1 rows, wanted at least 2"),
        (torch.zeros(0, 6), "inputs has 0 rows"),
        (torch.tensor(1.0), "inputs is a single number"),
        (
            (torch.zeros(4, 6), torch.zeros(5, 6)),
            r"differ in their number of rows \(inputs.args.0 has 4, inputs.args.1 has 5\)",
        ),
        ({"x": torch.zeros(4, 6), "flag": object()}, r"inputs\['flag'\] is a object, wanted a tensor or an array"),
        ((), "inputs is empty, wanted at least one tensor"),
        ("text", "inputs is a str, wanted a tensor"),
        (np.array(["a", "b"]), "inputs has dtype <U1, wanted numbers"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused(everything, inputs, words):
    with pytest.raises(InputError, match=words):
        representations(everything(), inputs, ["head"])


def test_sites_that_cannot_be_read_are_refused(everything, inputs):
    model = everything()
    with pytest.raises(UnknownNameError, match="no place named 'haed': did you mean 'head'"):
        representations(model, inputs, ["haed"])
    with pytest.raises(InputError, match=r"'relu' is called 2 times in one forward: name the call, relu#1 … relu#2"):
        representations(model, inputs, ["relu"])
    with pytest.raises(InputError, match="'relu#3' does not exist: 'relu' is called 2 times"):
        representations(model, inputs, ["relu#3"])
    with pytest.raises(InputError, match="batch_size is 0"):
        representations(model, inputs, ["head"], batch_size=0)
    assert hooks_on(model) == 0

    class Ragged(nn.Module):
        def forward(self, x):
            return x[:, : 2 + int(x[0, 0] > 0)]

    x = torch.tensor([[-1.0, 0, 0], [-1, 0, 0], [1, 0, 0], [1, 0, 0]])
    with pytest.raises(InputError, match="gave 2 and then 3 features in different batches, wanted the same: pad"):
        representations(Ragged(), x, ["output"], batch_size=2)


class Messy(nn.Module):
    """Everything a forward may write to, even in eval mode."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 3, max_norm=0.1)  # rescales its weight in place
        self.constrained = nn.Linear(3, 3)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("count", torch.tensor(0))
        self.calls, self.last, self.memory = 0, None, torch.zeros(3)

    def forward(self, tokens, fail=None):
        h = self.embed(tokens)
        self.constrained.weight.data = torch.renorm(self.constrained.weight.data, 2, 0, 0.1)
        self.mean = 0.9 * self.mean + h.detach().mean(0)  # a buffer bound anew
        self.count += 1
        self.memory += 1
        self.calls, self.last, self.fresh = self.calls + 1, h, "new"
        if "late" not in self._buffers:
            self.register_buffer("late", torch.ones(1))
        random.random(), np.random.rand()  # noqa: NPY002
        noise = torch.randn(3)
        if fail is not None:
            raise RuntimeError("the user's forward broke")
        return self.constrained(h) + noise


def state_of(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("fail", [None, torch.zeros(6)])
def test_what_a_forward_writes_is_undone_also_when_it_breaks(fail):
    model, tokens = Messy(), torch.arange(6)
    before, plain, pointers = state_of(model), dict(model.__dict__), [p.data_ptr() for p in model.parameters()]
    randomness = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    inputs = (tokens,) if fail is None else (tokens, fail)
    with nullcontext() if fail is None else pytest.raises(RuntimeError, match="the user's forward broke"):
        representations(model, inputs, ["constrained"])
    after = state_of(model)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert plain == model.__dict__
    assert model.memory.sum() == 0
    assert pointers == [p.data_ptr() for p in model.parameters()]
    assert torch.equal(randomness[0], torch.get_rng_state())
    assert np.array_equal(randomness[1], np.random.get_state()[1])  # noqa: NPY002
    assert randomness[2] == random.getstate()
    assert hooks_on(model) == 0


def test_a_network_that_samples_gives_the_same_values_each_time():
    model, tokens = Messy(), torch.arange(6)
    first = representations(model, tokens, ["output"])["output"]
    torch.rand(3)
    assert torch.equal(first, representations(model, tokens, ["output"])["output"])


def test_the_callers_tensors_are_not_written_to():
    model, x = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 2)), torch.randn(4, 3)
    before = x.clone()
    representations(model, x, ["0", "1"])
    assert torch.equal(x, before)


def test_the_train_flag_of_each_module_is_restored_and_train_is_not_called(everything, inputs):
    class Merging(nn.Linear):
        def train(self, mode=True):
            raise AssertionError("train() may merge adapters into the weights")

    model = everything()
    model.head = Merging(4, 3)
    flags = {name: module.training for name, module in model.named_modules()}
    assert set(flags.values()) == {True, False}
    representations(model, inputs, ["head"])
    assert flags == {name: module.training for name, module in model.named_modules()}
    assert model.norm.num_batches_tracked == 0


def test_a_users_own_hooks_stay_and_only_ours_go(everything, inputs):
    model, seen = everything(), []
    model.head.register_forward_hook(lambda *_: seen.append(1))
    representations(model, inputs, ["head"])
    assert hooks_on(model) == 1
    assert seen == [1]


def test_reading_inside_autocast_is_in_full_precision_and_leaves_its_weight_cache_alone(inputs):
    model = nn.Linear(6, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = representations(model, inputs, ["output"])["output"]
        assert found.dtype == torch.float32
        assert torch.is_autocast_enabled("cpu")
        model(inputs).float().sum().backward()  # a weight cached without gradients would break this
    assert model.weight.grad is not None


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own, while it traces
def test_a_compiled_network_is_read_and_is_not_compiled_again(everything, inputs):
    compilations = []

    def backend(graph, _example):
        compilations.append(graph)
        return graph.forward

    def ways():
        model = everything()
        yield model, torch.compile(model, backend=backend)
        model = everything()
        model.compile(backend=backend)  # in place: the module keeps its class
        yield model, model
        model = everything()
        model.body = torch.compile(model.body, backend=backend)  # a part of it
        yield model, model

    for model, compiled in ways():
        compiled(inputs)
        done = len(compilations)
        assert done > 0
        site = "body._orig_mod.1" if isinstance(model.body, torch._dynamo.OptimizedModule) else "body.1"
        found = representations(compiled, inputs, [site])[site]
        assert found.shape == (32, 4)
        compiled(inputs)
        assert len(compilations) == done


def test_a_module_compiled_in_place_is_read_on_a_torch_without_stances(everything, inputs, monkeypatch):
    model = everything()
    model.compile(backend="eager")
    model(inputs)
    monkeypatch.delattr(torch.compiler, "set_stance", raising=False)  # torch < 2.6
    assert representations(model, inputs, ["head"])["head"].shape == (32, 3)
    assert model._compiled_call_impl is not None


def test_the_forward_runs_without_gradients_and_leaves_their_mode_alone(inputs):
    modes = []

    class Curious(nn.Linear):
        def forward(self, x):
            modes.append(torch.is_grad_enabled())
            return super().forward(x)

    representations(Curious(6, 2), inputs, ["output"])
    assert modes == [False]
    assert torch.is_grad_enabled()
