"""V-minimality by random labels within classes: zero, ln 2 and the count of parameters between them."""

import math

import numpy as np
import pytest

import infoscope as iscope
from infoscope.core.errors import InputError, UntrustedEstimateError
from infoscope.core.estimate import Status
from infoscope.measure.questions.minimality import _halves, minimality

RNG = np.random.default_rng(0)
Y = RNG.integers(4, size=400)
X = RNG.normal(size=(400, 20)) + np.eye(4, 20)[Y]


@pytest.mark.parametrize("probe", ["linear", "prior"])
def test_a_function_of_the_label_alone_is_minimal(probe):
    found = minimality(np.eye(4)[Y], Y, probe)
    assert found.value == pytest.approx(0, abs=1e-4)
    assert found.status is Status.OK
    assert found.bound == "none"


def test_a_network_reads_nothing_there_and_everything_in_the_input():
    options = {"steps": 800, "networks": 1, "labelings": 2}
    assert minimality(np.eye(4)[Y], Y, "mlp", **options).value == pytest.approx(0, abs=1e-3)
    assert minimality(X[:100], Y[:100], "mlp", **options).value > 0.5 * math.log(2)


def test_a_linear_family_finds_half_a_nat_a_column_and_row():
    """d/2n nats, which is what d parameters fitted to noise save; the rest of the input counts, not the label."""
    for d in (5, 20):
        found = minimality(np.concatenate([np.eye(4)[Y], RNG.normal(size=(400, d))], 1), Y, labelings=32)
        assert found.value == pytest.approx(d / 800, rel=0.25)
        assert found.interval[0] < found.value < found.interval[1]


def test_rows_that_are_all_apart_are_told_apart():
    """ln 2, less the least ignorance of 60 rows."""
    truth = math.log(2) + math.log(1 - 0.5 / 61)
    assert minimality(np.eye(60), np.arange(60) % 3).value == pytest.approx(truth, abs=1e-3)


def test_names_of_classes_and_seeds():
    assert minimality(X, np.array(list("abcd"))[Y]).value == minimality(X, Y).value
    assert minimality(X, Y, seed=1).value != minimality(X, Y).value
    assert iscope.minimality is minimality


def test_half_of_every_class_is_marked():
    classes = np.array([0] * 7 + [1] * 4 + [2])
    marks = _halves(classes, np.arange(len(classes)), np.random.default_rng(0))
    assert [int(marks[classes == c].sum()) for c in range(3)] == [3, 2, 0]


def test_what_is_degenerate_or_makes_no_sense():
    assert minimality(np.zeros((20, 3)), Y[:20]).status is Status.DEGENERATE
    assert minimality(X, Y, iterations=1).status is Status.NOT_CONVERGED
    with pytest.raises(UntrustedEstimateError):
        minimality(X, Y, iterations=1, strict=True)
    with pytest.raises(InputError, match="y has 20 classes for 20 rows, wanted at least two rows in one of them"):
        minimality(X[:20], np.arange(20))
    with pytest.raises(InputError, match="labelings is 1, wanted a whole number of at least 2"):
        minimality(X, Y, labelings=1)
    for probe in ("knn", "ladder"):
        with pytest.raises(InputError, match=f"{probe} holds the fitted rows themselves"):
            minimality(X, Y, probe)
