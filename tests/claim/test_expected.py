"""What a figure is expected to take: laws of how a guess hangs on what is asked, not the guesses themselves."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import infoscope as iscope
from infoscope.claim import expected as expected_module
from infoscope.claim import running
from infoscope.claim.computation import Computation
from infoscope.claim.expected import _flops, expected
from infoscope.core import registry
from infoscope.core.errors import DataMissingError
from infoscope.core.measurement import Cost, Measurement
from infoscope.data.held import held
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.train.networks.fully_connected import FullyConnected


class Priced(Measurement):
    """Costs so many seconds and bytes a row, whatever its columns."""

    def __init__(self, name="priced", seconds=1.0, room=1.0):
        self._name, self._price = name, (seconds, room)

    @property
    def id(self):
        return self._name

    @property
    def options(self):
        return {}

    def cost(self, n, d, k):
        return Cost(self._price[0] * n, self._price[1] * n)


def plan_of(measurement, *sites, epochs=()):
    plan = MeasurePlan.of(measurement, sites)
    vars(plan).update(epochs=epochs)
    return plan


PLAN = registry.load("figures", "saxe2018/tanh")().plan("smoke", 3)["tanh"]
ROWS = 4096  # of its task
ONE = dataclasses.replace(PLAN, measures=(plan_of(Priced(), "hidden1"),))
CARD = Computation("Card", lambda **_: [], ("place",), (0.0, 1.0))


def stages(plan=ONE, **how):
    return expected({"one": plan}, **how).stages


def changed(**by):
    return dataclasses.replace(ONE, **by)


def test_stages_come_in_the_order_of_the_work():
    found = expected({"b": ONE, "a": ONE, "card": CARD}).stages
    assert list(found) == [
        "b: training", "a: training", "b: learning curves", "b: measuring", "a: learning curves", "a: measuring",
        "card: computing",
    ]  # fmt: skip
    assert min(found.values()) > 0


def test_networks_do_not_change_one_another():
    found = expected({"b": ONE, "a": changed(seeds=(0,))}).stages
    assert {name: seconds for name, seconds in found.items() if name.startswith("b")} == {
        name.replace("one", "b"): seconds for name, seconds in stages().items()
    }


def test_twice_the_members_take_twice_as_long_to_train():
    twice = stages(changed(seeds=tuple(range(6))))
    assert twice["one: training"] == pytest.approx(2 * stages()["one: training"])
    assert twice["one: measuring"] == pytest.approx(2 * stages()["one: measuring"], rel=1e-3)


def test_twice_the_epochs_take_twice_as_long_to_train_and_no_longer_to_measure():
    *others, last = ONE.epochs
    twice = stages(changed(epochs=(*others, 2 * last)))
    assert twice["one: training"] == pytest.approx(2 * stages()["one: training"])
    for stage in ("one: learning curves", "one: measuring"):
        assert twice[stage] == stages()[stage]


def test_half_of_the_recorded_epochs_take_half_of_the_measuring_and_all_of_the_training():
    few = ONE.epochs[1::2]
    half = stages(changed(epochs=few))
    assert few[-1] == ONE.epochs[-1] or half["one: training"] < stages()["one: training"]
    for stage in ("one: learning curves", "one: measuring"):
        assert half[stage] == pytest.approx(len(few) / len(ONE.epochs) * stages()[stage])


def test_a_measurement_takes_what_it_says_itself_for_each_member_step_and_place():
    bare = stages(changed(measures=()))["one: measuring"]
    each = ROWS * len(ONE.seeds) * len(ONE.epochs)
    assert stages()["one: measuring"] - bare == pytest.approx(each)
    more = (plan_of(Priced(seconds=2.0), "hidden1", "output", epochs=ONE.epochs[:2]),)
    both = stages(changed(measures=(*ONE.measures, *more)))["one: measuring"]
    assert both - stages()["one: measuring"] == pytest.approx(2.0 * ROWS * len(ONE.seeds) * 2 * 2)


def test_a_quarter_of_the_measured_rows_takes_a_quarter_of_the_measuring():
    few = stages(changed(evaluate_rows=ROWS // 4))
    assert few["one: measuring"] == pytest.approx(stages()["one: measuring"] / 4)


def test_a_wider_network_costs_more_and_gradients_do_too():
    wide = changed(network=FullyConnected((12, 200, 200, 2)))
    for stage, seconds in stages(changed(network=FullyConnected((12, 10, 10, 2)), measures=())).items():
        assert stages(dataclasses.replace(wide, measures=()))[stage] > seconds
    with_gradients, without = (stages(changed(gradients=on)) for on in (True, False))
    assert with_gradients["one: learning curves"] > without["one: learning curves"]
    assert with_gradients["one: training"] == without["one: training"]


def test_trainings_that_are_dealt_are_one_stage_of_the_same_length():
    plans = {"b": ONE, "a": changed(seeds=(0,)), "card": CARD}
    alone, dealt = expected(plans).stages, expected(plans, dealt=True).stages
    assert next(iter(dealt)) == "training networks"
    assert sum(dealt.values()) == pytest.approx(sum(alone.values()))
    assert not any(name.endswith(": training") for name in dealt)
    assert "training networks" not in expected({"card": CARD}, dealt=True).stages


@pytest.mark.parametrize("dealt", [False, True])
def test_what_is_trained_already_takes_no_training(dealt):
    plans = {"b": ONE, "a": changed(seeds=(0, 1))}
    left = expected(plans, dealt, trained={"b"}).stages
    whole = expected(plans, dealt).stages
    assert sum(whole.values()) - sum(left.values()) == pytest.approx(stages()["one: training"])
    assert "training" not in " ".join(expected(plans, dealt, trained={"a", "b"}).stages)


def test_words_say_what_there_is_and_leave_the_time_open():
    about = expected({"b": ONE, "a": ONE, "card": CARD}).about
    assert about.count("{time}") == 1
    assert "6 networks" in about
    assert f"{ROWS:,} rows" in about
    assert f"{len(ONE.epochs)} steps" in about
    assert "1 card" in about
    assert expected({"card": CARD}).about.startswith("1 card computed")
    assert "3 networks" in expected({"b": ONE, "a": ONE}, trained={"a"}).about
    assert "networks of" not in expected({"b": ONE, "a": ONE}, trained={"a", "b"}).about


@pytest.mark.parametrize(
    ("seconds", "said"),
    [((1e3, 1.0), "mostly dear"), ((1.0, 1e3), "mostly cheap"), ((1e-12, 1e-12), "mostly training")],
)
def test_words_name_what_most_of_the_time_goes_to(seconds, said):
    plans = tuple(plan_of(Priced(name, each)) for name, each in zip(("dear", "cheap"), seconds, strict=True))
    about = expected({"one": changed(measures=plans)}).about
    assert said in about
    assert "half of the --seeds would halve it" in about


def test_the_memory_that_is_said_is_that_of_the_largest_measurement():
    def said(*rooms):
        plans = tuple(plan_of(Priced(f"p{room}", 1.0, room)) for room in rooms)
        return re.search(r"([\d.]+ [kMG]?B) beside", expected({"one": changed(measures=plans)}).about)[1]

    assert said(1e3) == said(1.0, 1e3) == said(1e3, 1e3)
    assert said(1e3) != said(1e5)


FORESEEN = ["saxe2018/tanh", "saxe2018/machine_precision", "saxe2018/mnist"]


def test_what_figures_to_come_take_is_foreseen_without_what_they_borrow_or_cannot_have(tmp_path, monkeypatch):
    monkeypatch.setattr(expected_module, "load_task", lambda name: missing(name) if name == "mnist" else held(name))
    found = iscope.expected_seconds(*FORESEEN, seeds=3, out=tmp_path)
    assert list(found) == FORESEEN
    tanh, precision, mnist = found.values()
    assert tanh == expected(registry.load("figures", "saxe2018/tanh")().plan("laptop", 3)).stages
    assert min(tanh["tanh: training"], precision["tanh: measuring"]) > running.JUDGED
    assert "tanh: training" not in precision
    assert list(mnist.values()) == [running.JUDGED]


@pytest.mark.parametrize(
    ("asked", "words"),
    [(("nobody/knows", "laptop", 1), "nobody/knows"), (("saxe2018/tanh", "lap", 1), "did you mean 'laptop'"),
     (("saxe2018/tanh", "laptop", 0), "seeds is 0")],
)  # fmt: skip
def test_what_cannot_be_foreseen_is_refused(asked, words, tmp_path):
    figure, preset, seeds = asked
    with pytest.raises(iscope.InfoscopeError, match=words):
        iscope.expected_seconds(figure, preset=preset, seeds=seeds, out=tmp_path)


def missing(name):
    raise DataMissingError(f"there is no {name}")


def test_of_a_figure_that_is_done_hardly_anything_is_left(tmp_path):
    running.run_figure("saxe2018/minimal_model", "smoke", None, tmp_path)
    found = iscope.expected_seconds("saxe2018/minimal_model", preset="smoke", out=tmp_path)
    assert found == {"saxe2018/minimal_model": {"saxe2018/minimal_model: judging": running.JUDGED}}


CONVOLUTIONAL = registry.load("figures", "goldfeld2019/mnist")().plan("smoke", 1)["deterministic"]


@pytest.mark.parametrize("network", [PLAN.network, CONVOLUTIONAL.network], ids=lambda one: one.kind)
def test_operations_are_counted_as_torch_counts_them(network):
    plan, parameters = dataclasses.replace(PLAN, network=network), network.initial((0,))
    few = torch.rand(2, *(network.shape if network.kind == "convolutional" else network.widths[:1]))
    network.logits(parameters, few)
    with FlopCounterMode(display=False) as counter:
        network.logits(parameters, few)
    assert _flops(plan, parameters, few) == counter.get_total_flops() / 2 > 500


def test_what_a_network_of_the_papers_costs_is_told_without_loading_torch_s_compiler():
    code = "import sys\nfrom infoscope.claim.expected import cost\nfrom infoscope.core import registry\n"
    code += "plan = registry.load('figures', 'saxe2018/tanh')().plan('smoke', 1)['tanh']\n"
    code += "assert cost(plan).training > 0\nassert 'torch._dynamo' not in sys.modules\n"
    subprocess.run([sys.executable, "-c", code], check=True)
