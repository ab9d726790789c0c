"""What every network is to trainers, plans and measures, and that one more is one file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import infoscope
from infoscope.claim import running
from infoscope.claim.figure import Figure
from infoscope.core import registry
from infoscope.core.errors import InputError, RunFolderError
from infoscope.scanning.plan import MeasurePlan, NetworkPlan
from infoscope.train import networks
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.training import choose_trainer, initial_state, make_trainer

RECIPE = Recipe(2, 0.05, 64, "sgd")
STAGED = '''
from collections import OrderedDict
from dataclasses import dataclass

from torch import nn

from infoscope.train.stages import Staged


@dataclass(frozen=True)
class Toy(Staged):
    """Two convolutions and a layer without places."""

    shape: tuple[int, int, int] = (1, 8, 8)
    classes: int = 10
    planes: int = 3

    def hidden(self):
        first = nn.Sequential(nn.Conv2d(self.shape[0], self.planes, 3, 2), nn.ReLU())
        flat = nn.Sequential(nn.Flatten(), nn.Linear(9 * self.planes, 5), nn.ReLU())
        return OrderedDict(maps=first, flat=flat), 5
'''
DENSE = '''
from dataclasses import dataclass

from infoscope.train.networks.fully_connected import FullyConnected


@dataclass(frozen=True)
class Toy(FullyConnected):
    """Three layers of one width."""

    widths: tuple[int, ...] = (64, 7, 7, 10)
'''


@pytest.fixture(params=[STAGED, DENSE], ids=["stages", "dense layers"])
def toy(request, tmp_path, monkeypatch):
    """A third network, in one file beside those that are there."""
    path = tmp_path / "networks" / "toy.py"
    path.parent.mkdir()
    path.write_text(request.param, encoding="utf-8")
    monkeypatch.setattr(networks, "__path__", [*networks.__path__, str(path.parent)])
    entry = registry._read("networks", path, path.parent, "infoscope.train.networks")
    monkeypatch.setitem(registry.entries("networks"), "toy", entry)
    monkeypatch.delitem(__import__("sys").modules, "infoscope.train.networks.toy", raising=False)
    return registry.load("networks", "toy")


def made() -> list[object]:
    return [
        FullyConnected((64, 9, 10), noise=0.1),
        FullyConnected((64, 8, 10), "relu"),
        Convolutional("small_resnet", (1, 8, 8)),
    ]


@pytest.mark.parametrize("network", made(), ids=lambda n: n.kind)
def test_it_is_read_back_from_what_is_stored_of_it(network):
    plan = NetworkPlan("title", "digits", network, RECIPE, (0,), (0, 1), (MeasurePlan("kde"),))
    stored = json.loads(json.dumps(plan.to_json()))
    assert stored["network"]["kind"] == network.kind
    assert NetworkPlan.from_json(stored) == plan
    stored["network"].pop("kind")  # as before 0.2, when the kind was told by a field that only one had
    assert NetworkPlan.from_json(stored) == plan
    assert NetworkPlan.from_json(stored).training() == plan.training()


STORED = json.loads((Path(__file__).parent.parent / "fixtures" / "networks-0.1.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STORED)
def test_networks_that_were_stored_before_they_said_their_kind_are_those_of_today(name):
    figure, _, network = name.partition(" ")
    assert (
        NetworkPlan.from_json(STORED[name]).network
        == registry.load("figures", figure)().plan("smoke", 2)[network].network
    )


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            {"kind": "convolutionel", "architecture": "small_cnn"},
            "no network named 'convolutionel': did you mean 'convolutional'",
        ),
        ({"kind": "fully_connected", "widths": ["six", 2]}, "widths"),
        ({"units": 3}, "network"),
    ],
)
def test_a_network_that_is_not_known_is_refused_by_name(network, said):
    plan = NetworkPlan("title", "digits", FullyConnected((64, 10)), RECIPE, (0,), (0, 1), ())
    with pytest.raises(RunFolderError, match="cannot rebuild") as refused:
        NetworkPlan.from_json({**plan.to_json(), "network": network})
    assert said in str(refused.value)


@pytest.mark.parametrize("network", made(), ids=lambda n: n.kind)
def test_every_trainer_that_takes_it_gives_the_same_trajectory(network):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(96, 64)).astype(np.float32), rng.integers(10, size=96).astype(np.int32)
    e = Ensemble(network, RECIPE, x, y, np.tile(np.arange(64), (2, 1)), (0, 1))
    ends = []
    for name in registry.entries("trainers"):
        if registry.load("trainers", name).rank(network, "cpu") is None:
            with pytest.raises(InputError, match=f"the trainer {name} cannot train a {network.kind} network on cpu"):
                make_trainer(e, name)
            continue
        ends.append(make_trainer(e, name).advance(initial_state(e), 2).parameters)
    assert ends
    for end in ends[1:]:
        for name, tensor in end.items():
            torch.testing.assert_close(tensor, ends[0][name], rtol=1e-4, atol=1e-5)


def test_a_network_that_no_trainer_takes_is_refused():
    class Bare:
        kind = "bare"

    with pytest.raises(InputError, match="no trainer trains a bare network on cpu, wanted one that offers"):
        choose_trainer(Bare(), "cpu")


def test_a_third_network_in_one_file_trains_is_stored_read_back_measured_and_reported(toy, tmp_path: Path):
    class OneFigure(Figure):
        title, where, seeds = "A toy", "nowhere", {"smoke": 2}

        def networks(self, preset, seeds):
            measures = (MeasurePlan("binned"), MeasurePlan("usable_information"))
            return {"toy": NetworkPlan("toy", "digits", toy(), RECIPE, seeds, (0, 1, 2), measures, "test", 120)}

        def judge(self, rows):
            return []

    plan = OneFigure().plan("smoke")["toy"]
    folder = running.open_or_create(tmp_path / "run", "toys/toy", OneFigure(), "smoke", {"toy": plan})
    with folder.writing():
        running.train_network(folder, "toy", plan)
        running.measure_network(folder, "toy", plan)
    assert running.plan_of(folder, "toy") == plan
    found = infoscope.load(folder.path)
    assert found.rows.filter(estimator="binned").sites() == list(plan.network.layers)
    assert len(found.trajectory) == 3
    later = found.measure("effective_rank")
    assert sorted(later.unique("step")) == sorted(found.trajectory.steps)
    loss = found.rows.filter(quantity="loss", split="train").curves()[2].mean(0)
    assert loss[-1] < loss[0]
    assert "toy" in found.report().read_text(encoding="utf-8")
