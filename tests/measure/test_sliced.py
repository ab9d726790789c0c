"""Sliced information against slow twins, closed forms of Gaussian slices, and each status where it belongs."""

import math

import numpy as np
import pytest
from scipy.special import digamma

from infoscope import estimator as make
from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.neighbours import slices as _sliced
from infoscope.measure.neighbours.sliced import local_information


def gaussian(n, d, rho, seed=0):
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def slow(u, v, k):
    """KSG-1, Ross and their plug-in for ties, row by row from all distances."""
    n, out = len(u), np.zeros(len(u))
    labels = v.dtype.kind == "i"
    du = np.abs(u[:, None] - u)
    dv = np.where(v[:, None] == v, 0.0, np.inf) if labels else np.abs(v[:, None] - v)
    for i in range(n):
        distance = np.delete(np.maximum(du[i], dv[i]), i)
        reach = min(k, int(np.isfinite(distance).sum()))
        if reach == 0:
            continue
        radius = np.sort(distance)[reach - 1]
        if radius > 0:
            of_u = (np.delete(du[i], i) < radius).sum()
            of_v = (v == v[i]).sum() - 1 if labels else (np.delete(dv[i], i) < radius).sum()
            out[i] = digamma(reach) + digamma(n) - digamma(of_u + 1) - digamma(of_v + 1)
        else:
            both = (np.maximum(du[i], dv[i]) == 0).sum()
            out[i] = np.log(both * n / ((du[i] == 0).sum() * (dv[i] == 0).sum()))
    return out


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("case", ["smooth", "rectified", "symbols", "rounded"])
def test_local_values_are_those_of_the_slow_twin(case, k):
    rng = np.random.default_rng(k)
    u, v = rng.normal(size=(2, 3, 80))
    v = v + u
    change = {
        "smooth": lambda z: z,
        "rectified": lambda z: z.clip(0),
        "symbols": lambda z: np.round(z.clip(-1, 1)),
        "rounded": lambda z: np.round(4 * z) / 4,
    }[case]
    u, v = change(u), change(v)
    found = local_information(u, v, k)
    np.testing.assert_allclose(found, [slow(a, b, k) for a, b in zip(u, v, strict=True)], atol=1e-12)
    y = np.concatenate([[0], rng.integers(1, 4, size=79)])  # the first row is alone in its class
    np.testing.assert_allclose(local_information(u, y, k), [slow(a, y, k) for a in u], atol=1e-12)


def slow_apart(u, v, k, ids):
    """The same past rows of the same group; a ball with more rows at its surface than its k-th counts with it."""
    n, out = len(u), np.zeros(len(u))
    labels = v.dtype.kind == "i"
    du, dv = np.abs(u[:, None] - u), np.abs(v[:, None] - v)
    for i in range(n):
        others = ids != ids[i]
        may = others & (v == v[i]) if labels else others
        distance = (du[i] if labels else np.maximum(du[i], dv[i]))[may]
        if not len(distance):
            continue
        reach = min(k, len(distance))
        radius = np.sort(distance)[reach - 1]
        held = int((distance <= radius).sum())
        counted = np.less_equal if held > reach or radius == 0 else np.less
        of_u = 1 + counted(du[i][others], radius).sum()
        of_v = 1 + (v[others] == v[i]).sum() if labels else 1 + counted(dv[i][others], radius).sum()
        among = others.sum() + 1
        if radius > 0:
            out[i] = digamma(held + 1 if held > reach else reach) + digamma(among) - digamma(of_u) - digamma(of_v)
        else:
            out[i] = np.log((held + 1) * among / (of_u * of_v))
    return out


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("case", ["smooth", "rectified", "symbols", "rounded"])
def test_local_values_past_rows_of_a_group_are_those_of_the_slow_twin(case, k):
    rng = np.random.default_rng(k)
    u, v = rng.normal(size=(2, 9, 60))  # two jobs
    v, ids = v + u, rng.integers(12, size=60)
    u, v = {
        "smooth": (u, v),
        "rectified": (u.clip(0), v.clip(0)),
        "symbols": (np.round(u.clip(-1, 1)), np.round(v.clip(-1, 1))),
        "rounded": (np.round(2 * u) / 2, np.round(2 * v) / 2),
    }[case]
    groups = Groups(check.names(ids, 60))
    found = local_information(u, v, k, groups=groups)
    np.testing.assert_allclose(found, [slow_apart(a, b, k, ids) for a, b in zip(u, v, strict=True)], atol=1e-12)
    y = np.where(np.arange(60) == 0, 0, rng.integers(1, 4, size=60))  # the first row is alone in its class
    found = local_information(u, y, k, groups=groups)
    np.testing.assert_allclose(found, [slow_apart(a, y, k, ids) for a in u], atol=1e-12)


def test_threads_do_not_matter():
    u, v = np.random.default_rng(0).normal(size=(2, 20, 100))
    np.testing.assert_array_equal(local_information(u, v, 3, threads=2), local_information(u, v, 3))


def test_one_column_each_is_ksg():
    x, y = gaussian(500, 1, 0.8)
    expected = make("ksg", k=3).mutual_information(x, y).value
    assert make("sliced", slices=2).mutual_information(x, y).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_slices_of_a_gaussian_have_a_closed_form(dimensions):
    """The projections of a pair with correlation rho have the cross-covariance rho AᵀB."""
    x, y = gaussian(4000, 4, 0.9)
    a, b = (_sliced.frames(64, 4, dimensions, seed) for seed in (0, 1))
    cross = 0.9 * np.swapaxes(a, 1, 2) @ b
    truth = np.mean(-0.5 * np.linalg.slogdet(np.eye(dimensions) - cross @ np.swapaxes(cross, 1, 2))[1])
    rows = slice(None) if dimensions == 1 else slice(1000)
    found = make("sliced", slices=64, dimensions=dimensions).mutual_information(x[rows], y[rows])
    assert found.interval[0] < truth < found.interval[1]
    assert found.value == pytest.approx(truth, abs=0.05)
    assert "not I(X;Y)" in found.estimand
    assert found.bound == "none"


def test_directions_are_unit_and_orthogonal():
    frames = _sliced.frames(20, 6, 3, 0)
    np.testing.assert_allclose(np.swapaxes(frames, 1, 2) @ frames, np.broadcast_to(np.eye(3), (20, 3, 3)), atol=1e-12)


def test_labels_project_x_only():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=500)
    x = 10.0 * np.eye(3)[y]
    found = make("sliced").mutual_information(x, y)
    p = np.bincount(y) / 500
    assert found.value == pytest.approx(-(p * np.log(p)).sum(), abs=1e-9)
    assert make("sliced", dimensions=2, slices=8).mutual_information(x, y).value == pytest.approx(found.value, abs=0.02)


def test_a_row_alone_in_its_class_is_noted():
    x = np.random.default_rng(0).normal(size=(50, 2))
    found = make("sliced", slices=4).mutual_information(x, np.r_[5, np.arange(49) % 2])
    assert "1 rows are alone in their class" in found.notes[0]


@pytest.mark.parametrize("name", ["sliced", "max_sliced"])
def test_y_that_is_x_is_saturated_and_constant_x_degenerate(name):
    x = np.random.default_rng(0).normal(size=(100, 1))
    options = {} if name == "sliced" else {"steps": 2, "starts": 2}
    copied = make(name, **options).mutual_information(x, x)
    assert copied.status is Status.SATURATED
    assert "the ceiling is psi(n) - psi(k)" in copied.notes[-1]
    still = make(name, **options).mutual_information(np.ones((100, 2)), x)
    assert (still.status, still.value) == (Status.DEGENERATE, 0.0)


def test_too_few_rows_and_options_without_sense_are_refused():
    x, y = gaussian(3, 2, 0.5)
    with pytest.raises(InputError, match="3 rows arrived, sliced with k=3 wants more than 3"):
        make("sliced").mutual_information(x, y)
    with pytest.raises(InputError, match="max_sliced with k=3 wants at least 20"):
        make("max_sliced").mutual_information(x, y)
    with pytest.raises(InputError, match="slices of sliced is 1, wanted a whole number of at least 2"):
        make("sliced", slices=1)


def test_max_sliced_finds_the_one_direction_that_matters():
    """A linear trace for the canonical start; a quadratic one only for the ascent."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 6))
    direction = np.ones(6) / math.sqrt(6)
    linear = (x @ direction + 0.5 * rng.normal(size=2000))[:, None]
    truth = 0.5 * math.log(5)
    found = make("max_sliced", starts=4, steps=20).mutual_information(x, linear)
    assert found.interval[0] - 0.05 < truth < found.interval[1] + 0.05
    assert found.bound == "lower"
    bent = ((x @ direction) ** 2 + 0.2 * rng.normal(size=2000))[:, None]
    best = make("ksg").mutual_information((x @ direction)[:, None], bent).value
    ascended = make("max_sliced", starts=8).mutual_information(x, bent).value
    random = make("max_sliced", starts=8, steps=0).mutual_information(x, bent).value
    assert ascended == pytest.approx(best, abs=0.15)
    assert random < ascended - 0.3


def test_max_sliced_of_independent_columns_is_not_flattered():
    x, y = gaussian(300, 20, 0.0)
    found = make("max_sliced", starts=8, steps=30).mutual_information(x, y)
    assert abs(found.value) < 0.15
    assert found.status is Status.UNDERSAMPLED
    assert "rows the directions were sought in" in found.notes[-1]


def test_max_sliced_with_labels():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=600)
    x = rng.normal(size=(600, 8))
    x[:, 3] += 20 * y
    found = make("max_sliced", starts=4, steps=20).mutual_information(x, y)
    assert found.value == pytest.approx(math.log(2), abs=0.02)
