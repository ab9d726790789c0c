"""The least value of a function of one number: SciPy's, to the bit."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from infoscope.kernels.brent import least


@pytest.mark.parametrize("seed", range(200))
def test_every_step_is_that_of_scipy(seed):
    """On functions that are smooth, flat, cornered, rising, falling, and on others without one minimum."""
    rng = np.random.default_rng(seed)
    centre, power, bend = rng.normal(), rng.choice([0.5, 1, 2, 4]), rng.choice([0.0, 0.5, 5.0])
    low, high = np.sort(rng.normal(size=2) * 4)
    fine = 10.0 ** -rng.integers(1, 9)
    ours, theirs = [], []

    def f(x, seen):
        seen.append(x)
        return abs(x - centre) ** power + bend * math.sin(3 * x) if seed % 10 else 1.0

    found = least(lambda x: f(x, ours), low, high, fine)
    best = minimize_scalar(
        lambda x: f(x, theirs), bounds=(low, high), method="bounded", options={"xatol": fine, "maxiter": 500}
    )
    assert ours == theirs
    assert found == (best.x, best.fun)
