"""The callback of the Trainer of transformers: each way of training is the same with it and without, to the bit."""

import pytest
import torch
from tiny_trainers import PLACES, gpt2, left, same, texts, trained

import infoscope

pytest.importorskip("transformers", reason="transformers is not installed, whose Trainer is followed")
pytest.importorskip("accelerate", reason="accelerate is not installed, without which no Trainer runs")

#: What transformers, accelerate and peft warn of among themselves is not held here; what infoscope says is.
pytestmark = pytest.mark.filterwarnings("ignore", "error:infoscope")
WAYS = {
    "plain": {},
    "accumulated": {"gradient_accumulation_steps": 2},
    "bf16": {"bf16": True},
    "checkpointed": {"activation_checkpointing": True},
    "compiled": {"torch_compile": True, "torch_compile_backend": "eager"},
    "batch found": {"auto_find_batch_size": True},
}


@pytest.fixture
def watched(spread, tmp_path):
    """A callback of a run of that name."""

    def made(name="run", **options):
        ids = texts(40)
        wanted = {"measures": [spread], "places": PLACES, "schedule": range(99), **options}
        return infoscope.callback("transformers", {"input_ids": ids}, {"label": ids[:, -1] % 2}, out=tmp_path / name,
                                  **wanted)  # fmt: skip

    return made


@pytest.mark.parametrize("way", WAYS)
def test_losses_and_weights_are_the_same_to_the_bit(way, watched, tmp_path):
    without = left(trained(gpt2(), tmp_path / "out", **WAYS[way]))
    seen = watched()
    assert same(without, left(trained(gpt2(), tmp_path / "out", [seen], **WAYS[way])))
    run = seen.scope.run
    assert run.folder.manifest()["state"] == "done"
    rows = run.rows
    assert rows.unique("site") == ["transformer.h.0@last", "transformer.h.1@last"]
    assert rows.unique("status") == ["OK"]
    assert rows.unique("step") == list(range(7))
    share = 3 if way == "accumulated" else 6  # updates an epoch
    assert rows.unique("epoch") == [pytest.approx(step / share) for step in range(7)]


@pytest.mark.parametrize("way", ["bf16", "compiled"])
def test_what_is_read_is_what_the_weights_give_by_themselves(way, watched, tmp_path):
    """accelerate puts a forward with autocast over the network's own: it is looked through, so that the rows of a watch
    are those measured later of its snapshots."""
    seen = watched(schedule=[0, 6], measures=["effective_rank"])
    trained(gpt2(), tmp_path / "out", [seen], **WAYS[way])
    rows = seen.scope.run.rows
    later = infoscope.watch(gpt2(), {"input_ids": texts(40)}, {}, ["effective_rank"], tmp_path / "by-hand",
                            places=PLACES)  # fmt: skip
    with later:
        later.step(0)
    assert later.run.rows.column("value").tolist() == rows.filter(step=0).column("value").tolist()
    model = gpt2()
    model.load_state_dict({name: tensor[0] for name, tensor in seen.scope.run.trajectory[6].items()})
    t = infoscope.representations(model, {"input_ids": texts(40)}, PLACES)
    last = rows.filter(step=6)
    for site, value in zip(last.column("site"), last.column("value"), strict=True):
        assert infoscope.geometry(t[site], measure="effective_rank")["effective_rank"].value == value


@pytest.fixture
def lora():
    """A network with adapters, and the place of each of its modules within peft's."""
    peft = pytest.importorskip("peft", reason="peft is not installed, whose adapters are trained")

    def made():
        config = peft.LoraConfig(r=2, target_modules=["c_attn"], lora_dropout=0.1, fan_in_fan_out=True)
        return peft.get_peft_model(gpt2(), config)

    return made


def test_lora(lora, watched, tmp_path):
    without = left(trained(lora(), tmp_path / "out"))
    seen = watched(measures=["effective_rank"])
    assert same(without, left(trained(lora(), tmp_path / "out", [seen])))
    run = seen.scope.run
    assert run.rows.unique("site") == ["transformer.h.0@last", "transformer.h.1@last"]  # as without adapters
    assert "FAILED" not in run.rows.unique("status")
    later = run.measure("effective_rank", ["base_model.model.transformer.h.0@mean"], model=lora)
    assert set(later.unique("site")) == {*run.rows.unique("site"), "transformer.h.0@mean"}
    assert "FAILED" not in later.unique("status")


def test_a_curve_goes_on_where_a_network_is_wrapped(lora):
    """By peft, whose adapters begin as nothing, or by an average of weights: the same places under the same names."""
    inputs = {"input_ids": texts(40)}
    plain = infoscope.representations(gpt2(), inputs, PLACES)
    for wrapped, prefix in ((lora(), "base_model.model."), (torch.optim.swa_utils.AveragedModel(gpt2()), "module.")):
        found = infoscope.representations(wrapped, inputs, PLACES)
        assert list(found) == list(plain)
        assert all(map(torch.equal, plain.values(), found.values()))
        in_full = infoscope.representations(wrapped, inputs, [f"{prefix}{PLACES[0]}"])
        assert list(in_full) == list(plain)


def test_a_training_that_goes_on_from_a_checkpoint_goes_on_with_its_run(watched, tmp_path):
    saved = {"save_strategy": "steps", "save_steps": 3}
    trained(gpt2(), tmp_path / "out", [watched(overwrite=True)], max_steps=4, **saved)
    at = str(tmp_path / "out" / "checkpoint-3")
    without = left(trained(gpt2(), tmp_path / "other", resume=at))
    seen = watched(overwrite=True)
    assert same(without, left(trained(gpt2(), tmp_path / "out", [seen], resume=at, **saved)))
    rows = seen.scope.run.rows
    assert rows.unique("step") == list(range(7))
    assert rows.unique("epoch") == [pytest.approx(step / 6) for step in range(7)]
    with pytest.raises(infoscope.InfoscopeError, match="already holds a run"):
        trained(gpt2(), tmp_path / "out", [watched()])  # another training
    trained(gpt2(), tmp_path / "out", [replaced := watched(overwrite=True)], max_steps=2)
    assert replaced.scope.run.rows.unique("step") == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_training_that_breaks_off_keeps_its_rows(error, watched, tmp_path):
    from transformers import TrainerCallback

    class Break(TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            if state.global_step == 3:
                raise error

    seen = watched()
    with pytest.raises(error), seen:
        trained(gpt2(), tmp_path / "out", [seen, Break()])
    assert seen.scope.run.folder.manifest()["state"] == "interrupted"
    assert seen.scope.run.rows.unique("step") == [0, 1, 2, 3]


def test_mistakes_are_told_before_the_first_update(watched, tmp_path):
    model = gpt2()
    before = [tensor.clone() for tensor in model.state_dict().values()]
    with pytest.raises(infoscope.InfoscopeError, match=r"no place named 'transformer\.x'"):
        trained(model, tmp_path / "out", [watched(places=["transformer.x"])])
    assert all(map(torch.equal, before, model.state_dict().values()))
    assert not (tmp_path / "run").exists()
