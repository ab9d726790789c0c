"""What is read where nobody says it: the blocks that a network repeats, by rows that fit the variables."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError
from infoscope.record import defaults
from infoscope.record.inputs import Inputs
from infoscope.record.variables import checked

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
IDS = torch.randint(0, 20, (12, 7), generator=torch.Generator().manual_seed(0))
SMALL = {"vocab_size": 20, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=8, n_layer=3, n_head=2, n_positions=8, **SMALL))


def llama():
    config = transformers.LlamaConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=2, **SMALL
    )
    return transformers.LlamaForCausalLM(config)


def bert():
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2
    )
    return transformers.BertModel(config)


def vit():
    config = transformers.ViTConfig(
        image_size=8, patch_size=4, num_channels=1, hidden_size=8, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2,
    )  # fmt: skip
    return transformers.ViTForImageClassification(config)


class Block(nn.Module):
    """A residual block, of three or of four axes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.conv(x))


class Residual(nn.Module):
    """Two stages of blocks behind a stem."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 1)
        self.first, self.second = nn.Sequential(Block(4), Block(4)), nn.Sequential(Block(4), Block(4))
        self.head = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.second(self.first(self.stem(x))).mean((2, 3)))


IMAGES = torch.randn(12, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def places(model, inputs, per_token):
    inputs = Inputs.of(inputs, model)
    labels = (IDS % 2) if per_token else torch.arange(12) % 2
    return defaults.places(model, inputs, checked({"y": labels}, 12), 4)


@pytest.mark.parametrize(
    ("build", "inputs", "blocks", "norm"),
    [
        (gpt2, {"input_ids": IDS}, "transformer.h.{}", ["transformer.ln_f"]),
        (llama, {"input_ids": IDS}, "model.layers.{}", ["model.norm"]),
        (bert, {"input_ids": IDS}, "encoder.layer.{}", []),
        (vit, {"pixel_values": IMAGES}, "", ["vit.layernorm"]),
    ],
    ids=["gpt2", "llama", "bert", "vit"],
)
@pytest.mark.parametrize("per_token", [False, True], ids=["a label a sample", "a label a token"])
def test_the_blocks_of_a_transformer_and_its_final_norm(build, inputs, blocks, norm, per_token):
    model = build()
    found = defaults.blocks(model)
    if build is vit:
        assert len(found) == 2
        if per_token:
            return  # labels of 7 tokens are of no patch
    else:
        assert found == [blocks.format(i) for i in range(3)]
    rule = "@tokens" if per_token else "@mean"
    assert places(model, inputs, per_token) == [f"{name}{rule}" for name in [*found, *norm]]
    assert defaults.measures(model) == ("usable_information(scores=true)",)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # by peft
def test_what_an_adapter_wraps_is_read_at_the_same_places():
    peft = pytest.importorskip("peft", reason="peft is not installed")
    inputs = {"input_ids": IDS}
    wrapped = peft.get_peft_model(gpt2(), peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True))
    assert places(wrapped, inputs, per_token=True) == places(gpt2(), inputs, per_token=True)


def test_the_blocks_of_a_residual_network():
    model = Residual()
    found = ["first.0", "first.1", "second.0", "second.1"]
    assert defaults.blocks(model) == found
    assert places(model, IMAGES, per_token=False) == [f"{name}@mean" for name in found]


def test_experts_inside_blocks_are_not_the_blocks():
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ModuleList(nn.Sequential(Block(2)) for _ in range(8))
            self.others = nn.ModuleList(Block(2) for _ in range(8))

    model = nn.Module()
    model.layers = nn.ModuleList(Layer() for _ in range(2))
    assert defaults.blocks(model) == ["layers.0", "layers.1"]


def test_small_networks_are_read_as_before():
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    assert defaults.blocks(model) == []
    assert places(model, torch.randn(12, 6), per_token=False) is None
    assert defaults.measures(model) == ("binned", "kde")
    assert defaults.batch_size(model, Inputs.of(torch.randn(12, 6), model)) == 1024


def test_a_batch_holds_as_many_tokens_as_fit():
    long = torch.zeros(3, 2048, dtype=torch.long)
    model = gpt2()
    assert defaults.batch_size(model, Inputs.of({"input_ids": IDS}, model)) == 4096 // 7
    assert defaults.batch_size(model, Inputs.of({"input_ids": long}, model)) == 2
    assert defaults.batch_size(model, Inputs.of({"input_ids": long, "attention_mask": long}, model)) == 2


def test_a_watch_has_the_same_defaults(tmp_path):
    model = gpt2()
    with iscope.watch(
        model, {"input_ids": IDS.repeat(4, 1)}, {"y": IDS.repeat(4, 1) % 2}, out=tmp_path / "run"
    ) as scope:
        scope.step(0)
    rows = scope.run.rows
    assert rows.sites() == [*(f"transformer.h.{i}@tokens" for i in range(3)), "transformer.ln_f@tokens"]
    assert rows.unique("estimator") == ["usable_information"]


@pytest.mark.parametrize("name", ["binned", "kde"])
def test_what_says_nothing_of_wide_places_is_refused_before_a_watch_or_a_scan(tmp_path, name):
    class Wide(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(6, 768), nn.Tanh(), nn.Linear(768, 3))

    x, y = torch.randn(20, 6), torch.arange(20) % 2
    with pytest.raises(InputError, match=rf"{name} says nothing of 768 columns \(0, 1\).*wanted at most 512"):
        iscope.watch(Wide(), x, {"y": y}, [name], tmp_path / "run")
    with pytest.raises(InputError, match=f"{name} says nothing of 768 columns"):
        iscope.scan({0: Wide().state_dict()}, Wide, x, {"y": y}, measures=[name], out=tmp_path / "run")
    with pytest.warns(UserWarning, match="says nothing of 768 columns .* which its rows will say"):
        iscope.watch(Wide(), x, {"y": y}, out=tmp_path / "run")
    assert np.isfinite(iscope.mutual_information(torch.randn(30, 768), np.arange(30) % 2, name).value)
