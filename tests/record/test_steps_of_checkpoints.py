"""Which checkpoints a source names, and of which step each is (C9)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.record.foreign import checkpoints
from infoscope.record.step_names import Numbered, numbered


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(*paths, **beside):
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        torch.save({"model": {"weight": torch.ones(2)}, **beside}, path)


def steps(source, **options):
    return [one.step for one in checkpoints(source, **options)]


@pytest.mark.parametrize(
    ("name", "step", "epoch"),
    [
        ("checkpoint-9", 9, None),
        ("checkpoint-10", 10, None),
        ("step1000", 1000, None),
        ("step_00010.pt", 10, None),
        ("epoch=3-step=1200.ckpt", 1200, 3),
        ("epoch=3-val_loss=0.25-step=1200.ckpt", 1200, 3),
        ("model-500.safetensors", 500, None),
        ("global_step100", 100, None),
        ("iter_0000700", 700, None),
        ("gpt2-step-400.pth", 400, None),
        ("ckpt500.pt", 500, None),
        ("0010.pt", 10, None),
        ("stage1-step140000-tokens294B", 140000, None),
        ("step1000-tokens4B", 1000, None),
        ("epoch_3.pt", None, 3),
        ("epoch=3-val_loss=0.25.ckpt", None, 3),
        ("last.ckpt", None, None),
        ("best.ckpt", None, None),
        ("gpt2", None, None),
        ("pythia-70m", None, None),
        ("llama-7b.pt", None, None),
        ("main", None, None),
    ],
)
def test_what_names_say(name, step, epoch):
    assert numbered(name) == Numbered(step, epoch)


@pytest.mark.parametrize(
    ("name", "either"), [("seed_1_500.pt", (1, 500)), ("step-10k", (10,)), ("step1-step2.pt", (1, 2))]
)
def test_what_names_leave_open(name, either):
    assert numbered(name).step is None
    assert numbered(name).either == either
    save(f"{name}/model.pt" if "." not in name else name)
    with pytest.raises(InputError, match=r"pass a mapping, {step: path}"):
        checkpoints([name])


@given(st.integers(0, 10**9), st.sampled_from(["checkpoint-{}", "step{}", "step_{:08d}.pt", "epoch=1-step={}.ckpt",
       "model-{}.safetensors", "iter_{:07d}.pth", "global_step{}", "{}.pt"]))  # fmt: skip
def test_every_spelling_of_every_step(step, form):
    assert numbered(form.format(step)).step == step


def test_steps_sort_as_numbers():
    save(*(f"out/checkpoint-{step}/pytorch_model.bin" for step in (9, 10, 100, 20)))
    assert steps("out/checkpoint-*") == steps("out") == steps("out/*") == [9, 10, 20, 100]
    assert steps("out/checkpoint-*/pytorch_model.bin") == [9, 10, 20, 100]
    assert steps([Path("out/checkpoint-20"), "out/checkpoint-9"]) == [9, 20]
    assert steps("out", steps=[100, 9]) == [9, 100]
    with pytest.raises(
        UnknownNameError, match=r"no checkpoint of step 11: the nearest are 9, 10, 20, 100 \(4 in all\)"
    ):
        checkpoints("out", steps=[11])


def test_a_file_without_a_step_is_told_and_left_out():
    save("step_1.pt", "step_2.pt", "best.ckpt")
    with pytest.warns(UserWarning, match=r"best.ckpt says no step and is left out"):
        assert steps("*.*t") == [1, 2]
    with pytest.raises(InputError, match=r"best.ckpt say no step"):
        checkpoints("best.ckpt")


@pytest.mark.parametrize("key", ["global_step", "step", "iter", "iter_num"])
@pytest.mark.parametrize("number", [700, torch.tensor(700), 700.0])
def test_steps_that_stand_inside(key, number):
    save("a.ckpt", **{key: number, "epoch": 2})
    (one,) = checkpoints("a.ckpt")
    assert (one.step, one.epoch) == (700, 2)


def test_a_last_that_stands_beside_its_like():
    save("epoch=0-step=5.ckpt", global_step=5)
    save("last.ckpt", global_step=5)
    with pytest.raises(InputError, match=r"last.ckpt are both of step 5, wanted one: pass a mapping"):
        checkpoints("*.ckpt")
    Path("last.ckpt").unlink()
    os.symlink("epoch=0-step=5.ckpt", "last.ckpt")
    assert steps("*.ckpt") == [5]


def test_epochs_are_the_steps_where_nothing_else_is_said():
    save(*(f"epoch_{epoch}.pt" for epoch in (1, 2, 10)))
    with pytest.warns(UserWarning, match=r"3 checkpoints say an epoch and no step"):
        found = checkpoints("epoch_*.pt")
    assert [(one.step, one.epoch) for one in found] == [(1, 1), (2, 2), (10, 10)]


def test_what_the_trainer_says():
    save("out/a/pytorch_model.bin", "out/checkpoint-7/pytorch_model.bin")
    Path("out/a/trainer_state.json").write_text(json.dumps({"global_step": 3, "epoch": 0.5}))
    Path("out/checkpoint-7/trainer_state.json").write_text(json.dumps({"global_step": 7, "epoch": 1.25}))
    assert [(one.step, one.epoch) for one in checkpoints("out/*")] == [(3, 0.5), (7, 1.25)]
    Path("out/checkpoint-7/trainer_state.json").write_text(json.dumps({"global_step": 8}))
    with pytest.raises(InputError, match=r"checkpoint-7 says step 8 inside and 7 in its name"):
        checkpoints("out/*")


def test_what_trainers_leave_beside_is_no_checkpoint():
    save("out/checkpoint-7/pytorch_model.bin", "out/checkpoint-7/optimizer.pt", "out/checkpoint-7/rng_state.pth")
    Path("out/runs").mkdir()
    Path("out/notes.txt").write_text("mine")
    Path("out/tmp-checkpoint-9").mkdir()
    assert steps("out") == steps("out/*") == [7]
    save("out/pytorch_model.bin")  # the last model, beside the checkpoints
    assert steps("out") == [7]


def test_only_what_is_called_so_is_left_beside():
    save("metaformer_100.pt", "scheduler_free_200.pt", "optimizer.pt", "optimizer_1.pt", "rng_state_0.pth", "meta.pt")
    assert steps("*.pt*") == steps(".") == [100, 200]


def test_one_file_in_each_folder():
    save("step_1/anything.pt", "step_2/anything.pt", "step_2/optimizer.pt")
    assert steps("step_*") == steps(".") == [1, 2]
    save("step_2/another.pt")
    with pytest.raises(InputError, match=r"step_2 holds several files of weights \(another.pt, anything.pt\)"):
        checkpoints("step_*")


def test_mappings_of_paths_functions_and_weights():
    save("a.pt", "out/b/pytorch_model.bin")
    state = {"weight": torch.zeros(2)}
    found = checkpoints({5: "a.pt", 0: Path("out/b"), 7: lambda: state, 3: state})
    assert [one.step for one in found] == [0, 3, 5, 7]
    assert [float(one.weights()["weight"].sum()) for one in found] == [2, 0, 2, 0]
    assert [len(one.files()) for one in found] == [1, 0, 1, 0]
    with pytest.raises(InputError, match=r"a step is -1"):
        checkpoints({-1: "a.pt"})
    with pytest.raises(InputError, match=r"int arrived for step 3"):
        checkpoints({3: 4})
    with pytest.raises(InputError, match=r"holds a int, wanted weights by name"):
        checkpoints({3: lambda: 4})[0].weights()


def test_bad_sources_are_one_sentence_each():
    save("step_1.pt", "model-00001-of-00002.safetensors")
    Path("empty").mkdir()
    Path("notes.txt").write_text("mine")
    for source, said in {
        "out/*.pt": "matches nothing",
        "gone.pt": "gone.pt is not there",
        "empty": r"'empty' holds no checkpoint \(nothing\)",
        "notes.txt": "notes.txt is no checkpoint",
        "notes*": r"holds no checkpoint \(notes.txt\)",
        "model*": "is one of several shards, wanted them together: pass the folder",
    }.items():
        with pytest.raises(InputError, match=said):
            checkpoints(source)
    for source, said in (
        ([], "empty list"),
        ({}, "empty mapping"),
        (4, "source is a int"),
        ([4], "source holds a int"),
    ):
        with pytest.raises(InputError, match=said):
            checkpoints(source)
    with pytest.raises(InputError, match=r"steps is empty"):
        checkpoints("step_1.pt", steps=[])
    with pytest.raises(UnknownNameError, match=r"copy of weights"):
        checkpoints("step_1.pt", weights="emma")
    with pytest.raises(InputError, match=r"dtype is 'int8'"):
        checkpoints("step_1.pt", dtype="int8")
