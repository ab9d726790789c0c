"""Evaluation sets from a tokenizer, lists, data sets, loaders and streams; variables a sample, a token, a word, several
at once; groups of tokens."""

import itertools
import os
import random
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils import data

import infoscope
from infoscope.core.errors import InfoscopeError, InputError
from infoscope.record import evaluation_sources
from infoscope.record.alignment import word_ids
from infoscope.record.evaluated import Evaluated
from infoscope.record.gathering import gathered, representations
from infoscope.record.inputs import Inputs
from infoscope.record.variables import MISSING, checked

os.environ.setdefault("HF_HUB_OFFLINE", "1")


class Reader(nn.Module):
    """Takes what a language model takes."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 4)

    def forward(self, input_ids, attention_mask=None, labels=None, use_cache=True):
        return self.embed(input_ids)


def plain(n=9, seq=5):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 100, (n, seq), generator=generator)


def ragged(n=9, longest=6):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, longest + 1, (n,), generator=generator).tolist()
    return [torch.randint(1, 100, (length,), generator=generator) for length in [longest, *lengths[1:]]]


class Rows(data.Dataset):
    """Of whatever samples."""

    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        random.random(), np.random.rand(), torch.rand(1)  # as augmentation draws  # noqa: NPY002
        return self.samples[i]


class Endless(data.IterableDataset):
    def __iter__(self):
        for i in itertools.count():
            yield {"input_ids": torch.full((5,), i % 100)}


def by_name(ids):
    return [{"input_ids": each, "label": 3, "text": "left out"} for each in ids]


def sources(ids):
    """The same samples from everywhere."""
    samples = by_name(ids)
    return {
        "a list of lists": {"input_ids": ids.tolist()},
        "arrays": {"input_ids": ids.numpy()},
        "a Dataset of mappings": Rows(samples),
        "a Dataset of tensors": Rows(list(ids)),
        "a Dataset of lists": Rows([{"input_ids": each.tolist()} for each in ids]),
        "a TensorDataset": data.TensorDataset(ids),
        "a Subset": data.Subset(Rows([*samples, *samples]), range(len(ids))),
        "a loader": data.DataLoader(Rows([{"input_ids": each} for each in ids]), batch_size=4),
        "a loader with a generator": data.DataLoader(
            data.TensorDataset(ids), batch_size=4, generator=torch.Generator().manual_seed(5)
        ),
        "a loader of single samples": data.DataLoader(data.TensorDataset(ids), batch_size=1),
        "a list of samples": [{"input_ids": each} for each in ids],
        "a list of batches": [{"input_ids": each} for each in ids.split(4)],
        "a generator of batches": ({"input_ids": each} for each in ids.split(2)),
        "an iterator of tensors": iter(ids.split(3)),
    }


@pytest.mark.parametrize("source", list(sources(plain())))
def test_every_source_gives_the_same_samples_in_their_order(source):
    ids, model = plain(), Reader()
    value = sources(ids)[source]
    generator = getattr(value, "generator", None)
    before = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002
    kept = None if generator is None else generator.get_state()
    found = Inputs.of(value, model)
    assert torch.equal(next(iter(found.tensors().values())), ids)
    after = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002
    assert before == after
    assert kept is None or torch.equal(generator.get_state(), kept)


def test_a_set_of_the_datasets_package():
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: pip install -e .[test]")
    ids = plain()
    columns = {"input_ids": ids.tolist(), "text": ["x"] * len(ids), "labels": ids.tolist()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = datasets.Dataset.from_dict(columns)
        stream = table.to_iterable_dataset()
        splits = datasets.DatasetDict({"train": table, "test": table})
    for source in (table, table.with_format("torch"), stream):
        found = Inputs.of(source, Reader())
        assert set(found.kwargs) == {"input_ids", "labels"}
        assert torch.equal(found.kwargs["input_ids"], ids)
    with pytest.raises(InputError, match=r"several data sets \(train, test\), wanted one"):
        Inputs.of(splits, Reader())
    with pytest.raises(InputError, match="columns text and forward takes input_ids"):
        Inputs.of(table.select_columns(["text"]), Reader())


@pytest.mark.parametrize("shape", ["samples", "loader", "mapping", "stream"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_sequences_of_different_lengths_are_padded_where_a_mask_says_so(shape, side):
    ids = ragged()
    if side == "left":  # each batch is padded already, on its own side and to its own length
        widest = [max(map(len, three)) for three in (ids[:3], ids[3:6], ids[6:])]
        padded = [nn.functional.pad(one, (widest[i // 3] - len(one), 0)) for i, one in enumerate(ids)]
        batches = [torch.stack(padded[at : at + 3]) for at in (0, 3, 6)]
    else:
        batches = [nn.utils.rnn.pad_sequence(two, batch_first=True) for two in (ids[:3], ids[3:6], ids[6:])]
    dealt = [{"input_ids": b, "attention_mask": (b > 0).long(), "labels": torch.where(b > 0, b, -100)} for b in batches]
    rows = [{"input_ids": i, "attention_mask": torch.ones_like(i), "labels": i} for i in ids]
    source = {
        "samples": lambda: Rows(rows),
        "loader": lambda: data.DataLoader(Rows(dealt), batch_size=None),
        "mapping": lambda: {name: [row[name].tolist() for row in rows] for name in rows[0]},
        "stream": lambda: iter(dealt),
    }[shape]()
    found = Inputs.of(source, Reader())
    mask = found.layout.mask(6)
    assert mask.sum(1).tolist() == [len(i) for i in ids]
    assert torch.equal(found.kwargs["input_ids"][torch.as_tensor(mask)], torch.cat(ids))
    assert (found.kwargs["labels"][torch.as_tensor(~mask)] == -100).all()
    short = int(np.argmin(mask.sum(1)))
    padded_left = side == "left" and shape in ("loader", "stream")
    assert mask[short, -1 if padded_left else 0]
    assert not mask[short, 0 if padded_left else -1]


def shuffled(**options):
    return data.DataLoader(data.TensorDataset(plain()), batch_size=4, **options)


class Drawn(data.Sampler):
    """Someone's own, which draws."""

    def __iter__(self):
        return iter(torch.randperm(9).tolist())


class Backwards(data.Sampler):
    """Someone's own, which does not."""

    def __iter__(self):
        return iter(range(8, -1, -1))


@pytest.mark.parametrize(
    "loader",
    [
        shuffled(shuffle=True),
        shuffled(sampler=data.WeightedRandomSampler(torch.ones(9), 9)),
        shuffled(sampler=data.SubsetRandomSampler(range(9))),
        shuffled(sampler=Drawn()),
        shuffled(sampler=data.distributed.DistributedSampler(range(9), 2, 0)),
    ],
    ids=lambda loader: type(loader.sampler).__name__,
)
def test_a_loader_that_shuffles_is_refused(loader):
    model, state = Reader(), torch.get_rng_state()
    with pytest.raises(InputError, match=r"is a DataLoader that shuffles .*: build it with shuffle=False"):
        Inputs.of(loader, model)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_sampler_of_ones_own_that_keeps_an_order_is_read():
    found = Inputs.of(shuffled(sampler=Backwards()), Reader())
    assert torch.equal(found.args[0], plain().flip(0))


def test_a_stream_is_read_to_a_limit_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(evaluation_sources, "STREAM", 50)
    for source in (Endless(), data.DataLoader(Endless(), batch_size=10)):
        assert len(Inputs.of(source, Reader())) == 50
        assert "is the first 50 samples of a stream" in capsys.readouterr().err
    batches = ({"input_ids": plain(10)} for _ in range(5))
    assert len(Inputs.of(batches, Reader())) == 50
    assert capsys.readouterr().err == ""


class Takes(nn.Module):
    def forward(self, x):
        return x


def test_of_a_tuple_the_networks_own_entries_are_read():
    x, y = torch.randn(6, 3), torch.arange(6)
    for source in (data.TensorDataset(x, y), data.DataLoader(data.TensorDataset(x, y), batch_size=4)):
        assert torch.equal(representations(Takes(), source, ["output"])["output"], x)
    with pytest.raises(InputError, match="gives 2 entries a sample, and forward wants 1 and may take attention_mask"):
        Inputs.of(data.TensorDataset(plain(), torch.arange(9)), Reader())


def test_a_wrapper_that_names_no_arguments_is_given_all():
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Reader()

        def forward(self, *args, **kwargs):
            return self.inner(*args, **kwargs)

    ids = plain()
    found = Inputs.of(Rows([{"input_ids": each, "labels": each} for each in ids]), Wrapper())
    assert set(found.kwargs) == {"input_ids", "labels"}
    assert torch.equal(Inputs.of(data.TensorDataset(ids, ids), Wrapper()).args[1], ids)


def test_flags_and_labels_pass_through():
    ids = plain()
    found = Inputs.of({"input_ids": ids, "labels": ids, "use_cache": False, "attention_mask": None}, Reader())
    assert found.flags == {"use_cache": False, "attention_mask": None}
    assert set(found.kwargs) == {"input_ids", "labels"}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"input_ids": [[1, 2], [3]]}, "input_ids has 1 to 2 positions. and there is no attention_mask"),
        (Rows([{"input_ids": [1, 2]}, {"input_ids": [3]}]), "differ in length"),
        (Rows([{"input_ids": [1, 2]}, {"labels": [3, 4], "input_ids": [1, 2]}]), "at first and"),
        (Rows([]), "no samples"),
        (Rows(["a", "b"]), "gives a str"),
        (iter([]), "no samples"),
        ([{"x": 1}, {"x": 2}], "whether they are samples or batches"),
        ([], "empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_evaluation_set_is_told_in_one_sentence(value, sentence):
    with pytest.raises(InfoscopeError, match=sentence) as caught:
        Inputs.of(value, Reader())
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------- a tokenizer's answer

TEXTS = ["the cat sat", "a dog barked at the old cat", "it ran", "old dogs nap"]


@pytest.fixture(scope="module")
def tokenizer():
    """Words are cut into pieces of up to three letters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers = pytest.importorskip(
            "transformers", reason="transformers is not installed: pip install -e .[test]"
        )
        tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed: pip install -e .[test]")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters), "the", "cat", "dog", "##ked"]
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


NAMES = {"return_special_tokens_mask": True, "return_token_type_ids": False}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("as_tensors", [True, False])
def test_s6_what_a_tokenizer_returns_is_read_with_words_and_special_tokens(tokenizer, side, as_tensors):
    options = {"padding": True, "return_tensors": "pt"} if as_tensors else {}
    encoding = tokenizer(TEXTS, padding_side=side, **options, **NAMES)
    found = Inputs.of(encoding, Reader())
    assert set(found.kwargs) == {"input_ids", "attention_mask"}
    chosen = gathered(Reader(), encoding, ["embed@words", "embed@words(last)", "embed@tokens"])[1]
    words = [text.split() for text in TEXTS]
    counts = np.bincount(chosen["embed@words"].sample)
    assert counts.tolist() == [len(each) for each in words]
    assert len(chosen["embed@tokens"]) == sum(len(tokenizer.tokenize(text)) for text in TEXTS)  # none special
    ids = found.kwargs["input_ids"].numpy()
    for name, piece in (("embed@words", 0), ("embed@words(last)", -1)):
        there = chosen[name]
        read = tokenizer.convert_ids_to_tokens(ids[there.sample, there.position].tolist())
        assert read == [tokenizer.tokenize(word)[piece] for each in words for word in each]


def test_s6_labels_of_words_reach_the_pieces_that_a_rule_names(tokenizer):
    encoding = tokenizer(TEXTS, **NAMES)
    tags = [["noun" if word in ("cat", "dog", "dogs") else "other" for word in text.split()] for text in TEXTS]
    inputs = Inputs.of(encoding, Reader())
    known = checked({"tag": tags}, len(TEXTS), inputs)
    assert known["tag"].per == "word"
    flat = [int(tag == "other") for each in tags for tag in each]
    evaluated = Evaluated.of(inputs, known)
    chosen = gathered(Reader(), inputs, ["embed@words(mean)", "embed@tokens"])[1]
    for site, there in chosen.items():
        labels = evaluated.rows(site, there).labels["tag"]
        if "words" in site:
            assert labels.tolist() == flat
        else:
            pieces = [len(tokenizer.tokenize(word)) for text in TEXTS for word in text.split()]
            assert labels.tolist() == np.repeat(flat, pieces).tolist()


def test_pairs_of_texts_number_their_words_on(tokenizer):
    encoding = tokenizer(TEXTS[:2], TEXTS[2:], **NAMES)
    words = Inputs.of(encoding, Reader()).layout.words
    assert words.max(1).tolist() == [4, 9]


def test_one_text_alone_is_refused(tokenizer):
    with pytest.raises(InputError, match=r"encoding of one text alone, wanted several: tokenizer\(\[text, …\]\)"):
        Inputs.of(tokenizer(TEXTS[0], **NAMES), Reader())


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.lists(st.text("abcé😀", min_size=1, max_size=5), min_size=1, max_size=4), min_size=1, max_size=3),
    cut=st.integers(1, 3),
    shift=st.sampled_from([0, 1, -1]),
)
def test_s6_offsets_are_used_only_where_they_spell_the_text(texts, cut, shift):
    spaced = ["  ".join(words) for words in texts]
    spans, wanted = [], []
    for words in texts:
        at, these, of = 0, [(0, 0)], [-1]
        for w, word in enumerate(words):
            for start in range(0, len(word), cut):
                these.append((at + start, at + min(start + cut, len(word))))
                of.append(w)
            at += len(word) + 2
        spans.append([*these, (0, 0)])
        wanted.append([*of, -1])
    width = max(map(len, spans))
    offsets = np.array([[*one, *[(0, 0)] * (width - len(one))] for one in spans])
    wanted = [[*one, *[-1] * (width - len(one))] for one in wanted]
    if not shift:
        assert word_ids(offsets, spaced).tolist() == wanted
        return
    off = np.where((offsets == 0).all(-1, keepdims=True), 0, offsets + shift)
    with pytest.raises(InputError, match="the offsets of text 0 do not spell it"):
        word_ids(off, spaced)


def test_s6_offsets_of_a_real_tokenizer_agree_with_its_word_ids(tokenizer):
    encoding = tokenizer(TEXTS, padding=True, return_offsets_mapping=True, return_tensors="pt", **NAMES)
    assert torch.equal(word_ids(encoding["offset_mapping"], TEXTS), Inputs.of(encoding, Reader()).aside["word_ids"])
    with pytest.raises(InputError, match="do not spell"):
        word_ids(encoding["offset_mapping"], [text.replace(" ", "") for text in TEXTS])


# ---------------------------------------------------------------------------------------------------- variables


def sequences(n=20, seq=6):
    mask = torch.arange(seq)[None] < 2 + torch.arange(n)[:, None] % (seq - 1)
    inputs = Inputs.of({"input_ids": plain(n, seq) * mask, "attention_mask": mask.long()}, Reader())
    return inputs, mask.numpy()


def test_labels_of_tokens_may_be_lists_of_the_lengths_of_the_sequences():
    inputs, mask = sequences()
    lists = [[f"tag{(i + j) % 3}" if j else None for j in range(length)] for i, length in enumerate(mask.sum(1))]
    found = checked({"tag": lists}, 20, inputs)["tag"]
    assert found.per == "position"
    wanted = np.array([[(i + j) % 3 if j and mask[i, j] else MISSING for j in range(6)] for i in range(20)])
    assert (found.values == wanted).all()
    whole = checked({"tag": np.array([["x", "y", "x", "x", "y", "z"]] * 20)}, 20, inputs)["tag"]
    assert (whole.per, whole.values[0].tolist()) == ("position", [0, 1, 0, 0, 1, 2])
    with pytest.raises(InputError, match="has 1, 1, 1 labels for the first samples, which are not as many"):
        checked({"tag": [["a"]] * 19 + [["a", "b"]]}, 20, inputs)


def test_labels_and_masks_of_another_length_and_sequences_of_nothing_but_ignored_tokens(tmp_path):
    inputs, mask = sequences()
    ids = dict(inputs.kwargs)
    watching = {"places": ["embed@tokens"], "schedule": [0], "out": tmp_path / "run"}
    with pytest.raises(InputError, match=r"'tag' is \[20, 5\], one label a position, and no place has such rows"):
        infoscope.watch(Reader(), ids, {"tag": np.arange(100).reshape(20, 5) % 3}, ["usable_information"], **watching)
    with pytest.raises(InputError, match="gives 6 positions a sample where attention_mask has 5"):
        infoscope.watch(Reader(), {**ids, "attention_mask": torch.ones(20, 5)}, {}, ["effective_rank"], **watching)
    with pytest.raises(InputError, match="differ in their number of rows"):
        infoscope.watch(Reader(), {**ids, "attention_mask": torch.ones(19, 6)}, {}, ["effective_rank"], **watching)
    ignored = torch.where(torch.as_tensor(mask), ids["input_ids"], -100)
    ignored[3] = -100  # a sequence without a token
    labels = {"odd": ids["input_ids"] % 2}
    with infoscope.watch(Reader(), {**ids, "labels": ignored}, labels, ["usable_information"], **watching) as scope:
        scope.step(0)
    there = scope.run.folder.manifest()["evaluated"]["rows at"]["embed@tokens"]
    assert there == {"rows": int(mask.sum() - mask[3].sum()), "groups": 19, "samples without a row": 1}
    with pytest.raises(InputError, match="has no row: of 20 samples the mask"):
        representations(Reader(), {**ids, "labels": torch.full((20, 6), -100)}, ["embed@tokens"])


def test_quantities_may_be_lists_too():
    inputs, mask = sequences()
    lists = [[i + j / 8 if j else None for j in range(length)] for i, length in enumerate(mask.sum(1))]
    found = checked({"depth": lists}, 20, inputs)["depth"]
    wanted = np.array([[i + j / 8 if j and mask[i, j] else np.nan for j in range(6)] for i in range(20)])
    assert np.array_equal(found.values, wanted, equal_nan=True)


def test_words_and_categories_of_samples():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    inputs, _ = sequences()
    words = ["yes", "no"] * 10
    for values in (words, np.array(words), pandas.Series(words, dtype="category"), pandas.Categorical(words)):
        found = checked({"label": values}, 20, inputs)["label"]
        assert (found.per, found.values.tolist()) == ("sample", [1, 0] * 10)


def test_several_labels_at_once_are_several_variables():
    inputs, _ = sequences()
    y = np.array([[i % 2, i % 3 == 0, i % 5 < 2] for i in range(20)]).astype(int)
    for values in (y, torch.as_tensor(y), y.astype(float), y.astype(bool)):
        found = checked({"topic": values}, 20, inputs)
        assert list(found) == ["topic.0", "topic.1", "topic.2"]
        assert [found[f"topic.{i}"].values.tolist() for i in range(3)] == y.T.tolist()
        assert {each.per for each in found.values()} == {"sample"}
    as_long = np.concatenate([y, y], axis=1)  # six columns for six positions
    assert list(checked({"topic": as_long}, 20, inputs)) == ["topic"]
    assert checked({"topic": as_long}, 20, inputs)["topic"].per == "position"
    with pytest.raises(InputError, match=r"with a single 1 in each row, one variable of 3 classes or 3 of two"):
        checked({"topic": np.eye(3, dtype=int)[np.arange(20) % 3]}, 20, inputs)


def test_several_labels_are_measured_each(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(200, 4)
    y = torch.stack([x[:, 0] > 0, x[:, 1] > 0], 1).long()
    model = nn.Sequential(nn.Linear(4, 4))
    with infoscope.watch(model, x, {"sign": y}, ["usable_information"], tmp_path / "run", schedule=[0]) as scope:
        scope.step(0)
    assert sorted(scope.run.rows.unique("variable")) == ["sign.0", "sign.1"]
    assert min(scope.run.rows.column("value")) > 0.2
    later = scope.run.measure("usable_information", variables={"more": y.flip(1)}, model=lambda: model)
    assert {"more.0", "more.1"} <= set(later.unique("variable"))


# ---------------------------------------------------------------------------------------------------- groups


def test_s7_packed_sequences_have_groups_a_token_and_those_that_share_one_are_said(tmp_path):
    inputs, mask = sequences(24)
    documents = np.repeat(np.arange(24)[:, None] * 2, 6, axis=1)
    documents[:12, 3:] += 1  # of twelve sequences the rest is another document, where it is no padding
    ids = inputs.kwargs
    with infoscope.watch(
        Reader(), ids, {"odd": ids["input_ids"] % 2}, ["usable_information"], tmp_path / "run", groups=documents,
        places=["embed@tokens"], schedule=[0],
    ) as scope:  # fmt: skip
        scope.step(0)
    told = scope.run.folder.manifest()["evaluated"]
    both = [i for i in range(12) if mask[i].sum() > 3]
    assert told["groups that share a sample"] == 2 * len(both)
    assert scope.run.rows.unique("groups") == [len(np.unique(documents[mask]))]


def test_without_groups_that_share_a_sample_nothing_is_said():
    inputs, _ = sequences()
    for groups in (None, np.arange(20) // 2, np.repeat(np.arange(20)[:, None], 6, axis=1)):
        evaluated = Evaluated.of(inputs, {}, groups)
        assert "groups that share a sample" not in evaluated.told({})


def test_s8_the_tokens_of_equal_prompts_are_one_group_and_it_is_said():
    ids = plain(30, 5)
    ids[15:] = ids[:15]  # each prompt twice
    inputs = Inputs.of({"input_ids": ids}, Reader())
    chosen = gathered(Reader(), inputs, ["embed@tokens"])[1]
    evaluated = Evaluated.of(inputs, checked({"odd": ids % 2}, 30, inputs))
    names = evaluated.rows("embed@tokens", chosen["embed@tokens"]).together.names(2)
    assert names is not None
    assert (names.reshape(30, 5) == np.tile(np.arange(15), 2)[:, None]).all()
    told = evaluated.told(chosen)
    assert (told["distinct inputs"], told["groups"], told["groups are"]) == (15, 15, "equal inputs")
    assert told["rows at"]["embed@tokens"] == {"rows": 150, "groups": 15}


def test_s8_memory_of_a_prompt_is_no_information():
    """Random labels of prompts that occur eight times each: read across copies they seem to be known."""
    torch.manual_seed(0)
    ids = torch.randint(1, 100, (60, 8)).repeat(8, 1)
    label = torch.randint(2, (60,)).repeat(8)
    model = nn.Sequential(nn.Embedding(100, 32))
    t = representations(model, ids, ["output@mean"])["output@mean"]
    copied = infoscope.usable_information(t, label, "knn")
    with_groups = infoscope.usable_information(t, label, "knn", groups=torch.arange(60).repeat(8))
    assert copied.value > 0.2
    assert with_groups.value < 0.05


def test_the_run_says_which_token_a_place_reads_after_a_template(tmp_path):
    """S5: the last token of a chat template is the same sign in every text, and a probe reads that."""
    ids = torch.randint(3, 9, (20, 5), generator=torch.Generator().manual_seed(0))
    ids[:, -1] = 2  # what ends a turn
    model = torch.nn.Sequential(torch.nn.Embedding(9, 4))
    places = ["0@last", "0@at(-2)", "0@tokens"]
    with infoscope.watch(model, ids, {}, ["effective_rank"], tmp_path / "run", places=places) as scope:
        scope.step(0)
    there = scope.run.folder.manifest()["evaluated"]["rows at"]
    assert there["0@last"]["token most read"] == "2 in 20 rows"
    before = torch.bincount(ids[:, -2])
    assert there["0@at(-2)"]["token most read"] == f"{before.argmax()} in {before.max()} rows"
    assert "token most read" not in there["0@tokens"]
    assert "token most read 2 in 20 rows" in scope.run.report().read_text(encoding="utf-8")
