"""The Gaussian estimators where the truth is a log-determinant: exact bias, honest intervals."""

import math

import numpy as np
import pytest
from scipy.stats import wishart

from infoscope import estimator as make
from infoscope.core.estimate import Status
from infoscope.measure.moments import canonical as gc

GAUSSIAN, COPULA = make("gaussian"), make("gaussian_copula")


def pairs(dx, dy, rho, n, seed):
    """x, y with the first columns correlated by ``rho``; the truth is -1/2 Σ ln(1 - ρ²)."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    for k, r in enumerate(rho):
        y[:, k] = r * x[:, k] + math.sqrt(1 - r * r) * y[:, k]
    return x, y, -0.5 * sum(math.log(1 - r * r) for r in rho)


CASES = {
    "independent": (1, 1, [], 100),
    "weak": (1, 1, [0.3], 100),
    "strong": (1, 1, [0.99], 100),
    "3 + 3": (3, 3, [0.6] * 3, 200),
    "sparse 10 + 10": (10, 10, [0.8, 0.8], 100),
    "25 + 25": (25, 25, [0.6] * 25, 200),
    "40 + 3 of 100": (40, 3, [0.5], 100),
}


@pytest.mark.parametrize("case", CASES)
def test_unbiased_and_covered(case):
    dx, dy, rho, n = CASES[case]
    found = [
        (GAUSSIAN.mutual_information(x, y), truth) for x, y, truth in (pairs(dx, dy, rho, n, s) for s in range(200))
    ]
    truth = found[0][1]
    values = np.array([e.value for e, _ in found])
    assert abs(values.mean() - truth) < 3.5 * values.std() / math.sqrt(200)
    assert sum(e.interval[0] <= truth <= e.interval[1] for e, _ in found) >= 180


@pytest.mark.parametrize("case", ["independent", "weak", "3 + 3", "sparse 10 + 10"])
def test_the_copula_covers_behind_increasing_maps(case):
    dx, dy, rho, n = CASES[case]
    covered = 0
    for seed in range(200):
        x, y, truth = pairs(dx, dy, rho, n, seed)
        e = COPULA.mutual_information(np.exp(x), y**3)
        covered += e.interval[0] <= truth <= e.interval[1]
    assert covered >= 180


def test_the_bias_is_that_of_wishart_matrices():
    """E ln|W_x| + ln|W_y| - ln|W_xy|, over two, for independent x and y."""
    dof, dx, dy = 20, 4, 3
    w = wishart(dof, np.eye(dx + dy)).rvs(20000, random_state=0)
    logs = [np.linalg.slogdet(part)[1] for part in (w[:, :dx, :dx], w[:, dx:, dx:], w)]
    value = 0.5 * (logs[0] + logs[1] - logs[2])
    found = gc.Canonical(dx, dy, dof, np.zeros(dy), 0, 0.0)
    assert found.bias == pytest.approx(value.mean(), abs=4 * value.std() / math.sqrt(20000))
    assert found.deviation == pytest.approx(value.std(), rel=0.03)
    assert gc.Canonical(3, 5, 10**6, np.zeros(3), 0, 0.0).bias == pytest.approx(15 / 2e6, rel=1e-3)  # dx dy / 2n


def test_conditional_information_of_three_correlated_columns():
    """Partial correlation r: I = -1/2 ln(1 - r²); coverage over replicates."""
    cov = np.array([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]])
    precision = np.linalg.inv(cov)
    r = -precision[0, 1] / math.sqrt(precision[0, 0] * precision[1, 1])
    truth, covered, values = -0.5 * math.log(1 - r * r), 0, []
    for seed in range(200):
        x, y, z = (np.random.default_rng(seed).normal(size=(150, 3)) @ np.linalg.cholesky(cov).T).T
        e = GAUSSIAN.conditional_mutual_information(x, y, z)
        values.append(e.value)
        covered += e.interval[0] <= truth <= e.interval[1]
    assert covered >= 180
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / math.sqrt(200))


def test_chain_rule():
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 20000, 2))
    y = x + z @ rng.normal(size=(2, 2)) + rng.normal(size=(20000, 2))
    both = GAUSSIAN.mutual_information(np.c_[x, z], y).value
    parts = GAUSSIAN.mutual_information(z, y).value + GAUSSIAN.conditional_mutual_information(x, y, z).value
    assert both == pytest.approx(parts, abs=1e-6)  # the biases telescope too


@pytest.mark.parametrize("d", [1, 5, 30])
def test_entropy_is_unbiased_and_covered(d):
    a = np.random.default_rng(9).normal(size=(d, d)) + 2 * np.eye(d)
    truth = 0.5 * d * math.log(2 * math.pi * math.e) + np.linalg.slogdet(a)[1]
    found = [GAUSSIAN.entropy(np.random.default_rng(s).normal(size=(100, d)) @ a) for s in range(200)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - truth) < 3.5 * values.std() / math.sqrt(200)
    assert sum(e.interval[0] <= truth <= e.interval[1] for e in found) >= 180


def test_the_interval_follows_the_fourth_moments():
    """Student rows with 6 degrees of freedom: the formula's population value, with wider scatter than Gaussian rows."""
    covered, truth = 0, -0.5 * math.log(1 - 0.36)
    for seed in range(200):
        x, y, _ = pairs(1, 1, [0.6], 1000, seed)
        w = np.sqrt(np.random.default_rng(10**6 + seed).chisquare(6, (1000, 1)) / 6)
        e = GAUSSIAN.mutual_information(x / w, y / w)
        covered += e.interval[0] <= truth <= e.interval[1]
    assert covered >= 180


@pytest.mark.parametrize("shrinkage", ["oas", "ledoit_wolf"])
def test_shrinkage_keeps_the_value_finite_where_columns_are_as_many_as_rows(shrinkage):
    """Eight replicates of 60 rows of 40 + 40 columns: none without dependence, and more with it."""
    estimator = make("gaussian", shrinkage=shrinkage)
    none = [estimator.mutual_information(*pairs(40, 40, [], 60, s)[:2]) for s in range(8)]
    some = [estimator.mutual_information(*pairs(40, 40, [0.9] * 20, 60, s)[:2]) for s in range(8)]
    assert all(e.status is Status.UNDERSAMPLED and e.interval is None for e in none + some)
    assert np.mean([e.value for e in none]) < 0.2 < np.mean([e.value for e in some])
