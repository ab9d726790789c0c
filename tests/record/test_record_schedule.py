"""When to look: the counts of the published schedules, and laws of all of them."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.errors import InputError
from infoscope.record.schedule import every, log_spaced, per_decade, thinning


@pytest.mark.parametrize(("epochs", "published"), [(8000, 274), (10000, 279)])
def test_log_spaced_holds_the_published_epochs_and_the_last_one(epochs, published):
    found = log_spaced(epochs)
    assert len(found) == published + 1
    assert found[:3] == (0, 1, 2)
    assert found[-2:] == (epochs - 1, epochs)


def test_thinning_is_the_published_mnist_schedule_and_the_last_epoch():
    found = thinning(10000)
    assert len(found) == 144 + 1
    assert found[:21] == (*range(20), 20)
    assert [epoch for epoch in found if 90 <= epoch <= 130] == [90, 95, 100, 110, 120, 130]
    assert found[-3:] == (9800, 9900, 10000)
    assert thinning(300)[-3:] == (190, 200, 300)


def test_thinning_takes_other_stages():
    assert thinning(30, spacing=[(4, 2)], then=10) == (0, 2, 10, 20, 30)
    assert thinning(7, spacing=[], then=100) == (0, 7)


@given(epochs=st.integers(1, 5000), points=st.integers(1, 300))
def test_a_tuple_of_epochs_is_increasing_from_the_first_to_the_last(epochs, points):
    for found in (log_spaced(epochs, points), thinning(epochs)):
        assert found[0] == 0
        assert found[-1] == epochs
        assert list(found) == sorted(set(found))
        assert all(type(epoch) is int for epoch in found)  # JSON and safetensors metadata take no NumPy integers


@given(k=st.integers(1, 10**6), step=st.integers(0, 10**9))
def test_every_is_a_division(k, step):
    assert (step in every(k)) == (step % k == 0)
    assert len(every(k)) >= sys.maxsize // k


def test_per_decade_is_dense_at_first_and_even_on_a_logarithmic_axis():
    found = per_decade(20)
    assert found[:14] == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14)
    assert all(sum(10**d <= step < 10 ** (d + 1) for step in found) == 20 for d in range(2, 12))
    late = np.diff(np.log10([step for step in found if step > 1000]))
    np.testing.assert_allclose(late, 0.05, atol=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: log_spaced(0), "epochs is 0, wanted a whole number of at least 1"),
        (lambda: log_spaced(10, 0), "points is 0"),
        (lambda: log_spaced(2.5), "epochs is 2.5"),
        (lambda: every(0), "k is 0"),
        (lambda: per_decade(-1), "points is -1"),
        (lambda: thinning(100, then=0), "then is 0"),
        (lambda: thinning(100, spacing=[(20, 0)]), "the spacing is 0"),
        (lambda: thinning(100, spacing=[(20, 1), (10, 2)]), "ends at 10, before it starts at 20: sort the stages"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
