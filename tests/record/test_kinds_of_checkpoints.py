"""Each way of leaving weights behind: read back to the bit, and a fresh model computes what the trained one did."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from random import Random

import pytest
import torch
import torch.distributed.checkpoint as dcp
from foreign_models import INPUT, Plain, gpt2, plain, same_state, transformers
from safetensors.torch import save_file

import infoscope
from infoscope.core import registry
from infoscope.core.errors import InfoscopeError, InputError, MissingPackageError, RunFolderError
from infoscope.record import checkpoint as checkpoint_module
from infoscope.record.building import build_of
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.fitting import fit
from infoscope.record.foreign import checkpoints
from infoscope.record.packages import optional

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:torch.distributed is disabled:UserWarning"
)
TOKENS = torch.arange(10)[None]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def only(source, **options):
    (one,) = checkpoints(source, **options)
    return one


# every kind, one law -------------------------------------------------------------------------------------------------


def untied(model):
    return {name: each.clone() for name, each in model.state_dict().items()}


def lightning(model):
    """A checkpoint that Lightning itself wrote of a module around the network."""
    lib = pytest.importorskip("lightning.pytorch", reason="lightning is not installed: pip install lightning")

    class Module(lib.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model
            self.save_hyperparameters({"width": 6})

        def training_step(self, batch):
            return self.net(batch[0]).square().mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(INPUT), batch_size=5)
    trainer = lib.Trainer(
        max_steps=3, max_epochs=3, logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, accelerator="cpu",
    )  # fmt: skip
    trainer.fit(Module(), data)
    trainer.save_checkpoint("out/anything.ckpt")
    model.eval()
    return "out/*.ckpt", 3


def torch_file(model):
    torch.save({"model": model.state_dict(), "step": 7}, "newest.pt")
    return "*.pt", 7


def safetensors_file(model):
    save_file(untied(model), "model-500.safetensors")
    return "model-*.safetensors", 500


def distributed(model):
    dcp.save({"model": model.state_dict(), "optimizer": {"state": {"m": torch.ones(3)}}}, checkpoint_id="step-12")
    return "step-*", 12


def distributed_flat(model):
    dcp.save({**model.state_dict(), "optimizer": {"state": {"m": torch.ones(3)}}}, checkpoint_id="step-12")
    return "step-*", 12


def accelerate(model):
    os.makedirs("out/checkpoint-4")
    dcp.save({"model": model.state_dict()}, checkpoint_id="out/checkpoint-4/pytorch_model_fsdp_0")
    Path("out/checkpoint-4/trainer_state.json").write_text('{"global_step": 4, "epoch": 0.5}')
    return "out/checkpoint-*", 4


def snapshot(model):
    inputs = INPUT[:, None].repeat(8, 1)

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = model

        def forward(self, x):
            return self.net(x[:, 0])

    with infoscope.watch(Flat(), inputs, {}, ["effective_rank"], "mine", sites=["net.head"], schedule=[0]) as scope:
        scope.step(0)
    return "mine", 0


PLAIN = {
    "torch_file": torch_file, "lightning": lightning, "safetensors_file": safetensors_file, "distributed": distributed,
    "distributed_flat": distributed_flat, "accelerate": accelerate, "snapshot": snapshot,
}  # fmt: skip
OTHERS = {"huggingface", "adapter", "hub", "zero"}  # have tests of their own, below


def test_every_kind_is_held_by_a_test():
    assert set(registry.entries("trajectories")) == {*PLAIN, *OTHERS} - {"lightning", "distributed_flat", "accelerate"}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.filterwarnings("ignore::UserWarning:lightning")
def test_read_back_to_the_bit_and_computed_alike(kind):
    trained = plain(0)
    source, step = PLAIN[kind](trained)
    one = only(source)
    assert one.step == step
    read = one.weights()
    first = {name.removeprefix("net."): each for name, each in read.items()}
    assert same_state(first, trained)
    built = plain(1)
    fit(one, built)
    assert torch.equal(built(INPUT), trained(INPUT))
    assert all(each.size > 0 and len(each.sha256) == 64 for each in one.files())
    assert len(one.files()) > 0
    again = pickle.loads(pickle.dumps(one))  # as it is sent to another process
    assert again.weights_hash == one.weights_hash


@pytest.mark.parametrize("sizes", [{}, {"max_shard_size": "4KB"}])
@pytest.mark.parametrize(
    "kind", ["GPT2LMHeadModel", "GPT2Model", "GPT2ForSequenceClassification", "GPT2ForTokenClassification"]
)
def test_folders_of_transformers_need_no_function_that_builds(kind, sizes):
    trained = gpt2(0, kind)
    trained.save_pretrained("out/checkpoint-3", **sizes)
    one = only("out/checkpoint-*")
    assert same_state(one.weights(), trained)
    before = torch.random.get_rng_state()
    built = build_of(one)()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert type(built) is type(trained)
    assert not built.training
    fit(one, built)
    batch = {"input_ids": TOKENS, "attention_mask": torch.ones_like(TOKENS)}
    for mine, own in zip(built(**batch).to_tuple(), trained(**batch).to_tuple(), strict=True):
        if isinstance(own, torch.Tensor):
            assert torch.equal(mine, own)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_the_trainer_of_transformers_leaves():
    lib = transformers()
    torch.manual_seed(0)
    model = gpt2(0)
    rows = [{"input_ids": row, "labels": row} for row in torch.randint(32, (16, 8))]
    arguments = lib.TrainingArguments(
        "out", max_steps=10, save_steps=3, per_device_train_batch_size=4, report_to="none", disable_tqdm=True, seed=0,
        use_cpu=True, learning_rate=0.1,
    )  # fmt: skip
    lib.Trainer(model, arguments, train_dataset=rows).train()
    found = checkpoints("out")
    assert [(one.step, one.epoch) for one in found] == [(3, 0.75), (6, 1.5), (9, 2.25), (10, 2.5)]
    assert len({one.weights_hash for one in found}) == 4
    built = build_of(found[-1])()
    for one in found:
        fit(one, built)
    assert torch.equal(built(TOKENS).logits, model.eval()(TOKENS).logits)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_c3_the_average_that_lightning_keeps():
    lib = pytest.importorskip("lightning.pytorch", reason="lightning is not installed: pip install lightning")
    from lightning.pytorch.callbacks import EMAWeightAveraging

    class Module(lib.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(2, 1, bias=False)

        def training_step(self, batch):
            return self.net(batch[0]).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(12, 2)), batch_size=4)
    module = Module()
    trainer = lib.Trainer(
        max_epochs=3, logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu",
        enable_checkpointing=False, callbacks=[EMAWeightAveraging(decay=0.5)],
    )  # fmt: skip
    weights = []
    saved = trainer.strategy.optimizer_step

    def step(*arguments, **options):
        found = saved(*arguments, **options)
        weights.append(module.net.weight.detach().clone())
        if len(weights) == 8:
            trainer.save_checkpoint("epoch=2-step=8.ckpt")
        return found

    trainer.strategy.optimizer_step = step
    trainer.fit(module, data)
    raw, average = (only("*.ckpt", weights=each).weights()["net.weight"] for each in ("raw", "ema"))
    assert torch.equal(raw, weights[7])
    assert not torch.equal(raw, average)


# families of transformers --------------------------------------------------------------------------------------------

HEADS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 32}
FAMILIES = {
    "Llama": ("LlamaForCausalLM", "LlamaConfig", HEADS),
    "Llama, tied": ("LlamaForCausalLM", "LlamaConfig", {**HEADS, "tie_word_embeddings": True}),
    "GPT-NeoX": ("GPTNeoXForCausalLM", "GPTNeoXConfig", HEADS),
    "BERT": ("BertForMaskedLM", "BertConfig", HEADS),
    "T5": ("T5Model", "T5Config", {"vocab_size": 32, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_heads": 2}),
    "Mamba": ("MambaForCausalLM", "MambaConfig", {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 2}),
    "Mixtral": ("MixtralForCausalLM", "MixtralConfig", {**HEADS, "num_local_experts": 2, "num_key_value_heads": 2}),
    "Gemma": ("GemmaForCausalLM", "GemmaConfig", {**HEADS, "head_dim": 8, "num_key_value_heads": 2}),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", FAMILIES)
def test_families_of_transformers(family, dtype):
    lib = transformers()
    kind, configuration, sizes = FAMILIES[family]
    torch.manual_seed(0)
    special = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "decoder_start_token_id": 0}
    made = getattr(lib, kind)(getattr(lib, configuration)(**sizes, **special)).to(dtype).eval()
    made.save_pretrained("checkpoint-3")
    trained = getattr(lib, kind).from_pretrained("checkpoint-3").eval()
    one = only("checkpoint-3")
    built = build_of(one)()
    assert fit(one, built).dtype == str(dtype).removeprefix("torch.")
    batch = {"input_ids": TOKENS} | ({"decoder_input_ids": TOKENS} if family == "T5" else {})
    with torch.no_grad():
        assert torch.equal(built(**batch)[0], trained(**batch)[0])


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("family", ["GPT-NeoX", "Mixtral"])
def test_names_that_transformers_turns_into_others(family, wrapped, monkeypatch):
    lib = transformers()
    kind, configuration, sizes = FAMILIES[family]
    torch.manual_seed(0)
    special = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    trained = getattr(lib, kind)(getattr(lib, configuration)(**sizes, **special)).eval()
    trained.save_pretrained("checkpoint-3")
    one = only("checkpoint-3")
    built = build_of(one)()
    target = torch.nn.ModuleDict({"net": built}) if wrapped else built
    before, verbosity = torch.get_rng_state(), lib.utils.logging.get_verbosity()
    loaded = fit(one, target)
    assert loaded.converted
    assert any("turned by transformers" in note for note in loaded.notes)
    assert torch.equal(torch.get_rng_state(), before)
    assert lib.utils.logging.get_verbosity() == verbosity
    assert torch.equal(built(TOKENS).logits, trained(TOKENS).logits)
    torch.save(trained.state_dict(), "step_4.pt")  # by the names of today
    built = build_of(one)()
    fit(only("step_4.pt"), built)
    assert torch.equal(built(TOKENS).logits, trained(TOKENS).logits)
    # a class that would leave its output layer random without a word
    monkeypatch.setattr(type(built), "_keys_to_ignore_on_load_missing", ["embed_out", "lm_head"])
    state = one.weights()
    del state["embed_out.weight" if family == "GPT-NeoX" else "lm_head.weight"]
    with pytest.raises(InputError, match=r"lacks 1 of the model's weights.*\(lm_head\.weight\)"):
        fit(state, build_of(one)())
    more = {**one.weights(), "another.weight": torch.ones(2)}
    with pytest.raises(InputError, match=r"another\.weight|lm_head"):
        fit(more, build_of(one)())


# C6: torch.distributed.checkpoint and ZeRO ---------------------------------------------------------------------------

TWO_PROCESSES = """
    import os, sys
    import torch, torch.distributed as dist, torch.distributed.checkpoint as dcp
    sys.path.insert(0, {tests!r})
    from foreign_models import plain
    rank = int(sys.argv[1])
    dist.init_process_group("gloo", init_method="file://" + os.path.abspath("meet"), rank=rank, world_size=2)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor
    mesh = init_device_mesh("cpu", (2,))
    state = {{n: distribute_tensor(t, mesh, [Shard(0)]) if t.ndim else t for n, t in plain(0).state_dict().items()}}
    dcp.save({{"model": state}}, checkpoint_id="step-5")
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)  # threads of torch that are left may abort a process at its end (pytorch 2.13, once in some runs)
"""


def test_c6_shards_of_two_processes_are_read_in_one():
    code = textwrap.dedent(TWO_PROCESSES.format(tests=str(Path(__file__).parent)))
    both = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, str(rank)]) for rank in range(2)]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    one = only("step-*")
    assert len([each for each in one.files() if each.path.suffix == ".distcp"]) == 2
    assert same_state(one.weights(), plain(0))
    assert not torch.distributed.is_initialized()


class Trace:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return eval, ("open('trace', 'w').write('run')",)


def test_c6_a_description_that_would_run_something_runs_nothing():
    distributed(plain(0))
    path = Path("step-12/.metadata")
    about = pickle.loads(path.read_bytes())
    about.planner_data = {**about.planner_data, "more": Trace()}
    path.write_bytes(pickle.dumps(about))
    assert same_state(only("step-*").weights(), plain(0))
    path.write_bytes(pickle.dumps(Trace()))
    with pytest.raises(RunFolderError, match=r"\.metadata is damaged"):
        checkpoints("step-*")
    assert not os.path.exists("trace")


def test_c6_a_description_of_files_elsewhere():
    distributed(plain(0))
    path = Path("step-12/.metadata")
    about = pickle.loads(path.read_bytes())
    for each in about.storage_data.values():
        each.relative_path = "../" + each.relative_path
    path.write_bytes(pickle.dumps(about))
    with pytest.raises(RunFolderError, match=r"lies outside of the folder"):
        checkpoints("step-*")


def test_c6_missing_and_half_written_pieces():
    distributed(plain(0))
    (piece,) = Path("step-12").glob("*.distcp")
    whole = piece.read_bytes()
    piece.write_bytes(whole[:300])
    with pytest.raises(RunFolderError, match=r"step-12/\.metadata is damaged \(its files do not hold what it says"):
        only("step-*").weights()
    piece.unlink()
    with pytest.raises(RunFolderError, match=rf"{piece.name} is missing, one of 1 files"):
        checkpoints("step-*")
    Path("step-12/.metadata").write_bytes(b"\x80\x04")
    with pytest.raises(RunFolderError, match=r"\.metadata is damaged"):
        checkpoints("step-*")


def test_c6_zero_names_the_conversion():
    for name in ("global_step9/zero_pp_rank_0_mp_rank_00_optim_states.pt", "zero_to_fp32.py", "latest"):
        Path("out/checkpoint-9", name).parent.mkdir(parents=True, exist_ok=True)
        Path("out/checkpoint-9", name).touch()
    for source in ("out/checkpoint-*", "out", "out/checkpoint-9/global_step9"):
        with pytest.raises(InputError, match=r"holds slices of DeepSpeed ZeRO.*python zero_to_fp32\.py"):
            checkpoints(source)
    gpt2(0).save_pretrained("out/checkpoint-9")  # as stage3_gather_16bit_weights_on_model_save does
    assert only("out").kind == only("out/checkpoint-9").kind == "huggingface"


# C7: adapters --------------------------------------------------------------------------------------------------------


def adapters(steps=(1, 2), base="base", **options):
    """Adapters of a GPT-2 at several steps, as Trainer leaves them; the models that were trained."""
    peft = optional("peft", "a test")
    transformers()
    trained = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in steps:
            model = peft.get_peft_model(
                gpt2(0), peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True, **options)
            )
            torch.manual_seed(step)
            for name, each in model.named_parameters():
                if each.requires_grad:
                    each.data.normal_()
                assert each.requires_grad == ("lora" in name or "modules_to_save" in name)
            model.peft_config["default"].base_model_name_or_path = base
            model.save_pretrained(f"out/checkpoint-{step}")
            trained[step] = model.eval()
    return trained


@pytest.mark.parametrize("options", [{}, {"modules_to_save": ["ln_f"]}, {"use_dora": True}])
def test_c7_the_base_is_read_once_and_the_adapter_at_each_step(options, monkeypatch):
    gpt2(0).save_pretrained("base")
    trained = adapters(**options)
    found = checkpoints("out/checkpoint-*")
    peft = optional("peft", "a test")
    built = build_of(found[0])()
    read = []
    weights = Checkpoint.weights
    monkeypatch.setattr(Checkpoint, "weights", lambda self: read.append(str(self.path)) or weights(self))
    for one in (*found, found[0]):
        state = weights(one)
        own = peft.get_peft_model_state_dict(trained[one.step])
        assert state.keys() == own.keys()
        assert all(torch.equal(state[name], own[name]) for name in own)
        fit(one, built)
        assert torch.equal(built(TOKENS).logits, trained[one.step](TOKENS).logits)
    assert read.count("base") == 1
    assert max(each.size for each in found[0].files()) < 20_000
    assert found[0].weights_hash != found[1].weights_hash


def test_c7_a_base_that_is_named_or_built():
    base = gpt2(0)
    base.save_pretrained("elsewhere")
    trained = adapters(base="gone/away/from/here")
    peft = optional("peft", "a test")
    with pytest.raises(InputError, match=r"adapter of gone/away/from/here, which is not there"):
        checkpoints("out")

    def build(seed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return peft.get_peft_model(gpt2(seed), peft.PeftConfig.from_pretrained("out/checkpoint-1")).eval()

    described = build_of(checkpoints("out", base="elsewhere")[0])()
    for options, model in (
        ({"base": "elsewhere"}, described),
        ({"base": "elsewhere"}, build(5)),
        ({"base": "built"}, build(0)),
    ):
        for one in checkpoints("out", **options):
            fit(one, model)
            assert torch.equal(model(TOKENS).logits, trained[one.step](TOKENS).logits)
    adapters(base=None)
    with pytest.raises(InputError, match=r"checkpoint-1 is an adapter and does not say of which model"):
        checkpoints("out")


@pytest.mark.parametrize(
    "kind", ["PromptTuningConfig", "PrefixTuningConfig", "IA3Config", "VeraConfig", "AdaLoraConfig"]
)
def test_c7_other_kinds_of_adapters(kind):
    gpt2(0).save_pretrained("base")
    peft = optional("peft", "a test")
    layers = {"target_modules": ["c_attn"], "fan_in_fan_out": True}
    options = {
        "PromptTuningConfig": {"num_virtual_tokens": 3}, "PrefixTuningConfig": {"num_virtual_tokens": 3},
        "IA3Config": {**layers, "feedforward_modules": []}, "AdaLoraConfig": {**layers, "total_step": 10},
        "VeraConfig": {**layers, "r": 2},
    }[kind]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = peft.get_peft_model(gpt2(0), getattr(peft, kind)(task_type="CAUSAL_LM", **options)).eval()
        torch.manual_seed(1)
        for each in trained.parameters():
            if each.requires_grad:
                each.data.normal_()
        trained.peft_config["default"].base_model_name_or_path = "base"
        trained.save_pretrained("out/checkpoint-1")
    one = only("out")
    built = build_of(one)()
    fit(one, built)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert torch.equal(built(TOKENS).logits, trained(TOKENS).logits)


def test_c7_a_base_in_half_precision():
    gpt2(0).to(torch.bfloat16).save_pretrained("base")
    adapters()
    peft = optional("peft", "a test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base = transformers().GPT2LMHeadModel.from_pretrained("base")
        trained = peft.PeftModel.from_pretrained(base, "out/checkpoint-2").eval()
    built = build_of(only("out/checkpoint-2"))()
    assert fit(only("out/checkpoint-2"), built).dtype == "bfloat16, float32"
    assert torch.equal(built(TOKENS).logits, trained(TOKENS).logits)


def test_c7_adapters_that_do_not_fit():
    gpt2(0).save_pretrained("base")
    adapters()
    one = only("out/checkpoint-1")
    with pytest.raises(InputError, match=r"GPT2LMHeadModel has no place for one, wanted a model that peft made"):
        fit(one, gpt2(0))
    peft = optional("peft", "a test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = peft.get_peft_model(gpt2(0), peft.LoraConfig(r=2, target_modules=["c_fc"], fan_in_fan_out=True))
        wide = peft.get_peft_model(gpt2(0), peft.LoraConfig(r=4, target_modules=["c_attn"], fan_in_fan_out=True))
        deep = peft.get_peft_model(
            gpt2(0, n_layer=1), peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True)
        )
    with pytest.raises(InputError, match=r"lacks .*c_fc.*wanted the adapter of the model"):
        fit(one, other)
    with pytest.raises(InputError, match=r"has shape \(2, 8\), wanted \(4, 8\)"):
        fit(one, wide)
    with pytest.raises(InputError, match=r"holds .*h\.1.*which the model has no place for"):
        fit(one, deep)


# damage -------------------------------------------------------------------------------------------------------------


def damaged_at_random(whole: bytes, random: Random) -> bytes:
    """Bytes changed, cut off, set to zero or doubled."""
    data, at = bytearray(whole), random.randrange(len(whole))
    how = random.choice(["changed", "cut", "zero", "doubled"])
    if how == "changed":
        for _ in range(random.randint(1, 4)):
            data[random.randrange(min(len(data), 3000))] = random.randrange(256)
    elif how == "cut":
        del data[at:]
    elif how == "zero":
        data[at : at + 50] = bytes(len(data[at : at + 50]))
    else:
        data[at:at] = data[at : at + 20]
    return bytes(data)


@pytest.mark.parametrize("kind", ["zip", "old", "safetensors_file", "distributed", "huggingface"])
def test_any_damage_is_one_sentence_or_none(kind):
    model = plain(0)
    if kind in ("zip", "old"):
        saved = {"state_dict": model.state_dict(), "global_step": 3, "loss": Trace(), "kind": Plain}
        torch.save(saved, "step_3.ckpt", _use_new_zipfile_serialization=kind == "zip")
        source, path = "step_3.ckpt", Path("step_3.ckpt")
    elif kind == "safetensors_file":
        source, path = safetensors_file(model)[0], Path("model-500.safetensors")
    elif kind == "distributed":
        source, path = distributed(model)[0], Path("step-12/.metadata")
    else:
        model = gpt2(0)
        model.save_pretrained("checkpoint-3", max_shard_size="4KB")
        source, path = "checkpoint-3", Path("checkpoint-3/model.safetensors.index.json")
    whole = path.read_bytes()
    random, said = Random(0), []
    for _ in range(60):
        path.write_bytes(damaged_at_random(whole, random))
        try:
            fit(only(source), gpt2(1) if kind == "huggingface" else plain(1))
        except InfoscopeError as reason:
            said.append(str(reason))
    assert len(said) > 20
    assert all(len(each.splitlines()) == 1 for each in said)
    assert all(path.name in each or str(path.parent) in each for each in said)
    assert not os.path.exists("trace")


# C12: nobody's code --------------------------------------------------------------------------------------------------


def describe(**more):
    gpt2(0).save_pretrained("checkpoint-1")
    path = Path("checkpoint-1/config.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))
    return only("checkpoint-1")


def test_c12_code_of_a_stranger_is_never_run():
    Path("checkpoint-1").mkdir()
    Path("checkpoint-1/modeling.py").write_text("open('trace', 'w').write('run')")
    theirs = {"AutoModel": "modeling.Mine", "AutoConfig": "modeling.Config"}
    for more in ({"model_type": "mine"}, {"architectures": ["Mine"]}):
        one = describe(auto_map=theirs, **more)
        with pytest.raises(InputError, match=r"by code of its own, which is never run, .*: pass a function"):
            build_of(one)()
    one = describe(auto_map=theirs)  # a model that transformers has by now
    built = build_of(one)()
    fit(one, built)
    assert type(built) is transformers().GPT2LMHeadModel
    assert not os.path.exists("trace")
    assert same_state(one.weights(), gpt2(0))  # the weights are tensors as ever


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"architectures": ["Mine"]}, "names the class Mine, which the installed transformers does not have"),
        ({"architectures": ["logging"]}, "names the class logging, which"),
        ({"architectures": None}, "names no class of models"),
        ({"quantization_config": {"bits": 4}}, "describes quantised weights"),
        ({"n_embd": "wide"}, "cannot be made a GPT2LMHeadModel"),
    ],
)
def test_descriptions_that_cannot_be_built(more, said):
    one = describe(**more)
    with pytest.raises(InputError, match=said):
        build_of(one)()


def test_no_description():
    torch.save(plain(0).state_dict(), "step_1.pt")
    assert build_of(only("step_1.pt")) is None
    Path("config.json").write_text('{"lr": 0.1}')  # of another program
    assert build_of(only("step_1.pt")) is None
    assert build_of(only({0: Plain().state_dict()})) is None


# snapshots of our own ------------------------------------------------------------------------------------------------


def test_damage_in_a_snapshot_of_ours_is_seen_and_members_are_asked_for():
    snapshot(plain(0))
    (path,) = Path("mine").rglob("step-*.safetensors")
    with open(path, "rb+") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(RunFolderError, match=r"the hash of its values is not that of what was written"):
        only("mine").weights()
    save_file({"weight": torch.ones(3, 2)}, "step-000000007.safetensors", {"step": "7", "epoch": "1.0"})
    one = only("step-*.safetensors")
    assert (one.kind, one.step, one.epoch) == ("snapshot", 7, 1.0)
    with pytest.raises(InputError, match=r"holds 3 members, wanted one"):
        one.weights()
    assert only("step-*.safetensors", entry="2").weights()["weight"].shape == (2,)
    save_file({"weight": torch.ones(3, 2)}, "step-000000007.safetensors")
    assert only("step-*.safetensors").kind == "safetensors_file"


# packages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision does not match torch"),
        ("raise OSError('a library is broken')", r"cannot be imported \(a library is broken\)"),
        ("import not_there_at_all", "cannot be imported .No module named 'not_there_at_all'"),
    ],
)
def test_a_package_that_cannot_be_imported(text, said, monkeypatch):
    Path("broken_package.py").write_text(text)
    monkeypatch.syspath_prepend(".")
    with pytest.raises(MissingPackageError, match=f"reading x needs broken_package, .*{said}"):
        optional("broken_package", "reading x")
    with pytest.raises(MissingPackageError, match=r"which is not installed: pip install not_there"):
        optional("not_there", "reading x")


def test_reading_weights_needs_no_other_package():
    gpt2(0).save_pretrained("checkpoint-1")
    code = """
        import sys
        for name in ("transformers", "peft", "lightning", "huggingface_hub", "accelerate"):
            sys.modules[name] = None
        from infoscope.core import registry
        for name in registry.entries("trajectories"):
            registry.load("trajectories", name)
        from infoscope.record.foreign import checkpoints
        (one,) = checkpoints("checkpoint-1")
        assert "torch" not in sys.modules
        assert len(one.weights()) > 10
        from infoscope.record.building import build_of
        from infoscope.record.fitting import fit
        try:
            build_of(one)()
        except ImportError as reason:
            print(reason)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "config.json needs transformers, which is not installed" in done.stdout


def test_kinds_are_made_by_name():
    assert checkpoint_module.format_of("huggingface").recognises(Path("gone")) is False
