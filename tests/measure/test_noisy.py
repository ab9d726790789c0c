"""Laws of the sample-propagation estimator, the table of honest answers, and the estimator along a trajectory."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import infoscope
from infoscope import estimator as make
from infoscope import layer_information, noisy_information, noisy_layer
from infoscope.core.errors import InputError, UntrustedEstimateError
from infoscope.core.estimate import Status
from infoscope.core.measurement import Given
from infoscope.measure.noise import draws, ends, setting
from infoscope.measure.noise import posterior as posterior
from infoscope.measure.noise.draws import Draws
from infoscope.measure.noise.mixture import Mixture
from infoscope.measure.noise.propagation import propagate
from infoscope.measure.noise.setting import Setting

RNG = np.random.default_rng(0)
S = np.tanh(RNG.normal(size=(300, 3)))
Y = RNG.integers(3, size=300)
DEEP = np.tanh(S[:, None] + 0.2 * RNG.normal(size=(300, 5, 3)))


def value(s, noise=0.2, seed=0, tolerance=0.02):
    return noisy_information(s, noise, "dataset", tolerance=tolerance, seed=seed).value


# --- laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("population", ["dataset", "sample"])
@pytest.mark.parametrize("s", [S, DEEP], ids=["first layer", "second layer"])
def test_every_estimate_lies_in_its_interval_and_within_what_can_be(s, population):
    layer = noisy_layer(s, 0.2, population, {"y": Y})
    for found in (layer.xt, layer.t, layer.t_given_x, layer.ty["y"]):
        assert found.interval[0] <= found.value <= found.interval[1]
        assert found.n == 300
        assert found.seconds > 0
    error = (layer.xt.interval[1] - layer.xt.interval[0]) / 2 + 1e-9
    assert -error <= layer.xt.value <= min(math.log(300), layer.cap) + error
    assert layer.ty["y"].value <= layer.xt.value + 0.05, "processing: the label is a function of the input here"
    of_noise = 1.5 * math.log(2 * math.pi * math.e * 0.04)
    assert layer.t_given_x.value == pytest.approx(of_noise, abs=1e-9) or s is DEEP
    assert layer.xt.value == pytest.approx(layer.t.value - layer.t_given_x.value, abs=0.03)
    assert layer.error_bound == pytest.approx(math.sqrt(3 / layer.queries))


def test_more_noise_never_says_more():
    values = [value(S, noise) for noise in (0.02, 0.05, 0.1, 0.3, 1.0, 10.0)]
    assert all(a >= b - 0.02 for a, b in itertools.pairwise(values))
    assert value(S, 1e-5) == pytest.approx(math.log(300), abs=1e-9)
    assert value(S, 1e4) == pytest.approx(0, abs=1e-3)


def test_without_noise_it_is_the_entropy_of_the_patterns():
    patterns = RNG.normal(size=(4, 5))[np.repeat(np.arange(4), [40, 30, 20, 10])]
    p = np.array([0.4, 0.3, 0.2, 0.1])
    assert value(patterns, 1e-6) == pytest.approx(-(p @ np.log(p)), abs=1e-9)


def test_moving_turning_and_scaling_change_nothing_but_the_draws():
    turn = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    truth = value(S, tolerance=0.005)
    for moved in (S @ turn, S[:, ::-1], S[::-1], S + 100):
        assert value(moved, tolerance=0.005) == pytest.approx(truth, abs=0.02)
    assert value(8 * S, 1.6) == pytest.approx(value(S), abs=1e-9)  # by a power of two the draws are the same as well
    assert value(np.concatenate([S, S])) == pytest.approx(truth, abs=0.06), "copies of every centre change nothing"


def test_a_label_of_its_own_for_every_input_is_the_input():
    layer = noisy_layer(S, 0.2, "dataset", {"each": np.arange(300), "none": np.zeros(300, int)})
    assert layer.ty["each"].value == pytest.approx(layer.xt.value, abs=0.02)
    assert layer.ty["none"].value == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("d", [1, 3, 12])
@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_the_error_stays_under_the_square_root_of_d_over_n(d, noise):
    s = np.tanh(np.random.default_rng(d).normal(size=(50, d)))
    layers = [propagate(s, noise, "dataset", tolerance=0.1, seed=seed) for seed in range(40)]
    values = np.array([layer.t.value for layer in layers])
    assert values.std(ddof=1) <= 1.3 * layers[0].error_bound  # 40 seeds know their scatter to a tenth
    assert layers[0].error_bound <= 0.1
    stated = np.mean([(layer.t.interval[1] - layer.t.interval[0]) / (2 * 1.96) for layer in layers])
    assert values.std(ddof=1) <= 1.4 * stated


def test_tolerance_decides_the_number_of_draws():
    rough, fine = (noisy_layer(S, 0.2, "dataset", tolerance=t) for t in (0.05, 0.005))
    assert rough.queries == 1200
    assert fine.queries == 120_000
    assert "120000 draws" in fine.xt.notes[-1]
    with pytest.raises(InputError, match=r"tolerance=1e-05 asks for .* draws in 3 dimensions.*raise it to 0\.00039"):
        noisy_information(S, 0.2, "dataset", tolerance=1e-5)


def test_the_draws_are_not_those_of_a_person_with_the_same_seed():
    """Rows made by default_rng(0) and draws of seed 0 in step would be a disaster that looks like an answer."""
    for seed in (0, 1):
        x = np.random.default_rng(seed).normal(size=(500, 1))
        found = noisy_information(x, 1.0, "sample", seed=seed, tolerance=0.05)
        assert found.value == pytest.approx(0.3466, abs=0.06)


@pytest.mark.parametrize("s", [S, DEEP], ids=["first layer", "second layer"])
def test_the_same_for_any_number_of_threads_and_any_chunk(s, monkeypatch):
    first = propagate(s, 0.2, "dataset", {"y": Y}, threads=1)
    assert propagate(s, 0.2, "dataset", {"y": Y}, threads=3).xt.value == first.xt.value
    monkeypatch.setattr(draws, "CHUNK", 3000)
    again = propagate(s, 0.2, "dataset", {"y": Y}, threads=1)
    assert again.xt.value == pytest.approx(first.xt.value, abs=1e-12)
    assert again.ty["y"].value == pytest.approx(first.ty["y"].value, abs=1e-12)


@pytest.mark.parametrize("s", [S, DEEP], ids=["first layer", "second layer"])
def test_tensors(s, elsewhere):
    there = noisy_layer(torch.tensor(s, device=elsewhere), 0.2, "dataset", {"y": torch.tensor(Y)})
    here = noisy_layer(s, 0.2, "dataset", {"y": Y})
    assert there.xt.value == pytest.approx(here.xt.value, abs=1e-9)
    assert there.ty["y"].value == pytest.approx(here.ty["y"].value, abs=1e-9)


# --- what is refused, and what is flagged -----------------------------------------------------------------------------


def test_the_population_must_be_said():
    for ask in (lambda: noisy_information(S, 0.1), lambda: noisy_layer(S, 0.1, "all"), lambda: make("noisy")):
        with pytest.raises(InputError, match=r"wanted 'dataset' .* or 'sample' .*say which"):
            ask()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((S, 0.0, "dataset"), "noise is 0.0, wanted a number above 0"),
        ((S[:, None], 0.1, "dataset"), "has 1 row|one replica an input"),
        ((S[:1], 0.1, "dataset"), "has 1 row, wanted at least 2"),
        ((DEEP[:1], 0.1, "dataset"), "wanted .*at least 2 inputs"),
        ((np.full((3, 2), np.nan), 0.1, "dataset"), "NaN"),
        ((S, 0.1, "dataset", Y[:5]), "5 labels for 300 rows"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        noisy_information(*arguments)


def test_a_bracket_wider_than_the_tolerance_is_unresolved():
    found = noisy_information(DEEP, 0.2, "dataset")
    assert found.status is Status.UNRESOLVED
    assert found.notes[0].startswith("in expectation between")
    with pytest.raises(UntrustedEstimateError, match="UNRESOLVED"):
        noisy_information(DEEP, 0.2, "dataset", strict=True)


def test_a_sample_that_noise_leaves_apart_is_saturated_and_a_dataset_is_not():
    sample, dataset = (noisy_information(100 * S, 0.1, population) for population in ("sample", "dataset"))
    assert sample.status is Status.SATURATED
    assert dataset.status is Status.OK
    assert "the entropy of these inputs" in dataset.notes[-1]
    assert sample.value == pytest.approx(math.log(300), abs=1e-6)


@pytest.mark.parametrize("s", [np.ones((50, 3)), np.ones((50, 4, 3))], ids=["first layer", "second layer"])
@pytest.mark.parametrize("population", ["dataset", "sample"])
def test_a_constant_layer_is_degenerate(s, population):
    layer = noisy_layer(s, 0.1, population, {"y": np.arange(50) % 2})
    assert layer.xt.value == layer.ty["y"].value == 0
    assert {e.status for e in (layer.xt, layer.t, layer.t_given_x, layer.ty["y"])} == {Status.DEGENERATE}


def test_a_class_of_one_sampled_input_leaves_no_way_to_leave_it_out():
    y = np.zeros(300, int)
    y[0] = 1
    found = noisy_information(S, 0.2, "sample", y)
    assert found.interval[0] <= 0 <= found.value + 1e-3
    assert math.isfinite(found.interval[1])


@pytest.mark.parametrize("population", ["dataset", "sample"])
@pytest.mark.parametrize(
    "shape", [(2, 1), (2, 4), (3, 2), (2, 2, 1), (2, 2, 3), (3, 5, 2), (4, 3, 600), (12, 700)], ids=str
)
def test_the_smallest_and_the_widest_layers_get_finite_answers(shape, population):
    s = np.random.default_rng(1).normal(size=shape)
    layer = noisy_layer(s, 0.5, population, {"y": np.arange(shape[0]) % 2}, tolerance=0.2)
    for found in (layer.xt, layer.t, layer.t_given_x, layer.ty["y"]):
        assert np.isfinite([*found.interval, found.value]).all()
        assert found.interval[0] <= found.value <= found.interval[1]


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("replicas", [2, 8])
def test_a_deeper_layer_knows_no_more_than_the_one_before(gain, replicas):
    weights = gain * np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    first = noisy_layer(S, 0.1, "dataset", {"y": Y})
    forwards = S[:, None] + 0.1 * np.random.default_rng(5).normal(size=(300, replicas, 3))
    second = noisy_layer(np.tanh(forwards @ weights), 0.1, "dataset", {"y": Y})
    assert second.xt.interval[0] <= first.xt.interval[1]
    assert second.ty["y"].interval[0] <= first.ty["y"].interval[1]


# --- many replicas ----------------------------------------------------------------------------------------------------


def test_sums_over_the_own_replicas_agree_with_the_mixture():
    z = 0.2 * RNG.normal(size=(2, 300, 3))
    whose = np.repeat(np.arange(300), 5)
    twin = Mixture(DEEP.reshape(-1, 3), 0.2, whose[None]).around(np.arange(300) * 5 + 1, z).kin[0]
    np.testing.assert_allclose(posterior.own_sums(DEEP, 1, z, 0.2), twin, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 3, posterior.FULL + 1])
def test_gaussians_of_the_inputs_agree_with_a_readable_twin(d):
    rng = np.random.default_rng(d)
    s = rng.normal(size=(30, 1, d)) + 0.3 * rng.normal(size=(30, 10, d))
    t, own, kinds = rng.normal(size=(200, d)), np.arange(200) % 30, rng.integers(3, size=(1, 30))
    mine, sums = posterior.Judges(posterior.ReplicaMoments(s), 1, 0.2).log_densities(t, own, kinds)
    rest = np.delete(s, [1, 5, 9], axis=1)
    scatter = np.array([np.cov(one.T, ddof=0).reshape(d, d) * 7 for one in rest])
    spread = (1 + 1 / 7) * (scatter + (d + 1) * scatter.mean(0) / 6) / (6 + d + 1) + 0.04 * np.eye(d)
    if d > posterior.FULL:
        spread = spread * np.eye(d)
    logs = np.array([multivariate_normal(m, c).logpdf(t) for m, c in zip(rest.mean(1), spread, strict=True)]).T
    np.testing.assert_allclose(mine, logs[np.arange(200), own], atol=1e-8)
    np.testing.assert_allclose(sums[0], logsumexp(logs, axis=1), atol=1e-8)
    same = kinds[0][None] == kinds[0][own][:, None]
    np.testing.assert_allclose(sums[1], logsumexp(np.where(same, logs, -np.inf), axis=1), atol=1e-8)


def test_a_value_in_the_middle_says_so(monkeypatch):
    deep = np.tanh(S[:, None] + 0.2 * np.random.default_rng(1).normal(size=(300, 16, 3)))
    whole = noisy_layer(deep, 0.2, "dataset", {"y": Y})
    monkeypatch.setattr(setting, "MOST_CENTRES", 900)
    few = noisy_layer(deep, 0.2, "dataset", {"y": Y})
    assert any("stood for by their Gaussians, value in the middle" in note for note in few.xt.notes)
    for a, b in ((whole.xt, few.xt), (whole.ty["y"], few.ty["y"]), (whole.t, few.t)):
        assert max(a.interval[0], b.interval[0]) <= min(a.interval[1], b.interval[1]), "both hold the truth"
        assert b.interval[0] <= b.value <= b.interval[1]


def test_noise_too_small_for_a_matrix_multiply_does_without_gaussians():
    deep = np.tanh(S[:, None] + 1e-9 * np.random.default_rng(1).normal(size=(300, 16, 3)))
    found = noisy_layer(deep, 1e-9, "dataset")
    assert found.xt.value == pytest.approx(math.log(300), abs=1e-6)
    assert found.t_given_x.interval[0] <= found.t_given_x.interval[1] < -50


# --- the table --------------------------------------------------------------------------------------------------------

MERGED = np.sign(S[:, :2])


@pytest.mark.parametrize(
    ("t", "network", "inputs", "population", "status", "words"),
    [
        (S, "deterministic", "finite", "dataset", Status.VACUOUS, r"I\(X;T\) = H\(X\) = 5.704 nats"),
        (S, "deterministic", "finite", "sample", Status.VACUOUS, r"I\(X;T\) = H\(X\)"),
        (S, "deterministic", "continuous", "sample", Status.VACUOUS, "infinite for almost all weights"),
        (MERGED, "deterministic", "finite", "dataset", Status.OK, "merge do so in floating point"),
        (MERGED, "quantised", "finite", "dataset", Status.OK, "4 different rows of 300"),
        (MERGED, "quantised", "continuous", "sample", Status.OK, "4 different rows of 300"),
        (S, "quantised", "continuous", "sample", Status.SATURATED, "ln n is 5.704"),
        (DEEP, "binary dropout", "continuous", "sample", Status.VACUOUS, r"infinite \(or 0\)"),
        (DEEP, "binary dropout", "finite", "dataset", Status.VACUOUS, "no two inputs share a pattern"),
        (np.ones((9, 2)), "quantised", "finite", "dataset", Status.DEGENERATE, "1 different rows of 9"),
        (np.ones((9, 3, 2)), "binary dropout", "finite", "dataset", Status.DEGENERATE, "1 different rows of 27"),
    ],
)
def test_the_table_of_honest_answers(t, network, inputs, population, status, words):
    found = layer_information(t, network, inputs, population)
    assert found.status is status
    assert re.search(words, " ".join(found.notes))
    if status is Status.VACUOUS:
        assert "binned" in found.notes[-1], "what to ask instead"
        with pytest.raises(UntrustedEstimateError, match="VACUOUS"):
            layer_information(t, network, inputs, population, strict=True)


def test_a_quantised_layer_has_the_entropy_of_its_patterns():
    p = np.unique(MERGED, axis=0, return_counts=True)[1] / 300
    for network in ("quantised", "deterministic"):
        found = layer_information(MERGED, network, "finite", "dataset")
        assert found.value == pytest.approx(-(p @ np.log(p)))
        assert found.bound == "none"
    assert layer_information(MERGED, "quantised", "finite", "sample").bound == "lower"


def test_dropout_masks_that_hide_the_input_are_counted():
    """One unit of ±1, dropped half of the time: I(X;T) = ln 2 / 2."""
    x = np.repeat([-1.0, 1.0], 50)
    kept = np.tile([0.0, 1.0], 10)
    found = layer_information((x[:, None] * kept)[:, :, None], "binary dropout", "finite", "dataset")
    assert found.value == pytest.approx(math.log(2) / 2)
    assert found.status is Status.OK


@pytest.mark.parametrize("a", [0.1, 0.5])
def test_gaussian_dropout_on_one_unit_is_an_integral(a):
    points = np.array([0.5, 1.0, 1.3, -2.0])
    grid = np.linspace(-15, 15, 600_001)
    terms = np.exp(-(((grid - points[:, None]) / (a * points[:, None])) ** 2) / 2)
    terms /= a * np.abs(points[:, None]) * math.sqrt(2 * math.pi)
    mean = terms.mean(0)
    given = np.log(np.abs(points)).mean() + math.log(a * math.sqrt(2 * math.pi * math.e))
    truth = -(mean[mean > 0] * np.log(mean[mean > 0])).sum() * (grid[1] - grid[0]) - given
    found = layer_information(points[:, None], "gaussian dropout", "finite", "dataset", noise=a, tolerance=0.01)
    assert found.interval[0] - 0.01 <= truth <= found.interval[1] + 0.01
    assert found.status is Status.OK
    assert any(note == f"h(Z|X) is {given:.4g} nats" for note in found.notes)


def test_units_that_dropout_leaves_at_zero_tell_inputs_apart():
    f = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    found = layer_information(f, "gaussian dropout", "finite", "dataset", noise=2.0)
    assert found.value == pytest.approx(1.5 * math.log(2), abs=1e-9)  # H(1/2, 1/4, 1/4)
    assert any("62.5% of the outputs are exactly 0" in note for note in found.notes)
    assert any("-inf" in note for note in found.notes)


def test_gaussian_dropout_laws():
    values = [layer_information(S, "gaussian dropout", "finite", "dataset", noise=a).value for a in (0.01, 0.1, 0.5, 5)]
    assert all(x >= y - 0.03 for x, y in itertools.pairwise(values))
    scaled = layer_information(S * [2.0, -3.0, 0.1], "gaussian dropout", "finite", "dataset", noise=0.5).value
    assert scaled == pytest.approx(values[2], abs=1e-9), "each unit's scale is its noise's"
    sample = layer_information(S, "gaussian dropout", "continuous", "sample", noise=0.01)
    assert (sample.bound, sample.status) == ("lower", Status.SATURATED)
    same = layer_information(np.ones((5, 2)), "gaussian dropout", "finite", "dataset", noise=0.5)
    assert (same.value, same.status) == (0.0, Status.DEGENERATE)
    with pytest.raises(InputError, match="without noise, wanted the sd of its factors"):
        layer_information(S, "gaussian dropout", "finite", "dataset")
    with pytest.raises(InputError, match="the outputs before the first such layer"):
        layer_information(DEEP, "gaussian dropout", "finite", "dataset", noise=0.5)
    with pytest.raises(InputError, match=r"asks for 3e\+08 draws"):
        layer_information(S, "gaussian dropout", "finite", "dataset", noise=0.5, tolerance=1e-4)


def test_a_noisy_layer_is_measured_and_noise_of_the_analysis_labelled():
    trained = layer_information(S, "noisy", "finite", "dataset", noise=0.2)
    added = layer_information(S, "deterministic", "continuous", "sample", noise=0.2)
    assert trained.value == value(S)
    assert trained.status is Status.OK
    assert "analysis" not in trained.estimand + " ".join(trained.notes)
    assert added.estimand.endswith("noise added by the analysis")
    assert any("the network never saw it" in note for note in added.notes)


@pytest.mark.parametrize(
    ("arguments", "noise", "words"),
    [
        ((S, "stochastic", "finite", "dataset"), None, "network is 'stochastic', wanted one of 'deterministic'"),
        ((S, "noisy", "any", "dataset"), 0.1, "inputs is 'any', wanted one of 'finite', 'continuous'"),
        ((S, "noisy", "finite", "dataset"), None, "without noise, wanted its standard deviation"),
        ((S, "noisy", "continuous", "dataset"), 0.1, "a dataset is finite"),
        ((S, "quantised", "finite", "dataset"), 0.1, "wanted none"),
        ((S, "binary dropout", "finite", "dataset"), None, r"wanted t \[n, R, d\]"),
        ((DEEP, "quantised", "finite", "dataset"), None, r"wanted t \[n, d\]"),
        ((S, "quantised", "finite"), None, "say which"),
    ],
)
def test_questions_that_make_no_sense_are_refused(arguments, noise, words):
    with pytest.raises(InputError, match=words):
        layer_information(*arguments, noise=noise)


# --- along a trajectory -----------------------------------------------------------------------------------------------


def test_stored_weights_are_measured_and_labelled(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
    x = torch.tensor(S, dtype=torch.float32)
    with infoscope.watch(model, x, {"label": Y}, measures=["binned"], out=tmp_path / "run") as scope:
        scope.step(0)
        with torch.no_grad():
            model[0].weight *= 3
        scope.step(1)
    run = infoscope.load(tmp_path / "run")

    def fresh():
        return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())

    rows = run.measure("noisy", places=("1",), model=fresh, noise="0.3", population="dataset")
    told = {
        (step, v): value
        for step, v, value in zip(*(rows.column(c) for c in ("step", "variable", "value")), strict=True)
    }
    expected = noisy_layer(model(x).detach(), 0.3, "dataset", {"label": Y})
    assert told[1, "input"] == pytest.approx(expected.xt.value, abs=1e-6)
    assert told[1, "label"] == pytest.approx(expected.ty["label"].value, abs=1e-6)
    assert told[1, "input"] > told[0, "input"]
    assert all(text.endswith("noise added by the analysis") for text in rows.column("estimand"))
    with pytest.raises(InputError, match="population is None, wanted 'dataset'"):
        run.measure("noisy", model=fresh, noise=0.3)


def test_the_estimator_takes_noisy_forwards_and_says_whose_noise_it_is():
    deep = np.repeat(DEEP[None].astype(np.float32), 2, axis=0)
    with_noise = make("noisy", noise=0.2, population="dataset", replicas=5)
    first, second = with_noise.measure(deep[:, :, 0], {"label": Y}, Given(replicas=deep))
    wanted = noisy_layer(deep[0], 0.2, "dataset", {"label": Y})
    assert [one.variable for one in first] == ["input", "label"]
    assert first[0].estimate.value == second[0].estimate.value == wanted.xt.value
    assert first[0].estimate.interval == wanted.xt.interval
    assert first[1].estimate.value == wanted.ty["label"].value
    assert "noise added by the analysis" not in first[0].estimate.estimand
    alike = np.repeat(S[None, :, None], 5, axis=2)
    ((first,),) = with_noise.measure(alike[:, :, 0], {}, Given(replicas=alike))
    assert first.estimate.value == pytest.approx(value(S)), "the first noisy layer"
    with pytest.raises(InputError, match=r"wanted \[members, inputs, 5 replicas, units\]"):
        with_noise.measure(deep[:, :, 0], {}, Given(replicas=deep[:, :, :4]))
    broken = deep.copy()
    broken[1, 3, 2, 0] = np.nan
    with pytest.raises(InputError, match="NaN or infinity"):
        with_noise.measure(broken[:, :, 0], {}, Given(replicas=broken))


def test_the_estimators_entropy_is_that_of_the_noisy_rows():
    found = infoscope.entropy(S, estimator="noisy", noise=0.2, population="dataset")
    assert found.quantity == "h(T+N)"
    assert found.value == pytest.approx(noisy_layer(S, 0.2, "dataset").t.value)
    kde = infoscope.entropy(S, estimator="kde", noise=0.2)
    assert kde.interval[0] - 0.02 <= found.value <= kde.interval[1] + 0.02


@pytest.mark.parametrize("population", ["dataset", "sample"])
@pytest.mark.parametrize(("inputs", "forwards"), [(60, 1), (60, 6), (60, 12), (1500, 9)])
def test_every_lower_bound_lies_below_every_upper_one(population, inputs, forwards):
    """Each bound is on its side of the truth in expectation, so all of a quantity agree within their errors."""
    rng = np.random.default_rng(inputs + forwards)
    s = np.tanh(rng.normal(size=(inputs, 1, 2)) + 0.3 * rng.normal(size=(inputs, forwards, 2)))
    layer = Setting(s if forwards > 1 else s[:, 0], 0.3, population, {"y": np.arange(inputs) % 3}, "network")
    sums, _ = Draws(layer, 0.05, 0).until(lambda drawn: ends.information(layer, drawn))
    found = ends.found(layer, sums, ends.cap_of_layer(layer))
    assert {bound.about.quantity for bound in found.bounds} == {"h(T)", "h(T|X)", "I(X;T)", "I(T;Y)"}
    for about in {bound.about for bound in found.bounds}:
        lows, highs = found.of(about, "low"), found.of(about, "high")
        assert all(bound.why for bound in (*lows, *highs))
        for low in lows:
            for high in highs:
                apart = low.mean.minus(high.mean)
                assert apart.value <= 4 * apart.error + 1e-9, (about, low, high)
