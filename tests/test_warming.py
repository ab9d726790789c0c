"""What was compiled beforehand is not compiled again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numba.core import event

import infoscope
from infoscope.cli import main
from infoscope.core.errors import UnknownNameError
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.training import make_trainer, train


def test_nothing_is_compiled_for_another_network_of_the_same_kind():
    assert list(infoscope.warm("training")) == ["training"]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)).astype(np.float32), rng.integers(3, size=50).astype(np.int32)
    recipe, rows = Recipe(1, 0.1, 16, "sgd", momentum=0.9, weight_decay=1e-3), np.tile(np.arange(40), (2, 1))
    e = Ensemble(FullyConnected((3, 9, 5, 3), "relu"), recipe, x, y, rows, (1, 2))
    with event.install_recorder("numba:compile") as compiled:
        list(train(e, (0, 1), make_trainer(e, "compiled")))
    assert not compiled.buffer


def test_the_command_says_how_long_each_kind_took(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["warm", "training", "--json"])
    assert ended.value.code == 0
    assert list(json.loads(capsys.readouterr().out)) == ["training"]


def test_a_kind_that_is_not_there_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'training'"):
        infoscope.warm("trainin")
