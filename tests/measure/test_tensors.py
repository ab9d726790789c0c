"""What an accelerator's tensor goes through after the checks, which hand CPU tensors on as arrays."""

from itertools import chain

import numpy as np
import pytest
import torch

from infoscope import estimator as make


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("kde", {"noise_variance": (0.1, 1.0)}),
        ("binned", {"bins": (30, 60)}),
        ("binned", {"width": (0.07, 0.5)}),
        ("binned", {"form": "peers"}),
        ("binned", {"form": "exact"}),
    ],
)
def test_hooks_answer_for_tensors_what_they_answer_for_arrays(name, options, device):
    rng = np.random.default_rng(0)
    t = np.round(rng.normal(size=(3, 200, 4)), 1).astype(np.float32)
    labels = {"label": rng.integers(2, size=200), "other": rng.integers(5, size=200)}
    estimator = make(name, **options)
    arrays, tensors = estimator._members(t, labels), estimator._members(torch.from_numpy(t).to(device), labels)
    for expected, found in zip(chain(*arrays), chain(*tensors), strict=True):
        assert (found.variable, found.options) == (expected.variable, expected.options)
        assert found.estimate.value == pytest.approx(expected.estimate.value, abs=1e-5)
        assert found.estimate.status is expected.estimate.status
        assert found.estimate.notes == expected.estimate.notes


def test_entropy_and_mutual_information_take_tensors(device):
    t = torch.arange(60, device=device).reshape(20, 3) % 7 / 7.0
    y = np.arange(20) % 2
    for name in ("kde", "binned"):
        estimator = make(name)
        assert estimator._entropy(t).value == pytest.approx(estimator.entropy(t.cpu()).value, abs=1e-5)
        expected = estimator.mutual_information(t.cpu(), y).value
        assert estimator._mutual_information(t, y).value == pytest.approx(expected, abs=1e-5)
