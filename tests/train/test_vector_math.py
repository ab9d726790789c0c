"""The compiled float32 functions against NumPy in double precision, over all of their range."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.special import ndtr

from infoscope.kernels import vector_math as ours


@njit
def _map_exp2(x, out):
    for i in range(len(x)):
        out[i] = ours.exp2(x[i])


@njit
def _map_tanh(x, out):
    for i in range(len(x)):
        out[i] = ours.tanh(x[i])


@njit
def _map_sigmoid(x, out):
    for i in range(len(x)):
        out[i] = ours.sigmoid(x[i])


@njit
def _map_softplus(x, out):
    for i in range(len(x)):
        out[i] = ours.softplus(x[i])


def apply(function, x):
    out = np.empty_like(x)
    function(x, out)
    return out.astype(np.float64)


@njit
def _map_normal_cdf(x, out):
    for i in range(len(x)):
        out[i] = ours.normal_cdf(x[i], ours.exp(np.float32(-0.5) * x[i] * x[i]))


@njit
def _map_log2(x, out):
    for i in range(len(x)):
        out[i] = ours.log2(x[i])


@njit
def _map_sine_and_cosine(x, sine, cosine):
    for i in range(len(x)):
        sine[i], cosine[i] = ours.sine(x[i]), ours.cosine(x[i])


X = np.concatenate([np.linspace(-30, 30, 40_001), [-1e30, -200.0, 0.0, 200.0, 1e30]]).astype(np.float32)


def test_exp2_is_right_to_two_roundings_and_never_denormal():
    x = np.clip(X * 4, -126, 126)
    assert np.abs(apply(_map_exp2, x) / np.exp2(x.astype(np.float64)) - 1).max() < 2.5e-7
    held = apply(_map_exp2, X * 100)
    assert held.min() >= np.finfo(np.float32).tiny
    assert np.isfinite(held).all()


@pytest.mark.parametrize(
    ("compiled", "wanted", "tolerance"),
    [
        (_map_tanh, np.tanh, 2e-7),
        (_map_sigmoid, lambda x: 1 / (1 + np.exp(-np.maximum(x, -700))), 2e-7),
        (_map_softplus, lambda x: np.logaddexp(0, x), 2e-7),
        (_map_normal_cdf, ndtr, 3e-7),
    ],
)
def test_against_double_precision(compiled, wanted, tolerance):
    truth = wanted(X.astype(np.float64))
    assert np.abs((apply(compiled, X) - truth) / np.maximum(1, np.abs(truth))).max() < tolerance


def test_logarithms_of_uniform_draws():
    x = np.concatenate([np.exp2(np.linspace(-32, 0, 40_001)), 1 - np.arange(1, 99) * 2.0**-24]).astype(np.float32)
    truth = np.log2(x.astype(np.float64))
    # half a rounding of the sum, which is up to 32, beside that of the fraction
    assert np.abs(apply(_map_log2, x) - truth).max() < 2.2e-6
    near_one = x > 0.5
    assert np.abs(apply(_map_log2, x) - truth)[near_one].max() < 2.5e-7


def test_sine_and_cosine_of_a_right_half_turn():
    t = np.linspace(-1, 1, 40_001).astype(np.float32)
    sine, cosine = np.empty_like(t), np.empty_like(t)
    _map_sine_and_cosine(t, sine, cosine)
    angle = np.pi / 2 * t.astype(np.float64)
    assert np.abs(sine - np.sin(angle)).max() < 2.5e-7
    assert np.abs(cosine - np.cos(angle)).max() < 2.5e-7


@njit
def _both(one, other):
    return ours.greater(one, other), ours.lesser(one, other)


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.float64])
def test_the_greater_and_the_lesser_are_pythons(kind):
    """Of NaN the first of two, as there."""
    values = [kind(v) for v in (-3, 0, 2, 7)] + (
        [kind("nan"), kind("inf"), kind("-inf")] if kind is not np.int64 else []
    )
    for one in values:
        for other in values:
            np.testing.assert_array_equal(_both(one, other), (max(one, other), min(one, other)))
    assert _both(1, np.int64(5)) == (5, 1)
