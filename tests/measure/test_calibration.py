"""A matched problem has the data's size, spectrum and strength, and an answer that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import Quantity
from infoscope.measure import calibration
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.calibration import calibrate, matched


@dataclass(frozen=True)
class LogDeterminants(Estimator):
    """I(X;Y) of the Gaussian with the sample's covariance."""

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    second: ClassVar[tuple[str, ...]] = ("real",)

    flagged: bool = False

    def _mutual_information(self, x: Any, y: Any) -> Estimate:
        def h(rows: Any) -> float:
            return 0.5 * np.linalg.slogdet(np.atleast_2d(np.cov(np.asarray(rows), rowvar=False)))[1]

        status = Status.UNDERSAMPLED if self.flagged else Status.OK
        return Estimate(
            h(x) + h(y) - h(np.hstack([x, y])), Quantity.of("I(X;Y)", "nats"), "test", len(x), doubts=(Doubt(status),)
        )


@dataclass(frozen=True)
class Symbols(Estimator):
    """Plug-in I of two columns of symbols."""

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    first: ClassVar[tuple[str, ...]] = ("symbols",)
    slow: ClassVar[bool] = True

    def _mutual_information(self, x: Any, y: Any) -> Estimate:
        return Estimate(plug_in(x[:, 0], y), Quantity.of("I(X;Y)", "nats"), "test", len(x))


def plug_in(x, y):
    table = np.zeros((int(x.max()) + 1, int(y.max()) + 1))
    np.add.at(table, (x.astype(int), y), 1 / len(x))
    p, q = table.sum(1, keepdims=True), table.sum(0, keepdims=True)
    seen = table > 0
    return float((table[seen] * np.log(table[seen] / (p * q)[seen])).sum())


def gaussian_information(covariance, dx):
    def h(part):
        return 0.5 * np.linalg.slogdet(part)[1]

    return h(covariance[:dx, :dx]) + h(covariance[dx:, dx:]) - h(covariance)


def correlated(n=4000, seed=0, dx=3, dy=2, rho=0.8):
    """Rows with unequal spectra and two related pairs."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    y = rho * x[:, :dy] + math.sqrt(1 - rho**2) * y
    return x @ rng.normal(size=(dx, dx)) + 5, (y @ rng.normal(size=(dy, dy))) * 100


@pytest.mark.parametrize("strength", [0.0, 0.2, 1.5, 4.0])
def test_the_gaussian_problem_has_the_spectrum_and_the_stated_information(strength):
    x, y = correlated()
    problem = matched(LogDeterminants(), x, y, strength)
    assert problem.truth == pytest.approx(strength, abs=1e-12)
    draws = [problem.draw(np.random.default_rng(k)) for k in range(40)]
    drawn = np.concatenate([np.hstack(pair) for pair in draws])
    covariance = np.cov(drawn, rowvar=False)
    for part, rows in ((covariance[:3, :3], x), (covariance[3:, 3:], y)):
        np.testing.assert_allclose(part, np.cov(rows, rowvar=False), rtol=0.05, atol=0.02 * np.abs(part).max())
    np.testing.assert_allclose(drawn[:, :3].mean(0), x.mean(0), atol=0.05)
    assert gaussian_information(covariance, 3) == pytest.approx(strength, abs=0.01)


def test_the_problem_is_as_sparse_as_the_data():
    """One related pair among many columns stays one: the strongest canonical correlation holds nearly all of it."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2000, 10)), rng.normal(size=(2000, 10))
    y[:, 3] = 0.9 * x[:, 7] + math.sqrt(1 - 0.81) * y[:, 3]
    drawn_x, drawn_y = matched(LogDeterminants(), x, y, 0.83).draw(np.random.default_rng(1))
    r = np.abs(np.corrcoef(drawn_x, drawn_y, rowvar=False)[:10, 10:])
    assert r[7, 3] == pytest.approx(0.9, abs=0.03)
    r[7, 3] = 0
    assert r.max() < 0.2


def test_what_no_pair_can_hold_is_said():
    x, y = correlated(n=300, dx=1, dy=1)
    estimate = Estimate(40.0, Quantity.of("I(X;Y)", "nats"), "test", len(x))
    found = calibrate(LogDeterminants(), x, y, estimate, replicates=2)
    assert found.calibration is not None
    assert found.calibration.truth == calibration.PAIR_CEILING
    assert found.notes[-1] == "no such problem has 40 nats, 5 nats is the nearest"
    below = calibrate(
        LogDeterminants(), x, y, Estimate(-0.3, Quantity.of("I(X;Y)", "nats"), "test", len(x)), replicates=2
    )
    assert below.calibration is not None
    assert below.calibration.truth == 0


def test_bias_and_spread_are_those_of_the_estimator():
    """The log-determinant is known to be dx dy / 2n too high; the spread of one answer is seen in twin runs."""
    n, dx, dy = 400, 10, 8
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    estimate = Estimate(0.5, Quantity.of("I(X;Y)", "nats"), "test", n, doubts=(Doubt(Status.OK, "first"),))
    found = calibrate(LogDeterminants(), x, y, estimate, replicates=100)
    about = found.calibration
    assert (found.value, found.status, found.notes[0]) == (0.5, Status.OK, "first")
    assert about is not None
    assert (about.truth, about.replicates) == (0.5, 100)
    assert about.bias == pytest.approx(dx * dy / (2 * n), abs=0.02)
    assert 0.01 < about.spread < 0.1
    assert f"off by {about.bias:+.2g} nats on average" in found.notes[1]
    assert "bias 0.1" in str(found)
    assert "Gaussian, 400 rows of 10+8 columns" in about.problem


def test_the_same_seed_gives_the_same_answer_and_nothing_is_touched():
    x, y = correlated(n=300)
    estimate = Estimate(1.0, Quantity.of("I(X;Y)", "nats"), "test", 300)
    before = (x.copy(), y.copy(), np.random.get_state()[1].copy())  # noqa: NPY002
    one, same, other = (calibrate(LogDeterminants(), x, y, estimate, seed=s, replicates=3) for s in (1, 1, 2))
    assert one == same
    assert one.calibration != other.calibration
    for old, new in zip(before, (x, y, np.random.get_state()[1]), strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(old, new)


def test_flags_of_the_matched_answers_are_counted():
    x, y = correlated(n=100)
    found = calibrate(
        LogDeterminants(flagged=True), x, y, Estimate(1.0, Quantity.of("I(X;Y)", "nats"), "test", 100), replicates=3
    )
    assert found.notes[-1] == "3 of the 3 matched answers were UNDERSAMPLED themselves"


def test_more_columns_than_rows_and_repeated_columns_are_matched():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 80))
    y = np.repeat(x[:, :1], 2, axis=1)
    problem = matched(LogDeterminants(), x, y, 0.7)
    drawn_x, drawn_y = problem.draw(rng)
    assert (drawn_x.shape, drawn_y.shape) == ((50, 80), (50, 2))
    assert np.linalg.matrix_rank(drawn_y - drawn_y.mean(0)) == 1
    assert problem.truth == pytest.approx(0.7)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_classes_have_the_stated_information(classes):
    """The quadrature against scipy's on each component, and the drawn rows against it."""
    rng = np.random.default_rng(0)
    y = np.minimum(rng.integers(classes + 1, size=20000), classes - 1)  # unequal classes
    x = rng.normal(size=(20000, 4)) * [5, 1, 1, 0.1]
    x[:, 1] += y
    problem = matched(LogDeterminants(), x, y, 0.4)
    assert problem.truth == pytest.approx(0.4, abs=1e-9)
    pi = np.bincount(y) / len(y)
    gap = calibration._gap(pi, 0.4)

    def density(t):
        return float(pi @ stats.norm.pdf(t, gap * np.arange(len(pi))))

    h = integrate.quad(lambda t: -density(t) * math.log(density(t)), -12, 12 + gap * len(pi), limit=200)[0]
    assert h - stats.norm.entropy() == pytest.approx(0.4, abs=1e-6)

    drawn_x, labels = problem.draw(rng)
    np.testing.assert_allclose(np.bincount(labels) / len(labels), pi, atol=0.02)
    np.testing.assert_allclose(drawn_x.std(0), x.std(0), rtol=0.05)
    # what the drawn rows say of the labels, by the densities of the drawn classes
    inside = sum(p * np.cov(drawn_x[labels == k], rowvar=False) for k, p in enumerate(pi))
    means = [drawn_x[labels == k].mean(0) for k in range(len(pi))]
    logs = np.stack([stats.multivariate_normal.logpdf(drawn_x, mean, inside) for mean in means], axis=1)
    mixed = np.log(np.exp(logs - logs.max(1, keepdims=True)) @ pi) + logs.max(1)
    assert np.mean(logs[np.arange(len(labels)), labels] - mixed) == pytest.approx(0.4, abs=0.02)
    apart = [abs(drawn_x[labels == 0][:, k].mean() - drawn_x[labels == 1][:, k].mean()) / x[:, k].std() for k in (0, 1)]
    assert apart[1] > 5 * apart[0], "the classes lie apart where those of the data do"


def test_classes_can_say_no_more_than_their_entropy():
    y = np.arange(600) % 3
    x = np.random.default_rng(0).normal(size=(600, 2))
    assert matched(LogDeterminants(), x, y, 9.0).truth == pytest.approx(math.log(3), abs=1e-6)
    assert matched(LogDeterminants(), x, y, -1.0).truth == pytest.approx(0, abs=1e-9)


def test_symbols_are_matched_by_their_own_table():
    rng = np.random.default_rng(0)
    x = rng.integers(4, size=3000)
    y = np.where(rng.random(3000) < 0.7, x % 3, rng.integers(3, size=3000))
    whole = plug_in(x, y)
    for strength in (0.0, whole / 3, whole, 3.0):
        problem = matched(Symbols(), x, y, strength)
        assert problem.truth == pytest.approx(min(strength, whole), abs=1e-9)
        values = [plug_in(a[:, 0], b) for a, b in (problem.draw(np.random.default_rng(k)) for k in range(20))]
        bias = (4 - 1) * (3 - 1) / (2 * 3000)
        assert np.mean(values) == pytest.approx(problem.truth + bias, abs=0.01)
    found = calibrate(Symbols(), x, y, Estimate(whole, Quantity.of("I(X;Y)", "nats"), "test", 3000))
    assert found.calibration is not None
    assert found.calibration.replicates == calibration.REPLICATES_OF_A_SLOW_ONE


def test_constant_data_stay_constant():
    flat, y = np.ones((60, 2)), np.arange(60.0)[:, None]
    problem = matched(LogDeterminants(), flat, y, 0.0)
    assert problem.truth == 0
    assert problem.draw(np.random.default_rng(0))[0].std() == 0
    assert matched(LogDeterminants(), y, np.zeros(60, int), 0.0).truth == 0


def test_tensors_are_taken_and_precision_is_kept():
    x, y = correlated(n=200)
    x = torch.tensor(x, dtype=torch.float32)
    estimate = Estimate(1.0, Quantity.of("I(X;Y)", "nats"), "test", 200)
    seen = []

    class Spy(LogDeterminants):
        def _mutual_information(self, x, y):
            seen.append((x.dtype, y.dtype))
            return super()._mutual_information(x, y)

    found = calibrate(Spy(), x, y.astype(np.float32), estimate, replicates=2)
    assert found.calibration is not None
    assert {str(dtype) for pair in seen for dtype in pair} == {"float32"}


@pytest.mark.parametrize("replicates", [1, 0, 2.5])
def test_too_few_replicates_are_refused(replicates):
    x, y = correlated(n=100)
    with pytest.raises(InputError, match=r"replicates is .*, wanted a whole number of at least 2"):
        calibrate(
            LogDeterminants(), x, y, Estimate(1.0, Quantity.of("I(X;Y)", "nats"), "test", 100), replicates=replicates
        )
