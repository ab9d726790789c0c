"""Callbacks of other people's trainers: steps and epochs are the trainer's, and a run has an end in any case."""

import gc
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import infoscope
from infoscope.core import registry
from infoscope.core.errors import InputError, MissingPackageError, RunFolderError, UnknownNameError
from infoscope.record.adapters._following import Following, base_class
from infoscope.record.watch import Watch


class Adapted(Following):
    """The adapter of a trainer that is called by hand."""

    begin, step, end = Following._begin, Following._step, Following._end


@pytest.fixture
def adapted(inputs, labels, spread, tmp_path):
    def attach(model, goes_on):
        return Watch(
            model, inputs, {"label": labels}, [spread], tmp_path / "run", schedule=range(99), resume=goes_on,
            places=["0"],
        )  # fmt: skip

    return Adapted(attach)


def state(path):
    return infoscope.load(path).folder.manifest()["state"]


def test_a_training_is_followed_from_its_first_step_to_its_end(adapted, tmp_path):
    with pytest.raises(InputError, match="no training began with this callback"):
        adapted.scope  # noqa: B018
    model = nn.Sequential(nn.Linear(6, 2))
    adapted.step(3, 0.5)  # nothing to tell: no training began
    adapted.end()
    adapted.begin(model, 0, None)
    for step in (0, 1, 1, 2):
        adapted.step(step, step / 2)
    assert state(tmp_path / "run") == "running"
    adapted.end()
    adapted.end(ValueError)  # told again
    adapted.step(4, 2.0)
    assert state(tmp_path / "run") == "done"
    rows = infoscope.load(tmp_path / "run").rows
    assert rows.unique("step") == [0, 1, 2]
    assert rows.unique("epoch") == [0.0, 0.5, 1.0]


def test_a_training_that_breaks_off_ends_its_run_in_any_case(adapted, tmp_path):
    """By its block, with another one in its folder, and when nobody holds the callback any more."""
    model = nn.Sequential(nn.Linear(6, 2))
    adapted.begin(model, 0, None)
    with pytest.raises(KeyboardInterrupt), adapted:
        raise KeyboardInterrupt
    assert state(tmp_path / "run") == "interrupted"
    again = Adapted(adapted._attach)
    again.begin(model, 1, None)  # goes on, and breaks off without a word
    other = Adapted(adapted._attach)
    other.begin(model, 2, None)  # into the same folder
    assert not again._running
    again.end()
    assert state(tmp_path / "run") == "running"  # which is the other's
    del other
    gc.collect()
    assert state(tmp_path / "run") == "interrupted"
    assert infoscope.load(tmp_path / "run").rows.unique("step") == [0, 1, 2]


def test_a_start_that_is_tried_again_is_the_same_training(adapted, tmp_path):
    """As a trainer does that looks for a batch that fits the memory."""
    model = nn.Sequential(nn.Linear(6, 2))
    adapted.begin(model, 0, None)
    scope = adapted.scope
    adapted.begin(model, 0, None)
    assert adapted.scope is scope
    adapted.step(1, None)
    with pytest.raises(RunFolderError, match="already holds a run: pass resume=True"):
        adapted.begin(model, 0, None)  # another training
    assert state(tmp_path / "run") == "interrupted"


def test_a_copy_in_another_process_has_its_training_before_it():
    made = infoscope.callback("transformers", torch.zeros(4, 2), {"label": [0, 1, 0, 1]}, measures=["effective_rank"])
    copied = pickle.loads(pickle.dumps(made))
    assert type(copied).__name__ == type(made).__name__
    assert registry.load("adapters", "transformers") in type(copied).__mro__


def test_the_process_ends_and_the_run_says_so(tmp_path):
    """An exception that ends a script: the interpreter's end is the trainer's."""
    script = """
import sys, torch, infoscope
sys.path.insert(0, sys.argv[2])
from tiny_trainers import gpt2, texts, trainer
from transformers import TrainerCallback
class Break(TrainerCallback):
    def on_step_end(self, args, state, control, **_):
        if state.global_step == 3:
            raise ValueError("the user's own")
ids = texts(16)
seen = infoscope.callback("transformers", {"input_ids": ids}, {"label": ids[:, -1] % 2}, measures=["effective_rank"],
                          places=["transformer.h.*@last"], out=sys.argv[1], schedule=range(99))
trainer(gpt2(), sys.argv[1] + "-output", [seen, Break()]).train()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run"), str(Path(__file__).parent)],
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the user's own" in done.stderr
    assert state(tmp_path / "run") == "interrupted"
    assert infoscope.load(tmp_path / "run").rows.unique("step") == [0, 1, 2, 3]


def test_a_forked_process_ends_nothing(tmp_path):
    """It has the callback too, and its end is not that of the training."""
    script = """
import os, sys, torch, infoscope
from infoscope.record.adapters._following import Following
from infoscope.record.watch import Watch
from infoscope.measure.bases.measurements import make_measurement
def attach(model, _):
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    return Watch(model, x, {}, [make_measurement("effective_rank")], sys.argv[1], schedule=range(9))
followed = Following(attach)
followed._begin(torch.nn.Sequential(torch.nn.Linear(3, 2)), 0, 0.0)
if not (child := os.fork()):
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert infoscope.load(sys.argv[1]).folder.manifest()["state"] == "running"
followed._step(1, 1.0)
followed._end()
run = infoscope.load(sys.argv[1])
assert run.folder.manifest()["state"] == "done" and run.rows.unique("step") == [0, 1]
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "run")], check=True, timeout=100)


def test_mistakes_are_told(inputs, labels, tmp_path, monkeypatch):
    with pytest.raises(UnknownNameError, match="did you mean 'transformers'"):
        infoscope.callback("transformer", inputs, {"label": labels})
    with pytest.raises(UnknownNameError, match="no argument of callback named 'plases': did you mean 'places'"):
        infoscope.callback("transformers", inputs, {"label": labels}, plases=["0"])
    with pytest.raises(UnknownNameError, match="no argument of callback named 'model'"):
        infoscope.callback("transformers", inputs, {"label": labels}, model=nn.Linear(6, 2))
    with pytest.raises(UnknownNameError, match="did you mean 'binned'"):
        infoscope.callback("transformers", inputs, {"label": labels}, measures=["bined"])
    with pytest.raises(InputError, match="wanted several"):
        infoscope.callback("transformers", inputs, {"label": labels}, measures="binned")
    with pytest.raises(InputError, match="out"):
        infoscope.callback("transformers", inputs, {"label": labels}, out=3)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision does not match torch"),
        ("import nothing_such_at_all", "repair its installation"),
    ],
)
def test_a_package_that_is_broken_is_one_sentence(source, said, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_broken_trainer.py").write_text(source)
    with pytest.raises(MissingPackageError, match=said) as told:
        base_class("a_broken_trainer.callbacks", "Callback")
    assert "a callback of its Trainer needs a_broken_trainer" in str(told.value)
    assert "\n" not in str(told.value)
    with pytest.raises(MissingPackageError, match="needs no_such_trainer, which is not installed"):
        base_class("no_such_trainer.callbacks", "Callback")


def test_an_adapter_is_read_without_its_package():
    """Its file is imported, and its class made use of, without the framework: that comes when one is made."""
    code = "import sys\nfrom infoscope.core import registry\n"
    code += "for each in registry.entries('adapters').values():\n    each.load()\n"
    code += "assert not {'transformers', 'lightning', 'pytorch_lightning'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
