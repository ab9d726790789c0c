"""The figures on noisy networks: numbers known beforehand, slow twins, every verdict on made-up rows, and a run."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from rule_outcomes import outcomes

import infoscope
from infoscope.claim import running
from infoscope.claim.computation import Computation
from infoscope.core.claim import Outcome
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, Status
from infoscope.core.older_rows import quantity as named
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.measure.questions.noisy import noisy_information
from infoscope.papers.goldfeld2019 import _brackets, _entropies, _quadrature, _truncated, estimator_spiral, szt
from infoscope.papers.goldfeld2019._boolean12 import noisy12_plan
from infoscope.papers.goldfeld2019.estimator_mixtures import EstimatorMixtures
from infoscope.papers.goldfeld2019.estimator_monte_carlo import EstimatorMonteCarlo
from infoscope.papers.goldfeld2019.estimator_reed_muller import EstimatorReedMuller
from infoscope.papers.goldfeld2019.estimator_spiral import EstimatorSpiral
from infoscope.papers.goldfeld2019.leaky_relu_neurons import (
    INPUTS,
    LeakyReluNeurons,
    _descent,
    _second_information,
    _unit,
)
from infoscope.papers.goldfeld2019.single_neuron import NOISES, REFERENCE, STEPS, SingleNeuron
from infoscope.scanning.plan import MeasurePlan, NetworkPlan
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

YES, NO, PARTLY, UNCLEAR, MISSING = (
    Outcome.REPRODUCED,
    Outcome.NOT_REPRODUCED,
    Outcome.PARTLY,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_TESTABLE,
)


def made_up(network: str, plan: Computation, change=None) -> Rows:
    """Rows of ``plan`` for its first members, its curves put through ``change(site, quantity, values)``."""

    def curves(at, seeds, **arguments):
        for curve in plan.curves(at=at, seeds=seeds, **arguments):
            values = curve.values if change is None else change(curve.site, curve.quantity, curve.values)
            yield dataclasses.replace(curve, values=values)

    return dataclasses.replace(plan, curves=curves).rows("made-up", network, range(max(1, len(plan.seeds))))


def curve_rows(network, site, quantity, values, places, estimator="noisy", unit="nats", ends=0.0, **where) -> Rows:
    """Rows of ``values [members, places]``; ``ends``: how far the interval reaches on either side."""
    builder = RowsBuilder("made-up")
    for member, line in enumerate(np.atleast_2d(values)):
        for step, value in zip(places, line, strict=True):
            place = Place(network, int(step), site, 0, "input", estimator, member, member, float(step), **where)
            interval = (value - ends, value + ends)
            builder.add(place, Estimate(float(value), named(quantity, "", unit), "made up", 9, interval=interval))
    return builder.rows()


# --- one neuron and two -----------------------------------------------------------------------------------------------


def test_quadrature_is_the_binary_channel_and_the_entropy_of_points_far_apart():
    assert _quadrature.information(np.array([-1.0, 1.0]), 1.0) == pytest.approx(0.3368, abs=1e-4)  # BPSK at 0 dB
    assert _quadrature.information(np.array([-3.0, -1.0, 1.0, 3.0]), 0.01) == pytest.approx(math.log(4), abs=1e-12)
    assert _quadrature.information(np.array([2.0, 2.0]), 0.1) == pytest.approx(0, abs=1e-12)


@pytest.fixture(scope="module")
def neuron() -> Rows:
    return Rows.concat(made_up(name, plan) for name, plan in SingleNeuron().plan("laptop").items())


@pytest.mark.parametrize("noise", NOISES)
def test_the_single_neuron_has_the_numbers_known_beforehand(neuron, noise):
    rows = neuron.filter(network=f"noise_{noise:g}", estimator="exact")
    values = dict(zip(rows.column("epoch").tolist(), rows.column("value").tolist(), strict=True))
    for step, known in REFERENCE[noise].items():
        assert values[step] == pytest.approx(known, abs=5.5e-4)


def test_the_single_neuron_as_it_is(neuron):
    assert set(outcomes(SingleNeuron(), neuron).values()) == {YES}


def lifted(neuron: Rows, network: str, quantity: str, by: float, since: float = 0.0) -> Rows:
    """The rows with one curve lifted from epoch ``since`` on."""
    places = np.array(STEPS, float)
    for estimator in ("exact", "noisy"):
        here = neuron.filter(network=network, quantity=quantity, estimator=estimator)
        if len(here):
            values = here.curves()[2] + by * (places >= since)
            return Rows.concat([neuron, curve_rows(network, "unit", quantity, values, places, estimator)])
    raise AssertionError


@pytest.mark.parametrize(
    ("network", "quantity", "by", "since", "claim", "wanted"),
    [
        ("noise_0.05", "I(X;T)", 0.02, 1e5, "rises-and-falls", PARTLY),
        ("noise_0.01", "I(X;T)", 0.02, 3000, "rises-and-falls", PARTLY),
        ("noise_0.1", "I(X;T)", -0.05, 0, "rises-and-falls", PARTLY),
        ("noise_0.5", "I(X;T)", -0.1, 3000, "much-noise-only-grows", NO),
        ("noise_0.2", "deviation", 10.0, 0, "sample-propagation-agrees", PARTLY),
        ("noise_0.01", "I(X;T)", 0.001, 0, "known-numbers", PARTLY),
    ],
)
def test_the_rules_of_the_single_neuron(neuron, network, quantity, by, since, claim, wanted):
    changed = lifted(neuron, network, quantity, by, since)
    replaced = Rows(changed.table).table
    keep = [
        i
        for i, row in enumerate(replaced.select(["network", "quantity", "estimator", "estimand"]).to_pylist())
        if row["estimand"] == "made up"
        or (row["network"], row["quantity"]) != (network, quantity)
        or (quantity == "I(X;T)" and row["estimator"] == "noisy")
    ]
    assert outcomes(SingleNeuron(), Rows(replaced.take(keep)))[claim] is wanted


def test_a_neuron_that_was_not_computed_is_not_judged(neuron):
    assert set(outcomes(SingleNeuron(), neuron.filter(network="noise_0.2")).values()) == {MISSING}


def test_the_second_unit_agrees_with_sample_propagation():
    v, a, w, b = 0.9, -2.0, -1.5, 0.4
    first = _unit(v * INPUTS + a)
    rng = np.random.default_rng(0)
    forwards = _unit(w * (first[:, None] + 0.05 * rng.normal(size=(8, 400))) + b)[:, :, None]
    found = noisy_information(forwards, 0.05, "dataset")
    truth = _second_information(first, w, b)
    assert found.interval[0] <= truth <= found.interval[1]
    assert truth <= _quadrature.information(first, 0.05) + 1e-9, "processing"
    same = _second_information(first, 1.0, 100.0)  # a second unit that only passes on: noise of twice the variance
    assert same == pytest.approx(_quadrature.information(first, 0.05 * math.sqrt(2)), abs=1e-6)


def test_the_two_units_descend():
    start, later = _descent((0, 2000), (0, 1, 2))
    assert np.abs(start).max() <= 1

    def loss(parameters):
        v, a, w, b = parameters[:, :, None]
        return ((_unit(w * _unit(v * INPUTS + a) + b) - np.where(INPUTS <= 4, 0, 0.25)) ** 2).mean(1)

    assert (loss(later) < loss(start)).all()


@pytest.mark.parametrize(
    ("falls", "right", "wanted", "said"),
    [
        ((0.5, 0.5, 0.5), (1, 1, 1), YES, "3 of 3"),
        ((0.0, 0.5, 0.0), (1, 1, 1), YES, "the start of seed 1; 1 of 3 random starts do so, 33 % [1, 91]"),
        ((0.0, 0.5, 0.0), (1, 0.9, 1), NO, "0 of 3"),  # falls where it does not classify
        ((0.0, 0.1, 0.0), (1, 1, 1), NO, "the start of seed 1; 0 of 3 random starts do so, 0 % [0, 71]"),
        ((0.5, 0.5, 0.5), (0.9, 0.9, 0.9), MISSING, "from none of 3 starts are all inputs classified"),
    ],
)
def test_one_start_shows_that_two_units_can_compress_and_the_share_is_told(falls, right, wanted, said):
    one, flat = np.array([[0.1, 1.0, 1.0 - fall] for fall in falls]), np.array([[0.1, 0.5, 0.5]] * 3)
    rights = np.repeat(np.array(right, float)[:, None], 3, 1)
    rows = Rows.concat(
        [
            curve_rows("two_units", "T1", "I(X;T)", flat, (0, 1, 2), "exact"),
            curve_rows("two_units", "T2", "I(X;T)", one, (0, 1, 2), "exact"),
            curve_rows("two_units", "network", "accuracy", rights, (0, 1, 2), "exact", "fraction"),
        ]
    )
    assert outcomes(LeakyReluNeurons(), rows) == {"compresses": wanted}
    assert said in LeakyReluNeurons().judge(rows)[0].findings[0].note
    assert outcomes(LeakyReluNeurons(), rows.filter(site="T1"))["compresses"] is MISSING


# --- the estimator ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [0.02, 0.3])
def test_truncated_mixtures_have_the_entropy_of_their_samples(spread):
    s = _truncated.draw(200_000, np.random.default_rng(0), 1, spread)[:, 0]
    assert np.abs(s).max() <= 1
    t = s + 0.5 * np.random.default_rng(1).normal(size=s.shape)
    counts, edges = np.histogram(t, 300)
    p = counts / counts.sum()
    naive = -(p[p > 0] * np.log(p[p > 0] / (edges[1] - edges[0]))).sum()
    assert _truncated.entropy_of_one(0.5, spread) == pytest.approx(naive, abs=0.01)


def test_kde_of_a_normal_sample():
    t = np.random.default_rng(0).normal(size=(3000, 2))
    found = _entropies.kernel_density(t, _entropies.silverman(t))
    assert found == pytest.approx(math.log(2 * math.pi * math.e), abs=0.06)
    distances = ((t[:50, None] - t[:50]) ** 2).sum(-1)
    terms = np.exp(-distances / (2 * 0.3**2)) / (2 * math.pi * 0.3**2)
    np.fill_diagonal(terms, 0)
    assert _entropies.kernel_density(t[:50], 0.3) == pytest.approx(-np.log(terms.sum(1) / 49).mean())


@pytest.mark.parametrize("figure", [EstimatorMixtures, EstimatorReedMuller, EstimatorSpiral, EstimatorMonteCarlo])
def test_every_estimator_figure_says_what_was_not_computed(figure):
    assert set(outcomes(figure(), Rows.concat([])).values()) == {MISSING}


def error_rows(networks, ours, neighbours, spread=0.01):
    sizes, rows = (500, 1000, 4000), []
    rng = np.random.default_rng(0)
    for network in networks:
        ends = {"sample propagation": ours, "neighbours": neighbours}
        ends |= {f"KDE, {factor:g} × Silverman": factor for factor in _entropies.BANDWIDTHS}
        for site, end in ends.items():
            rows.append(curve_rows(network, site, "error", end + spread * rng.normal(size=(8, 3)), sizes))
    return Rows.concat(rows)


def test_the_rules_of_the_mixtures():
    names = list(EstimatorMixtures().plan("laptop"))
    found = outcomes(EstimatorMixtures(), error_rows(names, -0.1, 0.5))
    assert set(found.values()) == {YES}
    assert outcomes(EstimatorMixtures(), error_rows(names, 0.1, 0.5))["from-below"] is NO
    assert outcomes(EstimatorMixtures(), error_rows(names, -0.5, 0.1))["closer-than-neighbours"] is NO
    wide = [name for name in names if name.endswith("_spread_0.3")]
    rows = Rows.concat([error_rows(set(names) - set(wide), -0.1, 0.5), error_rows(wide, -0.5, 0.1)])
    found = outcomes(EstimatorMixtures(), rows)
    assert (found["closer-than-neighbours"], found["closer-whatever-the-spread"]) == (YES, PARTLY)


def test_the_rule_of_the_codes():
    names = list(EstimatorReedMuller().plan("laptop"))
    for ours, neighbours, wanted in ((-0.1, 0.5, YES), (0.1, 0.5, PARTLY), (-0.5, 0.1, PARTLY), (0.5, 0.1, NO)):
        assert set(outcomes(EstimatorReedMuller(), error_rows(names, ours, neighbours)).values()) == {wanted}


def test_the_monte_carlo_error_is_measured_as_it_is():
    (plan, *_) = EstimatorMonteCarlo().plan("smoke").values()
    arguments = {"d": 2, "noise": 0.3, "n": 50, "repeats": 8}
    share = list(plan.curves(at=(1, 2, 4, 8, 16, 32), seeds=(0,), **arguments))[1].values
    assert (share < 1).all()
    assert share.max() / share.min() < 3


@pytest.mark.parametrize(
    ("power", "size", "wanted"), [(-0.5, 1, (YES, YES)), (-0.4, 1, (PARTLY, YES)), (-0.5, 3, (YES, NO))]
)
def test_the_rules_of_the_monte_carlo_error(power, size, wanted):
    rows = []
    for name in EstimatorMonteCarlo().plan("laptop"):
        draws = np.array([1, 2, 4, 8, 16, 32])
        rows.append(curve_rows(name, "mixture", "error", 0.1 * draws**power, draws))
        rows.append(curve_rows(name, "mixture", "share", size * np.full(6, 0.6), draws, unit="ratio"))
    assert tuple(outcomes(EstimatorMonteCarlo(), Rows.concat(rows)).values()) == wanted


def test_spirals_are_three_arms():
    points, arm = estimator_spiral._spirals(300, np.random.default_rng(0))
    assert points.shape == (300, 2)
    assert set(arm) == {0, 1, 2}
    assert np.linalg.norm(points, axis=1).max() < 1.3


@pytest.mark.parametrize(
    ("right", "rise", "width", "wanted"), [(0.99, 0.1, 0.05, YES), (0.9, 0.1, 0.05, PARTLY), (0.9, -0.1, 0.5, NO)]
)
def test_the_rule_of_the_spirals(right, rise, width, wanted):
    sizes, value = (500, 4000), np.array([[1.0, 1.0 + rise]] * 3)
    rows = Rows.concat(
        [
            curve_rows("spiral", "sample propagation", "h(T)", value, sizes),
            curve_rows("spiral", "lower end", "h(T)", value - width / 2, sizes),
            curve_rows("spiral", "upper end", "h(T)", value + width / 2, sizes),
            curve_rows("spiral", "network", "accuracy", np.full((3, 2), right), sizes, unit="fraction"),
        ]
    )
    assert outcomes(EstimatorSpiral(), rows) == {"settles": wanted}


# --- the 12-bit network -----------------------------------------------------------------------------------------------

EPOCHS = np.array([1, 26, 72, 509, 1000, 2000, 5000, 9999])
PUBLISHED = np.array([2.5, 4.9, 3.3, 4.9, 4.3, 3.7, 3.0, 2.28])


def szt_rows(last=PUBLISHED, less=0.2, rise=0.1, ends=0.01, first=8.315, ratio=None, binned=None, worse=-0.01) -> Rows:
    """What the figure reads; ``less``: the share of its fall that the orthonormal network's last layer has."""
    rows, wobble = [], np.linspace(-0.01, 0.01, 5)[:, None]
    for network, share in (("plain", 1.0), ("orthonormal", less)):
        deep = last.max() + share * (last - last.max())
        curves = [np.full(8, first), np.full(8, min(first, 8.3)), np.full(8, 7.5), deep + 1, deep]
        for layer, curve in zip(szt.LAYERS, curves, strict=True):
            spread = 0 if layer == "hidden1" else wobble
            rows.append(curve_rows(network, layer, "I(X;T)", curve + spread + np.zeros((5, 8)), EPOCHS, ends=ends))
        loss = np.array([0.6, 0.5, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1]) + rise * (EPOCHS > 2000)
        loss = loss + (worse if network == "orthonormal" else 0) + wobble / 10
        rows.append(curve_rows(network, "network", "loss", loss, EPOCHS, "training", split="test"))
    ratio = last if ratio is None else ratio
    rows.append(curve_rows("plain", szt.LAST, "distance_ratio", ratio + wobble, EPOCHS, "class_distances", "ratio"))
    for layer, curve in (("hidden4", PUBLISHED if binned is None else binned), ("hidden5", last)):
        rows.append(curve_rows("plain", layer, "H(Bin(T))", curve + wobble, EPOCHS, "binned_entropy"))
    rows.append(made_up("resampled", szt.Szt().computations("smoke", ())["resampled"]))
    theirs = 1.3 * (last - last[-1]) + last[-1] + wobble
    rows.append(curve_rows("authors", szt.LAST, "I(X;T)", theirs, EPOCHS, options=options_text(szt.THEIRS)))
    return Rows.concat(rows)


def test_rows_like_the_published_words_are_reproduced():
    assert set(outcomes(szt.Szt(), szt_rows()).values()) == {YES}


@pytest.mark.parametrize(
    ("changed", "claim", "wanted"),
    [
        ({"last": np.minimum.accumulate(PUBLISHED[::-1])[::-1]}, "compresses", NO),
        ({"last": np.array([2.5, 4.9, 3.3, 4.9, 4.8, 4.7, 4.6, 4.5])}, "compresses", YES),
        ({"last": np.array([2.5, 4.9, 3.3, 4.9, 4.8, 4.7, 4.6, 4.5])}, "two-peaks", YES),
        ({"last": np.array([2.5, 4.9, 3.3, 4.9, 4.8, 4.7, 4.6, 4.5])}, "as-much-as-released", NO),
        ({"last": np.array([2.5, 4.9, 4.9, 4.9, 4.8, 4.7, 4.6, 4.5])}, "two-peaks", NO),
        ({"last": 0.5 * PUBLISHED}, "as-much-by-their-estimator", NO),
        ({"ends": 0.6}, "compresses", YES),
        ({"ends": 1.3}, "compresses", NO),  # wide brackets prove no fall
        ({"ends": 1.3}, "as-much-as-released", YES),  # the values are what was published
        ({"rise": 0.0}, "compression-without-generalisation", PARTLY),
        ({"ratio": -PUBLISHED}, "clusters", NO),
        ({"less": 0.9}, "orthonormal", PARTLY),
        ({"worse": 0.05}, "orthonormal", PARTLY),
        ({"first": 7.74}, "first-layer", PARTLY),
        ({"first": 8.32}, "first-layer", PARTLY),
        ({"binned": np.arange(8.0)[::-1]}, "binned", PARTLY),
    ],
)
def test_the_rules_of_the_12_bit_network(changed, claim, wanted):
    assert outcomes(szt.Szt(), szt_rows(**changed))[claim] is wanted


def test_a_layer_that_says_more_than_the_one_before_is_a_violation_only_beyond_the_brackets():
    def rows(by, ends):
        found = []
        for layer, value in zip(szt.LAYERS, (7.74, 7.74 + by, 7.0, 6.0, 5.0), strict=True):
            for network in ("plain", "orthonormal"):
                found.append(curve_rows(network, layer, "I(X;T)", np.full((3, 8), value), EPOCHS, ends=ends))
        return Rows.concat(found)

    assert outcomes(szt.Szt(), rows(0.148, 0.01))["data-processing"] is NO
    assert outcomes(szt.Szt(), rows(0.148, 0.1))["data-processing"] is YES
    (judged,) = (one for one in szt.Szt().judge(rows(0.148, 0.1)) if one.claim is szt.PROCESSING)
    assert "the values alone by at most 0.148 nats" in judged.findings[0].note


def test_nothing_measured_nothing_judged():
    assert set(outcomes(szt.Szt(), Rows.concat([])).values()) == {MISSING}


def test_drawing_inputs_with_replacement_costs_what_the_released_run_lacks():
    rng = np.random.default_rng(0)
    drawn = [np.bincount(rng.integers(4096, size=4096)) / 4096 for _ in range(40)]
    simulated = np.mean([-(p[p > 0] @ np.log(p[p > 0])) for p in drawn])
    assert szt._resampled_entropy(4096) == pytest.approx(simulated, abs=0.004)
    assert szt._resampled_entropy(4096) == pytest.approx(7.7444, abs=1e-4)
    assert szt._resampled_entropy(1) == pytest.approx(0)
    p = np.array([0.5, 0.5])  # two draws from two: one thing twice, or each once
    assert szt._resampled_entropy(2) == pytest.approx(p[0] * 0 + p[1] * math.log(2))


def test_the_84_epochs_of_the_released_code():
    plan = szt.Szt().plan("paper")["plain"]
    assert isinstance(plan, NetworkPlan)
    assert len(plan.epochs) == 84
    assert {1, 24, 26, 72, 79, 221, 385, 509, 559, 1072, 1177, 3593, 9999} <= set(plan.epochs)
    assert plan.measures[0].epochs == plan.epochs
    laptop = szt.Szt().plan("laptop")["plain"]
    assert set(laptop.measures[0].epochs) < set(plan.epochs)


def test_the_network_starts_as_torch_starts_its_own():
    network = noisy12_plan("paper", (0,), ()).network
    assert isinstance(network, FullyConnected)
    drawn = network.initial(range(200))
    for layer, (out, into) in network.shapes():
        torch.manual_seed(0)
        theirs = [torch.nn.Linear(into, out) for _ in range(200)]
        for name in ("weight", "bias"):
            ours, wanted = (
                drawn[f"{layer}.linear.{name}"],
                torch.stack([getattr(each, name).detach() for each in theirs]),
            )
            assert ours.abs().max() <= into**-0.5
            assert ours.std() == pytest.approx(float(wanted.std()), rel=0.1)
            assert ours.mean() == pytest.approx(0, abs=0.05)


def test_the_deepest_trough():
    curves = np.array([[0, 5, 3, 4, 1], [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [5, 1, 5, 0, 3]], float)
    assert _brackets.deepest_trough(curves).tolist() == [1, 0, 0, 4]


# --- noisy networks are measured with their own noise -----------------------------------------------------------------


@pytest.fixture(scope="module")
def noisy_run(tmp_path_factory):
    """Two networks of two members, one of them with noise, trained for three epochs."""
    recipe = Recipe(epochs=3, learning_rate=4e-3)
    out = tmp_path_factory.mktemp("noisy") / "run"
    networks = {"noisy": FullyConnected((12, 4, 3, 2), noise=0.1), "plain": FullyConnected((12, 4, 3, 2))}
    plans = {
        name: NetworkPlan(name, "boolean12", network, recipe, (0, 1), (0, 3), ()) for name, network in networks.items()
    }
    folder = running.RunFolder.create(
        out, {"title": "", "figure": None, "preset": "smoke", "networks": {k: v.to_json() for k, v in plans.items()}}
    )
    for name, plan in plans.items():
        folder.update({"networks": {**folder.manifest()["networks"], name: {**plan.to_json(), "sites": []}}})
        running.train_network(folder, name, plan)
    return out


def test_a_noisy_run_is_measured_with_its_own_noise_by_default(noisy_run):
    run = infoscope.load(noisy_run)
    rows = run.measure("noisy", network="noisy", population="dataset", replicas=8, tolerance=0.1)
    assert rows.sites() == ["hidden1", "hidden2"], "the output has no noise"
    assert set(rows.unique("variable")) == {"input", "label"}
    assert len(rows) == 2 * 2 * 2 * 2  # sites, members, steps, variables
    assert not any("added by the analysis" in text for text in rows.unique("estimand"))
    assert '"noise":0.1' in rows.unique("options")[0]
    first, second = rows.filter(site="hidden1", variable="input"), rows.filter(site="hidden2", variable="input")
    assert "8 noisy forwards" not in first.unique("estimand")[0]
    assert all("8 noisy forwards" in text for text in second.unique("estimand"))
    assert (second.column("low") <= first.column("high") + 1e-9).all(), "processing"
    members = second.curves()[2]
    assert members[0, 0] != members[1, 0]
    again = run.measure("noisy", network="noisy", population="dataset", replicas=8, tolerance=0.1, noise="0.1")
    assert len(again) == len(rows), "the same measurement"
    replay = run.replay("noisy", None)
    s = replay.propagated(0, 1, ["hidden2"], 8, 0)["hidden2"][0].numpy()
    wanted = noisy_information(s, 0.1, "dataset", tolerance=0.1)
    assert second.filter(member=1, step=0).column("value")[0] == pytest.approx(wanted.value, abs=1e-9)


def test_another_noise_than_the_networks_own_must_be_meant(noisy_run):
    run = infoscope.load(noisy_run)
    with pytest.raises(InputError, match=r"noise=0\.3 differs from these networks' own noise of 0\.1: leave it out"):
        run.measure("noisy", network="noisy", population="dataset", noise=0.3)
    with pytest.raises(InputError, match="replicas=4 arrived for networks without noise of their own"):
        run.measure("noisy", network="plain", population="dataset", replicas=4)
    with pytest.raises(InputError, match="population is None"):
        run.measure("noisy", network="noisy")
    rows = run.measure(
        "noisy", places=("hidden1",), network="noisy", population="dataset", noise=0.3, replicas=0, tolerance=0.1
    )
    assert all("noise added by the analysis" in text for text in rows.unique("estimand"))
    assert rows.unique("status") == [Status.OK.name]


def test_a_diverged_noisy_member_costs_its_own_rows(noisy_run, monkeypatch):
    from infoscope.scanning import one_pass
    from infoscope.scanning.replay import EnsembleReplay

    run = infoscope.load(noisy_run)
    propagated = EnsembleReplay.propagated

    def broken(self, step, member, sites, replicas, seed):
        found = propagated(self, step, member, sites, replicas, seed)
        return {site: s * math.nan if member == 1 else s for site, s in found.items()}

    monkeypatch.setattr(EnsembleReplay, "propagated", broken)
    plan = MeasurePlan("noisy", {"noise": 0.1, "population": "dataset", "replicas": 9, "tolerance": 0.3}, ("hidden2",))
    one_pass.measure(run.folder, "noisy", run.replay("noisy", None), [plan], "measuring")
    rows = plan.rows(run.rows, "noisy").filter(quantity="I(X;T)")
    assert set(rows.filter(member=1).unique("status")) == {"FAILED"}
    assert "FAILED" not in rows.filter(member=0).unique("status")
