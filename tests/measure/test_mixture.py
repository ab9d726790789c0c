"""The mixture kernel: its readable twin, its precision, its threads, its memory."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_twins import mixture_sums

from infoscope.core.errors import InputError
from infoscope.measure.noise import mixture
from infoscope.measure.noise.mixture import Mixture


def problem(n=1300, m=150, j=2, d=3, noise=0.1, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.tanh(rng.normal(size=(n, d))).astype(dtype)
    classes = np.stack([rng.integers(3, size=n), np.arange(n) // 4])
    return centres, classes, rng.integers(n, size=m), noise * rng.normal(size=(j, m, d))


def fields(sums):
    return sums.others, sums.squares, sums.kin, sums.strangers


@pytest.mark.parametrize("d", [1, 3, 16, 17, 60])
@pytest.mark.parametrize("noise", [2.0, 0.3, 0.05])
def test_it_agrees_with_the_readable_twin(d, noise):
    centres, classes, own, z = problem(d=d, noise=noise)
    found = Mixture(centres, noise, classes).around(own, z)
    for ours, twin in zip(fields(found), mixture_sums(centres, noise, classes, own, z), strict=True):
        assert ours.shape == twin.shape
        near = twin > twin.max() - 300  # what lies 2^-500 under the largest term is dropped, and by design
        np.testing.assert_allclose(np.logaddexp(0, ours), np.logaddexp(0, twin), atol=1e-9)
        np.testing.assert_allclose(
            ours[near & np.isfinite(ours)], twin[near & np.isfinite(ours)], atol=2e-9, rtol=1e-12
        )
        assert (ours <= twin + 1e-9 * np.abs(twin)).all(), "a dropped term only loosens a leave-one-out bound"


@given(
    st.integers(2, 40),
    st.integers(1, 20),
    st.sampled_from([1e-3, 0.1, 1.0, 30.0]),
    st.integers(0, 5),
    st.booleans(),
)
@settings(max_examples=40)
def test_it_agrees_with_the_twin_on_small_and_repeated_sets(n, d, noise, seed, repeated):
    centres, classes, own, z = problem(n, 7, 3, d, noise, seed=seed)
    centres = centres[np.arange(n) // 2] if repeated else centres
    found = Mixture(centres, noise, classes).around(own, z)
    for ours, twin in zip(fields(found), mixture_sums(centres, noise, classes, own, z), strict=True):
        np.testing.assert_allclose(np.logaddexp(0, ours), np.logaddexp(0, twin), atol=1e-8)


@pytest.mark.parametrize("d", [2, 30])
def test_a_tensor_takes_the_path_of_an_accelerator_to_the_same_sums(d, device):
    centres, classes, own, z = problem(d=d)
    here = Mixture(centres, 0.1, classes)
    there = Mixture(torch.tensor(centres, device=device), 0.1, classes)
    for ours, theirs in zip(fields(here.around(own, z)), fields(there.around(own, z)), strict=True):
        np.testing.assert_allclose(np.logaddexp(0, ours), np.logaddexp(0, theirs), atol=1e-9)
    queries = centres[:50] + z[0, :50]
    np.testing.assert_allclose(there.log_densities(queries), here.log_densities(queries), atol=1e-9)


@pytest.mark.parametrize("d", [1, 5, 25])
def test_log_densities_of_any_queries(d):
    from scipy.special import logsumexp

    centres, classes, _, z = problem(200, 200, d=d, noise=0.3)
    queries = centres[::-1] + 5 * z[0] + 0.1
    squared = ((queries[:, None] - centres) ** 2).sum(-1)
    expected = logsumexp(-squared / (2 * 0.09), axis=1) - math.log(200) - d / 2 * math.log(2 * math.pi * 0.09)
    for known in (None, classes):
        np.testing.assert_allclose(Mixture(centres, 0.3, known).log_densities(queries), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("d", [3, 40])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_to_the_bit_on_any_number_of_threads(d, dtype, monkeypatch):
    monkeypatch.setattr(mixture, "ALWAYS_DOUBLE", 100)
    centres, classes, own, z = problem(1500, 700, d=d, dtype=dtype)
    kernel = Mixture(centres, 0.1, classes)
    assert kernel.dtype == dtype
    first = fields(kernel.around(own, z, threads=1))
    for threads in (2, 3):
        for one, other in zip(first, fields(kernel.around(own, z, threads=threads)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_float32_only_where_many_rows_and_little_noise_to_magnify_rounding_allow_it():
    rng = np.random.default_rng(0)

    def chosen(n, d, noise, dtype):
        return Mixture(rng.normal(size=(n, d)).astype(dtype), noise).dtype

    assert chosen(20_000, 10, 0.1, np.float32) == np.float32
    assert chosen(10_000, 10, 0.1, np.float32) == np.float64, "for so few rows float64 costs nothing"
    assert chosen(20_000, 10, 0.1, np.float64) == np.float64, "never less than what arrived"
    assert chosen(20_000, 10, 0.001, np.float32) == np.float64
    assert chosen(20_000, 200, 0.01, np.float32) == np.float64


@pytest.mark.parametrize(("d", "noise"), [(3, 0.005), (10, 0.02), (64, 0.1)])
def test_the_error_of_float32_stays_under_what_the_rule_promises(d, noise, monkeypatch):
    monkeypatch.setattr(mixture, "ALWAYS_DOUBLE", 100)
    rng = np.random.default_rng(3)
    clusters = np.tanh(rng.normal(size=(40, d)))
    centres = (clusters[rng.integers(40, size=1500)] + 2 * noise / math.sqrt(d) * rng.normal(size=(1500, d))).astype(
        np.float32
    )
    own, z = np.arange(1500), noise * rng.normal(size=(1, 1500, d))
    single, double = Mixture(centres, noise), Mixture(centres.astype(np.float64), noise)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    ours, exact = (np.logaddexp(0, kernel.around(own, z).others) for kernel in (single, double))
    assert exact.max() > 2, "rows that share a cluster"
    np.testing.assert_allclose(ours, exact, atol=mixture.SINGLE_ERROR)


def test_copies_count_exactly_whatever_the_size_of_the_numbers():
    rng = np.random.default_rng(0)
    for d in (3, 30):
        for size in (1e-300, 1.0, 1e8, 1e140):
            centres = size * np.repeat(rng.normal(size=(20, d)), 3, axis=0)
            z = 0.01 * size * rng.normal(size=(2, 60, d)) if size == 1 else rng.normal(size=(2, 60, d))
            found = Mixture(centres, 0.01 * size if size == 1 else 1.0).around(np.arange(60), z)
            expected = math.log(59) if size == 1e-300 else math.log(2)
            np.testing.assert_allclose(found.others, expected, atol=1e-9)


def test_rows_too_large_for_their_squares_are_refused():
    with pytest.raises(InputError, match=r"the rows reach 1e\+160 in size, wanted values whose squares stay finite"):
        Mixture(np.array([[1e160], [-1e160]]), 0.1)


def test_a_million_pairs_need_no_million_numbers():
    centres, _, own, z = problem(20_000, 2000, 1)
    kernel = Mixture(centres, 0.1)
    kernel.around(own[:5], z[:, :5])
    tracemalloc.start()
    kernel.around(own, z, threads=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6, "2000 x 20 000 numbers take 320 MB"
