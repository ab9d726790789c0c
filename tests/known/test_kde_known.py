"""KDE bounds on sets of points whose information is known in closed form or by quadrature."""

import math

import numpy as np
import pytest

from infoscope.measure.questions.information import entropy, plane

S2 = 0.1


def mixture_entropy(points, s2):
    """Differential entropy in nats of the equal mixture of N(point, s2), by quadrature on a fine grid."""
    sd = math.sqrt(s2)
    grid = np.arange(points.min() - 12 * sd, points.max() + 12 * sd, sd / 40)
    density = np.exp(-((grid[:, None] - points) ** 2) / (2 * s2)).mean(1) / math.sqrt(2 * math.pi * s2)
    density = density[density > 0]
    return float(-(density * np.log(density)).sum() * sd / 40)


def truth(points, y, s2):
    """I(X;T+N) over these rows and I(T+N;Y)."""
    h = mixture_entropy(points, s2)
    noise = 0.5 * math.log(2 * math.pi * math.e * s2)
    given = sum((y == c).mean() * mixture_entropy(points[y == c], s2) for c in np.unique(y))
    return h - noise, h - given


@pytest.mark.parametrize("d", [1, 7, 50])
@pytest.mark.parametrize("r", [0.0, 0.1, 1.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_points_at_distance_r(r, d, dtype):
    t = np.zeros((2, d), dtype)
    t[1] = r / math.sqrt(d)
    low, up = (math.log(2) - math.log(1 + math.exp(-r * r / (scale * S2))) for scale in (8, 2))
    xt = plane(t, [0, 1], "kde", noise_variance=S2).xt
    assert xt.interval == pytest.approx((low, up), abs=1e-6)
    assert xt.value == pytest.approx(up, abs=1e-6)


@pytest.mark.parametrize("n", [2, 300, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_apart_points_reach_log_n(n, dtype):
    y = np.arange(n) % 2
    point = plane((100 * np.arange(n)).astype(dtype), y, "kde")
    assert point.xt.interval == pytest.approx((math.log(n), math.log(n)), abs=1e-6)
    assert point.ty.interval == pytest.approx((math.log(2), math.log(2)), abs=1e-6)
    assert point.xt.value <= math.log(n) + 1e-9


def test_equal_points_have_none():
    point = plane(np.full((1000, 4), 3.3, np.float32), np.arange(1000) % 5, "kde")
    assert point.xt.value == 0
    assert point.ty.value == 0


@pytest.mark.parametrize("s2", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("spread", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_quadrature_truth_lies_in_every_certified_bracket(s2, spread, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=80)
    points = spread * rng.normal(size=80) + 1.5 * y * (seed == 0)
    xt, ty = truth(points, y, s2)
    point = plane(points, y, "kde", noise_variance=s2)
    assert point.xt.interval[0] - 1e-6 <= xt <= point.xt.interval[1] + 1e-6
    assert point.ty.interval[0] - 1e-6 <= ty <= point.ty.interval[1] + 1e-6
    h = entropy(points, noise_variance=s2)
    assert h.interval[0] - 1e-6 <= mixture_entropy(points, s2) <= h.interval[1] + 1e-6


@pytest.mark.parametrize(
    ("points", "y", "side"),
    [
        ([-0.6, 0.2, 0.2, -0.6], [0, 1, 1, 0], -1),
        ([-1.4, 0.2, 0.2, -1.4, -1.1, -1.1, 0.2, 0.2, -1.1, 0.2], [0, 1, 1, 0, 0, 0, 1, 0, 1, 1], 1),
    ],
)
def test_the_published_value_is_no_bound(points, y, side):
    """Why I(T;Y) says bound "none": from lower bounds it lies below the truth here and above it there."""
    ty = plane(np.array(points), y, "kde", noise_variance=S2, bound="lower").ty
    assert ty.bound == "none"
    assert side * (ty.value - truth(np.array(points), np.array(y), S2)[1]) > 0.002


def test_two_gaussian_classes():
    """T = ±1 + N(0, 0.2), so T+N has variance 0.3 in a class: I(T+N;Y) by quadrature, up to 3/sqrt(n)."""
    n, grid = 4000, np.linspace(-8, 8, 20001)
    halves = [np.exp(-((grid - m) ** 2) / 0.6) / math.sqrt(0.6 * math.pi) for m in (-1, 1)]
    mix = (halves[0] + halves[1]) / 2
    expected = -(mix * np.log(mix)).sum() * 16 / 20000 - 0.5 * math.log(2 * math.pi * math.e * 0.3)
    y = np.arange(n) % 2
    values = []
    for seed in range(3):
        t = 2 * y - 1 + math.sqrt(0.2) * np.random.default_rng(seed).normal(size=n)
        point = plane(t, y, "kde", noise_variance=0.1)
        values.append(point.ty.value)
        assert point.ty.interval[0] - 3 / math.sqrt(n) <= expected <= point.ty.interval[1] + 3 / math.sqrt(n)
    assert np.mean(values) == pytest.approx(expected, abs=0.1)  # published form: the two bounds' slacks differ


@pytest.mark.parametrize("seed", range(3))
def test_laws_of_order(seed):
    rng = np.random.default_rng(seed)
    t, y = rng.normal(size=(200, 5)) * 0.2, rng.integers(3, size=200)
    coarse, fine = plane(t, y, "kde", noise_variance=1.0), plane(t, y, "kde", noise_variance=0.01)
    assert 0 <= coarse.xt.interval[0] <= coarse.xt.interval[1] <= fine.xt.interval[1] <= math.log(200)
    assert coarse.xt.interval[0] <= fine.xt.interval[0]  # less noise, more information
    assert coarse.ty.value <= min(math.log(3), coarse.xt.value)
