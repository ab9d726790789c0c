"""Neighbour estimators on laws with closed forms: values, the direction of their bias, and the cover of intervals."""

import math

import numpy as np
import pytest

from infoscope.core.estimate import Status
from infoscope.measure.neighbours.marginals import even, standardised
from infoscope.measure.questions.information import conditional_mutual_information, entropy, mutual_information


def normal_pair(n, d, rho, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, d))


@pytest.mark.parametrize("estimator", ["ksg", "mixed_ksg", "local_nonuniformity"])
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9, 0.99])
def test_normal_pairs(estimator, rho):
    found = mutual_information(*normal_pair(3000, 1, rho), estimator)
    assert found.value == pytest.approx(-0.5 * math.log(1 - rho**2), abs=3 / math.sqrt(3000))
    assert found.status is Status.OK


@pytest.mark.parametrize("options", [{"variant": 2}, {"norm": "euclidean"}, {"margins": "normal"}, {"k": 10}])
def test_normal_pairs_under_each_option(options):
    found = mutual_information(*normal_pair(3000, 2, 0.6), "ksg", **options)
    assert found.value == pytest.approx(-math.log(1 - 0.36), abs=3 / math.sqrt(3000))


def test_in_many_dimensions_the_value_is_too_low_and_less_so_in_the_euclidean_norm():
    x, y = normal_pair(2000, 10, 0.6)
    cube, sphere = (mutual_information(x, y, "ksg", norm=norm) for norm in ("max", "euclidean"))
    assert cube.value < sphere.value < -5 * math.log(1 - 0.36)
    assert cube.status is sphere.status is Status.UNDERSAMPLED


@pytest.mark.parametrize("d", [1, 3])
def test_entropy_of_normal_and_uniform_rows(d):
    rng = np.random.default_rng(d)
    found = entropy(2 * rng.normal(size=(3000, d)), "kozachenko_leonenko")
    assert found.value == pytest.approx(d / 2 * math.log(2 * math.pi * math.e * 4), abs=3 * math.sqrt(d / 3000))
    found = entropy(3 * rng.uniform(size=(3000, 1)), "kozachenko_leonenko")
    assert found.value == pytest.approx(math.log(3), abs=3 / math.sqrt(3000))


def test_conditional_information_of_a_common_cause_and_of_a_chain():
    """X - Z - Y with unit noises: I(X;Y) = 0.5 ln 4/3, I(X;Y|Z) = 0; and X + Y = Z makes independent X and Y depend."""
    rng = np.random.default_rng(0)
    z, u, v = rng.normal(size=(3, 3000))
    close = 3 / math.sqrt(3000)
    assert conditional_mutual_information(z + u, z + v, z, "ksg").value == pytest.approx(0, abs=close)
    assert mutual_information(z + u, z + v, "ksg").value == pytest.approx(0.5 * math.log(4 / 3), abs=close)
    sum_ = u + v + z
    truth = 0.5 * math.log(4 / 3)  # partial correlation 1/2
    assert conditional_mutual_information(u, v, sum_, "ksg").value == pytest.approx(truth, abs=close)
    label = (z > 0).astype(int)
    by_label = conditional_mutual_information(u + 5 * label, v + 5 * label, label, "mixed_ksg")
    assert by_label.value == pytest.approx(0, abs=close)


def test_labels_of_shifted_uniforms():
    """X uniform on [Y, Y + 2], Y one of 5: ln 5 - 4/5 ln 2."""
    rng = np.random.default_rng(0)
    y = rng.integers(5, size=4000)
    found = mutual_information(y + rng.uniform(0, 2, size=4000), y, "mixed_ksg")
    assert found.value == pytest.approx(math.log(5) - 0.8 * math.log(2), abs=3 / math.sqrt(4000))


def test_atoms_beside_a_density_are_told_apart():
    """Half of the rows normal with correlation .9, half of them signs that agree in 90 %."""
    rng = np.random.default_rng(0)
    n, (x, y) = 2000, normal_pair(2000, 1, 0.9)
    sign = rng.choice([-1.0, 1.0], size=(n, 1))
    other = np.where(rng.random((n, 1)) < 0.9, sign, -sign)
    atom = rng.random((n, 1)) < 0.5
    binary = math.log(2) + 0.9 * math.log(0.9) + 0.1 * math.log(0.1)
    truth = math.log(2) + 0.5 * (-0.5 * math.log(1 - 0.81) + binary)
    found = mutual_information(np.where(atom, sign, x), np.where(atom, other, y), "mixed_ksg")
    assert found.value == pytest.approx(truth, abs=3 / math.sqrt(n))


def test_heavy_tails_get_normal_scores():
    """Student's t in 2+2 columns with one degree of freedom, 0.43195 nats."""
    rng = np.random.default_rng(0)
    t = rng.normal(size=(3000, 4)) / np.sqrt(rng.chisquare(1, size=(3000, 1)))
    scored = mutual_information(t[:, :2], t[:, 2:], "ksg", margins="normal").value
    assert scored == pytest.approx(0.431946, abs=3 / math.sqrt(3000))
    unasked = mutual_information(t[:, :2], t[:, 2:], "ksg")
    assert unasked.value == pytest.approx(scored, abs=1e-12)
    assert "a few rows make the standard deviation of 2 of the 2 columns of x" in " ".join(unasked.notes)


@pytest.mark.parametrize(("estimator", "d"), [("ksg", 1), ("ksg", 2), ("mixed_ksg", 1)])
def test_intervals_cover_the_truth(estimator, d):
    """95 % intervals miss at most 9 of 60 times: with 5 % to miss, more than that has odds of 1 in 1000."""
    truth, hits = -d / 2 * math.log(1 - 0.36), 0
    for seed in range(60):
        low, high = mutual_information(*normal_pair(600, d, 0.6, seed), estimator).interval
        hits += low <= truth <= high
    assert hits >= 51


GROSS = {
    "one row at 1e3": lambda x: np.where(np.arange(len(x)) == 5, 1e3, x),
    "one row at 1e6": lambda x: np.where(np.arange(len(x)) == 5, 1e6, x),
    "one row at 1e300": lambda x: np.where(np.arange(len(x)) == 5, 1e300, x),
    "1 % at -9999": lambda x: np.where(np.arange(len(x)) < len(x) // 100, -9999.0, x),
    "exp(5 x)": lambda x: np.exp(5 * x),
    "x to the ninth": lambda x: x**9,
}
ASKED = [("mixed_ksg", {}), ("ksg", {}), ("ksg", {"variant": 2}), ("ksg", {"margins": "normal"})]


@pytest.mark.parametrize("gross", GROSS)
@pytest.mark.parametrize(("estimator", "options"), [*ASKED, ("local_nonuniformity", {})])
def test_few_rows_far_out_do_not_hide_the_others(estimator, options, gross):
    """y = x + N(0, 1/4): ln(5)/2 nats, of which 1 % at random places takes 1 %."""
    n, rng = 1500, np.random.default_rng(3)
    x = rng.normal(size=n)
    y = x + 0.5 * rng.normal(size=n)
    truth = math.log(5) / 2 * (0.99 if "%" in gross else 1)
    found = mutual_information(GROSS[gross](x), y, estimator, **options)
    assert found.value == pytest.approx(truth, abs=3 / math.sqrt(n))
    assert found.status is Status.OK


@pytest.mark.parametrize("gross", GROSS)
def test_few_rows_far_out_in_one_of_two_columns_and_in_z(gross):
    n, rng = 2000, np.random.default_rng(0)
    y = rng.integers(2, size=n)
    x = rng.normal(size=(n, 2)) + 2 * y[:, None]
    clean = mutual_information(x, y)
    spoilt = mutual_information(np.column_stack([GROSS[gross](x[:, 0]), x[:, 1]]), y)
    assert spoilt.value == pytest.approx(clean.value, abs=3 / math.sqrt(n))
    assert spoilt.status is Status.OK
    z, u, v = rng.normal(size=(3, n))
    for estimator in ("ksg", "mixed_ksg"):
        clean = conditional_mutual_information(z + u, z + u + v, z, estimator)
        spoilt = conditional_mutual_information(z + u, z + u + v, GROSS[gross](z), estimator)
        assert spoilt.value == pytest.approx(clean.value, abs=3 / math.sqrt(n))


def test_ordinary_columns_keep_their_standard_deviation():
    for n in (20, 50, 500):
        for law in ("normal", "uniform", "logistic"):
            t = getattr(np.random.default_rng(n), law)(size=(n, 200))
            columns, wide = even(t)
            assert wide == ()
            np.testing.assert_array_equal(columns, standardised(t))


@pytest.mark.parametrize("estimator", ["ksg", "mixed_ksg", "local_nonuniformity"])
def test_a_function_of_forty_rows_is_not_believed(estimator):
    """I(x; x³) is infinite; 40 rows read about a nat and have no interval to say so."""
    x = np.random.default_rng(0).normal(size=40)
    found = mutual_information(x, x**3, estimator)
    assert found.status is not Status.OK
    assert found.interval is None
    assert "no interval: the tenths of 40 rows are too small" in found.notes[-1] or found.status is Status.SATURATED
