"""Binned information in closed form: uniform cells, exact channels, refinement."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import norm

from infoscope.measure.questions.information import entropy, mutual_information, plane


@pytest.mark.parametrize("k", [2, 8, 30])
def test_uniform_cells_have_log_k(k):
    t = (np.arange(60 * k) % k + 0.5) / k * 2 - 1
    assert entropy(t, "binned", bins=k).value == pytest.approx(math.log(k), abs=1e-12)


@pytest.mark.parametrize("flips", [0, 1, 3, 5])
def test_binary_symmetric_channel(flips):
    y = np.repeat([0, 1], 500)
    z = y ^ (np.arange(1000) % 10 < flips)
    p = flips / 10
    h = -sum(q * math.log(q) for q in (p, 1 - p) if q)
    for t in (2.0 * z - 1, np.stack([2.0 * z - 1, z * 0.5, 1.0 - z], 1)):
        assert plane(t, y).ty.value == pytest.approx(math.log(2) - h, abs=1e-12)
        assert mutual_information(t, 2.0 * y - 1, estimator="binned").value == pytest.approx(math.log(2) - h, abs=1e-12)


@pytest.mark.parametrize(("w", "published"), [(0.5, 4.6312), (2.0, 4.1573), (10.0, 2.0442)])
def test_saturating_neuron_on_a_gaussian_input(w, published):
    """One tanh unit on N(0,1) input, 30 bins: the quantiles of the input give the exact cell weights. In bits."""
    n = 200_000
    x = norm.ppf((np.arange(n) + 0.5) / n)  # one sample a quantile
    h = entropy(np.tanh(w * x), "binned", bins=30)
    assert h.bits == pytest.approx(published, abs=1e-3)


def test_machine_precision_and_the_symbol_at_one():
    t = np.float32([-1, -1, 0.99, 1, 1])
    assert entropy(t, "binned", form="exact").value == pytest.approx(math.log(5) - 2 * 2 / 5 * math.log(2))
    y = [0, 1, 0, 1, 0]
    # 30 edges: exactly 1.0 is a symbol of its own and exactly -1.0 is not; 30 bins: 0.99 and 1.0 share the last.
    assert plane(t, y, form="peers", bins=30).xt.value > plane(t, y, bins=30).xt.value


@pytest.mark.parametrize("form", [{}, {"width": True}])
def test_refinement_never_lowers_information(form):
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(500, 3)) * 0.5, rng.integers(4, size=500)
    points = [plane(t, y, **({"width": 1 / b} if form else {"bins": b})) for b in (1, 2, 4, 8, 64)]
    for coarse, fine in itertools.pairwise(points):
        assert coarse.xt.value <= fine.xt.value + 1e-12
        assert coarse.ty.value <= fine.ty.value + 1e-12


@pytest.mark.parametrize("bins", [2, 5, 30, 1000])
def test_label_information_is_at_most_either_entropy(bins):
    rng = np.random.default_rng(bins)
    t, y = rng.normal(size=(300, 2)), rng.integers(5, size=300)
    point = plane(t, y, bins=bins)
    h_y = -sum(p * math.log(p) for p in np.bincount(y) / 300)
    assert -1e-12 <= point.ty.value <= min(h_y, point.xt.value) + 1e-12


def test_permuted_units_and_rows():
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(400, 14)) * 0.2, rng.integers(2, size=400)
    base, rows = plane(t, y, bins=4), rng.permutation(400)
    for other in (plane(t[:, ::-1], y, bins=4), plane(t[rows], y[rows], bins=4), plane(t, 1 - y, bins=4)):
        assert other.xt.value == pytest.approx(base.xt.value, abs=1e-12)
        assert other.ty.value == pytest.approx(base.ty.value, abs=1e-12)
