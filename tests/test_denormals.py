"""Denormal numbers are zero between the two calls, in this thread alone, and are themselves again afterwards."""

import platform
import threading

import numpy as np
import pytest
import torch

from infoscope.kernels.compiling import njit
from infoscope.kernels.denormals import flush_denormals, restore_denormals
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.trainer import State
from infoscope.train.training import initial_state, make_trainer

LEAST = float(np.finfo(np.float32).tiny)
known = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64", "aarch64", "arm64"),
    reason="of this processor no such mode is known here",
)


@njit(nogil=True)
def _squares(x, found):
    before = flush_denormals()
    for i in range(len(x)):
        found[i] = x[i] * x[i] * np.float32(1e20)
    restore_denormals(before)


def _small(n: int) -> np.ndarray:
    return np.full(n, np.float32(1e-30)) * np.float32(1e-10)


@known
@pytest.mark.parametrize("n", [1, 7, 64])
def test_what_is_denormal_is_zero_inside_and_itself_outside(n):
    found = np.empty(n, np.float32)
    _squares(np.full(n, np.float32(1e-20)), found)  # 1e-40 on the way to 1e-20
    np.testing.assert_array_equal(found, 0.0)
    assert (_small(n) > 0).all()


@known
def test_other_threads_keep_theirs():
    found, seen = np.empty(8, np.float32), list[float]()
    thread = threading.Thread(
        target=lambda: (_squares(np.ones(8, np.float32), found), seen.append(float(_small(1)[0])))
    )
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found, np.float32(1e20))
    assert seen[0] > 0
    assert _small(1)[0] > 0


@known
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("recipe", [Recipe(1, 0.01), Recipe(1, 0.01, optimiser="sgd", momentum=0.9)])
def test_a_training_that_has_ended_leaves_no_denormal_moment(activation, recipe):
    """A network that answers so surely that its gradients are denormal: they cost a hundred times a zero."""
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    y, rows = (x[:, 0] > 0).astype(np.int32), np.arange(64, dtype=np.int64)[None]
    ensemble = Ensemble(FullyConnected((3, 4, 2), activation), recipe, x, y, rows, seeds=(0,))
    state = initial_state(ensemble)
    small = {name: torch.full_like(moment, 1e-37) for name, moment in state.moments.items()}  # as they die away
    sure = {name: 1e3 * parameter for name, parameter in state.parameters.items()}
    trainer = make_trainer(ensemble, "compiled")
    for epoch in range(1, 40):
        state = trainer.advance(
            State(epoch - 1, sure if epoch == 1 else state.parameters, small if epoch == 1 else state.moments), epoch
        )
        for name, moment in state.moments.items():
            assert not ((moment != 0) & (moment.abs() < LEAST)).any(), (name, epoch)
