"""What the figures on trained networks measure: net inputs, activity histograms, and only some of the epochs."""

from __future__ import annotations

import math
import shutil
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_outcomes import falling

import infoscope
from infoscope import estimator as make
from infoscope.claim import running
from infoscope.claim.reading.layers import in_words, second_largest_drop
from infoscope.claim.reading.peaks import Peak, own_peak
from infoscope.core.cells import cell_names
from infoscope.core.claim import Finding
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.units import bits, nats
from infoscope.measure.contextual.activity import Activity
from infoscope.papers.saxe2018 import net_input_bins
from infoscope.papers.saxe2018._boolean12 import EPOCHS, POINTS, some_epochs
from infoscope.papers.saxe2018._parts import FLAT
from infoscope.papers.saxe2018._phases import (
    complete_curves,
    compressing_share,
    end_of_compression,
    log_duration,
    log_first,
    phases_in_words,
)
from infoscope.record.schedule import log_spaced
from infoscope.scanning.one_pass import measure
from infoscope.scanning.plan import MeasurePlan
from infoscope.train.networks.fully_connected import FullyConnected


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    return running.run_figure("saxe2018/activity_histograms", "smoke", 2, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def copy(whole, tmp_path) -> RunFolder:
    return RunFolder.open(shutil.copytree(whole.path, tmp_path / whole.id))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_net_inputs_are_what_the_linear_parts_of_the_module_give(activation):
    from infoscope.record.gathering import representations

    network = FullyConnected((6, 5, 4, 3), activation)
    parameters = network.initial((1, 2))
    x = torch.randn(9, 6, generator=torch.Generator().manual_seed(0))
    sites = ["hidden1.linear", "hidden2", "output.linear"]
    stacked = network.representations(parameters, x, sites)
    assert list(stacked) == sites
    for member in range(2):
        for site, t in representations(network.module(parameters, member), x, sites).items():
            torch.testing.assert_close(t, stacked[site][member])
    torch.testing.assert_close(stacked["output.linear"], network.logits(parameters, x))
    assert tuple(network.representations(parameters, x)) == network.layers


def test_a_net_input_has_its_layers_place():
    network = FullyConnected((6, 5, 3))
    assert network.places == {"hidden1.linear": 0, "hidden1": 0, "output.linear": 1, "output": 1}
    with pytest.raises(UnknownNameError, match=r"hidden2.*hidden1"):
        network.representations(network.initial((1,)), torch.zeros(2, 6), ["hidden2"])


def test_a_run_measures_net_inputs_only_where_a_plan_names_them(copy):
    loaded = infoscope.load(copy.path)
    assert not any("linear" in site for site in loaded.rows.sites())
    rows = loaded.measure("binned", places=["hidden3.linear"], network="tanh", bins=7)
    assert rows.sites() == ["hidden3.linear"]
    assert rows.unique("site_index") == [2]
    by_default = loaded.measure("binned", network="tanh", bins=5)
    assert by_default.sites() == [*(f"hidden{i}" for i in range(1, 6)), "output"]
    with pytest.raises(UnknownNameError, match=r"site of network tanh named 'hidden9.linear'"):
        loaded.measure("binned", places=["hidden9.linear"], network="tanh")


def test_net_input_bins_are_thirty_edges_with_the_outer_two_at_infinity():
    plan = net_input_bins.NetInputBins().networks("smoke", (0,))["tanh"].measures[0]
    z = np.random.default_rng(0).normal(0, 40, (4000, 1))  # a fifth lies beyond 50
    edges = np.linspace(-50, 50, 30)
    edges[0], edges[-1] = -np.inf, np.inf
    counts = np.histogram(z, edges)[0]
    p = counts[counts > 0] / len(z)
    found = make(plan.estimator, **plan.options).entropy(z)
    assert found.value == pytest.approx(float(-(p @ np.log(p))), abs=1e-12)


def test_measured_at_some_epochs_only_and_resumed_at_none(copy):
    plan = MeasurePlan("binned", {"bins": 9}, ("output",), epochs=(0, 60))
    replay = running.EnsembleReplay(copy, "relu", running.plan_of(copy, "relu"))
    measure(copy, "relu", replay, [plan], "some")
    rows = copy.rows().filter(network="relu", options='{"bins":9,"form":"interval","range":[-1.0,1.0]}')
    assert sorted(rows.unique("epoch")) == [0, 60]
    before = len(copy.rows())
    measure(copy, "relu", replay, [plan], "again")
    assert len(copy.rows()) == before


def test_some_epochs_are_recorded_ones_from_first_to_last():
    for preset in EPOCHS:
        recorded = log_spaced(EPOCHS[preset], POINTS[preset])
        chosen = some_epochs(preset)
        assert set(chosen) <= set(recorded)
        assert (chosen[0], chosen[-1]) == (0, EPOCHS[preset])
        assert len(chosen) < 0.4 * len(recorded) + 2


def test_a_run_of_histograms_agrees_with_numpy_on_recomputed_activations(whole):
    replay = running.EnsembleReplay(whole, "relu", running.plan_of(whole, "relu"))
    rows = whole.rows().filter(network="relu", quantity="activity_share")
    assert sorted(rows.unique("epoch")) == list(some_epochs("smoke"))
    step = replay.trajectory.steps[-1]
    t = replay.representations(step)["hidden2"][1].numpy()
    here = rows.filter(step=step, site="hidden2", member=1)
    shares = dict(zip(here.column("variable").tolist(), here.column("value").tolist(), strict=True))
    assert shares["up to 0"] == np.mean(t <= 0)
    assert shares["up to 1"] == pytest.approx(np.mean((t > 0.5) & (t <= 1)))
    assert sum(shares.values()) == pytest.approx(1)
    assert here.unique("unit") == ["fraction"]


edges = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=8, unique=True).map(sorted)


@settings(max_examples=60, deadline=None)
@given(edges, st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_shares_are_those_of_a_plain_count(edges, seed, dtype):
    random = np.random.default_rng(seed)
    t = random.choice([*edges, *random.normal(0, 30, 40)], (2, 13, 3)).astype(dtype)
    for member, measured in zip(t, Activity(tuple(edges)).measure(t, {}), strict=True):
        shares = [m.estimate.value for m in measured]
        assert [m.variable for m in measured] == cell_names(tuple(edges))
        ends = [-math.inf, *edges, math.inf]
        plain = [np.mean((member > low) & (member <= high)) for low, high in pairwise(ends)]
        assert shares == pytest.approx(plain)
        assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("edges", [(), (1.0, 1.0), (2.0, 1.0)])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(InputError, match=r"edges are .* each above the one before it"):
        Activity(edges)


def test_a_diverged_member_costs_its_own_histogram_only(copy):
    replay = running.EnsembleReplay(copy, "relu", running.plan_of(copy, "relu"))
    step = replay.trajectory.steps[-1]
    broken = replay.trajectory[step]
    broken["hidden3.linear.weight"][0] = float("nan")
    replay.trajectory.write(step, replay.trajectory.epoch(step), broken)
    measure(copy, "relu", replay, [MeasurePlan("activity", {"edges": (0.0,)}, ("hidden3",))], "again")
    rows = copy.rows().filter(site="hidden3", step=step, options='{"edges":[0.0]}', network="relu")
    assert rows.filter(status="FAILED").unique("member") == [0]
    assert rows.filter(status="FAILED").unique("quantity") == ["activity_share"]
    assert len(rows.filter(member=1)) == 2


TIMES = np.array([0.0, 1, 10, 20, 40, 80, 160])


def test_phases_of_a_curve():
    curves = np.array([[0, 5, 10, 8, 2, 1, 0.0], [0, 1, 2, 3, 4, 5, 6], [9, 9, 9, 9, 9, 9, 9]])
    for curve, step, over, share, duration in zip(
        curves, (2, 6, 0), (80, 160, 0), (1 - 10 / 80, 0, 1), (math.log10(70), 0, 0), strict=True
    ):
        assert own_peak(curve[None]) == Peak(step)
        assert end_of_compression(TIMES, Peak(step), curve[None]) == [over]
        assert compressing_share(TIMES)([Peak(step)], curve[None]) == pytest.approx([share])
        assert log_duration(TIMES, Peak(step), curve[None]) == pytest.approx([duration])


def test_the_first_epoch_or_the_last_where_it_never_is():
    reached = np.array([[False, True, False, True, True, True, True], [False] * 7])
    assert log_first(TIMES, reached) == pytest.approx([math.log10(2), math.log10(161)])


def test_members_without_a_value_have_no_complete_curve(made_up):
    made_up.series("tanh", "output", "I(X;T)", np.arange(8.0), members=3)
    rows = made_up.rows()
    kept = rows.filter(member=(0, 1))
    assert complete_curves(kept) == pytest.approx(kept.curves()[2])
    gap = rows.table.slice(0, rows.table.num_rows - 1)  # the last member lacks its last step
    assert complete_curves(type(rows)(gap)) == pytest.approx(complete_curves(kept))
    assert complete_curves(rows.filter(site="nowhere")) is None
    assert phases_in_words(rows.filter(site="nowhere")) is None
    assert phases_in_words(rows) == ("8000", "8000")


def test_the_second_largest_and_all_of_them_in_words(made_up):
    for layer, fall in enumerate((0.1, 3.0, 1.0), 1):
        made_up.series("tanh", f"hidden{layer}", "I(X;T)", falling(fall))
    layers = [made_up.rows().filter(site=f"hidden{layer}") for layer in (1, 2, 3)]
    found = second_largest_drop("second largest drop", FLAT, *layers)
    assert found.name == "second largest drop, tanh hidden3"
    assert bits(found.value) == pytest.approx(1.0, abs=0.01)
    gone = second_largest_drop("second largest drop", FLAT, *layers, made_up.rows().filter(site="hidden4"))
    assert gone.value is None
    drops = [Finding(f"drop, tanh hidden{i}", FLAT, nats(value)) for i, value in ((1, 0.1), (2, 3.0), (3, 1.0))]
    assert in_words(drops) == ("drop: tanh hidden1 0.1 bits, tanh hidden2 3 bits, tanh hidden3 1 bits",)
    assert in_words([gone]) == ()
