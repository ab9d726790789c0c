"""The promise: a watched loop computes, to the bit, what it computes unwatched, and nothing is left on the network."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from infoscope.core.folder import RunFolder
from infoscope.record.schedule import every
from infoscope.record.watch import Watch

STEPS = 12


def train(build, on_step, wrap=lambda model: model):
    """A plain loop with dropout, batch norm, Adam, shuffling and every global random state; returns all it computed."""
    torch.manual_seed(5)
    np.random.seed(6)  # noqa: NPY002
    random.seed(7)
    model = build()
    called = wrap(model)
    x, y = torch.randn(48, 6), torch.arange(48) % 3
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trace, step = [], 0
    with on_step(called) as tell:
        tell(0)
        while step < STEPS:
            for batch in torch.randperm(48).split(16):
                noise = torch.from_numpy(np.random.normal(size=(16, 1)) * random.random()).float()  # noqa: NPY002
                out = called(x[batch] + noise)
                loss = nn.functional.cross_entropy(out, y[batch])
                optimizer.zero_grad()
                loss.backward()
                trace += [out.detach().clone(), loss.detach(), *(p.grad.clone() for p in model.parameters())]
                optimizer.step()
                step += 1
                tell(step)
    trace += [value.clone() for value in model.state_dict().values()]
    trace += [torch.get_rng_state(), torch.from_numpy(np.random.get_state()[1].astype(np.int64))]  # noqa: NPY002
    return trace, random.getstate(), {n: m.training for n, m in model.named_modules()}, model


class Unwatched:
    def __init__(self, model):
        pass

    def __enter__(self):
        return lambda step: None

    def __exit__(self, *_):
        pass


def watched(inputs, labels, measurement, folder, **options):
    class Watched(Watch):
        def __init__(self, model):
            super().__init__(model, inputs, {"label": labels}, [measurement], folder, schedule=every(1), **options)

        def __enter__(self):
            return super().__enter__().step

    return Watched


def compiled(model):
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize("wrap", [lambda model: model, compiled, nn.DataParallel])
def test_a_watched_loop_is_the_unwatched_loop_to_the_bit(everything, inputs, labels, spread, tmp_path, wrap):
    plain = train(everything, Unwatched, wrap)
    seen = train(everything, watched(inputs, labels, spread, tmp_path / "run", batch_size=10), wrap)
    assert len(plain[0]) == len(seen[0])
    assert all(torch.equal(a, b) for a, b in zip(plain[0], seen[0], strict=True))
    assert plain[1] == seen[1]
    assert plain[2] == seen[2]
    assert seen[2]["frozen"] is False
    assert seen[2]["norm"] is True
    model = seen[3]
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert model.__dict__.keys() == plain[3].__dict__.keys()
    assert [name for name, _ in model.named_modules()] == [name for name, _ in plain[3].named_modules()]
    rows = RunFolder.open(tmp_path / "run").rows()
    assert rows.unique("step") == list(range(STEPS + 1))
    assert set(rows.unique("status")) == {"OK"}
    assert len(np.unique(rows.filter(site="head", variable="input").column("value"))) == STEPS + 1


def test_the_loop_is_the_same_when_every_measurement_breaks(everything, inputs, labels, tmp_path):
    class Broken:
        id, options = "broken", {}

        def measure(self, t, variables):
            torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
            t.fill_(torch.nan)
            raise ZeroDivisionError("a defect")

    plain = train(everything, Unwatched)
    with pytest.warns(UserWarning, match="broken was refused at step 0, site first: ZeroDivisionError: a defect"):
        seen = train(everything, watched(inputs, labels, Broken(), tmp_path / "run"))
    assert all(torch.equal(a, b) for a, b in zip(plain[0], seen[0], strict=True))
    assert plain[1:3] == seen[1:3]


def test_recording_between_forward_and_backward_does_not_disturb_the_gradients(
    everything, inputs, labels, spread, tmp_path
):
    def gradients(look):
        torch.manual_seed(0)
        model = everything()
        loss = model(inputs).square().sum()
        look(model)
        loss.backward()
        return [p.grad for p in model.parameters()]

    def look(model):
        with Watch(model, inputs, {"label": labels}, [spread], tmp_path / "run") as scope:
            scope.step(0)

    plain, seen = gradients(lambda model: None), gradients(look)
    assert all(torch.equal(a, b) for a, b in zip(plain, seen, strict=True))
