"""Adam, compiled and over tensors, in both orders, against a slow twin in float64."""

import numpy as np
import pytest
import torch

from infoscope.kernels import adam


def slow(p, gradients, rate, betas, cheaper):
    """Kingma & Ba 2015, algorithm 1, or the order at the end of their section 2."""
    m = v = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        if cheaper:
            p = p - rate * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t) * m / (np.sqrt(v) + 1e-8)
        else:
            p = p - rate * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + 1e-8)
    return p


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.normal(size=6), rng.normal(size=(30, 6)) * [1, 1e-3, 1, 1e-6, 5, 1]


def test_networks_train_by_algorithm_1(problem):
    start, gradients = problem
    expected = slow(start, gradients, 0.01, (0.9, 0.999), cheaper=False)
    p, m, v = start.astype(np.float32), np.zeros(6, np.float32), np.zeros(6, np.float32)
    for t, g in enumerate(gradients.astype(np.float32), 1):
        adam.compiled(p, m, v, g, t, 0.01)
    np.testing.assert_allclose(p, expected, atol=2e-6)
    found, first, second = (torch.tensor(x) for x in (start, np.zeros(6), np.zeros(6)))
    for t, g in enumerate(torch.tensor(gradients), 1):
        adam.on_tensor(found, g, first, second, 0.01, t)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_probes_and_critics_train_by_the_cheaper_order(problem):
    start, gradients = problem
    expected = slow(start, gradients, 0.01, (0.9, 0.99), cheaper=True)
    found, first, second = (torch.tensor(x) for x in (start, np.zeros(6), np.zeros(6)))
    p, m, v, average = (np.array(x, np.float32) for x in (start, np.zeros(6), np.zeros(6), start))
    for t, g in enumerate(gradients, 1):
        adam.on_tensors([found], [torch.tensor(g)], [first], [second], 0.01, t)
        length = np.float32(0.01 * adam.correction(t))
        adam.compiled_averaged(
            *(p, m, v, average, g.astype(np.float32), np.ones(6, np.bool_), np.float32(1)),
            *(length, np.float32(0.5), adam.SHORT_MOMENTS),
        )
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(p, expected, atol=2e-6)
    assert 0 < np.abs(average - p).max() < 0.05
