"""Whether padding changes states is found out, told with its remedy, and what is read there is UNRESOLVED (S1, S2)."""

import os
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import infoscope
from infoscope.core.estimate import Status
from infoscope.record.evaluated import Evaluated
from infoscope.record.inputs import Inputs
from infoscope.record.padding import check_padding, differences
from infoscope.record.variables import checked

os.environ.setdefault("HF_HUB_OFFLINE", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: pip install -e .[test]")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

SPECIAL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
COMMON = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
BUILT = {
    "GPT-2": ("GPT2Model", "GPT2Config", {"vocab_size": 64, "n_embd": 16, "n_layer": 2, "n_head": 2, **SPECIAL}),
    "Llama": ("LlamaModel", "LlamaConfig", {**COMMON, "intermediate_size": 32, **SPECIAL}),
    "BERT": ("BertModel", "BertConfig", {**COMMON, "intermediate_size": 32}),
    "Mamba": ("MambaModel", "MambaConfig", {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, **SPECIAL}),
}
BLOCK = {"GPT-2": "h.1", "Llama": "layers.1", "BERT": "encoder.layer.1", "Mamba": "layers.1"}


def build(family):
    kind, config, options = BUILT[family]
    torch.manual_seed(0)
    return getattr(transformers, kind)(getattr(transformers, config)(**options)).eval()


def padded(side, n=24, seq=10):
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 64, (n, seq), generator=generator)
    lengths = torch.randint(3, seq + 1, (n,), generator=generator)
    place = torch.arange(seq)[None]
    mask = place < lengths[:, None] if side == "right" else place >= seq - lengths[:, None]
    return {"input_ids": torch.where(mask, ids, 0), "attention_mask": mask.long()}


def with_positions(inputs):
    return {**inputs, "position_ids": (inputs["attention_mask"].cumsum(1) - 1).clamp(min=0)}


def apart(model, inputs, *sites):
    found = differences(model, Inputs.of(inputs, model), sites)
    assert isinstance(found, dict), found
    return {site: by for site, (by, _) in found.items()}


@pytest.mark.parametrize("rule", ["", "@tokens", "@last", "@mean", "@tokens(3)@sketch(4)"])
def test_s1_left_padding_without_position_ids_changes_what_gpt2_computes(rule):
    model, site = build("GPT-2"), f"h.1{rule}"
    assert apart(model, padded("left"), site)[site] > 0.1
    assert apart(model, padded("right"), site)[site] < 1e-5
    assert apart(model, with_positions(padded("left")), site)[site] < 1e-5


def test_the_difference_is_what_one_finds_by_hand():
    model, inputs = build("GPT-2"), padded("left", n=6)
    with torch.no_grad():
        together = model(**inputs).last_hidden_state
        by_hand = []
        for ids, mask, states in zip(inputs["input_ids"], inputs["attention_mask"].bool(), together, strict=True):
            if not mask.all():
                alone = model(ids[mask][None]).last_hidden_state[0]
                by_hand.append(float((states[mask] - alone).norm() / alone.norm()))
    assert apart(model, inputs, "ln_f@tokens")["ln_f@tokens"] == pytest.approx(max(by_hand), rel=1e-3)


@pytest.mark.parametrize(
    ("family", "side"),
    [("Llama", "left"), ("Llama", "right"), ("BERT", "right"), ("Mamba", "left"), ("Mamba", "right")],
)
def test_families_that_heed_their_mask_are_left_alone(family, side):
    site = f"{BLOCK[family]}@tokens"
    assert apart(build(family), padded(side), site)[site] < 1e-5


class RunsOn(nn.Module):
    """A recurrent network, whose state runs on over padding."""

    def __init__(self):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(64, 8), nn.GRU(8, 8, batch_first=True)

    def forward(self, input_ids, attention_mask=None):
        return self.rnn(self.embed(input_ids))[0]


def test_s2_positions_and_states_that_run_on_over_padding_on_the_left_are_seen():
    site = f"{BLOCK['BERT']}@tokens"
    assert apart(build("BERT"), padded("left"), site)[site] > 1e-3
    torch.manual_seed(0)
    model = RunsOn()
    assert apart(model, padded("left"), "rnn@last")["rnn@last"] > 1e-3
    assert apart(model, padded("right"), "rnn@last")["rnn@last"] < 1e-5
    evaluated = evaluated_of(model, padded("left"))
    assert "pad on the right" in check_padding(model, evaluated, ["rnn@last"])
    assert "position_ids" not in evaluated.doubts["rnn@last"][0].note


class Ignores(nn.Module):
    """Takes a mask and does not look at it."""

    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.pool = nn.Embedding(64, 8), nn.Identity(), nn.Identity()

    def forward(self, input_ids, attention_mask=None):
        states = self.embed(input_ids)
        return self.pool((self.mix(states + states.mean(1, keepdim=True))).mean(1))


def test_s2_a_network_that_ignores_its_mask_is_told():
    found = apart(Ignores(), padded("right"), "embed@tokens", "mix@tokens", "pool", "output")
    assert found["embed@tokens"] == 0
    assert min(found["mix@tokens"], found["pool"], found["output"]) > 0.01
    evaluated = evaluated_of(Ignores(), padded("right"))
    told = check_padding(Ignores(), evaluated, ["embed@tokens", "mix@tokens"])
    assert told is not None
    assert "at 1 of 2 places" in told
    assert "does not heed its mask" in told
    assert set(evaluated.doubts) == {"mix@tokens"}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_given_its_rounding(dtype):
    torch.manual_seed(0)
    model = build("BERT").to(dtype)
    found = differences(model, Inputs.of(padded("right"), model), ["encoder.layer.1@tokens"])
    by, rounding = found["encoder.layer.1@tokens"]
    assert by < rounding == 1e-2


def test_an_encoder_and_a_decoder_are_looked_at_by_their_own_masks():
    torch.manual_seed(0)
    config = transformers.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    model = transformers.T5ForConditionalGeneration(config).eval()
    encoded, decoded = padded("right"), padded("right", seq=7)
    inputs = {
        **encoded,
        "decoder_input_ids": decoded["input_ids"],
        "decoder_attention_mask": decoded["attention_mask"],
        "use_cache": False,
    }
    found = apart(model, inputs, "encoder.block.1@tokens", "decoder.block.1@tokens", "lm_head@tokens")
    assert len(found) == 3
    assert max(found.values()) < 1e-5


def test_a_place_without_positions_and_a_map_of_attentions():
    model = build("BERT")
    model.config._attn_implementation = "eager"
    model.config.output_attentions = True
    sites = ["pooler", "encoder.layer.0.attention.self:1"]
    found = apart(model, padded("right"), *sites)
    assert found["pooler"] < 1e-5
    assert "encoder.layer.0.attention.self:1" not in found  # [heads, seq, seq] has no like alone


def test_what_runs_at_one_length_only_is_said_to_be_unknown():
    class OneLength(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.position = nn.Embedding(64, 8), nn.Parameter(torch.randn(10, 8))

        def forward(self, input_ids, attention_mask=None):
            return self.embed(input_ids) + self.position

    evaluated = evaluated_of(OneLength(), padded("right"))
    assert check_padding(OneLength(), evaluated, ["output@tokens"]) is None
    ((doubt,),) = evaluated.doubts.values()
    assert doubt.status is Status.OK
    assert "is not known: it does not run without" in doubt.note


def test_without_padding_nothing_is_run():
    class Never(nn.Module):
        def forward(self, input_ids, attention_mask=None):
            raise AssertionError

    ids = torch.ones(4, 3)
    for inputs in ({"input_ids": ids}, {"input_ids": ids, "attention_mask": torch.ones(4, 3)}):
        assert differences(Never(), Inputs.of(inputs, Never()), ["output"]) == {}


def evaluated_of(model, inputs):
    found = Inputs.of(inputs, model)
    return Evaluated.of(found, checked({"label": torch.arange(len(found)) % 2}, len(found)))


def test_the_network_and_the_random_states_are_left_as_they_were():
    model = build("GPT-2").train()
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    apart(model, padded("left"), "h.1@tokens")
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def labels_of(inputs):
    return {"odd": torch.where(inputs["attention_mask"] == 1, inputs["input_ids"] % 2, -100)}


@pytest.mark.parametrize("side", ["left", "right", "left with position_ids"])
def test_s1_in_a_watch_and_measured_later(side, tmp_path):
    model, inputs = build("GPT-2"), padded(side.split()[0], n=60)
    if "ids" in side:
        inputs = with_positions(inputs)
    measure, wrong = "usable_information(probe=linear)", side == "left"
    options = {"places": ["wte@tokens", "h.*@tokens"], "schedule": [0], "out": tmp_path / "run"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with infoscope.watch(model, inputs, labels_of(inputs), [measure], **options) as scope:
            scope.step(0)
    told = [str(one.message) for one in caught if "padding changes the states" in str(one.message)]
    assert len(told) == wrong
    assert all("pass position_ids or pad on the right" in one for one in told)
    later = scope.run.measure("effective_rank", places=["h.*@mean"], model=lambda: build("GPT-2"))
    for rows in (scope.run.rows, later):
        for site in set(rows.unique("site")) - {"wte@tokens"}:
            there = rows.filter(site=site)
            assert (set(there.unique("status")) == {"UNRESOLVED"}) == wrong, site
            assert all("padding changes these states by" in notes for notes in there.column("notes")) == wrong
    embedded = scope.run.rows.filter(site="wte@tokens")
    assert not any("padding" in notes for notes in embedded.column("notes"))
    assert np.isfinite(scope.run.rows.column("value")).all()
