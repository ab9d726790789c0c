"""Usable information as a whole: closed forms, which H(Y), intervals, statuses, parts that add up, code lengths."""

import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.special import log_softmax
from torch.nn import functional

import infoscope as iscope
from infoscope import estimator as make_estimator
from infoscope import probe as make
from infoscope.core.errors import InputError, UnknownNameError, UntrustedEstimateError
from infoscope.core.estimate import Estimate, Status
from infoscope.kernels import column_sums
from infoscope.kernels.draws import fold_order
from infoscope.measure.questions.description_length import description_length
from infoscope.measure.questions.usable import conditional_usable_information, usable_chain, usable_information
from infoscope.measure.usable import accounts
from infoscope.measure.usable.deals import cross_fitted, folds_of
from infoscope.measure.usable.readings import ProbeSplit, Target
from infoscope.measure.usable.softmax_regression import Regression, _CrossEntropy, solve
from infoscope.measure.usable.standardiser import Standardiser
from infoscope.measure.usable.temperature import Tempered

DECAYS = (1e-5, 1e-3, 1e-1, 1.0)


def classes(n=600, k=4, d=6, apart=1.5, seed=0):
    """Gaussian rows whose mean is that of their class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    return rng.normal(size=(n, d)) + apart * np.eye(k, d)[y], y


def shannon(p):
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log(p)).sum())


# --- the solver -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "d", "k", "apart"), [(400, 10, 2, 1.0), (600, 20, 5, 0.5), (500, 6, 4, 8.0), (60, 150, 3, 0.5)]
)
def test_the_path_is_that_of_scikit_learn_to_1e_5_nats(n, d, k, apart):
    """Two targets and four weight decays at once; objective, and the loss on other rows to 1e-3 bits."""
    linear = pytest.importorskip("sklearn.linear_model", reason="the reference is scikit-learn")
    z, y = classes(2 * n, k, d, apart)
    z = np.maximum(z @ np.random.default_rng(1).normal(size=(d, d)), 0)  # correlated, with zeros
    z, rest = torch.from_numpy(z[:n]), torch.from_numpy(z[n:])
    other = np.random.default_rng(2).integers(k, size=2 * n)
    columns = Standardiser.of(z)
    rotated = columns.rotated(z)
    targets = [y, other]
    problems = [Regression(t, decay) for t in [y[:n], other[:n]] for decay in DECAYS]
    found = solve(rotated(z, single=True), rotated.variances, problems, k, 1e-6, 2000)
    assert found.converged.all()
    x = columns(z).numpy()
    for i, (target, decay) in enumerate(itertools.product(targets, DECAYS)):
        # For two classes it has one logit; here there are two of opposite sign, which pay half the penalty.
        strength = (2 if k == 2 else 1) / (decay * n)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = linear.LogisticRegression(C=strength, tol=1e-8, max_iter=20000).fit(x, target[:n])

        def logits(rows, fit=fit):
            decision = fit.decision_function(rows)
            return np.outer(decision, [-0.5, 0.5]) if k == 2 else decision

        penalty = float((fit.coef_**2).sum()) / (2 * strength * n)
        loss = -log_softmax(logits(x), axis=1)[np.arange(n), target[:n]].mean()
        assert float(found.objective[i]) == pytest.approx(loss + penalty, abs=1e-5)
        ours = -found.logits(slice(i, i + 1), rotated(rest))[0].log_softmax(1).numpy()[np.arange(n), target[n:]].mean()
        theirs = -log_softmax(logits(columns(rest).numpy()), axis=1)[np.arange(n), target[n:]].mean()
        assert ours == pytest.approx(theirs, abs=1e-3 * math.log(2) * max(1, theirs))


@pytest.mark.parametrize("d", [12, 700])
def test_without_principal_axes_the_optimum_is_the_same(d, monkeypatch):
    """Where there are too many rows and columns for them; the columns are strongly correlated."""
    z, y = classes(500, 3, d)
    z = torch.from_numpy(z @ np.random.default_rng(1).normal(size=(d, d)))
    columns = Standardiser.of(z)
    found = []
    for most in (2048, 5):
        monkeypatch.setattr("infoscope.measure.usable.standardiser.LARGEST_ROTATION", most)
        here = columns.rotated(z)
        assert (here.axes is None and here.span is None) == (most == 5)
        problems = [Regression(y, 1e-3), Regression(y, 1e-1)]
        found.append(solve(here(z), here.variances, problems, 3, 1e-7, 5000))
    assert all(one.converged.all() for one in found)
    np.testing.assert_allclose(found[0].objective, found[1].objective, atol=1e-7)


def test_problems_side_by_side_are_those_alone():
    """Two targets, four weight decays each; more logits than one product takes."""
    z, y = classes(600, d=6)
    z = torch.from_numpy(z)
    columns = Standardiser.of(z).rotated(z)
    x, other = columns(z), np.random.default_rng(1).integers(4, size=600)
    problems = [Regression(target, decay) for target in (y, other) for decay in DECAYS]
    together = solve(x, columns.variances, problems, 4, 1e-8, 1000)
    for i, problem in enumerate(problems):
        alone = solve(x, columns.variances, [problem], 4, 1e-8, 1000)
        np.testing.assert_allclose(together.weights[i], alone.weights[0], atol=1e-5)
        again = solve(x, columns.variances, [problem], 4, 1e-8, 1000, [alone.weights[0]])
        assert again.iterations <= 1


def test_float32_passes_reach_the_optimum_of_float64():
    """Objective to 1e-7 nats, and derivatives and cross-entropies of the compiled pass are those of torch."""
    z, y = classes(700, 5, 12, 4)
    z = torch.from_numpy(z)
    columns = Standardiser.of(z).rotated(z)
    problems = [Regression(y, decay) for decay in DECAYS]
    coarse = solve(columns(z, single=True), columns.variances, problems, 5, 1e-6, 1000)
    fine = solve(columns(z), columns.variances, problems, 5, 1e-9, 1000)
    assert (coarse.converged & fine.converged).all()
    np.testing.assert_allclose(coarse.objective, fine.objective, atol=1e-7)
    theta = torch.randn(4, 13, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    x = torch.cat([torch.ones(700, 1, dtype=torch.float64), columns(z)], 1)
    penalty = 0.5 * torch.tensor(DECAYS, dtype=torch.float64) * theta[:, 1:].square().sum((1, 2))
    wanted = penalty - (x @ theta).log_softmax(-1)[:, torch.arange(700), torch.from_numpy(y)].mean(1)
    (gradient,) = torch.autograd.grad(wanted.sum(), theta)
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-12)):
        objective = _CrossEntropy(x[:, 1:], columns.variances, problems, 5, dtype)
        at, every = theta.detach().transpose(1, 2).reshape(4, -1).numpy(), np.arange(4)
        f, g = objective(at, every)
        np.testing.assert_allclose(f, wanted.detach(), atol=10 * tolerance)
        np.testing.assert_allclose(g, gradient.transpose(1, 2).reshape(4, -1), atol=tolerance)
        objective.rows = x[:, 1:].to(torch.float32 if dtype is np.float32 else torch.float64)
        for one, other in zip(objective(at, every), (f, g), strict=True):
            np.testing.assert_allclose(one, other, atol=10 * tolerance)


def test_blocks_of_the_hessian_are_those_of_autograd(monkeypatch):
    """With all rows, and nearly so with those of the most curvature, most of which are few."""
    z, y = classes(2000, 4, 5, 3)
    columns = Standardiser.of(torch.from_numpy(z)).rotated(torch.from_numpy(z))
    x, theta = columns(torch.from_numpy(z)), torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).double()
    rows = torch.cat([torch.ones(2000, 1, dtype=torch.float64), x], 1)

    def loss(t):
        return (rows @ t.T).logsumexp(1).mean() + 0.05 * t[:, 1:].square().sum()

    hessian = torch.autograd.functional.hessian(loss, theta)
    wanted = hessian[torch.arange(4), :, torch.arange(4)]
    objective = _CrossEntropy(x, columns.variances, [Regression(y, 0.1)], 4, np.float64)
    monkeypatch.setattr("infoscope.measure.usable.softmax_regression.LEAST", 0.0)
    for per_axis, tolerance in ((2000, 1e-9), (100, 0.3)):
        monkeypatch.setattr("infoscope.measure.usable.softmax_regression.PER_AXIS", per_axis)
        found = torch.from_numpy(objective.inverse(theta.numpy().ravel(), 0)) @ wanted
        np.testing.assert_allclose(found, np.broadcast_to(np.eye(6), (4, 6, 6)), atol=tolerance)


def test_sums_over_columns_are_those_of_numpy():
    """More columns than one tile, columns of other sizes, one of them constant."""
    rng = np.random.default_rng(0)
    for n, d, r, dtype in ((1, 1, 1, np.float64), (300, 20, 0, np.float64), (1000, 150, 130, np.float32)):
        z = (rng.normal(size=(n, d)) * 2.0 ** rng.integers(-9, 9, d) + 3).astype(dtype)
        z[:, 0] = 7
        inverse = 2.0 ** -rng.integers(0, 9, d)
        mean, variance = column_sums.mean_and_variance(z, inverse)
        x, factors = z.astype(float) * inverse - mean, rng.normal(size=(d, r))
        np.testing.assert_allclose(mean, (z.astype(float) * inverse).mean(0), rtol=1e-13)
        np.testing.assert_allclose(variance, x.var(0), rtol=1e-10, atol=1e-20)
        np.testing.assert_allclose(column_sums.products(z, inverse, mean), x.T @ x, rtol=1e-9, atol=1e-9)
        out = np.empty((n, r))
        column_sums.along(z, inverse, mean, factors, out)
        np.testing.assert_allclose(out, x @ factors, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "d", "k"), [(700, 130, 3), (300, 5, 40)])
def test_wide_problems_with_unequal_classes_converge_to_a_zero_gradient(n, d, k):
    """More axes and more logits than one product takes; some classes have a single row."""
    rng = np.random.default_rng(0)
    y = np.concatenate([np.arange(k), np.minimum(rng.geometric(0.3, size=n - k) - 1, k - 1)])
    z = torch.from_numpy(rng.normal(size=(n, d)) + rng.normal(size=(k, d))[y])
    columns = Standardiser.of(z).rotated(z)
    found = solve(columns(z), columns.variances, [Regression(y, 1e-3), Regression(y, 1e-1)], k, 1e-8, 5000)
    assert found.converged.all()
    x = columns(z)
    for weights, decay, value in zip(found.weights, (1e-3, 1e-1), found.objective, strict=True):
        t = torch.from_numpy(weights).requires_grad_()
        loss = functional.cross_entropy(t[0] + x @ t[1:], torch.from_numpy(y)) + 0.5 * decay * t[1:].square().sum()
        (gradient,) = torch.autograd.grad(loss, t)
        assert float(gradient.abs().max()) < 1e-7
        assert float(loss.detach()) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_axes_held_by_rows_are_those_held_as_a_whole(dtype, monkeypatch):
    """Of more columns than rows: coordinates of fitted and of other rows, weights carried; stretches of few columns."""
    monkeypatch.setattr("infoscope.measure.usable.standardiser.AT_ONCE", 1)
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(350, 700)) * np.linspace(0.1, 3, 700) + 5).to(dtype)
    before, some, rest = z.clone(), z[:260], z[260:]
    columns = Standardiser.of(some).rotated(some)
    x, other = Standardiser.of(some)(some), Standardiser.of(some)(rest)
    axes = x.T @ columns.span.weights
    np.testing.assert_allclose(axes.T @ axes, np.eye(259), atol=1e-9)
    np.testing.assert_allclose(columns(some), x @ axes, atol=1e-9)
    np.testing.assert_allclose(columns(rest), other @ axes, atol=1e-9)
    np.testing.assert_allclose((x @ axes).square().mean(0), columns.variances, atol=1e-9)
    everything = Standardiser.of(z).rotated(z)
    weights = np.random.default_rng(1).normal(size=(260, 3))
    moved = columns.carried(weights, everything)
    logits = [weights[0] + columns(z).numpy() @ weights[1:], moved[0] + everything(z).numpy() @ moved[1:]]
    np.testing.assert_allclose(*logits, atol=1e-8)
    np.testing.assert_equal(z.numpy(), before.numpy())


def test_weights_are_carried_from_columns_to_columns():
    """The same function of the rows, whatever they were standardised by."""
    z, _ = classes(300, 3, 5)
    z = torch.from_numpy(np.concatenate([1e6 * z - 3, np.zeros((300, 1))], 1))
    some, everything = Standardiser.of(z[:200]).rotated(z[:200]), Standardiser.of(z).rotated(z)
    weights = np.random.default_rng(0).normal(size=(6, 3))
    moved = some.carried(weights, everything)
    logits = [weights[0] + some(z).numpy() @ weights[1:], moved[0] + everything(z).numpy() @ moved[1:]]
    np.testing.assert_allclose(*logits, atol=1e-9)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d", "k", "decay"), [(1000, 16, 10, 1e-6), (1000, 8, 2, 1e-6)])
def test_the_null_bias_of_an_untuned_linear_probe(n, d, k, decay):
    """-(d+1)(k-1)/2N nats (the excess risk of maximum likelihood), most of which validation then undoes."""
    rng = np.random.default_rng(8)
    raw, tuned = [], []
    for _ in range(12):
        z, y = rng.normal(size=(n + 4000, d)), rng.integers(k, size=n + 4000)
        data = {"z_test": z[n:], "y_test": y[n:], "prior": [1 / k] * k}
        raw.append(usable_information(z[:n], y[:n], weight_decay=decay, calibrate=False, **data).value)
        tuned.append(usable_information(z[:n], y[:n], **data).value)
    expected = -(d + 1) * (k - 1) / (2 * n)
    se = np.std(raw, ddof=1) / math.sqrt(len(raw))
    assert np.mean(raw) == pytest.approx(expected, abs=3 * se + 0.1 * abs(expected))
    assert abs(np.mean(tuned)) < abs(np.mean(raw)) / 2


def test_two_gaussians_by_quadrature():
    """One column, means 0 and 1.5: a linear probe is the true posterior, so it reads I(Z;Y)."""
    z, y = classes(4000, 2, 1, 1.5)
    mixture = lambda x: 0.5 * (stats.norm.pdf(x) + stats.norm.pdf(x, 1.5))  # noqa: E731
    h, _ = integrate.quad(lambda x: -mixture(x) * math.log(mixture(x)), -9, 11)
    truth = h - 0.5 * math.log(2 * math.pi * math.e)
    found = usable_information(z, y)
    assert found.value == pytest.approx(truth, abs=3 * found.pointwise.std() / math.sqrt(found.n))
    assert found.interval[0] < found.value < found.interval[1]


def test_the_three_entropies():
    z, y = classes(500, 3)
    y = np.where(y == 2, 1, y)  # a third and two thirds
    null, plugin = (usable_information(z, y, prior=p) for p in ("null", "plugin"))
    given = usable_information(z, y, prior=[1 / 3, 2 / 3])
    words = usable_information(z, np.array(["a", "b"])[y], prior={"b": 2 / 3, "a": 1 / 3})
    assert given.entropy == words.entropy == pytest.approx(shannon([1 / 3, 2 / 3]))
    assert plugin.entropy == pytest.approx(shannon(np.bincount(y) / 500))
    assert null.entropy == pytest.approx(plugin.entropy, abs=0.01)
    for found in (null, plugin, given):
        assert found.loss == null.loss
        assert found.value == pytest.approx(found.entropy - found.loss)
    assert [e.estimand.split(", ")[1] for e in (null, plugin, given)] == [
        "H(Y) of the null probe", "H(Y) of the scored labels", "H(Y) of the given prior",
    ]  # fmt: skip
    for found in (null, plugin):
        assert found.pointwise.mean() == pytest.approx(found.value)
    np.testing.assert_allclose(given.pointwise, words.pointwise)
    assert usable_information(z, y, prior={0: 1 / 3, 1: 1 / 3, 7: 1 / 3}).entropy == pytest.approx(math.log(3))


def test_plugin_and_known_entropy_differ_by_the_bias_of_counting():
    """(k-1)/2n nats on average over samples."""
    k, n, rng = 10, 400, np.random.default_rng(0)
    found = []
    for _ in range(200):
        y = rng.integers(k, size=n)
        plugin = usable_information(rng.normal(size=(n, 1)), y, "prior", prior="plugin").entropy
        found.append(math.log(k) - plugin)
    assert np.mean(found) == pytest.approx((k - 1) / (2 * n), rel=0.15)


def test_test_rows_are_scored_and_never_chosen_by():
    z, y = classes(900)
    found = usable_information(z[:600], y[:600], z_test=z[600:], y_test=y[600:])
    assert found.n == len(found.pointwise) == 300
    assert "300 test rows" in found.estimand
    half = usable_information(z[:600], y[:600], z_test=z[600:750], y_test=y[600:750])
    np.testing.assert_allclose(half.pointwise, found.pointwise[:150], atol=1e-9)
    flipped = usable_information(z[:600], y[:600], z_test=z[600:], y_test=y[600:][::-1])
    assert flipped.chosen == found.chosen


def test_pointwise_is_in_the_order_of_the_rows():
    """A mislabelled row has the least of all."""
    z, y = classes(400, 2, 2, 8)
    wrong = y.copy()
    wrong[[17, 230]] ^= 1
    found = usable_information(z, wrong)
    assert set(np.argsort(found.pointwise)[:2]) == {17, 230}
    assert found.pointwise[17] < -2


def test_rows_fall_into_folds_by_other_numbers_than_data_are_drawn_with():
    """`default_rng(0)` and `seed=0` are what everybody writes."""
    first = np.random.default_rng(0).random(1000)
    assert abs(stats.spearmanr(first[fold_order(1000, 0)], np.arange(1000)).statistic) < 0.1
    assert not np.array_equal(fold_order(100, 0), fold_order(100, 1))


def test_every_row_is_scored_once_by_probes_that_did_not_see_it():
    splits = cross_fitted(folds_of(103, 5, 0))
    assert sorted(np.concatenate([s.scored for s in splits])) == list(range(103))
    for split in splits:
        assert sorted(np.concatenate([split.known, split.scored])) == list(range(103))


def test_it_is_linear_softmax_by_name_and_seeded():
    z, y = classes(300)
    assert usable_information(z, y).value == usable_information(z, y, "linear", seed=0).value
    assert usable_information(z, y, seed=1).value != usable_information(z, y).value
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        usable_information(z, y, "liner")
    with pytest.raises(InputError, match="weight_decay is -1"):
        usable_information(z, y, weight_decay=-1)


# --- calibration ------------------------------------------------------------------------------------------------------


def test_calibration_finds_the_temperature_and_the_ignorance():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20000, 3))
    p = np.exp(log_softmax(logits, axis=1))
    y = (rng.random((20000, 1)) > p.cumsum(1)).sum(1)
    prior = np.full(3, 1 / 3)
    found = Tempered.chosen(log_softmax(3 * logits, axis=1), y, prior, 1000)
    assert found.sharpness == pytest.approx(1 / 3, rel=0.05)
    assert found.ignorance < 0.02
    lost = rng.random(20000) < 0.3
    mixed = Tempered.chosen(
        log_softmax(20 * np.eye(3)[y], axis=1), np.where(lost, rng.integers(3, size=20000), y), prior, 1000
    )
    np.testing.assert_allclose(np.exp(mixed(log_softmax(20 * np.eye(3), axis=1))).diagonal(), 0.8, atol=0.02)
    np.testing.assert_allclose(np.exp(found(logits)).sum(1), 1)
    assert Tempered.none(prior, 9).words == "sharpness 1, ignorance 0.1"


def test_noise_is_ignored_as_validation_says():
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(200, 50)), rng.integers(2, size=200)
    raw, calibrated = (usable_information(z, y, weight_decay=1e-4, calibrate=c).value for c in (False, True))
    assert raw < -0.2
    assert calibrated > -0.05


# --- intervals and statuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probe", "options"), [("linear", {"weight_decay": 1e-2}), ("knn", {"k": 10})])
def test_the_interval_holds_what_these_probes_can_read(probe, options):
    """The 95 % interval of 300 scored rows against 4000 more, over 100 draws; wider by what other fits would read."""
    prior, inside = [1 / 3] * 3, 0
    for seed in range(100):
        z, y = classes(4600, 3, 4, seed=seed)
        fitted = {"prior": prior, **options}
        truth = usable_information(z[:300], y[:300], probe, z_test=z[600:], y_test=y[600:], **fitted).value
        found = usable_information(z[:300], y[:300], probe, z_test=z[300:600], y_test=y[300:600], **fitted)
        inside += found.interval[0] < truth < found.interval[1]
        narrow = stats.t.ppf(0.975, 299) * found.pointwise.std(ddof=1) / math.sqrt(300)  # prior is even: same spread
        assert narrow <= (found.interval[1] - found.value) * (1 + 1e-9) <= narrow * math.sqrt(3) * (1 + 1e-6)
    assert inside >= 90
    assert (found.level, found.interval_kind, found.resampled) == (0.95, "over draws of rows", "rows")


def test_the_cross_fitted_interval_holds_the_mean_over_draws():
    found = [usable_information(*classes(200, 3, 4, seed=seed), weight_decay=1e-2) for seed in range(60)]
    mean = np.mean([e.value for e in found])
    assert sum(e.interval[0] < mean < e.interval[1] for e in found) >= 54


def test_more_columns_than_rows_is_undersampled_and_finite():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    z = rng.normal(size=(60, 400)) + 0.1 * y[:, None]
    found = usable_information(z, y, weight_decay=1e-4, calibrate=False)
    assert found.status is Status.UNDERSAMPLED
    assert "know their rows by heart" in found.notes[0]
    with pytest.raises(UntrustedEstimateError, match="UNDERSAMPLED"):
        usable_information(z, y, weight_decay=1e-4, calibrate=False, strict=True)


def test_rows_unlike_the_fitted_ones_are_undersampled_and_negative():
    z, y = classes(400, 2)
    found = usable_information(z, y, z_test=z, y_test=1 - y)
    assert found.value < -0.5
    assert found.status is Status.UNDERSAMPLED


def test_nearly_every_row_a_class_of_its_own_is_saturated():
    rng = np.random.default_rng(0)
    found = usable_information(rng.normal(size=(100, 3)), np.r_[np.arange(98), 0, 1])
    assert found.status is Status.SATURATED
    assert "H(Y) is at its ceiling log n = 4.605 nats" in found.notes[-1]


@pytest.mark.parametrize(("probe", "options"), [("linear", {"iterations": 2}), ("mlp", {"steps": 40})])
def test_an_unfinished_fit_is_not_converged(probe, options):
    z, y = classes(600, 4, 6, 3)
    found = usable_information(z, y, probe, **options)
    assert found.status is Status.NOT_CONVERGED
    assert "still improving" in found.notes[-1]
    assert usable_information(z, y, probe).status is Status.OK


def test_a_rare_class_is_spoken_of():
    z, y = classes(500, 3)
    y[y == 2] = 0
    y[7] = 2
    found = usable_information(z, y)
    assert found.status is Status.OK
    assert "0.002 of the scored rows have a class that no fitted row has" in found.notes


# --- parts that add up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ["null", "plugin", [0.25, 0.25, 0.25, 0.25]])
def test_coarse_and_the_rest_add_up_for_every_row(prior):
    z, y = classes(500, 4)
    fine, coarse, rest = usable_chain(z, y, y // 2, prior=prior)
    np.testing.assert_allclose(coarse.pointwise + rest.pointwise, fine.pointwise, atol=1e-12)
    assert coarse.value + rest.value == pytest.approx(fine.value, abs=1e-12)
    assert fine.value == usable_information(z, y, prior=prior).value
    assert coarse.value == pytest.approx(usable_information(z, y // 2).value, abs=0.05)
    assert (fine.quantity, coarse.quantity, rest.quantity) == (
        "I_u(Z;fine)", "I_u(Z;coarse)", "I_u(Z;fine|coarse)",
    )  # fmt: skip
    if isinstance(prior, list):
        assert coarse.entropy == pytest.approx(math.log(2))
        assert rest.entropy == pytest.approx(math.log(2))


def test_a_representation_of_the_coarse_label_alone():
    """Sufficient and minimal: all of the coarse label, none of the fine one given it."""
    y = np.random.default_rng(0).integers(10, size=2000)
    fine, coarse, rest = usable_chain(np.eye(2)[y // 5], y, y // 5)
    assert coarse.bits == pytest.approx(1, abs=0.01)
    assert fine.bits == pytest.approx(1, abs=0.02)
    assert abs(rest.bits) < 0.01


def test_a_chain_needs_a_function_of_fine():
    z, y = classes(300, 4)
    with pytest.raises(InputError, match="coarse differs among rows of the same fine label"):
        usable_chain(z, y, np.arange(300) % 2)
    with pytest.raises(InputError, match="fine_test has a label that fine does not have"):
        usable_chain(z, y, y // 2, z_test=z, fine_test=y + 1)
    with pytest.raises(InputError, match="prior names fine labels that do not occur"):
        usable_chain(z, y, y // 2, prior=dict.fromkeys(range(5), 0.2))
    zero = usable_chain(np.zeros((300, 2)), y, y // 2)
    assert {one.status for one in zero} == {Status.DEGENERATE}


def test_what_is_given_is_not_counted_again():
    z, y = classes(1500, 4)
    assert abs(conditional_usable_information(z, y, z).value) < 0.01
    unrelated = np.random.default_rng(1).normal(size=(1500, 1))
    whole = usable_information(z, y)
    assert conditional_usable_information(z, y, unrelated).value == pytest.approx(whole.value, abs=0.01)
    given = conditional_usable_information(z, y, y // 2)
    assert given.value == pytest.approx(usable_chain(z, y, y // 2).fine_given_coarse.value, abs=0.05)
    assert (given.quantity, given.bound, whole.bound) == ("I_u(Z;Y|W)", "none", "lower")
    assert given.pointwise.mean() == pytest.approx(given.value)
    words = np.array(["low", "high"])[y // 2]
    assert conditional_usable_information(z, y, words).value == pytest.approx(given.value, abs=1e-6)
    assert conditional_usable_information(np.zeros_like(z), y, y // 2).status is Status.DEGENERATE
    with pytest.raises(InputError, match="z has 1500 rows and given has 9, wanted as many"):
        conditional_usable_information(z, y, z[:9])


# --- code lengths -----------------------------------------------------------------------------------------------------


def test_a_code_is_short_for_what_is_easy_and_long_for_noise():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=1000)
    easy, noise = description_length(np.eye(4)[y], y), description_length(rng.normal(size=(1000, 20)), y)
    assert easy.compression > 10
    assert 0.9 < noise.compression < 1.001
    assert noise.uniform == pytest.approx(1000 * math.log(4))
    assert easy.bound == "upper"
    for code in (easy, noise):
        assert isinstance(code, Estimate)
        assert sum(nats for *_, nats in code.blocks) == pytest.approx(code.value)
        assert sum(coded for _, coded, _ in code.blocks) == 1000
        known = [before for before, *_ in code.blocks]
        assert known == list(np.cumsum([0, *(coded for _, coded, _ in code.blocks)]))[:-1]


def test_surplus_and_sample_complexity_come_from_the_same_curve():
    code = description_length(*classes(1000, 4))
    epsilons = [0.2, 0.5, 0.8, 1.1, 1.5]
    surplus = [code.surplus(e) for e in epsilons]
    assert surplus == sorted(surplus, reverse=True)
    assert surplus[-1] == 0 or surplus[-1] < 0.1 * surplus[0]
    needed = [code.sample_complexity(e) for e in epsilons]
    assert needed[0] is None
    reached = [n for n in needed if n is not None]
    assert reached == sorted(reached, reverse=True)
    assert code.surplus(1e-9) == pytest.approx(code.value, abs=1e-5)
    with pytest.raises(InputError, match="epsilon is 0"):
        code.surplus(0)


def test_a_code_of_one_class_costs_nothing():
    code = description_length(classes(100)[0], np.zeros(100, int))
    assert (code.value, code.status) == (0, Status.DEGENERATE)


# --- the public names and the estimator -------------------------------------------------------------------------------


def test_the_public_names():
    assert iscope.usable_information is usable_information
    assert iscope.description_length is description_length
    assert iscope.usable_chain is usable_chain
    assert iscope.conditional_usable_information is conditional_usable_information


@pytest.mark.parametrize("probe", ["linear", "knn", "mlp"])
def test_the_estimator_says_what_the_function_says_member_by_member(probe):
    stack = np.stack([classes(300, seed=0)[0], np.zeros((300, 6)), 3 * classes(300, seed=1)[0]])
    y = classes(300, seed=0)[1]
    measured = make_estimator("usable_information", probe=probe).measure(stack, {"y": y, "half": y // 2, "one": y * 0})
    assert [[m.variable for m in member] for member in measured] == [["y", "half", "one"]] * 3
    for member, found in zip(stack, measured, strict=True):
        for m, labels in zip(found, (y, y // 2, y * 0), strict=True):
            alone = usable_information(member, labels, probe)
            assert type(m.estimate) is Estimate
            assert m.estimate.value == pytest.approx(alone.value, abs=1e-9 if probe != "mlp" else 0.02)
            assert (m.estimate.status, m.estimate.estimand) == (alone.status, alone.estimand)
            assert m.estimate.quantity == "I(T;Y)"


def test_members_and_targets_of_an_mlp_train_as_one_program():
    """The same weights and batches as alone: nothing but rounding tells them apart."""
    z = np.stack([classes(200, seed=s)[0] for s in range(3)])
    y = classes(200, seed=0)[1]
    targets, splits = [Target(y, 4), Target((y + 1) % 4, 4)], cross_fitted(folds_of(200, 4, 0))
    probe = make("mlp", steps=60, networks=2)
    together = probe.read(z, targets, splits)
    for m, member in enumerate(z):
        for t, target in enumerate(targets):
            (alone,) = probe.read(member[None], [target], splits)
            for one, other in zip(alone[0], together[m][t], strict=True):
                np.testing.assert_allclose(one.log_q, other.log_q, atol=0.02)


def test_a_ladder_takes_the_rung_that_validation_says():
    rng = np.random.default_rng(0)
    bits = rng.integers(2, size=(400, 2))
    z, target = bits - 0.5 + 0.05 * rng.normal(size=(400, 2)), Target(bits[:, 0] ^ bits[:, 1], 2)
    rows = np.arange(400)
    split = ProbeSplit(rows[:200], rows[200:300], rows[300:])
    ((found,),) = make("ladder", rungs="prior,linear,knn").read(z[None], [target], [split])[0]
    assert found.chosen.startswith("knn: ")
    with pytest.raises(InputError, match="wanted different probes other than ladder"):
        make("ladder", rungs="linear,ladder")
    with pytest.raises(UnknownNameError, match="there is no probe named 'tree'"):
        make("ladder", rungs="linear,tree")


def test_the_null_probe_adds_half_a_row_to_each_class():
    found = Target(np.array([0, 0, 2, 1, 1, 1]), 4).prior(np.array([0, 1, 2]))
    np.testing.assert_allclose(found, [2.5 / 5, 0.5 / 5, 1.5 / 5, 0.5 / 5])


def test_fine_classes_add_up_to_coarse_ones_and_no_more():
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=7)
    groups = np.array([1, 0, 1, 2, 0])
    found = accounts.added(np.log(p), groups)
    np.testing.assert_allclose(np.exp(found), np.stack([p[:, groups == g].sum(1) for g in range(3)], axis=1))


def test_columns_read_are_told_by_how_often_and_then_by_number():
    (told,) = accounts._columns([(7, 3), (3, 5), (5, 3)])
    assert told == "columns, and in how many of 3 splits: 3 (3), 5 (2), 7 (1)"
    (told,) = accounts._columns([(7,), (3,)])
    assert told.endswith("of 2 splits: 3 (1), 7 (1)")
    assert [*accounts._columns([])] == []
