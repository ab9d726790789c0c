"""Every row rule against a slow twin that reads one sample at a time, over masks, dtypes and batch sizes."""

import math
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from infoscope.core import registry
from infoscope.core.errors import InfoscopeError, InputError, UnknownNameError
from infoscope.record.address import Address, rule
from infoscope.record.gathering import gathered, representations
from infoscope.record.inputs import Inputs
from infoscope.record.places import matches, resolve

WIDTH = 3


class Sequences(nn.Module):
    """Gives its input on, whatever stands beside it."""

    def __init__(self):
        super().__init__()
        self.body = nn.Identity()

    def forward(self, x, attention_mask=None):
        return self.body(x)


def read(x, site, batch_size=1024, **beside):
    model = Sequences()
    return gathered(model, {"x": x, **beside}, [f"body@{site}"], batch_size)


# ---------------------------------------------------------------------------------------------------- slow twins

# each: the rows of one sample from its states [seq, d], its mask [seq] and word ids [seq], as lists of vectors


def unmasked(mask):
    return [i for i, one in enumerate(mask) if one]


def at(*places):
    def rows(states, mask, words):
        there = unmasked(mask)
        kept = {there[p] for p in places if -len(there) <= p < len(there)}
        return [states[i] for i in sorted(kept)]

    return rows


def all_of(states, mask, words):
    return [states[i] for i in unmasked(mask)]


def mean(states, mask, words):
    there = all_of(states, mask, words)
    return [sum(there) / len(there)] if there else []


def largest(states, mask, words):
    there = all_of(states, mask, words)
    return [torch.stack(there).amax(0)] if there else []


def of_words(piece):
    def rows(states, mask, words):
        runs = []
        for i in unmasked(mask):
            if words[i] < 0:
                continue
            if runs and runs[-1][0] == words[i]:
                runs[-1][1].append(states[i])
            else:
                runs.append((words[i], [states[i]]))
        picks = {"first": lambda v: v[0], "last": lambda v: v[-1], "mean": lambda v: sum(v) / len(v)}
        return [picks[piece](values) for _, values in runs]

    return rows


TWINS = {
    "tokens": all_of,
    "first": at(0),
    "last": at(-1),
    "at(0)": at(0),
    "at(2,-1)": at(2, -1),
    "at(-2,1,-9)": at(-2, 1, -9),
    "mean": mean,
    "max": largest,
    "words": of_words("first"),
    "words(last)": of_words("last"),
    "words(mean)": of_words("mean"),
}


@st.composite
def sequences(draw):
    """States [n, seq, d] of some dtype, a mask padded anywhere, and ascending word ids with some missing."""
    n, seq = draw(st.integers(2, 6)), draw(st.integers(1, 7))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 9999)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16]))
    x = torch.randn(n, seq, WIDTH, generator=generator).to(dtype)
    mask = np.zeros((n, seq), bool)
    for line in mask:
        kind = draw(st.sampled_from(["left", "right", "anywhere", "nothing", "all"]))
        length = draw(st.integers(1, seq))
        if kind == "left":
            line[seq - length :] = True
        elif kind == "right":
            line[:length] = True
        elif kind == "anywhere":
            line[:] = draw(st.lists(st.booleans(), min_size=seq, max_size=seq))
        elif kind == "all":
            line[:] = True
    words = np.array([np.cumsum(draw(st.lists(st.integers(0, 1), min_size=seq, max_size=seq))) for _ in range(n)])
    none = np.array([draw(st.lists(st.booleans(), min_size=seq, max_size=seq)) for _ in range(n)])
    return x, mask, np.where(none & (np.arange(seq) % 3 == 0), -1, words)


@settings(max_examples=150, deadline=None)
@given(case=sequences(), name=st.sampled_from(sorted(TWINS)), batch_size=st.integers(1, 7))
def test_a_rule_reads_what_its_twin_reads_one_sample_at_a_time(case, name, batch_size):
    x, mask, words = case
    beside = {"attention_mask": torch.as_tensor(mask).long(), "word_ids": torch.as_tensor(words)}
    wide = x.double()
    wanted = [TWINS[name](wide[i], mask[i], words[i]) for i in range(len(x))]
    flat = [row for rows in wanted for row in rows]
    if not flat:
        with pytest.raises(InputError, match="has no row"):
            read(x, name, batch_size, **beside)
        return
    (found,), (chosen,) = (each.values() for each in read(x, name, batch_size, **beside))
    tolerance = 1e-6 if found.dtype != torch.float64 else 1e-12
    assert torch.allclose(found.double(), torch.stack(flat), rtol=tolerance, atol=tolerance)
    assert chosen.sample.tolist() == [i for i, rows in enumerate(wanted) for _ in rows]
    if name not in ("mean", "max"):  # which position each row is
        pieces = chosen.pieces
        if pieces is None:
            assert torch.equal(x[chosen.sample, chosen.position], found)
    averaged = name in ("mean", "words(mean)")
    assert found.dtype == (torch.promote_types(x.dtype, torch.float32) if averaged else x.dtype)


@settings(max_examples=60, deadline=None)
@given(case=sequences(), most=st.integers(1, 8), seed=st.integers(0, 5), batch_size=st.integers(1, 7))
def test_drawn_tokens_are_some_of_the_unmasked_and_the_same_in_any_batch(case, most, seed, batch_size):
    x, mask, _ = case
    if not mask.any():
        return
    beside, name = {"attention_mask": torch.as_tensor(mask).long()}, f"tokens({most}, seed={seed})"
    (found,), (chosen,) = (each.values() for each in read(x, name, batch_size, **beside))
    assert torch.equal(found, x[chosen.sample, chosen.position])
    assert mask[chosen.sample, chosen.position].all()
    counts = np.bincount(chosen.sample, minlength=len(x))
    assert (counts == np.minimum(mask.sum(1), most)).all()
    assert len({*zip(chosen.sample.tolist(), chosen.position.tolist(), strict=True)}) == len(chosen)
    other = read(x + 1, name, 1024, **beside)[1]["body@" + name]  # other values, other batches: the same tokens
    assert (other.sample == chosen.sample).all()
    assert (other.position == chosen.position).all()
    fewer = mask.copy()
    fewer[-1] = True  # what one sequence holds moves no draw of another
    again = read(x, name, 1024, attention_mask=torch.as_tensor(fewer).long())[1]["body@" + name]
    of_others = chosen.sample < len(x) - 1
    assert (again.position[again.sample < len(x) - 1] == chosen.position[of_others]).all()


def test_every_token_is_drawn_as_often_as_another():
    x = torch.zeros(4000, 20, 1)
    position = read(x, "tokens(5)")[1]["body@tokens(5)"].position
    counts = np.bincount(position, minlength=20)  # binomial: 1000 ± 27
    assert abs(counts - 1000).max() < 5 * math.sqrt(1000 * 0.75)
    assert (read(x, "tokens(5, seed=1)")[1]["body@tokens(5, seed=1)"].position != position).any()


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    channels=st.integers(1, 3),
    side=st.integers(1, 4),
    batch_size=st.integers(1, 5),
)
def test_cells_grids_and_pooled_maps_are_those_of_one_map_at_a_time(shape, channels, side, batch_size):
    x = torch.randn(4, channels, *shape, generator=torch.Generator().manual_seed(0))
    cells = representations(nn.Identity(), x, ["output@cells"], batch_size)["output@cells"]
    wanted = [one[(slice(None), *at)] for one in x for at in np.ndindex(*shape)]
    assert torch.equal(cells, torch.stack(wanted))
    if len(shape) == 2:
        pooled = representations(nn.Identity(), x, ["output@mean", "output@max"], batch_size)
        assert torch.allclose(pooled["output@mean"], x.mean((2, 3)), atol=1e-6)
        assert torch.equal(pooled["output@max"], x.amax((2, 3)))
    if len(shape) < 3:
        name = f"output@grid({side})"
        grid = representations(nn.Identity(), x, [name], batch_size)[name]
        fields = [[slice(i * s // side, -(-(i + 1) * s // side)) for i in range(side)] for s in shape]
        rows = [
            torch.stack([one[(c, *(f[k] for f, k in zip(fields, at, strict=True)))].mean()
                         for c in range(channels) for at in np.ndindex(*[side] * len(shape))])
            for one in x
        ]  # fmt: skip
        assert torch.allclose(grid, torch.stack(rows), atol=1e-6)


def test_a_sketch_keeps_distances_in_the_mean_and_is_the_same_everywhere():
    x = torch.randn(40, 4000)
    name = "output@sketch(400)"
    found = representations(nn.Identity(), x, [name], 7)[name]
    assert found.shape == (40, 400)
    ratio = torch.cdist(found, found)[0, 1:] / torch.cdist(x, x)[0, 1:]
    assert abs(ratio - 1).max() < 5 / math.sqrt(800)  # of a squared distance: variance 2/400
    assert torch.allclose(found, representations(nn.Identity(), x, [name], 40)[name], atol=1e-4)
    narrow = representations(nn.Identity(), x[:, :400], [name])[name]
    assert torch.equal(narrow, x[:, :400])
    other = "output@sketch(400, seed=1)"
    assert not torch.allclose(representations(nn.Identity(), x, [other])[other], found)


def test_special_tokens_and_ignored_labels_leave_rows_out():
    x = torch.arange(24.0).reshape(2, 4, 3)

    class Taking(Sequences):
        def forward(self, x, attention_mask=None, labels=None):
            return self.body(x)

    inputs = {
        "x": x,
        "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]),
        "special_tokens_mask": torch.tensor([[1, 0, 0, 1], [1, 0, 0, 0]]),
        "labels": torch.tensor([[-100, 5, -100, -100], [-100, 3, 3, 3]]),
    }
    chosen = gathered(Taking(), inputs, ["body@tokens"])[1]["body@tokens"]
    assert list(zip(chosen.sample.tolist(), chosen.position.tolist(), strict=True)) == [(0, 1), (1, 1), (1, 2), (1, 3)]


class Both(nn.Module):
    """An encoder and a decoder that are given positions of their own."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder, self.lm_head = nn.Identity(), nn.Identity(), nn.Identity()

    def forward(self, input_ids, attention_mask=None, decoder_input_ids=None, labels=None):
        self.encoder(input_ids[..., None])
        return self.lm_head(self.decoder((labels if decoder_input_ids is None else decoder_input_ids)[..., None]))


@pytest.mark.parametrize("name", ["decoder_input_ids", "labels"])
def test_an_encoders_mask_is_not_the_decoders_even_where_both_are_as_long(name):
    ids = torch.arange(8).reshape(2, 4)
    inputs = {"input_ids": ids, "attention_mask": torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]]), name: ids + 10}
    wanted = [4, 4]
    if name == "labels":
        inputs["labels"] = torch.where(ids == 3, -100, ids + 10)
        wanted = [3, 4]
    chosen = gathered(Both(), inputs, ["encoder@tokens", "decoder@tokens", "lm_head@tokens"])[1]
    counts = {site: np.bincount(each.sample).tolist() for site, each in chosen.items()}
    assert counts == {"encoder@tokens": [2, 4], "decoder@tokens": wanted, "lm_head@tokens": wanted}


def test_a_mask_that_is_given_by_its_number_is_known_as_one():
    x, mask = torch.arange(24.0).reshape(2, 4, 3), torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0]])
    found = representations(Sequences(), (x, mask), ["body@last"])["body@last"]
    assert torch.equal(found, torch.stack([x[0, 3], x[1, 1]]))


# ---------------------------------------------------------------------------------------------------- elements


class Sorts(nn.Module):
    """Gives back every sort of output."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4)
        self.first = nn.LSTM(3, 4, num_layers=2, batch_first=True)

    def forward(self, x):
        self.first(x)
        return self.lstm(x.transpose(0, 1))


@pytest.mark.parametrize("batch_size", [2, 1024])
def test_elements_of_lstms_and_time_first(batch_size):
    torch.manual_seed(0)
    model, x = Sorts(), torch.randn(5, 6, 3)
    with torch.no_grad():
        output, (h, c) = model.lstm(x.transpose(0, 1))
        output_first, (h_first, _) = model.first(x)
    wanted = {
        "lstm@time_first": output.transpose(0, 1).flatten(1),
        "lstm@time_first@last": output[-1],
        "lstm@time_first@tokens": output.transpose(0, 1).flatten(0, 1),
        "lstm:1.0@time_first": h.transpose(0, 1).flatten(1),
        "lstm:1.1@time_first": c.transpose(0, 1).flatten(1),
        "lstm:1.-1@time_first@sketch(2)": None,
        "first": output_first.flatten(1),
        "first:0@last": output_first[:, -1],
        "first:1.0@time_first": h_first.transpose(0, 1).flatten(1),
        "output:0@time_first@at(0)": output[0],
    }
    found = representations(model, x, list(wanted), batch_size)
    for site, value in wanted.items():
        assert value is None or torch.allclose(found[site], value, atol=1e-6), site
    assert found["lstm:1.-1@time_first@sketch(2)"].shape == (5, 2)
    assert resolve(model, ["lstm:1.*@time_first", "first:*.0@time_first"], x) == [
        "first:1.0@time_first",
        "lstm:1.0@time_first",
        "lstm:1.1@time_first",
    ]


def test_the_batch_axis_may_be_said_of_the_inputs():
    lstm, x = nn.LSTM(3, 4), torch.randn(6, 5, 3)
    inputs = Inputs.of(x, lstm, time_first=True)
    with torch.no_grad():
        output = lstm(x)[0]
    for batch_size in (2, 5):
        found = representations(lstm, inputs, ["output@time_first@last"], batch_size)["output@time_first@last"]
        assert torch.allclose(found, output[-1], atol=1e-6)


# ---------------------------------------------------------------------------------------------------- memory


class Alive(TorchDispatchMode):
    """Counts the bytes of the tensors that are made and not yet let go of."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for t in made if isinstance(made, (tuple, list)) else (made,):
            of_args = {each.untyped_storage().data_ptr() for each in args if isinstance(each, torch.Tensor)}
            if isinstance(t, torch.Tensor) and t.untyped_storage().data_ptr() not in of_args:  # no view
                size = t.numel() * t.element_size()
                self.now += size
                self.most = max(self.most, self.now)
                weakref.finalize(t, self.gone, size)
        return made

    def gone(self, size):
        self.now -= size


@pytest.mark.parametrize("site", ["tokens(2)", "last", "mean", "max", "words(mean)", "words", "at(0,5)@sketch(4)"])
def test_only_the_rows_of_a_place_are_held(site):
    n, seq, d, batch_size = 256, 40, 8, 4
    x, words = torch.randn(n, seq, d), torch.arange(seq)[None].repeat(n, 1) // 10
    with Alive() as alive:
        found = read(x, site, batch_size, word_ids=words)[0][f"body@{site}"]
    one_batch = batch_size * seq * d * 4
    rows = found.numel() * 4 + n * 8 * 4  # and which samples they are
    assert alive.most < rows + 8 * one_batch < n * seq * d * 4


# ---------------------------------------------------------------------------------------------------- addresses

names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}(\.[a-z0-9_]{1,4}){0,3}", fullmatch=True)
rules = st.sampled_from(
    ["tokens", "tokens(14)", "tokens(3, seed=2)", "first", "last", "at(3,-1)", "at(0)", "mean", "max", "words(last)",
     "words(mean)", "words", "cells", "grid(2)", "grid", "samples"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    name=names,
    call=st.integers(0, 12),
    way=st.lists(st.from_regex(r"-?[0-9]|[a-z_]{1,6}", fullmatch=True), max_size=3),
    of_input=st.booleans(),
    head=st.integers(-1, 12),
    row=st.one_of(st.none(), rules),
    turned=st.booleans(),
    sketch=st.sampled_from(["", "@sketch(64)", "@sketch(64, seed=3)", "@sketch"]),
)
def test_an_address_is_written_as_it_was_read(name, call, way, of_input, head, row, turned, sketch):
    way = [part for part in way if part not in ("input", "head")]
    element = [*(["input"] if of_input else []), *way, *(["head", str(head)] if head >= 0 else [])]
    text = name + (f"#{call}" if call else "") + (f":{'.'.join(element)}" if element else "")
    text += ("@time_first" if turned else "") + (f"@{row}" if row else "") + sketch
    found = Address.parse(text)
    assert (found.module, found.call, found.of_input) == (name, call, of_input)
    assert found.way == tuple(way)
    assert found.head == (str(head) if head >= 0 else None)
    assert str(found) == text.replace("@sketch(512)", "@sketch") or Address.parse(str(found)) == found
    assert Address.parse(str(found)) == found
    assert str(Address.parse(str(found))) == str(found)


def test_names_that_hold_the_signs_of_a_place_are_read_as_they_are():
    odd = {"a:b": nn.Identity(), "x@y": nn.Identity(), "n#2": nn.Identity()}

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            for name, module in odd.items():
                self.add_module(name, module)

        def forward(self, x):
            for name in odd:
                x = getattr(self, name)(x)
            return x

    x = torch.randn(3, 4, 2)
    assert set(representations(Odd(), x, list(odd))) == set(odd)
    assert representations(Odd(), x, ["a:b@last"])["a:b@last"].shape == (3, 2)


@pytest.mark.parametrize(
    ("pattern", "name", "one", "deep"),
    [
        ("h.*", "h.0", True, True),
        ("h.*", "h.0.attn", False, True),
        ("h.**", "h.0.attn", True, True),
        ("*.attn", "h.0.attn", False, True),
        ("**.attn", "h.0.attn", True, True),
        ("h.?", "h.1", True, True),
        ("h.[01]", "h.1", True, True),
        ("h.[!01]", "h.1", False, False),
        ("relu", "relu#2", True, True),
        ("relu#1", "relu#2", False, False),
        ("h.1", "h.10", False, False),
        ("h+1", "hh1", False, False),
    ],
)
def test_a_star_is_one_level_and_two_are_any(pattern, name, one, deep):
    assert matches(name, pattern) == one
    assert matches(name, pattern, deep=True) == deep


# ---------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("site", "sentence"),
    [
        ("body@tokens(0)", "most"),
        ("body@tokens(x)", ""),
        ("body@grid(0)", "side"),
        ("body@sketch(0)", "width"),
        ("body@first(3)", "takes no options"),
        ("body@words(middle)", "first"),
        ("body@lst", "last"),
        ("body@mean@max", "says twice"),
        ("body@sketch(2)@mean", "another order"),
        ("body@last@time_first", "another order"),
        ("body:@last", ""),
        ("body:7@last", "there is no '7'"),
        ("body:input.9@last", "there is no '9'"),
        ("body:head.0@last", "heads"),
        ("body@words", "word_ids"),
        ("body@at(99)", "has no row"),
        ("bdy@last", "body"),
    ],
)
def test_a_place_that_cannot_be_read_is_told_in_one_sentence(site, sentence):
    x = torch.randn(3, 4, 2)
    with pytest.raises((InfoscopeError, UnknownNameError)) as caught:
        representations(Sequences(), x, resolve(Sequences(), [site], x))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mask_of_another_length_and_outputs_without_positions():
    x = torch.randn(3, 4, 2)
    with pytest.raises(InputError, match="gives 4 positions a sample where attention_mask has 5"):
        read(x, "tokens", attention_mask=torch.ones(3, 5))
    with pytest.raises(InputError, match=r"wanted \[positions, features\] for @tokens"):
        representations(nn.Flatten(), x, ["output@tokens"])
    with pytest.raises(InputError, match="wanted a map"):
        representations(nn.Flatten(), x, ["output@cells"])
    with pytest.raises(InputError, match="has no row"):
        read(x, "tokens", attention_mask=torch.zeros(3, 4))
    with pytest.raises(InputError, match=r"in one batch and .* in another, wanted the same: pad the inputs"):
        representations(Changing(), x, ["output@tokens"], 1)


class Changing(nn.Module):
    """Gives back fewer positions at each call."""

    seen = 0

    def forward(self, x):
        Changing.seen += 1
        return x[:, Changing.seen :]


def test_every_rule_is_looked_at_here():
    looked_at = {rule(name).id for name in TWINS} | {"samples", "cells", "grid", "sketch", "time_first"}
    assert looked_at == set(registry.entries("rules"))
