"""Matrix-based Rényi quantities against eigenvalues written out, their properties, statuses and refusals."""

import math

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    return x, x[:, :2] + rng.normal(size=(200, 2)), rng.integers(3, size=200)


def kernel(x, sigma=None):
    """A = K / n, for rows or for labels."""
    n = len(x)
    if x.ndim == 1:
        return (x[:, None] == x) / n
    d = x.shape[1]
    sigma = sigma or math.sqrt(x.var(axis=0).sum()) * n ** (-1 / (4 + d))
    squared = ((x[:, None] - x[None]) ** 2).sum(-1)
    return np.exp(-squared / (2 * sigma**2)) / n


def slow(a, alpha):
    values = np.linalg.eigvalsh(a)
    values = values[values > 1e-14 * len(a) * values[-1]]  # what is smaller is rounding, which α < 1 would raise
    if alpha == 1:
        return float(-sum(v * math.log(v) for v in values))
    return math.log((values**alpha).sum()) / (1 - alpha)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.01, 2.0, 3.0])
def test_against_eigenvalues_written_out(data, alpha):
    x, y, labels = data
    n, renyi = len(x), make("renyi", alpha=alpha)
    a, b, c = (kernel(part) for part in data)
    assert renyi.entropy(x).value == pytest.approx(slow(a, alpha), abs=1e-9)
    found = renyi.mutual_information(x, y).value
    close = 1e-9 if alpha >= 1 else 1e-5  # the eigenvalues near rounding are not the same in both
    assert found == pytest.approx(slow(a, alpha) + slow(b, alpha) - slow(n * a * b, alpha), abs=close)
    found = renyi.mutual_information(x, labels).value
    assert found == pytest.approx(slow(a, alpha) + slow(c, alpha) - slow(n * a * c, alpha), abs=close)
    found = renyi.conditional_mutual_information(x, y, labels).value
    joint = slow(n * a * c, alpha) + slow(n * b * c, alpha) - slow(n * n * a * b * c, alpha) - slow(c, alpha)
    assert found == pytest.approx(joint, abs=close)


def test_a_width_of_ones_own(data):
    x, y, _ = data
    found = make("renyi", alpha=2, sigma=0.7).mutual_information(x, y)
    a, b = kernel(x, 0.7), kernel(y, 0.7)
    assert found.value == pytest.approx(slow(a, 2) + slow(b, 2) - slow(200 * a * b, 2), abs=1e-9)
    assert "σ_x=0.7, σ_y=0.7" in found.estimand
    assert make("renyi", sigma=1e-9 * 0.7).entropy(1e-9 * x).value == pytest.approx(
        make("renyi", sigma=0.7).entropy(x).value, abs=1e-9
    )


def test_it_says_that_it_is_not_shannon(data):
    x, _, labels = data
    for found in (make("renyi").entropy(x), make("renyi").mutual_information(x, labels)):
        assert "not Shannon" in found.estimand
        assert "order 1.01" in found.estimand
        assert found.interval is None
    assert "classes of y" in make("renyi").mutual_information(x, labels).estimand


def test_labels_of_equal_sizes_hold_ln_k_at_every_order():
    y = np.arange(300) % 3
    x = 100.0 * np.eye(3)[y]
    for alpha in (1.0, 1.01, 2.0, 3.0):
        found = make("renyi", alpha=alpha, sigma=1.0).mutual_information(x, y)
        assert found.value == pytest.approx(math.log(3), abs=1e-9)
        assert found.status is Status.OK


def test_rotations_shifts_and_scales_leave_it_as_it_is(data):
    x, y, _ = data
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    for alpha in (1.01, 2.0):
        expected = make("renyi", alpha=alpha).mutual_information(x, y).value
        found = make("renyi", alpha=alpha).mutual_information(1e-6 * x @ rotation + 5e-6, 1e6 * y)
        assert found.value == pytest.approx(expected, abs=1e-8)


def test_order_two_streams_many_rows_and_does_not_mind_threads(data, monkeypatch):
    from infoscope.kernels import parallel

    x = np.random.default_rng(0).normal(size=(6000, 2))
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(parallel, "cores", lambda *_, threads=threads: threads)
        found.append(make("renyi", alpha=2).mutual_information(x, x[:, ::-1] ** 2).value)
    assert found[0] == found[1]
    # |A|² written out over a part of the rows only
    a = kernel(x[:1500])
    assert make("renyi", alpha=2).entropy(x[:1500]).value == pytest.approx(-math.log((a * a).sum()), abs=1e-9)


def test_saturated_when_every_row_is_alone(data):
    x, _, labels = data
    for found in (
        make("renyi", sigma=1e-4).entropy(x),
        make("renyi", sigma=1e-4).mutual_information(x, labels),
        make("renyi").mutual_information(labels[:, None] + 0.0, np.arange(200)),
    ):
        assert found.status is Status.SATURATED
        assert "ln n = 5.298" in found.notes[0]


def test_undersampled_when_only_the_joint_kernel_tells_all_rows_apart():
    grid = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), -1).reshape(-1, 2)
    found = make("renyi", sigma=0.1).mutual_information(grid[:, 0], grid[:, 1])
    assert found.status is Status.UNDERSAMPLED
    assert found.notes[0].startswith("the joint kernel")


def test_degenerate_is_exactly_zero(data):
    x, _, labels = data
    for constant in (np.zeros((200, 2)), np.full((200, 2), 0.3, np.float32)):
        for found in (
            make("renyi").entropy(constant),
            make("renyi").mutual_information(constant, labels),
            make("renyi").mutual_information(x, constant),
            make("renyi", alpha=2).mutual_information(constant, x),
            make("renyi", sigma=1.0).entropy(constant),
        ):
            assert (found.value, found.status) == (0, Status.DEGENERATE)
    assert make("renyi").mutual_information(x, np.zeros(200, int)).status is Status.DEGENERATE


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: make("renyi").entropy(np.zeros((5001, 1))), "x has 5001 rows, wanted at most 5000 .*pass alpha=2"),
        (lambda: make("renyi", alpha=0), "alpha is 0.0, wanted a number above 0"),
        (lambda: make("renyi", sigma=-1), "sigma is -1.0, wanted a number above 0"),
        (lambda: make("renyi", alpha=float("nan")), "alpha is nan, wanted a number above 0"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(InputError, match=words):
        ask()


def test_what_the_number_of_rows_makes_of_noise_is_not_ok():
    """Independent rows of a thousand columns read 2.7 nats, and .45 with labels: nearly every row is alone."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100, 1000))
    for other in (y, rng.integers(2, size=100)):
        found = make("renyi").mutual_information(x, other)
        assert found.value > 0.3
        assert found.status is Status.UNDERSAMPLED
        assert "in another order" in found.notes[0]
    many = rng.normal(size=(1000, 2))
    told = make("renyi").mutual_information(many[:, :1], many @ [[1.0], [0.3]])
    assert told.status is Status.OK
