"""Information after compression to principal components: closed forms, and what compression cannot see."""

import numpy as np
import pytest

import infoscope
from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status


def pair(n=3000, rho=0.8, d=40, strong=2, seed=0):
    """x and y ``[n, d]``: ``strong`` pairs of correlated directions that hold most of the variance, the rest noise."""
    rng = np.random.default_rng(seed)
    x, y = 0.05 * rng.normal(size=(2, n, d))
    shared = rng.normal(size=(n, strong))
    x[:, :strong] = shared
    y[:, :strong] = rho * shared + np.sqrt(1 - rho**2) * rng.normal(size=(n, strong))
    turns = [np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2)]
    return x @ turns[0], y @ turns[1], -strong / 2 * np.log(1 - rho**2)


def test_of_information_in_the_leading_components_all_is_found():
    x, y, truth = pair()
    found = infoscope.mutual_information(x, y, "lossy_compression", components=2)
    assert found.value == pytest.approx(truth, abs=0.06)
    assert found.interval[0] - 0.02 <= truth <= found.interval[1] + 0.02
    assert "not I(X;Y)" in found.estimand
    assert sum("% of the variance of" in note for note in found.notes) == 2


def test_information_in_a_component_that_is_left_out_is_not_seen():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2000, 3)) * [10, 10, 1]
    y[:, 2] = x[:, 2] + 0.1 * rng.normal(size=2000)
    few, all_of = (infoscope.mutual_information(x, y, "lossy_compression", components=k).value for k in (2, 3))
    assert few == pytest.approx(0, abs=0.06)
    assert all_of > 1


def test_labels_are_left_as_they_are():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    x = 0.1 * rng.normal(size=(1000, 30))
    x[:, 3] += 5 * y
    assert infoscope.mutual_information(x, y, "lossy_compression").value == pytest.approx(np.log(2), abs=0.02)


def test_more_columns_than_rows_is_the_same_as_their_components():
    x, y, _ = pair(200, d=30)
    wide = np.concatenate([x, np.zeros((200, 400))], 1)
    narrow, found = (infoscope.mutual_information(t, y, "lossy_compression").value for t in (x, wide))
    assert found == pytest.approx(narrow, abs=1e-9)


def test_a_direction_of_rounding_alone_is_no_component():
    """Rows on a line in ten columns: the other components would be rounding, blown up to standard deviation 1."""
    rng = np.random.default_rng(0)
    line = rng.normal(size=(800, 1))
    y = line + 0.5 * rng.normal(size=(800, 1))
    one, several = (
        infoscope.mutual_information(line @ rng.normal(size=(1, 10)), y, "lossy_compression", components=k).value
        for k in (1, 4)
    )
    assert several == pytest.approx(one, abs=1e-6)


def test_constant_rows_and_bad_options():
    x, y, _ = pair(100)
    found = infoscope.mutual_information(0 * x, y, "lossy_compression")
    assert (found.value, found.status) == (0, Status.DEGENERATE)
    with pytest.raises(InputError, match="components of lossy_compression is 0"):
        make("lossy_compression", components=0)
