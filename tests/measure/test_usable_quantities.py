"""Usable information about real quantities: Gaussian probes against closed forms, units, what is refused."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from infoscope import probe as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.questions.usable import usable_information
from infoscope.measure.usable import regression_accounts
from infoscope.measure.usable.readings import Expected, ProbeSplit


def pair(r2, n=3000, d=5, seed=0):
    """Rows and a quantity of which they explain the share ``r2`` of the variance, linearly."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, d))
    weights = rng.normal(size=d)
    return z, math.sqrt(r2) * z @ weights / np.linalg.norm(weights) + math.sqrt(1 - r2) * rng.normal(size=n)


def read(z, y, probe="linear", **arguments):
    return usable_information(z, y, probe, target="quantities", **arguments)


@pytest.mark.parametrize("r2", [0.0, 0.3, 0.9, 0.999])
def test_a_linear_gaussian_pair_is_half_the_log_of_what_is_not_explained(r2):
    """-ln(1 - R²)/2 nats, less what choosing on 600 validation rows costs."""
    found = read(*pair(r2))
    truth = -0.5 * math.log(1 - r2)
    se = found.pointwise.std(ddof=1) / math.sqrt(found.n)
    assert found.value == pytest.approx(truth, abs=3 * se + 1 / 300)
    assert found.status is Status.OK
    assert found.bound == "lower"
    assert found.entropy == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=0.1)
    assert found.estimand == "usable by linear probes, H(Y) of the null Gaussian, 5-fold cross-fitted"


def test_two_quantities_that_are_independent_given_z_add_up():
    z, first = pair(0.5, seed=1)
    second = pair(0.8, seed=1)[1] + z[:, 0]
    both = read(z, np.stack([first, second], 1), weight_decay=1e-3)
    apart = [read(z, y, weight_decay=1e-3).value for y in (first, second)]
    assert both.value == pytest.approx(sum(apart), abs=1e-9)


def test_units_and_shifts_of_both_sides_do_not_matter():
    z, y = pair(0.6, n=500)
    expected = read(z, y).value
    assert read(1e6 * z - 3, 1e-9 * y + 1e-3).value == pytest.approx(expected, abs=1e-6)
    assert read(z.astype(np.float32), y.astype(np.float32)).value == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("probe", ["mlp", "mlp3"])
def test_a_curve_is_for_nonlinear_probes(probe):
    rng = np.random.default_rng(0)
    z = rng.uniform(-2, 2, size=(1500, 1))
    y = z[:, 0] ** 2 + 0.3 * rng.normal(size=1500)
    truth = 0.5 * math.log(np.var(z**2) / 0.09 + 1)  # of the best Gaussian that ignores z to the noise alone
    assert abs(read(z, y).value) < 0.01
    assert read(z, y, probe, networks=1, steps=400).value == pytest.approx(truth, abs=0.1)


def test_the_null_probe_and_noise_read_nothing():
    z, y = pair(0.0, n=400, d=50)
    assert read(z, y, "prior").value == 0
    assert -0.02 < read(z, y).value < 0.02


def test_test_rows_are_scored():
    z, y = pair(0.6, n=900)
    found = read(z[:600], y[:600], z_test=z[600:], y_test=y[600:])
    assert found.n == len(found.pointwise) == 300
    assert "300 test rows" in found.estimand
    np.testing.assert_allclose(found.probability, np.exp(found.pointwise.mean() - found.value) * found.probability)
    table = found.table(y[600:])
    assert list(table) == ["row", "label", "usable_information_nats", "probability"]
    assert list(found.table(np.stack([y[600:]] * 2, 1)))[1:3] == ["label0", "label1"]


def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    found = read(rng.normal(size=(60, 400)), y)
    assert math.isfinite(found.value)
    assert found.value < 0.2


def test_a_copy_is_infinitely_much_and_says_so():
    z, _ = pair(0.5, n=300)
    found = read(z, z[:, 0])
    assert found.status is Status.SATURATED
    assert "infinitely much information" in found.notes[-1]


def test_constant_sides_are_degenerate():
    z, y = pair(0.5, n=100)
    for rows, values, why in ((z, 0 * y + 3, "y is constant"), (0 * z, y, "z is constant")):
        found = read(rows, values)
        assert (found.value, found.status, found.notes) == (0, Status.DEGENERATE, (why,))


def test_a_fit_that_is_cut_short_is_not_converged():
    z, y = pair(0.9, n=600)
    assert read(z, y, "mlp", steps=40, networks=1).status is Status.NOT_CONVERGED


Z, Y = pair(0.5, n=50)


@pytest.mark.parametrize(
    ("y", "arguments", "words"),
    [
        (np.where(np.arange(50) == 7, np.nan, Y), {}, r"y holds NaN or infinity in 1 of 50 rows"),
        (Y[:20], {}, r"y has 20 rows for 50 of z, wanted as many"),
        (Y.astype(str), {}, r"y has dtype <U\d+, wanted real numbers"),
        (Y, {"prior": "plugin"}, r"prior is 'plugin', wanted 'null' for quantities"),
        (Y, {"prior": [0.5, 0.5]}, r"wanted 'null' for quantities"),
        (Y, {"target": "numbers"}, r"target is 'numbers', wanted one of 'labels', 'quantities'"),
        (Y, {"target": "labels"}, r"y holds real numbers, .* or pass target=\"quantities\""),
        (Y, {"probe": "knn"}, r"knn reads labels only, wanted one of linear, mlp, mlp3, prior"),
        (Y, {"z_test": Z, "y_test": np.stack([Y, Y], 1)}, r"y has 1 columns and y_test 2"),
        (Y, {"z_test": Z}, r"z_test and y_test arrived without the other"),
        (Y, {"folds": 2}, r"folds is 2, wanted a whole number of at least 3"),
    ],
)
def test_bad_input_is_refused_with_words(y, arguments, words):
    with pytest.raises(InputError, match=words):
        usable_information(Z, y, **{"target": "quantities", **arguments})


def test_ridge_is_that_of_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model", reason="the reference is scikit-learn")
    from infoscope.measure.usable.deals import cross_fitted, folds_of

    z, y = pair(0.5, n=200)
    (split, *_) = cross_fitted(folds_of(200, 5, 0))
    (means,) = make("linear", weight_decay=0.1).expect(z, y[:, None], [split])
    mean, sd = z[split.known].mean(0), z[split.known].std(0)
    fit = linear.Ridge(alpha=0.1 * len(split.known)).fit((z[split.known] - mean) / sd, y[split.known])
    np.testing.assert_allclose(means.scored[:, 0], fit.predict((z[split.scored] - mean) / sd), atol=1e-9)


def test_quantities_of_test_rows_in_another_order_are_refused():
    pandas = pytest.importorskip("pandas", reason="an index is what pandas gives rows")
    z = pandas.DataFrame(np.random.default_rng(0).normal(size=(40, 2)))
    y, turned = z[0] + 1.0, z[0][::-1]
    with pytest.raises(InputError, match="z_test and y_test have the same index in another order"):
        usable_information(z, y, target="quantities", z_test=z, y_test=turned)


def test_costs_are_those_of_the_densities_on_the_rows_scored_and_the_rows_known():
    """A probe that expects three quarters of one column, and knows nothing of the other."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(90, 2)) + 5
    expected = np.stack([0.75 * y[:, 0] + 0.1 * rng.normal(size=90), rng.normal(size=90) + 5], axis=1)
    splits = [ProbeSplit(*np.split(np.roll(np.arange(90), turn), [40, 60])) for turn in (0, 30, 60)]

    def expect(z, y, splits, seed):
        return [Expected(expected[one.validation], expected[one.scored], expected[one.known]) for one in splits]

    found = regression_accounts.read(expect, torch.zeros(90, 1), y, splits, 0).account
    base, loss, train = np.zeros(90), np.zeros(90), []
    for split in splits:
        mean, sd = y[split.known].mean(0), y[split.known].std(0)
        at, actual = (v[split.validation] - mean for v in (expected, y))
        slope = np.clip((at * actual).sum(0) / (at * at).sum(0), 0, 1)
        spread = np.where(slope > 0, np.sqrt(((actual - slope * at) ** 2).mean(0)), sd)

        def cost(rows, centre, width):
            return -stats.norm.logpdf(y[rows], centre, width).sum(1)

        base[split.scored] = cost(split.scored, mean, sd)
        loss[split.scored] = cost(split.scored, mean + slope * (expected[split.scored] - mean), spread)
        train.append(cost(split.known, mean + slope * (expected[split.known] - mean), spread).mean())
    np.testing.assert_allclose(found.base, base)
    np.testing.assert_allclose(found.loss, loss)
    assert found.train == pytest.approx(np.mean(train))
