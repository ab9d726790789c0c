"""What is read at a block is the tensor that a transformers model itself calls by that block's number."""

import copy
import os
import warnings

import pytest
import torch
from torch import nn

from infoscope.core.folder import RunFolder
from infoscope.record.gathering import representations
from infoscope.record.schedule import every
from infoscope.record.watch import Watch

os.environ.setdefault("HF_HUB_OFFLINE", "1")
with warnings.catch_warnings():  # what others deprecate while transformers is imported is not ours to raise
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: pip install -e .[test]")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

BLOCKS, WIDTH, ROWS = 3, 16, 12
SPECIAL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
COMMON = {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS}
HEADS = {"num_attention_heads": 2, "intermediate_size": 32}


def of(kind, config, **options):
    return lambda: getattr(transformers, kind)(getattr(transformers, config)(**options)).eval()


# family: how to build one, and its index map, {site: k} where the site's output is hidden_states[k].
FAMILIES = {
    # the last of these four is after the final norm: no block puts it out
    "GPT-2": (
        of("GPT2Model", "GPT2Config", vocab_size=64, n_embd=WIDTH, n_layer=BLOCKS, n_head=2, n_positions=16, **SPECIAL),
        {"drop": 0, "h.0": 1, "h.1": 2, "ln_f": 3},
    ),
    "Llama": (
        of("LlamaModel", "LlamaConfig", vocab_size=64, num_key_value_heads=1, **COMMON, **HEADS, **SPECIAL),
        {"embed_tokens": 0, "layers.0": 1, "layers.1": 2, "norm": 3},
    ),
    "GPT-NeoX": (
        of("GPTNeoXModel", "GPTNeoXConfig", vocab_size=64, **COMMON, **HEADS, **SPECIAL),
        {"embed_in": 0, "layers.0": 1, "layers.1": 2, "final_layer_norm": 3},
    ),
    "T5": (
        of("T5EncoderModel", "T5Config", vocab_size=64, d_model=WIDTH, d_kv=8, d_ff=32, num_layers=BLOCKS, num_heads=2),
        {"encoder.embed_tokens": 0, "encoder.block.0": 1, "encoder.block.1": 2, "encoder.final_layer_norm": 3},
    ),
    # Off by one: hidden_states begins with the first block's own output, and ends with the norm's.
    "Mamba": (
        of("MambaModel", "MambaConfig", vocab_size=64, state_size=4, **COMMON, **SPECIAL),
        {"layers.0": 0, "layers.1": 1, "layers.2": 2, "norm_f": 3},
    ),
    # Post-norm: a block ends with its norm, so the last block is the last state.
    "BERT": (
        of("BertModel", "BertConfig", vocab_size=64, **COMMON, **HEADS),
        {"embeddings": 0, "encoder.layer.0": 1, "encoder.layer.1": 2, "encoder.layer.2": 3},
    ),
    # Pre-norm, but its states are taken before the final norm.
    "ViT": (
        of("ViTModel", "ViTConfig", image_size=8, patch_size=4, **COMMON, **HEADS),
        {"embeddings": 0, "layers.0": 1, "layers.1": 2, "layers.2": 3},
    ),
}


class Asking(nn.Module):
    """A user's wrapper, which asks for the states and gives each a place of its own."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.state = nn.ModuleList(nn.Identity() for _ in range(BLOCKS + 1))

    def forward(self, x):
        for place, state in zip(self.state, states_of(self.model, x), strict=False):
            place(state)


@torch.no_grad()  # with gradients some kernels round another way
def states_of(model, x):
    return model(x, output_hidden_states=True).hidden_states


def inputs_of(family):
    generator = torch.Generator().manual_seed(1)
    if family == "ViT":
        return torch.randn(ROWS, 3, 8, 8, generator=generator)
    return torch.randint(1, 64, (ROWS, 6), generator=generator)


@pytest.fixture(params=FAMILIES)
def family(request):
    torch.manual_seed(0)
    build, places = FAMILIES[request.param]
    model, x = build(), inputs_of(request.param)
    truth = [state.flatten(1) for state in states_of(copy.deepcopy(model), x)]
    assert len(truth) == BLOCKS + 1
    return model, x, places, truth


def same(one, other):
    """Equal but for rounding, which may follow how memory lies; states of two blocks differ by their own size."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def agrees(model, x, places, truth, prefix="model."):
    """Both the sites of blocks and the places that the wrapper gives to the states, read in one forward."""
    sites = [f"{prefix}{site}" for site in places] + [f"state.{k}" for k in range(len(truth))]
    read = representations(model, x, sites)
    blocks = [same(read[f"{prefix}{site}"], truth[k]) for site, k in places.items()]
    return all(blocks) and all(same(read[f"state.{k}"], state) for k, state in enumerate(truth))


def test_a_block_is_read_as_the_family_counts_it_at_each_call(family):
    model, x, places, truth = family
    asking = Asking(model)
    assert all(agrees(asking, x, places, truth) for _ in range(5))
    assert len(states_of(model, x)) == BLOCKS + 1
    assert all(same(a, b.flatten(1)) for a, b in zip(truth, states_of(model, x), strict=True))
    assert agrees(asking, x, places, truth)  # and after a call of the user's own has installed its hooks


def test_a_watch_reads_the_same_at_each_step_and_leaves_the_model_as_it_was(family, spread, tmp_path):
    model, x, places, truth = family
    asking = Asking(model)
    sites = [f"model.{site}" for site in places] + [f"state.{k}" for k in range(BLOCKS + 1)]
    labels = {"label": torch.arange(ROWS) % 2}
    with Watch(
        asking, x, labels, [spread], tmp_path / "run", places=sites, schedule=every(1), snapshots=False
    ) as scope:
        for step in range(4):
            scope.step(step)
            assert agrees(asking, x, places, truth)
    rows = RunFolder.open(tmp_path / "run").rows()
    wanted = {f"model.{site}": k for site, k in places.items()} | {f"state.{k}": k for k in range(BLOCKS + 1)}
    for site, k in wanted.items():
        read = rows.filter(site=site, variable="input").column("value")
        assert read.tolist() == pytest.approx([float((truth[k].double() ** 2).mean())] * 4, rel=1e-5)
    assert agrees(asking, x, places, truth)
    assert not any(module._forward_hooks for module in model.modules())
    assert len(states_of(model, x)) == BLOCKS + 1


def test_the_block_before_the_final_norm_is_what_the_norm_takes(family):
    """S4: the last block of the four with a norm behind their last state is read before it; the norm has its place."""
    model, x, places, truth = family
    if "norm" not in (norm := list(places)[-1]) and "ln_f" not in norm:
        last = list(places)[-1]  # a block itself: nothing stands between
        assert same(representations(model, x, [last])[last], truth[-1])
        return
    before = list(places)[-2].rpartition(".")[0] + f".{BLOCKS - 1}"
    read = representations(model, x, [before, norm])
    with torch.no_grad():
        normed = model.get_submodule(norm)(read[before].unflatten(1, (-1, WIDTH)))
    assert same(normed.flatten(1), read[norm])
    assert not same(read[before], read[norm])


def test_a_compiled_model_is_read_as_the_eager_one(family):
    """S10: hooks set on a compiled module that has run do not fire."""
    model, x, places, truth = family
    with torch.no_grad():
        model(x)  # a compiled one that has not run yet is eager anyway
    compiled = torch.compile(Asking(model), backend="eager")
    assert all(agrees(compiled, x, places, truth) for _ in range(2))


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own, while it traces
def test_a_compiled_model_that_has_run_is_read_as_the_eager_one():
    """S10, also where the compiled graph differs from the eager one."""
    build, places = FAMILIES["GPT-2"]
    model, x = build(), inputs_of("GPT-2")
    compiled = torch.compile(model, backend="aot_eager")
    compiled(x)
    truth = [state.flatten(1) for state in states_of(copy.deepcopy(model), x)]
    for _ in range(5):
        read = representations(compiled, x, list(places))
        assert all(same(read[site], truth[k]) for site, k in places.items())


def test_adapters_around_a_model_change_no_place():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peft = pytest.importorskip("peft", reason="peft is not installed: pip install -e .[test]")
    build, places = FAMILIES["GPT-2"]
    x = inputs_of("GPT-2")
    torch.manual_seed(0)
    adapted = peft.get_peft_model(
        build(), peft.LoraConfig(target_modules=["c_attn"], r=2, fan_in_fan_out=True, init_lora_weights=False)
    ).eval()
    truth = [state.flatten(1) for state in states_of(copy.deepcopy(adapted), x)]
    other = copy.deepcopy(adapted)
    with other.disable_adapter():
        assert not torch.allclose(truth[1], states_of(other, x)[1].flatten(1))  # the adapters do something
    asking = Asking(adapted)
    assert all(agrees(asking, x, places, truth, "model.base_model.model.") for _ in range(5))
    assert len(states_of(adapted, x)) == BLOCKS + 1
