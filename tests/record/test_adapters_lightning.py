"""The callback of Lightning's Trainer: each way of training is the same with it and without, to the bit."""

import pytest
import torch
from tiny_trainers import fitted, left_by, lightning_module, points, same

import infoscope

lightning = pytest.importorskip("lightning", reason="lightning is not installed, whose Trainer is followed")

WAYS = {
    "plain": {},
    "accumulated": {"accumulate_grad_batches": 2},
    "bf16": {"precision": "bf16-mixed"},
    "clipped": {"gradient_clip_val": 0.1, "max_steps": 12, "max_epochs": -1},
}


@pytest.fixture
def watched(spread, tmp_path):
    def made(name="run", **options):
        x, y = points(40)
        wanted = {"measures": [spread], "places": ["net.*"], "schedule": range(99), **options}
        return infoscope.callback("lightning", x, {"label": y}, out=tmp_path / name, **wanted)

    return made


def both(watched, tmp_path, wrap=lambda module: module, **options):
    """What a training leaves with the callback and without, and the callback."""
    found = []
    for seen in ([], [watched()]):
        found.append(left_by(fitted(wrap(lightning_module()), tmp_path, seen, **options)))
    return found, seen[0]


@pytest.mark.parametrize("way", WAYS)
def test_losses_and_weights_are_the_same_to_the_bit(way, watched, tmp_path):
    (without, with_it), seen = both(watched, tmp_path, **WAYS[way])
    assert same(without, with_it)
    run = seen.scope.run
    assert run.folder.manifest()["state"] == "done"
    assert run.rows.unique("status") == ["OK"]
    assert run.rows.unique("site") == [f"net.{i}" for i in range(5)]
    updates = 6 if way == "accumulated" else 12
    assert run.rows.unique("step") == list(range(updates + 1))
    assert run.rows.unique("epoch") == [pytest.approx(2 * step / updates) for step in range(updates + 1)]


def test_a_compiled_module(watched, tmp_path):
    (without, with_it), seen = both(watched, tmp_path, lambda module: torch.compile(module, backend="eager"))
    assert same(without, with_it)
    assert seen.scope.run.rows.unique("site") == [f"net.{i}" for i in range(5)]
    assert seen.scope.run.rows.unique("status") == ["OK"]


def test_a_training_that_goes_on_from_a_checkpoint_goes_on_with_its_run(watched, tmp_path):
    seen = watched()
    fitted(lightning_module(), tmp_path, [seen], max_epochs=1).save_checkpoint(tmp_path / "a.ckpt")
    assert seen.scope.run.rows.unique("step") == list(range(7))
    without = left_by(fitted(lightning_module(), tmp_path, ckpt_path=tmp_path / "a.ckpt"))
    seen = watched()
    assert same(without, left_by(fitted(lightning_module(), tmp_path, [seen], ckpt_path=tmp_path / "a.ckpt")))
    assert seen.scope.run.rows.unique("step") == list(range(13))
    assert seen.scope.run.rows.unique("epoch") == [pytest.approx(step / 6) for step in range(13)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_training_that_breaks_off_ends_its_run_at_once(error, watched, tmp_path):
    class Break(lightning.Callback):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 3:
                raise error

    import signal

    seen, handler = watched(), signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit if error is KeyboardInterrupt else error):
            fitted(lightning_module(), tmp_path, [seen, Break()])
    finally:
        signal.signal(signal.SIGINT, handler)  # which Lightning turns off for good
    assert seen.scope.run.folder.manifest()["state"] == "interrupted"
    assert seen.scope.run.rows.unique("step") == [0, 1, 2, 3]


def test_mistakes_are_told_before_the_first_update(watched, tmp_path):
    with pytest.raises(infoscope.InfoscopeError, match=r"no place named 'net\.9'"):
        fitted(lightning_module(), tmp_path, [watched(places=["net.9"])])
    assert not (tmp_path / "run").exists()
