"""KDE bounds against the n x n twin, and what their estimates say about themselves."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from slow_twins import kde_bound, kde_plane

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.pairs import distance_bounds
from infoscope.measure.questions.information import entropy, mutual_information, plane

TABLES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 30), st.integers(1, 20)),
    elements=st.one_of(st.sampled_from([0.0, 0.5, 1.0, -3.0]), st.floats(-50, 50)),
)


def agrees(point, expected, tolerance):
    (low, up), published, bracket = expected
    assert point.xt.value == pytest.approx(up, abs=tolerance)
    assert point.xt.interval == pytest.approx((low, up), abs=tolerance)
    assert point.ty.value == pytest.approx(published, abs=tolerance)
    assert point.ty.interval == pytest.approx(bracket, abs=tolerance)


@given(TABLES, st.integers(1, 5), st.sampled_from([1e-3, 0.1, 10.0]), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_agrees_with_the_twin(t, classes, s2, random):
    y = np.array([random.randrange(classes) for _ in t])
    agrees(plane(t, y, "kde", noise_variance=s2), kde_plane(t, y, s2), 1e-9)


@pytest.mark.parametrize(("n", "d"), [(700, 3), (700, 10), (1300, 20), (300, 200)])
@pytest.mark.parametrize("s2", [1e-3, 0.1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_the_twin_across_blocks(n, d, s2, dtype):
    rng = np.random.default_rng(0)
    t = np.tanh(rng.normal(size=(n, d)) * 0.3).astype(dtype)
    y = rng.integers(7, size=n)
    agrees(plane(t, y, "kde", noise_variance=s2), kde_plane(t, y, s2), 2e-4 if dtype is np.float32 else 1e-9)


def test_small_noise_on_wide_float32_rows_is_worked_out_in_float64():
    rng = np.random.default_rng(0)
    t = (100 * rng.normal(size=(50, 30))).astype(np.float32).repeat(8, 0)
    t += rng.normal(size=t.shape).astype(np.float32) * np.float32(1e-3)  # eight near copies of each: float32 sees noise
    y = np.arange(400) % 2
    agrees(plane(t, y, "kde", noise_variance=1e-4), kde_plane(t, y, 1e-4), 1e-6)


def test_merging_equal_rows_changes_nothing():
    rng = np.random.default_rng(0)
    t, y = rng.integers(3, size=(500, 3)).astype(np.float64), rng.integers(3, size=500)
    kept, rows = distance_bounds._merge(t, y[None])
    assert len(kept) <= 81
    assert rows.weights.sum() == 500
    agrees(plane(t, y, "kde"), kde_plane(t, y, 0.1), 1e-9)


def test_equal_rows_with_other_labels_are_not_merged():
    t, y = np.zeros((4, 2)), np.array([0, 0, 1, 1])
    kept, rows = distance_bounds._merge(t, y[None])
    assert len(kept) == 2
    assert rows.weights.tolist() == [2, 2]


def test_many_variables_many_classes_and_every_row_its_own_class():
    rng = np.random.default_rng(0)
    t = rng.normal(size=(600, 4))
    variables = {"a": rng.integers(2, size=600), "b": rng.integers(50, size=600), "own": np.arange(600)}
    (measured,) = make("kde").measure(t[None], variables)
    assert [m.variable for m in measured] == ["input", "a", "b", "own"]
    for m in measured[1:]:
        (_, published, bracket) = kde_plane(t, variables[m.variable], 0.1)
        assert m.estimate.value == pytest.approx(published, abs=1e-9)
        assert m.estimate.interval == pytest.approx(bracket, abs=1e-9)
    assert measured[3].estimate.value == pytest.approx(measured[0].estimate.value, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 255, 256, 700])
def test_loops_over_long_groups_are_those_over_rows(rows, dtype, monkeypatch):
    """Several variables whose classes cross, odd numbers of rows in groups, and rows that stand for several."""
    rng = np.random.default_rng(rows)
    t = np.concatenate([rng.normal(size=(rows, 3)), np.zeros((rows // 4, 3))]).astype(dtype)
    classes = np.stack([rng.integers(0, 3, len(t)), rng.integers(0, 2, len(t))]).astype(np.int32)
    found = []
    for long in (0, 10**9):
        monkeypatch.setattr(distance_bounds.ks, "LONG", long)
        found.append(distance_bounds.information(t, classes, (0.01, 0.3), 1))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose((one.low, one.up), (other.low, other.up), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one.given, other.given, rtol=1e-5, atol=1e-6)


def test_members_and_several_variances_are_what_they_are_alone():
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(5, 400, 6)).astype(np.float32), rng.integers(2, size=400)
    together = make("kde", noise_variance=(0.001, 0.1)).measure(t, {"label": y})
    for member, measured in zip(t, together, strict=True):
        assert [m.options for m in measured] == [
            {"noise_variance": s2, "bound": "upper"} for s2 in (0.001, 0.001, 0.1, 0.1)
        ]
        for k, s2 in enumerate((0.001, 0.1)):
            (alone,) = make("kde", noise_variance=s2).measure(member[None], {"label": y})
            for a, b in zip(alone, measured[2 * k : 2 * k + 2], strict=True):
                assert a.estimate.value == b.estimate.value
                assert a.estimate.estimand == b.estimate.estimand
                assert a.options == b.options == make("kde", noise_variance=s2).options


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_tensor_path_agrees(dtype, device):
    rng = np.random.default_rng(0)
    t = torch.tensor(rng.normal(size=(300, 20)), dtype=dtype, device=device)
    classes = np.stack([rng.integers(2, size=300), rng.integers(9, size=300)])
    ours = distance_bounds.information(t.cpu().numpy(), classes, (0.1, 1.0), 1)
    theirs = distance_bounds.information(t, classes, (0.1, 1.0), 1)
    for a, b in zip(ours, theirs, strict=True):
        assert np.allclose([a.low, a.up, *sum(a.given, ())], [b.low, b.up, *sum(b.given, ())], atol=1e-5, rtol=0)


def test_what_the_estimates_say():
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(200, 1)) * 0.3, rng.integers(2, size=200)
    point = plane(t, y, "kde", noise=0.2)
    assert (point.xt.quantity, point.xt.bound, point.xt.status) == ("I(X;T)", "upper", Status.OK)
    assert point.xt.estimand == "KL upper bound on I(X; T+N(0, 0.04 I)) over these n rows"
    assert (point.xt.interval_kind, point.xt.level) == ("certified bracket", 1.0)
    assert "added by the analysis only" in point.xt.notes[-1]
    assert (point.ty.quantity, point.ty.bound) == ("I(T;Y)", "none")
    assert point.ty.interval[0] <= point.ty.value <= point.ty.interval[1]
    lower = plane(t, y, "kde", noise=0.2, bound="lower")
    assert (lower.xt.bound, lower.xt.value) == ("lower", point.xt.interval[0])
    assert lower.xt.interval == point.xt.interval
    assert lower.xt.estimand.startswith("Bhattacharyya lower bound")


def test_statuses_at_the_two_ends():
    y = np.arange(100) % 2
    apart = plane(np.arange(100.0) * 100, y, "kde")
    assert apart.xt.status is Status.SATURATED
    assert apart.ty.status is Status.SATURATED
    assert "whatever the network does" in apart.ty.notes[0]
    constant = plane(np.full((100, 3), 0.7, np.float32), y, "kde")
    assert constant.xt.status is constant.ty.status is Status.DEGENERATE
    assert constant.xt.value == constant.ty.value == 0
    assert constant.ty.interval == (0, 0)


def test_entropy_and_mutual_information():
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(300, 2)), rng.integers(3, size=300)
    h = entropy(t, noise=0.5)
    noise = math.log(2 * math.pi * math.e * 0.25)  # of two units
    assert h.quantity == "H(T+N)"
    assert h.value == pytest.approx(noise + kde_bound(t, 0.25, 2), abs=1e-9)
    assert h.interval == pytest.approx((noise + kde_bound(t, 0.25, 8), h.value), abs=1e-9)
    information = mutual_information(t, y, "kde", noise_variance=0.25)
    assert information.quantity == "I(X;Y)"
    assert information.value == plane(t, y, "kde", noise_variance=0.25).ty.value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": 0.1, "noise_variance": 0.01}, "both arrived, wanted one of them: noise is a standard deviation"),
        ({"noise": 0}, r"noise is 0.0, wanted a number above 0"),
        ({"noise_variance": -1}, r"noise_variance is -1.0, wanted a number above 0"),
        ({"noise_variance": float("nan")}, r"noise_variance is nan, wanted a number above 0"),
        ({"bound": "both"}, r"option bound of kde is 'both', wanted one of 'upper', 'lower'"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(InputError, match=words):
        make("kde", **options)


def test_several_variances_have_no_single_answer():
    with pytest.raises(InputError, match="an option holds 2 values, wanted one for a single answer"):
        plane(np.eye(4), [0, 0, 1, 1], "kde", noise_variance=(0.1, 0.2))
    with pytest.raises(InputError, match="an option holds 2 values"):
        entropy(np.eye(4), noise=(0.1, 0.2))


_MEASURE = """
import sys, threading
import numpy as np
import psutil
from infoscope.measure.questions.information import plane

peak, over = [0], threading.Event()

def watch(me=psutil.Process()):  # ru_maxrss would start from what the parent had used
    while not over.wait(0.0005):
        peak[0] = max(peak[0], me.memory_info().rss)

rng = np.random.default_rng(0)
plane(rng.normal(size=(300, 5)).astype(np.float32), rng.integers(2, size=300), sys.argv[1])  # compiled and imported
t, y = rng.normal(size=(60_000, 5)).astype(np.float32), rng.integers(2, size=60_000)
before, thread = psutil.Process().memory_info().rss, threading.Thread(target=watch)
thread.start()
plane(t, y, sys.argv[1])
over.set()
thread.join()
print((peak[0] - before) / 2**20)
"""


@pytest.mark.parametrize("estimator", ["kde", "binned"])
def test_memory_at_60000_rows_stays_within_a_few_hundred_megabytes(estimator):
    done = subprocess.run([sys.executable, "-c", _MEASURE, estimator], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < 300  # n² float32 numbers would be 14 400 MB
