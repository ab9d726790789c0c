"""The counter's random numbers: their laws, and that no two of them know of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from infoscope.kernels.counter_draws import ADDITIVE, BINARY, GAUSSIAN, draw


def drawn(place=(1, 2, 3, 4), kind=ADDITIVE, size=1.0, units=40, rows=256) -> np.ndarray:
    """[units, rows] in float64."""
    out = np.empty((units + units % 2, rows), np.float32)
    draw(*place, kind, size, out, units, rows)
    return out[:units].astype(np.float64)


def test_normals_have_the_moments_and_tails_of_normals():
    """Four million draws; each statistic within 4.5 of its own standard deviations (nine of them: chance 6e-5)."""
    x = np.concatenate([drawn((seed, 7, 0, 1), units=100, rows=2048) for seed in range(20)]).ravel()
    n = len(x)
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (5, 0, 945), (6, 15, 10170)):
        assert abs((x**power).mean() - mean) < 4.5 * np.sqrt(variance / n)
    for beyond in (2.0, 3.0, 4.0):
        p = 2 * norm.sf(beyond)
        assert abs((np.abs(x) > beyond).mean() - p) < 4.5 * np.sqrt(p / n)
    assert kstest(x[:200_000], norm.cdf).pvalue > 1e-4


def test_neighbours_in_every_direction_are_independent():
    """Correlation of the draws, and of their squares, with the next unit, row, layer, update, epoch and member."""
    here = drawn(units=100, rows=2048)
    others = {
        "unit": (here[:-1], here[1:]),
        "pair": (here[:-2], here[2:]),
        "row": (here[:, :-1], here[:, 1:]),
        **{
            name: (here, drawn(tuple(np.add((1, 2, 3, 4), step).tolist()), units=100, rows=2048))
            for name, step in (
                ("layer", (0, 0, 0, 1)),
                ("update", (0, 0, 1, 0)),
                ("epoch", (0, 1, 0, 0)),
                ("member", (1, 0, 0, 0)),
                ("epoch for update", (0, 1, -1, 0)),
            )
        },
    }
    for name, (a, b) in others.items():
        for f in (np.asarray, np.square, np.abs):
            correlation = np.corrcoef(f(a).ravel(), f(b).ravel())[0, 1]
            assert abs(correlation) < 4.5 / np.sqrt(a.size), name


@pytest.mark.parametrize("kind", [BINARY, GAUSSIAN])
@pytest.mark.parametrize("size", [0.1, 0.5, 0.8])
def test_both_dropouts_have_mean_one_and_the_same_variance(kind, size):
    factors = drawn(kind=kind, size=size, units=200, rows=4096)
    n, variance = factors.size, size / (1 - size)
    fourth = 3 * variance**2 if kind == GAUSSIAN else ((1 - size) ** 4 * size + size**4 * (1 - size)) / (1 - size) ** 4
    assert abs(factors.mean() - 1) < 4.5 * np.sqrt(variance / n)
    assert abs(((factors - 1) ** 2).mean() - variance) < 4.5 * np.sqrt((fourth - variance**2) / n) + 1e-6
    if kind == BINARY:
        assert set(np.unique(factors)) == {0.0, float(np.float32(1 / (1 - size)))}


@given(place=st.tuples(*(st.integers(0, 2**40) for _ in range(4))), units=st.integers(1, 7), rows=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_the_place_alone_decides_and_the_size_scales(place, units, rows):
    first, second = (drawn(place, units=units, rows=rows) for _ in range(2))
    assert (first == second).all()
    np.testing.assert_allclose(drawn(place, size=0.01, units=units, rows=rows), 0.01 * first, rtol=1e-6)


def test_an_even_layer_writes_no_further_than_its_units():
    out = np.full((6, 8), 99, np.float32)
    draw(1, 2, 3, 4, ADDITIVE, 1.0, out, 4, 5)
    assert (out[4:] == 99).all()
    assert (out[:, 5:] == 99).all()
    assert (out[:4, :5] != 99).all()
