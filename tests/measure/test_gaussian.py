"""The Gaussian and the Gaussian-copula estimator: their formulas, statuses, invariances and refusals."""

import math

import numpy as np
import pytest
from scipy.stats import norm, rankdata

import infoscope
from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.moments import canonical as gc

GAUSSIAN, COPULA = make("gaussian"), make("gaussian_copula")


@pytest.fixture
def xy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 5))
    return x, x[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(500, 3))


def log_det(rows):
    return np.linalg.slogdet(np.cov(rows.T).reshape(rows.shape[1], -1))[1]


def slow(x, y, z=None):
    """The formula with log-determinants of covariances, and the bias with Wishart matrices of dof n - 1."""
    z = np.zeros((len(x), 0)) if z is None else z
    parts = [(np.c_[x, z], 1), (np.c_[y, z], 1), (np.c_[x, y, z], -1), (z, -1)]
    return sum(
        sign * 0.5 * (log_det(rows) - gc.log_wishart(len(x) - 1, rows.shape[1])) for rows, sign in parts if rows.size
    )


def test_canonical_correlations_are_log_determinants(xy):
    x, y = xy
    z = x[:, :1] + np.random.default_rng(1).normal(size=(500, 2))
    assert GAUSSIAN.mutual_information(x, y).value == pytest.approx(slow(x, y), abs=1e-10)
    assert GAUSSIAN.conditional_mutual_information(x, y, z).value == pytest.approx(slow(x, y, z), abs=1e-10)
    scores = [norm.ppf(rankdata(part, axis=0) / 501) for part in (x, y)]
    assert COPULA.mutual_information(x, y).value == pytest.approx(slow(*scores), abs=1e-10)


def test_entropy_is_the_log_determinant(xy):
    x, _ = xy
    bias = 0.5 * (gc.log_wishart(499, 5) - 5 * math.log(499 / 2))
    expected = 0.5 * log_det(x) + 2.5 * math.log(2 * math.pi * math.e) - bias
    assert GAUSSIAN.entropy(x).value == pytest.approx(expected, abs=1e-10)
    assert GAUSSIAN.entropy(1e-6 * x).value == pytest.approx(expected + 5 * math.log(1e-6), abs=1e-8)
    assert make("gaussian", shrinkage="oas").entropy(x).value == pytest.approx(expected, abs=0.05)


def test_invertible_linear_maps_and_their_orders(xy):
    x, y = xy
    expected = GAUSSIAN.mutual_information(x, y)
    a = np.random.default_rng(2).normal(size=(5, 5))
    for mapped in (x @ a, 1e-6 * x + 100, x * [1, 1e-6, 1e6, 1, 1]):
        found = GAUSSIAN.mutual_information(mapped, y)
        assert found.value == pytest.approx(expected.value, abs=1e-6)
        np.testing.assert_allclose(found.interval, expected.interval, atol=1e-6)
    assert GAUSSIAN.mutual_information(y, x).value == pytest.approx(expected.value, abs=1e-10)


def test_monotone_maps_leave_the_copula_as_it_is(xy):
    x, y = xy
    expected = COPULA.mutual_information(x, y)
    assert COPULA.mutual_information(np.exp(x), np.arctan(y)).value == expected.value
    assert COPULA.conditional_mutual_information(x, y, x[:, :1] + y[:, :1]).quantity == "I(X;Y|Z)"


def test_the_copula_says_where_it_is_a_lower_bound(xy):
    x, y = xy
    assert any("lower bound" in note for note in COPULA.mutual_information(x, y[:, 0]).notes)
    assert not any("lower bound" in note for note in COPULA.mutual_information(x, y).notes)
    # uniform on a circle: no rank correlation, all the dependence there is
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 2000)
    assert abs(COPULA.mutual_information(np.cos(angle), np.sin(angle)).value) < 0.01


@pytest.mark.parametrize("rule", ["oas", "ledoit_wolf"])
@pytest.mark.parametrize(("n", "d"), [(30, 50), (200, 8)])
def test_shrinkage_against_the_papers(rule, n, d):
    rows = np.random.default_rng(0).normal(size=(n, d)) @ np.random.default_rng(1).normal(size=(d, d))
    z = gc.standardised(rows).z
    unit = z.numpy() * math.sqrt(n)
    s = unit.T @ unit / n
    if rule == "oas":  # Chen et al. 2010, eq. 23
        square, trace = (s * s).sum(), np.trace(s)
        share = ((1 - 2 / d) * square + trace**2) / ((n + 1 - 2 / d) * (square - trace**2 / d))
    else:  # Ledoit & Wolf 2004: b² / d²
        b2 = sum((((row[:, None] * row - s) ** 2).sum()) for row in unit) / n**2
        share = b2 / ((s - np.eye(d)) ** 2).sum()
    share = min(share, 1.0)
    matrix, found = gc.shrunk(z, rule)
    assert found == pytest.approx(share)
    np.testing.assert_allclose(matrix.numpy(), (1 - share) * s + share * np.eye(d), atol=1e-10)


def test_saturated_when_y_is_x(xy):
    x, y = xy
    for first, second, pairs in ((x, x, 5), (x, np.c_[x[:, 0], y[:, 0]], 1), (x[:, 0], 3 * x[:, 0] + 1, 1)):
        for estimator in (GAUSSIAN, COPULA):
            found = estimator.mutual_information(first, second)
            assert found.status is Status.SATURATED
            assert found.interval is None
            assert f"{pairs} directions of y" in found.notes[-1]
            assert pairs * 14 < found.value < pairs * 14.97 + 2


def test_saturated_above_the_entropy_of_few_values():
    """A deterministic label holds ln 2; the Gaussian formula would have it hold more."""
    x = np.r_[np.full(100, -1.0), np.full(100, 1.0)] + 0.01 * np.random.default_rng(0).normal(size=200)
    found = GAUSSIAN.mutual_information(x, np.sign(x))
    assert found.value > math.log(2)
    assert found.status is Status.SATURATED
    assert "y takes 2 values, which hold 0.693 nats at most" in found.notes[-1]


def test_saturated_under_shrinkage_that_leaves_collinear_columns():
    x = np.random.default_rng(0).normal(size=(10**5, 1))
    found = make("gaussian", shrinkage="oas").mutual_information(x, x)
    assert math.isfinite(found.value)
    assert make("gaussian", shrinkage="oas").entropy(np.c_[x, x]).value > -math.inf


def test_collinear_and_constant_columns_add_nothing(xy):
    x, y = xy
    expected = GAUSSIAN.mutual_information(x, y).value
    for more in (x[:, :2], np.zeros((500, 2)), np.full((500, 1), 0.3), x @ np.ones((5, 1))):
        found = GAUSSIAN.mutual_information(np.c_[x, more], y)
        assert found.value == pytest.approx(expected, abs=1e-8)
        assert found.status is Status.OK
    assert "1 of the 6 columns of x" in GAUSSIAN.mutual_information(np.c_[x, x[:, 0]], y).notes[0]
    flat = GAUSSIAN.entropy(np.c_[x, x[:, 0]])
    assert "on the 5-dimensional subspace" in flat.estimand
    # (x0, x0) fills a line on which it is √2 x0
    assert flat.value == pytest.approx(GAUSSIAN.entropy(x).value + 0.5 * math.log(2), abs=1e-8)


def test_undersampled_near_as_many_columns_as_rows():
    rng = np.random.default_rng(0)
    for estimator in (GAUSSIAN, make("gaussian", shrinkage="oas")):
        found = estimator.mutual_information(rng.normal(size=(60, 20)), rng.normal(size=(60, 20)))
        assert found.status is Status.UNDERSAMPLED
        assert estimator.entropy(rng.normal(size=(60, 40))).status is Status.UNDERSAMPLED


def test_ranks_blur_a_strong_correlation_and_the_interval_says_so():
    """ρ = 0.99 of 100 rows: the ranks cost 0.13 nats on average, more than a standard error."""
    found = []
    for seed in range(60):
        x, noise = np.random.default_rng(seed).normal(size=(2, 100))
        found.append(COPULA.mutual_information(x, 0.99 * x + math.sqrt(1 - 0.99**2) * noise))
    truth = -0.5 * math.log(1 - 0.99**2)
    assert np.mean([e.value for e in found]) < truth - 0.08
    assert sum(e.interval[0] <= truth <= e.interval[1] for e in found) >= 54
    assert all(e.status is Status.OK for e in found)
    assert sum("blurred by 100 ranks" in e.notes[-1] for e in found) >= 54


def test_undersampled_ranks_of_too_strong_a_correlation():
    x, noise = np.random.default_rng(0).normal(size=(2, 100))
    found = COPULA.mutual_information(x, x + 0.01 * noise)
    assert found.status is Status.UNDERSAMPLED
    assert "blurred by 100 ranks" in found.notes[-1]
    assert GAUSSIAN.mutual_information(x, x + 0.01 * noise).status is Status.OK


def test_degenerate_is_exactly_zero(xy):
    x, y = xy
    for estimator in (GAUSSIAN, COPULA, make("gaussian", shrinkage="oas")):
        for constant in (np.zeros((500, 2)), np.full((500, 2), 0.3, np.float32)):
            for pair in ((constant, y), (x, constant)):
                found = estimator.mutual_information(*pair)
                assert (found.value, found.status) == (0, Status.DEGENERATE)
    for found in (
        GAUSSIAN.conditional_mutual_information(x, y, x),
        GAUSSIAN.conditional_mutual_information(y, x @ np.ones((5, 2)), x),
    ):
        assert (found.value, found.status) == (0, Status.DEGENERATE)
        assert "is a linear function of z" in found.notes[0]
    assert (GAUSSIAN.entropy(np.ones((50, 2))).value, GAUSSIAN.entropy(np.ones((50, 2))).status) == (
        0,
        Status.DEGENERATE,
    )


def test_representation_like_inputs_are_finite_or_flagged():
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=(2, 2000))
    y = 0.9 * z + math.sqrt(0.19) * noise
    for estimator in (GAUSSIAN, COPULA):
        scaled = estimator.mutual_information(1e-6 * z, y)
        assert scaled.value == pytest.approx(0.83, abs=0.06)
        assert estimator.mutual_information(z.astype(np.float16), y).value == pytest.approx(0.83, abs=0.06)
        relu = estimator.mutual_information(np.maximum(z, 0), np.maximum(noise, 0))
        assert abs(relu.value) < 0.01
        repeated = estimator.mutual_information(np.repeat(z[:200], 10), np.repeat(z[:200], 10))
        assert repeated.status is Status.SATURATED


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda x: GAUSSIAN.mutual_information(x, x + 1),
            r"x, y vary in 29 \+ 29 directions over 30 rows, .*shrinkage",
        ),
        (lambda x: COPULA.mutual_information(x, x[::-1]), r"directions over 30 rows"),
        (lambda x: GAUSSIAN.entropy(x), "x has 40 columns for 30 rows, wanted more rows than columns"),
        (
            lambda x: GAUSSIAN.mutual_information(x, ["a", "b"] * 15),
            "y is class labels, gaussian wants real-valued rows",
        ),
        (lambda x: make("gaussian", shrinkage="some"), "option shrinkage of gaussian is 'some', wanted one of 'none'"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(InputError, match=words):
        ask(np.random.default_rng(0).normal(size=(30, 40)))


def strong(n, seed=0):
    """X uniform in 8 dimensions, Y = X + U[0, 1/s]^8 with two nats a coordinate, 1/2s + ln s = 2: 16 nats."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 8))
    return x, x + rng.random((n, 8)) / 6.8752


@pytest.mark.parametrize(("name", "reads"), [("gaussian_copula", 11.9), ("gaussian", 15.5)])
@pytest.mark.parametrize("n", [500, 5000])
def test_strong_information_that_is_not_gaussian_is_told(name, reads, n):
    """16.0 nats read 11.9 with OK and an interval of 1 %: what a linear prediction leaves is uniform, not Gaussian."""
    s = 6.8752
    assert 8 * (1 / (2 * s) + np.log(s)) == pytest.approx(16, abs=0.02)
    found = infoscope.mutual_information(*strong(n), name)
    assert found.value == pytest.approx(reads, abs=0.4)
    assert found.interval[1] < 16
    if n > 500 or name == "gaussian_copula":
        assert found.status is Status.UNRESOLVED


@pytest.mark.parametrize("name", ["gaussian", "gaussian_copula"])
@pytest.mark.parametrize("case", [(100, 1, 1, 0.5), (500, 8, 8, 0.9), (1000, 20, 1, 0.1), (2000, 2, 5, 0.99)])
def test_gaussian_rows_are_what_they_are_taken_for(name, case):
    n, dx, dy, r = case
    for seed in range(10):
        x, y = (np.random.default_rng((seed, k)).normal(size=(n, d)) for k, d in enumerate((dx, dy)))
        k = min(dx, dy)
        y[:, :k] = r * x[:, :k] + np.sqrt(1 - r * r) * y[:, :k]
        assert infoscope.mutual_information(x, y, name).status is Status.OK
