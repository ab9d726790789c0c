"""Critics: their parts against slow twins, their answers against closed forms, each status where it belongs."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

import infoscope
from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.critics import bounds as bounds
from infoscope.measure.critics import inputs as inputs
from infoscope.measure.critics import networks as networks

LOWER = ("donsker_varadhan", "infonce", "jensen_shannon", "nwj")
EVERY = (*LOWER, "smile")


def gaussian(n, d, rho, seed=0):
    """x and y with correlation rho in each of d pairs: I = -d ln(1 - rho²) / 2."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def small_critic(kind, n=40, seed=0):
    """A critic with parameters away from the start, and rows for it."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    x, y = gaussian(n, 3, 0.7, seed)
    of_x, of_y = (torch.from_numpy(inputs.normal_scores(z)) for z in (x, y))
    u, v = networks.gaussian_part([inputs.canonical(of_x, of_y, torch.arange(n))], [of_x], of_y)
    wide = [inputs.with_length(z.numpy()) for z in (of_x, of_y)]
    rows = networks.CriticInputs(
        *networks.rows_of(wide[:1], wide[1], torch.device("cpu")), torch.zeros(1, dtype=int), u, v
    )
    critic = {"separable": networks.Separable, "concatenated": networks.Concatenated}[kind](4, 4, [8, 8])
    parameters = critic.initial(1, generator)
    noise = [torch.from_numpy(rng.normal(size=p.shape)).float() for p in parameters]
    return critic, [p + 0.2 * more for p, more in zip(parameters, noise, strict=True)], rows


@pytest.mark.parametrize("n", [12, 40])
def test_a_concatenated_critic_trains_on_each_row_s_pair_and_31_others(n):
    critic, parameters, rows = small_critic("concatenated", n)
    pairs = critic.training_pairs(parameters, *critic.embed(parameters, rows, torch.arange(n)[None]))
    assert pairs.partners == min(31, n - 1)
    assert pairs.own.sum() == n
    assert torch.equal(pairs.joint, pairs.every[:, pairs.own].reshape(1, n))


def layers(parameters, h):
    """A multilayer perceptron, one layer after the other."""
    for place in range(0, len(parameters), 2):
        h = (h.clip(0) if place else h) @ parameters[place][0].numpy() + parameters[place + 1][0, 0].numpy()
    return h


def score(kind, parameters, rows, i, j):
    """f(x_i, y_j), written out."""
    x, y = rows.x[0, i].numpy(), rows.y[j].numpy()
    total = float(rows.u[0, i] @ rows.v[0, j])
    if kind == "separable":
        g, h = layers(parameters[:6], x), layers(parameters[6:], y)
        return total + g[:-1] @ h[:-1] + g[-1] + h[-1]
    first = layers(parameters[:2], x) + layers(parameters[2:4], y)
    return total + float(layers(parameters[4:], first.clip(0))[0])


@pytest.mark.parametrize("kind", ["separable", "concatenated"])
def test_held_out_scores_are_those_of_all_pairs_whatever_the_chunks(kind, monkeypatch):
    critic, parameters, rows = small_critic(kind)
    chosen = torch.arange(5, 40)
    n = len(chosen)
    table = np.array([[score(kind, parameters, rows, i, j) for j in chosen.tolist()] for i in chosen.tolist()])
    powers = np.exp(table) * (1 - np.eye(n))
    joint = np.diag(table)
    mean = powers.sum() / (n * (n - 1))
    candidates = np.log(np.exp(table).mean(axis=1))
    for chunk in (1, 2**20):
        monkeypatch.setattr(bounds, "CHUNK", chunk)
        found = bounds.held_out(critic, parameters, rows, chosen)
        np.testing.assert_allclose(found.joint, joint, atol=1e-4)
        np.testing.assert_allclose(found.log_partition, np.log(mean), atol=1e-4)
        np.testing.assert_allclose(found.candidates, candidates, atol=1e-4)
        np.testing.assert_allclose(found.pull, (powers.sum(0) + powers.sum(1)) / (n - 1) / mean - 2, atol=1e-3)
        picked = (np.exp(table) / np.exp(table).sum(1, keepdims=True)).sum(0) - 1
        np.testing.assert_allclose(found.chosen, picked, atol=1e-3)
    clipped = bounds.held_out(critic, parameters, rows, chosen, clip=0.5)
    inside = np.exp(table.clip(-0.5, 0.5)) * (1 - np.eye(n))
    np.testing.assert_allclose(clipped.log_partition, np.log(inside.sum() / (n * (n - 1))), atol=1e-4)
    np.testing.assert_allclose(clipped.joint, joint, atol=1e-4)


def test_the_concatenated_critic_compares_many_rows_with_some_others_each(monkeypatch):
    critic, parameters, rows = small_critic("concatenated")
    monkeypatch.setattr(critic, "partners", lambda n: 3)
    found = bounds.held_out(critic, parameters, rows, torch.arange(40))
    table = [[score("concatenated", parameters, rows, i, (i + s) % 40) for s in range(1, 4)] for i in range(40)]
    np.testing.assert_allclose(found.log_partition, np.log(np.exp(table).mean()), atol=1e-4)
    assert found.partners == 3
    assert abs(found.pull.mean()) < 1e-5


@pytest.mark.parametrize("kind", ["infonce", "donsker_varadhan", "nwj", "smile"])
def test_what_a_row_adds_agrees_with_leaving_it_out(kind):
    critic, parameters, rows = small_critic("separable", 200)
    value, influence = bounds.read(kind, bounds.held_out(critic, parameters, rows, torch.arange(200), scale=0.1))
    assert abs(influence.mean()) < 1e-4
    without = []
    for i in range(200):
        left = torch.cat([torch.arange(i), torch.arange(i + 1, 200)])
        without.append(bounds.read(kind, bounds.held_out(critic, parameters, rows, left, scale=0.1))[0])
    jackknife = 199 * (value - np.array(without))
    assert np.corrcoef(jackknife, influence)[0, 1] > 0.99
    assert jackknife.std() == pytest.approx(influence.std(), rel=0.1)


def test_the_gaussian_part_is_the_log_density_ratio():
    x, y = gaussian(20_000, 2, 0.6)
    mixed = y @ np.array([[1.0, 0.5], [0.2, 1.0]])
    tx, ty = torch.from_numpy(x), torch.from_numpy(mixed)
    found = inputs.canonical(tx, ty, torch.arange(len(x)))
    np.testing.assert_allclose(found.correlations, [0.6, 0.6], atol=0.02)
    u, v = networks.gaussian_part([found], [tx], ty)
    covariance = np.cov(np.hstack([x, mixed]).T)
    both = stats.multivariate_normal(cov=covariance).logpdf(np.hstack([x, mixed])[:100])
    alone = stats.multivariate_normal(cov=covariance[:2, :2]).logpdf(x[:100])
    alone += stats.multivariate_normal(cov=covariance[2:, 2:]).logpdf(mixed[:100])
    np.testing.assert_allclose((u[0, :100] * v[0, :100]).sum(1), both - alone, atol=0.1)


def test_canonical_correlations_of_independent_rows_are_held_near_zero():
    x, y = (torch.from_numpy(np.random.default_rng(k).normal(size=(300, 25))) for k in range(2))
    kept = inputs.canonical(x, y, torch.arange(300)).correlations
    assert float(-0.5 * torch.log1p(-kept * kept).sum()) < 0.1  # the fitted correlations would say 1.2 nats


def slow_correlations(x, y):
    """Each pair of directions refitted without a fifth of the rows and correlated on that fifth; the mean of the five,
    of the shrinkage under which they are worth most."""

    def whitening(c, shrinkage):
        values, vectors = np.linalg.eigh((1 - shrinkage) * c + shrinkage * np.trace(c) / len(c) * np.eye(len(c)))
        return vectors / np.sqrt(values)

    p, z = x.shape[1], np.hstack([x, y])
    fifths = z[: len(z) // 5 * 5].reshape(5, -1, z.shape[1])
    worth = {}
    for shrinkage in (0.001, 0.1, 0.5):
        seen = []
        for left_out in range(5):
            c = np.cov(np.vstack([fifth for i, fifth in enumerate(fifths) if i != left_out]).T, bias=True)
            wx, wy = whitening(c[:p, :p], shrinkage), whitening(c[p:, p:], shrinkage)
            left, _, right = np.linalg.svd(wx.T @ c[:p, p:] @ wy, full_matrices=False)
            of_x, of_y = fifths[left_out][:, :p] @ wx @ left, fifths[left_out][:, p:] @ wy @ right.T
            seen.append([np.corrcoef(a, b)[0, 1] for a, b in zip(of_x.T, of_y.T, strict=True)])
        mean = np.clip(np.mean(seen, axis=0), 0, None)
        worth[-0.5 * np.log1p(-mean * mean).sum()] = mean
    return worth[max(worth)]


@pytest.mark.parametrize(("n", "d", "rho"), [(97, 2, 0.9), (203, 3, 0.7), (64, 3, 0.8)])  # rows that fifths leave over
def test_canonical_correlations_are_those_of_fifths_that_were_left_out(n, d, rho):
    x, y = gaussian(n, d, rho)
    found = inputs.canonical(torch.from_numpy(x), torch.from_numpy(y), torch.arange(n)).correlations
    np.testing.assert_allclose(found, slow_correlations(x, y), atol=1e-9)


@pytest.mark.parametrize("kind", ["infonce", "donsker_varadhan", "jensen_shannon"])
def test_training_objectives_are_the_formulas(kind):
    table = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(0))
    pairs = networks.PairScores(table.diagonal(dim1=1, dim2=2), table, torch.eye(6, dtype=torch.bool))
    f = table[0].double().numpy()
    others = f[~np.eye(6, dtype=bool)]
    expected = {
        "infonce": np.mean(np.diag(f) - np.log(np.exp(f).mean(1))),
        "donsker_varadhan": np.diag(f).mean() - np.log(np.exp(others).mean()),
        "jensen_shannon": -np.log1p(np.exp(-np.diag(f))).mean() - np.log1p(np.exp(others)).mean(),
    }[kind]
    assert float(bounds.objective(kind, pairs)) == pytest.approx(expected, abs=1e-5)


def test_the_averaged_gradient_with_all_weight_on_the_batch_is_the_plain_one():
    x, y = gaussian(200, 2, 0.5)
    y = y**2
    plain, averaged = (
        make("donsker_varadhan", folds=2, width=8, steps=20, averaging=a).mutual_information(x, y) for a in (None, 1.0)
    )
    assert averaged.value == pytest.approx(plain.value, abs=1e-3)
    assert math.isfinite(make("donsker_varadhan", folds=2, steps=20, averaging=0.05).mutual_information(x, y).value)


@pytest.mark.parametrize("name", EVERY)
def test_twenty_five_dense_gaussian_columns_at_a_thousand_rows(name):
    z = np.random.default_rng(0).multivariate_normal(np.zeros(50), 0.5 * np.eye(50) + 0.5, size=1000)
    found = make(name, steps=40, folds=3).mutual_information(z[:, :25], z[:, 25:])
    assert found.status is Status.OK
    assert 1.1 < found.value < 1.292 + 0.1


def test_a_network_finds_what_no_correlation_shows():
    """The sign of the product of x and a noisy copy flips at random: 0.41 nats, no linear trace."""
    x, y = gaussian(2000, 1, 0.9)
    y = y * np.random.default_rng(1).choice([-1, 1], size=(2000, 1))
    found = make("infonce", steps=200, folds=2).mutual_information(x, y)
    assert 0.3 < found.value < 0.41 + 0.06
    assert found.interval[0] < found.value < found.interval[1]


@pytest.mark.parametrize("name", LOWER)
def test_lower_bounds_are_below_the_truth_on_average(name):
    truth = -math.log(1 - 0.6**2)
    found = [make(name, steps=20, folds=2, width=8).mutual_information(*gaussian(300, 2, 0.6, s)) for s in range(8)]
    values = np.array([e.value for e in found])
    assert values.mean() < truth + 2 * values.std(ddof=1) / math.sqrt(8)
    assert values.mean() > 0.6 * truth
    assert {e.bound for e in found} == {"lower"}


def test_members_of_a_stack_answer_as_if_alone():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    stack = rng.normal(size=(3, 200, 4)) + y[:, None] * np.array([0.0, 0.5, 1.0])[:, None, None]
    stack[2] = 1.0
    estimator = make("infonce", steps=30, folds=2, width=8)
    measured = estimator.measure(stack, {"label": y, "parity": y % 2})
    assert [[m.variable for m in member] for member in measured] == [["label", "parity"]] * 3
    for member, found in zip(stack, measured, strict=True):
        assert found[0].estimate.value == pytest.approx(estimator.mutual_information(member, y).value, abs=1e-5)
    assert measured[0][0].estimate.value < measured[1][0].estimate.value
    assert measured[2][0].estimate.status is Status.DEGENERATE


def test_concatenated_critics_answer_too():
    found = make("nwj", critic="concatenated", steps=40, folds=2, width=16).mutual_information(*gaussian(300, 2, 0.8))
    assert 0.5 < found.value < 1.3
    assert "concatenated critic 16-16, 2 folds" in found.estimand


@pytest.mark.parametrize("name", EVERY)
def test_y_that_is_x_is_saturated(name):
    x, _ = gaussian(200, 2, 0.0)
    found = make(name, steps=10, folds=2, width=8).mutual_information(x, x)
    assert found.status in (Status.SATURATED, Status.NOT_CONVERGED)
    assert "the ceiling is" in " ".join(found.notes) or "agree to 1 %" in " ".join(found.notes)


def test_infonce_at_the_logarithm_of_its_candidates_is_saturated():
    x, y = gaussian(200, 20, 0.9)
    found = make("infonce", steps=10, folds=4, width=8).mutual_information(x, y)
    assert found.status is Status.SATURATED
    assert found.value <= math.log(50)
    assert "3.912 nats, the logarithm of the number of candidates" in found.notes[-1]


def test_few_pairs_that_hold_the_partition_function_are_told():
    found = make("nwj", steps=10, folds=2, width=8).mutual_information(*gaussian(100, 20, 0.9))
    assert found.status is Status.NOT_CONVERGED
    assert any("few pairs hold most of the partition function" in note for note in found.notes)


def test_training_that_was_cut_short_is_not_converged():
    x, y = gaussian(2000, 1, 0.9)
    y = y * np.random.default_rng(1).choice([-1, 1], size=(2000, 1))
    found = make("infonce", steps=60, folds=2).mutual_information(x, y)
    assert found.status is Status.NOT_CONVERGED
    assert "raise steps" in found.notes[0]


def test_training_that_leaves_the_finite_numbers_is_not_converged():
    x, y = gaussian(200, 2, 0.5)
    found = make("infonce", steps=40, folds=2, width=8, learning_rate=1000.0).mutual_information(x, y)
    assert found.status is Status.NOT_CONVERGED
    assert "lower learning_rate" in found.notes[-1]
    assert found.value > 0.1  # what was best before it broke


def test_what_only_the_rows_trained_on_show_is_undersampled():
    x, y = (np.random.default_rng(k).normal(size=(150, d)) for k, d in ((0, 12), (1, 6)))
    found = make("infonce", steps=100, folds=2, batch=64, patience=100).mutual_information(x, y)
    assert found.status is Status.UNDERSAMPLED
    assert "nats more on the rows trained on than on those held out" in found.notes[0]
    assert abs(found.value) < 0.2


def test_independence_is_zero_and_said():
    found = make("infonce", steps=40, folds=2, width=8).mutual_information(*gaussian(400, 3, 0.0))
    assert abs(found.value) < 0.03
    assert found.status is Status.OK
    assert "not told from zero" in found.notes[0]


def test_options_and_rows_that_make_no_sense_are_refused():
    x, y = gaussian(19, 2, 0.5)
    with pytest.raises(InputError, match="19 rows arrived, infonce wants at least 20 to train on some"):
        make("infonce").mutual_information(x, y)
    with pytest.raises(InputError, match=r"at least 40 .*or fewer folds than 20"):
        make("infonce", folds=20).mutual_information(*gaussian(30, 2, 0.5))
    for option, words in (
        ({"width": 0}, "width of infonce is 0, wanted a whole number of at least 1"),
        ({"folds": 1}, "folds of infonce is 1, wanted a whole number of at least 2"),
        ({"learning_rate": 0.0}, "wanted a number above 0"),
        ({"weight_decay": -1.0}, "weight_decay of infonce is -1.0, wanted a number of at least 0"),
    ):
        with pytest.raises(InputError, match=words):
            make("infonce", **option)
    with pytest.raises(InputError, match=r"averaging of donsker_varadhan is 2\.0"):
        make("donsker_varadhan", averaging=2.0)
    with pytest.raises(InputError, match=r"clip of smile is -1\.0, wanted a number above 0"):
        make("smile", clip=-1.0)


# --- difference of entropies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 3, 20])
def test_difference_of_entropies_of_gaussians(d):
    truth = -0.5 * d * math.log(1 - 0.6**2)
    found = make("difference_of_entropies", steps=60).mutual_information(*gaussian(1000, d, 0.6))
    assert found.value == pytest.approx(truth, abs=0.1 + 0.05 * truth)
    assert found.status is Status.OK
    assert found.bound == "none"


def test_difference_of_entropies_goes_past_the_logarithm_of_n():
    x, y = gaussian(500, 10, 0.98)
    truth = -5 * math.log(1 - 0.98**2)
    found = make("difference_of_entropies", steps=60, folds=2).mutual_information(x, y)
    assert truth > math.log(500)
    assert found.value == pytest.approx(truth, rel=0.1)


def test_difference_of_entropies_of_a_function_and_of_repeated_values():
    x, _ = gaussian(200, 2, 0.0)
    quick = make("difference_of_entropies", steps=100, folds=2, width=16, learning_rate=0.01)
    copied = quick.mutual_information(x, x)
    assert copied.status is Status.SATURATED
    tied = quick.mutual_information(x, np.sign(x[:, :1]))
    assert tied.status is Status.TIED
    assert "100% of the values of y are there more than once" in tied.notes[-1]


def test_a_gap_beyond_the_interval_is_a_status():
    """16.0 nats (two a coordinate, uniform) read 12.9 with OK while the rows trained on had .8 nats more."""
    rng = np.random.default_rng(0)
    x = rng.random((1000, 8))
    found = infoscope.mutual_information(x, x + rng.random((1000, 8)) / 6.8752, "difference_of_entropies", steps=200)
    assert found.interval[1] < 15.5
    assert found.status in (Status.UNRESOLVED, Status.NOT_CONVERGED)
    assert "more on the rows trained on" in " ".join(found.notes)
