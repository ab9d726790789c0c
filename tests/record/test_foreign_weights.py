"""What people trip over with weights on disk, and the right answers: C1 to C12, each as small as it can be made."""

from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest
import torch
from foreign_models import INPUT, Plain, gpt2, plain, same_state, transformers
from safetensors.torch import save_file
from torch import nn

from infoscope.core.errors import InputError, RunFolderError
from infoscope.record.checkpoint import equal_steps
from infoscope.record.fitting import fit
from infoscope.record.foreign import checkpoints

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    transformers()


def only(source, **options):
    (one,) = checkpoints(source, **options)
    return one


def wrapped(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


# C1, C2: names that are missing --------------------------------------------------------------------------------------


def test_c1_a_tied_head_that_the_file_leaves_out_is_loaded_and_stays_tied():
    trained, built = gpt2(0), gpt2(1)
    trained.save_pretrained("checkpoint-5")
    one = only("checkpoint-5")
    assert "lm_head.weight" not in one.weights()
    assert same_state(one.weights(), trained)
    assert fit(one, built).tied == {"lm_head.weight": "transformer.wte.weight"}
    assert built.lm_head.weight is built.transformer.wte.weight
    tokens = torch.arange(10)[None]
    assert torch.equal(built(tokens).logits, trained(tokens).logits)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_c1_a_tie_of_any_module_survives_another_type(dtype):
    trained, built = plain(0).to(dtype), plain(1)
    torch.save({k: v for k, v in trained.state_dict().items() if k != "head.weight"}, "step_1.pt")
    assert fit(only("step_1.pt"), built).tied == {"head.weight": "embedding.weight"}
    assert built.head.weight is built.embedding.weight
    assert torch.equal(built(INPUT), trained(INPUT))


def test_c2_a_missing_name_that_is_not_tied_is_refused_and_nothing_is_loaded():
    state = plain(0, tied=False).state_dict()
    del state["embedding.weight"]
    torch.save(state, "step_1.pt")
    built = plain(1, tied=False)
    before = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    with pytest.raises(InputError, match=r"step_1.pt lacks 1 of the model's weights.*\(embedding.weight\)"):
        fit(only("step_1.pt"), built)
    assert all(torch.equal(before[name], tensor) for name, tensor in built.state_dict().items())


def test_c2_a_body_does_not_do_for_a_model_with_a_head():
    gpt2(0, "GPT2Model").save_pretrained("checkpoint-5")
    with pytest.raises(InputError, match=r"score.weight"):
        fit(only("checkpoint-5"), gpt2(1, "GPT2ForSequenceClassification"))


def test_c2_tied_in_the_model_and_two_weights_in_the_file():
    torch.save(plain(0, tied=False).state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"embedding.weight and head.weight differ in step_1.pt"):
        fit(only("step_1.pt"), plain(1))


# C3: wrappers and averages -------------------------------------------------------------------------------------------

PREFIXES = ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "model._orig_mod.module.",
            "base_model.model."]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_c3_prefixes_in_any_nesting(prefix):
    trained, built = plain(0), plain(1)
    torch.save(wrapped(trained.state_dict(), prefix), "step_1.pt")
    loaded = fit(only("step_1.pt"), built)
    assert (loaded.stripped, loaded.added) == (prefix, "")
    assert torch.equal(built(INPUT), trained(INPUT))
    assert all(repr(prefix) in note for note in loaded.notes)
    assert bool(loaded.notes) == bool(prefix)


@pytest.mark.parametrize("prefix", PREFIXES[1:])
def test_c3_a_prefix_to_add(prefix):
    trained, built = plain(0), plain(1)
    torch.save(trained.state_dict(), "step_1.pt")
    outer = built
    for word in reversed(prefix.rstrip(".").split(".")):
        outer = nn.ModuleDict({word: outer})
    loaded = fit(only("step_1.pt"), outer)
    assert (loaded.stripped, loaded.added) == ("", prefix)
    assert torch.equal(built(INPUT), trained(INPUT))


def test_c3_wrappers_inside_names():
    trained, built = plain(0), plain(1)
    state = {name.replace("layers.1", "layers.1._orig_mod.module"): each for name, each in trained.state_dict().items()}
    torch.save(wrapped(state, "module."), "step_1.pt")
    fit(only("step_1.pt"), built)
    assert torch.equal(built(INPUT), trained(INPUT))


def test_c3_a_compiled_model_takes_plain_names():
    trained, built = plain(0), torch.compile(plain(1))
    torch.save(trained.state_dict(), "step_1.pt")
    assert fit(only("step_1.pt"), built).notes == ("names of weights: '' taken off, '_orig_mod.' put there",)
    assert torch.equal(built._orig_mod(INPUT), trained(INPUT))


@pytest.mark.parametrize("raw", ["state_dict", "model", "model_state_dict", None])
@pytest.mark.parametrize("ema", ["state_dict_ema", "ema", "model_ema", "shadow"])
@pytest.mark.parametrize("nested", ["", "shadow", "module", "state_dict"])
def test_c3_raw_by_default_and_the_average_on_demand(raw, ema, nested):
    trained, average = plain(0), plain(1)
    if raw is None:
        saved = {**trained.state_dict()}
    else:
        saved = {raw: trained.state_dict(), "epoch": 3}
    saved[ema] = {nested: average.state_dict(), "decay": 0.99} if nested else average.state_dict()
    torch.save(saved, "step_1.pt")
    for weights, model in (("raw", trained), ("ema", average)):
        built = plain(2)
        fit(only("step_1.pt", weights=weights), built)
        assert torch.equal(built(INPUT), model(INPUT))


def test_c3_an_average_that_is_a_submodule():
    trained, average = plain(0), plain(1)
    both = {**wrapped(trained.state_dict(), "model."), **wrapped(average.state_dict(), "ema_model.")}
    torch.save({"state_dict": both, "global_step": 8}, "some.ckpt")
    for weights, model in (("raw", trained), ("ema", average)):
        built = plain(2)
        fit(only("some.ckpt", weights=weights), built)
        assert torch.equal(built(INPUT), model(INPUT))


def test_c3_two_copies_and_nobody_says_which():
    both = {**wrapped(plain(0).state_dict(), "student."), **wrapped(plain(1).state_dict(), "teacher.")}
    torch.save(both, "step_1.pt")
    with pytest.raises(InputError, match=r"more than once .*entry='student'"):
        fit(only("step_1.pt"), plain(2))
    built = plain(2)
    fit(only("step_1.pt", entry="teacher"), built)
    assert torch.equal(built(INPUT), plain(1)(INPUT))
    torch.save({"student": plain(0).state_dict(), "teacher": plain(1).state_dict()}, "step_1.pt")
    with pytest.raises(InputError, match=r"in its entries student, teacher"):
        only("step_1.pt").weights()
    assert same_state(only("step_1.pt", entry="teacher").weights(), plain(1))


def test_c3_an_average_alone_is_not_taken_for_what_was_trained():
    torch.save({"state_dict": wrapped(plain(0).state_dict(), "ema_model."), "global_step": 3}, "some.ckpt")
    with pytest.raises(InputError, match=r"holds a moving average \(ema_model\.…\) and no other .*weights='ema'"):
        fit(only("some.ckpt"), plain(1))
    torch.save({"ema": plain(0).state_dict()}, "step_1.pt")
    with pytest.raises(InputError, match=r"it holds a moving average: weights='ema'"):
        only("step_1.pt").weights()
    for name in ("some.ckpt", "step_1.pt"):
        built = plain(1)
        fit(only(name, weights="ema"), built)
        assert torch.equal(built(INPUT), plain(0)(INPUT))


@pytest.mark.parametrize("name", ["params_ema", "unet_ema", "ema-weights", "averaged"])
def test_c3_other_names_of_an_average(name):
    torch.save({"params": plain(0).state_dict(), name: plain(1).state_dict()}, "step_1.pt")
    assert same_state(only("step_1.pt").weights(), plain(0))
    assert same_state(only("step_1.pt", weights="ema").weights(), plain(1))


def test_c3_safetensors_with_both_copies():
    both = {**wrapped(plain(0).state_dict(), "model."), **wrapped(plain(1).state_dict(), "model_ema.")}
    save_file({name: each.clone() for name, each in both.items()}, "model-3.safetensors")
    for weights, seed in (("raw", 0), ("ema", 1)):
        built = plain(2)
        fit(only("*.safetensors", weights=weights), built)
        assert torch.equal(built(INPUT), plain(seed)(INPUT))


def test_c3_lightning_averages_in_the_place_of_the_weights():
    """Its WeightAveraging puts the average under state_dict, and what was trained under current_model_state."""
    saved = {"state_dict": plain(1).state_dict(), "current_model_state": plain(0).state_dict(),
             "averaging_state": {"n_averaged": torch.tensor(3)}, "global_step": 9}  # fmt: skip
    torch.save(saved, "some.ckpt")
    assert same_state(only("some.ckpt").weights(), plain(0))
    assert same_state(only("some.ckpt", weights="ema").weights(), plain(1))


def test_c3_no_average_is_said():
    torch.save({"model": plain(0).state_dict()}, "step_1.pt")
    with pytest.raises(InputError, match=r"holds no moving average in its entries \(model\)"):
        only("step_1.pt", weights="ema").weights()
    torch.save({"model": plain(0).state_dict(), "ema": {"shadow_params": [torch.ones(2)]}}, "step_1.pt")
    with pytest.raises(InputError, match=r"as a list without names"):
        only("step_1.pt", weights="ema").weights()


# another architecture ------------------------------------------------------------------------------------------------


def test_another_width_names_the_tensor_and_both_shapes():
    torch.save(plain(0, width=6).state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"embedding.weight in step_1.pt has shape \(5, 6\), wanted \(5, 8\)"):
        fit(only("step_1.pt"), plain(1, width=8))


@pytest.mark.parametrize("there", [1, 3])
def test_another_depth(there):
    torch.save(plain(0, layers=there).state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=f"layers.{min(there, 2)}"):
        fit(only("step_1.pt"), plain(1))


def test_a_block_of_a_deeper_network_is_not_taken_for_a_shallow_one():
    deep = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    torch.save(deep.state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"no place for"):
        fit(only("step_1.pt"), nn.Sequential(nn.Linear(3, 3)))
    with pytest.raises(InputError, match=r"more than once"):
        fit(only("step_1.pt"), nn.Linear(3, 3))
    torch.save(nn.ModuleDict({"encoder": plain(0), "decoder": plain(1)}).state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"no place for"):
        fit(only("step_1.pt"), nn.ModuleDict({"encoder": plain(2)}))


def test_other_names_altogether():
    torch.save(nn.LSTM(2, 3).state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"weights of another architecture"):
        fit(only("step_1.pt"), plain(0))


def test_a_bias_that_the_model_has_not_is_a_weight():
    attention = nn.ModuleDict({"attn": nn.Linear(3, 3)})
    torch.save(attention.state_dict(), "step_1.pt")
    with pytest.raises(InputError, match=r"no place for \(attn\.bias\)"):
        fit(only("step_1.pt"), nn.ModuleDict({"attn": nn.Linear(3, 3, bias=False)}))


def test_a_counter_beside_the_weights_is_none():
    torch.save({**plain(0).state_dict(), "step": torch.tensor(3), "n_averaged": torch.tensor(4)}, "newest.pt")
    one = only("newest.pt")
    assert one.step == 3
    built = plain(1)
    fit(one, built)
    assert torch.equal(built(INPUT), plain(0)(INPUT))


def test_old_buffers_of_gpt2_are_no_weights():
    trained, built = gpt2(0), gpt2(1)
    state = dict(trained.state_dict())
    for block in range(2):
        state[f"transformer.h.{block}.attn.bias"] = torch.ones(1, 1, 16, 16)
        state[f"transformer.h.{block}.attn.masked_bias"] = torch.tensor(-1e4)
    torch.save(state, "step_1.pt")
    fit(only("step_1.pt"), built)
    assert torch.equal(built(INPUT[None]).logits, trained(INPUT[None]).logits)


def test_what_lies_beside_the_network_in_a_module_of_lightning_is_left_out_and_told():
    state = {**wrapped(plain(0).state_dict(), "net."), "criterion.weight": torch.ones(5)}
    torch.save({"state_dict": state, "global_step": 4, "epoch": 1}, "last.ckpt")
    built = plain(1)
    loaded = fit(only("last.ckpt"), built)
    assert loaded.left_out == ("criterion.weight",)
    assert "criterion.weight" in loaded.notes[1]
    assert torch.equal(built(INPUT), plain(0)(INPUT))


# C4: tensors are read and nothing is run -----------------------------------------------------------------------------


class Loss:
    def __init__(self):
        self.history = [1.0]


class Settings(dict):
    """A mapping of a class of its own."""


class Names(list):
    """A list of a class of its own."""


class Trace:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return eval, ("open('trace', 'w').write('run')",)


class Shell:
    def __reduce__(self):
        return os.system, ("touch trace",)


def test_c4_a_file_with_anything_beside_the_tensors():
    trained, built = plain(0), plain(1)
    saved = {
        "state_dict": trained.state_dict(), "global_step": 12, "epoch": 2, "loss": Loss(), "print": print,
        "best": np.float64(0.5), "array": np.arange(3), "call": Trace(), "settings": Settings(a=1, b=Loss()),
        "names": Names(["a"]), "type": Loss, "lines": {1, 2}, "random": np.random.default_rng(0),
    }  # fmt: skip
    torch.save(saved, "some.ckpt")
    one = only("some.ckpt")
    assert (one.step, one.epoch) == (12, 2)
    assert same_state(one.weights(), trained)
    fit(one, built)
    assert torch.equal(built(INPUT), trained(INPUT))
    assert not os.path.exists("trace")


def test_c4_weights_inside_a_mapping_of_a_class_of_its_own():
    torch.save(Settings(model=Settings(plain(0).state_dict())), "step_1.pt")
    assert same_state(only("step_1.pt").weights(), plain(0))


def test_c4_modules_that_torch_blocks_stay_refused():
    torch.save({"model": plain(0).state_dict(), "shell": Shell()}, "step_1.pt")
    with pytest.raises(InputError, match=r"step_1.pt cannot be read without running what it holds \(.*blocked"):
        only("step_1.pt").weights()
    assert not os.path.exists("trace")


def test_c4_an_object_where_a_tensor_is_wanted():
    torch.save({"model": {**plain(0).state_dict(), "extra": Loss()}}, "step_1.pt")
    with pytest.raises(InputError, match=r"extra in step_1.pt is a \S*Loss, wanted a tensor"):
        only("step_1.pt").weights()
    torch.save(plain(0), "step_1.pt")
    with pytest.raises(InputError, match=r"step_1.pt holds foreign_models.Plain itself, wanted named weights"):
        only("step_1.pt").weights()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_c4_programs_and_later_pickles_are_one_sentence():
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), "step_1.pt")
    with pytest.raises(InputError, match=r"step_1\.pt holds a TorchScript program, wanted weights"):
        only("step_1.pt").weights()
    torch.save({"model": plain(0).state_dict()}, "step_1.pt", pickle_protocol=4)
    with pytest.raises(InputError, match=r"step_1\.pt cannot be read without running what it holds \(Unsupported oper"):
        only("step_1.pt").weights()
    with open("step_1.pt", "wb") as file:
        file.write(b"no checkpoint at all")
    with pytest.raises((InputError, RunFolderError), match=r"step_1\.pt"):
        only("step_1.pt").weights()


def test_c4_files_of_the_old_format():
    torch.save({"model": plain(0).state_dict()}, "step_1.pt", _use_new_zipfile_serialization=False)
    assert same_state(only("step_1.pt").weights(), plain(0))
    torch.save({"model": plain(0).state_dict(), "t": Trace()}, "step_1.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match=r"cannot be read without running what it holds"):
        only("step_1.pt").weights()
    assert not os.path.exists("trace")


def test_c4_an_older_torch_refuses_in_a_sentence(monkeypatch):
    torch.save({"model": plain(0).state_dict()}, "step_1.pt")
    torch.save({"model": plain(0).state_dict(), "loss": Loss()}, "step_2.pt")
    monkeypatch.delattr(torch.serialization, "get_unsafe_globals_in_checkpoint")
    plainly, beside = checkpoints("*.pt")
    assert same_state(plainly.weights(), plain(0))
    with pytest.raises(InputError, match=r"step_2.pt cannot be read without running"):
        beside.weights()


def test_c4_what_the_user_allowed_before_is_as_it_was():
    before = torch.serialization.get_safe_globals()
    torch.save({"model": plain(0).state_dict(), "loss": Loss()}, "step_1.pt")
    only("step_1.pt").weights()
    assert torch.serialization.get_safe_globals() == before


# C5: shards ----------------------------------------------------------------------------------------------------------


def legacy_shards(model, folder, shards=2):
    """A folder of ``pytorch_model-0000k-of-0000n.bin`` with its index, as older versions wrote it."""
    os.makedirs(folder)
    names = list(model.state_dict())
    index = {}
    for k in range(shards):
        shard = f"pytorch_model-{k + 1:05d}-of-{shards:05d}.bin"
        held = {name: model.state_dict()[name].clone() for name in names[k::shards]}
        torch.save(held, f"{folder}/{shard}")
        index |= dict.fromkeys(held, shard)
    with open(f"{folder}/pytorch_model.bin.index.json", "w") as file:
        json.dump({"metadata": {}, "weight_map": index}, file)


def test_c5_shards_of_both_kinds():
    trained, built = gpt2(0), gpt2(1)
    trained.save_pretrained("new/checkpoint-1", max_shard_size="4KB")
    legacy_shards(trained, "old/checkpoint-1")
    for folder, suffix in (("new", "safetensors"), ("old", "bin")):
        one = only(f"{folder}/checkpoint-*")
        assert len([each for each in one.files() if each.path.suffix == f".{suffix}"]) > 1
        assert same_state(one.weights(), trained)
        fit(one, built)
        assert torch.equal(built(INPUT[None]).logits, trained(INPUT[None]).logits)


@pytest.mark.parametrize("folder", ["new", "old"])
def test_c5_a_missing_and_a_half_written_shard_are_named(folder):
    trained = gpt2(0)
    trained.save_pretrained("new/checkpoint-1", max_shard_size="4KB")
    legacy_shards(trained, "old/checkpoint-1")
    shard = sorted(only(f"{folder}/checkpoint-*").files(), key=lambda each: each.path.name)[0].path
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunFolderError, match=f"{shard.name} is damaged"):
        only(f"{folder}/checkpoint-*").weights()
    shard.unlink()
    with pytest.raises(RunFolderError, match=f"{shard.name} is missing, one of"):
        checkpoints(f"{folder}/checkpoint-*")


# C8: equal weights ---------------------------------------------------------------------------------------------------


def test_c8_equal_weights_at_two_steps_are_found():
    for step, seed in {1: 0, 2: 1, 10: 0, 20: 2}.items():
        torch.save({"model": plain(seed).state_dict(), "step": step}, f"step_{step}.pt")
    found = checkpoints("*.pt")
    assert [one.step for one in found] == [1, 2, 10, 20]
    assert equal_steps(found) == [(1, 10)]
    assert found[0].files()[0].sha256 != found[2].files()[0].sha256


# C10, C11 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("wanted", [None, "float32", torch.bfloat16])
def test_c10_the_stored_type_by_default(stored, wanted):
    trained, built = plain(0).to(stored), plain(1)
    torch.save(trained.state_dict(), "step_1.pt")
    loaded = fit(only("step_1.pt", dtype=wanted), built)
    dtype = {None: stored, "float32": torch.float32}.get(wanted, wanted)
    assert loaded.dtype == str(dtype).removeprefix("torch.")
    assert {each.dtype for each in built.state_dict().values() if each.is_floating_point()} == {dtype}
    trained.to(dtype)
    assert torch.equal(built(INPUT), trained(INPUT))


def test_c10_types_may_differ_within_a_file():
    trained, built = plain(0), plain(1)
    trained.head.to(torch.bfloat16)
    torch.save(plain(0, tied=False).state_dict() | {"head.weight": torch.ones(5, 6).bfloat16()}, "step_1.pt")
    built = plain(1, tied=False)
    assert fit(only("step_1.pt"), built).dtype == "bfloat16, float32"
    assert built.head.weight.dtype == torch.bfloat16


def test_c11_a_model_without_values_or_quantised_is_refused():
    torch.save(plain(0).state_dict(), "step_1.pt")
    with torch.device("meta"):
        empty = Plain()
    with pytest.raises(InputError, match=r"embedding.weight of Plain is without values"):
        fit(only("step_1.pt"), empty)
    with pytest.raises(InputError, match=r"0\.weight of Sequential is without a shape yet"):
        fit(only("step_1.pt"), nn.Sequential(nn.LazyLinear(3)))
    built = plain(1)
    built.layers[0].weight = nn.Parameter(torch.ones(6, 6, dtype=torch.int8), requires_grad=False)
    with pytest.raises(InputError, match=r"layers.0.weight of Plain is quantised"):
        fit(only("step_1.pt"), built)


def test_c11_quantised_and_sparse_weights_in_a_file():
    state = plain(0).state_dict()
    torch.save({**state, "layers.0.weight": torch.ones(6, 6, dtype=torch.int8)}, "step_1.pt")
    with pytest.raises(InputError, match=r"layers.0.weight in step_1.pt is int8 and wanted as float32: quantised"):
        fit(only("step_1.pt"), plain(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch gives them up, and files hold them
        quantised = torch.quantize_per_tensor(state["layers.0.weight"], 0.1, 0, torch.qint8)
    torch.save({**state, "layers.0.weight": quantised}, "step_1.pt")
    with pytest.raises(InputError, match=r"layers.0.weight in step_1.pt is quantised"):
        only("step_1.pt").weights()
    torch.save({**state, "layers.0.weight": state["layers.0.weight"].to_sparse()}, "step_1.pt")
    with pytest.raises(InputError, match=r"layers.0.weight in step_1.pt is sparse"):
        only("step_1.pt").weights()


# half-written --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("name", ["step_1.pt", "step_1.safetensors", "checkpoint-1/model.safetensors"])
def test_a_truncated_file_is_one_sentence(name, kept):
    os.makedirs("checkpoint-1")
    state = {key: each.clone() for key, each in plain(0).state_dict().items()}
    (torch.save if name.endswith(".pt") else save_file)(state, name)
    with open(name, "rb+") as file:
        file.truncate(int(os.path.getsize(name) * kept))
    with pytest.raises(RunFolderError, match=rf"{name} is damaged \(.*: write that checkpoint again"):
        only(name).weights()


def test_a_folder_that_holds_nothing_or_no_weights():
    os.makedirs("out/checkpoint-1")
    with pytest.raises(InputError, match=r"checkpoint-1 holds no weights \(nothing\)"):
        checkpoints("out/checkpoint-*")
    with open("out/checkpoint-1/trainer_state.json", "w") as file:
        file.write("{}")
    with pytest.raises(InputError, match=r"checkpoint-1 holds no weights \(trainer_state.json\)"):
        checkpoints("out")


def test_a_file_that_is_gone_when_it_is_read():
    torch.save(plain(0).state_dict(), "step_1.pt")
    one = only("step_1.pt")
    os.remove("step_1.pt")
    with pytest.raises(RunFolderError, match=r"step_1.pt is missing"):
        one.weights()
    with pytest.raises(RunFolderError, match=r"step_1.pt is missing"):
        one.files()
