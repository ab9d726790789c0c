"""The published bounds against the values that the paper prints, and the ones that replace them."""

import math

import numpy as np
import pytest

from infoscope.measure.noise import published_bounds as b
from infoscope.measure.noise.dropout import through_dropout

#: Table I of arXiv:1810.11589: noise 1, a thousand million samples; the paper used an eps > 0, which adds up to 0.7 %.
TABLE = {1: 7.41e-4, 2: 1.66e-3, 3: 3.69e-3, 5: 0.0179, 7: 0.0856, 9: 0.402, 10: 0.869, 11: 1.87, 12: 4.02}


@pytest.mark.parametrize(("d", "printed"), TABLE.items())
def test_the_published_risk_is_what_the_paper_prints(d, printed):
    found = b.entropy_risk(10**9, d, 1.0)
    assert 0.992 * printed <= found <= 1.001 * printed
    assert b.entropy_risk(10**9, d, 1.0, eps=0.1) > found


@pytest.mark.parametrize(("d", "value"), [(1, 8.6e-4), (3, 5.8e-3), (5, 0.037), (7, 0.24), (10, 3.7)])
def test_the_published_risk_of_subgaussian_units(d, value):
    assert b.entropy_risk_subgaussian(10**9, d, 1.0, 1.0) == pytest.approx(value, rel=0.02)


def test_the_published_risk_of_subgaussian_units_of_few_samples():
    """There the tails decide; by hand for d = b = K = 1, where c = ln(2 pi)/2: 0.506 and e (c + 2)(c + 5) + 152 e."""
    c = 0.5 * math.log(2 * math.pi)
    tails = math.e / 100 * ((c + 2) * (c + 5) + 152)
    assert b.entropy_risk_subgaussian(100, 1, 1.0, 1.0) == pytest.approx(0.5058 + tails, rel=1e-4)


@pytest.mark.parametrize(
    ("noise", "values"), [(0.1, {1: 54, 3: 485, 10: 1.4e4}), (0.005, {1: 8.6e6, 3: 7.7e7, 10: 1.1e10})]
)
def test_at_the_sizes_of_real_networks_it_says_nothing(noise, values):
    for d, value in values.items():
        found = b.entropy_risk(4096, d, noise)
        assert found == pytest.approx(value, rel=0.03)
        assert b.vacuous(found, d, noise)
    assert not b.vacuous(b.entropy_risk(10**9, 1, 1.0), 1, 1.0)
    assert b.entropy_risk(4096, 100_000, noise) == math.inf


def test_the_risks_of_information_are_built_from_it():
    n, d, noise = 10**7, 2, 1.0
    alone = b.entropy_risk(n, d, noise)
    assert b.information_risk(n, d, noise) == pytest.approx(2 * alone + 2 * math.log(2) / (4 * math.sqrt(n)))
    classes = b.label_information_risk(n, d, noise, 0.5, 0.5, 2)
    assert classes > alone + 2 * b.entropy_risk(n // 4, d, noise)
    assert b.label_information_risk(n, d, noise, 0.1, 0.5, 3) > classes


@pytest.mark.parametrize(
    ("noise", "d", "levels"),
    [(0.1, 1, 3), (0.1, 11, 3), (0.1, 12, 2), (0.1, 10_000, 2), (0.005, 1, 77), (0.005, 3, 68), (0.005, 5, 64)],
)
def test_levels_that_noise_leaves_apart(noise, d, levels):
    assert b.distinguishable_levels(d, noise, 0.01) == levels


def test_the_worst_law_needs_hundreds_of_millions_of_samples():
    assert b.worst_bias(7 * 10**8, 5, 0.005) > 0.1
    assert b.worst_bias(10**9, 5, 0.005) < b.worst_bias(10**8, 5, 0.005)
    with pytest.raises(ValueError, match="wanted a number between"):
        b.worst_bias(1000, 5, 1.0, eps=0.01)
    with pytest.raises(ValueError, match=r"wanted a number between 0\.317 and 1"):  # beyond one standard deviation
        b.worst_bias(1000, 1, 0.5, eps=0.3)
    assert b.worst_bias(1000, 1, 0.5, eps=0.33) < 0


def test_the_monte_carlo_bound_needs_no_small_noise():
    assert b.monte_carlo_mse_published(3, 0.005, 1) == pytest.approx(480_006)
    assert b.monte_carlo_mse(3, 1) == 3
    assert b.monte_carlo_mse_relu(3, 0.005, 1, 1.0) > 480_006


def test_chi_square_of_a_gaussian():
    assert b.gaussian_chi_square(5, 1.0) == pytest.approx(31)
    assert b.chi_square_bias(31, 500) == pytest.approx(0.0602, abs=1e-4)
    assert b.gaussian_chi_square(10_000, 1.0) == math.inf


@pytest.mark.parametrize(("size", "theorem"), [(0.5, 2), (1.0, 2), (1.0 + 1e-9, 3), (1.5, 3), (2.0, 3)])
def test_the_theorem_that_is_quoted_is_about_units_of_this_size(size, theorem):
    """Theorem 2 is about units within [-1, 1] and no others; the risk quoted is the one of the theorem named."""
    s = np.array([-0.1, 0.2, size]).reshape(3, 1, 1)
    first = b.said(s, 0.5, 3, 3, 0.1)[0]
    norm = size / math.sqrt(math.log(2))
    risk = b.entropy_risk(3, 1, 0.5) if theorem == 2 else b.entropy_risk_subgaussian(3, 1, 0.5, norm)
    assert first.startswith(f"published risk bound of h(T) (Theorem {theorem}): {risk:.3g} nats")


def test_a_dropout_layer_is_drawn_no_further_than_the_tolerance_asks():
    """Where the first draws reach it by so little that a fifth more would be wanted."""
    f = 1 + 0.1 * np.random.default_rng(38).normal(size=(8, 1))
    found = through_dropout(f, 0.05, True, 0.3, 0)
    assert 0.92 < found.error / 0.3 < 1
    assert found.queries == 2 * len(f)
